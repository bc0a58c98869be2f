"""Limits on the way to a vendor: what is too fast waits for its turn and loses nothing by it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from service_vendors import conf, optouts, segments, sending
from service_vendors.exceptions import TransientVendorError
from service_vendors.models import Message, Organization, Priority, SendStatus
from service_vendors.segments import SegmentCount
from service_vendors.sending import clocks, limits
from service_vendors.types import SendingRates
from tests.factories import MessageFactory, OrganizationFactory, a_number
from tests.scripted_vendor import Script, ScriptedVendor

OURS, TOLL_FREE = "+12125550100", "+18335550100"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_clocks(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clocks that only this test has seen, of vendors that allow what they usually do."""
    settings.REDIS_URL = ""
    for name in conf.SETTINGS:
        if name.startswith("SEND_RATE_"):
            setattr(settings, name, 0)
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)
    of_this_process = clocks.clocks
    of_this_process.cache_clear()
    yield
    of_this_process.cache_clear()


def queued(count: int, organization: Organization, **fields: Any) -> list[Message]:
    """Messages of a bulk that wait to be sent from one number."""
    fields = {"user_number": OURS, "service": "scripted", **fields}
    return [
        MessageFactory(organization=organization, contact_number=a_number(n), **fields)
        for n in range(count)
    ]


def dispatch(messages: Sequence[Message]) -> None:
    sending.dispatch([message.pk for message in messages])
    for message in messages:
        message.refresh_from_db()


def those_sent(messages: Sequence[Message]) -> int:
    return sum(message.send_status == SendStatus.SENT for message in messages)


def waits_seconds(message: Message) -> float:
    assert message.due_at is not None
    return (message.due_at - timezone.now()).total_seconds()


def test_what_a_number_cannot_send_now_waits_for_turns_and_uses_up_no_attempt(
    script: Script, organization: Organization
) -> None:
    messages = queued(12, organization)
    dispatch(messages)
    assert [m.send_status for m in messages] == ["SENT"] * 2 + ["QUEUED"] * 10
    waiting = messages[2:]
    assert {(m.attempts, m.status_reason) for m in waiting} == {(0, limits.WAITING)}
    due = [m.due_at for m in waiting]
    gaps = {round((b - a).total_seconds(), 3) for a, b in pairwise(due)}
    assert gaps == {1.0}, "each has a turn of its own, a second after the one before"


def test_who_comes_back_is_sent_when_the_clock_allows_it(
    script: Script, organization: Organization
) -> None:
    calls: list[float] = []
    script.before_answer = lambda _: calls.append(time.monotonic())
    messages = queued(3, organization)
    dispatch(messages)
    # Its turn is in a second; it comes back too early, and waits for the clock all the same.
    Message.objects.filter(send_status=SendStatus.QUEUED).update(due_at=timezone.now())
    dispatch(messages)
    assert those_sent(messages) == 3
    assert calls[2] - calls[1] > 0.9
    assert calls[1] - calls[0] > 0.9


@pytest.mark.parametrize(
    ("sender", "at_once"),
    [(OURS, 2), (TOLL_FREE, 5), ("Campaign", 15), ("72345", 20), ("", 20)],
    ids=["long code", "toll-free", "name", "short code", "pool"],
)
def test_each_kind_of_sender_has_its_own_limit(
    script: Script, organization: Organization, sender: str, at_once: int
) -> None:
    messages = queued(20, organization, user_number=sender)
    dispatch(messages)
    # The last of a second and a half may just be in it, or just not.
    assert those_sent(messages) in {at_once, min(20, at_once + 1)}


def test_numbers_do_not_wait_for_each_other(script: Script, organization: Organization) -> None:
    one, other = queued(5, organization), queued(5, organization, user_number="+12125550101")
    dispatch([*one, *other])
    assert (those_sent(one), those_sent(other)) == (2, 2)


def test_segments_count_and_a_picture_is_one(script: Script, organization: Organization) -> None:
    long = queued(3, organization, text="x" * 400)  # three segments each
    dispatch(long)
    assert those_sent(long) == 1
    assert waits_seconds(long[1]) > 2
    picture = [{"url": "https://example.org/cat.png", "content_type": ""}]
    pictures = queued(3, organization, text="x" * 400, media=picture, user_number="+12125550101")
    dispatch(pictures)
    assert those_sent(pictures) == 2


def test_an_account_is_paced_for_all_organizations_that_share_it(
    script: Script, organization: Organization, settings: Any
) -> None:
    settings.SEND_RATE_ACCOUNT = 4
    other: Organization = OrganizationFactory()
    ours, theirs = queued(10, organization, user_number=""), queued(10, other, user_number="")
    dispatch([*ours, *theirs])
    assert those_sent(ours) + those_sent(theirs) == 7
    assert those_sent(theirs) >= 3, "who came later stood behind all of the other's"


