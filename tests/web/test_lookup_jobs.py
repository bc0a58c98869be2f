"""Looking many numbers up on the pages: the cost first, then a bar, then the results."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from service_vendors import lookups
from service_vendors.models import AuditEntry, LookupItem, LookupJob, Organization
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.conftest import ClientFor
from tests.factories import CampaignFactory, ContactFactory, a_number
from tests.lookups.conftest import Bill, NewJob, agree, bill, company, new_job, organization
from tests.web.markup import Page

__all__ = ["bill", "company", "new_job", "organization"]


@pytest.fixture
def base(organization: Organization) -> str:
    """Where lookups begin."""
    return f"/admin/{organization.pk}/contacts/lookups"


@pytest.fixture
def owner_client(owner: Any, client_for: ClientFor) -> Client:
    """An owner's browser."""
    return client_for(owner)


@pytest.fixture
def admin_client(admin: Any, client_for: ClientFor) -> Client:
    """An admin's browser."""
    return client_for(admin)


def voters(count: int = 10) -> SimpleUploadedFile:
    lines = "".join(f"Ada,{a_number(n)}\n" for n in range(count))
    return SimpleUploadedFile("voters.csv", f"name,cell\n{lines}".encode(), "text/csv")


def test_a_file_is_looked_up_once_its_cost_is_agreed_to(
    owner_client: Client, base: str, bill: Bill
) -> None:
    chosen = {"source": "FILE", "file": voters(), "detail": "1"}
    answer = owner_client.post(base, chosen)
    job = LookupJob.objects.get()
    assert answer["Location"] == f"{base}/{job.pk}"
    page = Page(owner_client.get(answer["Location"]))
    assert "To be asked 10 At most 0.05 USD" in page.text
    assert "Fakeservice may charge" in page.text
    assert "up to 0.05 USD for 10 lookups." in page.text
    assert "0 of 10 numbers, 0.005 USD each" in Page(owner_client.get(base)).text
    most_cost = page.one("input", name="most_cost").get("value")

    refused = owner_client.post(f"{base}/{job.pk}/start", {"most_cost": most_cost})
    assert refused.status_code == 422
    assert "Confirm the cost to begin." in Page(refused).text
    lied = {"most_cost": "0.01", "confirmed": "on"}
    shown = Page(owner_client.post(f"{base}/{job.pk}/start", lied, follow=True))
    assert "may cost 0.05 USD, and nobody has agreed" in shown.text
    assert lookups.turn(job.pk) is None and bill()["paid"] == 0

    for _ in range(2):  # an impatient second press
        owner_client.post(f"{base}/{job.pk}/start", {"most_cost": most_cost, "confirmed": "on"})
    assert AuditEntry.objects.filter(action="lookup started").count() == 1
    lookups.turn(job.pk, seconds=30)
    page = Page(owner_client.get(f"{base}/{job.pk}"))
    assert "10 of 10 numbers ✓ done" in page.text
    assert "✓ textable 9 ✕ landline 1" in page.text
    assert bill()["paid"] == 10
    assert "10 of 10 numbers, 0.05 USD" in Page(owner_client.get(base)).text


def test_a_file_is_meant_where_no_campaign_is_chosen(owner_client: Client, base: str) -> None:
    """The campaign is marked at first, and it takes a script to mark the file that was chosen."""
    owner_client.post(base, {"source": "CAMPAIGN", "campaign": "", "file": voters(), "detail": "0"})
    assert LookupJob.objects.get().source == LookupJob.Source.FILE
    bad = SimpleUploadedFile("bad.csv", b"cell\n12\n")
    page = Page(owner_client.post(base, {"source": "CAMPAIGN", "file": bad, "detail": "0"}))
    assert "Line 2: '12' is not a phone number." in page.text
    assert page.one("input", value="FILE").get("checked") is not None


def test_a_bad_file_is_told_by_line_and_changes_nothing(owner_client: Client, base: str) -> None:
    bad = SimpleUploadedFile("bad.csv", b"cell\n+12125550101\n12\nabc\n")
    answer = owner_client.post(base, {"source": "FILE", "file": bad, "detail": "0"})
    assert answer.status_code == 422
    text = Page(answer).text
    assert "Line 3: '12' is not a phone number." in text
    assert "Line 4: 'abc' is not a phone number." in text
    assert not LookupJob.objects.exists()
    assert not LookupItem.objects.exists()


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({}, "Choose whose numbers to look up."),
        ({"source": "CAMPAIGN", "detail": "0"}, "Choose a campaign."),
        ({"source": "FILE", "detail": "0"}, "Choose a file."),
        ({"source": "CONTACTS", "detail": "0"}, "There are no numbers in it."),
        ({"source": "CONTACTS"}, "Choose what to look up."),
    ],
)
def test_what_is_missing_is_told(
    owner_client: Client, base: str, chosen: dict[str, str], words: str
) -> None:
    answer = owner_client.post(base, chosen)
    assert answer.status_code == 422
    assert words in Page(answer).text
    assert not LookupJob.objects.exists()


def test_a_campaign_is_looked_up_and_another_organizations_is_not(
    owner_client: Client, base: str, organization: Organization
) -> None:
    theirs, ours = CampaignFactory(), CampaignFactory(organization=organization)
    ContactFactory(campaign=theirs)
    ContactFactory.create_batch(2, campaign=ours)
    chosen = {"source": "CAMPAIGN", "detail": "0"}
    refused = owner_client.post(base, chosen | {"campaign": theirs.pk})
    assert "Choose one of the campaigns." in Page(refused).text
    owner_client.post(base, chosen | {"campaign": ours.pk})
    job = LookupJob.objects.get()
    assert (job.campaign, job.total, job.is_free) == (ours, 2, True)


