"""Messaging services: pools of numbers that Twilio sends from, and where it calls us for them.

https://www.twilio.com/docs/messaging/api/service-resource
"""

from __future__ import annotations

import asyncio
from abc import ABC
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from service_vendors import conf
from service_vendors.backoff import backoff_seconds
from service_vendors.exceptions import (
    ConfigurationRejected,
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorError,
    VendorNotConfigured,
)
from service_vendors.types import MessagingService, VendorAccount, WebhookTarget
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.twilio import answers, errors, settings
from service_vendors.vendors.twilio.transport import client

T = TypeVar("T")

MOST_NUMBERS: Final = 400
LONGEST_NAME: Final = 64
PAGE_SIZE: Final = 1_000
CONSOLE: Final = "https://console.twilio.com/us1/develop/sms/services/"

# What may be repeated is repeated this often, after pauses that double.
TRIES: Final = 5
FIRST_PAUSE_SECONDS: Final = 0.25
LONGEST_PAUSE_SECONDS: Final = 8.0
# Whoever is told to come back later than this has others do it.
LONGEST_WAIT_SECONDS: Final = 30.0

# How much Twilio's clock and ours may differ.
CLOCKS_DIFFER: Final = timedelta(minutes=1)

NO_SUCH_SERVICE: Final = (
    "Twilio has no such messaging service in this account. Check its SID, or whether it was "
    "deleted."
)
NO_SERVICE: Final = (
    "No messaging service is set, so there is nothing to point here. Fill in the Messaging "
    "service SID first."
)
NO_ADDRESS: Final = (
    "Twilio cannot call this installation: it has no public address. Set BASE_URL to it."
)
FULL: Final = (
    f"A messaging service takes {MOST_NUMBERS} numbers, and this one has no room for all of "
    "these. Take others out of it, or use a second one."
)


class WithMessagingServices(ServiceVendor, ABC):
    """The part of the vendor that keeps pools of numbers, and has Twilio call us for them."""

    async def create_messaging_service(self, name: str) -> str:
        """Create a pool of numbers that calls our webhooks; its id.

        When Twilio's answer is lost, what was created meanwhile is looked for. If that does not
        show it either, SendUncertain is raised: an empty service that nobody knows may be left at
        Twilio, where it costs nothing.
        """
        self._insist_on_an_address()
        order = {
            "friendly_name": name[:LONGEST_NAME],
            "smart_encoding": bool(conf.read(settings.SMART_ENCODED)),
            **_calls(self.account.callback),
        }
        began = datetime.now(UTC)
        try:
            with answers.reading(acts=True):
                services = client(self.account, acts=True).messaging.v1.services
                return answers.insist_on_sid((await services.create_async(**order)).sid, "MG")
        except SendUncertain:
            found = await self._created_after_all(name[:LONGEST_NAME], began)
            if not found:
                raise
            return found

    async def delete_messaging_service(self, messageservice_sid: str) -> None:
        """Delete a pool; one that is already gone counts as deleted. Its numbers remain ours."""
        if not answers.is_sid(messageservice_sid, "MG"):
            return
        service = client(self.account).messaging.v1.services(messageservice_sid)
        await unless_gone(service.delete_async)

    async def add_numbers_to_messaging_service(
        self, messageservice_sid: str, service_ids: Sequence[str]
    ) -> None:
        """Put numbers into a pool, in this order.

        A number of the account's own messaging service, where bought numbers wait, moves over.
        One of any other service stays there. Raises PermanentVendorError, before anything is
        changed, when there is not room for all. Repeating it is safe.
        """
        inside = set(await members(self.account, messageservice_sid))
        new = [one for one in dict.fromkeys(service_ids) if one not in inside]
        if len(inside) + len(new) > MOST_NUMBERS:
            raise PermanentVendorError(FULL, code=errors.POOL_FULL)
        own = self.get_message_service_sid("", "")
        for number in new:
            try:
                await join(self.account, messageservice_sid, number)
            except PermanentVendorError as error:
                if error.code != errors.IN_ANOTHER_SERVICE:
                    raise
                if not own or own == messageservice_sid:
                    raise
                await leave(self.account, own, number)
                await join(self.account, messageservice_sid, number)

    async def clear_messaging_service_phones(self, messageservice_sid: str) -> None:
        """Take every number out of a pool. Repeating it is safe; a pool that is gone is clear."""
        try:
            inside = await members(self.account, messageservice_sid)
        except PermanentVendorError as error:
            if error.code != errors.NOT_FOUND:
                raise
            return
        for number in inside:
            await leave(self.account, messageservice_sid, number)

    async def list_messaging_services(self) -> AsyncIterator[MessagingService]:
        """Every pool of this account."""
        async for one in everyone(self.account):
            yield MessagingService(one.sid, one.friendly_name or one.sid, CONSOLE + one.sid)

    async def webhook_targets(self) -> list[WebhookTarget]:
        """Where Twilio calls now for the account's messaging service, and where it should.

        Raises ConfigurationRejected when there is no messaging service to ask about.
        """
        ours = _calls(self.standing_callback)
        found = await self._own(lambda service: service.fetch_async())
        # With this switch, Twilio calls what each number says, and the service's address never.
        incoming = "" if found.use_inbound_webhook_on_number else found.inbound_request_url or ""
        return [
            WebhookTarget("Incoming messages", incoming, ours["inbound_request_url"]),
            WebhookTarget("Delivery reports", found.status_callback or "", ours["status_callback"]),
        ]

    async def point_webhooks_here(self) -> None:
        """Have Twilio call us for the account's messaging service."""
        if not self.account.callback_base:
            raise ConfigurationRejected(NO_ADDRESS)
        ours = _calls(self.standing_callback)
        await self._own(lambda service: service.update_async(**ours))

    def shares_webhooks(self) -> bool:
        """The installation's messaging service sends for everybody who set none."""
        is_own = "message_service_sid" in self.account.own_fields
        return self.account.organization_id is not None and not is_own

    async def _own(self, ask: Callable[[Any], Awaitable[Any]]) -> Any:
        """What Twilio answers about the account's own service. Raises ConfigurationRejected."""
        sid = self.get_message_service_sid("", "")
        field = "message_service_sid"
        if not sid:
            raise ConfigurationRejected(NO_SERVICE, field_errors={field: NO_SERVICE})
        if not answers.is_sid(sid, "MG"):
            raise ConfigurationRejected(NO_SUCH_SERVICE, field_errors={field: NO_SUCH_SERVICE})
        try:
            with answers.reading():
                return await ask(client(self.account).messaging.v1.services(sid))
        except PermanentVendorError as error:
            if error.code != errors.NOT_FOUND:
                raise ConfigurationRejected(str(error)) from error
            raise ConfigurationRejected(
                NO_SUCH_SERVICE, field_errors={field: NO_SUCH_SERVICE}
            ) from error
        except VendorNotConfigured as error:
            raise ConfigurationRejected(str(error)) from error

    async def _created_after_all(self, name: str, began: datetime) -> str:
        """The service that was created under a name since then, if there is exactly one."""
        address = _calls(self.account.callback)["inbound_request_url"]
        try:
            found = [
                one.sid
                async for one in everyone(self.account)
                if one.friendly_name == name
                and one.inbound_request_url == address
                and one.date_created >= began - CLOCKS_DIFFER
                and not await members(self.account, one.sid)
            ]
        except (VendorError, TypeError):
            return ""
        return found[0] if len(found) == 1 else ""

    def _insist_on_an_address(self) -> None:
        if not self.account.callback_base:
            raise VendorNotConfigured(NO_ADDRESS)


