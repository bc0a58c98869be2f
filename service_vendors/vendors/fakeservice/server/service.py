"""The company as a running server: in a thread of this process, or as a process of its own."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.request import ProxyHandler, Request, build_opener

from aiohttp import web

from service_vendors.vendors.fakeservice.server import inventory, lookups, messaging, office
from service_vendors.vendors.fakeservice.server.company import (
    COMPANY,
    MOST_BODY_BYTES,
    Company,
    refusals_as_json,
)
from service_vendors.vendors.fakeservice.server.ledger import Ledger
from service_vendors.vendors.threaded import ThreadedServer

DEFAULT_PORT: Final = 8001
CALL_SECONDS: Final = 10.0


def build_app(company: Company) -> web.Application:
    """The company's API, as a web application."""
    app = web.Application(middlewares=[refusals_as_json], client_max_size=MOST_BODY_BYTES)
    app[COMPANY] = company
    app.add_routes(
        [
            web.get("/", office.manual),
            web.get("/account", office.account),
            web.put("/account", office.set_callback),
            web.put("/webhook", office.register_webhook),
            web.get("/signing-secret", office.show_signing_secret),
            web.post("/signing-secret", office.make_signing_secret),
            web.post("/messages", messaging.send),
            web.get("/messages", messaging.find),
            web.get("/numbers/available", inventory.available),
            web.post("/numbers", inventory.buy),
            web.get("/numbers", inventory.owned),
            web.delete("/numbers/{id}", inventory.release),
            web.get("/pools", inventory.pools),
            web.post("/pools", inventory.open_pool),
            web.delete("/pools/{id}", inventory.close_pool),
            web.post("/pools/{id}/numbers", inventory.fill_pool),
            web.delete("/pools/{id}/numbers", inventory.empty_pool),
            web.get("/lookups/{number}", lookups.look_up),
            web.get("/handsets/{number}", messaging.phone),
            web.post("/handsets/{number}", messaging.reply),
            web.get("/pictures/reply.png", office.picture),
            web.get("/errors/{code}", office.error_page),
            web.get("/behaviour", office.show_behaviour),
            web.put("/behaviour", office.set_behaviour),
            web.get("/ledger", office.show_ledger),
        ]
    )
    return app


async def serve(
    host: str,
    port: int,
    ledger: Path | None,
    *,
    ready: Callable[[str], None],
    until: asyncio.Event,
) -> None:
    """Serve until the event is set. ``ready`` is told the address; port 0 takes a free one.

    Raises OSError when the port is taken, sqlite3.Error when the ledger cannot be used.
    """
    company = Company(Ledger(ledger))
    # A request that is left hanging on purpose must not hold up the end.
    runner = web.AppRunner(build_app(company), access_log=None, shutdown_timeout=1.0)
    try:
        await runner.setup()
        await web.TCPSite(runner, host, port, backlog=1024).start()
        bound = runner.addresses[0][1]
        company.url = f"http://{f'[{host}]' if ':' in host else host}:{bound}"
        ready(company.url)
        await until.wait()
    finally:
        company.closing.set()
        await runner.cleanup()
        await company.close()


def run(host: str, port: int, ledger: Path | None, say: Callable[[str], None]) -> None:
    """Serve in this process until Ctrl-C or SIGTERM. Raises what ``serve`` raises."""

    def ready(url: str) -> None:
        kept = ledger.resolve() if ledger else "memory, and gone when this ends"
        say(f"Fakeservice listens at {url}\nIts ledger is in {kept}")

    async def main() -> None:
        until = asyncio.Event()
        loop = asyncio.get_running_loop()
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, until.set)
        await serve(host, port, ledger, ready=ready, until=until)

    asyncio.run(main())


class FakeServiceServer(ThreadedServer):
    """The company in a thread of this process; for the demo and for tests.

    ``start`` raises OSError when the port is taken. What is in a ledger file outlives ``stop``.

    >>> with FakeServiceServer() as server:
    ...     server.account()["api_url"] == server.url
    True
    """

    title = "fake company"

    def __init__(
        self, port: int = 0, ledger: Path | str | None = None, host: str = "127.0.0.1"
    ) -> None:
        super().__init__()
        self.url = ""
        self._host, self._port = host, port
        self._ledger = Path(ledger) if ledger else None

    def account(self, name: str = "demo") -> dict[str, str]:
        """Settings, by the vendor's field names, of an account here, with secrets of its own."""
        return {
            "api_url": self.url,
            "account_sid": name,
            "api_key": secrets.token_urlsafe(24),
            "signing_secret": secrets.token_urlsafe(24),
        }

    def behave(self, **knobs: Any) -> None:
        """Behave like this from now on; see ``Behaviour``. Without knobs: as built."""
        self.call("PUT", "/behaviour", knobs)

    def sent(self, reference: str = "") -> list[dict[str, Any]]:
        """What was taken to be sent, in order; of one reference, or all."""
        found = self.call("GET", f"/ledger?limit=100000&reference={reference}")
        return list(found["messages"])

    def call(self, method: str, path: str, value: Any = None) -> Any:
        """Speak to the running server; its JSON answer. Raises urllib.error.HTTPError."""
        request = Request(  # noqa: S310 - our own address
            self.url + path,
            method=method,
            data=None if value is None else json.dumps(value).encode(),
        )
        with build_opener(ProxyHandler({})).open(request, timeout=CALL_SECONDS) as answer:
            return json.loads(answer.read())

    async def serve(self, up: Callable[[], None], until: asyncio.Event) -> None:
        """The company, at ``url``."""

        def ready(url: str) -> None:
            self.url = url
            up()

        await serve(self._host, self._port, self._ledger, ready=ready, until=until)
