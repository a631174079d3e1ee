"""The drop at a partner by SFTP, with the real OpenSSH: whole or not there, the host pinned, keys rotated, receipts."""

import hashlib
import json

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from exchange import deliveries, partners, sftp
from exchange.models import Delivery
from tests.exchange.outbound import make_delivery, make_partner, make_sftp_partner

State = Delivery.State


@pytest.fixture
def partner(tongliao, sftp_server, settings):
    settings.WEBHOOK_TRIAL = True
    return make_sftp_partner(sftp_server)


def send(delivery: Delivery) -> Delivery:
    deliveries.deliver(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    return delivery


def test_list_check_file_and_manifest_lie_whole_under_their_names(partner, sftp_server):
    delivery = send(make_delivery(partner, rows=1200))
    name = delivery.number
    assert (delivery.state, delivery.last_error, delivery.acknowledged_at) == (State.SENT, "", None)
    assert sftp_server.files() == [f"{name}.csv", f"{name}.csv.sha256", f"{name}.manifest.json"]
    content = (sftp_server.folder / f"{name}.csv").read_bytes()
    assert content == deliveries.file_bytes(delivery) and content.count(b"\r\n") == 1201
    assert (sftp_server.folder / f"{name}.csv.sha256").read_text() == f"{delivery.sha256}  {name}.csv\n"
    manifest = json.loads((sftp_server.folder / f"{name}.manifest.json").read_text())
    assert manifest["id"] == str(delivery.pk) and manifest["rows"] == 1200
    assert manifest["sha256"] == delivery.sha256 == hashlib.sha256(content).hexdigest()


def test_a_repeat_replaces_the_same_files(partner, sftp_server):
    delivery = send(make_delivery(partner))
    (sftp_server.folder / f".{delivery.number}.csv.part").write_text("left by an attempt that died")
    deliveries.resend(actor=None, delivery=delivery)
    send(delivery)
    assert len(sftp_server.files()) == 3 and delivery.state == State.SENT


def test_a_receipt_file_acknowledges(partner, sftp_server):
    delivery = send(make_delivery(partner))
    assert deliveries.collect_receipts() == 0
    receipt = sftp_server.folder / f"{delivery.number}.receipt"
    receipt.write_text(f"{'0' * 64}\n")
    assert deliveries.collect_receipts() == 0
    delivery.refresh_from_db()
    assert delivery.state == State.SENT and "校验值不符" in delivery.last_error
    receipt.write_text(f"民政局 2023-06-01 {delivery.sha256}\n")
    assert (deliveries.collect_receipts(), deliveries.collect_receipts()) == (1, 0)
    delivery.refresh_from_db()
    assert delivery.state == State.ACKNOWLEDGED and delivery.receipt.startswith("民政局") and not delivery.last_error


def test_another_host_key_gets_nothing(partner, sftp_server):
    sftp_server.kill()
    sftp_server.new_host_key()
    sftp_server.start()
    delivery = send(make_delivery(partner))
    assert delivery.state == State.PARKED and "主机密钥与登记的不符" in delivery.last_error
    assert sftp.fingerprint(sftp_server.host_key) in delivery.last_error and sftp_server.files() == []


def test_a_server_that_is_down_is_tried_again(partner, sftp_server):
    sftp_server.kill()
    delivery = send(make_delivery(partner))
    assert delivery.state == State.WAITING and "无法连接" in delivery.last_error
    assert delivery.next_attempt_at > timezone.now()


def test_keys_are_rotated_without_a_gap(partner, sftp_server):
    fresh = partners.rotate_secret(actor=None, partner=partner)  # the server holds the older one still
    assert send(make_delivery(partner)).state == State.SENT
    sftp_server.forget()
    sftp_server.accept(fresh.secret)
    assert send(make_delivery(partner)).state == State.SENT
    partners.retire_secret(actor=None, partner=partner)
    assert send(make_delivery(partner)).state == State.SENT
    sftp_server.forget()
    refused = send(make_delivery(partner))
    assert refused.state == State.PARKED and "不接受我们的密钥" in refused.last_error


@pytest.mark.parametrize(("folder", "why"), [("/nowhere/at/all", "没有这个文件夹"), ("/proc", "")])
def test_a_folder_that_is_none_is_said(tongliao, sftp_server, settings, folder, why):
    settings.WEBHOOK_TRIAL = True
    delivery = send(make_delivery(make_sftp_partner(sftp_server, folder=folder)))
    assert delivery.state in (State.PARKED, State.WAITING) and why in delivery.last_error and delivery.last_error


@pytest.mark.parametrize(
    ("facts", "field", "why"),
    [
        ({"url": "sftp://127.0.0.1/in"}, "url", "须带用户名"),
        ({"url": "sftp://me:secret@127.0.0.1/in"}, "url", "不得带密码"),
        ({"url": "https://127.0.0.1/in"}, "url", "sftp://用户名"),
        ({"url": ""}, "url", "sftp://用户名"),
        ({"url": "sftp://me@127.0.0.1/in", "host_key": "ssh-ed25519 某"}, "host_key", "类型 内容"),
    ],
)
def test_settings_that_cannot_work_are_refused(tongliao, settings, facts, field, why):
    settings.WEBHOOK_TRIAL = True
    organisation = make_partner().organisation
    with pytest.raises(ValidationError) as caught:
        partners.save_partner(actor=None, organisation=organisation, channel="sftp", **facts)
    assert why in " ".join(caught.value.message_dict[field])


def test_an_administrator_reads_compares_and_pins_the_host_key(client, users, partner, sftp_server):
    client.force_login(users[Role.ADMINISTRATOR])
    page = client.post(reverse("exchange:partner_host_key", args=[partner.pk])).content.decode()
    assert sftp.fingerprint(sftp_server.host_key) in page and "电话核对" in page
    assert (
        sftp.public_line(partner.secrets.split()[0])
        in client.get(reverse("exchange:partner", args=[partner.pk])).content.decode()
    )
    tested = client.post(reverse("exchange:partner_test", args=[partner.pk]), follow=True).content.decode()
    assert "测试成功" in tested and sftp_server.files() == []


def test_a_password_where_there_is_no_key(tongliao, settings, tmp_path):
    """OpenSSH asks the system's accounts for passwords; this server is Paramiko's own."""
    from tests.exchange.password_server import password_server

    settings.WEBHOOK_TRIAL = True
    with password_server(tmp_path, "liaison", "口令-1") as (port, host_key):
        login = sftp.Login(f"sftp://liaison@127.0.0.1:{port}/", host_key, password="口令-1")
        assert sftp.drop(login, "list-1", b"a,b\r\n", {"rows": 0}).error == ""
        assert (tmp_path / "list-1.csv").read_bytes() == b"a,b\r\n"
        wrong = sftp.Login(login.url, host_key, password="口令-2")
        assert "不接受" in sftp.drop(wrong, "list-1", b"", {}).error
