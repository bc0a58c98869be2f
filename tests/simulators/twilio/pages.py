"""Lists, a page at a time, in the two ways that Twilio has of turning them."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

# Twilio gives up to 1,000; here even short lists have several pages.
MOST_A_PAGE: Final = 50


def old(request: web.Request, name: str, found: list[Any]) -> web.Response:
    """A page of a list of the older API, whose address is relative."""
    page, size, here = _cut(request, found)
    more = _next(request, page, size, found)
    return web.json_response(
        {
            name: here,
            "first_page_uri": request.path,
            "next_page_uri": f"{request.path}?{more}" if more else None,
            "previous_page_uri": None,
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + max(0, len(here) - 1),
            "uri": request.path_qs,
        }
    )


def new(request: web.Request, name: str, found: list[Any]) -> web.Response:
    """A page of a list of the newer APIs, whose address is whole."""
    page, size, here = _cut(request, found)
    more = _next(request, page, size, found)
    address = f"https://{request.host}{request.path}"
    return web.json_response(
        {
            name: here,
            "meta": {
                "key": name,
                "page": page,
                "page_size": size,
                "first_page_url": f"{address}?PageSize={size}&Page=0",
                "previous_page_url": None,
                "next_page_url": f"{address}?{more}" if more else None,
                "url": f"{address}?PageSize={size}&Page={page}",
            },
        }
    )


def _cut(request: web.Request, found: list[Any]) -> tuple[int, int, list[Any]]:
    size = min(int(request.query.get("PageSize", "50")), MOST_A_PAGE)
    page = int(request.query.get("Page", "0"))
    return page, size, found[page * size : (page + 1) * size]


def _next(request: web.Request, page: int, size: int, found: list[Any]) -> str:
    if len(found) <= (page + 1) * size:
        return ""
    return urlencode({**request.query, "PageSize": size, "Page": page + 1, "PageToken": "PT1"})