def _calls(callback: Callable[[str], str]) -> dict[str, Any]:
    """Where a messaging service calls, in the SDK's words, by where each webhook of ours is."""
    return {
        "inbound_request_url": callback("twilio"),
        "inbound_method": "POST",
        "status_callback": callback("twilio-message-report"),
        "use_inbound_webhook_on_number": False,
    }


async def members(account: VendorAccount, messageservice_sid: str) -> list[str]:
    """The ids of the numbers in a messaging service. Raises PermanentVendorError without one."""
    if not answers.is_sid(messageservice_sid, "MG"):
        raise PermanentVendorError(NO_SUCH_SERVICE, code=errors.NOT_FOUND)
    service = client(account).messaging.v1.services(messageservice_sid)
    try:
        found = answers.every(service.phone_numbers.stream_async(page_size=PAGE_SIZE))
        return [str(one.sid) async for one in found]
    except PermanentVendorError as error:
        if error.code != errors.NOT_FOUND:
            raise
        raise PermanentVendorError(NO_SUCH_SERVICE, code=errors.NOT_FOUND) from error


async def whereabouts(account: VendorAccount) -> dict[str, str]:
    """The messaging service of each number that is in one, by the number's id."""
    inside: dict[str, str] = {}
    async for service in everyone(account):
        try:
            found = await members(account, service.sid)
        except PermanentVendorError as error:
            if error.code != errors.NOT_FOUND:
                raise
            continue  # it was deleted meanwhile
        inside.update(dict.fromkeys(found, service.sid))
    return inside


async def join(account: VendorAccount, messageservice_sid: str, number_sid: str) -> None:
    """Put a number into a messaging service; that it is there already is as good."""
    numbers = client(account).messaging.v1.services(messageservice_sid).phone_numbers
    try:
        with answers.reading():
            await _patiently(lambda: numbers.create_async(phone_number_sid=number_sid))
    except PermanentVendorError as error:
        if error.code != errors.ALREADY_IN_SERVICE:
            raise


async def leave(account: VendorAccount, messageservice_sid: str, number_sid: str) -> None:
    """Take a number out of a messaging service; that it is not there is as good."""
    number = client(account).messaging.v1.services(messageservice_sid).phone_numbers(number_sid)
    await unless_gone(number.delete_async)


async def everyone(account: VendorAccount) -> AsyncIterator[Any]:
    """Every messaging service of the account, as Twilio tells it."""
    services = client(account).messaging.v1.services
    async for one in answers.every(services.stream_async(page_size=PAGE_SIZE)):
        if answers.is_sid(one.sid, "MG"):
            yield one


async def unless_gone(delete: Callable[[], Awaitable[object]]) -> None:
    """Delete something of Twilio's; that it is gone already is as good."""
    try:
        with answers.reading():
            await _patiently(delete)
    except PermanentVendorError as error:
        if error.code not in {errors.NOT_FOUND, errors.NOT_IN_SERVICE}:
            raise


async def _patiently(act: Callable[[], Awaitable[T]]) -> T:
    """Do what may be done twice, again and again while Twilio is busy or out of reach."""
    for attempt in range(1, TRIES):
        try:
            return await act()
        except TransientVendorError as error:
            pause = error.retry_after_seconds
            if pause is None:
                pause = backoff_seconds(attempt, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
            elif pause > LONGEST_WAIT_SECONDS:
                raise
        await asyncio.sleep(pause)
    return await act()
