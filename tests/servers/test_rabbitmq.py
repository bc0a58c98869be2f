"""RabbitMQ as the broker: work goes through it, and its death loses and repeats nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service_vendors.models import Message, Organization, SendStatus
from service_vendors.sending import MessageDraft, send_messages
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory, a_number
from tests.servers.brokers import RabbitMQ
from tests.servers.conftest import Processes, text_over, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

MESSAGES = 200


@pytest.fixture
def rabbitmq(tmp_path: Path) -> Iterator[RabbitMQ]:
    """One that nobody else uses."""
    broker = RabbitMQ(tmp_path)
    yield broker
    broker.close()


def test_texts_go_out_over_rabbitmq_and_once_each_though_it_dies(
    rabbitmq: RabbitMQ,
    company: FakeServiceServer,
    processes: Callable[[dict[str, str]], Processes],
    settings: Any,
) -> None:
    company.behave(latency_seconds=0.2)
    organization: Organization = OrganizationFactory()
    running = processes(text_over(company, settings) | {"BROKER_URL": rabbitmq.url})
    running.environment["BASE_URL"] = f"http://127.0.0.1:{running.site()}"
    running.beat()
    running.worker()
    send_messages(organization, [MessageDraft(a_number(n), "Vote!") for n in range(MESSAGES)])

    def taken() -> int:
        return int(company.call("GET", "/ledger?limit=1")["count"])

    wait_until(lambda: taken() > MESSAGES // 4, seconds=120, what="a quarter to be sent")
    rabbitmq.kill()
    rabbitmq.start()
    wait_until(
        lambda: Message.objects.filter(send_status=SendStatus.DELIVERED).count() == MESSAGES,
        seconds=180,
        what="everything to be delivered",
    )
    sent = Counter(row["reference"] for row in company.sent())
    assert (len(sent), set(sent.values())) == (MESSAGES, {1})
