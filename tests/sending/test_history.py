"""What is kept of a message's way: each step in its order, and no text and no number."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from service_vendors import optouts, sending
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.managers.base import ServiceManager
from service_vendors.models import Message, Organization, Origin, Step
from service_vendors.models.history import line, read
from service_vendors.sending import MessageDraft, doubts, history, ledger, send_message, sweeping
from service_vendors.sending.outcomes import TryLater
from service_vendors.types import (
    DeliveryReport,
    OutboundMessage,
    ReportStatus,
    SendReceipt,
    ServiceManagerData,
)
from tests.scripted_vendor import Script

NUMBER = "+12125550123"

# The vendor loop's thread reads what this one has committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_handed_over(script: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test itself is the worker."""
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)


@pytest.fixture
def message(organization: Organization) -> Message:
    """A queued message that nobody has been asked to send yet."""
    return send_message(organization, NUMBER, "Hello, will you vote?")


def kept(message: Message) -> list[dict[str, str]]:
    message.refresh_from_db()
    return read(message.history)


def steps(message: Message) -> list[str]:
    return [one["step"] for one in kept(message)]


def last(message: Message) -> dict[str, str]:
    return kept(message)[-1]


def try_now(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(due_at=timezone.now())
    sending.dispatch([message.pk])


def report(message: Message, status: ReportStatus, **more: Any) -> None:
    about = DeliveryReport("s", status, reference=message.reference.hex, **more)
    sending.apply_report(message.organization, "scripted", about)


class Chooser(ServiceManager):
    """Sends everything from one number, over one pool."""

    name = "chooser"
    title = "Chooser"

    def on_message_send(self, message: Message) -> ServiceManagerData:
        return ServiceManagerData(user_number="+12125550177", messageservice_sid="pool-1")


def test_a_text_that_arrives_has_each_of_its_steps_once_and_in_order(
    message: Message, settings: Any
) -> None:
    settings.SERVICE_MANAGERS = ["tests.sending.test_history.Chooser"]
    sending.dispatch([message.pk])
    report(message, ReportStatus.SENT)
    report(message, ReportStatus.DELIVERED, occurred_at=timezone.now())
    assert steps(message) == ["queued", "claimed", "decided", "accepted", "reported", "reported"]
    queued, claimed, decided, accepted, first, second = kept(message)
    assert queued["origin"] == Origin.PROGRAM and "by" not in queued
    assert claimed["attempt"] == "1"
    assert decided["user_number"] == "+1212•••••77" and decided["messageservice_sid"] == "pool-1"
    assert accepted["service"] == "scripted" and 0 < float(accepted["seconds"]) < 60
    assert (first["status"], first["late"]) == ("SENT", "yes"), "it was known to be sent"
    assert (second["status"], "late" in second) == ("DELIVERED", False)
    assert "occurred_at" in second
    times = [one["at"] for one in kept(message)]
    assert times == sorted(times)


def test_the_longest_way_there_is(
    script: Script, message: Message, admin: Any, settings: Any
) -> None:
    settings.SETTLE_SECONDS, settings.SETTLE_MAX_ATTEMPTS = 0, 1
    settings.SCRIPTED_TOKEN = ""
    try_now(message)  # the vendor is not ready
    settings.SCRIPTED_TOKEN = "open sesame"
    script.answer = lambda _: TransientVendorError("busy", code=7, retry_after_seconds=60)
    try_now(message)
    script.answer = lambda _: SendUncertain("The line broke.")
    try_now(message)
    sweeping.settle_doubtful()  # the vendor does not know it
    again = doubts.send_again(message, admin)
    assert again is not None
    report(message, ReportStatus.ERROR, error_code=42, opted_out=True)
    report(message, ReportStatus.DELIVERED)
    assert steps(message) == [
        *("queued", "claimed", "postponed", "claimed", "try_later", "claimed", "uncertain"),
        *("not_found", "sent_again", "reported", "reported"),
    ]
    said = {one["step"]: one for one in kept(message)}
    assert "SCRIPTED_TOKEN" in said["postponed"]["reason"] and said["postponed"]["until"]
    assert (said["try_later"]["reason"], said["try_later"]["code"]) == ("busy", "7")
    assert said["try_later"]["until"] > said["try_later"]["at"]
    assert [one["attempt"] for one in kept(message) if "attempt" in one] == ["1", "1", "2"]
    assert said["uncertain"]["reason"] == "The line broke."
    assert "until" not in said["not_found"], "nobody asks any more"
    assert said["sent_again"]["by"] == str(admin.pk)
    assert said["sent_again"]["reference"] == again.reference.hex
    assert kept(again)[0]["origin"] == Origin.AGAIN
    assert kept(message)[-2]["opted_out"] and kept(message)[-2]["code"] == "42"


@pytest.mark.parametrize(
    ("answer", "step", "said"),
    [
        (PermanentVendorError("no", code=42, opted_out=True), Step.FAILED, {"code": "42"}),
        (PermanentVendorError("Too long."), Step.FAILED, {"reason": "Too long."}),
        (VendorNotConfigured("Refused."), Step.POSTPONED, {"reason": "Refused."}),
        (SendUncertain("Who knows."), Step.UNCERTAIN, {"reason": "Who knows."}),
        (SendReceipt("s", status=ReportStatus.DELIVERED), Step.ACCEPTED, {"status": "DELIVERED"}),
        (SendReceipt("s", status=ReportStatus.ERROR, error_code=42), Step.ACCEPTED, {"code": "42"}),
    ],
)
def test_each_end_of_a_call_is_a_step_of_its_own(
    script: Script, message: Message, answer: Any, step: Step, said: dict[str, str]
) -> None:
    script.answer = lambda _: answer
    sending.dispatch([message.pk])
    assert steps(message) == ["queued", "claimed", step]
    assert said.items() <= last(message).items()
    assert float(last(message)["seconds"]) > 0


def test_the_last_try_says_that_it_was_the_last(
    script: Script, message: Message, settings: Any
) -> None:
    settings.SEND_MAX_ATTEMPTS = 2
    script.answer = lambda _: TransientVendorError("busy", code=7)
    try_now(message)
    try_now(message)
    assert steps(message) == ["queued", "claimed", "try_later", "claimed", "gave_up"]
    assert "until" not in last(message)


def test_what_we_ourselves_refuse_asks_no_vendor(
    message: Message, organization: Organization
) -> None:
    late = send_message(
        organization, NUMBER, "Hello", send_before=timezone.now() + timedelta(hours=1)
    )
    Message.objects.filter(pk=late.pk).update(send_before=timezone.now() - timedelta(hours=1))
    sending.dispatch([late.pk])
    optouts.stop(organization, NUMBER)
    sending.dispatch([message.pk])
    for refused, why in ((late, "too late"), (message, "asked not to be texted")):
        assert steps(refused) == ["queued", "claimed", "not_attempted"]
        assert why in last(refused)["reason"] and "seconds" not in last(refused)


def test_what_is_put_off_again_and_again_for_one_reason_is_one_step(
    message: Message, settings: Any
) -> None:
    settings.SCRIPTED_TOKEN = ""
    for _ in range(5):
        try_now(message)
    assert steps(message) == ["queued", "claimed", "postponed"]
    put_off = last(message)
    assert put_off["times"] == "5"
    assert put_off["at"] < put_off["last_at"] < put_off["until"]
    settings.SCRIPTED_TOKEN = "open sesame"
    try_now(message)
    assert steps(message) == ["queued", "claimed", "postponed", "claimed", "accepted"]


def test_so_is_what_the_vendor_puts_off_after_managers_decided(
    script: Script, message: Message, settings: Any
) -> None:
    settings.SERVICE_MANAGERS = ["tests.sending.test_history.Chooser"]
    script.answer = lambda _: VendorNotConfigured("Refused.")
    for _ in range(3):
        try_now(message)
    assert steps(message) == ["queued", "claimed", "decided", "postponed"]
    assert last(message)["times"] == "3"


def test_a_report_that_is_quicker_than_the_answer_stands_before_it(
    script: Script, message: Message
) -> None:
    def quick(_: OutboundMessage) -> None:
        report(message, ReportStatus.DELIVERED)
        connections.close_all()  # this thread's own

    script.before_answer = quick
    sending.dispatch([message.pk])
    assert steps(message) == ["queued", "claimed", "reported", "accepted"]
    assert last(message)["late"]


def test_reports_that_come_again_or_say_less_are_kept_and_marked(message: Message) -> None:
    sending.dispatch([message.pk])
    for status in (ReportStatus.DELIVERED, ReportStatus.DELIVERED, ReportStatus.SENT):
        report(message, status)
    reported = [(o["status"], "late" in o) for o in kept(message) if "status" in o]
    assert reported == [("DELIVERED", False), ("DELIVERED", True), ("SENT", True)]


def test_a_report_of_another_error_that_changes_the_code_is_news(message: Message) -> None:
    sending.dispatch([message.pk])
    for code in (30, 42, 7):
        report(message, ReportStatus.ERROR, error_code=code)
    assert ["late" in one for one in kept(message)[-3:]] == [False, True, False]


def test_a_claim_whose_worker_died_and_what_the_sweeper_made_of_it_are_seen(
    script: Script, message: Message, settings: Any
) -> None:
    settings.SETTLE_SECONDS = 0
    settings.SEND_LEASE_SECONDS = 0
    ledger.claim([message.pk])  # and nothing more: the worker is gone
    assert steps(message) == ["queued", "claimed"]
    assert sweeping.end_broken_claims() == 1
    sweeping.settle_doubtful()
    script.found = lambda _: SendReceipt("found", status=ReportStatus.DELIVERED)
    Message.objects.update(due_at=timezone.now())
    assert sweeping.settle_doubtful() == 1
    assert steps(message) == ["queued", "claimed", "lost", "not_found", "found"]
    assert last(message)["status"] == "DELIVERED"
    assert kept(message)[-2]["until"]


def test_a_claim_that_was_lost_writes_nothing(message: Message) -> None:
    (held,) = ledger.claim([message.pk])
    Message.objects.update(claim_token=None)
    ledger.record({held: TryLater("late")})
    assert steps(message) == ["queued", "claimed"]


def test_all_that_are_marked_as_sent_say_by_whom(organization: Organization, admin: Any) -> None:
    drafts = [MessageDraft(f"+1212555{n:04}", "Hello") for n in range(3)]
    messages = sending.send_messages(organization, drafts, sender=admin, origin=Origin.API).accepted
    Message.objects.update(send_status="UNKNOWN", due_at=None)
    assert doubts.mark_all_as_sent(organization, admin) == 3
    for message in messages:
        assert steps(message) == ["queued", "marked_sent"]
        assert [one["by"] for one in kept(message)] == [str(admin.pk)] * 2


def test_a_history_keeps_its_beginning_and_its_end_and_says_what_is_missing() -> None:
    message = Message(history="")
    for n in range(1_000):
        history.add(message, Step.TRY_LATER, attempt=n, reason="It was busy. " * 5)
        assert len(message.history) <= history.MOST_CHARACTERS + 200
    attempts = [int(one.get("attempt", -1)) for one in read(message.history)]
    assert attempts[:11] == [*range(10), -1]
    assert attempts[11:] == list(range(1_000 - len(attempts) + 11, 1_000))
    (gap,) = [one for one in read(message.history) if one["step"] == Step.LEFT_OUT]
    assert int(gap["times"]) + len(attempts) - 1 == 1_000


@given(st.dictionaries(st.from_regex(r"[a-z_]+", fullmatch=True), st.text()))
def test_whatever_is_written_is_read_but_for_its_white_space(details: dict[str, str]) -> None:
    first, second = {"at": "now", "step": "x", **details}, {"at": "then", "step": "y"}
    tidy = {name: " ".join(value.split()) for name, value in first.items()}
    assert read(line(first) + line(second)) == [tidy, second]


# -- what must not be in it ------------------------------------------------------------------------

Spelling = Callable[[str], str]
SPELLINGS: list[Spelling] = [
    lambda number: number,
    lambda number: number[1:],
    lambda number: f"({number[2:5]}) {number[5:8]}-{number[8:]}",
    lambda number: f"{number[2:5]}.{number[5:8]}.{number[8:]}",
    lambda number: f"+1 {number[2:5]} {number[5:8]} {number[8:]}",
]


@hypothesis_settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    number=st.from_regex(r"\A\+1212[2-9][0-9]{6}\Z"),
    text=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=4, max_size=40),
    spelling=st.sampled_from(SPELLINGS),
    words=st.sampled_from(
        ["{text} {number}", "The body '{text}' to {number}: refused", "{number}"]
    ),
    kind=st.sampled_from([TransientVendorError, PermanentVendorError, SendUncertain]),
)
@example(NUMBER, "+12125550123", SPELLINGS[0], "{text} {number}", SendUncertain)
def test_no_number_and_no_text_is_in_it_whatever_a_vendor_says(
    script: Script,
    organization: Organization,
    number: str,
    text: str,
    spelling: Spelling,
    words: str,
    kind: type[Exception],
) -> None:
    if not text.strip():
        text = "some words"
    said = words.format(text=text, number=spelling(number))
    script.answer = lambda _: kind(said)
    message = send_message(organization, number, text, user_number="+12125550100")
    sending.dispatch([message.pk])
    report(message, ReportStatus.DELIVERED, user_number="+12125550100")
    # Its own words may say the same as a short text by chance; what a vendor said may not.
    told = " ".join(str(one.get("reason", "")) for one in kept(message))
    assert text not in told
    whole = json.dumps([{**one, "at": "", "until": ""} for one in kept(message)])
    for hidden in (number, *(spell(number) for spell in SPELLINGS)):
        assert hidden not in whole
    assert not re.search(r"\d{7}", whole.replace(message.service, ""))


