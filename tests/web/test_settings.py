"""The Settings page: a vendor's form, and every way in which saving it can end."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from service_vendors import configuration
from service_vendors.exceptions import (
    ConfigurationRejected,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.models import AuditEntry, Organization, VendorConfig
from tests.factories import OrganizationFactory
from tests.web.conftest import Setup
from tests.web.markup import Page
from tests.web.pigeons import Pigeon, fails, values

pytestmark = pytest.mark.usefixtures("pigeons")


def state_of(page: Page, name: str) -> str:
    return page.by_id(f"pigeon-{name}-state").text


# -- what the page says first --------------------------------------------------------------------


def test_the_first_line_says_what_is_missing(owner_client: Client, base: str) -> None:
    intro = Page(owner_client.get(base)).one("p", class_="sv-intro").text
    assert intro.startswith("Choose and set up the company that carries your texts.")
    assert "Not ready to text: Fill in Account SID" in intro


@pytest.mark.usefixtures("set_up")
def test_the_first_line_says_that_all_is_well(owner_client: Client, base: str) -> None:
    intro = Page(owner_client.get(base)).one("p", class_="sv-intro").text
    assert intro.endswith("Ready to text through Pigeon Post.")


def test_the_checklist_names_what_is_there_and_what_to_do_for_the_rest(
    owner_client: Client, base: str, set_up: Setup
) -> None:
    set_up(token="")
    listed = [
        item.text for item in Page(owner_client.get(base)).all("li") if "ready" in item.inside
    ]
    assert listed[0] == "Done: Account SID"
    assert listed[1].startswith("Missing: Auth token Fill in Auth token below, or set PIGEON_TOKEN")


def test_without_any_vendor_the_page_still_opens_and_says_what_to_do(
    owner_client: Client, base: str, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = ""
    page = Page(owner_client.get(base))
    assert "No vendor is chosen. Set DEFAULT_SERVICE" in page.text
    assert page.by_id("choose-pigeon")
    settings.DEFAULT_SERVICE = "raven"
    assert "There is no active vendor 'raven'" in Page(owner_client.get(base)).text


def test_an_address_that_only_takes_posts_leads_back_to_the_page(
    owner_client: Client, base: str
) -> None:
    for rest in ("pigeon", "choose", "test-message", "pigeon/test-connection"):
        response = owner_client.get(f"{base}/{rest}")
        assert response.status_code == 302
        assert response["Location"].startswith(base)


def test_a_vendor_that_is_not_active_has_no_form(owner_client: Client, base: str) -> None:
    assert owner_client.post(f"{base}/raven", {"version": 0}).status_code == 404
    assert owner_client.post(f"{base}/raven/test-connection").status_code == 404


def test_a_vendor_that_the_installation_sets_up_has_no_form(
    owner_client: Client, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pigeon, "supports_org_config", classmethod(lambda cls: False))
    page = Page(owner_client.get(base))
    assert not page.all("form", action=f"{base}/pigeon")
    assert "its operators set it up" in page.by_id("pigeon").text
    assert owner_client.post(f"{base}/pigeon", {"version": 0, "account": "AC1"}).status_code == 404


# -- saving ----------------------------------------------------------------------------------------


def test_new_settings_are_tried_at_the_vendor_and_then_saved(
    owner_client: Client, base: str, organization: Organization, owner: Any
) -> None:
    response = owner_client.post(
        f"{base}/pigeon", {"version": 0, "account": "AC1", "token": "s3cret", "basket": "tin"}
    )
    assert response["Location"] == f"{base}#pigeon"
    expected = {"account": "AC1", "token": "s3cret", "basket": "tin"}
    assert Pigeon.asked == [expected]
    assert values(organization) == expected
    assert VendorConfig.objects.get().updated_by == owner
    page = Page(owner_client.get(base))
    assert "The settings of Pigeon Post are saved." in page.text
    audit = page.by_id("audit").text
    assert "Changed the settings of Pigeon Post." in audit
    assert "Account SID, Auth token, Basket" in audit
    assert owner.username in audit


def test_a_blank_secret_keeps_the_stored_one(
    owner_client: Client, base: str, organization: Organization, set_up: Setup
) -> None:
    owner_client.post(f"{base}/pigeon", {"version": 1, "account": "AC2", "token": ""})
    assert values(organization) == {"account": "AC2", "token": "first-secret", "basket": "wicker"}
    assert AuditEntry.objects.first().fields == ["account"]


def test_a_secret_goes_only_when_its_box_is_ticked(
    owner_client: Client, base: str, organization: Organization, set_up: Setup
) -> None:
    data = {"version": 1, "account": "AC1", "token": "", "remove_token": "on"}
    assert owner_client.post(f"{base}/pigeon", data).status_code == 302
    assert values(organization)["token"] == ""
    assert Pigeon.asked == [], "there is nothing to ask with"


def test_a_secret_that_is_not_saved_has_no_box_to_remove_it(
    owner_client: Client, base: str
) -> None:
    assert not Page(owner_client.get(base)).all("input", name="remove_token")


def test_a_new_secret_and_its_removal_contradict_each_other(
    owner_client: Client, base: str, organization: Organization, set_up: Setup
) -> None:
    data = {"version": 1, "account": "AC1", "token": "new-secret", "remove_token": "on"}
    response = owner_client.post(f"{base}/pigeon", data)
    assert response.status_code == 422
    assert "not both" in Page(response).by_id("pigeon-token-errors").text
    assert values(organization)["token"] == "first-secret"


def test_a_cleared_field_falls_back_to_what_is_inherited(
    owner_client: Client, base: str, organization: Organization, set_up: Setup, settings: Any
) -> None:
    settings.PIGEON_ACCOUNT = "AC-environment"
    owner_client.post(f"{base}/pigeon", {"version": 1, "account": "", "token": ""})
    assert values(organization)["account"] == "AC-environment"


def test_a_forgotten_value_is_asked_for_and_nothing_is_saved(
    owner_client: Client, base: str, organization: Organization
) -> None:
    response = owner_client.post(f"{base}/pigeon", {"version": 0, "account": "AC1", "token": ""})
    page = Page(response)
    assert response.status_code == 422
    assert page.by_id("pigeon-token-errors").text == "Pigeon Post needs this. Fill it in."
    assert page.by_id("pigeon-token").get("aria-describedby").endswith("pigeon-token-errors")
    assert page.by_id("pigeon-token").get("aria-invalid") == "true"
    assert page.by_id("pigeon-account").get("value") == "AC1", "what was typed is not lost"
    assert not VendorConfig.objects.exists()
    assert Pigeon.asked == []


def test_everything_may_be_cleared(
    owner_client: Client, base: str, organization: Organization, set_up: Setup
) -> None:
    data = {"version": 1, "account": "", "token": "", "remove_token": "on", "basket": ""}
    assert owner_client.post(f"{base}/pigeon", data).status_code == 302
    assert values(organization) == {"account": "", "token": "", "basket": "wicker"}


def test_what_a_vendors_own_field_refuses_is_refused(
    owner_client: Client, base: str, organization: Organization, set_up: Setup
) -> None:
    data = {"version": 1, "account": "AC1", "basket": "gold"}
    response = owner_client.post(f"{base}/pigeon", data)
    assert response.status_code == 422
    assert "gold is not one of the available choices" in Page(response).text
    assert VendorConfig.objects.get().version == 1


def test_what_the_vendor_refuses_stands_beside_the_field_and_on_top(
    owner_client: Client, base: str, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = ConfigurationRejected(
        "Refused.", field_errors={"token": "This token was revoked.", "wing": "Too short."}
    )
    monkeypatch.setattr(Pigeon, "says", fails(refusal))
    response = owner_client.post(
        f"{base}/pigeon", {"version": 0, "account": "AC1", "token": "old-one"}
    )
    page = Page(response)
    assert response.status_code == 422
    assert page.by_id("pigeon-token-errors").text == "This token was revoked."
    summary = page.one("div", aria_labelledby="errors-title")
    assert summary.get("tabindex") == "-1"
    assert "data-focus" in summary.attributes
    assert "Nothing was saved" in summary.text
    assert "Auth token: This token was revoked." in summary.text
    assert "Too short." in summary.text, "an objection to an unknown field is not swallowed"
    assert [link.get("href") for link in page.all("a") if "errors-title" in _near(page, link)] == [
        "#pigeon-token"
    ]
    assert not VendorConfig.objects.exists()


def _near(page: Page, link: Any) -> str:
    summary = page.one("div", aria_labelledby="errors-title")
    is_in_it = link.text in summary.text and link.get("href").startswith("#pigeon-")
    return "errors-title" if is_in_it else ""


@pytest.mark.parametrize("error", [ConfigurationRejected("No."), VendorNotConfigured("No.")])
def test_a_refusal_of_no_field_in_particular_stands_on_top(
    error: Exception, owner_client: Client, base: str, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    monkeypatch.setattr(Pigeon, "says", fails(error))
    response = owner_client.post(f"{base}/pigeon", {"version": 0, "account": "AC1", "token": "old"})
    assert response.status_code == 422
    assert Page(response).one("div", aria_labelledby="errors-title").text.endswith("No.")


def test_when_the_vendor_is_away_it_can_be_saved_without_checking(
    owner_client: Client, base: str, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {"version": 0, "account": "AC1", "token": "s3cret"}
    assert not Page(owner_client.get(base)).all("input", name="unchecked")
    monkeypatch.setattr(Pigeon, "says", fails(TransientVendorError("Pigeon Post is closed.")))
    response = owner_client.post(f"{base}/pigeon", data)
    assert response.status_code == 422
    page = Page(response)
    assert "Pigeon Post is closed. So nothing was checked and nothing was saved." in page.text
    assert page.one("input", name="unchecked").get("type") == "checkbox"
    assert not VendorConfig.objects.exists()

    response = owner_client.post(f"{base}/pigeon", {**data, "unchecked": "on"})
    assert response.status_code == 302
    assert values(organization)["token"] == "s3cret"
    assert len(Pigeon.asked) == 1


def test_of_two_owners_the_second_is_told_and_overwrites_nothing(
    owner_client: Client, base: str, organization: Organization, set_up: Setup
) -> None:
    assert Page(owner_client.get(base)).by_id("pigeon-version").get("value") == "1"
    set_up(account="AC-of-another-owner")
    response = owner_client.post(f"{base}/pigeon", {"version": 1, "account": "AC3"})
    assert response.status_code == 409
    page = Page(response)
    assert "Someone else changed these settings" in page.text
    assert page.one("a", href=f"{base}#pigeon").text == "Show what is saved now"
    assert page.by_id("pigeon-version").get("value") == "1", "saving again must conflict again"
    assert values(organization)["account"] == "AC-of-another-owner"


def test_without_its_version_a_form_is_not_taken(
    owner_client: Client, base: str, organization: Organization, set_up: Setup
) -> None:
    assert owner_client.post(f"{base}/pigeon", {"account": "AC3"}).status_code == 422
    assert values(organization)["account"] == "AC1"


def test_saving_what_is_there_already_changes_nothing(
    owner_client: Client, base: str, set_up: Setup
) -> None:
    entries = AuditEntry.objects.count()
    assert owner_client.post(f"{base}/pigeon", {"version": 1, "account": "AC1"}).status_code == 302
    assert VendorConfig.objects.get().version == 1
    assert AuditEntry.objects.count() == entries


def test_one_organizations_settings_are_not_anothers(
    owner_client: Client, base: str, set_up: Setup
) -> None:
    other = OrganizationFactory()
    owner_client.post(f"{base}/pigeon", {"version": 1, "account": "AC9"})
    assert values(other)["account"] == ""


# -- secrets, and where values come from -----------------------------------------------------------


SECRET = "Tr0ub4dor&3-battery-staple"


@pytest.mark.parametrize("kind", ["saved", "from the environment", "refused", "conflicting"])
def test_the_page_never_holds_a_secret(
    kind: str,
    owner_client: Client,
    base: str,
    set_up: Setup,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, data = base, None
    if kind == "saved":
        set_up(token=SECRET)
    elif kind == "from the environment":
        set_up(token="")
        settings.PIGEON_TOKEN = settings.OWL_KEY = SECRET
    else:
        data = {"version": 1 if kind == "refused" else 0, "account": "AC1", "token": SECRET}
        url = f"{base}/pigeon"
        if kind == "refused":
            monkeypatch.setattr(Pigeon, "says", fails(ConfigurationRejected("No.")))
    response = owner_client.post(url, data) if data else owner_client.get(url)
    text = response.content.decode()
    for part in (SECRET, SECRET[:6], SECRET[-6:], "Tr0ub4dor&amp;3", "&lt;Hidden", "•", "***"):
        assert part not in text
    field = Page(response).by_id("pigeon-token")
    assert "value" not in field.attributes
    assert field.get("type") == "password"
    assert field.get("autocomplete") == "new-password"


def test_a_widget_that_would_show_a_secret_is_not_let(
    owner_client: Client, base: str, organization: Organization, owner: Any
) -> None:
    configuration.save_vendor_config(organization, "owl", {"key": SECRET}, actor=owner, check=False)
    page = Page(owner_client.get(base))
    assert page.by_id("owl-key").name == "input"
    assert page.by_id("owl-key").get("type") == "password"
    response = owner_client.post(f"{base}/owl", {"version": "old", "key": SECRET})
    assert response.status_code == 422
    assert SECRET not in response.content.decode()
    assert "open" in Page(response).by_id("owl").attributes, "its errors must be seen"


def test_not_even_the_pages_code_is_told_a_secret(
    organization: Organization, set_up: Setup, settings: Any
) -> None:
    settings.PIGEON_TOKEN = SECRET
    set_up(token=SECRET)
    told = {s.field.name: s for s in configuration.field_states(organization, "pigeon")}["token"]
    assert told.saved
    assert told.inherited_from == "environment"
    assert (told.value, told.inherited) == ("", "")


def test_a_secret_of_several_lines_is_not_shown_either(owner_client: Client, base: str) -> None:
    response = owner_client.post(f"{base}/owl", {"version": "old", "key": "k", "feather": SECRET})
    field = Page(response).by_id("owl-feather")
    assert field.name == "textarea"
    assert field.text == ""
    assert SECRET not in response.content.decode()


def test_a_saved_secret_shows_who_saved_it_and_when(
    owner_client: Client, base: str, set_up: Setup, owner: Any
) -> None:
    page = Page(owner_client.get(base))
    assert state_of(page, "token") == f"Saved, last changed just now by {owner.username}."
    assert "Replace" in page.by_id("pigeon").text


def test_the_last_change_of_a_secret_is_not_that_of_another_field(
    owner_client: Client,
    base: str,
    set_up: Setup,
    organization: Organization,
    admin: Any,
    owner: Any,
) -> None:
    configuration.save_vendor_config(
        organization, "pigeon", {"account": "AC7"}, actor=admin, check=False
    )
    assert f"by {owner.username}." in state_of(Page(owner_client.get(base)), "token")


def test_each_value_says_where_it_comes_from(
    owner_client: Client, base: str, organization: Organization, settings: Any, owner: Any
) -> None:
    settings.PIGEON_TOKEN = SECRET
    settings.PIGEON_ACCOUNT = "AC-environment"
    page = Page(owner_client.get(base))
    assert state_of(page, "account") == (
        "Blank means AC-environment, from the environment (PIGEON_ACCOUNT)."
    )
    assert page.by_id("pigeon-account").get("value") == ""
    assert state_of(page, "token") == "Set by this installation's environment (PIGEON_TOKEN)."
    assert state_of(page, "basket") == "Blank means wicker, the default."
    organization.features = {"PIGEON_ACCOUNT": "AC-features", "PIGEON_TOKEN": "from features"}
    organization.save()
    page = Page(owner_client.get(base))
    assert state_of(page, "account") == (
        "Blank means AC-features, from this organization's features (PIGEON_ACCOUNT)."
    )
    assert "environment" in state_of(page, "token"), "secrets are never read from features"
    configuration.save_vendor_config(
        organization, "pigeon", {"account": "AC-own"}, actor=owner, check=False
    )
    page = Page(owner_client.get(base))
    assert page.by_id("pigeon-account").get("value") == "AC-own"
    assert "If you clear it, AC-features from this organization's features is used." in state_of(
        page, "account"
    )


def test_help_says_where_to_find_each_value(owner_client: Client, base: str) -> None:
    page = Page(owner_client.get(base))
    assert page.by_id("pigeon-account-help").text == "On the front page of your console."
    assert "pigeon-account-help" in page.by_id("pigeon-account").get("aria-describedby")
    links = [link.text for link in page.all("a", href="https://pigeons.example/docs")]
    assert links[0] == "Open Pigeon Post"
