"""The Contacts page: what is known of whom, narrowed and in pages, and looking one number up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from service_vendors.models import AuditEntry, Organization, OrganizationContact, Role
from service_vendors.types import LookupStatus
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from service_vendors.web import contact_list
from tests.conftest import ClientFor
from tests.factories import (
    CampaignFactory,
    ContactFactory,
    MembershipFactory,
    OptOutFactory,
    OrganizationContactFactory,
    a_number,
)
from tests.lookups.conftest import Bill, bill, company, organization
from tests.web.markup import Page

__all__ = ["bill", "company", "organization"]

ADA, BOB, EVE = "+12125550101", "+12125550102", "+12125550109"
Knows = Callable[..., OrganizationContact]


@pytest.fixture
def base(organization: Organization) -> str:
    """The page's address."""
    return f"/admin/{organization.pk}/contacts"


@pytest.fixture
def admin_client(admin: Any, client_for: ClientFor) -> Client:
    """An admin's browser."""
    return client_for(admin)


@pytest.fixture
def owner_client(owner: Any, client_for: ClientFor) -> Client:
    """An owner's browser."""
    return client_for(owner)


@pytest.fixture
def knows(organization: Organization) -> Knows:
    """A maker of what the organization knows of a number."""

    def knows(number: str, status: LookupStatus | None = None, **more: Any) -> OrganizationContact:
        known: OrganizationContact = OrganizationContactFactory(
            organization=organization,
            contact_number=number,
            status_code=None if status is None else status.value,
            **more,
        )
        return known

    return knows


def rows(page: Page) -> list[str]:
    """What each row says."""
    return [row.text for row in page.all("tr")[1:]]


# -- the list --------------------------------------------------------------------------------------


def test_a_row_tells_what_is_known_and_leads_to_the_contact_and_the_conversation(
    admin_client: Client, base: str, knows: Knows, organization: Organization
) -> None:
    knows(
        EVE,
        LookupStatus.LANDLINE,
        carrier="Copper & Sons",
        line_type="landline",
        last_lookup=timezone.now() - timedelta(days=3),
    )
    OptOutFactory(organization=organization, cell=EVE)
    ContactFactory(
        campaign=CampaignFactory(organization=organization),
        cell=EVE,
        first_name="Eve",
        last_name="Moneypenny",
    )
    page = Page(admin_client.get(base))
    (row,) = rows(page)
    assert row == (
        "Eve Moneypenny (212) 555-0109 ✕ landline opted out Copper & Sons landline "
        "looked up 3 days ago Texts"
    )
    assert page.all("a", href=f"{base}/{EVE}")
    assert page.all("a", href=f"/admin/{organization.pk}/messages/{EVE}")


def test_another_organizations_contacts_are_not_listed(
    admin_client: Client, base: str, knows: Knows
) -> None:
    knows(ADA)
    OrganizationContactFactory(contact_number=BOB)
    assert len(rows(Page(admin_client.get(base)))) == 1
    assert rows(Page(admin_client.get(f"{base}?q={BOB.replace('+', '%2B')}"))) == []


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("", [ADA, BOB, EVE]),
        ("textable", [ADA]),
        ("landline", [EVE]),
        ("not-looked-up", [BOB]),
        ("opted-out", [BOB]),
        ("abroad", []),
        ("nonsense", [ADA, BOB, EVE]),
    ],
)
@pytest.mark.parametrize("in_campaign", [False, True])
def test_the_list_can_be_narrowed(
    admin_client: Client,
    base: str,
    knows: Knows,
    organization: Organization,
    show: str,
    expected: list[str],
    in_campaign: bool,
) -> None:
    knows(ADA, LookupStatus.TEXTABLE)
    knows(EVE, LookupStatus.LANDLINE)
    knows(BOB)
    OptOutFactory(organization=organization, cell=BOB)
    OptOutFactory(cell=ADA)
    campaign = CampaignFactory(organization=organization)
    for number in (ADA, BOB, EVE):
        ContactFactory(campaign=campaign, cell=number, first_name="", last_name="")
    more = f"&campaign={campaign.pk}" if in_campaign else ""
    page = Page(admin_client.get(f"{base}?show={show}{more}"))
    listed = [element.get("data-copy-as") for element in page.all("span", class_="sv-number")]
    assert listed == expected


