"""Bad moments: one kind of request goes wrong, and all others are answered as usual."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from tests.simulators.disturbances import (
    Handler,
    doing_and,
    hang_up,
    refusing,
    say_nothing,
    saying,
)
from tests.simulators.twilio.company import Refusal

# What may be heard in place of an answer, by its name in a test.
LOST: Final[Mapping[str, Handler]] = {
    "silent": say_nothing,
    "hangs up": hang_up,
    "breaks": refusing(Refusal(500, 20500)),
    "mumbles": saying("<html>"),
    "says nothing of value": saying("{}"),
}


async def as_usual(request: web.Request) -> web.StreamResponse:
    """What the company answers on a good day."""
    return await request.match_info.handler(request)


def at(method: str, path: str, handler: Handler, *, times: int = 1_000_000) -> Handler:
    """This happens to the first so many requests whose path ends like the pattern."""
    left = times

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal left
        if left and request.method == method and re.search(f"{path}$", request.path):
            left -= 1
            return await handler(request)
        return await as_usual(request)

    return answer


def done_and(handler: Handler) -> Handler:
    """Do what was asked; then do something other than say so."""
    return doing_and(as_usual, handler)
