"""How fast texts are sent, on the Settings page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.test import Client

from service_vendors.models import AuditEntry, Organization
from service_vendors.sending import rates
from service_vendors.types import SendingRates
from tests.conftest import ClientFor
from tests.web.markup import Page
from tests.web.pigeons import Pigeon

pytestmark = pytest.mark.usefixtures("set_up")

Save = Callable[..., Any]
NUMBER = "Type a number such as 0.5 or 1000"


@pytest.fixture(autouse=True)
def nothing_set(settings: Any) -> None:
    """The installation sets no rate, and Pigeon Post has its usual ones."""
    for name in rates.TITLES:
        setattr(settings, rates.setting_of(name), 0)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account is the installation's."""
    monkeypatch.setattr(Pigeon, "shares_account", lambda _: True)


@pytest.fixture
def own_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account is the organization's own."""
    monkeypatch.setattr(Pigeon, "shares_account", lambda _: False)


@pytest.fixture
def save(owner_client: Client, base: str) -> Save:
    """What the owner's browser sends: every field, blank where nothing was typed."""

    def save(**typed: str) -> Any:
        form = dict.fromkeys(rates.TITLES, "") | typed
        return owner_client.post(f"{base}/sending-rates", form, follow=True)

    return save


def features(organization: Organization) -> dict[str, Any]:
    return dict(Organization.objects.get(pk=organization.pk).features)


def give(organization: Organization, **values: object) -> None:
    Organization.objects.filter(pk=organization.pk).update(features=values)


def state(response: Any, name: str) -> str:
    return Page(response).by_id(f"rates-{name}-state").text


def shown(response: Any, name: str) -> str:
    return Page(response).by_id(f"rates-{name}").get("value")


@pytest.mark.usefixtures("own_account")
def test_an_owner_sets_rates_and_blank_removes_them_again(
    save: Save, base: str, organization: Organization
) -> None:
    response = save(long_code="0.5", pool="30")
    assert response.redirect_chain == [(f"{base}#sending-rates", 302)]
    assert "The limits are saved." in Page(response).text
    assert features(organization) == {"SEND_RATE_LONG_CODE": 0.5, "SEND_RATE_POOL": 30}
    assert state(response, "long_code") == "Now 0.5 a second, set by your organization."
    assert (shown(response, "long_code"), shown(response, "pool")) == ("0.5", "30")
    response = save(pool="30")
    assert features(organization) == {"SEND_RATE_POOL": 30}
    assert state(response, "long_code") == "Now 1 a second, what Pigeon Post usually allows."
    assert shown(response, "long_code") == ""


@pytest.mark.usefixtures("own_account")
def test_each_rate_says_whose_word_it_is(
    owner_client: Client, base: str, organization: Organization, settings: Any
) -> None:
    settings.SEND_RATE_TOLL_FREE = 7.5
    give(organization, SEND_RATE_SHORT_CODE="200")
    response = owner_client.get(base)
    assert {name: state(response, name) for name in rates.TITLES} == {
        "account": "Now no limit: Pigeon Post sets none.",
        "long_code": "Now 1 a second, what Pigeon Post usually allows.",
        "toll_free": "Now 7.5 a second, set by this installation (SEND_RATE_TOLL_FREE).",
        "short_code": "Now 200 a second, set by your organization.",
        "alphanumeric": "Now 10 a second, what Pigeon Post usually allows.",
        "pool": "Now no limit: Pigeon Post sets none.",
    }
    assert "has an account of its own" in Page(response).by_id("sending-rates").text


@pytest.mark.usefixtures("shared")
def test_on_a_shared_account_an_organization_only_goes_slower(
    save: Save, settings: Any, organization: Organization
) -> None:
    settings.SEND_RATE_ACCOUNT = 20
    response = save(account="50", long_code="0.5", toll_free="4", pool="2")
    assert "never faster" in Page(response).by_id("sending-rates").text
    assert state(response, "account") == (
        "Now 20 a second, set by this installation (SEND_RATE_ACCOUNT). "
        "Your organization’s 50 does not count: the shared account is slower."
    )
    assert state(response, "long_code") == "Now 0.5 a second, set by your organization."
    assert state(response, "toll_free") == (
        "Now 3 a second, what Pigeon Post usually allows. "
        "Your organization’s 4 does not count: the shared account is slower."
    )
    assert state(response, "pool") == "Now 2 a second, set by your organization."
    assert features(organization)["SEND_RATE_ACCOUNT"] == 50


