"""Setting an account up in the background: saved step by step, one at a time, gone on with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.utils import timezone

from service_vendors import conf, configuration, setups
from service_vendors.exceptions import (
    ConfigurationRejected,
    SendUncertain,
    TransientVendorError,
    UnknownVendor,
    UnsupportedFeature,
)
from service_vendors.models import AccountSetup, AuditEntry, Organization
from service_vendors.tasks import set_up_accounts, sweep
from service_vendors.types import Feature, SetupStep
from service_vendors.vendors.base import ServiceVendor
from tests.factories import OrganizationFactory
from tests.scripted_fixtures import organization, script
from tests.scripted_vendor import ScriptedVendor

__all__ = ["organization", "script"]

pytestmark = pytest.mark.django_db(transaction=True)

State = AccountSetup.State
Steps = Callable[[ServiceVendor], AsyncIterator[SetupStep]]
ACCOUNT = SetupStep("Account", total=2), SetupStep("Account", done=True, config={"account": "A1"})
TOKEN = SetupStep("Token"), SetupStep("Token", done=True, config={"token": "made there"})


@pytest.fixture(autouse=True)
def handed_over(script: object, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[int]]]:
    """What was handed to the broker; the test itself is the worker."""
    given: list[tuple[str, list[int]]] = []
    monkeypatch.setattr(
        "service_vendors.broker.hand_over",
        lambda name, ids, *, batch_size: given.append((name, list(ids))),
    )
    monkeypatch.setattr(ScriptedVendor, "supports", frozenset({Feature.AUTO_CONFIGURE}))
    return given


@pytest.fixture
def vendor_does(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have the vendor go through these steps; an error is raised, a function is called."""

    def vendor_does(*script: SetupStep | Exception | Callable[[], object]) -> None:
        async def auto_configure(vendor: ServiceVendor) -> AsyncIterator[SetupStep]:
            for one in script:
                if isinstance(one, Exception):
                    raise one
                if isinstance(one, SetupStep):
                    yield one
                else:
                    await asyncio.to_thread(in_a_thread, one)

        monkeypatch.setattr(ScriptedVendor, "auto_configure", auto_configure)

    return vendor_does


def in_a_thread(act: Callable[[], object]) -> object:
    """Do something with a database connection of its own."""
    try:
        return act()
    finally:
        connections.close_all()


def set_up(organization: Organization) -> AccountSetup:
    """Press the button, and be the worker."""
    setup = setups.start(organization, "scripted", actor=None)
    set_up_accounts([setup.pk])
    setup.refresh_from_db()
    return setup


def own(organization: Organization) -> dict[str, str]:
    account = configuration.vendor_account(organization, "scripted")
    return {name: account.config[name] for name in account.own_fields}


def test_what_the_steps_learn_is_saved_and_said(
    organization: Organization, owner: Any, vendor_does: Any, handed_over: list[Any]
) -> None:
    vendor_does(*ACCOUNT, *TOKEN)
    setup = setups.start(organization, "scripted", actor=owner)
    assert (setup.state, handed_over) == (State.WAITING, [("set_up_accounts", [setup.pk])])
    set_up_accounts([setup.pk])
    setup.refresh_from_db()
    assert (setup.state, setup.steps_done, setup.steps_total) == (
        State.DONE,
        ["Account", "Token"],
        2,
    )
    assert (setup.step, setup.error, setup.claim_token, setup.due_at) == ("", "", None, None)
    assert own(organization) == {"account": "A1", "token": "made there"}
    entries = list(AuditEntry.objects.values_list("summary", "actor_name", "fields"))
    assert [entry[0] for entry in entries] == [
        "The auto-configuration of Scripted is done.",
        "Changed the settings of Scripted.",
        "Changed the settings of Scripted.",
        "Began the auto-configuration of Scripted.",
    ]
    assert {entry[1] for entry in entries} == {owner.username}
    assert [entry[2] for entry in entries] == [[], ["token"], ["account"], []]


