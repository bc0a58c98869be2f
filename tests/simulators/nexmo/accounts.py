"""The account and its applications.

https://developer.vonage.com/en/api/account, https://developer.vonage.com/en/api/application.v2
"""

from __future__ import annotations

from aiohttp import web

from tests.simulators.nexmo.company import COMPANY, Refusal


async def balance(request: web.Request) -> web.Response:
    """What the account has, in euros."""
    return web.json_response(
        {"value": float(request.app[COMPANY].balance), "autoReload": False},
    )


async def create(request: web.Request) -> web.Response:
    """A new application; it needs no more than a name."""
    asked = await request.json()
    if not asked.get("name"):
        raise Refusal(400, {"type": "about:blank", "title": "Bad Request"})
    company = request.app[COMPANY]
    application_id = company.new_application(asked["name"], asked.get("capabilities"))
    return web.json_response(company.applications[application_id], status=201)


async def listed(request: web.Request) -> web.Response:
    """The applications, a page at a time."""
    everything = list(request.app[COMPANY].applications.values())
    size, page = int(request.query.get("page_size", "10")), int(request.query.get("page", "1"))
    return web.json_response(
        {
            "page_size": size,
            "page": page,
            "total_items": len(everything),
            "total_pages": -(-len(everything) // size),
            "_embedded": {"applications": everything[(page - 1) * size : page * size]},
        }
    )


async def fetch(request: web.Request) -> web.Response:
    """One application."""
    found = request.app[COMPANY].applications.get(request.match_info["application"])
    if found is None:
        raise web.HTTPNotFound
    return web.json_response(found)


async def delete(request: web.Request) -> web.Response:
    """Delete an application."""
    if request.app[COMPANY].applications.pop(request.match_info["application"], None) is None:
        raise web.HTTPNotFound
    return web.Response(status=204)
