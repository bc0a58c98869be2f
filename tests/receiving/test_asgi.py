"""Webhooks served before Django, by a real ASGI server: proven, committed together, answered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import uvicorn
from django.core.asgi import get_asgi_application
from django.db import OperationalError

from service_vendors import receiving
from service_vendors.models import Message, Organization, WebhookEvent
from service_vendors.receiving import intake, spool
from service_vendors.types import WebhookRequest
from service_vendors.webhooks import reception
from service_vendors.webhooks.asgi import WebhookApplication
from tests.receiving.threads import let_go_of_connections

pytestmark = pytest.mark.django_db(transaction=True)

SIGNED = {"x-word": "open sesame"}


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What workers were told of; nobody works in these tests."""
    told: list[int] = []
    monkeypatch.setattr(
        "service_vendors.broker.hand_over", lambda _, ids, **__: told.extend(ids) or True
    )
    return told


@pytest.fixture
def spooled_in(tmp_path: Path, settings: Any) -> Path:
    """An empty folder for the spool."""
    settings.WEBHOOK_SPOOL = str(tmp_path / "spool")
    return tmp_path / "spool"


@pytest.fixture
def site(
    script: object,
    settings: Any,
    handed_over: list[int],
    spooled_in: Path,
) -> Iterator[str]:
    """The address of the site, served as the guide says."""
    settings.BASE_URL = "https://texts.example.org"
    reception.forget()
    application = WebhookApplication(get_asgi_application())
    config = uvicorn.Config(application, port=0, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    let_go_of_connections(application)


def said(n: int = 1, **changes: Any) -> bytes:
    message = {
        "kind": "message",
        "service_id": f"in-{n}",
        "contact_number": "+12125550123",
        "user_number": "+12125550100",
        "text": "Hi",
    }
    return json.dumps([message | changes]).encode()


def post(url: str, body: bytes, headers: dict[str, str] | None = None) -> int:
    try:
        with urlopen(Request(url, data=body, headers=SIGNED | (headers or {}))) as answer:
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code


def at_once(times: int, act: Callable[[int], int]) -> list[int]:
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(act, range(times)))


def away(_: Sequence[WebhookEvent], **__: Any) -> list[WebhookEvent]:
    raise OperationalError("connection refused")


def test_a_proven_call_is_committed_answered_and_handed_over(
    site: str, organization: Organization, handed_over: list[int]
) -> None:
    assert post(f"{site}/scripted/{organization.pk}", said()) == 200
    event = WebhookEvent.objects.get()
    assert (event.organization, bytes(event.body)) == (organization, said())
    assert event.url == f"https://texts.example.org/scripted/{organization.pk}"
    deadline = time.monotonic() + 10
    while not handed_over and time.monotonic() < deadline:
        time.sleep(0.01)
    assert handed_over == [event.pk]
    receiving.apply(handed_over)
    assert Message.objects.get().text == "Hi"


@pytest.mark.parametrize("word", ["wrong", ""])
def test_a_forged_call_is_refused_also_after_a_proven_one(
    site: str, organization: Organization, word: str
) -> None:
    address = f"{site}/scripted/{organization.pk}"
    assert post(address, said(1)) == 200
    assert post(address, said(2), {"x-word": word}) == 403
    assert WebhookEvent.objects.count() == 1


def test_nobody_signs_for_an_organization_that_is_not_there(
    site: str, organization: Organization
) -> None:
    assert post(f"{site}/scripted/{organization.pk + 1}", said()) == 403


