"""Identity numbers at rest: cipher text in the column, a keyed index for search, rotation that can be killed."""

import base64
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection

from accounts import crypto, rotation
from beneficiaries.models import Person, id_key, tail_key
from exchange import vault
from exchange.models import InboundFile
from tests.worker import database_url

ROOT = Path(__file__).resolve().parents[2]
NUMBER = "15052119630315{:04d}"
NEW = f"new:{base64.b64encode(b'n' * 32).decode()}"


def key(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


@pytest.fixture
def keys(settings):
    """Two keys with names, as an administrator would set them."""
    settings.FIELD_KEYS = f"old:{key('o')}"
    return settings


def make_persons(count: int) -> list[Person]:
    numbers = [NUMBER.format(n) for n in range(count)]
    return Person.objects.bulk_create(
        Person(
            id_number=number,
            id_key=id_key(number),
            tail_key=tail_key(number),
            name=f"测试{number[-4:]}",
            region_id="150521000000",
            phone=f"1390000{number[-4:]}",
        )
        for number in numbers
    )


def raw(column: str = "id_number", table: str = "beneficiaries_person") -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY id")
        return [bytes(row[0]) for row in cursor.fetchall()]


def test_column_holds_cipher_text_only(tongliao, keys):
    make_persons(2)
    for blob, number in zip(raw(), (NUMBER.format(0), NUMBER.format(1)), strict=True):
        assert blob.startswith(b"\x03old")
        assert number.encode() not in blob and number[-4:].encode() not in blob
    assert Person.objects.get(id_key=id_key(NUMBER.format(1))).id_number == NUMBER.format(1)


def test_audit_trail_holds_cipher_text_too(tongliao, keys):
    make_persons(1)
    assert raw(table="beneficiaries_personevent")[0].startswith(b"\x03old")


def test_same_text_has_another_cipher_text_each_time():
    assert crypto.encrypt("150521", "id_number") != crypto.encrypt("150521", "id_number")


def test_blind_index_finds_and_depends_on_key_and_purpose(settings):
    one = crypto.blind_index("150521", "id_number")
    assert one == crypto.blind_index("150521", "id_number") != crypto.blind_index("150521", "phone")
    settings.INDEX_KEY = key("z")
    assert one != crypto.blind_index("150521", "id_number")


@pytest.mark.parametrize("at", [0, 1, 4, 10, -1])
def test_altered_cipher_text_is_refused(keys, at):
    blob = bytearray(crypto.encrypt("150521196303150018", "id_number"))
    blob[at] ^= 1
    with pytest.raises(crypto.KeyMissing):
        crypto.decrypt(bytes(blob), "id_number")


def test_cipher_text_does_not_serve_another_column():
    with pytest.raises(crypto.KeyMissing):
        crypto.decrypt(crypto.encrypt("13900000000", "phone"), "id_number")


def test_encrypted_column_cannot_be_searched(db):
    with pytest.raises(TypeError, match="blind index"):
        list(Person.objects.filter(id_number="150521196303150018"))


@pytest.mark.parametrize("text", ["", "k1:not base64", "k1:c2hvcnQ="])
def test_bad_keys_are_refused_with_words(settings, text):
    settings.FIELD_KEYS = text
    with pytest.raises(ImproperlyConfigured):
        crypto.encrypt("x", "y")


def test_rotation_changes_every_column_and_then_needs_the_old_key_no_more(tongliao, keys):
    make_persons(5)
    keys.FIELD_KEYS = f"{NEW},old:{key('o')}"
    assert Person.objects.first().id_number == NUMBER.format(0)  # both keys read
    steps = []
    changed = rotation.rotate(batch=2, progress=lambda *step: steps.append(step))
    assert changed == 20  # numbers and phones, in the table and in its trail
    assert steps[0] == ("beneficiaries_person.id_number", 2, 5)
    assert rotation.stale() == 0
    keys.FIELD_KEYS = NEW
    assert [p.id_number for p in Person.objects.order_by("id")] == [NUMBER.format(n) for n in range(5)]
    assert raw("phone", "beneficiaries_personevent")[0].startswith(b"\x03new")


def test_rotation_writes_no_trail_of_its_own(tongliao, keys):
    make_persons(3)
    before = len(raw(table="beneficiaries_personevent"))
    keys.FIELD_KEYS = f"{NEW},old:{key('o')}"
    call_command("rotate_keys", batch=2, verbosity=0)
    assert len(raw(table="beneficiaries_personevent")) == before


def test_rotation_stops_when_a_key_is_missing(tongliao, keys):
    make_persons(1)
    keys.FIELD_KEYS = NEW
    with pytest.raises(CommandError, match="旧密钥"):
        call_command("rotate_keys")
    assert raw()[0].startswith(b"\x03old")


def test_rotation_seals_the_partners_files_again(tongliao, keys):
    stored = vault.store("名单".encode())
    file = InboundFile.objects.create(
        kind="roster", department="civil_affairs", region=tongliao, month=date(2023, 5, 1), name="r.csv", file=stored
    )
    keys.FIELD_KEYS = f"{NEW},old:{key('o')}"
    assert rotation.rotate() == 1
    keys.FIELD_KEYS = NEW
    file.refresh_from_db()
    assert vault.content_of(file).decode() == "名单"
    assert not default_storage.exists(stored)
    assert rotation.rotate() == 0


@pytest.mark.django_db(transaction=True)
def test_killed_rotation_is_resumed(tongliao, keys):
    make_persons(600)
    keys.FIELD_KEYS = f"{NEW},old:{key('o')}"
    environment = os.environ | {"DATABASE_URL": database_url(), "FIELD_KEYS": keys.FIELD_KEYS}
    command = [sys.executable, "-W", "ignore", "manage.py", "rotate_keys", "--batch", "20"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("beneficiaries_person.id_number 20/600")
        process.kill()
    assert process.returncode == -9
    done = sum(blob.startswith(b"\x03new") for blob in raw())
    assert 20 <= done < 600
    assert {p.id_number for p in Person.objects.all()} == {NUMBER.format(n) for n in range(600)}  # readable meanwhile
    assert rotation.rotate() == 2400 - done  # numbers and phones, in the table and in its trail
    assert rotation.stale() == 0