def test_an_admin_prepares_what_costs_money_and_an_owner_begins_it(
    admin_client: Client, owner_client: Client, base: str, bill: Bill
) -> None:
    admin_client.post(base, {"source": "FILE", "file": voters(), "detail": "1"})
    job = LookupJob.objects.get()
    page = Page(admin_client.get(f"{base}/{job.pk}"))
    assert "An owner has to agree to the cost." in page.text
    agreed = {"most_cost": "1", "confirmed": "on"}
    assert admin_client.post(f"{base}/{job.pk}/start", agreed).status_code == 403
    assert lookups.turn(job.pk) is None
    owner_client.post(f"{base}/{job.pk}/start", agreed)
    assert lookups.turn(job.pk, seconds=30) is not None
    assert bill()["paid"] == 10


def test_an_admin_begins_what_is_free(admin_client: Client, base: str, bill: Bill) -> None:
    admin_client.post(base, {"source": "FILE", "file": voters(), "detail": "0"})
    job = LookupJob.objects.get()
    admin_client.post(f"{base}/{job.pk}/start", {"most_cost": "0"})
    lookups.turn(job.pk, seconds=30)
    assert bill() == {"paid": 0, "different": 0, "free": 10}


def test_the_bar_moves_and_stands_still_when_there_is_no_news(
    owner_client: Client, base: str, new_job: NewJob, settings: Any
) -> None:
    settings.LOOKUPS_AT_ONCE = 5
    job = agree(new_job(10))
    page = Page(owner_client.get(f"{base}/{job.pk}"))
    live = page.by_id("lookup-progress")
    assert live.get("hx-trigger") == "every 1s"
    url = live.get("hx-get")
    assert owner_client.get(url).status_code == 204
    lookups.turn(job.pk, seconds=0)
    answer = owner_client.get(url)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert 'max="10"' in text and 'value="5"' in text
    assert "50 % looked up." in text
    lookups.turn(job.pk, seconds=30)
    over = owner_client.get(url).content.decode()
    assert "every 1s" not in over
    assert "Done: 10 of 10 numbers." in over


def test_cancelling_ends_it_and_before_it_began_forgets_it(
    owner_client: Client, base: str, new_job: NewJob
) -> None:
    running, waiting = agree(new_job(10)), new_job(5)
    for job in (running, waiting):
        assert owner_client.post(f"{base}/{job.pk}/cancel").status_code == 302
    running.refresh_from_db()
    assert running.status == LookupJob.Status.CANCELLED
    assert not LookupJob.objects.filter(pk=waiting.pk).exists()


def test_what_stopped_says_why_and_goes_on(
    owner_client: Client, base: str, new_job: NewJob, company: FakeServiceServer, bill: Bill
) -> None:
    company.behave(refuse_credentials=True)
    job = agree(new_job(5))
    lookups.turn(job.pk)
    page = Page(owner_client.get(f"{base}/{job.pk}"))
    assert "It stopped. Fakeservice refused these credentials." in page.text
    company.behave()
    owner_client.post(f"{base}/{job.pk}/resume")
    lookups.turn(job.pk, seconds=30)
    assert "5 of 5 numbers ✓ done" in Page(owner_client.get(f"{base}/{job.pk}")).text
    assert bill()["paid"] == 5


def test_doubt_is_told_with_what_it_may_have_cost(
    owner_client: Client, base: str, new_job: NewJob, company: FakeServiceServer
) -> None:
    company.behave(faults={"break": 1})
    job = agree(new_job(4))
    lookups.turn(job.pk, seconds=30)
    text = Page(owner_client.get(f"{base}/{job.pk}")).text
    assert "the answer was lost, up to 0.02 USD may have been charged" in text


def test_the_results_come_as_a_file(admin_client: Client, base: str, new_job: NewJob) -> None:
    job = agree(new_job(10, title="Voters, =1+1"))
    lookups.turn(job.pk, seconds=30)
    answer = admin_client.get(f"{base}/{job.pk}/results.csv")
    assert answer["Content-Disposition"] == f'attachment; filename="voters-11-{job.pk}.csv"'
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    found = list(csv.DictReader(io.StringIO(content.decode())))
    assert [row["number"] for row in found] == [a_number(n) for n in range(10)]
    assert [row["status"] for row in found].count("Landline") == 1


def test_another_organizations_lookup_is_not_there(
    owner_client: Client, base: str, new_job: NewJob, stranger: Any, client_for: ClientFor
) -> None:
    job = agree(new_job(3))
    theirs = stranger.organization_memberships.get().organization_id
    client = client_for(stranger)
    other = f"/admin/{theirs}/contacts/lookups/{job.pk}"
    for address in ("", "/progress", "/results.csv"):
        assert client.get(other + address).status_code == 404
    for address in ("/start", "/resume", "/cancel"):
        assert client.post(other + address).status_code == 404
    assert owner_client.get(f"{base}/{10**30}").status_code == 404
    job.refresh_from_db()
    assert job.status == LookupJob.Status.RUNNING


def test_a_vendor_that_looks_nothing_up_says_so(
    owner_client: Client, base: str, organization: Organization, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = ""
    page = Page(owner_client.get(base))
    assert "does not look numbers up" in page.text
    answer = owner_client.post(base, {"source": "FILE", "file": voters(), "detail": "0"})
    assert answer.status_code == 422
    assert "No vendor is chosen." in Page(answer).text
