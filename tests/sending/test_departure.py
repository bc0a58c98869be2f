"""Opt-outs that come between the checks and the call: whoever is first, wins."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Any

import pytest
from django.db import OperationalError, connections

from service_vendors import optouts, sending
from service_vendors.models import Message, Organization, SendStatus
from service_vendors.sending import departure, send_message
from service_vendors.sending.departure import Gate
from service_vendors.sending.preparation import prepare
from tests.factories import OrganizationFactory
from tests.scripted_vendor import Script

STOPPED, OTHER = "+12125550123", "+12125550124"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def messages(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """Two queued messages that nobody has been asked to send yet."""
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)
    return [send_message(organization, number, "Hello") for number in (STOPPED, OTHER)]


def dispatched(messages: Sequence[Message]) -> list[Message]:
    """The messages, after a worker had them."""
    sending.dispatch([message.pk for message in messages])
    for message in messages:
        message.refresh_from_db()
    return list(messages)


def in_a_thread(act: Callable[[], Any]) -> Thread:
    """Do something over a connection of its own."""

    def run() -> None:
        try:
            act()
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    return thread


def test_an_opt_out_between_the_check_and_the_call_is_obeyed(
    script: Script,
    organization: Organization,
    messages: list[Message],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def prepare_then_stop(batch: Sequence[Message]) -> Any:
        prepared = prepare(batch)
        in_a_thread(lambda: optouts.stop(organization, STOPPED)).join()
        return prepared

    monkeypatch.setattr(
        sys.modules["service_vendors.sending.dispatch"], "prepare", prepare_then_stop
    )
    stopped, other = dispatched(messages)
    assert [out.contact_number for out in script.sent] == [OTHER]
    assert (stopped.send_status, other.send_status) == (SendStatus.NOT_ATTEMPTED, SendStatus.SENT)
    assert "asked not to be texted" in stopped.status_reason


def test_an_opt_out_while_a_call_waits_for_its_turn_is_obeyed(
    script: Script,
    organization: Organization,
    messages: list[Message],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask, committed = Gate.may_begin, Event()

    async def wait_and_ask(gate: Gate, message: Message) -> bool:
        if message.contact_number == STOPPED:
            await asyncio.to_thread(committed.wait, 30)
        return await ask(gate, message)

    def stop_after_the_first_call(_: object) -> None:
        in_a_thread(lambda: optouts.stop(organization, STOPPED)).join()
        committed.set()

    monkeypatch.setattr(Gate, "may_begin", wait_and_ask)
    script.before_answer = stop_after_the_first_call
    dispatched(messages)
    assert [out.contact_number for out in script.sent] == [OTHER]


def test_an_opt_out_while_calls_begin_is_committed_after_they_have_begun(
    script: Script,
    organization: Organization,
    messages: list[Message],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_begin, committed, asked_when_committed = departure._let_begin, Event(), []

    def stop() -> None:
        optouts.stop(organization, STOPPED)
        asked_when_committed.append(len(script.sent))
        committed.set()

    def stop_first(*arguments: Any) -> None:
        threads.append(in_a_thread(stop))
        assert not committed.wait(0.5)
        let_begin(*arguments)

    threads: list[Thread] = []
    monkeypatch.setattr(departure, "_let_begin", stop_first)
    dispatched(messages)
    for thread in threads:
        thread.join()
    assert asked_when_committed == [2]
    assert optouts.is_opted_out(organization, STOPPED)


def test_another_organizations_opt_out_is_no_reason(
    script: Script, messages: list[Message]
) -> None:
    optouts.stop(OrganizationFactory(), STOPPED)
    dispatched(messages)
    assert len(script.sent) == 2


@pytest.mark.parametrize("trouble", ["the database", "a frozen process"])
def test_what_cannot_be_made_sure_of_is_not_sent_now(
    script: Script, messages: list[Message], monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    def fail(_: object) -> None:
        raise OperationalError("gone")

    if trouble == "the database":
        monkeypatch.setattr(optouts, "in_force", fail)
    else:
        monkeypatch.setattr(departure, "BEGIN_SECONDS", -1.0)
    for message in dispatched(messages):
        assert (message.send_status, message.attempts) == (SendStatus.QUEUED, 0)
        assert "opted out" in message.status_reason
    assert not script.sent


def test_a_batch_is_asked_about_at_once(
    organization: Organization, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)
    batch = [send_message(organization, f"+1212556{n:04}", "Hello") for n in range(30)]
    questions: list[int] = []
    in_force = optouts.in_force
    monkeypatch.setattr(
        optouts, "in_force", lambda asked: questions.append(len(asked)) or in_force(asked)
    )
    dispatched(batch)
    assert questions == [30]
