"""The Phone numbers page: admins see, owners spend, and nothing is spent unconfirmed."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from service_vendors import inventory
from service_vendors.models import NumberJob, Organization, OwnedPhoneNumber, Role, SendStatus
from tests.conftest import ClientFor
from tests.factories import (
    CampaignFactory,
    MembershipFactory,
    MessageFactory,
    OwnedPhoneNumberFactory,
)
from tests.inventory.shop import buy, finish, here, there
from tests.web import test_layout
from tests.web.markup import Page

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def base(organization: Organization) -> str:
    """The page's address."""
    return f"/admin/{organization.pk}/phone-numbers"


@pytest.fixture
def client(owner: Any, client_for: ClientFor) -> Client:
    """The owner's browser."""
    return client_for(owner)


def press_buy(client: Client, base: str, area_code: str = "212", limit: int = 3) -> Any:
    """Look at the offer and press its button, as a browser does."""
    page = Page(client.get(f"{base}/buy", {"area_code": area_code, "limit": limit}))
    fields = {e.get("name"): e.get("value") for e in page.all("input", type="hidden")}
    return client.post(f"{base}/buy", {k: v for k, v in fields.items() if "csrf" not in k})


def test_buying_shows_the_money_first_and_ends_in_words(
    organization: Organization, client: Client, base: str
) -> None:
    offer = Page(client.get(f"{base}/buy", {"area_code": "212", "limit": "50"}))
    assert "50.00 USD every month" in offer.text
    assert offer.one("button", class_="btn btn-primary").text == (
        "Buy 50 numbers for 50.00 USD a month"
    )
    assert not NumberJob.objects.exists()
    answer = press_buy(client, base, limit=50)
    job = NumberJob.objects.get()
    assert answer["Location"] == f"{base}?job={job.reference}#job-{job.reference}"
    page = Page(client.get(answer["Location"].partition("#")[0]))
    assert "Buying 50 numbers in 212" in page.text
    bar = page.one("progress")
    assert (bar.get("max"), bar.get("value")) == ("50", "0")
    finish(job)
    done = Page(client.get(base))
    assert "Bought 50 in 212." in done.text
    assert "50 numbers, 50 of them available. 50.00 USD a month." in done.text
    assert here() == there(organization)


def test_a_second_click_buys_nothing_more(client: Client, base: str) -> None:
    page = Page(client.get(f"{base}/buy", {"area_code": "212", "limit": "2"}))
    fields = {e.get("name"): e.get("value") for e in page.all("input", type="hidden")}
    fields = {k: v for k, v in fields.items() if "csrf" not in k}
    first, second = (client.post(f"{base}/buy", fields) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert NumberJob.objects.count() == 1


def test_a_dearer_number_than_was_confirmed_ends_the_order(
    organization: Organization, client: Client, base: str
) -> None:
    asked = {"area_code": "212", "limit": "5", "key": str(uuid4()), "price_each": "0.50"}
    client.post(f"{base}/buy", asked)
    job = finish(NumberJob.objects.get())
    assert job.state == "PARTLY"
    assert "Bought 1 of 5" in job.outcome and "more than the 0.5" in job.outcome
    assert here() == there(organization)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPERVOLUNTEER, Role.TEXTER, Role.SUSPENDED])
def test_whoever_is_no_owner_cannot_spend(
    role: Role, organization: Organization, base: str, client_for: ClientFor
) -> None:
    buy(organization, 1)
    job = NumberJob.objects.create(organization=organization, kind="COMPARE", state="DONE")
    client = client_for(MembershipFactory(organization=organization, role=role).user)
    asked = {"area_code": "212", "limit": "1", "typed": "212"}
    for path in ("buy", "release", "compare", f"jobs/{job.reference}/apply"):
        assert client.post(f"{base}/{path}", asked).status_code == 403
        assert client.get(f"{base}/{path}", asked).status_code == 403
    assert NumberJob.objects.count() == 2
    may_see = role is Role.ADMIN
    assert client.get(base).status_code == (200 if may_see else 403)
    if may_see:
        page = Page(client.get(base))
        assert not page.all("form", method="post")[1:], "an admin sees something to press"
        assert "Owners buy and release them." in page.text


