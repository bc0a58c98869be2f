"""What a message's history tells after its worker was killed with the message in its hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service_vendors.models import Message, SendStatus
from service_vendors.models.history import read
from service_vendors.sending import MessageDraft, send_messages
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory, a_number
from tests.servers.conftest import Processes, text_over, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

MESSAGES = 40


def test_a_killed_workers_claim_and_what_came_of_it_are_seen(
    settings: Any, live_server: Any, processes: Callable[[dict[str, str]], Processes]
) -> None:
    with FakeServiceServer() as company:
        environment = text_over(company, settings)
        settings.BASE_URL = live_server.url
        company.behave(latency_seconds=3.0)
        celery = processes(environment)
        worker = celery.worker()
        drafts = [MessageDraft(a_number(n), f"Message {n}") for n in range(MESSAGES)]
        send_messages(OrganizationFactory(), drafts)
        wait_until(
            lambda: Message.objects.filter(send_status=SendStatus.SENDING).exists(),
            seconds=120,
            what="a claim",
        )
        held = set(
            Message.objects.filter(send_status=SendStatus.SENDING).values_list("pk", flat=True)
        )
        celery.kill(worker)
        held &= set(
            Message.objects.filter(send_status=SendStatus.SENDING).values_list("pk", flat=True)
        )
        company.behave(latency_seconds=0.0)
        celery.beat()
        celery.worker()
        wait_until(
            lambda: (
                not (
                    Message.objects.filter(send_status__in=("QUEUED", "SENDING", "SENT")).exists()
                    or Message.objects.filter(
                        send_status=SendStatus.UNKNOWN, due_at__isnull=False
                    ).exists()
                )
            ),
            seconds=180,
            what="every message to settle",
        )
    assert held
    for message in Message.objects.all():
        steps = [one["step"] for one in read(message.history)]
        assert steps[:2] == ["queued", "claimed"]
        assert steps.count("claimed") == 1
        if message.pk in held:
            # A report may be quicker than the sweeper, and settle it.
            assert "lost" in steps or "reported" in steps
            assert "accepted" not in steps
        if message.send_status == SendStatus.UNKNOWN:
            assert steps[2] == "lost" and set(steps[3:]) == {"not_found"}
