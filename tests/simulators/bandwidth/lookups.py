"""Lookups of carriers and line types, version 2."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from tests.simulators.bandwidth.company import company_of


async def look_up(request: web.Request) -> web.Response:
    """What is known of each number, and which are not known."""
    company = company_of(request)
    asked = json.loads(await request.read())["phoneNumbers"]
    known = [
        {"phoneNumber": one, **company.lookups[one]} for one in asked if one in company.lookups
    ]
    unknown = [one for one in asked if one not in company.lookups]
    errors: list[dict[str, Any]] = [
        {
            "code": "NO-MATCH",
            "description": "The following TNs could not be found in the Number Industry data",
            "type": "NumberInventory",
            "meta": {"phoneNumbers": unknown, "message": "Invalid TNs", "code": 1001},
        }
    ]
    status = "COMPLETE" if not unknown else "PARTIAL_COMPLETE" if known else "FAILED"
    data = {
        "requestId": "004223a0-8b17-41b1-bf81-20732adf5590",
        "status": status,
        "results": known,
    }
    return web.json_response({"links": [], "data": data, "errors": errors if unknown else []})
