"""Vendors in trouble, over real sockets: the company fails as often as it is told to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from service_vendors import sending
from service_vendors.models import Message, Organization, SendStatus
from service_vendors.sending import breaker
from service_vendors.sending.circuit import State
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory, a_number
from tests.trouble import account_of
from tests.vendors.twilio_account import at_twilio_for_everybody

pytestmark = pytest.mark.django_db(transaction=True)

BATCH = 10


@pytest.fixture
def company(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServiceServer]:
    """The company everybody texts over, by one account; nobody else takes its messages up."""
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)
    with FakeServiceServer() as server:
        settings.SERVICE_VENDORS = ["fakeservice"]
        settings.DEFAULT_SERVICE = "fakeservice"
        for name, value in server.account().items():
            setattr(settings, f"FAKESERVICE_{name.upper()}", value)
        yield server


@pytest.fixture
def organization(db: None) -> Organization:
    """An organization that texts over the company."""
    return OrganizationFactory()


def texts(organization: Organization, count: int) -> list[int]:
    drafts = [sending.MessageDraft(a_number(n), f"Message {n}") for n in range(count)]
    return [message.pk for message in sending.send_messages(organization, drafts).accepted]


def dispatch(ids: list[int]) -> None:
    for start in range(0, len(ids), BATCH):
        sending.dispatch(ids[start : start + BATCH])


def standing(organization: Organization) -> breaker.Standing:
    return breaker.standing(account_of(organization))


def statuses() -> Counter[str]:
    return Counter(Message.objects.values_list("send_status", flat=True))


@pytest.mark.parametrize("fault", ["refuse", "break", "reset", "garble"])
def test_a_company_that_fails_half_of_the_calls_is_left_alone_after_fifty_of_them(
    company: FakeServiceServer, organization: Organization, fault: str
) -> None:
    company.behave(faults={fault: 0.5}, seed=7, reports=False)
    dispatch(texts(organization, 200))
    assert standing(organization).state is State.OPEN
    asked = Message.objects.exclude(send_status=SendStatus.QUEUED, attempts=0)
    failed = asked.exclude(send_status=SendStatus.SENT)
    assert 50 <= failed.count() < 50 + BATCH
    assert asked.count() < 150
    waiting = Message.objects.filter(send_status=SendStatus.QUEUED, attempts=0)
    assert waiting.count() == 200 - asked.count()
    assert all("wait until it works again" in reason for reason in _reasons(waiting))

    company.behave(reports=False)
    assert breaker.probe_now(account_of(organization))
    for _ in range(2):  # a few try, then the others
        queued = Message.objects.filter(send_status=SendStatus.QUEUED)
        queued.update(due_at=timezone.now())
        dispatch(list(queued.values_list("pk", flat=True)))
    assert standing(organization).is_closed
    taken = Counter(row["reference"] for row in company.sent())
    assert max(taken.values()) == 1, "nobody is texted twice"
    in_doubt = statuses()[SendStatus.UNKNOWN]
    assert (in_doubt == 0) is (fault == "refuse")
    assert statuses()[SendStatus.SENT] == 200 - in_doubt


def _reasons(messages: Any) -> set[str]:
    return set(messages.values_list("status_reason", flat=True))


@pytest.mark.parametrize("fault", ["reject", "lock out", "limit"])
def test_a_company_that_says_no_is_asked_for_each_message(
    company: FakeServiceServer, organization: Organization, fault: str
) -> None:
    company.behave(faults={fault: 1})
    dispatch(texts(organization, 60))
    assert standing(organization).is_closed
    assert not Message.objects.filter(status_reason__contains="wait until it works").exists()


def test_retry_after_is_honoured_to_the_second(
    company: FakeServiceServer, organization: Organization
) -> None:
    company.behave(faults={"limit": 1}, retry_after_seconds=37)
    ids = texts(organization, BATCH)
    before = timezone.now()
    sending.dispatch(ids)
    after = timezone.now()
    company.behave(reports=False)
    due = list(Message.objects.values_list("due_at", flat=True))
    wait = timedelta(seconds=37)
    assert all(before + wait <= one <= after + wait + timedelta(seconds=1) for one in due)
    # One chance in a billion that they lie so close by accident.
    assert max(due) - min(due) > timedelta(seconds=0.05), "within that second, not all at once"
    sending.dispatch(ids)
    assert company.sent() == [], "nobody asks before"


def test_what_one_company_cannot_be_reached_for_goes_through_another(
    company: FakeServiceServer, organization: Organization, settings: Any
) -> None:
    settings.BREAKER_ERRORS = 5
    company.behave(reports=False)
    with at_twilio_for_everybody(settings) as there:
        settings.SERVICE_VENDORS = ["twilio", "fakeservice"]
        settings.FALLBACK_SERVICES = ["fakeservice"]
        ids = texts(organization, 3 * BATCH)
        there.switch.stop()
        dispatch(ids)
        assert Counter(Message.objects.values_list("service", "attempts")) == {
            ("twilio", 1): BATCH,  # they were tried and are tried again
            ("fakeservice", 0): 2 * BATCH,
        }
        dispatch(ids)
    assert statuses() == {SendStatus.SENT: 2 * BATCH, SendStatus.QUEUED: BATCH}
    assert len(company.sent()) == 2 * BATCH
    assert there.posts() == []