def test_a_campaigns_contacts_are_listed_though_nothing_is_known_of_them(
    admin_client: Client, base: str, organization: Organization, stranger: Any
) -> None:
    campaign = CampaignFactory(organization=organization)
    ContactFactory(campaign=campaign, cell=ADA, first_name="Ada", last_name="")
    theirs = CampaignFactory()
    ContactFactory(campaign=theirs, cell=BOB)
    (row,) = rows(Page(admin_client.get(f"{base}?campaign={campaign.pk}")))
    assert row.startswith("Ada (212) 555-0101 ? not looked up")
    for other in (theirs.pk, 10**30, "x"):
        assert rows(Page(admin_client.get(f"{base}?campaign={other}"))) == []


@pytest.mark.parametrize("typed", ["(212) 555-0102", "0102", "2125550102"])
def test_a_number_is_found_however_it_is_typed(
    admin_client: Client, base: str, knows: Knows, typed: str
) -> None:
    for number in (ADA, BOB, EVE):
        knows(number)
    (row,) = rows(Page(admin_client.get(base, {"q": typed})))
    assert row.startswith("(212) 555-0102")


def test_an_unknown_number_can_be_opened_and_what_is_no_number_is_told(
    admin_client: Client, base: str
) -> None:
    page = Page(admin_client.get(base, {"q": "(212) 555-0102"}))
    assert page.all("a", href=f"{base}/{BOB}")
    assert "That is no phone number" in Page(admin_client.get(base, {"q": "x"})).text


def test_pages_follow_one_another_by_number_and_lose_nobody(
    admin_client: Client, base: str, knows: Knows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_list, "PAGE", 3)
    numbers = [a_number(n) for n in range(8)]
    for number in reversed(numbers):
        knows(number, LookupStatus.TEXTABLE)
    url, listed = f"{base}?show=textable", []
    while url:
        page = Page(admin_client.get(url))
        listed += [element.get("data-copy-as") for element in page.all("span", class_="sv-number")]
        following = [a.get("href") for a in page.all("a") if a.text == "Next"]
        url = following[0] if following else ""
    assert listed == numbers


def test_a_full_page_takes_few_queries_and_counts_no_further_than_it_says(
    admin_client: Client,
    base: str,
    knows: Knows,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: Any,
) -> None:
    for n in range(60):
        knows(a_number(n))
    monkeypatch.setattr(contact_list, "MOST_COUNTED", 55)
    monkeypatch.setattr("service_vendors.web.contacts.MOST_COUNTED", 55)
    with django_assert_max_num_queries(16) as captured:
        page = Page(admin_client.get(base))
    assert len(rows(page)) == 50
    assert "More than 55 contacts" in page.text
    assert any("LIMIT 56" in query["sql"] for query in captured.captured_queries)


def test_where_nothing_is_known_the_page_says_what_to_do(admin_client: Client, base: str) -> None:
    page = Page(admin_client.get(base))
    assert "Nothing is known of any number yet" in page.text
    assert page.all("a", href=f"{base}/lookups")


@pytest.mark.parametrize("role", [Role.TEXTER, Role.SUPERVOLUNTEER])
@pytest.mark.parametrize("address", ["", "/+12125550101", "/lookups"])
def test_texters_may_not_look(
    base: str, organization: Organization, client_for: ClientFor, role: Role, address: str
) -> None:
    client = client_for(MembershipFactory(organization=organization, role=role).user)
    assert client.get(base + address).status_code == 403
    assert client.post(base + address).status_code in {403, 405}


