"""What goes wrong on purpose with a request that costs something, before and after its effect."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from service_vendors.vendors.fakeservice import errors
from service_vendors.vendors.fakeservice.server.behaviour import Fault
from service_vendors.vendors.fakeservice.server.company import Company, Refusal

_NO_EFFECT: Final = {
    Fault.REFUSE: (503, errors.BAD_REQUEST, "Closed for a moment; this was not taken."),
    Fault.REJECT: (400, errors.NOT_IN_SERVICE, ""),
    Fault.LIMIT: (429, errors.BAD_REQUEST, "Too many requests; this was not taken."),
    Fault.LOCK_OUT: (401, errors.BAD_REQUEST, "This account and API key are not accepted."),
}


def refuse(company: Company, fault: Fault | None) -> None:
    """Raise Refusal when a fault keeps a request from having any effect."""
    if fault in _NO_EFFECT:
        status, code, words = _NO_EFFECT[fault]
        wait = company.behaviour.retry_after_seconds if fault is Fault.LIMIT else None
        raise Refusal(status, code, words, retry_after=wait)


async def answered(
    company: Company,
    request: web.Request,
    answer: dict[str, Any],
    fault: Fault | None,
    *,
    status: int = 200,
) -> web.StreamResponse:
    """Answer a request that had its effect, or fail to."""
    match fault:
        case Fault.HANG:
            await company.pause(company.behaviour.hang_seconds)
        case Fault.RESET:
            if request.transport is not None:
                request.transport.abort()
        case Fault.BREAK:
            return web.Response(status=500, text="Something broke.")
        case Fault.GARBLE:
            return web.Response(text="<html>It works!</html>", content_type="text/html")
    return web.json_response(answer, status=status)