def test_a_stranger_cannot_tell_that_it_is_there(
    stranger: Any, base: str, client_for: ClientFor
) -> None:
    client = client_for(stranger)
    for path in ("", "/buy", "/release", "/compare"):
        assert client.get(base + path).status_code == 404
        posted = client.post(base + path, {"area_code": "212", "limit": "1"})
        assert posted.status_code == (404 if path else 405)
    assert not NumberJob.objects.exists()


def test_the_bar_moves_and_says_nothing_while_it_stands_still(
    organization: Organization, client: Client, base: str
) -> None:
    press_buy(client, base, limit=4)
    job = NumberJob.objects.get()
    address = f"{base}/jobs/{job.reference}"
    shown = Page(client.get(address, headers=HTMX))
    polled = shown.one("section").get("hx-get")
    assert client.get(polled, headers=HTMX).status_code == 204
    NumberJob.objects.filter(pk=job.pk).update(done=2, state="RUNNING")
    moved = client.get(polled, headers=HTMX)
    assert Page(moved).one("progress").get("value") == "2"
    assert "2 of 4" in moved.content.decode()
    assert 'hx-swap-oob="innerHTML:#number-news"' in moved.content.decode()
    NumberJob.objects.filter(pk=job.pk).update(state="QUEUED")
    finish(NumberJob.objects.get())
    over = client.get(polled, headers=HTMX)
    assert over["HX-Trigger"] == "numbers-changed"
    assert not Page(over).one("section").get("hx-get"), "it asks on when it is over"


def test_without_script_it_leads_back_to_the_page(client: Client, base: str) -> None:
    press_buy(client, base)
    job = NumberJob.objects.get()
    answer = client.get(f"{base}/jobs/{job.reference}")
    assert answer["Location"].startswith(f"{base}?job={job.reference}")
    assert "Reload to see how far it is" in client.get(base).content.decode()


def test_a_cancelled_order_ends_in_words(client: Client, base: str) -> None:
    press_buy(client, base)
    job = NumberJob.objects.get()
    client.post(f"{base}/jobs/{job.reference}/cancel")
    finish(job)
    assert "Bought 0 of 3 in 212, then it was cancelled." in Page(client.get(base)).text


def test_too_few_numbers_lead_to_nearby_area_codes(client: Client, base: str) -> None:
    page = Page(client.get(f"{base}/buy", {"area_code": "844", "limit": "5"}))
    assert "Fakeservice has no numbers in 844 now" in page.text
    assert "833 (Toll-free)" in page.text
    job = NumberJob.objects.create(
        organization_id=int(base.split("/")[2]),
        kind="BUY",
        service="fakeservice",
        area_code="212",
        limit=50,
        done=37,
        state="PARTLY",
        outcome="Bought 37 of 50 in 212: Fakeservice has no more numbers in 212.",
    )
    shown = Page(client.get(base, {"job": str(job.reference)}))
    assert "Try a nearby area code" in shown.text
    assert shown.all("a", href=f"{base}/buy?area_code=646&limit=13")


def test_releasing_takes_the_right_words(
    organization: Organization, client: Client, base: str
) -> None:
    buy(organization, 3)
    asked = {"area_code": "212", "limit": "2"}
    page = Page(client.get(f"{base}/release", asked))
    assert "Type 212 to confirm" in page.text and "Release 2 numbers" in page.text
    wrong = client.post(f"{base}/release", {**asked, "typed": "213"})
    assert wrong.status_code == 422
    assert "Nothing was released." in Page(wrong).text
    assert NumberJob.objects.filter(kind="RELEASE").count() == 0
    client.post(f"{base}/release", {**asked, "typed": " 212 "})
    finish(NumberJob.objects.get(kind="RELEASE"))
    assert len(there(organization)) == 1
    assert here() == there(organization)


