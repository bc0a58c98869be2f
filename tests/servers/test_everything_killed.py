"""Whatever runs is killed at random while messages go out: none is lost, nobody is texted twice.

Workers, beat, the broker and the site die of SIGKILL, as often as CI has time for. SENDS=10000
sends as many messages, and kills fifty times meanwhile.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from benchmarks.servers import free_port
from service_vendors.models import Message, Organization, Role, SendStatus, WebhookEvent
from service_vendors.sending.doubts import in_doubt
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import MembershipFactory, OrganizationFactory, a_number
from tests.servers.brokers import Broker
from tests.servers.callers import Callers
from tests.servers.conftest import Processes, text_over, wait_until
from tests.servers.installation import Installation, victims

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

SENDS = int(os.environ.get("SENDS", "400"))
KILLS = max(6, SENDS // 200)
# Of so many contacts one answers.
ANSWERS_OF = 10
# A kill is to meet somebody in the middle of something.
SEEN_ON_THEIR_WAY = 4
LEASE = 10.0
UNKNOWN_IN_LOG = re.compile(r"(\d+) messages are UNKNOWN")


@pytest.fixture
def company() -> Iterator[FakeServiceServer]:
    """The vendor's side, in this process, which nobody kills; its ledger judges."""
    with FakeServiceServer() as server:
        # Every message is taken half a second before whoever sends it learns so, and reported so
        # late that the vendor is asked before.
        server.behave(
            faults={"hang": 1}, hang_seconds=0.5, report_seconds=LEASE * 1.5, reply_seconds=0.2
        )
        yield server


@pytest.fixture
def port() -> int:
    """Where the site listens, however often it is started again."""
    return free_port()


@pytest.fixture
def running(
    company: FakeServiceServer,
    processes: Callable[[dict[str, str]], Processes],
    port: int,
    settings: Any,
) -> Processes:
    """Makes the processes; they listen to a broker of their own, which keeps a journal."""
    # A slow machine is not to be mistaken for a dead worker.
    patient = {"SEND_LEASE_SECONDS": str(LEASE), "VENDOR_READ_SECONDS": "7"}
    here = {"BASE_URL": f"http://127.0.0.1:{port}", "LOG_LEVEL": "WARNING"}
    return processes(text_over(company, settings) | patient | {"SETTLE_MAX_ATTEMPTS": "3"} | here)


@pytest.fixture
def journaling_broker(running: Processes, tmp_path: Path) -> Iterator[Broker]:
    """A broker that remembers what it was told up to the last second of its life."""
    broker = Broker(tmp_path, remembers=True)
    running.environment["REDIS_URL"] = broker.url
    yield broker
    broker.kill()


def test_kills_at_random_lose_no_message_and_repeat_none(
    company: FakeServiceServer, running: Processes, journaling_broker: Broker, port: int
) -> None:
    organization: Organization = OrganizationFactory()
    installation = Installation(running, journaling_broker, port)

    with Callers(organization, port, threads=8) as callers:
        callers.send(some_messages(1))
        for n, victim in enumerate(victims(KILLS), start=1):
            callers.send(some_messages(n + 1))
            reached = n * SENDS // (KILLS + 1)
            wait_until(
                lambda reached=reached: taken(company) >= reached and some_are_on_their_way(),
                seconds=300,
                what=f"the vendor to have {reached} messages before the {n}. kill ({victim})",
            )
            installation.kill(victim)
        wait_until(
            lambda: len(callers.answers) == SENDS or bool(callers.refusals),
            seconds=300,
            what="the site to accept every message",
        )
    assert callers.refusals == []

    accepted_at = time.monotonic()
    wait_until(lambda: all_settled(company), seconds=300, what="every message to settle")
    counts, doubtful = status_counts(), in_doubt(organization)
    unknown = sum(map(int, UNKNOWN_IN_LOG.findall(running.log.read_text())))
    print(  # noqa: T201 - the figures of a long run are what it is for
        f"\n{KILLS} kills, {SENDS} sends, {callers.retries} calls of the API repeated: {counts}; "
        f"{unknown} were UNKNOWN of {len(installation.in_flight)} in flight, {doubtful.count()} "
        f"are set aside; settled {time.monotonic() - accepted_at:.0f} s after the last was accepted"
    )

    ours = Message.objects.filter(is_from_contact=False)
    assert {str(one) for one in ours.values_list("reference", flat=True)} == set(
        callers.answers.values()
    ), "what was accepted is not what is stored"
    sent = Counter(row["reference"] for row in company.sent())
    assert max(sent.values()) == 1, "the vendor was asked twice for one message"
    delivered = ours.filter(send_status=SendStatus.DELIVERED)
    assert {one.hex for one in delivered.values_list("reference", flat=True)} == set(sent)
    assert len(sent) + doubtful.count() == SENDS, "a message has neither gone out nor is in doubt"
    assert set(doubtful.values_list("pk", flat=True)) <= installation.in_flight
    assert unknown <= len(installation.in_flight)
    assert_an_admin_sees(organization, doubtful.count())
    answers = Message.objects.filter(is_from_contact=True).values_list("contact_number", flat=True)
    assert Counter(answers) == Counter(
        row["contact"] for row in company.sent() if "autorespond" in row["text"]
    )


def some_messages(turn: int) -> dict[str, dict[str, Any]]:
    """The messages of one turn, by their keys; some of them are answered."""
    first, end = ((turn + n) * SENDS // KILLS for n in (-1, 0))
    return {
        f"key-{n}": {
            "contact_number": a_number(n),
            "text": f"Message {n}" + ("" if n % ANSWERS_OF else ": autorespond, please"),
        }
        for n in range(first, min(end, SENDS))
    }


def some_are_on_their_way() -> bool:
    return Message.objects.filter(send_status=SendStatus.SENDING).count() >= SEEN_ON_THEIR_WAY


def taken(company: FakeServiceServer) -> int:
    return int(company.call("GET", "/ledger?limit=1")["count"])


def status_counts() -> dict[str, int]:
    return dict(
        Counter(Message.objects.filter(is_from_contact=False).values_list("send_status", flat=True))
    )


def all_settled(company: FakeServiceServer) -> bool:
    """Whether all is told and applied, and each text's fate is known or up to a person."""
    undecided = Message.objects.exclude(send_status=SendStatus.DELIVERED).exclude(
        send_status=SendStatus.UNKNOWN, due_at__isnull=True
    )
    pending = WebhookEvent.objects.exclude(status=WebhookEvent.Status.APPLIED)
    return not (
        undecided.exists()
        or pending.exists()
        or company.call("GET", "/ledger?limit=1")["waiting_events"]
    )


def assert_an_admin_sees(organization: Organization, doubts: int) -> None:
    """On the page "Set aside" every text in doubt waits for a decision."""
    browser = Client()
    browser.force_login(MembershipFactory(organization=organization, role=Role.ADMIN).user)
    page = browser.get(reverse("service_vendors:set_aside", args=[organization.pk]))
    assert page.context["doubt_count"] == doubts
    assert page.content.decode().count("Mark as sent") >= min(doubts, 1)
