"""Messages: taken, refused and listed as Twilio's own documentation says.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from aiohttp import web

from tests.simulators.disturbances import Handler, doing_and, hang_up, say_nothing
from tests.simulators.twilio import pages
from tests.simulators.twilio.accounts import company_of
from tests.simulators.twilio.company import Refusal, TwilioCompany

E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
MOST_CHARACTERS: Final = 1_600
MOST_PICTURES: Final = 10
LONGEST_VALIDITY_SECONDS: Final = 36_000


async def create(request: web.Request) -> web.Response:
    """Take one message."""
    return web.json_response(answer(await take(request)), status=201)


async def take(request: web.Request) -> dict[str, Any]:
    """Check a message and keep it. Raises Refusal."""
    company = company_of(request)
    form = await request.post()
    one = {name: str(value) for name, value in form.items()}
    media = [str(value) for value in form.getall("MediaUrl", [])]
    _check(one, media)
    to, service = one["To"], one.get("MessagingServiceSid")
    if to in company.refusals:
        raise company.refusals[to]
    sender = _sender(company, one.get("From"), service, to)
    sid = company.new_sid("MM" if media else "SM")
    taken = {
        "sid": sid,
        "account_sid": company.account_sid,
        "messaging_service_sid": service,
        "to": to,
        "from": sender,
        "from_was_named": "From" in one,
        "body": one.get("Body", ""),
        "media": media,
        "status": "accepted" if service else "queued",
        "error_code": None,
        "error_message": None,
        "date_created": datetime.now(UTC),
        "date_sent": None,
        "validity_period": one.get("ValidityPeriod"),
        "send_as_mms": one.get("SendAsMms"),
        "smart_encoded": one.get("SmartEncoded"),
        "status_callback": one.get("StatusCallback", ""),
    }
    company.messages.append(taken)
    return taken


async def listed(request: web.Request) -> web.Response:
    """The account's messages, newest first, a page at a time."""
    company, query = company_of(request), request.query
    found = [one for one in reversed(company.messages) if _is_asked_for(one, query)]
    return pages.old(request, "messages", [answer(one) | {"from": one["from"]} for one in found])


def answer(one: dict[str, Any]) -> dict[str, Any]:
    """A message in Twilio's words. Who sends for a messaging service is not known at first."""
    return {
        "sid": one["sid"],
        "account_sid": one["account_sid"],
        "messaging_service_sid": one["messaging_service_sid"],
        "to": one["to"],
        "from": one["from"] if one["from_was_named"] else None,
        "body": one["body"],
        "status": one["status"],
        "direction": "outbound-api",
        "num_media": str(len(one["media"])),
        "num_segments": "0" if one["messaging_service_sid"] else "1",
        "error_code": one["error_code"],
        "error_message": one["error_message"],
        "date_created": format_datetime(one["date_created"]),
        "date_updated": format_datetime(one["date_created"]),
        "date_sent": one["date_sent"] and format_datetime(one["date_sent"]),
        "price": None,
        "price_unit": "USD",
        "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/{one['account_sid']}/Messages/{one['sid']}.json",
        "subresource_uris": {},
    }


# -- bad days: what a company may do instead of answering a request to send -----------------------


def taking_and(handler: Handler) -> Handler:
    """Take the message; then do something other than say so."""

    async def take_if_sent(request: web.Request) -> None:
        if request.method == "POST" and request.path.endswith("/Messages.json"):
            await take(request)

    return doing_and(take_if_sent, handler)


SILENT: Final = taking_and(say_nothing)
HANGS_UP: Final = taking_and(hang_up)


def _check(one: dict[str, str], media: list[str]) -> None:
    if not one.get("To"):
        raise Refusal(400, 21604, "A 'To' phone number is required.")
    if not E164.fullmatch(one["To"]):
        raise Refusal(400, 21211, "Invalid 'To' Phone Number")
    if not (one.get("From") or one.get("MessagingServiceSid")):
        raise Refusal(400, 21603, "A 'From' phone number is required.")
    if not (one.get("Body") or media):
        raise Refusal(400, 21619, "A text message body or media urls must be specified.")
    if len(one.get("Body", "")) > MOST_CHARACTERS:
        raise Refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    if len(media) > MOST_PICTURES:
        raise Refusal(400, 21623, "Number of media files exceeds allowed limit")
    validity = one.get("ValidityPeriod")
    if validity is not None and not 1 <= int(validity) <= LONGEST_VALIDITY_SECONDS:
        raise Refusal(400, 21624, "Invalid Validity Period")


def _sender(company: TwilioCompany, number: str | None, service: str | None, to: str) -> str:
    """Who sends: the number that was named, or one of the messaging service's own."""
    owned = {one["phone_number"] for one in company.numbers.values()}
    if service is not None:
        if service not in company.services:
            raise Refusal(400, 21701, "The Messaging Service does not exist")
        pool = [
            company.numbers[sid]["phone_number"]
            for sid in company.services[service]["numbers"]
            if sid in company.numbers
        ]
        if not pool:
            raise Refusal(400, 21704, "The Messaging Service contains no phone numbers.")
        if number is None:
            return pool[sum(map(ord, to)) % len(pool)]
        owned = set(pool)
    if number not in owned:
        raise Refusal(400, 21606, f"The 'From' phone number {number} is not a valid sender.")
    return str(number)


def _is_asked_for(one: dict[str, Any], query: Any) -> bool:
    sent = one["date_sent"] and one["date_sent"].date().isoformat()
    return (
        query.get("To", one["to"]) == one["to"]
        and query.get("From", one["from"]) == one["from"]
        and ("DateSent" not in query or sent == query["DateSent"][:10])
        and ("DateSent>" not in query or bool(sent and sent >= query["DateSent>"][:10]))
        and ("DateSent<" not in query or bool(sent and sent <= query["DateSent<"][:10]))
    )
