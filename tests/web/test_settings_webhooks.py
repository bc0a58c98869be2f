"""The Settings page shows where a vendor calls now, and one button has it call us."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.test import Client

from service_vendors.exceptions import (
    ConfigurationRejected,
    SendUncertain,
    TransientVendorError,
    VendorError,
    VendorNotConfigured,
)
from service_vendors.models import AuditEntry, Organization, Role
from service_vendors.web import pointing
from tests.conftest import ClientFor
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.web.markup import Page
from tests.web.pigeons import Pigeon

pytestmark = pytest.mark.usefixtures("set_up")

HTMX = {"HX-Request": "true"}


@pytest.fixture
def address(base: str) -> str:
    """Where the panel asks."""
    return f"{base}/pigeon/webhooks"


def buttons(page: Page) -> list[str]:
    """What can be pressed."""
    return [button.text for button in page.all("button")]


def fail(monkeypatch: pytest.MonkeyPatch, method: str, error: BaseException) -> None:
    """Have the vendor fail at something."""

    async def failing(vendor: Any) -> None:
        raise error

    monkeypatch.setattr(Pigeon, method, failing)


# -- asking --------------------------------------------------------------------------------------


def test_the_page_asks_the_vendor_only_when_somebody_wants_to_know(
    owner_client: Client, base: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, "webhook_targets", AssertionError("nobody asked for this"))
    page = Page(owner_client.get(base))
    assert "Show where Pigeon Post calls now" in buttons(page)
    assert "Point them here" not in buttons(page)
    form = page.one("form", hx_get=address)
    assert (form.get("action"), form.get("method")) == (f"{address}#pigeon-webhooks", "")
    assert page.by_id("pigeon-pointing").get("role") == "status"


def test_without_a_script_the_answer_is_the_page_with_the_answer_in_it(
    owner_client: Client, address: str, organization: Organization
) -> None:
    Pigeon.calls["Incoming messages"] = "https://old.example/pigeon"
    page = Page(owner_client.get(address))
    said = page.by_id("pigeon-pointing").text
    assert "Pigeon Post does not call here." in said
    assert "Incoming messages: elsewhere https://old.example/pigeon" in said
    assert "Delivery reports: nowhere" in said
    assert page.by_id("ready"), "the whole page is there"


def test_the_live_answer_is_only_the_answer(owner_client: Client, address: str) -> None:
    response = owner_client.get(address, headers=HTMX)
    page = Page(response)
    assert not page.all("html") and "Point them here" in buttons(page)
    form = page.one("form", hx_post=address)
    assert form.get("method") == "post" and form.get("hx-target") == "#pigeon-pointing"


def test_where_everything_points_here_there_is_nothing_to_press(
    owner_client: Client, address: str, organization: Organization
) -> None:
    here = f"https://texts.example.org/pigeon/{organization.pk}"
    reports = f"https://texts.example.org/pigeon-report/{organization.pk}"
    Pigeon.calls |= {"Incoming messages": here, "Delivery reports": reports}
    page = Page(owner_client.get(address, headers=HTMX))
    assert "Pigeon Post calls here." in "".join(p.text for p in page.all("p"))
    assert buttons(page) == []


def test_what_the_button_changes_is_said_before_it_is_pressed(
    owner_client: Client, address: str, organization: Organization
) -> None:
    def said() -> str:
        return " ".join(one.text for one in Page(owner_client.get(address, headers=HTMX)).elements)

    assert "does not call here" in said() and "elsewhere" not in said()
    Pigeon.calls["Incoming messages"] = f"https://texts.example.org/pigeon/{organization.pk}"
    assert "calls here for a part of it only" in said() and "elsewhere" not in said()
    Pigeon.calls["Delivery reports"] = "https://old.example/reports"
    assert "Then nobody is called elsewhere any more." in said()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ada:s3cret@old.example/x?token=s3cret#s3cret", "https://old.example/x?…"),
        ("https://[broken/s3cret", "an address that cannot be read"),
        ("<script>", "<script>"),
    ],
)
def test_an_address_that_is_somebody_elses_is_shown_without_its_secrets(
    owner_client: Client, address: str, url: str, shown: str
) -> None:
    Pigeon.calls["Incoming messages"] = url
    response = owner_client.get(address, headers=HTMX)
    assert Page(response).one("code").text == shown
    assert "s3cret" not in response.content.decode()


# -- pointing ------------------------------------------------------------------------------------


def test_one_click_points_everything_here_and_is_written_down(
    owner_client: Client, address: str, owner: Any, organization: Organization
) -> None:
    page = Page(owner_client.post(address, headers=HTMX))
    assert "Pigeon Post calls here." in "".join(p.text for p in page.all("p"))
    assert set(Pigeon.calls.values()) == {
        f"https://texts.example.org/pigeon/{organization.pk}",
        f"https://texts.example.org/pigeon-report/{organization.pk}",
    }
    entry = AuditEntry.objects.filter(action="webhooks pointed").get()
    assert (entry.organization, entry.actor, entry.service) == (organization, owner, "pigeon")
    assert entry.summary == "Had Pigeon Post call this installation."


def test_without_a_script_the_click_leads_back_to_the_answer(
    owner_client: Client, address: str
) -> None:
    response = owner_client.post(address)
    assert response["Location"] == f"{address}#pigeon-webhooks"
    page = Page(owner_client.get(address))
    assert "Pigeon Post calls this installation from now on." in page.text
    assert "Pigeon Post calls here." in page.by_id("pigeon-pointing").text
    assert "Had Pigeon Post call this installation." in page.by_id("audit").text


def test_a_click_needs_its_token_as_every_form_does(
    owner: Any, organization: Organization, address: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post(address).status_code == 403
    assert Pigeon.calls == {}


@pytest.mark.parametrize("method", ["webhook_targets", "point_webhooks_here"])
@pytest.mark.parametrize(
    "error", [ConfigurationRejected, VendorNotConfigured, TransientVendorError, SendUncertain]
)
def test_what_is_in_the_way_is_said(
    owner_client: Client,
    address: str,
    method: str,
    error: type[VendorError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail(monkeypatch, method, error("The pigeon came back."))
    page = Page(owner_client.post(address, headers=HTMX))
    assert [p.text for p in page.all("p")] == ["✕ The pigeon came back."]
    if method == "point_webhooks_here":
        response = owner_client.post(address)
        assert response.status_code == 422
        assert "The pigeon came back." in Page(response).by_id("pigeon-pointing").text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConfigurationRejected, []),
        (VendorNotConfigured, []),
        (
            TransientVendorError,
            ["Asked Pigeon Post to call this installation, and got no clear answer."],
        ),
        (SendUncertain, ["Asked Pigeon Post to call this installation, and got no clear answer."]),
    ],
)
def test_what_may_have_been_changed_is_written_down_and_nothing_else(
    owner_client: Client,
    address: str,
    error: type[VendorError],
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail(monkeypatch, "point_webhooks_here", error("The pigeon came back."))
    owner_client.post(address, headers=HTMX)
    entries = AuditEntry.objects.filter(action="webhooks pointed")
    assert [entry.summary for entry in entries] == said


def test_a_vendor_that_says_nothing_is_not_waited_for_for_ever(
    owner_client: Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(vendor: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(Pigeon, "webhook_targets", never)
    monkeypatch.setattr(pointing, "LONGEST_SECONDS", 0.05)
    response = owner_client.get(address, headers=HTMX)
    assert "Pigeon Post did not answer within" in response.content.decode()


# -- who may ---------------------------------------------------------------------------------------


def test_everybodys_account_is_pointed_by_nobody_in_particular(
    owner_client: Client,
    address: str,
    organization: Organization,
    client_for: ClientFor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One organization's owner does not decide where another's replies go."""
    monkeypatch.setattr(Pigeon, "is_everybodys", True)
    OrganizationFactory()
    page = Page(owner_client.get(address, headers=HTMX))
    assert buttons(page) == []
    assert "operators of this installation point it here" in page.all("p")[-1].text
    response = owner_client.post(address)
    assert response.status_code == 422 and Pigeon.calls == {}
    assert pointing.NOT_YOURS in Page(response).by_id("pigeon-pointing").text
    assert not AuditEntry.objects.filter(action="webhooks pointed").exists()
    operator = UserFactory(is_superuser=True)
    MembershipFactory(user=operator, organization=organization, role=Role.OWNER)
    client_for(operator).post(address)
    assert len(Pigeon.calls) == 2


def test_who_is_alone_in_an_installation_points_its_account(
    owner_client: Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pigeon, "is_everybodys", True)
    assert Organization.objects.count() == 1
    owner_client.post(address)
    assert len(Pigeon.calls) == 2


def test_a_vendor_that_cannot_be_told_has_no_panel(owner_client: Client, base: str) -> None:
    assert not Page(owner_client.get(base)).all("", id="owl-webhooks")
    for service in ("owl", "raven"):
        assert owner_client.get(f"{base}/{service}/webhooks").status_code == 404
        assert owner_client.post(f"{base}/{service}/webhooks").status_code == 404