def test_one_number_is_released_by_its_last_digits(
    organization: Organization, client: Client, base: str
) -> None:
    buy(organization, 2)
    number = OwnedPhoneNumber.objects.order_by("pk")[0].phone_number
    asked = {"number": number, "limit": "1", "typed": number[-4:]}
    client.post(f"{base}/release", asked)
    finish(NumberJob.objects.get(kind="RELEASE"))
    assert number not in {one for one, _ in here()}
    assert len(here()) == 1 and here() == there(organization)


def test_numbers_in_use_are_never_offered_for_release(
    organization: Organization, client: Client, base: str
) -> None:
    buy(organization, 1)
    inventory.allocate_to_campaign(
        CampaignFactory(organization=organization, title="Spring"), "fakeservice", "212", 1
    )
    page = Page(client.get(base))
    assert "Spring" in page.text
    assert not [e for e in page.all("a") if "/release" in e.get("href")]
    answer = client.get(f"{base}/release", {"area_code": "212", "limit": "1"}, follow=True)
    assert "None of these numbers is free to be released." in Page(answer).text


def test_a_sync_shows_the_difference_first(
    organization: Organization, client: Client, base: str
) -> None:
    buy(organization, 2)
    lost = OwnedPhoneNumber.objects.order_by("pk")[0]
    lost.delete()
    OwnedPhoneNumberFactory(organization=organization, created_at="2026-01-01T00:00Z")
    client.post(f"{base}/compare")
    job = finish(NumberJob.objects.get(kind="COMPARE"))
    page = Page(client.get(base))
    assert "Here but not there: 1" in page.text and "There but not here: 1" in page.text
    assert "bought from here" in page.text
    assert here() != there(organization)
    for _ in range(2):
        client.post(f"{base}/jobs/{job.reference}/apply")
    finish(NumberJob.objects.get(kind="SYNC"))
    assert here() == there(organization)
    assert "Added 1, removed 1, updated 0." in Page(client.get(base)).text


def test_each_number_tells_how_it_does(
    organization: Organization, client: Client, base: str
) -> None:
    buy(organization, 1)
    number = OwnedPhoneNumber.objects.get().phone_number
    for status in (SendStatus.DELIVERED, SendStatus.DELIVERED, SendStatus.SENT):
        MessageFactory(organization=organization, user_number=number, send_status=status)
    failed = {"send_status": SendStatus.ERROR, "error_code": 404, "status_reason": "Lost."}
    MessageFactory(organization=organization, user_number=number, **failed)
    MessageFactory(user_number=number, send_status=SendStatus.DELIVERED)
    (row,) = [e for e in Page(client.get(base)).elements if e.name == "tr" and "50 %" in e.text]
    assert "Code 404" in row.text and "just now" in row.text
    assert re.search(r"available 4 50 %", row.text)


def test_the_list_is_narrowed_sorted_and_searched(
    organization: Organization, client: Client, base: str
) -> None:
    for number in ("+12125560001", "+12125560002", "+12065560003"):
        OwnedPhoneNumberFactory(organization=organization, phone_number=number)
    OwnedPhoneNumberFactory(phone_number="+12125560009")  # another organization's

    def shown(**query: str) -> list[str]:
        page = Page(client.get(base, query))
        return [e.get("data-copy-as") for e in page.elements if e.get("data-copy-as")]

    assert shown() == ["+12065560003", "+12125560001", "+12125560002"]
    assert shown(area="212", sort="newest") == ["+12125560002", "+12125560001"]
    assert shown(q="(212) 556-0002") == ["+12125560002"]
    assert shown(q="0003") == ["+12065560003"]
    assert shown(q="nonsense") == shown(use="allocated") == []
    assert shown(use="available", area="206", page="99") == ["+12065560003"]
    assert shown(page="x", sort="x", use="x", area="x") == shown()


