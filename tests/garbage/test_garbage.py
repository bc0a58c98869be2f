"""Garbage at the front door: nothing unproven is kept, and nothing proven breaks what stands by it.

As many bodies as CI has time for. GARBAGE=100000 tries as many for each vendor, in some minutes:
GARBAGE=100000 pytest -s -o faulthandler_timeout=0 tests/garbage.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import pytest
from django.core.asgi import get_asgi_application
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as examples
from hypothesis import strategies as st

from service_vendors import receiving
from service_vendors.models import (
    Message,
    MessagePart,
    OptOut,
    Organization,
    OrganizationContact,
    SendStatus,
    WebhookEvent,
)
from service_vendors.receiving import commits
from service_vendors.vendors import registry
from service_vendors.webhooks import reception
from service_vendors.webhooks.asgi import WebhookApplication
from tests.factories import MessageFactory, OrganizationFactory
from tests.garbage.callers import BASE, CALLERS, CONTACT, SECRET, Call, Caller
from tests.receiving.threads import let_go_of_connections

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:Generating overly large repr"),
]

BODIES: Final = int(os.environ.get("GARBAGE", "200"))
TOGETHER: Final = 8
# Of these, one goes through Django's own view; it is the slower way in.
BY_THE_VIEW: Final = 1
PROOFS: Final = ("x-twilio-signature", "authorization", "x-webhook-signature")
# What an event is set aside with: its vendor's reader found nonsense, or nobody it could be about.
CLEAN: Final = frozenset({"ValueError", "UnicodeDecodeError", "JSONDecodeError"})

# Hypothesis remembers what it tried, and is the slower for it the more that is.
A_ROUND: Final = 800
NO_DEADLINE: Final = examples(
    max_examples=max(1, min(A_ROUND, BODIES) // TOGETHER),
    deadline=None,
    database=None,
    phases=[Phase.generate],  # which call of an example failed, the failure says itself
    suppress_health_check=list(HealthCheck),
)


class FrontDoor:
    """The site's two ways in, both in this process, and what became of what they took."""

    def __init__(self, runner: asyncio.Runner, organization: Organization) -> None:
        self.runner = runner
        self.organization = organization
        self.application = WebhookApplication(get_asgi_application())
        self.client = Client(raise_request_exception=False)
        self.seen: Counter[str] = Counter()

    def answers(self, calls: Sequence[Call]) -> list[int]:
        """Each call's status: most by the ASGI application at the same time, some by the view."""
        by_view = [self._by_view(call) for call in calls[:BY_THE_VIEW]]
        return by_view + self.runner.run(self._at_once(calls[BY_THE_VIEW:]))

    def close(self) -> None:
        """Let go of the threads' connections."""
        let_go_of_connections(self.application)

    async def _at_once(self, calls: Sequence[Call]) -> list[int]:
        answers = await asyncio.gather(*(self._by_asgi(call) for call in calls))
        handing_over = self.application._commits._handing_over
        if handing_over is not None:
            await handing_over
        return answers

    async def _by_asgi(self, call: Call) -> int:
        status: list[int] = []
        body = [{"type": "http.request", "body": call.body}]

        async def receive() -> dict[str, Any]:
            return body.pop()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])

        headers = {"host": BASE.partition("//")[2], **call.headers}
        if call.content_type:
            headers["content-type"] = call.content_type
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "https",
            "server": ("texts.example.org", 443),
            "client": ("192.0.2.1", 1),
            "root_path": "",
            "method": call.method,
            "path": call.path,
            "raw_path": call.path.encode(),
            "query_string": call.query.encode(),
            "headers": [(n.encode(), v.encode("latin-1")) for n, v in headers.items()],
        }
        await self.application(scope, receive, send)
        return status[0]

    def _by_view(self, call: Call) -> int:
        return int(
            self.client.generic(
                call.method,
                f"{call.path}?{call.query}" if call.query else call.path,
                call.body,
                content_type=call.content_type,
                headers=dict(call.headers),
                secure=True,
                SERVER_NAME=BASE.partition("//")[2],
            ).status_code
        )


@pytest.fixture(params=CALLERS, ids=lambda caller: caller.service)
def caller(request: pytest.FixtureRequest) -> Caller:
    """One company."""
    found: Caller = request.param
    return found


