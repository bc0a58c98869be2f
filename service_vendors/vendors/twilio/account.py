"""Whose account it is: checked with Twilio, value by value, before anything depends on it.

https://www.twilio.com/docs/iam/api/account, https://www.twilio.com/docs/iam/api-keys
"""

from __future__ import annotations

import re
from abc import ABC
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from service_vendors.exceptions import (
    ConfigurationRejected,
    PermanentVendorError,
    VendorNotConfigured,
)
from service_vendors.types import ServiceManagerData, VendorAccount
from service_vendors.vendors.base import ReadinessItem, ServiceVendor
from service_vendors.vendors.twilio import answers, errors
from service_vendors.vendors.twilio.transport import client

# What each value looks like, and what to say of one that does not.
SHAPES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "account_sid": (
            r"AC[0-9a-fA-F]{32}",
            "An Account SID is “AC” and 32 digits or letters a to f.",
        ),
        "auth_token": (
            r"\s*[^\s,]+\s*(,\s*[^\s,]+\s*)?",
            "An Auth Token has no blanks in it. While one replaces the other, write both with a "
            "comma between them, the new one first.",
        ),
        "message_service_sid": (
            r"MG[0-9a-fA-F]{32}",
            "A messaging service's SID is “MG” and 32 digits or letters a to f.",
        ),
        "api_key_sid": (
            r"SK[0-9a-fA-F]{32}",
            "An API key's SID is “SK” and 32 digits or letters a to f.",
        ),
        "api_key_secret": (r"\S+", "The secret of an API key has no blanks in it."),
    }
)

REFUSED: Final = "Twilio does not accept this Auth Token for this Account SID. Copy both again."
KEY_REFUSED: Final = (
    "Twilio does not accept this secret for this API key. Make a new key if the secret is lost: "
    "Twilio shows it once."
)
KEY_OF_ANOTHER: Final = "This API key belongs to another account than the Account SID names."
KEY_MAY_NOT: Final = "This API key may not do what is needed. Use one of the type “Standard”."
NO_SUCH_SERVICE: Final = (
    "This account has no messaging service with this SID. It may be deleted, or belong to another "
    "account."
)


class WithAccount(ServiceVendor, ABC):
    """The part of the vendor that knows whether it can work."""

    async def check_connection(self) -> str:
        """Ask Twilio for the account, as the Auth Token and as the API key, and for its service."""
        _insist_on_shapes(self.account.config)
        name = await self._check_token()
        if self.config("api_key_sid"):
            await self._check_key()
        sentence = f"Twilio knows the account “{name}”"
        if self.config("message_service_sid"):
            service = await self._check_service()
            return f"{sentence} and its messaging service “{service}”."
        return f"{sentence}. No messaging service is set yet."

    def readiness(self, service_manager_data: ServiceManagerData) -> list[ReadinessItem]:
        """What every vendor needs, and something to send from."""
        own = self.get_message_service_sid("", "")
        decided = service_manager_data.messageservice_sid or service_manager_data.user_number
        field = next(one for one in self.config_fields if one.name == "message_service_sid")
        remedy = (
            f"Fill in the {field.title} below, or set {field.env}: it is what messages are sent "
            "from."
            if self.supports_org_config()
            else f"Set {field.env}: it is what messages are sent from."
        )
        return [
            *super().readiness(service_manager_data),
            ReadinessItem(field.title, ready=bool(own or decided), remedy=remedy),
        ]

    async def _check_token(self) -> str:
        """The account's name, if its newest Auth Token is right and Twilio lets it work."""
        account = _without_key(self.account)
        try:
            with answers.reading():
                found = await client(account).api.accounts(self.config("account_sid")).fetch_async()
                answers.insist_on_sid(found.sid, "AC")
        except (VendorNotConfigured, PermanentVendorError) as error:
            if error.code in {errors.AUTHENTICATE, errors.NOT_FOUND}:
                raise _rejected("auth_token", REFUSED) from error
            raise _rejected("account_sid", str(error)) from error
        if found.status != "active":
            raise _rejected(
                "account_sid",
                f"This Twilio account is {found.status}. Its owner must settle that with Twilio.",
            )
        return str(found.friendly_name or found.sid)

    async def _check_key(self) -> None:
        """Whether the API key is one of this account's, by a question that standard keys may ask.

        It may not ask for the account itself.
        """
        try:
            with answers.reading():
                await client(self.account).messages.page_async(page_size=1)
        except (VendorNotConfigured, PermanentVendorError) as error:
            if error.code == errors.NOT_FOUND:
                raise _rejected("api_key_sid", KEY_OF_ANOTHER) from error
            if error.code == errors.AUTHENTICATE:
                raise _rejected("api_key_secret", KEY_REFUSED) from error
            raise _rejected("api_key_sid", KEY_MAY_NOT) from error

    async def _check_service(self) -> str:
        """The messaging service's name, if it is there and this account's."""
        sid = self.config("message_service_sid")
        try:
            with answers.reading():
                found = await client(self.account).messaging.v1.services(sid).fetch_async()
                answers.insist_on_sid(found.sid, "MG")
        except PermanentVendorError as error:
            raise _rejected("message_service_sid", NO_SUCH_SERVICE) from error
        except VendorNotConfigured as error:
            raise ConfigurationRejected(str(error)) from error
        if found.account_sid != self.config("account_sid"):
            raise _rejected("message_service_sid", NO_SUCH_SERVICE)
        return str(found.friendly_name or sid)


def _insist_on_shapes(config: Mapping[str, str]) -> None:
    """Refuse what cannot be right, without asking Twilio. Raises ConfigurationRejected."""
    wrong = {
        name: words
        for name, (shape, words) in SHAPES.items()
        if config.get(name) and not re.fullmatch(shape, config[name])
    }
    for one, other in (("api_key_sid", "api_key_secret"), ("api_key_secret", "api_key_sid")):
        if config.get(one) and not config.get(other):
            wrong[other] = "An API key needs both its SID and its secret. Fill in both or neither."
    for name in ("account_sid", "auth_token"):
        if not config.get(name):
            wrong[name] = "Twilio needs this. Fill it in."
    if wrong:
        raise ConfigurationRejected(" ".join(wrong.values()), field_errors=wrong)


def _rejected(name: str, sentence: str) -> ConfigurationRejected:
    return ConfigurationRejected(sentence, field_errors={name: sentence})


def _without_key(account: VendorAccount) -> VendorAccount:
    """The account, spoken for by its Auth Token, which must be right: it verifies webhooks."""
    values = account.config.items()
    return replace(account, config={k: v for k, v in values if not k.startswith("api_key")})
