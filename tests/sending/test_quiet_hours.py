"""Nobody is texted outside their hours: what is sent then waits, and vendors are told, too."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from service_vendors import sending
from service_vendors.models import Message, Organization, SendStatus
from service_vendors.sending import send_message, sweeping
from tests.factories import CampaignFactory, ContactFactory
from tests.scripted_vendor import Script

NUMBER = "+12125550123"
NEW_YORK = ZoneInfo("America/New_York")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quiet_hours(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    organization.features = {"TEXTING_HOURS_ENFORCED": True}
    organization.save()
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)


def it_is(text: str, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Set the clock to a time in New York."""
    now = datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


def test_a_text_of_the_night_waits_for_the_morning(
    organization: Organization, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    it_is("2026-11-03 22:15", monkeypatch)
    message = send_message(organization, NUMBER, "Hello")
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert (message.send_status, message.attempts) == (SendStatus.QUEUED, 0)
    assert message.due_at == datetime(2026, 11, 4, 9, tzinfo=NEW_YORK)
    assert "outside the texting hours" in message.status_reason
    assert not script.sent

    it_is("2026-11-04 08:59", monkeypatch)
    sweeping.hand_over_due()
    message.refresh_from_db()
    assert message.dispatched_at is None
    sending.dispatch([message.pk])
    assert not script.sent

    it_is("2026-11-04 09:00", monkeypatch)
    sweeping.hand_over_due()
    message.refresh_from_db()
    assert message.dispatched_at is not None
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.SENT


def test_the_vendor_is_told_to_give_up_when_the_hours_end(
    organization: Organization, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = it_is("2026-11-03 20:30", monkeypatch)
    until_nine = send_message(organization, NUMBER, "Hello")
    sooner = send_message(organization, NUMBER, "Now", send_before=now + timedelta(minutes=5))
    sending.dispatch([until_nine.pk, sooner.pk])
    told = {out.text: out.send_before for out in script.sent}
    assert told["Hello"] == datetime(2026, 11, 3, 21, tzinfo=NEW_YORK)
    assert told["Now"] == now + timedelta(minutes=5)


def test_a_contact_is_texted_by_their_own_clock(
    organization: Organization, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    it_is("2026-11-03 22:15", monkeypatch)
    campaign = CampaignFactory(organization=organization)
    west = ContactFactory(campaign=campaign, cell="+13105550123", zip="96801")
    message = send_message(organization, west.cell, "Aloha", contact=west)
    sending.dispatch([message.pk])
    assert [out.contact_number for out in script.sent] == [west.cell]


def test_a_text_that_would_be_too_late_in_the_morning_is_never_sent(
    organization: Organization, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = it_is("2026-11-03 22:15", monkeypatch)
    message = send_message(organization, NUMBER, "Now", send_before=now + timedelta(hours=2))
    sending.dispatch([message.pk])
    it_is("2026-11-04 09:00", monkeypatch)
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.NOT_ATTEMPTED
    assert not script.sent


def test_hours_that_cannot_be_understood_let_nothing_out_and_use_up_no_try(
    organization: Organization, script: Script
) -> None:
    organization.features = {"TEXTING_HOURS_ENFORCED": True, "TEXTING_HOURS_END": "late"}
    organization.save()
    message = send_message(organization, NUMBER, "Hello")
    sending.dispatch([message.pk])
    fresh: Any = Message.objects.get()
    assert (fresh.send_status, fresh.attempts) == (SendStatus.QUEUED, 0)
    assert "TEXTING_HOURS_END" in fresh.status_reason
    assert not script.sent
