"""Which address of Twilio's is answered where: each area adds its own."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from tests.simulators.twilio import accounts, lookups, messages, numbers, pricing, services

ACCOUNT: Final = "/2010-04-01/Accounts/{account}"

ROUTES: Final[list[web.RouteDef]] = [
    web.get(f"{ACCOUNT}.json", accounts.fetch),
    web.post(f"{ACCOUNT}/Messages.json", messages.create),
    web.get(f"{ACCOUNT}/Messages.json", messages.listed),
    *numbers.ROUTES,
    *services.ROUTES,
    *pricing.ROUTES,
    *lookups.ROUTES,
]