@pytest.mark.usefixtures("own_account")
def test_an_account_of_ones_own_may_be_faster_than_the_installation(
    save: Save, settings: Any
) -> None:
    settings.SEND_RATE_ACCOUNT = 20
    assert state(save(account="50"), "account") == "Now 50 a second, set by your organization."


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("fast", NUMBER),
        ("<b>5</b>", NUMBER),
        ("0,5", NUMBER),
        ("1,000", NUMBER),
        ("5 a second", NUMBER),
        ("nan", NUMBER),
        ("Infinity", NUMBER),
        ("0", "Type a number above 0"),
        ("-3", "Type a number above 0"),
        ("-0.0", "Type a number above 0"),
        ("0.0000001", "Type a number above 0"),
        ("1000001", "Type 1,000,000 or less"),
        ("1e999999", "Type 1,000,000 or less"),
        ("9" * 5_000, "Type 1,000,000 or less"),
    ],
)
def test_what_is_no_rate_is_refused_and_changes_nothing(
    save: Save, organization: Organization, typed: str, said: str
) -> None:
    give(organization, SEND_RATE_POOL=3)
    response = save(long_code=typed, toll_free="2")
    assert response.status_code == 422
    page = Page(response)
    assert said in page.by_id("rates-long_code-errors").text
    assert shown(response, "long_code") == typed
    assert page.one("a", href="#rates-long_code").text == "Each ordinary number"
    assert page.by_id("rates-long_code").get("aria-invalid") == "true"
    assert "rates-long_code-errors" in page.by_id("rates-long_code").get("aria-describedby").split()
    assert (shown(response, "toll_free"), page.by_id("rates-toll_free").get("aria-invalid")) == (
        "2",
        "",
    )
    assert "Nothing was saved" in page.text
    assert features(organization) == {"SEND_RATE_POOL": 3}
    assert not AuditEntry.objects.filter(action="sending rates changed").exists()


@pytest.mark.parametrize(
    ("typed", "kept"), [(" 5 ", 5), ("0.001", 0.001), ("1000000", 1_000_000), ("2.50", 2.5)]
)
def test_a_number_is_kept_as_one(
    save: Save, organization: Organization, typed: str, kept: float
) -> None:
    save(account=typed)
    assert features(organization) == {"SEND_RATE_ACCOUNT": kept}


def test_the_other_features_stay_also_those_changed_since_the_page_was_opened(
    owner_client: Client, base: str, save: Save, organization: Organization
) -> None:
    owner_client.get(base)
    give(organization, TEXTING_HOURS_ENFORCED=False, Mine={"a": [1]}, SEND_RATE_POOL=3)
    save(account="5")
    assert features(organization) == {
        "TEXTING_HOURS_ENFORCED": False,
        "Mine": {"a": [1]},
        "SEND_RATE_ACCOUNT": 5,
    }


def test_what_is_changed_is_what_the_database_holds_not_what_was_read_before(
    organization: Organization,
) -> None:
    give(organization, Mine=1, SEND_RATE_POOL=3)
    assert rates.save(organization, {"account": 5.0, "pool": None}, actor=None)
    assert features(organization) == organization.features == {"Mine": 1, "SEND_RATE_ACCOUNT": 5}


