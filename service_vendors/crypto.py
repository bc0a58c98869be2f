"""Fernet encryption with the keys of FIELD_ENCRYPTION_KEY: the first encrypts, every one decrypts.

To rotate: put a new key first, run ``manage.py rotate_secrets``, then take the old key out.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from service_vendors.exceptions import ServiceVendorsError

GENERATE: Final = (
    'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
)


class DecryptionError(ServiceVendorsError, InvalidToken):
    """Something stored was not written with any of today's keys, or was tampered with."""

    def __init__(self) -> None:
        super().__init__(
            "A stored value cannot be decrypted with any key in FIELD_ENCRYPTION_KEY. Add the key "
            "it was written with at the end of FIELD_ENCRYPTION_KEY."
        )


def keys() -> list[str]:
    """The keys as they are set: one, or a list. (The package's own import takes nothing else.)"""
    value = getattr(settings, "FIELD_ENCRYPTION_KEY", None) or []
    listed = [value] if isinstance(value, str | bytes) else value
    return [key for key in map(_text, listed) if key]


def is_valid_key(key: str) -> bool:
    """Whether a text is a Fernet key: 32 bytes in URL-safe base64."""
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def encrypt_text(plaintext: str) -> str:
    """A token of the text, made with the first key."""
    return _crypter().encrypt(plaintext.encode()).decode()


def decrypt_text(token: str) -> str:
    """The text of a token. Raises DecryptionError; never returns what it could not read."""
    try:
        return _crypter().decrypt(token.encode()).decode()
    except (InvalidToken, UnicodeError):
        raise DecryptionError from None


def rotated(token: str) -> str:
    """The same text as a token of the first key. Raises DecryptionError."""
    try:
        return _crypter().rotate(token.encode()).decode()
    except InvalidToken:
        raise DecryptionError from None


def is_current(token: str) -> bool:
    """Whether a token was made with the first key, and so survives when the others go."""
    try:
        Fernet(keys()[0]).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def problem_with_keys() -> str:
    """What is wrong with FIELD_ENCRYPTION_KEY and how to mend it; "" when nothing is."""
    listed = keys()
    if not listed:
        return f"FIELD_ENCRYPTION_KEY is not set. Make a key with: {GENERATE}"
    for position, key in enumerate(listed, start=1):
        if not is_valid_key(key):
            return (
                f"Key {position} of {len(listed)} in FIELD_ENCRYPTION_KEY is no Fernet key: it "
                "must be 44 characters of URL-safe base64, and several keys must be a list. "
                f"Make one with: {GENERATE}"
            )
    return ""


@cache
def _crypter() -> MultiFernet:
    if problem := problem_with_keys():
        raise ImproperlyConfigured(problem)
    return MultiFernet([Fernet(key) for key in keys()])


def _text(key: Any) -> str:
    return key.decode() if isinstance(key, bytes) else str(key)


def _reset(*, setting: str, **_: Any) -> None:
    if setting == "FIELD_ENCRYPTION_KEY":
        _crypter.cache_clear()


setting_changed.connect(_reset, dispatch_uid="service_vendors.crypto")
