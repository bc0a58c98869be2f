"""The internet as the tests have it: a company's real host names, served from this machine.

Vendors' SDKs fix ``https`` and the names of hosts. So a stand-in listens on loopback with a
certificate of an authority made for this test run, and is reached as deployments behind an egress
proxy reach the real company: through HTTPS_PROXY, trusting REQUESTS_CA_BUNDLE. The code under test
needs no hook for it. Hosts that no stand-in serves are refused.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
import trustme
from aiohttp import web

from service_vendors.vendors import http, loop
from service_vendors.vendors.threaded import ThreadedServer

PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")


@cache
def _authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def serving(app: web.Application, hosts: Sequence[str]) -> Iterator[Switch]:
    """Serve ``app`` at https://<host>/ for every one of the hosts, to this process."""
    with (
        Switch(app, tuple(hosts)) as switch,
        TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as environment,
    ):
        bundle = Path(folder, "authority.pem")
        _authority().cert_pem.write_to_path(bundle)
        for name in PROXIES:
            environment.delenv(name, raising=False)
            environment.delenv(name.lower(), raising=False)
        environment.setenv("HTTPS_PROXY", f"http://127.0.0.1:{switch.port}")
        environment.setenv("REQUESTS_CA_BUNDLE", str(bundle))
        loop.run(http.close())  # connections that trust somebody else
        try:
            yield switch
        finally:
            loop.run(http.close())


class Switch(ThreadedServer):
    """An egress proxy and, behind it, the company; both in one thread of this process.

    After ``stop``, connections are refused.
    """

    title = "stand-in"

    def __init__(self, app: web.Application, hosts: Sequence[str]) -> None:
        super().__init__()
        self.port = 0
        self._app, self._hosts = app, hosts

    async def serve(self, up: Callable[[], None], until: asyncio.Event) -> None:
        """The proxy, at ``port``."""
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._certificate(), backlog=1024)
        await site.start()
        self._company_port = runner.addresses[0][1]
        proxy = await asyncio.start_server(self._tunnel, "127.0.0.1", 0, backlog=1024)
        self.port = proxy.sockets[0].getsockname()[1]
        up()
        await until.wait()
        proxy.close()
        await runner.cleanup()
        running = asyncio.all_tasks() - {asyncio.current_task()}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _certificate(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        _authority().issue_cert(*self._hosts).configure_cert(context)
        return context

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One CONNECT of a client's."""
        try:
            asked = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = asked.split(" ", 2)
            if method != "CONNECT" or target not in {f"{host}:443" for host in self._hosts}:
                writer.write(b"HTTP/1.1 502 Nobody serves this here\r\n\r\n")
                await writer.drain()
                return
            there = await asyncio.open_connection("127.0.0.1", self._company_port)
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await asyncio.gather(_pass_on(reader, there[1]), _pass_on(there[0], writer))
        except (OSError, ValueError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything from one side to the other; an end here is an end there."""
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
