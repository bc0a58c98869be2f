"""Many rows in one statement: each gets its own values, of every kind."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from service_vendors.models import Message, Organization, SendStatus, WebhookEvent, rows
from tests.factories import MessageFactory, WebhookEventFactory

pytestmark = pytest.mark.django_db


def unsaved(organization: Organization, count: int) -> list[Message]:
    return [
        Message(
            organization=organization,
            contact_number=f"+1212555{n:04d}",
            text=f"It's\t“{n}”\\ \n",
            media=[{"url": f"https://example.org/{n}", "content_type": ""}] * (n % 2),
            service="scripted",
            send_status=SendStatus.QUEUED,
            due_at=timezone.now() if n % 3 else None,
        )
        for n in range(count)
    ]


def test_inserted_rows_are_read_as_they_were_and_know_their_keys(
    organization: Organization,
) -> None:
    new = unsaved(organization, 40)
    with transaction.atomic():
        rows.insert_all(new)
    stored = Message.objects.in_bulk()
    assert len(stored) == 40
    for message in new:
        found = stored[message.pk]
        assert all(
            getattr(found, field.attname) == getattr(message, field.attname)
            for field in Message._meta.concrete_fields
        )
        assert not message._state.adding


def test_inserting_nothing_asks_nothing() -> None:
    with CaptureQueriesContext(connection) as seen:
        rows.insert_all([])
        rows.update_each([], ["text"])
    assert len(seen) == 0


def test_each_row_gets_its_own_values(organization: Organization) -> None:
    messages = [MessageFactory(organization=organization) for _ in range(12)]
    untouched = MessageFactory(organization=organization, text="mine")
    fields = ("text", "media", "error_code", "due_at", "claim_token", "attempts", "send_status")
    for n, message in enumerate(messages):
        message.text, message.attempts = f"changed '{n}' %s", n
        message.media = [{"url": str(n)}] if n % 2 else []
        message.error_code = n if n % 3 else None
        message.due_at = timezone.now() + timedelta(n) if n % 2 else None
        message.claim_token = uuid4() if n % 4 else None
        message.send_status = SendStatus.SENT if n % 2 else SendStatus.ERROR
    rows.update_each(messages, fields)
    stored = Message.objects.in_bulk()
    for message in messages:
        for field in fields:
            assert getattr(stored[message.pk], field) == getattr(message, field), field
    assert stored[untouched.pk].text == "mine"


def test_many_rows_take_few_statements(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "ROWS_A_STATEMENT", 10)
    messages = [MessageFactory(organization=organization) for _ in range(25)]
    for message in messages:
        message.text = f"to {message.contact_number}"
    with CaptureQueriesContext(connection) as seen:
        rows.update_each(messages, ["text"])
    assert len(seen) == 3
    assert {m.text for m in Message.objects.all()} == {m.text for m in messages}


def test_taken_rows_are_changed_and_come_back_as_they_are_now(organization: Organization) -> None:
    first, second = (MessageFactory(organization=organization, attempts=n) for n in (1, 2))
    other = MessageFactory(organization=organization, send_status=SendStatus.SENT)
    queued = Message.objects.filter(send_status=SendStatus.QUEUED)
    with transaction.atomic():
        taken = rows.take(queued, send_status=SendStatus.SENDING, attempts=F("attempts") + 1)
    assert taken == [first, second]
    assert [(m.send_status, m.attempts) for m in taken] == [("SENDING", 2), ("SENDING", 3)]
    other.refresh_from_db()
    assert other.send_status == SendStatus.SENT


def test_only_so_many_rows_are_taken_and_those_that_are_first(organization: Organization) -> None:
    now = timezone.now()
    late, early, latest = (
        MessageFactory(organization=organization, due_at=now + timedelta(seconds=n))
        for n in (2, 1, 3)
    )
    with transaction.atomic():
        taken = rows.take(Message.objects.order_by("due_at")[:2], text="taken")
    assert set(taken) == {early, late}
    latest.refresh_from_db()
    assert latest.text != "taken"


def test_what_is_stored_already_is_not_stored_again(organization: Organization) -> None:
    old = WebhookEventFactory(organization=organization, event_key="old")
    fresh = [
        WebhookEventFactory.build(organization=organization, event_key=key, body=b"\x00\xff")
        for key in ("a", "old", "b", "a")
    ]
    new = rows.insert_new(fresh, key="event_key")
    assert [event.event_key for event in new] == ["a", "b"]
    assert new[0] is fresh[0]
    assert WebhookEvent.objects.count() == 3
    assert bytes(WebhookEvent.objects.get(event_key="a").body) == b"\x00\xff"
    assert {event.pk for event in new} == set(
        WebhookEvent.objects.exclude(pk=old.pk).values_list("pk", flat=True)
    )


def test_a_stencil_makes_rows_that_differ_in_what_it_is_told(organization: Organization) -> None:
    make = rows.stencil(Message(organization=organization, service="scripted", text="shared"))
    one, other = make(text="its own"), make(contact_number="+12125550123")
    assert (one.text, one.contact_number) == ("its own", "")
    assert (other.text, other.contact_number) == ("shared", "+12125550123")
    assert one.organization_id == other.organization_id == organization.pk
    one.save(force_insert=True)
    assert Message.objects.get().text == "its own"
    with pytest.raises(IndexError):
        make(no_such_column=1)
