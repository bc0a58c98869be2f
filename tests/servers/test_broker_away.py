"""Redis dies in the middle of a campaign, with all it held, and is away for a while.

As long as CI has time for. BROKER_AWAY_SECONDS=600 keeps it away for ten minutes.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service_vendors.models import Message, SendStatus
from service_vendors.sending import MessageDraft, send_messages
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory, a_number
from tests.servers.brokers import Broker
from tests.servers.callers import Callers
from tests.servers.conftest import Processes, text_over, wait_until
from tests.test_broker import accept_one_without

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

MESSAGES, MEANWHILE = 300, 40
AWAY_SECONDS = float(os.environ.get("BROKER_AWAY_SECONDS", "4"))
# What was accepted without a broker is to be on its way so soon after its return.
DRAIN_SECONDS = 120


def test_a_campaign_outlives_its_broker(
    broker: Broker, processes: Callable[[dict[str, str]], Processes], settings: Any
) -> None:
    with FakeServiceServer() as company:
        chosen = text_over(company, settings)
        settings.BASE_URL = ""
        company.behave(latency_seconds=0.3, reports=False)
        celery = processes(chosen | {"REDIS_URL": broker.url})
        celery.beat()
        celery.worker()
        organization = OrganizationFactory()
        callers = Callers(organization, celery.site())
        # Nobody listens where this process hands over: to the workers, it is all lost already.
        send_messages(organization, [MessageDraft(a_number(n), "Vote!") for n in range(MESSAGES)])

        def taken() -> int:
            return int(company.call("GET", "/ledger?limit=1")["count"])

        wait_until(lambda: taken() > 20, seconds=60, what="the campaign to begin")
        broker.kill()
        assert taken() < MESSAGES, "the campaign was over before Redis died"
        with callers:
            back_at = time.monotonic() + AWAY_SECONDS
            for n in range(MEANWHILE):
                callers.send({f"key-{n}": {"contact_number": a_number(n), "text": "Still there?"}})
                time.sleep(AWAY_SECONDS / MEANWHILE)
            wait_until(
                lambda: len(callers.answers) == MEANWHILE and time.monotonic() >= back_at,
                seconds=120,
                what="messages to be accepted without a broker",
            )
        broker.start()
        unsent, returned_at = Message.objects.exclude(send_status=SendStatus.SENT), time.monotonic()
        wait_until(lambda: not unsent.exists(), seconds=DRAIN_SECONDS, what="all to be sent")
        print(f"\nsent {time.monotonic() - returned_at:.0f} s after the broker's return")  # noqa: T201
        sent = Counter(row["reference"] for row in company.sent())
    assert len(sent) == MESSAGES + MEANWHILE
    assert set(sent.values()) == {1}


def test_a_broker_that_hangs_does_not_hold_up_who_sends(broker: Broker, tmp_path: Path) -> None:
    """It takes connections and answers nothing, as one whose machine is gone does."""
    broker.process.send_signal(signal.SIGSTOP)
    accept_one_without(broker.url, tmp_path)
