"""Where too many calls to a vendor fail, messages wait: nothing is lost and no try is used up."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from benchmarks.servers import free_port
from service_vendors import configuration, sending, shared_state
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.models import Message, Organization, SendStatus
from service_vendors.sending import breaker, send_message
from service_vendors.sending.circuit import State
from tests.factories import OrganizationFactory, a_number
from tests.scripted_vendor import Script
from tests.trouble import account_of

pytestmark = pytest.mark.django_db(transaction=True)

TROUBLE = TransientVendorError("The exchange is down, says +12125550123.")


@pytest.fixture(autouse=True)
def few_errors(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five errors open a breaker here; nothing is handed over by itself."""
    settings.BREAKER_ERRORS = 5
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)


def texts(organization: Organization, count: int) -> list[Message]:
    return [send_message(organization, a_number(n), "Hello") for n in range(count)]


def dispatch(messages: list[Message]) -> None:
    sending.dispatch([message.pk for message in messages])
    for message in messages:
        message.refresh_from_db()


def fail(organization: Organization, script: Script, error: Exception, count: int = 5) -> None:
    """Send so many messages and have each fail in this way."""
    script.answer = lambda _: error
    dispatch(texts(organization, count))
    script.answer = Script().answer
    script.sent.clear()


def standing(organization: Organization) -> breaker.Standing:
    return breaker.standing(account_of(organization))


def let_the_pause_end(organization: Organization) -> None:
    assert breaker.probe_now(account_of(organization))


@pytest.mark.parametrize("error", [TROUBLE, SendUncertain("No answer."), RuntimeError("A fault.")])
def test_what_is_the_vendors_trouble_opens_it(
    organization: Organization, script: Script, error: Exception
) -> None:
    fail(organization, script, error)
    assert standing(organization).state is State.OPEN


@pytest.mark.parametrize(
    "error",
    [
        PermanentVendorError("no", code=42),
        TransientVendorError("Slower, please.", retry_after_seconds=1),
        VendorNotConfigured("The token was refused."),
    ],
)
def test_what_concerns_one_number_our_speed_or_our_settings_does_not(
    organization: Organization, script: Script, error: Exception
) -> None:
    fail(organization, script, error, 20)
    assert standing(organization).is_closed
    assert standing(organization).errors == 0


def test_calls_that_take_too_long_open_it(
    organization: Organization, script: Script, settings: Any
) -> None:
    settings.SEND_LEASE_SECONDS = 0.2
    script.before_answer = lambda _: __import__("time").sleep(0.4)
    dispatch(texts(organization, 5))
    assert standing(organization).state is State.OPEN


def test_messages_behind_it_wait_use_no_try_and_say_why(
    organization: Organization, script: Script
) -> None:
    fail(organization, script, TROUBLE)
    now = standing(organization)
    messages = texts(organization, 30)
    dispatch(messages)
    assert not script.sent
    assert {(m.send_status, m.attempts, m.claim_token) for m in messages} == {
        (SendStatus.QUEUED, 0, None)
    }
    assert messages[0].status_reason == (
        "Scripted has trouble, so texts over this account wait until it works again. "
        "The last error was: The exchange is down, says +1212•••••23."
    )
    assert now.next_try is not None
    assert all(m.due_at >= now.next_try for m in messages), "nobody tries before the pause is over"
    assert len({m.due_at for m in messages}) == 30, "they do not come back at once"
    latest = max(m.due_at for m in messages)
    assert latest <= now.next_try + timedelta(seconds=15), "nor much later than the pause is long"


def test_after_the_pause_a_few_try_and_the_others_wait(
    organization: Organization, script: Script
) -> None:
    fail(organization, script, TROUBLE)
    let_the_pause_end(organization)
    messages = texts(organization, 30)
    dispatch(messages)
    assert len(script.sent) == 3
    assert [m.send_status for m in messages].count(SendStatus.SENT) == 3
    waiting = [m for m in messages if m.send_status == SendStatus.QUEUED]
    assert all(m.due_at > timezone.now() for m in waiting)
    assert standing(organization).is_closed
    Message.objects.update(due_at=timezone.now())
    dispatch(waiting)
    assert {m.send_status for m in messages} | {m.send_status for m in waiting} == {SendStatus.SENT}


def test_those_that_were_tried_least_try_first(organization: Organization, script: Script) -> None:
    fail(organization, script, TROUBLE)
    tried = list(Message.objects.all())
    Message.objects.update(due_at=timezone.now())
    fresh = texts(organization, 2)
    let_the_pause_end(organization)
    dispatch([*tried, *fresh])
    assert {m.send_status for m in fresh} == {SendStatus.SENT}
    assert [m.send_status for m in tried].count(SendStatus.SENT) == 1


