"""How a program proves who it is: with a token, or with a password to fetch a token."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from knox import auth
from rest_framework.authentication import BasicAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.throttling import SimpleRateThrottle


class TokenAuthentication(auth.TokenAuthentication):
    """``Authorization: Token ...``; only a token's hash is stored."""

    def authenticate_credentials(self, token: bytes) -> tuple[AbstractBaseUser, Any]:
        """The token's user. Raises AuthenticationFailed."""
        # What is no text at all must not reach the decoder, nor a NUL the database.
        if not (token.isascii() and token.decode().isprintable()):
            raise AuthenticationFailed("Invalid token.")
        found: tuple[AbstractBaseUser, Any] = super().authenticate_credentials(token)
        return found


class _PasswordTries(SimpleRateThrottle):
    """Counts the tries of one account's password."""

    rate = "10/min"

    def __init__(self, username: str) -> None:
        super().__init__()
        self.username = username

    def get_cache_key(self, request: Any, view: Any) -> str:
        """One key an account, whatever characters its name has."""
        name = sha256(self.username.lower().encode("utf-8", "replace")).hexdigest()
        return f"service_vendors.api.password_tries.{name}"


class PasswordAuthentication(BasicAuthentication):
    """HTTP Basic; ten tries a minute for each account."""

    def authenticate_credentials(
        self, userid: str, password: str, request: Any = None
    ) -> tuple[AbstractBaseUser, None]:
        """The account's user. Raises AuthenticationFailed, or Throttled after too many tries."""
        tries = _PasswordTries(userid)
        if not tries.allow_request(request, None):  # type: ignore[arg-type]  # it looks at neither
            raise Throttled(tries.wait())
        if "\x00" in userid:
            raise AuthenticationFailed("Invalid username/password.")
        found: tuple[AbstractBaseUser, None] = super().authenticate_credentials(
            userid, password, request
        )
        return found
