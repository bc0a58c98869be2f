"""What is known of numbers, as Number Insight and as Identity Insights tell it.

https://developer.vonage.com/en/api/number-insight,
https://developer.vonage.com/en/api/identity-insights
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.simulators.nexmo.company import COMPANY, NexmoCompany


async def basic(request: web.Request) -> web.Response:
    """Whether it is a number, and of which country."""
    return web.json_response(_basic(request.app[COMPANY], request.query["number"]))


async def standard(request: web.Request) -> web.Response:
    """The same, and the carrier and the kind of line; with ``cnam`` who has it."""
    company, number = request.app[COMPANY], request.query["number"]
    company.lookups.append(number)
    said, known = _basic(company, number), company.known.get(number, {})
    if said["status"] == 0:
        carrier = {
            "network_code": "310260",
            "name": known.get("carrier", ""),
            "country": known.get("country", "US"),
            "network_type": known.get("line_type", "unknown"),
        }
        said |= {"current_carrier": carrier, "original_carrier": carrier}
        if request.query.get("cnam") == "true":
            said |= {"caller_name": known.get("name", "unknown")}
    return web.json_response(said)


async def identity(request: web.Request) -> web.Response:
    """Each insight that is asked for, with a status of its own."""
    company, asked = request.app[COMPANY], await request.json()
    number = str(asked["phone_number"])
    company.lookups.append(number)
    known = company.known.get(number)
    told: dict[str, Any] = {}
    if "format" in asked["insights"]:
        told["format"] = (
            {"is_format_valid": False, "status": {"code": "INVALID_NUMBER_FORMAT"}}
            if known is None
            else {
                "country_code": known.get("country", "US"),
                "is_format_valid": True,
                "number_international": f"+{number}",
                "status": {"code": "OK"},
            }
        )
    for name in ("current_carrier", "original_carrier"):
        if name in asked["insights"]:
            told[name] = _carrier(known, name)
    return web.json_response(
        {"request_id": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab", "insights": told}
    )


def _basic(company: NexmoCompany, number: str) -> dict[str, Any]:
    known = company.known.get(number)
    if known is None:
        return {"status": 3, "status_message": "Invalid number"}
    return {
        "status": 0,
        "status_message": "Success",
        "request_id": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
        "international_format_number": number,
        "country_code": known.get("country", "US"),
    }


def _carrier(known: dict[str, str] | None, name: str) -> dict[str, Any]:
    if known is None:
        return {"status": {"code": "INVALID_PHONE_NUMBER"}}
    if name == "current_carrier" and known.get("current") == "no":
        return {"status": {"code": "NO_COVERAGE"}}
    return {
        "name": known.get("carrier", ""),
        "network_type": known.get("line_type", "unknown").upper(),
        "country_code": known.get("country", "US"),
        "network_code": "310260",
        "status": {"code": "OK"},
    }
