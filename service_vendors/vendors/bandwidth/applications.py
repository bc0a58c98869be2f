"""Applications: what Bandwidth calls messaging services. They say whom to call, and a location
works through the one it is associated with.

https://dev.bandwidth.com/docs/account/applications/
"""

from __future__ import annotations

from abc import ABC
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from service_vendors.exceptions import (
    ConfigurationRejected,
    PermanentVendorError,
    SendUncertain,
    VendorNotConfigured,
)
from service_vendors.types import MessagingService, VendorAccount, WebhookTarget
from service_vendors.vendors.bandwidth import api, markup
from service_vendors.vendors.bandwidth.numbers import location
from service_vendors.vendors.base import ServiceVendor

ADDRESS: Final = "bandwidth"
SERVICE_TYPE: Final = "Messaging-V2"
CALLBACK_TYPES: Final = ("message-sending", "message-delivered", "message-failed")
REMOVE: Final = "REMOVE"

NO_ADDRESS: Final = "Bandwidth must know where to call us. Set BASE_URL to the public address."
NO_PROOF: Final = (
    "Bandwidth must prove its calls with a user and password of our own. Fill in the callback user "
    "and the callback password, or let auto-configure make them."
)


class WithApplications(ServiceVendor, ABC):
    """The part of the vendor that creates, deletes and points applications."""

    async def create_messaging_service(self, name: str) -> str:
        """Create an application that calls us; its id."""
        return await create(self.account, name)

    async def list_messaging_services(self) -> AsyncIterator[MessagingService]:
        """Every messaging application of the account."""
        answer = await api.xml_call(self.account, "GET", "/applications")
        for one in answer.iter("Application"):
            if markup.text(one, "ServiceType").startswith("Messaging"):
                yield MessagingService(
                    markup.text(one, "ApplicationId"), markup.text(one, "AppName")
                )

    async def delete_messaging_service(self, messageservice_sid: str) -> None:
        """Delete an application; one that is already gone counts as deleted.

        Our location is taken out of it first. Raises PermanentVendorError while another is in it.
        """
        await self.clear_messaging_service_phones(messageservice_sid)
        try:
            await api.xml_call(self.account, "DELETE", _path(messageservice_sid))
        except PermanentVendorError as error:
            if not api.is_missing(error):
                raise

    async def add_numbers_to_messaging_service(
        self, messageservice_sid: str, service_ids: Sequence[str]
    ) -> None:
        """Have our location work through an application.

        Bandwidth associates whole locations: all numbers of this one move, and leave the
        application they worked through before.
        """
        if service_ids:
            await associate(self.account, messageservice_sid)

    async def clear_messaging_service_phones(self, messageservice_sid: str) -> None:
        """Take our location out of an application, when it is in this one."""
        if await associated(self.account) == messageservice_sid:
            await _put_association(self.account, REMOVE)

    async def webhook_targets(self) -> list[WebhookTarget]:
        """Where the application calls now, for incoming messages and for reports."""
        answer = await api.xml_call(self.account, "GET", _path(self._application()))
        expected = self.account.callback(ADDRESS)
        return [
            WebhookTarget("Incoming messages", markup.text(answer, "InboundCallbackUrl"), expected),
            WebhookTarget("Delivery reports", markup.text(answer, "OutboundCallbackUrl"), expected),
        ]

    async def point_webhooks_here(self) -> None:
        """Have the application call us, and prove itself."""
        try:
            await point_here(self.account, self._application())
        except (PermanentVendorError, VendorNotConfigured) as error:
            raise ConfigurationRejected(str(error)) from error

    def get_message_service_sid(self, contact_number: str, message_text: str) -> str:
        """The account's application."""
        return self.config("application_id")

    def _application(self) -> str:
        if application := self.config("application_id"):
            return application
        raise VendorNotConfigured("Bandwidth needs an application ID.")


async def find(account: VendorAccount, name: str) -> str:
    """The id of the application with this name, or ""."""
    answer = await api.xml_call(account, "GET", "/applications")
    for one in answer.iter("Application"):
        if markup.text(one, "AppName") == name:
            return markup.text(one, "ApplicationId")
    return ""


async def create(account: VendorAccount, name: str) -> str:
    """Create an application that calls us; its id. Raises SendUncertain."""
    content = {"ServiceType": SERVICE_TYPE, "AppName": name, **_callbacks(account)}
    body = markup.document("Application", content)
    answer = await api.xml_call(account, "POST", "/applications", body=body, acts=True)
    application = markup.text(answer, "ApplicationId")
    if not application:
        raise SendUncertain("Bandwidth made an application and did not say under which id.")
    return application


async def point_here(account: VendorAccount, application: str) -> None:
    """Have an application call us, with the newest of our callback passwords."""
    body = markup.document("Application", _callbacks(account))
    await api.xml_call(account, "PATCH", _path(application), body=body)


async def associated(account: VendorAccount) -> str:
    """The application that our location works through, or ""."""
    try:
        answer = await api.xml_call(account, "GET", _association_path(account))
    except PermanentVendorError as error:
        if api.is_missing(error):
            return ""
        raise
    return markup.text(answer, "HttpMessagingV2AppId")


async def associate(account: VendorAccount, application: str) -> None:
    """Have our location work through an application; it may do so already."""
    if await associated(account) != application:
        await _put_association(account, {"HttpMessagingV2AppId": application})


async def _put_association(account: VendorAccount, content: Mapping[str, str] | str) -> None:
    body = markup.document("ApplicationsSettings", content)
    await api.xml_call(account, "PUT", _association_path(account), body=body)


def can_call(account: VendorAccount) -> bool:
    """Whether all is known that an application needs to call us."""
    return bool(account.callback_base) and all(shows(account))


def shows(account: VendorAccount) -> tuple[str, str]:
    """The user and the newest password that an application shows when it calls us."""
    user = account.config.get("callback_user", "").strip()
    return user, account.config.get("callback_password", "").partition(",")[0].strip()


def _callbacks(account: VendorAccount) -> dict[str, markup.Value]:
    """Whom an application calls, about what, and how it proves itself."""
    if not account.callback_base:
        raise VendorNotConfigured(NO_ADDRESS)
    user, newest = shows(account)
    if not (user and newest):
        raise VendorNotConfigured(NO_PROOF)
    credentials = {"UserId": user, "Password": newest}
    url = account.callback(ADDRESS)
    return {
        "InboundCallbackUrl": url,
        "OutboundCallbackUrl": url,
        "InboundCallbackCreds": credentials,
        "OutboundCallbackCreds": credentials,
        "RequestedCallbackTypes": {"CallbackType": list(CALLBACK_TYPES)},
    }


def _path(application: str) -> str:
    return f"/applications/{quote(application, safe='')}"


def _association_path(account: VendorAccount) -> str:
    site, peer = location(account)
    return f"/sites/{site}/sippeers/{peer}/products/messaging/applicationSettings"
