"""Bad moments: what a company may do instead of answering what it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Break the connection of a request off, without any answer."""
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError


async def say_nothing(request: web.Request) -> web.StreamResponse:
    """Keep a request waiting for longer than any test is patient."""
    await asyncio.sleep(3_600)
    raise web.HTTPGatewayTimeout


def saying(body: str, status: int = 200, **headers: str) -> Handler:
    """Answer whatever is asked with this."""

    async def say(request: web.Request) -> web.StreamResponse:
        return web.Response(text=body, status=status, headers=headers)

    return say


def refusing(refusal: Exception) -> Handler:
    """Refuse whatever is asked; the company's front desk puts that in its own words."""

    async def refuse(request: web.Request) -> web.StreamResponse:
        raise refusal

    return refuse


def doing_and(act: Callable[[web.Request], Awaitable[object]], handler: Handler) -> Handler:
    """Do something with the request; then answer something else than what came of it."""

    async def do_and(request: web.Request) -> web.StreamResponse:
        await act(request)
        return await handler(request)

    return do_and
