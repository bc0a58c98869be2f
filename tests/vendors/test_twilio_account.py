"""Twilio's account is checked value by value, and the sentence is at the value that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from service_vendors.configuration import saved_fields
from service_vendors.exceptions import ConfigurationRejected, TransientVendorError
from service_vendors.models import Organization
from service_vendors.phone import SenderKind
from service_vendors.types import ServiceManagerData
from service_vendors.vendors import loop, registry
from service_vendors.vendors.base import HIDDEN
from service_vendors.vendors.twilio import prices
from service_vendors.vendors.twilio.vendor import Twilio
from service_vendors.web.vendor_forms import form_for
from tests.simulators.disturbances import refusing, saying
from tests.simulators.twilio.company import Refusal
from tests.vendors.twilio_account import AtTwilio, at_twilio

NOTHING_DECIDED = ServiceManagerData()


@pytest.fixture
def there(settings: Any) -> Iterator[AtTwilio]:
    """An account at Twilio; organizations may have one of their own."""
    settings.SERVICE_VENDORS = ["twilio"]
    settings.DEFAULT_SERVICE = "twilio"
    settings.TWILIO_MULTI_ORG = True
    settings.VENDOR_READ_SECONDS = 2.0
    registry.reset()
    with at_twilio() as there:
        yield there
    registry.reset()


def rejection(there: AtTwilio, **changes: str) -> dict[str, str]:
    """What is said of an account with these values changed, by field."""
    old = there.vendor()
    new = {name: value for name, value in (there.config | changes).items() if value}
    with pytest.raises(ConfigurationRejected) as raised:
        loop.run(old.update_config(there.config, new, NOTHING_DECIDED))
    said = raised.value.field_errors
    assert said and all(words.endswith(".") for words in said.values())
    assert str(raised.value).strip()
    for secret in (there.company.auth_token, there.company.api_key_secret):
        assert secret not in f"{raised.value} {said}"
    return said


def test_an_account_that_works_is_called_by_its_name(there: AtTwilio) -> None:
    there.company.friendly_name = "Volunteers of Ohio"
    sentence = loop.run(there.vendor().check_connection())
    assert sentence == (
        "Twilio knows the account “Volunteers of Ohio” and its messaging service “Everyone”."
    )
    assert there.posts() == [], "a check must not send"
    bare = there.vendor(api_key_sid="", api_key_secret="", message_service_sid="")
    assert "No messaging service" in loop.run(bare.check_connection())


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"auth_token": "f" * 32}, "auth_token", "does not accept this Auth Token"),
        ({"account_sid": "AC" + "f" * 32}, "auth_token", "does not accept"),
        ({"api_key_secret": "wrong"}, "api_key_secret", "does not accept this secret"),
        ({"api_key_sid": "SK" + "f" * 32}, "api_key_secret", "does not accept"),
        ({"message_service_sid": "MG" + "f" * 32}, "message_service_sid", "no messaging service"),
        ({"api_key_secret": ""}, "api_key_secret", "both"),
        ({"api_key_sid": ""}, "api_key_sid", "both"),
        ({"account_sid": "SK" + "f" * 32}, "account_sid", "“AC”"),
        ({"account_sid": "AC/../" + "f" * 28}, "account_sid", "“AC”"),
        ({"message_service_sid": "+12125550100"}, "message_service_sid", "“MG”"),
        ({"api_key_sid": "a key"}, "api_key_sid", "“SK”"),
        ({"auth_token": "one,two,three"}, "auth_token", "comma"),
        ({"auth_token": ""}, "auth_token", "needs"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    there: AtTwilio, changes: dict[str, str], field: str, words: str
) -> None:
    """Spoke: bad credentials are saved, and raw errors shown (BS:155)."""
    said = rejection(there, **changes)
    assert list(said) == [field]
    assert words in said[field]


def test_a_messaging_service_of_another_account_is_told_apart(there: AtTwilio) -> None:
    there.company.services[there.config["message_service_sid"]]["account_sid"] = "AC" + "e" * 32
    assert list(rejection(there)) == ["message_service_sid"]


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_an_account_that_twilio_does_not_let_work_is_said_to_be_so(
    there: AtTwilio, status: str
) -> None:
    there.company.account_status = status
    assert "suspended or closed" in rejection(there)["account_sid"]

    async def tell(request: web.Request) -> web.StreamResponse:
        return web.json_response({"sid": there.company.account_sid, "status": status})

    there.company.account_status = "active"
    there.company.disturbance = tell
    assert f"is {status}" in rejection(there)["account_sid"]


@pytest.mark.parametrize(
    ("refusal", "says"),
    [(Refusal(404, 20404), "another account"), (Refusal(403, 20006), "Standard")],
    ids=["of another account", "that may not send"],
)
def test_a_genuine_api_key_that_will_not_do_is_said_to_be_one(
    there: AtTwilio, refusal: Refusal, says: str
) -> None:
    async def know_only_the_account(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/Messages.json"):
            raise refusal
        return web.json_response({"sid": there.company.account_sid, "status": "active"})

    there.company.disturbance = know_only_the_account
    assert says in rejection(there)["api_key_sid"]


def test_test_credentials_are_refused_with_the_reason(there: AtTwilio) -> None:
    there.company.disturbance = refusing(Refusal(403, 20008))
    assert "test credentials" in rejection(there)["account_sid"]


@pytest.mark.parametrize(
    "disturbance",
    [
        refusing(Refusal(500, 20500)),
        refusing(Refusal(429, 20429)),
        saying("<html>"),
        saying("{}"),
        saying(""),
    ],
)
def test_a_company_out_of_order_rejects_nothing(there: AtTwilio, disturbance: Any) -> None:
    there.company.disturbance = disturbance
    with pytest.raises(TransientVendorError):
        loop.run(there.vendor().check_connection())


def test_while_tokens_change_both_are_kept_and_the_newest_is_checked(there: AtTwilio) -> None:
    token = there.company.auth_token
    loop.run(there.vendor(auth_token=f"{token}, old").check_connection())
    assert list(rejection(there, auth_token=f"old, {token}")) == ["auth_token"]


# -- ready to text? -----------------------------------------------------------------------------


def test_it_is_ready_with_something_to_send_from(there: AtTwilio, settings: Any) -> None:
    bare = there.vendor(message_service_sid="")
    (missing,) = [item for item in bare.readiness(NOTHING_DECIDED) if not item.ready]
    assert "below" in missing.remedy and "TWILIO_MESSAGE_SERVICE_SID" in missing.remedy
    assert not bare.fully_configured(NOTHING_DECIDED)
    assert bare.fully_configured(ServiceManagerData(user_number="+12125550100"))
    assert bare.fully_configured(ServiceManagerData(messageservice_sid="MG" + "a" * 32))
    settings.TWILIO_MULTI_ORG = False
    (missing,) = [item for item in bare.readiness(NOTHING_DECIDED) if not item.ready]
    assert missing.remedy.startswith("Set TWILIO_MESSAGE_SERVICE_SID")


def test_an_account_without_its_token_is_not_ready(there: AtTwilio) -> None:
    """Spoke: an unconfigured vendor says that messages were sent (T:272)."""
    assert not there.vendor(auth_token="").fully_configured(NOTHING_DECIDED)


# -- whose account it is -------------------------------------------------------------------------


def test_an_organization_may_set_its_messaging_service_and_share_the_account(
    there: AtTwilio, organization: Organization, owner: Any, settings: Any
) -> None:
    settings.TWILIO_API_KEY = there.company.account_sid  # the name it has in Spoke
    settings.TWILIO_AUTH_TOKEN = there.company.auth_token
    sid = there.config["message_service_sid"]
    assert save(organization, owner, message_service_sid=sid) == {}
    account = registry.get_vendor(organization, "twilio").account
    assert account.config["account_sid"] == there.company.account_sid
    assert account.config["auth_token"] == there.company.auth_token
    assert account.config["message_service_sid"] == sid


def test_an_organization_with_an_account_of_its_own_inherits_nothing(
    there: AtTwilio, organization: Organization, owner: Any, settings: Any
) -> None:
    settings.TWILIO_ACCOUNT_SID = "AC" + "e" * 32
    settings.TWILIO_AUTH_TOKEN = "the installation's"
    settings.TWILIO_MESSAGE_SERVICE_SID = "MG" + "e" * 32
    own = {name: there.config[name] for name in ("account_sid", "auth_token")}
    assert save(organization, owner, **own) == {}
    config = registry.get_vendor(organization, "twilio").account.config
    assert {name: value for name, value in config.items() if value} == own


def test_without_multi_org_the_environment_is_everybodys_account(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    settings.TWILIO_MULTI_ORG = False
    settings.TWILIO_ACCOUNT_SID = there.company.account_sid
    assert not Twilio.supports_org_config()
    vendor = registry.get_vendor(organization, "twilio")
    assert vendor.account.config["account_sid"] == there.company.account_sid
    assert vendor.account.own_fields == frozenset()


def test_saving_again_keeps_the_secrets_and_never_shows_them(
    there: AtTwilio, organization: Organization, owner: Any
) -> None:
    """Spoke: saving again wipes the token (TR:63, T:1118), or shows "<Hidden>" (T:1023)."""
    assert save(organization, owner, **there.config) == {}
    plain = {k: v for k, v in there.config.items() if k not in {"auth_token", "api_key_secret"}}
    assert save(organization, owner, **plain) == {}
    vendor = registry.get_vendor(organization, "twilio")
    assert dict(vendor.account.config) == there.config
    shown = vendor.get_service_config()
    assert shown["auth_token"] == shown["api_key_secret"] == HIDDEN
    page = form_for(organization, "twilio").as_p()
    assert there.company.auth_token not in page and there.company.api_key_secret not in page
    assert HIDDEN not in page


def test_what_twilio_refuses_is_not_saved_and_said_at_its_field(
    there: AtTwilio, organization: Organization, owner: Any
) -> None:
    """Spoke: bad credentials are saved, and raw errors shown (BS:155)."""
    said = save(organization, owner, **{**there.config, "auth_token": "wrong"})
    assert list(said) == ["auth_token"]
    assert saved_fields(organization, "twilio")[0] == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account_sid", "SK" + "a" * 32),
        ("account_sid", "AC" + "a" * 31),
        ("auth_token", "two words"),
        ("message_service_sid", "PN" + "a" * 32),
        ("api_key_sid", "AC" + "a" * 32),
        ("api_key_secret", "two words"),
    ],
)
def test_what_cannot_be_right_is_said_before_twilio_is_asked(
    there: AtTwilio, organization: Organization, owner: Any, name: str, value: str
) -> None:
    said = save(organization, owner, **{**there.config, name: value})
    assert list(said) == [name]
    assert there.company.requests == []


def test_every_field_says_where_its_value_is_found(
    there: AtTwilio, organization: Organization
) -> None:
    form = form_for(organization, "twilio")
    for row in form.rows():
        assert "console" in str(row.field.help_text) or "Twilio" in str(row.field.help_text)
        assert row.field.label == row.state.field.title


# -- prices ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ("+12125550100", SenderKind.LONG_CODE),
        ("+18005550100", SenderKind.TOLL_FREE),
        ("12345", SenderKind.SHORT_CODE),
        ("Our Union", SenderKind.ALPHANUMERIC),
        ("", SenderKind.LONG_CODE),
    ],
)
def test_prices_are_those_of_the_kind_of_sender(sender: str, kind: SenderKind) -> None:
    cost = Twilio.cost_data(sender)
    assert (cost.sms_segment, cost.mms_message) == prices.OF_SENDER[kind]
    assert cost.source.startswith("https://www.twilio.com/")


def save(organization: Organization, owner: Any, **values: str) -> dict[str, list[str]]:
    """Save settings as the Settings page does; the errors by field, none when all is well."""
    version = saved_fields(organization, "twilio")[2]
    form = form_for(organization, "twilio", {"version": str(version), **values})
    if form.is_valid():
        form.save_as(owner)
    return {name: [str(error) for error in errors] for name, errors in form.errors.items()}