def test_when_they_fail_it_stays_open_for_longer(
    organization: Organization, script: Script
) -> None:
    fail(organization, script, TROUBLE)
    first = standing(organization)
    let_the_pause_end(organization)
    fail(organization, script, SendUncertain("Still nothing."), 9)
    again = standing(organization)
    assert again.state is State.OPEN
    assert again.last_error == "Still nothing."
    assert again.since == first.since
    assert again.next_try is not None and first.next_try is not None
    assert again.next_try > datetime.now(UTC) + timedelta(seconds=25), "30 instead of 15"
    assert Message.objects.filter(send_status=SendStatus.UNKNOWN).count() == 3


def test_a_vendor_that_refuses_a_number_works_again(
    organization: Organization, script: Script
) -> None:
    fail(organization, script, TROUBLE)
    let_the_pause_end(organization)
    fail(organization, script, PermanentVendorError("no", code=42), 1)
    assert standing(organization).is_closed


def test_a_vendor_that_could_not_be_asked_does_not(
    organization: Organization, script: Script
) -> None:
    fail(organization, script, TROUBLE)
    let_the_pause_end(organization)
    fail(organization, script, VendorNotConfigured("The token was refused."), 1)
    assert standing(organization).state is State.HALF_OPEN


def test_a_held_message_takes_no_turn_of_the_service_managers(
    organization: Organization, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Message] = []
    monkeypatch.setattr(
        "service_vendors.managers.registry.decide_on_send",
        lambda _, __, messages: asked.extend(messages) or dict.fromkeys(messages),
    )
    fail(organization, script, TROUBLE)
    asked.clear()
    dispatch(texts(organization, 3))
    assert asked == []


# -- whose breaker it is --------------------------------------------------------------------------


def own_account(organization: Organization, name: str) -> None:
    configuration.save_vendor_config(
        organization, "scripted", {"account": name}, actor=None, check=False
    )


def test_organizations_that_share_an_account_share_its_breaker(
    organization: Organization, script: Script
) -> None:
    other = OrganizationFactory()
    fail(organization, script, TROUBLE)
    dispatch(texts(other, 3))
    assert not script.sent


def test_an_organization_with_an_account_of_its_own_goes_on_texting(
    organization: Organization, script: Script
) -> None:
    other = OrganizationFactory()
    own_account(other, "their own")
    fail(organization, script, TROUBLE)
    messages = texts(other, 20)
    dispatch(messages)
    assert {m.send_status for m in messages} == {SendStatus.SENT}
    assert standing(other).is_closed


def test_whose_account_it_is_decides_not_who_typed_it_nor_what_else_they_set(
    organization: Organization, script: Script
) -> None:
    others = [OrganizationFactory() for _ in range(2)]
    for other in others:
        own_account(other, "ours together")
    configuration.save_vendor_config(
        others[0], "scripted", {"token": "another token"}, actor=None, check=False
    )
    names = {account_of(one) for one in others}
    assert len(names) == 1
    assert names != {account_of(organization)}
    assert "ours together" not in names.pop()


# -- where it is kept -----------------------------------------------------------------------------


def test_without_redis_each_process_goes_by_what_it_saw(
    organization: Organization, script: Script, settings: Any
) -> None:
    settings.REDIS_URL = ""
    assert shared_state.client() is None
    fail(organization, script, TROUBLE)
    dispatch(texts(organization, 3))
    assert not script.sent


def test_with_redis_away_too_and_it_is_not_asked_for_each_batch(
    organization: Organization, script: Script, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    with caplog.at_level(logging.WARNING, "service_vendors.shared_state"):
        fail(organization, script, TROUBLE)
        dispatch(texts(organization, 3))
    assert not script.sent
    assert [r.getMessage() for r in caplog.records if r.name == "service_vendors.shared_state"] == [
        "Redis is away (ConnectionError): each process goes by itself."
    ]


def test_who_watches_the_log_reads_when_it_opens_and_closes(
    organization: Organization, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "service_vendors.sending.breaker"):
        fail(organization, script, TROUBLE)
        let_the_pause_end(organization)
        dispatch(texts(organization, 1))
    said = [r.getMessage() for r in caplog.records if r.name == "service_vendors.sending.breaker"]
    assert said == [
        "The breaker of an account at scripted opened: The exchange is down, says +1212•••••23.",
        "The breaker of an account at scripted closed.",
    ]
