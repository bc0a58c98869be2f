"""Bulks of several organizations take turns, whatever happens to their tickets on the way."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from service_vendors import sending, tasks
from service_vendors.models import BulkTurn, Message, Organization, Priority, SendStatus
from service_vendors.sending import MessageDraft, send_message, send_messages
from tests.factories import OrganizationFactory, a_number
from tests.scripted_vendor import Script

pytestmark = pytest.mark.django_db(transaction=True)

BATCH = 4


class Queue:
    """The queue of bulks, with this test as the only worker."""

    def __init__(self) -> None:
        self.tasks: deque[list[Any]] = deque()
        self.replies: list[int] = []
        self.is_away = False

    def take(self, name: str, ids: list[Any], *, batch_size: int) -> bool:
        """Stands where ``broker.hand_over`` does."""
        if self.is_away:
            return False
        if name == "send_replies":
            self.replies += ids
        else:
            assert name == "send_bulks"
            self.tasks.extend(ids[n : n + batch_size] for n in range(0, len(ids), batch_size))
        return True

    def work_once(self) -> None:
        sending.send_bulks(self.tasks.popleft())


@pytest.fixture
def queue(script: Script, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Queue:
    settings.SEND_BATCH_SIZE = BATCH
    queue = Queue()
    monkeypatch.setattr("service_vendors.broker.hand_over", queue.take)
    return queue


def bulk(organization: Organization, count: int) -> None:
    send_messages(organization, [MessageDraft(a_number(n), "Vote!") for n in range(count)])


def sent(organization: Organization) -> int:
    return Message.objects.filter(organization=organization, send_status=SendStatus.SENT).count()


def test_a_small_bulk_does_not_wait_for_a_large_one(queue: Queue) -> None:
    large, small = OrganizationFactory(), OrganizationFactory()
    bulk(large, 100)
    bulk(small, 2 * BATCH)
    assert len(queue.tasks) == 2, "one ticket each, whatever the size"
    for _ in range(4):
        queue.work_once()
    assert (sent(large), sent(small)) == (2 * BATCH, 2 * BATCH)


def test_everything_is_sent_once_and_then_nobody_is_in_the_queue(
    queue: Queue, script: Script
) -> None:
    organization = OrganizationFactory()
    bulk(organization, 10)
    bulk(organization, 7)
    while queue.tasks:
        queue.work_once()
    assert sent(organization) == len(script.sent) == 17
    assert BulkTurn.objects.get().handed_over_at is None
    bulk(organization, 1)
    queue.work_once()
    assert sent(organization) == 18


def test_a_copy_of_a_ticket_that_was_used_is_worth_nothing(queue: Queue) -> None:
    organization = OrganizationFactory()
    bulk(organization, 100)
    copy = list(queue.tasks[0])
    queue.work_once()
    sending.send_bulks(copy)
    assert sent(organization) == BATCH
    assert len(queue.tasks) == 1


def test_a_lost_ticket_is_handed_over_again_and_one_that_waits_is_not(
    queue: Queue, settings: Any
) -> None:
    organization = OrganizationFactory()
    bulk(organization, 100)
    sending.hand_over_due()
    assert len(queue.tasks) == 1
    queue.tasks.clear()
    settings.REDISPATCH_SECONDS = 0
    sending.hand_over_due()
    sending.hand_over_due()
    assert len(queue.tasks) == 2
    for _ in range(2):
        queue.work_once()
    assert sent(organization) == BATCH, "both tickets were of use"


def test_a_bulk_that_the_broker_did_not_take_goes_over_when_it_is_back(queue: Queue) -> None:
    organization = OrganizationFactory()
    queue.is_away = True
    bulk(organization, 10)
    assert BulkTurn.objects.get().handed_over_at is None
    queue.is_away = False
    sending.hand_over_due()
    queue.is_away = True
    queue.work_once()
    assert sent(organization) == BATCH
    queue.is_away = False
    sending.hand_over_due()
    while queue.tasks:
        queue.work_once()
    assert sent(organization) == 10


def test_organizations_with_little_to_send_share_a_batch(queue: Queue) -> None:
    several = [OrganizationFactory() for _ in range(3)]
    for organization in several:
        bulk(organization, 2)
    queue.tasks.clear()
    BulkTurn.objects.update(handed_over_at=None)
    sending.hand_over_due()
    assert len(queue.tasks) == 1
    queue.work_once()
    assert [sent(organization) for organization in several] == [1, 1, 1]
    while queue.tasks:
        queue.work_once()
    assert [sent(organization) for organization in several] == [2, 2, 2]


def test_what_waits_for_its_time_is_handed_over_then_and_replies_by_themselves(
    queue: Queue,
) -> None:
    organization = OrganizationFactory()
    reply = send_message(organization, a_number(1), "Yes!")
    part = send_message(organization, a_number(2), "Vote!", priority=Priority.BULK)
    assert queue.replies == [reply.pk]
    assert len(queue.tasks) == 1
    queue.tasks.clear()
    queue.replies.clear()
    BulkTurn.objects.update(handed_over_at=None)
    later = timezone.now() + timedelta(hours=1)
    Message.objects.update(due_at=later, dispatched_at=None)
    sending.hand_over_due()
    assert not queue.tasks
    assert not queue.replies
    Message.objects.update(due_at=timezone.now())
    sending.hand_over_due()
    assert queue.replies == [reply.pk]
    queue.work_once()
    part.refresh_from_db()
    assert part.send_status == SendStatus.SENT


def test_without_a_queue_a_bulk_is_sent_at_once(script: Script, settings: Any) -> None:
    settings.SEND_BATCH_SIZE = 2
    settings.CELERY_TASK_ALWAYS_EAGER = True
    organization = OrganizationFactory()
    bulk(organization, 9)
    send_message(organization, a_number(100), "Yes!")
    assert sent(organization) == 10


def test_the_tasks_call_what_they_are_named_after(queue: Queue) -> None:
    organization = OrganizationFactory()
    bulk(organization, 1)
    reply = send_message(organization, a_number(5), "Yes!")
    tasks.send_bulks([list(ticket) for ticket in queue.tasks.popleft()])
    tasks.send_replies([reply.pk])
    tasks.hand_over_due()
    assert sent(organization) == 2


def test_a_bulk_that_was_handed_over_before_there_were_tickets_is_sent(
    queue: Queue, settings: Any
) -> None:
    organization = OrganizationFactory()
    bulk(organization, 3)
    queue.tasks.clear()
    BulkTurn.objects.all().delete()
    Message.objects.update(dispatched_at=timezone.now())
    sending.sweep()
    assert not queue.tasks
    settings.REDISPATCH_SECONDS = 0
    sending.sweep()
    queue.work_once()
    assert sent(organization) == 3
