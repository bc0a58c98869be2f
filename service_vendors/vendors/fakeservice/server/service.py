"""The company as a running server: in a thread of this process, or as a process of its own."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Final, Self
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

DEFAULT_PORT: Final = 8001
START_SECONDS: Final = 10.0
STOP_SECONDS: Final = 10.0


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


class FakeServiceServer:
    """The company in a thread of this process; for the demo and for tests.

    >>> with FakeServiceServer() as server:
    ...     server.account()["api_url"] == server.url
    True
    """

    def __init__(
        self, port: int = 0, ledger: Path | str | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.url = ""
        self._host, self._port = host, port
        self._ledger = Path(ledger) if ledger else None
        self._ready = Event()
        self._failures: list[Exception] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._until: asyncio.Event | None = None
        self._thread: Thread | None = None

    def start(self) -> Self:
        """Serve from now on. Raises OSError when the port is taken."""
        self._ready.clear()
        self._failures.clear()
        self._thread = Thread(target=self._run, name="fakeservice", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise RuntimeError("The fake company did not start in time.")
        for failure in self._failures:
            raise failure
        return self

    def stop(self) -> None:
        """Stop serving. What is in a ledger file stays there."""
        if self._loop is not None and self._until is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._until.set)
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
            if self._thread.is_alive():
                raise RuntimeError("The fake company did not stop in time.")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

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
        with build_opener(ProxyHandler({})).open(request, timeout=START_SECONDS) as answer:
            return json.loads(answer.read())

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - handed to whoever called start()
            self._failures.append(error)
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._until = asyncio.get_running_loop(), asyncio.Event()

        def ready(url: str) -> None:
            self.url = url
            self._ready.set()

        await serve(self._host, self._port, self._ledger, ready=ready, until=self._until)
