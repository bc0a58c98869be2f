"""STOPs while messages to the same people are on their way: no call begins after the commit.

As many as CI has time for. STOPS=10000 brings as many as an election night does.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from benchmarks import load
from service_vendors.models import Message, OptOut, SendStatus
from service_vendors.sending import MessageDraft, send_messages
from service_vendors.vendors.fakeservice.server import FakeServiceServer, events
from tests.factories import OrganizationFactory, a_number
from tests.servers.conftest import Processes, text_over, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

STOPS = int(os.environ.get("STOPS", "300"))
TOGETHER = 40

# When each opt-out was committed: deferred triggers of one row fire in the order of their names,
# so this one looks at the clock when the opt-out holds its lock and nothing is left but to commit.
CLOCK = """
CREATE TABLE opt_out_commits (cell text, at double precision);
CREATE FUNCTION zz_clock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO opt_out_commits VALUES (NEW.cell, extract(epoch FROM clock_timestamp()));
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER zz_clock AFTER INSERT ON service_vendors_optout
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION zz_clock();
"""
NO_CLOCK = """
DROP TRIGGER zz_clock ON service_vendors_optout;
DROP FUNCTION zz_clock();
DROP TABLE opt_out_commits;
"""


@pytest.fixture
def clock(transactional_db: None) -> Iterator[Callable[[], dict[str, float]]]:
    """When each number's opt-out was committed."""
    with connection.cursor() as cursor:
        cursor.execute(CLOCK)

    def read() -> dict[str, float]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT cell, at FROM opt_out_commits")
            return dict(cursor.fetchall())

    yield read
    with connection.cursor() as cursor:
        cursor.execute(NO_CLOCK)


def test_no_call_begins_after_the_opt_out_was_committed(
    processes: Callable[[dict[str, str]], Processes],
    clock: Callable[[], dict[str, float]],
    settings: Any,
    live_server: Any,
    tmp_path: Path,
) -> None:
    organization = OrganizationFactory()
    begun_log = tmp_path / "begun"
    begun_log.touch()
    with FakeServiceServer() as company:
        company.behave(latency_seconds=0.05, reports=False)
        chosen = text_over(company, settings)
        settings.BASE_URL = live_server.url
        running = processes(chosen | {"CALLS_BEGUN": str(begun_log), "LOG_LEVEL": "WARNING"})
        running.application = "tests.servers.watched"
        running.beat()
        running.worker()
        running.worker()
        port = running.site()
        contacts = [a_number(n) for n in range(STOPS)]
        bodies = [events.body_of(a_stop(number)) for number in contacts]
        random.shuffle(bodies)
        secret = chosen["FAKESERVICE_SIGNING_SECRET"]
        calls = load.signed(bodies, f"/fakeservice/{organization.pk}", secret)
        with ThreadPoolExecutor(1) as contacts_side:
            stopping = contacts_side.submit(load.post, calls, port, connections=8)
            accepted = 0
            # Whoever has not opted out yet is texted again and again, until everybody has.
            while OptOut.objects.count() < STOPS:
                drafts = [MessageDraft(one, "Vote!") for one in random.sample(contacts, TOGETHER)]
                accepted += len(send_messages(organization, drafts).accepted)
                if stopping.done():
                    stopping.result()
        unsettled = Message.objects.filter(
            is_from_contact=False, send_status__in=(SendStatus.QUEUED, SendStatus.SENDING)
        )
        wait_until(
            lambda: not unsettled.exists(),
            seconds=120 + STOPS / 10,
            what="every message to be settled",
        )
        ledger = {row["reference"]: row["at"] for row in company.sent()}

    committed = clock()
    assert len(committed) == STOPS
    numbers = {
        message.reference.hex: message.contact_number
        for message in Message.objects.filter(is_from_contact=False)
    }
    begun = {
        reference: float(at)
        for reference, at in (line.split() for line in begun_log.read_text().splitlines())
    }
    too_late = [r for r, at in begun.items() if at > committed[numbers[r]]]
    under_way = [at - committed[numbers[r]] for r, at in ledger.items()]
    arrived_after = [seconds for seconds in under_way if seconds > 0]
    print(  # noqa: T201
        f"\n{STOPS} STOPs, {accepted} messages: {len(begun)} calls, {len(too_late)} began after"
        f" the commit; {len(arrived_after)} were on the wire then, the longest for"
        f" {max(arrived_after, default=0.0) * 1000:.0f} ms"
    )
    assert not too_late
    assert set(ledger) <= set(begun), "the vendor has what nobody sent"
    not_attempted = Message.objects.filter(send_status=SendStatus.NOT_ATTEMPTED)
    assert len(ledger) + not_attempted.count() == accepted
    assert ledger, "every STOP came before the first call: there was no race"
    assert not_attempted.exists(), "every call began before the first STOP: there was no race"


def a_stop(contact: str) -> events.Event:
    """A contact's STOP."""
    return events.received(
        message_id=f"R{contact}",
        contact=contact,
        number=load.OUR_NUMBER,
        text="STOP",
        at=time.time(),
    )
