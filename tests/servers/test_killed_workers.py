"""Workers that are killed while they send: nothing is lost, and nobody is texted twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from service_vendors.models import Message, Organization, SendStatus
from service_vendors.sending import MessageDraft, send_messages
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory, a_number
from tests.servers.conftest import Processes, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

MESSAGES, KILLS = 1_000, 5


@pytest.fixture
def company() -> Iterator[FakeServiceServer]:
    """The vendor's side, in this process, which nobody kills; its ledger judges."""
    with FakeServiceServer() as server:
        yield server


@pytest.fixture
def environment(company: FakeServiceServer, settings: Any, live_server: Any) -> dict[str, str]:
    """What this process and the workers must agree on."""
    account = company.account()
    chosen = {
        "SERVICE_VENDORS": "fakeservice",
        "DEFAULT_SERVICE": "fakeservice",
        "FAKESERVICE_API_URL": account["api_url"],
        "FAKESERVICE_ACCOUNT_SID": account["account_sid"],
        "FAKESERVICE_API_KEY": account["api_key"],
        "FAKESERVICE_SIGNING_SECRET": account["signing_secret"],
        "SEND_BATCH_SIZE": "20",
    }
    for name, value in chosen.items():
        setattr(settings, name, value)
    settings.BASE_URL = live_server.url
    return chosen


def status_counts() -> Counter[str]:
    return Counter(Message.objects.values_list("send_status", flat=True))


def test_five_kills_during_a_thousand_sends_lose_none_and_repeat_none(
    company: FakeServiceServer,
    environment: dict[str, str],
    processes: Callable[[dict[str, str]], Processes],
) -> None:
    organization: Organization = OrganizationFactory()
    company.behave(latency_seconds=0.15)
    celery = processes(environment)
    celery.beat()
    worker = celery.worker()
    drafts = [MessageDraft(a_number(n), f"Message {n}") for n in range(MESSAGES)]
    assert len(send_messages(organization, drafts).accepted) == MESSAGES

    for kill in range(1, KILLS + 1):
        reached = kill * MESSAGES // (KILLS + 2)
        wait_until(
            lambda reached=reached: company.call("GET", "/ledger?limit=1")["count"] >= reached,
            seconds=120,
            what=f"the vendor to have {reached} messages",
        )
        celery.kill(worker)
        worker = celery.worker()

    def all_settled() -> bool:
        waiting = {SendStatus.QUEUED, SendStatus.SENDING, SendStatus.SENT}
        return (
            not waiting & set(status_counts())
            and not Message.objects.filter(
                send_status=SendStatus.UNKNOWN, due_at__isnull=False
            ).exists()
        )

    wait_until(all_settled, seconds=180, what=f"every message to settle: {status_counts()}")
    sent = Counter(row["reference"] for row in company.sent())
    counts = status_counts()
    print(f"\nafter {KILLS} kills: {dict(counts)}; the vendor took {sum(sent.values())}")  # noqa: T201

    assert sum(counts.values()) == MESSAGES
    assert max(sent.values()) == 1, "the vendor was asked twice for one message"
    delivered = {m.reference.hex for m in Message.objects.filter(send_status="DELIVERED")}
    assert delivered == set(sent), "the vendor's ledger and ours disagree"
    doubtful = Message.objects.filter(send_status=SendStatus.UNKNOWN)
    assert all(message.status_reason for message in doubtful)
    # No more than what was in flight when a worker died: two processes, a batch each.
    assert doubtful.count() <= KILLS * 2 * 20
