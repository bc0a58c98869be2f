"""Bandwidth's settings: checked with Bandwidth, and never shown; and when the account is ready."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest

from service_vendors import configuration
from service_vendors.configuration import saved_fields
from service_vendors.exceptions import ConfigurationRejected, TransientVendorError
from service_vendors.models import Organization
from service_vendors.types import ServiceManagerData
from service_vendors.vendors import loop, registry
from service_vendors.vendors.bandwidth import fields, prices
from service_vendors.vendors.bandwidth.vendor import SET_UP, Bandwidth
from service_vendors.vendors.base import HIDDEN
from service_vendors.web.vendor_forms import form_for
from tests.simulators.bandwidth.company import Refusal
from tests.simulators.disturbances import refusing
from tests.vendors.bandwidth_account import PUBLIC_ADDRESS, AtBandwidth, at_bandwidth

NOTHING_DECIDED = ServiceManagerData()
DECIDED = ServiceManagerData(managers=frozenset(Bandwidth.needs_managers))
ADDRESS = f"{PUBLIC_ADDRESS}/bandwidth/7"


@pytest.fixture
def there(settings: Any) -> Iterator[AtBandwidth]:
    """A furnished account."""
    settings.SERVICE_VENDORS = ["bandwidth"]
    settings.DEFAULT_SERVICE = "bandwidth"
    settings.BASE_URL = PUBLIC_ADDRESS
    settings.VENDOR_READ_SECONDS = 2.0
    registry.reset()
    with at_bandwidth() as there:
        yield there
    registry.reset()


def rejection(there: AtBandwidth, **changes: str) -> dict[str, str]:
    """What is said of an account with these values changed, by field."""
    new = {name: value for name, value in (there.config | changes).items() if value}
    with pytest.raises(ConfigurationRejected) as raised:
        loop.run(there.vendor().update_config(there.config, new, NOTHING_DECIDED))
    said = raised.value.field_errors
    assert said and all(words.endswith(".") for words in said.values())
    for secret in (there.company.client_secret, there.config["callback_password"]):
        assert secret not in f"{raised.value} {said} {raised.value.__cause__}"
    return said


# -- checked with Bandwidth -----------------------------------------------------------------------


def test_an_account_that_works_is_said_to_be_known(there: AtBandwidth) -> None:
    sentence = loop.run(there.vendor().check_connection())
    assert sentence == f"Bandwidth knows the account {there.config['account_id']}."
    assert there.posts() == [], "a check must not send"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"client_secret": "wrong"}, "client_secret", "does not accept"),
        ({"client_id": "CLIENT-of-others"}, "client_secret", "does not accept"),
        ({"client_secret": ""}, "client_secret", "does not accept"),
        ({"account_id": "9999999"}, "account_id", "may not see this account"),
        ({"site_id": "999"}, "site_id", "has none with this ID"),
        ({"sip_peer_id": "999"}, "sip_peer_id", "has none with this ID"),
        ({"application_id": "of-others"}, "application_id", "has none with this ID"),
        ({"application_id": "../applications"}, "application_id", "has none with this ID"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    there: AtBandwidth, changes: dict[str, str], field: str, words: str
) -> None:
    """Spoke: bad credentials are saved, and raw errors shown (BS:155)."""
    said = rejection(there, **changes)
    assert list(said) == [field]
    assert words in said[field]


def test_a_new_account_is_accepted_before_anything_is_set_up_in_it(settings: Any) -> None:
    with at_bandwidth(new=True) as there:
        loop.run(there.vendor().update_config({}, there.config, NOTHING_DECIDED))
        assert there.company.made()["applications"] == 0


def test_a_company_that_is_busy_rejects_nothing(there: AtBandwidth) -> None:
    there.company.disturbance = refusing(Refusal(503))
    with pytest.raises(TransientVendorError):
        loop.run(there.vendor().update_config({}, there.config, NOTHING_DECIDED))


# -- the credentials that Bandwidth shows ---------------------------------------------------------


def shown_by(there: AtBandwidth) -> Any:
    """What the application shows when it calls."""
    (application,) = there.company.applications.values()
    return application.get("InboundCallbackCreds")


def test_a_new_callback_password_is_told_to_bandwidth_as_it_is_saved(there: AtBandwidth) -> None:
    new = {**there.config, "callback_password": "the-newest-one, what-only-bandwidth-shows"}
    loop.run(there.vendor().update_config(there.config, new, NOTHING_DECIDED))
    assert shown_by(there) == {"UserId": "texting", "Password": "the-newest-one"}
    (application,) = there.company.applications.values()
    assert application["OutboundCallbackCreds"] == shown_by(there)
    assert application["InboundCallbackUrl"] == ADDRESS


@pytest.mark.parametrize(
    "changes",
    [
        {"city": "Elsewhere"},
        {"callback_password": ""},
        {"callback_password": "the-newest-one", "application_id": ""},
        {"callback_password": "what-only-bandwidth-shows,the-old-one"},
    ],
)
def test_nothing_is_told_to_bandwidth_when_there_is_nothing_to_tell(
    there: AtBandwidth, changes: dict[str, str]
) -> None:
    new = {**there.config, **changes}
    loop.run(there.vendor().update_config(there.config, new, NOTHING_DECIDED))
    assert there.company.asked("PATCH", "") == []


def test_an_application_that_an_organization_shares_is_not_its_to_change(
    there: AtBandwidth,
) -> None:
    account = replace(there.vendor().account, own_fields=frozenset())
    new = {**there.config, "callback_password": "the-newest-one"}
    loop.run(Bandwidth(account).update_config(there.config, new, NOTHING_DECIDED))
    assert there.company.asked("PATCH", "") == []


def test_wrong_settings_change_nothing_at_bandwidth(there: AtBandwidth) -> None:
    rejection(there, callback_password="the-newest-one", client_secret="wrong")
    assert there.company.asked("PATCH", "") == []


def test_the_webhooks_are_pointed_here_when_asked_to(there: AtBandwidth) -> None:
    vendor = there.vendor()
    before = loop.run(vendor.webhook_targets())
    assert [one.title for one in before] == ["Incoming messages", "Delivery reports"]
    assert not any(one.points_here for one in before)
    loop.run(vendor.point_webhooks_here())
    assert all(one.points_here for one in loop.run(vendor.webhook_targets()))
    assert shown_by(there)["Password"] == there.config["callback_password"]


@pytest.mark.parametrize(
    ("changes", "base", "words"),
    [
        ({"callback_password": ""}, PUBLIC_ADDRESS, "callback password"),
        ({"callback_user": " "}, PUBLIC_ADDRESS, "callback user"),
        ({"application_id": ""}, PUBLIC_ADDRESS, "application ID"),
        ({"application_id": "of-others"}, PUBLIC_ADDRESS, "does not exist"),
        ({}, "", "BASE_URL"),
    ],
)
def test_what_hinders_pointing_them_here_is_said(
    there: AtBandwidth, changes: dict[str, str], base: str, words: str
) -> None:
    account = replace(there.vendor(**changes).account, callback_base=base)
    with pytest.raises(ConfigurationRejected, match=words):
        loop.run(Bandwidth(account).point_webhooks_here())


# -- the page -------------------------------------------------------------------------------------


def save(organization: Organization, owner: Any, **values: str) -> dict[str, list[str]]:
    """Save settings as the Settings page does; the errors by field, none when all is well."""
    version = saved_fields(organization, "bandwidth")[2]
    form = form_for(organization, "bandwidth", {"version": str(version), **values})
    if form.is_valid():
        form.save_as(owner)
    return {name: [str(error) for error in errors] for name, errors in form.errors.items()}


def test_saving_again_keeps_the_secrets_and_never_shows_them(
    there: AtBandwidth, organization: Organization, owner: Any
) -> None:
    """Spoke: saving again wipes or hides for good (BS:77); fields are unmasked (BR:246)."""
    assert save(organization, owner, **there.config) == {}
    plain = {name: value for name, value in there.config.items() if name not in fields.SECRETS}
    assert save(organization, owner, **plain) == {}
    vendor = registry.get_vendor(organization, "bandwidth")
    assert {k: v for k, v in vendor.account.config.items() if v} == there.config
    shown = vendor.get_service_config()
    assert {shown[name] for name in fields.SECRETS if name in shown} == {HIDDEN}
    page = form_for(organization, "bandwidth").as_p()
    for name in fields.SECRETS:
        assert there.config.get(name, HIDDEN) not in page


def test_each_value_stays_in_its_own_field(
    there: AtBandwidth, organization: Organization, owner: Any
) -> None:
    """Spoke: the sub-account is shown as the location's ID (BR:62), a password under a misspelt
    name (BS:115), and whatever is posted is saved (BS:112, BS:85).
    """
    assert save(organization, owner, **there.config, is_admin="on", fully_configured="on") == {}
    plain, secret, _ = saved_fields(organization, "bandwidth")
    assert plain | dict.fromkeys(secret, "") == {
        name: "" if name in fields.SECRETS else value for name, value in there.config.items()
    }


def test_the_first_day_needs_no_more_than_an_account_and_credentials(
    organization: Organization, owner: Any, settings: Any
) -> None:
    settings.SERVICE_VENDORS = ["bandwidth"]
    registry.reset()
    with at_bandwidth(new=True) as there:
        assert save(organization, owner, **there.config) == {}


def test_what_bandwidth_refuses_is_not_saved_and_said_at_its_field(
    there: AtBandwidth, organization: Organization, owner: Any
) -> None:
    said = save(organization, owner, **{**there.config, "client_secret": "wrong"})
    assert list(said) == ["client_secret"]
    assert saved_fields(organization, "bandwidth")[0] == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account_id", "1/2"),
        ("site_id", "my site"),
        ("sip_peer_id", "1?x"),
        ("application_id", "ü"),
        ("callback_user", "with:colon"),
        ("callback_user", "with blank"),
        ("callback_password", "short"),
        ("callback_password", "with a blank in it"),
        ("state_code", "New York"),
        ("zip", "1234"),
    ],
)
def test_what_cannot_be_right_is_said_before_bandwidth_is_asked(
    there: AtBandwidth, organization: Organization, owner: Any, name: str, value: str
) -> None:
    said = save(organization, owner, **{**there.config, name: value})
    assert list(said) == [name]
    assert there.company.requests == []


def test_an_account_of_its_own_inherits_nothing_from_the_installation(
    there: AtBandwidth, organization: Organization, owner: Any, settings: Any
) -> None:
    """Spoke: which value goes first is accidental (BS:127)."""
    settings.BANDWIDTH_ACCOUNT_ID, settings.BANDWIDTH_SITE_ID = "1111111", "11"
    settings.BANDWIDTH_CALLBACK_PASSWORD = "of-the-whole-installation"
    config = configuration.vendor_account(organization, "bandwidth").config
    assert (config["account_id"], config["site_id"]) == ("1111111", "11")
    own = {name: there.config[name] for name in ("account_id", "client_id", "client_secret")}
    assert save(organization, owner, **own) == {}
    config = configuration.vendor_account(organization, "bandwidth").config
    assert (config["account_id"], config["site_id"]) == (there.config["account_id"], "")
    assert config["callback_password"] == ""


def test_every_field_says_where_its_value_is_found(
    there: AtBandwidth, organization: Organization
) -> None:
    for row in form_for(organization, "bandwidth").rows():
        assert str(row.field.help_text).endswith(".")
        assert row.field.label == row.state.field.title


# -- ready? ---------------------------------------------------------------------------------------


NEEDED = ["account_id", "client_id", "client_secret", *chain(*SET_UP.values())]


@pytest.mark.parametrize("name", NEEDED)
def test_it_is_not_ready_without_what_it_needs(there: AtBandwidth, name: str) -> None:
    assert there.vendor().fully_configured(DECIDED)
    vendor = there.vendor(**{name: ""})
    assert not vendor.fully_configured(DECIDED)
    (missing,) = [item for item in vendor.readiness(DECIDED) if not item.ready]
    assert missing.remedy


@pytest.mark.parametrize("managers", [(), ("numpicker-basic",), ("sticky-sender",)])
def test_it_is_ready_only_with_a_picker_and_a_sticky_sender(
    there: AtBandwidth, managers: tuple[str, ...]
) -> None:
    vendor = there.vendor()
    decided = ServiceManagerData(managers=frozenset(managers))
    assert not vendor.fully_configured(decided)
    (missing,) = [item for item in vendor.readiness(decided) if not item.ready]
    for name in Bandwidth.needs_managers:
        assert (name in missing.remedy) is (name not in managers)


def test_a_legacy_api_user_is_ready_and_the_checklist_warns(there: AtBandwidth) -> None:
    vendor = there.vendor(
        client_id="", client_secret="", api_user="legacy-user", api_password="nobody's"
    )
    assert vendor.fully_configured(DECIDED)
    assert any("2 December 2026" in item.title for item in vendor.readiness(DECIDED))
    assert not any("2026" in item.title for item in there.vendor().readiness(DECIDED))


# -- prices ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("+12125550100", prices._LOCAL),
        ("+18335550100", prices._TOLL_FREE),
        ("12345", prices._SHORT_CODE),
        ("", prices._LOCAL),
    ],
)
def test_prices_are_those_of_the_kind_of_number(sender: str, expected: Any, settings: Any) -> None:
    settings.BANDWIDTH_LOOKUP_PRICE = "0.02"
    cost = Bandwidth.cost_data(sender)
    assert (cost.sms_segment, cost.mms_message) == expected
    assert str(cost.lookup) == "0.02"
