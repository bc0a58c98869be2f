"""Webhooks as vendors really bring them: several times, in any order, while Redis forgets.

As many as CI has time for. STORM=10000 brings as many as an election night does.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import redis

from benchmarks import load
from service_vendors.models import Message, Organization, SendStatus, WebhookEvent
from service_vendors.vendors.fakeservice.errors import DESCRIPTIONS
from service_vendors.vendors.fakeservice.server import events
from tests.factories import MessageFactory, OrganizationFactory
from tests.servers.conftest import Processes, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

CALLS = int(os.environ.get("STORM", "300"))
COPIES, CLIENTS = 5, 8
SECRET = "a secret of these tests"
# Two of the company's error codes: of several errors of one message, the lower one stays.
LOW, HIGH = sorted(DESCRIPTIONS)[:2]

Bring = Callable[[Organization, Iterable[bytes]], None]


@pytest.fixture
def bring(processes: Callable[[dict[str, str]], Processes]) -> Bring:
    """Post bodies to a real site, with workers and beat behind it."""
    running = processes(
        {
            "SERVICE_VENDORS": "fakeservice",
            "DEFAULT_SERVICE": "fakeservice",
            "FAKESERVICE_API_URL": "http://127.0.0.1:9",
            "FAKESERVICE_API_KEY": SECRET,
            "LOG_LEVEL": "WARNING",
        }
    )
    running.beat()
    running.worker()
    running.worker()
    port = running.site()

    def post(organization: Organization, bodies: Iterable[bytes]) -> None:
        calls = load.signed(bodies, f"/fakeservice/{organization.pk}", SECRET)
        random.shuffle(calls)
        load.post(calls, port, connections=CLIENTS)

    return post


def wait_until_applied() -> None:
    pending = WebhookEvent.objects.filter(status=WebhookEvent.Status.PENDING)
    wait_until(lambda: not pending.exists(), seconds=90 + CALLS / 20, what="all to be applied")
    assert not WebhookEvent.objects.filter(status=WebhookEvent.Status.SET_ASIDE).exists()


def test_each_webhook_five_times_by_eight_clients_is_one_message(bring: Bring) -> None:
    organization = OrganizationFactory()
    bodies = list(load.texts(CALLS, "storm"))
    bring(organization, bodies * COPIES)
    assert WebhookEvent.objects.count() == CALLS
    wait_until_applied()
    ids = Counter(Message.objects.values_list("service_id", flat=True))
    assert len(ids) == CALLS
    assert set(ids.values()) == {1}


def test_shuffled_reports_end_the_same_although_redis_forgets(bring: Bring, redis_url: str) -> None:
    organization = OrganizationFactory()
    fates: dict[str, tuple[str, int | None]] = {}
    bodies: list[bytes] = []
    for n in range(CALLS):
        message = MessageFactory(
            organization=organization,
            send_status=(SendStatus.SENDING, SendStatus.SENT, SendStatus.UNKNOWN)[n % 3],
            due_at=None,
        )
        said, fate = (
            ([("sent", None), ("delivered", None)], (SendStatus.DELIVERED, None)),
            ([("sent", None), ("failed", HIGH), ("failed", LOW)], (SendStatus.ERROR, LOW)),
            ([("failed", HIGH), ("delivered", None)], (SendStatus.DELIVERED, None)),
            ([("sent", None)], (SendStatus.SENT, None)),
        )[n % 4]
        fates[message.reference.hex] = fate
        bodies += [report(message, status, code) for status, code in said]
    client = redis.Redis.from_url(redis_url)
    bring(organization, bodies[: len(bodies) // 2])
    client.flushdb()
    bring(organization, bodies[len(bodies) // 2 :])
    client.flushdb()
    client.close()
    wait_until_applied()
    found = {
        message.reference.hex: (message.send_status, message.error_code)
        for message in Message.objects.all()
    }
    assert found == fates


def report(message: Message, status: str, code: int | None) -> bytes:
    said: dict[str, Any] = events.report(
        status,
        message_id=f"M{message.pk}",
        reference=message.reference.hex,
        number=load.OUR_NUMBER,
        error_code=code,
        at=1_800_000_000.0,
    )
    return events.body_of(said)
