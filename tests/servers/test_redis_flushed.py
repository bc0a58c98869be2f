"""Redis is made to forget everything while messages, webhooks and jobs are in flight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from service_vendors import inventory
from service_vendors.models import Message, Organization, SendStatus, WebhookEvent
from service_vendors.sending import MessageDraft, send_messages
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory, a_number
from tests.inventory.shop import here, there
from tests.servers.brokers import Broker
from tests.servers.conftest import Processes, text_over, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

MESSAGES, ANSWERED, NUMBERS, FLUSHES = 240, 40, 30, 5


def test_nothing_is_lost_when_redis_forgets(
    broker: Broker, processes: Callable[[dict[str, str]], Processes], settings: Any
) -> None:
    organization: Organization = OrganizationFactory()
    settings.PHONE_INVENTORY = True
    with FakeServiceServer() as company:
        company.behave(latency_seconds=0.3, number_seconds=0.1, reply_seconds=0.1)
        chosen = text_over(company, settings) | {"REDIS_URL": broker.url, "PHONE_INVENTORY": "on"}
        running = processes(chosen)
        running.environment["BASE_URL"] = f"http://127.0.0.1:{running.site()}"
        running.beat()
        running.worker(threads=4)
        job = inventory.order_purchase(organization, "212", NUMBERS, actor=None)
        send_messages(
            organization,
            [
                MessageDraft(a_number(n), "Vote! " + ("autorespond" if n < ANSWERED else ""))
                for n in range(MESSAGES)
            ],
        )

        def taken() -> int:
            return int(company.call("GET", "/ledger?limit=1")["count"])

        for flush in range(FLUSHES):
            reached = flush * MESSAGES // FLUSHES
            wait_until(
                lambda reached=reached: taken() > reached,
                seconds=120,
                what=f"the vendor to have more than {reached} messages",
            )
            broker.forget()

        def all_done() -> bool:
            job.refresh_from_db()
            open_messages = Message.objects.exclude(send_status=SendStatus.DELIVERED)
            pending = WebhookEvent.objects.exclude(status=WebhookEvent.Status.APPLIED)
            return not (
                job.is_open
                or open_messages.exists()
                or pending.exists()
                or company.call("GET", "/ledger?limit=1")["waiting_events"]
            )

        wait_until(all_done, seconds=180, what="everything to be done")
        sent = Counter(row["reference"] for row in company.sent())
        assert len(here()) == job.done == NUMBERS
        assert here() == there(organization)
    assert (len(sent), set(sent.values())) == (MESSAGES, {1})
    answers = Message.objects.filter(is_from_contact=True).values_list("contact_number", flat=True)
    assert Counter(answers) == Counter(a_number(n) for n in range(ANSWERED))
