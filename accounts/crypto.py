"""Encryption of identity numbers and phones at rest, and the keyed blind index by which they are found.

Keys come from the environment: `FIELD_KEYS` is `name:base64,name:base64…`, the first encrypts, all decrypt (rotation);
`INDEX_KEY` is one base64 key. A cipher text is `len(name) name nonce(12) body+tag`, bound to its purpose.
"""

import base64
import binascii
import hashlib
import hmac
import os
import uuid
from collections.abc import Iterable
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


def key_names() -> list[str]:
    """Names of the keys in FIELD_KEYS, the encrypting one first."""
    return [name.decode() for name in _ring(settings.FIELD_KEYS)[1]]


def encrypt(text: str, purpose: str) -> bytes:
    """Cipher text of `text`; `purpose` (e.g. `person.id_number`) must be given again to decrypt."""
    return seal(text.encode(), purpose)


def decrypt(blob: bytes, purpose: str) -> str:
    """The text of `encrypt`; raises `KeyMissing` when the key is not there or the bytes were altered."""
    return unseal(blob, purpose).decode()


def seal(content: bytes, purpose: str) -> bytes:
    """`encrypt` for bytes, a whole file's for instance."""
    name, ring = _ring(settings.FIELD_KEYS)
    nonce = os.urandom(NONCE)
    return bytes([len(name)]) + name + nonce + ring[name].encrypt(nonce, content, purpose.encode())


def unseal(blob: bytes, purpose: str) -> bytes:
    """The bytes of `seal`; raises `KeyMissing`."""
    blob = bytes(blob)
    end = 1 + blob[0]
    _, ring = _ring(settings.FIELD_KEYS)
    cipher = ring.get(blob[1:end])
    if cipher is None:
        raise KeyMissing(f"no key {blob[1:end]!r} in FIELD_KEYS")
    try:
        return cipher.decrypt(blob[end : end + NONCE], blob[end + NONCE :], purpose.encode())
    except InvalidTag as error:
        raise KeyMissing("cipher text altered, or encrypted for another purpose") from error


def encrypt_many(texts: Iterable[str | None], purpose: str) -> list[bytes | None]:
    """`encrypt` for a column, several times faster than one by one; None and empty texts become None."""
    name, ring = _ring(settings.FIELD_KEYS)
    head, seal_one, bound = bytes([len(name)]) + name, ring[name].encrypt, purpose.encode()
    texts = list(texts)
    nonces = os.urandom(NONCE * len(texts))
    found: list[bytes | None] = []
    at = 0
    for text in texts:
        if text:
            nonce = nonces[at : at + NONCE]
            found.append(head + nonce + seal_one(nonce, text.encode(), bound))
        else:
            found.append(None)
        at += NONCE
    return found


def is_current(blob: bytes) -> bool:
    """Whether the first key of FIELD_KEYS encrypted this (else the rotation has it to do)."""
    blob = bytes(blob)
    return blob[1 : 1 + blob[0]] == _ring(settings.FIELD_KEYS)[0]


def blind_index(text: str, purpose: str) -> uuid.UUID:
    """128 bits of HMAC-SHA256 under INDEX_KEY: equal texts give equal values, and nothing can be read back."""
    digest = hmac.digest(_index_key(settings.INDEX_KEY), f"{purpose}\0{text}".encode(), "sha256")
    return uuid.UUID(bytes=digest[:16])


def blind_indexes(texts: Iterable[str | None], purpose: str) -> list[str | None]:
    """`blind_index` for a column as 32 hexadecimal digits, for COPY; None and empty texts become None.

    HMAC by its definition (RFC 2104) over hash states that already hold the key and the purpose: three times faster
    than a fresh HMAC per value.
    """
    key = _index_key(settings.INDEX_KEY).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + purpose.encode() + b"\0")
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in key))
    found: list[str | None] = []
    for text in texts:
        if not text:
            found.append(None)
            continue
        first = inner.copy()
        first.update(text.encode())
        second = outer.copy()
        second.update(first.digest())
        found.append(second.hexdigest()[:32])
    return found


def digest_key(purpose: str) -> bytes:
    """32 bytes under INDEX_KEY for keyed hashes of whole rows (BLAKE2b): without the key nobody can try contents."""
    return hmac.digest(_index_key(settings.INDEX_KEY), f"{purpose}\0digest".encode(), "sha256")
