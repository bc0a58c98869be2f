"""1,000 sends that Twilio takes and answers too late: nobody is texted twice, all are settled.

The engine, its database, its sweeper and the SDK are the real ones; only the clock is turned.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from django.utils import timezone

from service_vendors import sending
from service_vendors.models import Message, Organization, OrganizationContact, SendStatus
from service_vendors.sending import sweeping
from service_vendors.sending.acceptance import MessageDraft, send_messages
from service_vendors.sending.reports import apply_report
from service_vendors.types import DeliveryReport, ReportStatus
from tests.factories import a_number
from tests.simulators.twilio import messages
from tests.vendors.twilio_account import AtTwilio, at_twilio_for_everybody

pytestmark = pytest.mark.django_db(transaction=True)

SENDS, REPORTED, LISTED_LATE = 1_000, 300, 100
READ_SECONDS = 1.0
SWEEP = timedelta(seconds=5)
LONGEST = timedelta(minutes=15)


class Clock:
    """The program's clock, and how far it was turned."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._now = timezone.now

    def now(self) -> datetime:
        return self._now() + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", clock.now)
    return clock


@pytest.fixture
def there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[AtTwilio]:
    """An account at Twilio, which is the installation's, and nobody who works by themselves."""
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)
    settings.VENDOR_READ_SECONDS = READ_SECONDS
    settings.BREAKER_ERRORS = SENDS + 1  # else most of them would not be tried
    with at_twilio_for_everybody(settings) as there:
        yield there


async def too_late(request: web.Request) -> web.StreamResponse:
    """Take a message; say so when nobody listens any more."""
    taken = await messages.take(request)
    await asyncio.sleep(READ_SECONDS * 2)
    return web.json_response(messages.answer(taken), status=201)


def test_a_thousand_late_answers(there: AtTwilio, organization: Organization, clock: Clock) -> None:
    """Spoke: sends that timed out are sent again, "over and over" (J:1040, JP:230)."""
    drafts = [MessageDraft(a_number(n), f"Will you vote, {n % 7}?") for n in range(SENDS)]
    accepted = send_messages(organization, drafts).accepted
    assert len(accepted) == SENDS
    ids = [message.pk for message in accepted]

    there.company.disturbance = too_late
    for start in range(0, SENDS, 250):
        sending.dispatch(ids[start : start + 250])
    there.company.disturbance = None
    assert statuses() == {SendStatus.UNKNOWN: SENDS}
    assert texted_once(there)

    # Nothing sends a doubtful message again: not a repeated task, not the sweeper.
    sending.dispatch(ids)
    report(there, organization)
    end(there)
    hidden = there.company.messages[REPORTED : REPORTED + LISTED_LATE]
    del there.company.messages[REPORTED : REPORTED + LISTED_LATE]
    while statuses().get(SendStatus.UNKNOWN) and clock.ahead < LONGEST:
        clock.ahead += SWEEP
        sweeping.sweep()
        if clock.ahead == timedelta(minutes=2):
            assert statuses()[SendStatus.UNKNOWN] == LISTED_LATE
            there.company.messages[REPORTED:REPORTED] = hidden

    assert clock.ahead < LONGEST
    assert texted_once(there)
    assert statuses() == {
        SendStatus.SENT: SENDS - REPORTED - 100,
        SendStatus.DELIVERED: REPORTED + 50,
        SendStatus.ERROR: 50,
    }
    told = {one["to"]: one["sid"] for one in there.company.messages}
    for message in Message.objects.all():
        assert message.service_id == told[message.contact_number]
    failed = Message.objects.filter(send_status=SendStatus.ERROR)
    assert {(one.error_code, bool(one.status_reason)) for one in failed} == {(30003, True)}
    assert OrganizationContact.objects.filter(last_error_code=30003).count() == 50


def statuses() -> Counter[str]:
    return Counter(Message.objects.values_list("send_status", flat=True))


def texted_once(there: AtTwilio) -> bool:
    """Whether Twilio was asked once for each recipient, and no oftener."""
    asked = Counter(dict(one.form)["To"] for one in there.posts())
    return len(asked) == SENDS and set(asked.values()) == {1}


def report(there: AtTwilio, organization: Organization) -> None:
    """Twilio reports on some, under the reference that it was given."""
    for one in there.company.messages[:REPORTED]:
        query = parse_qs(urlsplit(one["status_callback"]).query)
        said = DeliveryReport(one["sid"], ReportStatus.DELIVERED, reference=query["reference"][0])
        assert apply_report(organization, "twilio", said) is not None


def end(there: AtTwilio) -> None:
    """Of the others, some have arrived by now and some never will."""
    for number, one in enumerate(there.company.messages[-100:]):
        if number % 2:
            one.update(status="undelivered", error_code=30003)
        else:
            one.update(status="delivered")
