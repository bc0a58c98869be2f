"""Phone numbers: for sale by area, bought once each, listed and given back.

https://www.twilio.com/docs/phone-numbers/api
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from aiohttp import web

from tests.simulators.twilio import pages
from tests.simulators.twilio.accounts import company_of
from tests.simulators.twilio.company import Refusal, TwilioCompany

# What numbers begin with, by country and list. An area that is in none of them has no numbers.
TOLL_FREE: Final = ("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")
SOLD: Final = {
    ("US", "Local"): ("+1212", "+1216", "+1906"),
    ("US", "TollFree"): TOLL_FREE,
    ("CA", "Local"): ("+1416",),
    ("GB", "Mobile"): ("+447400",),
    ("GB", "Local"): ("+4420", "+44161"),
}
# Areas with less than that to sell.
STOCK: Final = 1_200
SCARCE: Final = {"+1906": 2}
# Twilio shows some at a time, however many are asked for.
MOST_SHOWN: Final = 250
LONGEST_NAME: Final = 64
E164_CHARACTERS: Final = 12

NUMBERS: Final = "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers"


async def available(request: web.Request) -> web.Response:
    """Numbers of one list that nobody has."""
    company, query = company_of(request), request.query
    country, kind = request.match_info["country"], request.match_info["kind"]
    if (country, kind) not in SOLD:
        raise Refusal(404, 20404, f"The requested resource {request.path} was not found")
    if query.get("SmsEnabled") != "true":
        raise AssertionError("numbers that take no texts are of no use")
    wanted = f"+1{query['AreaCode']}" if "AreaCode" in query else query.get("Contains", "")
    size = min(int(query.get("PageSize", "50")), MOST_SHOWN)
    owned = {one["phone_number"] for one in company.numbers.values()}
    found = [
        number
        for beginning in SOLD[country, kind]
        if beginning.startswith(wanted) or wanted.startswith(beginning)
        for number in stock(beginning)
        if number not in owned and number.startswith(wanted)
    ]
    return web.json_response(
        {
            "uri": request.path_qs,
            "available_phone_numbers": [
                {
                    "phone_number": number,
                    "friendly_name": number,
                    "iso_country": country,
                    "locality": "Hilo" if kind == "Local" else None,
                    "region": "HI" if kind == "Local" else None,
                    "postal_code": None,
                    "beta": False,
                    "address_requirements": "none",
                    "capabilities": {"voice": True, "SMS": True, "MMS": kind != "Mobile"},
                }
                for number in found[:size]
            ],
        }
    )


def stock(beginning: str) -> list[str]:
    """Every number that is ever sold of those that begin like this."""
    width = E164_CHARACTERS + (not beginning.startswith("+1")) - len(beginning)
    return [f"{beginning}5{index:0{width - 1}}" for index in range(SCARCE.get(beginning, STOCK))]


async def buy(request: web.Request) -> web.Response:
    """Sell one number, to whoever comes first."""
    company, form = company_of(request), await request.post()
    number, name = str(form.get("PhoneNumber", "")), str(form.get("FriendlyName", ""))
    if number in company.refusals:
        raise company.refusals[number]
    sold = [one for beginnings in SOLD.values() for one in beginnings if number.startswith(one)]
    if not sold or number not in stock(sold[0]):
        raise Refusal(400, 21421, f"PhoneNumber is invalid {number}")
    if any(one["phone_number"] == number for one in company.numbers.values()):
        raise Refusal(400, 21422, f"{number} is not available.")
    if len(name) > LONGEST_NAME:
        raise Refusal(400, 20001, "FriendlyName is too long")
    sid = company.new_sid("PN")
    company.numbers[sid] = {
        "sid": sid,
        "phone_number": number,
        "friendly_name": name or number,
        "sms_url": str(form.get("SmsUrl", "")),
        "sms_method": str(form.get("SmsMethod", "POST")),
    }
    return web.json_response(_owned(company, company.numbers[sid]), status=201)


async def listed(request: web.Request) -> web.Response:
    """The account's numbers."""
    company, query = company_of(request), request.query
    found = [
        _owned(company, one)
        for one in company.numbers.values()
        if query.get("FriendlyName", _name(one)) == _name(one)
        and query.get("PhoneNumber", one["phone_number"]) == one["phone_number"]
    ]
    return pages.old(request, "incoming_phone_numbers", found)


async def release(request: web.Request) -> web.Response:
    """Take a number back, out of the messaging service it is in."""
    company, sid = company_of(request), request.match_info["number"]
    if company.numbers.pop(sid, None) is None:
        raise Refusal(404, 20404, f"The requested resource {request.path} was not found")
    for service in company.services.values():
        service["numbers"] = [one for one in service["numbers"] if one != sid]
    return web.Response(status=204)


def _name(one: dict[str, Any]) -> str:
    return str(one.get("friendly_name") or one["phone_number"])


def _owned(company: TwilioCompany, one: dict[str, Any]) -> dict[str, Any]:
    """A number of the account's, in Twilio's words; in which service it is they do not say."""
    number = one["phone_number"]
    return {
        "sid": one["sid"],
        "account_sid": company.account_sid,
        "phone_number": number,
        "friendly_name": _name(one),
        "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
        "sms_url": one.get("sms_url", ""),
        "sms_method": one.get("sms_method", "POST"),
        "status": "in-use",
        "origin": "twilio",
        "type": "mobile" if re.match(r"\+447", number) else "local",
        "beta": False,
        "date_created": format_datetime(datetime.now(UTC)),
        "date_updated": format_datetime(datetime.now(UTC)),
        "uri": f"/2010-04-01/Accounts/{company.account_sid}/IncomingPhoneNumbers/{one['sid']}.json",
    }


ROUTES: Final = [
    web.get(
        "/2010-04-01/Accounts/{account}/AvailablePhoneNumbers/{country}/{kind}.json", available
    ),
    web.post(f"{NUMBERS}.json", buy),
    web.get(f"{NUMBERS}.json", listed),
    web.delete(f"{NUMBERS}/{{number}}.json", release),
]
