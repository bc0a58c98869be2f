"""Messaging services: opened, pointed somewhere, filled, emptied and closed.

https://www.twilio.com/docs/messaging/api/service-resource
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from tests.simulators.twilio import pages
from tests.simulators.twilio.company import COMPANY, Refusal, TwilioCompany

MOST_NUMBERS: Final = 400
LONGEST_NAME: Final = 64
# What a service says of itself, by the name of the form field that sets it.
TEXTS: Final = {
    "FriendlyName": "friendly_name",
    "InboundRequestUrl": "inbound_request_url",
    "InboundMethod": "inbound_method",
    "StatusCallback": "status_callback",
}
SWITCHES: Final = {
    "SmartEncoding": "smart_encoding",
    "UseInboundWebhookOnNumber": "use_inbound_webhook_on_number",
}


async def create(request: web.Request) -> web.Response:
    """Open a service."""
    company = request.app[COMPANY]
    said = await _said(request)
    if not 0 < len(said.get("friendly_name", "")) <= LONGEST_NAME:
        raise Refusal(400, 20001, "FriendlyName is missing or too long")
    sid = company.new_sid("MG")
    company.services[sid] = {
        "sid": sid,
        "account_sid": company.account_sid,
        "numbers": [],
        "date_created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **said,
    }
    return web.json_response(_told(company.services[sid]), status=201)


async def fetch(request: web.Request) -> web.Response:
    """One service."""
    return web.json_response(_told(_service(request)))


async def listed(request: web.Request) -> web.Response:
    """Every service of the account."""
    found = [_told(one) for one in request.app[COMPANY].services.values()]
    return pages.new(request, "services", found)


async def update(request: web.Request) -> web.Response:
    """Change what a service says of itself."""
    service = _service(request)
    service.update(await _said(request))
    return web.json_response(_told(service))


async def delete(request: web.Request) -> web.Response:
    """Close a service; its numbers remain the account's."""
    del request.app[COMPANY].services[_service(request)["sid"]]
    return web.Response(status=204)


async def add_number(request: web.Request) -> web.Response:
    """Put one of the account's numbers into a service."""
    company, service = request.app[COMPANY], _service(request)
    form = await request.post()
    sid = str(form.get("PhoneNumberSid", ""))
    if sid not in company.numbers:
        raise Refusal(404, 21421, "Phone Number is invalid")
    if sid in service["numbers"]:
        raise Refusal(409, 21710, "Phone Number is already in the Messaging Service.")
    if any(sid in one["numbers"] for one in company.services.values()):
        raise Refusal(409, 21712, "Phone Number is associated with another Messaging Service.")
    if len(service["numbers"]) >= MOST_NUMBERS:
        raise Refusal(412, 21714, "Number Pool size limit reached")
    service["numbers"].append(sid)
    return web.json_response(_member(company, service, sid), status=201)


async def listed_numbers(request: web.Request) -> web.Response:
    """The numbers in a service."""
    company, service = request.app[COMPANY], _service(request)
    found = [_member(company, service, sid) for sid in service["numbers"]]
    return pages.new(request, "phone_numbers", found)


async def remove_number(request: web.Request) -> web.Response:
    """Take a number out of a service."""
    service, sid = _service(request), request.match_info["number"]
    if sid not in service["numbers"]:
        raise Refusal(404, 20404, f"The requested resource {request.path} was not found")
    service["numbers"].remove(sid)
    return web.Response(status=204)


async def _said(request: web.Request) -> dict[str, Any]:
    form = await request.post()
    texts = {name: str(form[field]) for field, name in TEXTS.items() if field in form}
    switches = {name: form[field] == "true" for field, name in SWITCHES.items() if field in form}
    return {**texts, **switches}


def _service(request: web.Request) -> dict[str, Any]:
    service = request.app[COMPANY].services.get(request.match_info["service"])
    if service is None:
        raise Refusal(404, 20404, f"The requested resource {request.path} was not found")
    return service


def _told(one: dict[str, Any]) -> dict[str, Any]:
    """A service in Twilio's words."""
    return {
        "sid": one["sid"],
        "account_sid": one["account_sid"],
        "friendly_name": one["friendly_name"],
        "inbound_request_url": one.get("inbound_request_url"),
        "inbound_method": one.get("inbound_method", "POST"),
        "status_callback": one.get("status_callback"),
        "smart_encoding": one.get("smart_encoding", True),
        "use_inbound_webhook_on_number": one.get("use_inbound_webhook_on_number", False),
        "date_created": one.get("date_created", "2026-01-01T00:00:00Z"),
        "date_updated": one.get("date_created", "2026-01-01T00:00:00Z"),
        "url": f"https://messaging.twilio.com/v1/Services/{one['sid']}",
        "links": {},
    }


def _member(company: TwilioCompany, service: dict[str, Any], sid: str) -> dict[str, Any]:
    return {
        "sid": sid,
        "account_sid": company.account_sid,
        "service_sid": service["sid"],
        "phone_number": company.numbers[sid]["phone_number"],
        "country_code": "US",
        "capabilities": ["SMS", "MMS"],
        "date_created": "2026-01-01T00:00:00Z",
        "date_updated": "2026-01-01T00:00:00Z",
        "url": f"https://messaging.twilio.com/v1/Services/{service['sid']}/PhoneNumbers/{sid}",
    }


SERVICES: Final = "/v1/Services"
ROUTES: Final = [
    web.post(SERVICES, create),
    web.get(SERVICES, listed),
    web.get(f"{SERVICES}/{{service}}", fetch),
    web.post(f"{SERVICES}/{{service}}", update),
    web.delete(f"{SERVICES}/{{service}}", delete),
    web.post(f"{SERVICES}/{{service}}/PhoneNumbers", add_number),
    web.get(f"{SERVICES}/{{service}}/PhoneNumbers", listed_numbers),
    web.delete(f"{SERVICES}/{{service}}/PhoneNumbers/{{number}}", remove_number),
]
