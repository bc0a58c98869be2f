"""Whose account it is: checked with Vonage, value by value, before anything depends on it.

The balance costs nothing to read and tells whether key and secret fit together
(https://developer.vonage.com/en/api/account). Whether the private key is the application's own is
told by the public key that Vonage keeps (https://developer.vonage.com/en/api/application.v2).
Nothing tells whether a signature secret is right, but the first call that comes.
"""

from __future__ import annotations

import re
from abc import ABC
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from service_vendors.exceptions import (
    ConfigurationRejected,
    PermanentVendorError,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.nexmo import api, signatures

BALANCE: Final = f"{api.REST}/account/get-balance"
APPLICATIONS: Final = f"{api.API}/v2/applications"

# What each value looks like, and what to say of one that does not.
SHAPES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "account_id": (r"[0-9A-Za-z]{8}", "An API key is eight letters and digits."),
        "api_secret": (
            r"\S{6,100}",
            "An API secret has no blanks in it, and 6 characters at least.",
        ),
        "signature_secret": (
            r"\s*[^\s,]+\s*(,\s*[^\s,]+\s*)?",
            "A signature secret has no blanks in it. While one replaces the other, write both with "
            "a comma between them, the new one first.",
        ),
        "application_id": (
            r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
            "An Application ID is 32 digits and letters a to f, in five groups with hyphens.",
        ),
    }
)

REFUSED: Final = "Vonage does not accept this API secret for this API key. Copy both again."
UNKNOWN_METHOD: Final = f"Vonage has no such method. It is one of {', '.join(signatures.METHODS)}."
BOTH: Final = "An application needs both its ID and its private key. Fill in both or neither."
NO_SUCH_APPLICATION: Final = (
    "This account has no application with this ID. It may be deleted, or belong to another account."
)
ANOTHER_KEY: Final = (
    "This is not the private key of this application. Make a new pair under Applications, Edit, "
    "“Generate public and private key”, and save there and here."
)
NO_MESSAGES: Final = (
    "This application cannot send messages. Switch its capability “Messages” on, under "
    "Applications, Edit."
)


class WithAccount(ServiceVendor, ABC):
    """The part of the vendor that knows whether it can work."""

    async def check_connection(self) -> str:
        """Ask Vonage for the account's balance and, if there is one, for its application."""
        _insist_on_shapes(self.account.config)
        balance = await self._balance()
        sentence = f"Vonage knows the account {self.config('account_id').strip()}"
        if self.config("application_id"):
            name = await self._application()
            sentence = f"{sentence} and its application “{name}”"
        return f"{sentence}. Its balance is {balance} euros."

    async def _balance(self) -> Decimal:
        """What the account has, in euros, whatever currency it is billed in."""
        try:
            answer = await api.call(self.account, "GET", BALANCE)
            balance = Decimal(str(answer["value"]))
        except (VendorNotConfigured, PermanentVendorError) as error:
            raise _rejected("api_secret", REFUSED) from error
        except (KeyError, InvalidOperation):
            raise TransientVendorError(api.UNREADABLE) from None
        if not balance.is_finite():
            raise TransientVendorError(api.UNREADABLE)
        return balance.quantize(Decimal("0.01"))

    async def _application(self) -> str:
        """The application's name, if it is there, may send messages, and the private key fits."""
        application_id = self.config("application_id").strip()
        try:
            found = await api.call(
                self.account, "GET", f"{APPLICATIONS}/{quote(application_id, safe='')}"
            )
        except PermanentVendorError as error:
            raise _rejected("application_id", NO_SUCH_APPLICATION) from error
        except VendorNotConfigured as error:
            raise ConfigurationRejected(str(error)) from error
        if "messages" not in _dictionary(found, "capabilities"):
            raise _rejected("application_id", NO_MESSAGES)
        theirs = str(_dictionary(found, "keys").get("public_key") or "")
        if theirs and not _is_pair(self.config("private_key"), theirs):
            raise _rejected("private_key", ANOTHER_KEY)
        return str(found.get("name") or application_id)


def _insist_on_shapes(config: Mapping[str, str]) -> None:
    """Refuse what cannot be right, without asking Vonage. Raises ConfigurationRejected."""
    wrong = {
        name: words
        for name, (shape, words) in SHAPES.items()
        if config.get(name) and not re.fullmatch(shape, config[name].strip())
    }
    for name in ("account_id", "api_secret"):
        if not config.get(name):
            wrong[name] = "Vonage needs this. Fill it in."
    if signatures.method_of(config.get("signature_method", "")) not in signatures.METHODS:
        wrong["signature_method"] = UNKNOWN_METHOD
    for one, other in (("application_id", "private_key"), ("private_key", "application_id")):
        if config.get(one) and not config.get(other):
            wrong[other] = BOTH
    if config.get("private_key"):
        try:
            api.private_key(config["private_key"])
        except VendorNotConfigured as error:
            wrong["private_key"] = str(error)
    if wrong:
        raise ConfigurationRejected(" ".join(wrong.values()), field_errors=wrong)


def _is_pair(private: str, public: str) -> bool:
    """Whether two keys belong together; one that Vonage wrote and nobody can read is not judged."""
    try:
        theirs = load_pem_public_key(public.encode())
    except ValueError:
        return True
    shape = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return api.private_key(private).public_key().public_bytes(*shape) == theirs.public_bytes(*shape)


def _dictionary(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _rejected(name: str, sentence: str) -> ConfigurationRejected:
    return ConfigurationRejected(sentence, field_errors={name: sentence})
