"""Passwords: the rules they follow, and their argon2id hashes."""

import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import Invalid, TooMany
from app.languages.say import say

SHORTEST = 8
LONGEST = 1024

MEMORY_KIB = 19 * 1024
ROUNDS = 2
WAIT_S = 10

_hasher = PasswordHasher(time_cost=ROUNDS, memory_cost=MEMORY_KIB, parallelism=1)
# Every hash takes 19 MiB for a moment: two at a time fit a small machine, a hundred do not.
_turns = BoundedSemaphore(2)


def _nobody() -> str:
    salt, digest = (
        b64encode(secrets.token_bytes(size)).decode().rstrip("=")
        for size in (_hasher.salt_len, _hasher.hash_len)
    )
    return f"$argon2id$v=19$m={MEMORY_KIB},t={ROUNDS},p=1${salt}${digest}"


NOBODY = _nobody()
"""A hash that no password has. Verified for unknown users, so that they take as long as known ones."""


def check_rules(password: str, field: str = "password") -> None:
    """Raises Invalid, about the form's `field`, when this may not be somebody's password."""
    if len(password) < SHORTEST:
        _refuse(field, say(f"Use at least {SHORTEST} characters for the password."))
    if len(password) > LONGEST:
        _refuse(field, say(f"Use at most {LONGEST} characters for the password."))
    if "\0" in password:
        _refuse(field, say("The password has a character that cannot be typed again. Choose another one."))


def hash_password(password: str) -> str:
    """The argon2id hash to keep. The caller has checked the rules."""
    with _turn():
        return _hasher.hash(_same(password))


def verify(hash: str, password: str) -> bool:
    """Is this the password? Takes about as long for yes as for no."""
    with _turn():
        try:
            return _hasher.verify(hash, _same(password[: LONGEST + 1]))
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(hash: str) -> bool:
    """Was it made with other parameters than today's?"""
    return _hasher.check_needs_rehash(hash)


def _same(password: str) -> bytes:
    """One spelling for what different keyboards send for the same letters."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=WAIT_S):
        raise TooMany("Many people are signing in just now. Try again in a few seconds.", retry_after_s=5)
    try:
        yield
    finally:
        _turns.release()


def _refuse(field: str, sentence: str) -> None:
    raise Invalid(sentence, fields={field: sentence})