def test_ten_thousand_numbers_take_few_queries(
    organization: Organization, client: Client, base: str
) -> None:
    OwnedPhoneNumber.objects.bulk_create(
        OwnedPhoneNumberFactory.build(
            organization=organization,
            phone_number=f"+1{200 + n % 50}{2_000_000 + n}",
            area_code=str(200 + n % 50),
            allocated_to="campaign" if n % 2 else "",
            allocated_to_id="7" if n % 2 else "",
            allocated_at="2026-11-01T00:00Z" if n % 2 else None,
        )
        for n in range(10_000)
    )
    client.get(base)
    with CaptureQueriesContext(connection) as queries:
        page = Page(client.get(base, {"page": "200", "sort": "newest"}))
    assert "10000 numbers, 5000 of them available." in page.text
    # Who asks, what they may and which vendor there is: every page needs that.
    frame = re.compile(r'FROM "(django_session|auth_user|\w+_membership|\w+_vendorconfig)"')
    own = [query["sql"] for query in queries if not frame.search(query["sql"])]
    assert len(own) < 11, "\n".join(own)


def test_it_is_there_only_when_it_is_switched_on_and_the_vendor_sells_numbers(
    organization: Organization, client: Client, base: str, settings: Any
) -> None:
    home = f"/admin/{organization.pk}/messages"
    assert Page(client.get(home)).all("a", href=base)
    settings.PHONE_INVENTORY = False
    assert not Page(client.get(home)).all("a", href=base)
    for path in ("", "/buy", "/release", "/compare"):
        assert client.get(base + path).status_code == 404
    organization.features = {"EXPERIMENTAL_PHONE_INVENTORY": True}
    organization.save()
    assert client.get(base).status_code == 200
    organization.features = {"PHONE_INVENTORY": False, "EXPERIMENTAL_PHONE_INVENTORY": True}
    organization.save()
    assert client.get(base).status_code == 404


def test_what_is_typed_wrongly_is_told_and_buys_nothing(client: Client, base: str) -> None:
    for asked, says in (
        ({"area_code": "2x2", "limit": "1"}, "three digits"),
        ({"area_code": "212", "limit": "1000"}, "1 to 100 numbers"),
        ({"area_code": "", "limit": ""}, "Type an area code. Type how many."),
        ({"area_code": "212", "limit": "-1"}, "Type 1 or more."),
    ):
        assert says in Page(client.get(f"{base}/buy", asked, follow=True)).text
        assert says in Page(client.post(f"{base}/buy", asked, follow=True)).text
    assert not NumberJob.objects.exists()


def test_its_pages_are_made_as_every_page_is(
    organization: Organization, client: Client, base: str
) -> None:
    empty = client.get(base)
    buy(organization, 2)
    lost = OwnedPhoneNumber.objects.order_by("pk")[0]
    lost.delete()
    client.post(f"{base}/compare")
    finish(NumberJob.objects.get(kind="COMPARE"))
    press_buy(client, base)
    release = {"area_code": "212", "limit": "1"}
    pages = {
        "empty": empty,
        "full": client.get(base),
        "nobody found": client.get(base, {"q": "nonsense"}),
        "buy": client.get(f"{base}/buy", {"area_code": "212", "limit": "3"}),
        "none to buy": client.get(f"{base}/buy", {"area_code": "844", "limit": "3"}),
        "release": client.get(f"{base}/release", release),
        "not confirmed": client.post(f"{base}/release", release),
    }
    for name in pages:
        test_layout.test_a_page_is_well_made(name, pages)
        test_layout.test_headings_come_in_their_order(name, pages)
        test_layout.test_every_field_has_a_label_and_every_button_a_name(name, pages)
        test_layout.test_nothing_is_inline_and_nothing_comes_from_elsewhere(name, pages)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("nobody", "That is no phone number"),
        ("(415) 555-0199", "(415) 555-0199 is none of your numbers"),
        ("99999", "No number with 99999 in it"),
    ],
)
def test_a_search_that_finds_nothing_says_why(
    organization: Organization, client: Client, base: str, typed: str, says: str
) -> None:
    buy(organization, 1)
    page = Page(client.get(base, {"q": typed}))
    assert says in page.text
    assert not page.all("table", class_="sv-table sv-number-table")
