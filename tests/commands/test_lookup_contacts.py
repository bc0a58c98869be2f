"""``manage.py lookup_contacts``."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError

from service_vendors import lookups
from service_vendors.models import LookupJob, Organization, OrganizationContact
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.commands.conftest import Run
from tests.factories import (
    CampaignFactory,
    ContactFactory,
    OrganizationContactFactory,
    a_number,
)
from tests.lookups.conftest import Bill, bill, company, organization

__all__ = ["bill", "company", "organization"]

WriteFile = Callable[[str], str]


@pytest.fixture
def voters(tmp_path: Path) -> str:
    """A file of ten numbers, one of them a landline's."""
    file = tmp_path / "voters.csv"
    file.write_text("name,cell\n" + "".join(f"Ada,{a_number(n)}\n" for n in range(10)))
    return str(file)


def test_a_dry_run_says_what_it_would_cost_and_asks_nothing(
    organization: Organization, run: Run, voters: str, bill: Bill
) -> None:
    arguments = (str(organization.pk), "--file", voters, "--detail", "carrier", "--dry-run")
    said = run("lookup_contacts", *arguments)
    assert said == (
        "voters.csv: 10 numbers, 0 known already. Asking about 10 costs, at most: 0.05 USD. "
        "Nothing was asked.\n"
    )
    assert json.loads(run("lookup_contacts", *arguments, "--json")) == {
        "total": 10,
        "known": 0,
        "to_ask": 10,
        "cost": "0.050",
        "currency": "USD",
    }
    assert bill()["paid"] == 0
    assert not LookupJob.objects.exists()


def test_a_file_is_looked_up_with_yes(
    organization: Organization, run: Run, voters: str, bill: Bill
) -> None:
    said = run(
        "lookup_contacts", organization.name, "--file", voters, "--detail", "carrier", "--yes"
    )
    job = LookupJob.objects.get()
    assert said == (
        f"Lookup {job.pk}, voters.csv: 10 of 10 numbers, of which 0 were known. 9 textable, "
        "1 landline; 0.05 USD.\n"
    )
    assert bill()["paid"] == 10


def test_a_campaign_is_looked_up_for_free_without_a_question(
    organization: Organization, run: Run, bill: Bill
) -> None:
    campaign = CampaignFactory(organization=organization)
    ContactFactory.create_batch(3, campaign=campaign)
    said = json.loads(
        run("lookup_contacts", str(organization.pk), "--campaign", str(campaign.pk), "--json")
    )
    assert (said["status"], said["total"], said["looked_up"]) == ("DONE", 3, 3)
    assert (said["spent"], sum(said["found"].values())) == ("0", 3)
    assert bill() == {"paid": 0, "different": 0, "free": 3}


def test_without_a_campaign_or_a_file_it_is_every_contact(
    organization: Organization, run: Run
) -> None:
    ContactFactory(campaign=CampaignFactory(organization=organization))
    OrganizationContactFactory(organization=organization)
    OrganizationContactFactory()
    said = json.loads(run("lookup_contacts", str(organization.pk), "--json"))
    assert said["looked_up"] == 2
    known = OrganizationContact.objects.filter(last_lookup__isnull=False)
    assert {contact.organization for contact in known} == {organization}


def test_nothing_is_paid_for_without_a_word(
    organization: Organization,
    run: Run,
    voters: str,
    bill: Bill,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    arguments = (str(organization.pk), "--file", voters, "--detail", "name")
    with pytest.raises(CommandError, match=r"10 numbers and may cost 0\.15 USD\. Add --yes"):
        run("lookup_contacts", *arguments)
    assert bill()["paid"] == 0
    assert not LookupJob.objects.exists()


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "paid"), [("y\n", 10), ("\n", 0), ("no\n", 0)])
def test_at_a_terminal_it_asks(
    organization: Organization,
    run: Run,
    voters: str,
    bill: Bill,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    paid: int,
) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal(answer))
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    arguments = (str(organization.pk), "--file", voters, "--detail", "name")
    if paid:
        run("lookup_contacts", *arguments, stderr=terminal)
        assert "#] 10 of 10 numbers" in terminal.getvalue()
    else:
        with pytest.raises(CommandError, match="Nothing was looked up"):
            run("lookup_contacts", *arguments, stderr=terminal)
    assert "Ask about 10 numbers, for 0.15 USD at most?" in terminal.getvalue()
    assert bill()["paid"] == paid


def test_a_bad_file_is_told_by_line_and_changes_nothing(
    organization: Organization, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("cell\n12\n")
    with pytest.raises(CommandError, match="Line 2: '12' is not a phone number"):
        run("lookup_contacts", str(organization.pk), "--file", str(file), "--yes")
    with pytest.raises(CommandError, match="No such file"):
        run("lookup_contacts", str(organization.pk), "--file", str(tmp_path / "none.csv"))
    assert not LookupJob.objects.exists()


def test_another_organizations_campaign_is_not_there(organization: Organization, run: Run) -> None:
    theirs, ours = CampaignFactory(), CampaignFactory(organization=organization)
    with pytest.raises(CommandError, match=rf"no campaign {theirs.pk} .* {ours.pk} .{ours.title}"):
        run("lookup_contacts", str(organization.pk), "--campaign", str(theirs.pk))


def test_what_stops_is_an_error_and_can_be_gone_on_with(
    organization: Organization, run: Run, company: FakeServiceServer, voters: str, bill: Bill
) -> None:
    company.behave(refuse_credentials=True)
    arguments = (str(organization.pk), "--file", voters, "--detail", "carrier", "--yes")
    with pytest.raises(CommandError, match=r"stopped after 0 of 10 numbers.*refused these cred"):
        run("lookup_contacts", *arguments)
    company.behave()
    job = LookupJob.objects.get()
    run("lookup_contacts", str(organization.pk), "--resume", str(job.pk))
    job.refresh_from_db()
    assert (job.status, bill()["paid"]) == (LookupJob.Status.DONE, 10)
    with pytest.raises(CommandError, match="cannot go on: Done"):
        run("lookup_contacts", str(organization.pk), "--resume", str(job.pk))
    with pytest.raises(CommandError, match="has no lookup 999"):
        run("lookup_contacts", str(organization.pk), "--resume", "999")


def test_interrupting_it_stops_the_job_until_somebody_goes_on(
    organization: Organization,
    run: Run,
    voters: str,
    bill: Bill,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.LOOKUPS_AT_ONCE = 4
    real = lookups.turn

    def interrupted(job_id: int, **more: Any) -> Any:
        def press(_: Any) -> None:
            raise KeyboardInterrupt

        return real(job_id, **{**more, "progress": press})

    monkeypatch.setattr(lookups, "turn", interrupted)
    arguments = (str(organization.pk), "--file", voters, "--detail", "carrier", "--yes")
    with pytest.raises(CommandError, match=r"stopped after 4 of 10 numbers\. It was interrupted"):
        run("lookup_contacts", *arguments)
    assert bill()["paid"] == 4
    assert real(LookupJob.objects.get().pk) is None
