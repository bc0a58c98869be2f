"""Addresses that strangers write are shown and passed on; nothing of ours ever asks for them."""

from __future__ import annotations

import ast
import asyncio
import json
import socket
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from django.test import Client

from service_vendors import receiving, sending
from service_vendors.models import Message, Organization, WebhookEvent
from service_vendors.vendors import http, registry
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from service_vendors.webhooks import reception
from tests.conftest import ClientFor
from tests.factories import OwnedPhoneNumberFactory
from tests.garbage.bodies import FORM, JSON
from tests.garbage.callers import (
    BASE,
    CALLERS,
    OURS,
    Call,
    Caller,
    OfBandwidth,
    OfFakeservice,
    OfNexmo,
    OfTwilio,
)

ROOT: Final = Path(__file__).resolve().parents[1] / "service_vendors"

# Whatever can open a connection; and who may. The stand-in company calls the addresses that its
# own clients name, as companies do; the demo opens a port.
OPENERS: Final = frozenset(
    {"aiohttp", "httpx", "requests", "socket", "urllib3", "http.client", "urllib.request"}
)
MAY_OPEN: Final = {
    "vendors/http.py": {"aiohttp", "urllib.request"},  # of the latter, what proxies there are
    "public_addresses.py": {"socket"},  # how numbers are read
}
FOLDERS_THAT_MAY: Final = ("vendors/fakeservice/server/", "demo/", "testing/")


class Trap:
    """A server on this machine that counts who comes."""

    def __init__(self) -> None:
        self.visits = 0
        self._is_over = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = Thread(target=self._count, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let the last visitor in, who is the one that closes."""
        self._is_over = True
        with socket.create_connection(self._listening.getsockname()):
            self._thread.join()
        self._listening.close()

    def _count(self) -> None:
        while True:
            visitor, _ = self._listening.accept()
            with visitor:
                if self._is_over:
                    return
                self.visits += 1
                visitor.sendall(
                    b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                )


_asked_for: list[str] = []
_is_watching = Event()


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _is_watching.is_set():
        return
    if event == "socket.getaddrinfo":
        _asked_for.append(str(arguments[0]))
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        _asked_for.append(f"http://{arguments[1][0]}:{arguments[1][1]}")


@cache
def _begin_to_watch() -> None:
    sys.addaudithook(_watch)  # for good: it cannot be taken away again


@pytest.fixture
def trap() -> Iterator[Trap]:
    """The trap, empty."""
    _begin_to_watch()
    _asked_for.clear()
    opened = Trap()
    _is_watching.set()
    yield opened
    _is_watching.clear()
    opened.close()


def with_pictures(caller: Caller, path: str, *urls: str) -> Call:
    """A message of a contact, with these pictures."""
    match caller:
        case OfTwilio():
            fields = caller.message | {f"MediaUrl{n}": url for n, url in enumerate(urls)}
            return caller.proven(Call(path, urlencode(fields).encode(), FORM))
        case OfNexmo():
            content = [{"type": "image", "url": url} for url in urls]
            said: Any = {**caller.message, "content": content}
        case OfBandwidth():
            (event,) = caller.samples[0]
            said = [{**event, "message": {**event["message"], "media": list(urls)}}]
        case OfFakeservice():
            media = [{"url": url, "content_type": "image/png"} for url in urls]
            said = {"events": [{**caller.message, "media": media}]}
    return caller.proven(Call(path, json.dumps(said).encode(), JSON))


@pytest.mark.django_db
@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.service)
def test_nobody_fetches_what_a_contact_sends(
    caller: Caller,
    trap: Trap,
    organization: Organization,
    owner: Any,
    client_for: ClientFor,
    settings: Any,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    settings.SERVICE_VENDORS = [caller.service]
    settings.DEFAULT_SERVICE = caller.service
    settings.BASE_URL = BASE
    for name, value in caller.settings.items():
        setattr(settings, name, value)
    registry.reset()
    reception.forget()
    urls = (f"{trap.url}/picture.png", "http://trap.example.org/picture.png")
    call = with_pictures(caller, f"/{caller.addresses[0]}/{organization.pk}", *urls)
    answer = Client().post(
        call.path,
        call.body,
        content_type=call.content_type,
        headers=dict(call.headers),
        secure=True,
        SERVER_NAME="texts.example.org",
    )
    assert answer.status_code == 200
    receiving.apply([event.pk for event in WebhookEvent.objects.all()])
    message = Message.objects.get()
    assert [item["url"] for item in message.media] == list(urls)
    page = client_for(owner).get(f"/admin/{organization.pk}/messages/{message.contact_number}")
    assert urls[0] in page.content.decode()
    assert trap.visits == 0
    assert not {trap.url, "trap.example.org"} & set(_asked_for)


@pytest.mark.django_db(transaction=True)
def test_nobody_fetches_what_is_sent(
    trap: Trap, organization: Organization, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)
    with FakeServiceServer() as company:
        company.behave(reports=False)
        settings.SERVICE_VENDORS = ["fakeservice"]
        settings.DEFAULT_SERVICE = "fakeservice"
        for name, value in company.account().items():
            setattr(settings, f"FAKESERVICE_{name.upper()}", value)
        settings.BASE_URL = trap.url  # our own site is the only one inside that may be named
        registry.reset()
        OwnedPhoneNumberFactory(organization=organization, service="fakeservice", phone_number=OURS)
        picture = f"{trap.url}/a.png"
        text = "Look [http://trap.example.org/b.png]"
        message = sending.send_message(organization, "+12125550142", text, media=[picture])
        sending.dispatch([message.pk])
        message.refresh_from_db()
        assert message.send_status == "SENT", message.status_reason
        assert company.sent()[0]["media"][0]["url"] == picture
    registry.reset()
    assert trap.visits == 0
    assert "trap.example.org" not in _asked_for


def test_a_redirect_is_an_answer_and_leads_nowhere(trap: Trap) -> None:
    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 302 Found\r\nlocation: {trap.url}\r\ncontent-length: 0\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def ask() -> int:
        server = await asyncio.start_server(redirect, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return (await http.request("GET", f"http://127.0.0.1:{port}/")).status
        finally:
            await http.close()
            server.close()
            await server.wait_closed()

    assert asyncio.run(ask()) == 302
    assert trap.visits == 0


def test_connections_are_opened_in_one_place_only() -> None:
    for file in ROOT.rglob("*.py"):
        name = file.relative_to(ROOT).as_posix()
        if name.startswith(FOLDERS_THAT_MAY):
            continue
        found = _imported(ast.parse(file.read_text())) & OPENERS
        assert found <= MAY_OPEN.get(name, set()), name


def _imported(tree: ast.AST) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return modules | {module.partition(".")[0] for module in modules} - {"http", "urllib"}
