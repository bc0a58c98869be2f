"""Rows that somebody else is taking: they are left alone, and nobody waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Thread

import pytest
from django.db import connection, connections, transaction

from service_vendors.models import Message, SendStatus, rows
from tests.factories import MessageFactory

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def taken(transactional_db: None) -> Iterator[Message]:
    """A message that another worker is taking, and takes its time."""
    if connection.vendor != "postgresql":
        pytest.fail("Tests marked `servers` need DATABASE_URL to name a PostgreSQL database.")
    message = MessageFactory()
    held, done = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            rows.take(Message.objects.filter(pk=message.pk), send_status=SendStatus.SENDING)
            held.set()
            done.wait(60)
        connections.close_all()

    other = Thread(target=hold)
    other.start()
    assert held.wait(60)
    yield message
    done.set()
    other.join()


def test_nobody_waits_for_what_another_takes(taken: Message) -> None:
    free = MessageFactory(organization=taken.organization)
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Whoever waits for a row's lock fails instead.
            cursor.execute("SET LOCAL lock_timeout = '2s'")
        found = rows.take(
            Message.objects.filter(pk__in=[taken.pk, free.pk]), send_status=SendStatus.SENDING
        )
    assert found == [free]