# -- what it costs -----------------------------------------------------------------------------


def queries_of(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as seen:
        act()
    return len(seen)


def test_keeping_it_costs_no_statement_a_message(organization: Organization) -> None:
    def cost(count: int, first: int) -> tuple[int, int, int, int]:
        drafts = [MessageDraft(f"+1212555{first + n:04}", "Hello") for n in range(count)]
        new: list[Message] = []
        accepting = queries_of(
            lambda: new.extend(sending.send_messages(organization, drafts).accepted)
        )
        sent = queries_of(lambda: sending.dispatch([message.pk for message in new]))
        reports = [
            sending.Reported(
                organization,
                "scripted",
                DeliveryReport("", ReportStatus.DELIVERED, reference=message.reference.hex),
            )
            for message in new
        ]
        reported = queries_of(lambda: sending.apply_reports(reports))
        Message.objects.filter(pk__in=[m.pk for m in new]).update(
            send_status="SENDING", due_at=timezone.now()
        )
        return accepting, sent, reported, queries_of(sweeping.end_broken_claims)

    cost(1, 9_000)  # a connection's first statements ask what its database can do
    few, many = cost(2, 0), cost(25, 100)
    assert few == many
    histories = Message.objects.values_list("history", flat=True)
    assert len(histories) == 28
    wanted = ["queued", "claimed", "accepted", "reported", "lost"]
    assert all([one["step"] for one in read(text)] == wanted for text in histories)


def test_steps_cost_no_statement_of_their_own(organization: Organization) -> None:
    """Claiming is one UPDATE; recording reads what it locks and writes it."""
    ids = [send_message(organization, f"+1212555{n:04}", "Hello").pk for n in range(3)]
    with CaptureQueriesContext(connection) as seen:
        claimed = ledger.claim(ids)
        ledger.record({message: TryLater("busy") for message in claimed})
    touching = [
        query["sql"]
        for query in seen
        if '"service_vendors_message"' in query["sql"] and "history" in query["sql"]
    ]
    assert [sql.split()[0] for sql in touching] == ["UPDATE", "SELECT", "UPDATE"]
