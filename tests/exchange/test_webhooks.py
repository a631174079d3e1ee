"""The call itself, against a real HTTPS receiver that verifies with the standardwebhooks package."""

import pytest
from django.utils import timezone

from exchange import webhooks

BODY = '{"type":"test","data":{"姓名":"乌云其其格"}}'


def call(receiver, body=BODY, *, secrets=None, message_id="m:1"):
    return webhooks.call(
        receiver.url, body, message_id=message_id, moment=timezone.now(), secrets=secrets or [receiver.secret]
    )


def test_a_receiver_with_the_secret_verifies_the_call_and_its_receipt_is_read(receiver):
    answer = call(receiver)
    assert (answer.status, answer.error, answer.receipt) == (200, "", "R-1")
    assert [(c.id, c.verified) for c in receiver.calls] == [("m:1", True)]
    assert receiver.applied["m:1"]["data"] == {"姓名": "乌云其其格"}


def test_during_a_rotation_the_old_and_the_new_secret_both_verify(receivers):
    old, new = receivers(), receivers()
    both = [new.secret, old.secret]
    assert [call(r, secrets=both).error for r in (old, new)] == ["", ""]
    assert old.calls[0].verified and new.calls[0].verified
    assert call(old, secrets=[new.secret]).status == 401, "after the rotation the old secret is worth nothing"


def test_a_signature_under_another_secret_is_refused_and_not_tried_again(receiver):
    answer = call(receiver, secrets=[webhooks.new_secret()])
    assert (answer.status, answer.again) == (401, False)
    assert "密钥" in answer.error
    assert receiver.applied == {}


@pytest.mark.parametrize(
    ("status", "again"),
    [
        *((status, False) for status in (301, 307, 400, 401, 403, 404, 410, 413, 422)),
        *((status, True) for status in (408, 425, 429, 500, 502, 503)),
    ],
)
def test_what_an_answer_means(receiver, status, again):
    receiver.answers.append(status)
    answer = call(receiver)
    assert (answer.status, answer.again) == (status, again)
    assert str(status) in answer.error


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_the_acknowledgement(receiver, status):
    receiver.answers.append(status)
    assert call(receiver).error == ""


def test_a_receiver_that_is_down_or_slow_is_tried_again(receiver, settings):
    receiver.delay = 0.6
    settings.WEBHOOK_TIMEOUT_SECONDS = 0.3
    slow = call(receiver)
    assert (slow.status, slow.again) == (None, True)
    assert "0.3 秒" in slow.error
    receiver.down()
    down = call(receiver)
    assert (down.status, down.again, down.error) == (None, True, "无法连接对方的接收地址")


def test_an_unknown_authority_is_not_trusted(receiver, settings):
    settings.WEBHOOK_CA_FILE = ""
    answer = call(receiver)
    assert "证书不可信" in answer.error
    assert receiver.calls == []


def test_without_a_secret_nothing_is_sent(receiver):
    answer = webhooks.call(receiver.url, BODY, message_id="m:1", moment=timezone.now(), secrets=[])
    assert "密钥" in answer.error
    assert receiver.calls == []


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/hook",
        "ftp://partner.example/hook",
        "https://user:pass@partner.example/hook",
        "https:///hook",
        "partner",
        "",
    ],
)
def test_only_https_without_credentials_is_an_address(url, settings):
    settings.WEBHOOK_TRIAL = False
    with pytest.raises(webhooks.AddressRefused):
        webhooks.check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0.0.0.0/",
        "https://[::ffff:127.0.0.1]/",
        "https://224.0.0.1/",
    ],
)
def test_calls_never_go_to_the_machine_itself_or_to_reserved_addresses(url, settings):
    settings.WEBHOOK_TRIAL = False
    answer = webhooks.call(url, BODY, message_id="m:1", moment=timezone.now(), secrets=[webhooks.new_secret()])
    assert answer.status is None and not answer.again
    assert "本机或保留地址" in answer.error


def test_secrets_are_long_random_and_recognised():
    first, second = webhooks.new_secret(), webhooks.new_secret()
    assert first != second
    assert webhooks.is_secret(first)
    assert not webhooks.is_secret("whsec_c2hvcnQ=") and not webhooks.is_secret(first[6:])
