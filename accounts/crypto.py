"""Encryption of identity numbers and phones at rest, and the keyed blind index by which they are found.

Keys come from the environment: `FIELD_KEYS` is `name:base64,name:base64…`, the first encrypts, all decrypt (rotation);
`INDEX_KEY` is one base64 key. A cipher text is `len(name) name nonce(12) body+tag`, bound to its purpose.
"""

import base64
import binascii
import hmac
import os
import uuid
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

NONCE = 12


class KeyMissing(Exception):
    """A cipher text names a key that FIELD_KEYS does not hold, or has been altered."""


def _key(text: str, name: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ImproperlyConfigured(f"{name}: not base64") from error
    if len(key) != 32:
        raise ImproperlyConfigured(f"{name}: 32 bytes needed, {len(key)} given")
    return key


@lru_cache(maxsize=4)
def _ring(field_keys: str) -> tuple[bytes, dict[bytes, AESGCM]]:
    ring: dict[bytes, AESGCM] = {}
    for part in filter(None, (p.strip() for p in field_keys.split(","))):
        name, _, text = part.partition(":")
        ring[name.encode()] = AESGCM(_key(text, f"FIELD_KEYS {name}"))
    if not ring:
        raise ImproperlyConfigured("FIELD_KEYS is empty: give name:base64 with 32 bytes")
    return next(iter(ring)), ring


@lru_cache(maxsize=4)
def _index_key(text: str) -> bytes:
    return _key(text, "INDEX_KEY")


def encrypt(text: str, purpose: str) -> bytes:
    """Cipher text of `text`; `purpose` (e.g. `person.id_number`) must be given again to decrypt."""
    name, ring = _ring(settings.FIELD_KEYS)
    nonce = os.urandom(NONCE)
    return bytes([len(name)]) + name + nonce + ring[name].encrypt(nonce, text.encode(), purpose.encode())


def decrypt(blob: bytes, purpose: str) -> str:
    """The text of `encrypt`; raises `KeyMissing` when the key is not there or the bytes were altered."""
    blob = bytes(blob)
    end = 1 + blob[0]
    _, ring = _ring(settings.FIELD_KEYS)
    cipher = ring.get(blob[1:end])
    if cipher is None:
        raise KeyMissing(f"no key {blob[1:end]!r} in FIELD_KEYS")
    try:
        return cipher.decrypt(blob[end : end + NONCE], blob[end + NONCE :], purpose.encode()).decode()
    except InvalidTag as error:
        raise KeyMissing("cipher text altered, or encrypted for another purpose") from error


def is_current(blob: bytes) -> bool:
    """Whether the first key of FIELD_KEYS encrypted this (else the rotation has it to do)."""
    blob = bytes(blob)
    return blob[1 : 1 + blob[0]] == _ring(settings.FIELD_KEYS)[0]


def blind_index(text: str, purpose: str) -> uuid.UUID:
    """128 bits of HMAC-SHA256 under INDEX_KEY: equal texts give equal values, and nothing can be read back."""
    digest = hmac.digest(_index_key(settings.INDEX_KEY), f"{purpose}\0{text}".encode(), "sha256")
    return uuid.UUID(bytes=digest[:16])
