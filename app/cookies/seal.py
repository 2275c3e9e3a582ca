"""How cookies are kept: encrypted (AES-256-GCM) with a key that is made of the installation's secret.

Copies of the database (`backups/`, `inlay backup`) hold them in this form alone, and the secret is in none of
them. What is sealed for one person and site opens for no other.
"""

import hashlib
import hmac

from app.errors import Conflict

VERSION = b"\x01"
NONCE_BYTES, TAG_BYTES = 16, 16


class Unreadable(Exception):
    """Sealed with another secret, for somebody else, or damaged."""


def seal(secret: bytes, text: str, user_id: int, site: str) -> bytes:
    """Raises Conflict where the library for it is missing."""
    try:
        from Cryptodome.Cipher import AES
    except ImportError as error:
        raise Conflict(
            "pycryptodomex, which encrypts cookies, is not installed here. Whoever runs Inlay installs it.",
            code="not_installed",
        ) from error

    cipher = AES.new(_key(secret), AES.MODE_GCM, mac_len=TAG_BYTES)
    cipher.update(_owner(user_id, site))
    sealed, tag = cipher.encrypt_and_digest(text.encode())
    return VERSION + cipher.nonce + tag + sealed


def unseal(secret: bytes, sealed: bytes, user_id: int, site: str) -> str:
    """Raises Unreadable."""
    try:
        from Cryptodome.Cipher import AES
    except ImportError as error:
        raise Unreadable from error

    rest = sealed[len(VERSION) :]
    nonce, tag = rest[:NONCE_BYTES], rest[NONCE_BYTES : NONCE_BYTES + TAG_BYTES]
    try:
        cipher = AES.new(_key(secret), AES.MODE_GCM, nonce=nonce, mac_len=TAG_BYTES)
        cipher.update(_owner(user_id, site))
        return cipher.decrypt_and_verify(rest[NONCE_BYTES + TAG_BYTES :], tag).decode()
    except ValueError as error:
        raise Unreadable from error


def _key(secret: bytes) -> bytes:
    return hmac.digest(secret, b"inlay cookies\0", hashlib.sha256)


def _owner(user_id: int, site: str) -> bytes:
    return f"{user_id}\0{site}".encode()
