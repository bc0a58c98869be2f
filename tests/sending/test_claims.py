"""Many workers, one message: claims on a real database, from real threads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy

import pytest
from django.db import connections

from service_vendors import optouts, sending
from service_vendors.models import Message, OptOut, Organization, SendStatus
from service_vendors.sending import MessageDraft, ledger, send_message, send_messages
from service_vendors.sending.outcomes import Accepted, TryLater
from service_vendors.types import SendReceipt
from tests.scripted_vendor import Script

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = "+12125550123"


def at_once(times: int, act: Callable[[int], object]) -> list[object]:
    """Do something in so many threads, each with a database connection of its own."""

    def in_a_thread(n: int) -> object:
        try:
            return act(n)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(in_a_thread, range(times)))


@pytest.fixture(autouse=True)
def nothing_handed_over(script: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test itself is the worker."""
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)


def test_eight_workers_on_the_same_batch_send_each_message_once(
    script: Script, organization: Organization
) -> None:
    drafts = [MessageDraft(f"+1212555{n:04}", "Hello") for n in range(60)]
    ids = [message.pk for message in send_messages(organization, drafts).accepted]
    at_once(8, lambda n: sending.dispatch(ids if n % 2 else ids[::-1]))
    sent = Counter(out.reference for out in script.sent)
    assert len(sent) == 60
    assert set(sent.values()) == {1}
    assert set(Message.objects.values_list("send_status", flat=True)) == {SendStatus.SENT}


def test_ten_sends_with_one_key_at_once_are_one_message(organization: Organization) -> None:
    found = at_once(
        10, lambda _: send_message(organization, NUMBER, "Hello", idempotency_key="k").pk
    )
    assert len(set(found)) == 1
    assert Message.objects.count() == 1


def test_two_bulks_with_the_same_keys_at_once_are_one(organization: Organization) -> None:
    drafts = [MessageDraft(f"+1212555{n:04}", "Hi", idempotency_key=str(n)) for n in range(20)]
    at_once(4, lambda _: send_messages(organization, drafts))
    assert Message.objects.count() == 20


def test_ten_stops_at_once_are_one_opt_out(organization: Organization) -> None:
    at_once(10, lambda _: optouts.stop(organization, NUMBER))
    assert OptOut.objects.count() == 1


def test_a_claim_that_was_lost_records_nothing(organization: Organization) -> None:
    message = send_message(organization, NUMBER, "Hello")
    (first,) = ledger.claim([message.pk])
    ledger.record({copy(first): TryLater("busy")})
    Message.objects.update(due_at=message.due_at)
    (second,) = ledger.claim([message.pk])
    ledger.record({first: Accepted(SendReceipt("late"))})
    message.refresh_from_db()
    assert (message.send_status, message.service_id) == (SendStatus.SENDING, "")
    ledger.record({second: Accepted(SendReceipt("right"))})
    message.refresh_from_db()
    assert (message.send_status, message.service_id) == (SendStatus.SENT, "right")