def test_a_step_is_saved_before_the_next_one_begins(
    organization: Organization, vendor_does: Any
) -> None:
    seen: list[dict[str, str]] = []

    def look() -> None:
        seen.append(own(organization))

    vendor_does(*ACCOUNT, look, *TOKEN, look)
    set_up(organization)
    assert seen == [{"account": "A1"}, {"account": "A1", "token": "made there"}]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ConfigurationRejected("Your plan has no tokens."), "Your plan has no tokens."),
        (ConfigurationRejected("Token: Your plan has none."), "Your plan has none."),
        (TransientVendorError("Busy."), "Busy. Try again in a few minutes."),
        (SendUncertain("It hung up."), "It hung up."),
        (TimeoutError(), "Scripted did not answer in time"),
        (KeyError("hunter2"), "The program failed here (KeyError)."),
    ],
)
def test_a_failure_says_at_which_step_and_why_and_keeps_what_was_made(
    organization: Organization,
    vendor_does: Any,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    says: str,
) -> None:
    # Spoke BS:155 showed raw errors; J:1351 hid failures.
    vendor_does(*ACCOUNT, TOKEN[0], error)
    setup = set_up(organization)
    assert (setup.state, setup.step, setup.steps_done) == (State.FAILED, "Token", ["Account"])
    assert setup.error.startswith(says)
    assert setup.finished_at is not None
    assert own(organization) == {"account": "A1"}
    assert "hunter2" not in setup.error + caplog.text


def test_trying_again_goes_on_with_the_same_setup(
    organization: Organization, vendor_does: Any
) -> None:
    # Spoke BS:264 and BS:141 made a new site and a new application with every try.
    vendor_does(*ACCOUNT, TOKEN[0], TransientVendorError("Busy."))
    failed = set_up(organization)
    vendor_does(SetupStep("Account", total=2), SetupStep("Account", done=True), *TOKEN)
    again = set_up(organization)
    assert again.pk == failed.pk
    assert (again.state, again.steps_done, again.error) == (State.DONE, ["Account", "Token"], "")
    assert "Went on with" in AuditEntry.objects.values_list("summary", flat=True)[2]
    assert set_up(organization).pk != failed.pk, "one that is done is history"


def test_only_one_is_under_way_at_a_time(
    organization: Organization, vendor_does: Any, handed_over: list[Any]
) -> None:
    first = setups.start(organization, "scripted", actor=None)
    assert setups.start(organization, "scripted", actor=None).pk == first.pk
    assert len(handed_over) == 1
    assert setups.start(OrganizationFactory(), "scripted", actor=None).pk != first.pk


def test_two_owners_who_press_the_button_at_once_begin_one(organization: Organization) -> None:
    together = Barrier(4)

    def press(_: int) -> int:
        connections["default"].ensure_connection()
        together.wait()
        return setups.start(organization, "scripted", actor=None).pk

    with ThreadPoolExecutor(4) as threads:
        begun = set(threads.map(lambda n: in_a_thread(lambda: press(n)), range(4)))
    assert len(begun) == AccountSetup.objects.count() == 1


def test_two_workers_on_one_setup_go_through_it_once(
    organization: Organization, vendor_does: Any
) -> None:
    # Spoke J:1351: a job that was handed over twice ran twice.
    seen: list[int] = []
    vendor_does(ACCOUNT[0], lambda: seen.append(1), ACCOUNT[1])
    setup = setups.start(organization, "scripted", actor=None)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: in_a_thread(lambda: setups.run([setup.pk])), range(2)))
    assert seen == [1]


def test_a_worker_that_was_taken_for_dead_saves_nothing_any_more(
    organization: Organization, vendor_does: Any, caplog: pytest.LogCaptureFixture
) -> None:
    setup = setups.start(organization, "scripted", actor=None)

    def somebody_takes_over() -> None:
        AccountSetup.objects.filter(pk=setup.pk).update(claim_token=uuid4())

    vendor_does(ACCOUNT[0], somebody_takes_over, ACCOUNT[1])
    setups.run([setup.pk])
    setup.refresh_from_db()
    assert (setup.state, setup.steps_done) == (State.RUNNING, [])
    assert own(organization) == {}
    assert "Another worker took over" in caplog.text


