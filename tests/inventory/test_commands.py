"""The commands about phone numbers: what they do, say and end with."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from service_vendors import inventory
from service_vendors.management import arguments, progress
from service_vendors.management.commands import delete_numbers
from service_vendors.models import NumberJob, Organization, OwnedPhoneNumber
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory
from tests.inventory.shop import buy, here, pool, there

pytestmark = pytest.mark.django_db

Run = Callable[..., str]


@pytest.fixture
def run(organization: Organization) -> Run:
    """A runner of commands for the organization; gives what they say on standard output."""

    def run(name: str, *typed: str, org: str = "") -> str:
        said = StringIO()
        call_command(name, org or str(organization.pk), *typed, stdout=said, stderr=StringIO())
        return said.getvalue()

    return run


def test_numbers_are_bought_listed_and_released(organization: Organization, run: Run) -> None:
    said = run("buy_numbers", "212", "--limit", "12", "--yes", org="Neighbors United")
    assert said.splitlines()[-1] == "Bought 12 in 212."
    assert set(said.splitlines()[:-1]) == {number for number, _ in here()}
    assert run("list_numbers", "--counts").splitlines() == [
        "212  12 (12 available)  New York",
        "12 numbers.",
    ]
    listed = run("list_numbers").splitlines()
    assert listed[-1] == "12 numbers."
    assert {tuple(line.split()) for line in listed[:-1]} == here()
    assert run("delete_numbers", "212", "--limit", "5", "--yes").strip() == "Released 5 in 212."
    assert run("delete_numbers", "212", "--yes").strip() == "Released 7 in 212."
    assert here() == there(organization) == set()


def test_a_dry_run_tells_the_price_and_does_nothing(organization: Organization, run: Run) -> None:
    assert run("buy_numbers", "212", "--limit", "50", "--dry-run").strip() == (
        "Fakeservice has 50 of 50 numbers in 212: 50.00 USD a month. Nothing was bought."
    )
    buy(organization, 3)
    before = here()
    assert "3 would be released" in run("delete_numbers", "212", "--dry-run")
    assert here() == there(organization) == before
    assert NumberJob.objects.count() == 1


def test_json_is_all_that_a_program_reads(organization: Organization, run: Run) -> None:
    asked = json.loads(run("buy_numbers", "212", "--limit", "5", "--dry-run", "--json"))
    assert (asked["available"], asked["monthly_total"]) == (5, "5.00")
    done = json.loads(run("buy_numbers", "212", "--limit", "5", "--yes", "--json"))
    assert (done["state"], done["done"], done["outcome"]) == ("DONE", 5, "Bought 5 in 212.")
    listed = json.loads(run("list_numbers", "--json", "--available", "--area-code", "212"))
    assert {(one["phone_number"], one["service_id"]) for one in listed} == here()
    (count,) = json.loads(run("list_numbers", "--json", "--counts"))
    assert count == {"area_code": "212", "region": "New York", "total": 5, "available": 5}
    assert json.loads(run("delete_numbers", "212", "--dry-run", "--json"))["release"] == 5
    assert json.loads(run("sync_numbers", "--dry-run", "--json"))["gone"] == []
    assert json.loads(run("delete_numbers", "212", "--yes", "--json"))["done"] == 5


def test_nothing_is_bought_or_released_unasked(organization: Organization, run: Run) -> None:
    buy(organization, 1)
    for command in (("buy_numbers", "212"), ("delete_numbers", "212")):
        with pytest.raises(CommandError, match="Add --yes"):
            run(*command)
    assert len(there(organization)) == 1


@pytest.mark.parametrize(("answer", "goes_on"), [("y", True), ("YES", True), ("", False)])
def test_a_person_is_asked(answer: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments.sys.stdin, "isatty", lambda: True)
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return answer

    if goes_on:
        arguments.confirm("Buy?", ask=ask)
    else:
        with pytest.raises(CommandError, match="Nothing was done"):
            arguments.confirm("Buy?", ask=ask)
    assert asked == ["Buy? [y/N] "]


def test_part_of_an_order_ends_with_2_and_none_of_it_with_1(
    organization: Organization, run: Run, settings: Any
) -> None:
    settings.MAX_NUMBERS_PER_MONTH = 4
    with pytest.raises(CommandError, match="may buy 4 more numbers this month") as raised:
        run("buy_numbers", "212", "--limit", "5", "--yes")
    assert raised.value.returncode == 1
    buy(organization, 3)
    attached = OwnedPhoneNumber.objects.order_by("pk").first()
    assert attached is not None
    job = inventory.order_release(organization, "212", 3, actor=None, hand_over=False)
    inventory.put_into_pool(
        organization, "fakeservice", pool(organization), [attached.phone_number]
    )
    command = delete_numbers.Command(stdout=StringIO(), stderr=StringIO())
    options = {"json": False}
    with pytest.raises(CommandError, match="Released 2 of 3 in 212: no more of them") as raised:
        command.report(command.carry_out(job, options), options)
    assert raised.value.returncode == 2


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("buy_numbers", "2x2", "--yes"), "three digits"),
        (("buy_numbers", "212", "--limit", "0", "--yes"), "1 to 100 numbers"),
        (("buy_numbers", "212", "--limit", "101", "--yes"), "1 to 100 numbers"),
        (("buy_numbers", "999", "--yes"), "has no numbers in 999."),
        (("delete_numbers", "212", "--yes"), "no numbers in 212 that are free"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    command: tuple[str, ...], says: str, run: Run
) -> None:
    with pytest.raises(CommandError, match=says) as raised:
        run(*command)
    assert "\n" not in str(raised.value)
    assert not NumberJob.objects.exists()


def test_a_vendor_that_is_away_is_told_in_one_line(company: FakeServiceServer, run: Run) -> None:
    company.stop()
    with pytest.raises(CommandError, match="could not be reached"):
        run("buy_numbers", "212", "--yes")


def test_an_organization_without_the_inventory_is_told_what_to_set(run: Run, settings: Any) -> None:
    settings.PHONE_INVENTORY = False
    other = OrganizationFactory()
    for command in ("buy_numbers", "delete_numbers"):
        with pytest.raises(CommandError, match="PHONE_INVENTORY=on"):
            run(command, "212", org=str(other.pk))
    for command in ("sync_numbers", "list_numbers"):
        with pytest.raises(CommandError, match="PHONE_INVENTORY=on"):
            run(command, org=str(other.pk))


def test_a_sync_shows_the_difference_and_applies_it(organization: Organization, run: Run) -> None:
    buy(organization, 3)
    gone, lost, _ = OwnedPhoneNumber.objects.order_by("pk")
    OwnedPhoneNumber.objects.filter(pk=lost.pk).delete()
    OwnedPhoneNumber.objects.filter(pk=gone.pk).update(service_id="no-such-id")
    shown = run("sync_numbers", "--dry-run").splitlines()
    assert f"+ {lost.phone_number} is there but not here (bought from here)" in shown
    assert any(line.startswith(f"- {gone.phone_number} is here but not there") for line in shown)
    assert here() != there(organization)
    assert run("sync_numbers", "--yes").splitlines()[-1].startswith("Added 2, removed 1")
    assert here() == there(organization)
    assert run("sync_numbers").strip() == "Here and there are the same."


@pytest.mark.django_db(transaction=True)
def test_ctrl_c_cancels_in_good_order(
    organization: Organization, company: FakeServiceServer, run: Run
) -> None:
    company.behave(number_seconds=0.05)
    before = signal.getsignal(signal.SIGINT)

    def press_when_it_has_begun() -> None:
        while not there(organization):
            time.sleep(0.02)
        connection.close()  # this thread's own
        os.kill(os.getpid(), signal.SIGINT)

    fingers = Thread(target=press_when_it_has_begun)
    fingers.start()
    with pytest.raises(CommandError, match="then it was cancelled") as raised:
        run("buy_numbers", "212", "--limit", "60", "--yes")
    fingers.join()
    assert raised.value.returncode == 2
    assert 0 < len(here()) < 60
    assert here() == there(organization)
    assert signal.getsignal(signal.SIGINT) is before


class Terminal(StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_a_terminal_shows_a_bar_and_a_log_plain_lines(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SAY_EVERY_SECONDS", 0.0)
    terminal, log = Terminal(), StringIO()
    for out in (terminal, log):
        typed = ("buy_numbers", str(organization.pk), "212", "--limit", "20", "--yes")
        call_command(*typed, stdout=out)
    assert "[" + "#" * 30 + "] 20 of 20" in terminal.getvalue()
    assert "\x1b" not in log.getvalue() and "#" not in log.getvalue()
    assert "20 of 20" in log.getvalue().splitlines()