def test_an_account_of_ones_own_is_paced_by_itself(
    script: Script, organization: Organization, settings: Any
) -> None:
    settings.SEND_RATE_ACCOUNT = 4
    own: Organization = OrganizationFactory(features={"SCRIPTED_ACCOUNT": "theirs"})
    ours, theirs = queued(10, organization, user_number=""), queued(10, own, user_number="")
    dispatch([*ours, *theirs])
    assert (those_sent(ours), those_sent(theirs)) == (7, 7)


@pytest.mark.parametrize(("wish", "at_once"), [(0.5, 1), ("0.5", 1), (10, 2), (None, 2)])
def test_on_a_shared_account_an_organization_may_only_slow_itself_down(
    script: Script, wish: object, at_once: int
) -> None:
    organization: Organization = OrganizationFactory(features={"SEND_RATE_LONG_CODE": wish})
    messages = queued(10, organization)
    dispatch(messages)
    assert those_sent(messages) == at_once


def test_on_an_account_of_its_own_an_organization_says_how_fast_it_is(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedVendor, "shares_account", lambda _: False)
    organization: Organization = OrganizationFactory(features={"SEND_RATE_LONG_CODE": 10})
    messages = queued(20, organization)
    dispatch(messages)
    assert those_sent(messages) >= 15


def test_a_limit_that_is_raised_counts_at_once_for_what_comes_new(
    script: Script, organization: Organization, settings: Any
) -> None:
    dispatch(queued(100, organization))
    settings.SEND_RATE_LONG_CODE = 50
    new = queued(10, organization)
    dispatch(new)
    assert those_sent(new) == 10


def test_a_setting_that_is_no_number_leaves_messages_queued_and_says_which(script: Script) -> None:
    organization: Organization = OrganizationFactory(features={"SEND_RATE_LONG_CODE": "fast"})
    messages = queued(2, organization)
    dispatch(messages)
    assert {(m.send_status, m.attempts) for m in messages} == {(SendStatus.QUEUED, 0)}
    assert "SEND_RATE_LONG_CODE" in messages[0].status_reason


def test_a_vendor_that_takes_whatever_comes_is_never_waited_for(
    script: Script, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedVendor, "sending_rates", SendingRates.unlimited())
    monkeypatch.setattr(clocks, "clocks", lambda _: pytest.fail("a clock was asked"))
    messages = queued(20, organization)
    dispatch(messages)
    assert those_sent(messages) == 20


def test_a_reply_goes_before_the_bulk_that_waits_for_its_number(
    script: Script, organization: Organization
) -> None:
    messages = queued(10, organization)
    dispatch(messages)
    reply = sending.send_message(organization, "+12125559999", "Yes!", user_number=OURS)
    assert reply.priority == Priority.REPLY
    dispatch([reply])
    assert reply.send_status == SendStatus.SENT
    assert those_sent(messages) == 2


def test_who_opts_out_while_a_message_waits_for_its_second_is_not_texted(
    script: Script, organization: Organization
) -> None:
    first, second = queued(2, organization)
    script.before_answer = lambda out: (
        optouts.stop(organization, second.contact_number)
        if out.contact_number == first.contact_number
        else None
    )
    dispatch([first, second])
    assert (first.send_status, second.send_status) == (SendStatus.SENT, SendStatus.NOT_ATTEMPTED)
    assert len(script.sent) == 1


def test_retry_after_is_honoured_to_the_second_by_what_is_paced_as_well(
    script: Script, organization: Organization, settings: Any
) -> None:
    settings.SEND_RETRY_SECONDS = 0.01
    (message,) = queued(1, organization)
    refused: list[float] = []

    def answer(_: object) -> Exception:
        refused.append(timezone.now().timestamp())
        return TransientVendorError("busy", code=429, retry_after_seconds=7)

    script.answer = answer
    dispatch([message])
    assert message.attempts == 1
    assert message.due_at is not None
    assert 7 <= message.due_at.timestamp() - refused[0] < 8
    dispatch([message])
    assert len(refused) == 1, "it was sent before the vendor's time"
    Message.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    dispatch([message])
    assert (len(refused), message.attempts) == (2, 2)


def test_a_vendor_that_cannot_tell_segments_fails_its_own_message_alone(
    script: Script, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(text: str) -> SegmentCount:
        if text == "odd":
            raise RuntimeError("-".join(("secret", "token")))
        return segments.count(text)

    monkeypatch.setattr(ScriptedVendor, "count_segments", staticmethod(count))
    (odd,), (other,) = queued(1, organization, text="odd"), queued(1, organization)
    dispatch([odd, other])
    assert other.send_status == SendStatus.SENT
    assert (odd.send_status, odd.attempts) == (SendStatus.QUEUED, 1)
    assert "secret-token" not in odd.status_reason
