"""Vonage's account is checked value by value, and the sentence is at the value that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from service_vendors.configuration import saved_fields
from service_vendors.exceptions import ConfigurationRejected, TransientVendorError
from service_vendors.models import Organization
from service_vendors.types import ServiceManagerData
from service_vendors.vendors import loop, registry
from service_vendors.vendors.base import HIDDEN
from service_vendors.vendors.nexmo import prices
from service_vendors.vendors.nexmo.vendor import Nexmo
from service_vendors.web.vendor_forms import form_for
from tests.simulators.disturbances import refusing, saying
from tests.simulators.nexmo.company import Refusal
from tests.vendors.nexmo_account import AtNexmo, at_nexmo

NOTHING_DECIDED = ServiceManagerData()
SECRETS = ("api_secret", "signature_secret", "private_key")


@pytest.fixture
def there(settings: Any) -> Iterator[AtNexmo]:
    """An account at Vonage."""
    settings.SERVICE_VENDORS = ["nexmo"]
    settings.DEFAULT_SERVICE = "nexmo"
    registry.reset()
    with at_nexmo() as there:
        yield there
    registry.reset()


def pem(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def rejection(there: AtNexmo, **changes: str) -> dict[str, str]:
    """What is said of an account with these values changed, by field."""
    new = {name: value for name, value in (there.config | changes).items() if value}
    with pytest.raises(ConfigurationRejected) as raised:
        loop.run(there.vendor().update_config(there.config, new, NOTHING_DECIDED))
    said = raised.value.field_errors
    assert said and all(words.endswith(".") for words in said.values())
    for name in SECRETS:
        assert there.config[name] not in f"{raised.value} {said}"
    return said


# -- checking --------------------------------------------------------------------------------------


def test_an_account_that_works_shows_its_balance(there: AtNexmo) -> None:
    there.company.balance = "1234.5678"
    key = there.company.api_key
    assert loop.run(there.vendor().check_connection()) == (
        f"Vonage knows the account {key} and its application “Our Union”. "
        "Its balance is 1234.57 euros."
    )
    bare = there.vendor(application_id="", private_key="")
    assert loop.run(bare.check_connection()) == (
        f"Vonage knows the account {key}. Its balance is 1234.57 euros."
    )
    assert there.posts() == [], "a check must not send"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"api_secret": "wrong-secret"}, "api_secret", "does not accept"),
        ({"account_id": "ffffffff"}, "api_secret", "does not accept"),
        ({"account_id": "too-short"}, "account_id", "eight"),
        ({"account_id": "1234567/"}, "account_id", "eight"),
        ({"account_id": ""}, "account_id", "needs"),
        ({"api_secret": ""}, "api_secret", "needs"),
        ({"api_secret": "two words"}, "api_secret", "blanks"),
        ({"signature_secret": "one,two,three"}, "signature_secret", "comma"),
        ({"signature_method": "crc32"}, "signature_method", "no such method"),
        ({"application_id": "our-union"}, "application_id", "groups"),
        ({"application_id": "0" * 8 + "-0000-0000-0000-" + "0" * 12}, "application_id", "deleted"),
        ({"application_id": ""}, "application_id", "both"),
        ({"private_key": ""}, "private_key", "both"),
        ({"private_key": "-----BEGIN PRIVATE KEY-----"}, "private_key", "cannot be read"),
        ({"private_key": "nonsense"}, "private_key", "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    there: AtNexmo, changes: dict[str, str], field: str, words: str
) -> None:
    """Spoke: bad credentials are saved, and raw errors shown (BS:155)."""
    said = rejection(there, **changes)
    assert list(said) == [field]
    assert words in said[field]


def test_the_private_key_of_another_application_is_told_apart(there: AtNexmo) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert "not the private key" in rejection(there, private_key=pem(other))["private_key"]
    elliptic = ec.generate_private_key(ec.SECP256R1())
    assert "cannot be read" in rejection(there, private_key=pem(elliptic))["private_key"]


def test_a_key_that_vonage_wrote_unreadably_is_not_judged(there: AtNexmo) -> None:
    application = there.company.applications[there.config["application_id"]]
    for keys in ({"public_key": "?"}, {}, None):
        application["keys"] = keys
        loop.run(there.vendor().check_connection())


def test_an_application_that_cannot_send_messages_is_told(there: AtNexmo) -> None:
    application = there.company.applications[there.config["application_id"]]
    for capabilities in ({"voice": {}}, {}, None):
        application["capabilities"] = capabilities
        assert "capability" in rejection(there)["application_id"]


@pytest.mark.parametrize(
    "disturbance",
    [
        refusing(Refusal(500, {})),
        refusing(Refusal(429, {})),
        saying("<html>"),
        saying("{}"),
        saying('{"value": "a lot"}'),
        saying('{"value": NaN}'),
        saying(""),
    ],
)
def test_a_company_out_of_order_rejects_nothing(there: AtNexmo, disturbance: Any) -> None:
    there.company.disturbance = disturbance
    with pytest.raises(TransientVendorError):
        loop.run(there.vendor().check_connection())


# -- ready to text? --------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["account_id", "api_secret", "signature_secret"])
def test_an_account_without_what_it_needs_is_not_ready(there: AtNexmo, missing: str) -> None:
    """Spoke: an unconfigured vendor says that messages were sent (T:272)."""
    assert there.vendor().fully_configured(NOTHING_DECIDED)
    assert not there.vendor(**{missing: ""}).fully_configured(NOTHING_DECIDED)


def test_pictures_are_optional(there: AtNexmo) -> None:
    bare = there.vendor(application_id="", private_key="", signature_method="")
    assert bare.fully_configured(NOTHING_DECIDED)


# -- the Settings page -----------------------------------------------------------------------------


def save(organization: Organization, owner: Any, **values: str) -> dict[str, list[str]]:
    """Save settings as the Settings page does; the errors by field, none when all is well."""
    version = saved_fields(organization, "nexmo")[2]
    form = form_for(organization, "nexmo", {"version": str(version), **values})
    if form.is_valid():
        form.save_as(owner)
    return {name: [str(error) for error in errors] for name, errors in form.errors.items()}


def test_saving_again_keeps_the_secrets_and_never_shows_them(
    there: AtNexmo, organization: Organization, owner: Any
) -> None:
    """Spoke: saving again wipes the token (TR:63), or shows "<Hidden>" (T:1023)."""
    assert save(organization, owner, **there.config) == {}
    plain = {name: value for name, value in there.config.items() if name not in SECRETS}
    assert save(organization, owner, **plain) == {}
    vendor = registry.get_vendor(organization, "vonage")
    assert {name: value.strip() for name, value in vendor.account.config.items()} == {
        name: value.strip() for name, value in there.config.items()
    }
    shown = vendor.get_service_config()
    assert {shown[name] for name in SECRETS} == {HIDDEN}
    page = form_for(organization, "nexmo").as_p()
    assert not any(there.config[name].strip() in page for name in SECRETS)


def test_a_private_key_is_pasted_with_all_its_lines(
    there: AtNexmo, organization: Organization, owner: Any
) -> None:
    windows = there.config["private_key"].replace("\n", "\r\n")
    assert save(organization, owner, **{**there.config, "private_key": windows}) == {}
    assert "<textarea" in str(form_for(organization, "nexmo")["private_key"])


def test_what_vonage_refuses_is_not_saved_and_said_at_its_field(
    there: AtNexmo, organization: Organization, owner: Any
) -> None:
    said = save(organization, owner, **{**there.config, "api_secret": "wrong-secret"})
    assert list(said) == ["api_secret"]
    assert saved_fields(organization, "nexmo")[0] == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account_id", "AC123"),
        ("api_secret", "two words"),
        ("signature_secret", "two words"),
        ("signature_method", "crc32"),
        ("application_id", "our-union"),
    ],
)
def test_what_cannot_be_right_is_said_before_vonage_is_asked(
    there: AtNexmo, organization: Organization, owner: Any, name: str, value: str
) -> None:
    assert list(save(organization, owner, **{**there.config, name: value})) == [name]
    assert there.company.requests == []


def test_every_field_says_where_its_value_is_found(
    there: AtNexmo, organization: Organization
) -> None:
    for row in form_for(organization, "nexmo").rows():
        assert "Vonage" in str(row.field.help_text) or "dashboard" in str(row.field.help_text)


def test_an_organization_with_an_account_of_its_own_inherits_nothing(
    there: AtNexmo, organization: Organization, owner: Any, settings: Any
) -> None:
    settings.NEXMO_API_KEY = "installa"
    settings.NEXMO_API_SECRET = settings.NEXMO_SIGNATURE_SECRET = "the installation's"
    settings.NEXMO_PRIVATE_KEY = "the installation's"
    own = {name: there.config[name] for name in ("account_id", "api_secret", "signature_secret")}
    assert save(organization, owner, **own) == {}
    config = registry.get_vendor(organization, "nexmo").account.config
    assert {name: value for name, value in config.items() if value} == {
        **own,
        "signature_method": "md5hash",
    }


def test_the_environment_configures_an_account_by_the_documented_names(
    there: AtNexmo, organization: Organization, settings: Any
) -> None:
    names = {
        "NEXMO_API_KEY": "account_id",
        "NEXMO_API_SECRET": "api_secret",
        "NEXMO_SIGNATURE_SECRET": "signature_secret",
        "NEXMO_SIGNATURE_METHOD": "signature_method",
        "NEXMO_APPLICATION_ID": "application_id",
        "NEXMO_PRIVATE_KEY": "private_key",
    }
    assert {field.env: field.name for field in Nexmo.config_fields} == names
    for env, name in names.items():
        setattr(settings, env, there.config[name])
    assert dict(registry.get_vendor(organization, "nexmo").account.config) == there.config


# -- prices ----------------------------------------------------------------------------------------


def test_prices_say_where_and_when_they_were_read() -> None:
    cost = Nexmo.cost_data("+12125550100")
    assert (cost.sms_segment, cost.mms_message) == (prices.SEGMENT, prices.MMS)
    assert cost.source.startswith("https://www.vonage.com/")
    assert cost.lookup == prices.LOOKUP


def test_segments_are_counted_without_the_pictures() -> None:
    written = "x" * 160 + "[https://example.org/a.png]"
    assert Nexmo.count_segments(written).segments == 1
