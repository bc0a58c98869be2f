"""Which address of Vonage's is answered where."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from tests.simulators.nexmo import accounts, insights, messages, numbers

ROUTES: Final[list[web.RouteDef]] = [
    web.post(messages.SMS, messages.send_sms),
    web.post(messages.MESSAGES, messages.send_mms),
    web.get("/account/get-balance", accounts.balance),
    web.post("/v2/applications", accounts.create),
    web.get("/v2/applications", accounts.listed),
    web.get("/v2/applications/{application}", accounts.fetch),
    web.delete("/v2/applications/{application}", accounts.delete),
    web.get("/number/search", numbers.search),
    web.get("/account/numbers", numbers.owned),
    web.post("/number/buy", numbers.buy),
    web.post("/number/update", numbers.update),
    web.post("/number/cancel", numbers.cancel),
    web.get("/ni/basic/json", insights.basic),
    web.get("/ni/standard/json", insights.standard),
    web.post("/identity-insights/v1/requests", insights.identity),
]


async def answered(request: web.Request) -> web.StreamResponse:
    """What the company answers on a good day; for those who disturb only some requests."""
    resource = request.match_info.route.resource
    path = resource.canonical if resource is not None else request.path
    found = next(one for one in ROUTES if (one.method, one.path) == (request.method, path))
    # Its type allows classes, too; these are all functions.
    answer: web.StreamResponse = await found.handler(request)  # type: ignore[arg-type, operator]
    return answer