def test_a_running_one_is_left_alone_while_its_lease_lasts(
    organization: Organization, vendor_does: Any, handed_over: list[Any]
) -> None:
    # Spoke JP:90 deleted jobs that were running.
    setup = setups.start(organization, "scripted", actor=None)
    AccountSetup.objects.update(
        state=State.RUNNING, claim_token=uuid4(), due_at=timezone.now() + timedelta(seconds=60)
    )
    handed_over.clear()
    sweep()
    setups.run([setup.pk])
    setup.refresh_from_db()
    assert (setup.state, handed_over) == (State.RUNNING, [])


def test_the_sweeper_finds_what_nobody_took_and_what_a_dead_worker_left(
    organization: Organization, vendor_does: Any, handed_over: list[Any]
) -> None:
    long_ago = timezone.now() - timedelta(seconds=1)
    waiting = setups.start(organization, "scripted", actor=None)
    left = setups.start(OrganizationFactory(), "scripted", actor=None)
    AccountSetup.objects.filter(pk=left.pk).update(state=State.RUNNING, claim_token=uuid4())
    AccountSetup.objects.update(due_at=long_ago)
    handed_over.clear()
    sweep()
    ((name, ids),) = handed_over
    assert (name, set(ids)) == ("set_up_accounts", {waiting.pk, left.pk})
    vendor_does(*ACCOUNT)
    setups.run(ids)
    assert set(AccountSetup.objects.values_list("state", flat=True)) == {State.DONE}


def test_an_account_that_kills_every_worker_is_given_up(
    organization: Organization, vendor_does: Any
) -> None:
    setup = setups.start(organization, "scripted", actor=None)
    AccountSetup.objects.update(
        state=State.RUNNING,
        claim_token=uuid4(),
        attempts=setups.MOST_ATTEMPTS,
        due_at=timezone.now() - timedelta(seconds=1),
    )
    sweep()
    setup.refresh_from_db()
    assert setup.state == State.FAILED
    assert "Tell the operators" in setup.error


def test_a_step_that_hangs_ends_before_its_lease(
    organization: Organization, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.SETUP_LEASE_SECONDS = 0.4

    async def auto_configure(vendor: ServiceVendor) -> AsyncIterator[SetupStep]:
        yield ACCOUNT[0]
        await asyncio.Event().wait()

    monkeypatch.setattr(ScriptedVendor, "auto_configure", auto_configure)
    setup = set_up(organization)
    assert (setup.state, setup.step) == (State.FAILED, "Account")
    assert "makes nothing twice" in setup.error


def test_a_vendor_that_cannot_is_refused(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedVendor, "supports", frozenset())
    with pytest.raises(UnsupportedFeature, match="Scripted does not set accounts up"):
        setups.start(organization, "scripted", actor=None)
    with pytest.raises(UnknownVendor):
        setups.start(organization, "nobody", actor=None)


def test_where_the_operators_set_a_vendor_up_no_organization_does(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = conf.Setting("SCRIPTED_PER_ORGANIZATION", bool, False, "Whether they may.")
    monkeypatch.setattr(ScriptedVendor, "org_config_setting", switch)
    with pytest.raises(ConfigurationRejected, match="for everybody"):
        setups.start(organization, "scripted", actor=None)


def test_a_vendor_that_is_gone_meanwhile_is_said(organization: Organization, settings: Any) -> None:
    setup = setups.start(organization, "scripted", actor=None)
    settings.SERVICE_VENDORS = []
    setups.run([setup.pk])
    setup.refresh_from_db()
    assert setup.state == State.FAILED
    assert "There is no active vendor 'scripted'" in setup.error