@pytest.fixture
def door(
    caller: Caller,
    transactional_db: None,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[FrontDoor]:
    """The site, whose only account is the installation's; nobody applies what it takes."""
    settings.SERVICE_VENDORS = [caller.service]
    settings.DEFAULT_SERVICE = caller.service
    settings.BASE_URL = BASE
    settings.ALLOWED_HOSTS = ["texts.example.org"]
    settings.INBOX_MAX_ATTEMPTS = 1
    for name, value in caller.settings.items():
        setattr(settings, name, value)
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)
    monkeypatch.setattr(commits, "HAND_OVER_SECONDS", 0.0)
    logging.disable(logging.ERROR)  # every refusal is logged
    registry.reset()
    reception.forget()
    organization = OrganizationFactory()
    for service_id in (f"SM{'2' * 32}", "14762070468292kw2fuqty55yp2b2", "0C0000", "bbbb", "M1"):
        MessageFactory(
            organization=organization,
            service=caller.service,
            service_id=service_id,
            contact_number=CONTACT,
            send_status=SendStatus.SENT,
            **({"reference": UUID(int=0)} if service_id == "M1" else {}),
        )
    with asyncio.Runner() as runner:
        opened = FrontDoor(runner, organization)
        yield opened
        opened.close()
    logging.disable(logging.NOTSET)
    registry.reset()


def in_rounds(examine: Callable[[], None]) -> None:
    """All bodies, some at a time; the same ones in CI, others for whoever asks for more."""
    first = random.getrandbits(32) if "GARBAGE" in os.environ else 0
    for number in range(max(1, BODIES // A_ROUND)):
        seed(first + number)(examine)()


def unproven(call: Call, proof: str | None) -> Call:
    """The call without a proof, or with one that proves nothing."""
    return replace(call, headers={} if proof is None else dict.fromkeys(PROOFS, proof))


def test_nothing_unproven_is_kept(door: FrontDoor, caller: Caller) -> None:
    proofs = st.sampled_from(
        (None, "", "é\x00", "x" * 300, "Bearer a.b.c", "Basic Og==", "Basic é", f"t=1,v1={SECRET}")
    )
    calls = st.lists(
        st.builds(unproven, caller.calls(door.organization.pk), proofs),
        min_size=TOGETHER,
        max_size=TOGETHER,
    )

    @NO_DEADLINE
    @given(calls)
    def nothing_is_kept(calls: list[Call]) -> None:
        for call, status in zip(calls, door.answers(calls), strict=True):
            door.seen[str(status)] += 1
            # Vonage tries an address with a call that says nothing, and hears that it is there.
            greeted = caller.service == "nexmo" and status == 200 and not call.body.strip()
            assert status in {403, 413} or greeted, call

    in_rounds(nothing_is_kept)
    told(caller, door)
    assert not WebhookEvent.objects.exists()


def test_proven_garbage_is_set_aside_at_most_and_holds_up_nothing_else(
    door: FrontDoor, caller: Caller
) -> None:
    path = f"/{caller.addresses[0]}/{door.organization.pk}"
    calls = st.lists(
        caller.calls(door.organization.pk).map(caller.proven), min_size=TOGETHER, max_size=TOGETHER
    )
    n = 0

    @NO_DEADLINE
    @given(calls)
    def holds_up_nothing(calls: list[Call]) -> None:
        nonlocal n
        n += 1
        statuses = door.answers([*calls, caller.good(path, f"good-{n}")])
        for call, status in zip(calls, statuses[:-1], strict=True):
            door.seen[str(status)] += 1
            assert 200 <= status < 300 or status in {403, 413}, call
        assert statuses[-1] == 200
        apply_everything(door)
        assert Message.objects.filter(text=f"good-{n}", is_from_contact=True).count() == 1
        forget_everything()

    in_rounds(holds_up_nothing)
    told(caller, door)


def apply_everything(door: FrontDoor) -> None:
    """Apply what came, at once, as a worker does; every event is applied or cleanly set aside."""
    receiving.apply(list(WebhookEvent.objects.values_list("pk", flat=True)))
    for event in WebhookEvent.objects.all():
        assert event.status != WebhookEvent.Status.PENDING, bytes(event.body)
        kind = event.last_error.partition(" while reading it")
        name = kind[0] if kind[1] else event.last_error
        assert not kind[1] or name in CLEAN, (name, event.query, bytes(event.body))
        door.seen[f"{event.get_status_display().lower()} {name}".strip()] += 1


def forget_everything() -> None:
    """What one example brought, so that the next finds a quick database."""
    WebhookEvent.objects.all().delete()
    OptOut.objects.all().delete()
    MessagePart.objects.all().delete()
    Message.objects.filter(is_from_contact=True).delete()
    OrganizationContact.objects.all().delete()


def told(caller: Caller, door: FrontDoor) -> None:
    """What became of them all; pytest shows it with -s."""
    print(f"\n{caller.service}: {dict(sorted(door.seen.items()))}")  # noqa: T201