def test_the_audit_trail_says_who_changed_which_rate_from_what_to_what(
    save: Save, organization: Organization, owner: AbstractBaseUser
) -> None:
    give(organization, SEND_RATE_POOL="3", SEND_RATE_ACCOUNT="fast", SEND_RATE_TOLL_FREE="2")
    response = save(account="5", long_code="0.5", toll_free="2.0")
    entry = AuditEntry.objects.get(action="sending rates changed")
    assert entry.summary == (
        "Changed how many segments a second go out: "
        "the whole account, from what was no number to 5; "
        "each ordinary number, from not set to 0.5; "
        "each messaging service, from 3 to not set."
    )
    assert entry.fields == ["SEND_RATE_ACCOUNT", "SEND_RATE_LONG_CODE", "SEND_RATE_POOL"]
    assert (entry.actor_id, entry.actor_name) == (owner.pk, owner.get_username())
    assert entry.summary in Page(response).by_id("audit").text


def test_the_longest_entry_there_can_be_is_written_down(
    save: Save, organization: Organization
) -> None:
    give(organization, **{rates.setting_of(name): 1.23456789012e-300 for name in rates.TITLES})
    save(**dict.fromkeys(rates.TITLES, "0.00123456789012"))
    entry = AuditEntry.objects.get(action="sending rates changed")
    entry.full_clean()
    assert entry.summary.endswith("to 0.00123456789012.")


def test_what_was_saved_already_is_no_change(save: Save, organization: Organization) -> None:
    save(long_code="2")
    assert "limits are saved" not in Page(save(long_code="2.0")).text
    assert AuditEntry.objects.filter(action="sending rates changed").count() == 1


@pytest.mark.parametrize("nonsense", ["fast", -1, [5], {"a": 1}])
def test_a_saved_rate_that_is_no_number_is_told_and_can_be_mended(
    owner_client: Client, base: str, save: Save, organization: Organization, nonsense: object
) -> None:
    give(organization, SEND_RATE_LONG_CODE=nonsense)
    response = owner_client.get(base)
    told = state(response, "long_code")
    assert "SEND_RATE_LONG_CODE must be" in told
    assert "Until that is mended, no text goes out" in told
    assert shown(response, "long_code") == str(nonsense)
    save(long_code="2")
    assert features(organization) == {"SEND_RATE_LONG_CODE": 2}


def test_where_no_vendor_sends_the_rates_may_be_set_all_the_same(
    save: Save, organization: Organization, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = ""
    response = save(account="5")
    assert "No vendor sends now" in Page(response).by_id("sending-rates").text
    assert state(response, "account") == "Nothing holds yet."
    assert features(organization) == {"SEND_RATE_ACCOUNT": 5}


@pytest.mark.usefixtures("own_account")
def test_what_the_page_says_is_what_sending_keeps_to(
    owner_client: Client,
    base: str,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    monkeypatch.setattr(Pigeon, "sending_rates", SendingRates.unlimited())
    settings.SEND_RATE_LONG_CODE = 5
    # Zero: what the vendor usually allows, whatever the installation says.
    give(organization, SEND_RATE_LONG_CODE=0)
    assert state(owner_client.get(base), "long_code") == "Now no limit: Pigeon Post sets none."
    monkeypatch.setattr(Pigeon, "shares_account", lambda _: True)
    assert state(owner_client.get(base), "long_code").startswith("Now 5 a second, set by this inst")


def test_every_field_has_a_label_and_says_what_it_is_described_by(
    owner_client: Client, base: str
) -> None:
    page = Page(owner_client.get(base))
    for name in rates.TITLES:
        assert page.one("label", for_=f"rates-{name}").text.startswith(("Each ", "The whole "))
        for described in page.by_id(f"rates-{name}").get("aria-describedby").split():
            assert page.by_id(described).text


def test_only_owners_see_and_set_them(
    base: str, organization: Organization, admin: AbstractBaseUser, client_for: ClientFor
) -> None:
    client = client_for(admin)
    assert client.get(base).status_code == 403
    assert client.post(f"{base}/sending-rates", {"account": "5"}).status_code == 403
    assert Client().post(f"{base}/sending-rates", {"account": "5"}).status_code == 302
    assert features(organization) == {}


def test_the_address_alone_leads_to_the_page(owner_client: Client, base: str) -> None:
    assert owner_client.get(f"{base}/sending-rates")["Location"] == f"{base}#sending-rates"
