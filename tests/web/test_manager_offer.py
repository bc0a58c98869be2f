"""A vendor that needs service managers: the page says so, and one button enables them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from service_vendors import configuration
from service_vendors.models import AuditEntry, Organization
from tests.conftest import ClientFor
from tests.web.conftest import Setup
from tests.web.markup import Page
from tests.web.pigeons import Owl, Pigeon

pytestmark = pytest.mark.usefixtures("needy", "set_up")

NEEDED = ("numpicker-basic", "sticky-sender")


@pytest.fixture
def needy(pigeons: type[Pigeon], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first vendor picks no numbers itself, the second one does."""
    monkeypatch.setattr(Pigeon, "needs_managers", NEEDED)
    monkeypatch.setattr(Owl, "needs_managers", ())


@pytest.fixture
def url(base: str) -> str:
    return f"{base}/pigeon/managers"


def test_the_page_says_what_is_missing_and_the_button_mends_it(
    owner_client: Client, organization: Organization, base: str, url: str
) -> None:
    page = Page(owner_client.get(base))
    assert "Enable numpicker-basic and sticky-sender: Pigeon Post needs them" in page.text
    offer = [element for element in page.elements if "pigeon-managers" in element.inside]
    texts = [element.text for element in offer if element.name in {"strong", "button"}]
    assert texts == ["Number picker", "Sticky sender", "Enable both"]
    after = owner_client.post(url, follow=True)
    assert after.redirect_chain[0][0] == f"{base}#pigeon"
    page = Page(after)
    assert "Enabled for your organization: Number picker and Sticky sender." in page.text
    assert "Ready to text through Pigeon Post." in page.text
    assert not page.all("div", id="pigeon-managers")
    organization.refresh_from_db()
    assert organization.features["SERVICE_MANAGERS"] == list(NEEDED)
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert entry.summary == "Enabled Number picker and Sticky sender."
    assert (entry.fields, entry.service) == (["SERVICE_MANAGERS"], "pigeon")


@pytest.mark.parametrize(
    ("environment", "own", "expected"),
    [
        ([], None, ["numpicker-basic", "sticky-sender"]),
        (["x.Y"], None, ["x.Y", "numpicker-basic", "sticky-sender"]),
        (["x.Y"], [], ["numpicker-basic", "sticky-sender"]),
        (["x.Y"], "sticky-sender, z.Z", ["sticky-sender", "z.Z", "numpicker-basic"]),
        ([], ["z.Z", "sticky-sender"], ["z.Z", "sticky-sender", "numpicker-basic"]),
    ],
)
def test_the_managers_in_use_stay_in_their_order(
    owner_client: Client,
    organization: Organization,
    url: str,
    settings: Any,
    environment: list[str],
    own: Any,
    expected: list[str],
) -> None:
    settings.SERVICE_MANAGERS = environment
    organization.features = {"DEFAULT_SERVICE": "pigeon"}
    if own is not None:
        organization.features["SERVICE_MANAGERS"] = own
    organization.save()
    owner_client.post(url)
    organization.refresh_from_db()
    assert organization.features == {"DEFAULT_SERVICE": "pigeon", "SERVICE_MANAGERS": expected}


def test_enabling_them_twice_changes_nothing(
    owner_client: Client, organization: Organization, url: str
) -> None:
    owner_client.post(url)
    before = AuditEntry.objects.count()
    owner_client.post(url)
    assert AuditEntry.objects.count() == before
    assert configuration.enable_managers(organization, "pigeon", actor=None) == []


def test_a_vendor_that_needs_none_offers_none(owner_client: Client, base: str) -> None:
    assert not Page(owner_client.get(base)).all("div", id="owl-managers")
    assert owner_client.post(f"{base}/owl/managers").status_code == 302
    assert owner_client.post(f"{base}/dodo/managers").status_code == 404


@pytest.mark.parametrize("who", ["admin", "texter", "stranger"])
def test_nobody_but_an_owner_of_this_organization_enables_any(
    who: str,
    request: pytest.FixtureRequest,
    organization: Organization,
    client_for: ClientFor,
    url: str,
    set_up: Setup,
) -> None:
    # Spoke updateServiceManager:22 let anyone change the managers of anybody's campaign.
    client = client_for(request.getfixturevalue(who))
    assert client.post(url).status_code in {403, 404}
    organization.refresh_from_db()
    assert "SERVICE_MANAGERS" not in organization.features