# -- one contact -----------------------------------------------------------------------------------


def test_an_owner_pays_for_a_lookup_with_one_press_and_a_second_one_pays_nothing(
    owner_client: Client, base: str, organization: Organization, bill: Bill
) -> None:
    page = Page(owner_client.get(f"{base}/{EVE}"))
    assert [button.text for button in page.all("button", name="detail")] == [
        "Look up for free",
        "Pay 0.005 USD",
        "Pay 0.015 USD",
    ]
    for _ in range(2):  # both from the same page, impatiently
        answer = owner_client.post(f"{base}/{EVE}", {"detail": "1", "seen": ""})
        assert answer.status_code == 302
    page = Page(owner_client.get(f"{base}/{EVE}"))
    assert "✕ landline" in page.text and "Copper & Sons" in page.text
    assert "This number is a landline, which takes no texts. Texts to it are refused." in page.text
    assert bill()["paid"] == 1
    seen = page.one("input", name="seen").get("value")
    for _ in range(2):
        owner_client.post(f"{base}/{EVE}", {"detail": "1", "seen": seen})
    assert bill()["paid"] == 2
    entry = AuditEntry.objects.filter(action="contact looked up").first()
    assert entry is not None and entry.organization == organization
    assert "0.005 USD" in entry.summary and "5550109" not in entry.summary


def test_an_admin_looks_up_for_free_and_spends_nothing(
    admin_client: Client, base: str, bill: Bill
) -> None:
    page = Page(admin_client.get(f"{base}/{EVE}"))
    free, *paid = page.all("button", name="detail")
    assert "disabled" not in free.attributes
    assert all("disabled" in button.attributes for button in paid)
    assert admin_client.post(f"{base}/{EVE}", {"detail": "0"}).status_code == 302
    for detail in ("1", "2"):
        assert admin_client.post(f"{base}/{EVE}", {"detail": detail}).status_code == 403
    assert bill() == {"paid": 0, "different": 0, "free": 1}


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"faults": {"break": 1}}, "It may have been charged"),
        ({"faults": {"refuse": 1}}, "takes no requests now"),
        ({"refuse_credentials": True}, "refused these credentials"),
    ],
)
def test_a_lookup_that_fails_says_why(
    owner_client: Client, base: str, company: FakeServiceServer, behaviour: Any, words: str
) -> None:
    company.behave(**behaviour)
    answer = owner_client.post(f"{base}/{EVE}", {"detail": "1"})
    assert answer.status_code == 422
    assert words in Page(answer).text


@pytest.mark.parametrize("data", [{}, {"detail": "7"}, {"detail": "x", "seen": "yesterday"}])
def test_nonsense_looks_nothing_up(
    owner_client: Client, base: str, bill: Bill, data: dict[str, str]
) -> None:
    assert owner_client.post(f"{base}/{EVE}", data).status_code == 422
    assert bill() == {"paid": 0, "different": 0, "free": 0}


def test_a_typed_number_leads_to_its_contact_and_nonsense_to_nothing(
    owner_client: Client, base: str
) -> None:
    assert owner_client.get(f"{base}/(212) 555-0109")["Location"] == f"{base}/{EVE}"
    assert owner_client.get(f"{base}/12").status_code == 404


def test_a_conversation_with_a_landline_says_that_it_is_not_texted(
    owner_client: Client, organization: Organization, knows: Knows, base: str
) -> None:
    knows(EVE, LookupStatus.LANDLINE)
    address = f"/admin/{organization.pk}/messages/{EVE}"
    page = Page(owner_client.get(address))
    assert "A look-up says of this number: landline. It is not texted." in page.text
    assert page.all("a", href=f"{base}/{EVE}")
    refused = owner_client.post(address, {"text": "Vote!"})
    assert refused.status_code == 422
    assert "This number is a landline, which takes no texts." in Page(refused).text