def test_a_replaced_secret_proves_a_call_at_once(
    site: str, organization: Organization, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"{site}/scripted/{organization.pk}"
    assert post(address, said(1)) == 200
    # As another process sees a change: nothing tells it.
    monkeypatch.setattr(reception, "forget", lambda **_: None)
    known = dict(reception._remembered)
    settings.SCRIPTED_TOKEN = "open barley"
    reception._remembered.update(known)
    assert post(address, said(2), {"x-word": "open barley"}) == 200


def test_calls_that_come_together_share_commits(
    site: str, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    store = intake.store

    def slowly(events: Sequence[WebhookEvent]) -> list[WebhookEvent]:
        batches.append(len(events))
        time.sleep(0.1)
        return store(events)

    monkeypatch.setattr(intake, "store", slowly)
    address = f"{site}/scripted/{organization.pk}"
    assert at_once(24, lambda n: post(address, said(n))) == [200] * 24
    assert WebhookEvent.objects.count() == sum(batches) == 24
    assert len(batches) < 12


def test_the_same_call_twenty_times_at_once_is_one_row(
    site: str, organization: Organization
) -> None:
    address = f"{site}/scripted/{organization.pk}"
    assert at_once(20, lambda _: post(address, said())) == [200] * 20
    assert WebhookEvent.objects.count() == 1


def test_one_that_cannot_be_stored_spoils_no_other(
    site: str, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = intake.store

    def picky(events: Sequence[WebhookEvent]) -> list[WebhookEvent]:
        time.sleep(0.05)
        if any(b"in-7" in bytes(event.body) for event in events):
            raise ValueError("not this one")
        return store(events)

    monkeypatch.setattr(intake, "store", picky)
    address = f"{site}/scripted/{organization.pk}"
    answers = at_once(10, lambda n: post(address, said(n)))
    assert [n for n, status in enumerate(answers) if status != 200] == [7]
    assert WebhookEvent.objects.count() == 9


def test_a_too_large_call_is_refused(site: str, organization: Organization, settings: Any) -> None:
    settings.WEBHOOK_MAX_BYTES = 1000
    assert post(f"{site}/scripted/{organization.pk}", said(text="x" * 1000)) == 413
    assert not WebhookEvent.objects.exists()


def test_pages_and_wrong_addresses_are_djangos(site: str, organization: Organization) -> None:
    with urlopen(f"{site}/accounts/login/") as page:
        assert b"csrfmiddlewaretoken" in page.read()
    assert post(f"{site}/nobody/1", b"{}") == 404
    assert not WebhookEvent.objects.exists()


def test_while_the_database_is_away_calls_are_proven_spooled_and_stored_later(
    site: str, organization: Organization, monkeypatch: pytest.MonkeyPatch, spooled_in: Path
) -> None:
    address = f"{site}/scripted/{organization.pk}"
    assert post(address, said(1)) == 200
    with monkeypatch.context() as broken:
        broken.setattr(intake, "insert_new", away)
        assert post(address, said(2)) == 200
        assert post(address, said(2)) == 200
        assert post(address, said(3), {"x-word": "wrong"}) == 403
        assert WebhookEvent.objects.count() == 1
        files = list(spooled_in.iterdir())
        assert files
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    deadline = time.monotonic() + 20
    while not spool.is_empty() and time.monotonic() < deadline:
        time.sleep(0.05)
    bodies = {bytes(event.body) for event in WebhookEvent.objects.all()}
    assert bodies == {said(1), said(2)}


def test_without_room_in_the_spool_the_vendor_is_to_call_again(
    site: str, organization: Organization, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    address = f"{site}/scripted/{organization.pk}"
    assert post(address, said(1)) == 200
    settings.WEBHOOK_SPOOL_BYTES = 10
    monkeypatch.setattr(intake, "insert_new", away)
    assert post(address, said(2)) == 503


def test_the_plain_view_spools_as_well(
    client: Any,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    spooled_in: Path,
    handed_over: list[int],
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(intake, "insert_new", away)
        answer = client.post(
            f"/scripted/{organization.pk}", said(), "application/json", headers=SIGNED
        )
    assert answer.status_code == 200
    assert not WebhookEvent.objects.exists()
    receiving.sweep()
    assert bytes(WebhookEvent.objects.get().body) == said()
    assert spool.is_empty()


def test_a_spool_file_that_cannot_be_read_holds_up_no_other(
    organization: Organization, spooled_in: Path
) -> None:
    spooled_in.mkdir()
    (spooled_in / "0.events").write_text("half a li")
    request = WebhookRequest(
        "scripted", "POST", "http://x", body=said(), organization_id=organization.pk
    )
    spool.keep([intake.event_of("scripted", request, organization)])
    assert spool.replay(intake.store) == 1
    assert WebhookEvent.objects.count() == 1
    assert (spooled_in / "0.unreadable").exists()
