"""What the stand-ins of all companies have in common: how one opens, and what its desk notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.simulators.disturbances import Handler
from tests.simulators.network import Switch, serving
from tests.simulators.openapi import Asked


@dataclass
class SimulatedCompany:
    """One account at a company. What it keeps is public: tests ask it, and set it."""

    # What answers instead of the company, if anything.
    disturbance: Handler | None = None
    # What is wrong with the requests, by the company's own descriptions. A test that leaves any
    # fails.
    invalid_requests: list[str] = field(default_factory=list)

    @contextmanager
    def serve(
        self,
        hosts: Sequence[str],
        routes: Iterable[web.RouteDef],
        front_desk: Any,
        key: web.AppKey[Any],
    ) -> Iterator[Switch]:
        """Serve this account at the company's addresses while the block lasts.

        Every request goes through the front desk, an aiohttp middleware, and finds the company
        under the key.
        """
        app = web.Application(middlewares=[front_desk], client_max_size=1 << 20)
        app[key] = self
        app.add_routes(routes)
        with serving(app, hosts) as switch:
            yield switch
        assert not self.invalid_requests, "\n".join(self.invalid_requests)


async def asked_of(request: web.Request) -> Asked:
    """A request, as descriptions are held against it."""
    return Asked(
        method=request.method,
        host=request.host,
        path=request.path,
        query=tuple(request.query.items()),
        content_type=request.headers.get("Content-Type", ""),
        body=await request.read(),
    )
