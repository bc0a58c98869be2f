"""Look-ups at Twilio: what a number is, in Spoke's status codes, whatever Twilio leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from service_vendors.exceptions import (
    PermanentVendorError,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.types import ContactInfo, LookupStatus
from service_vendors.vendors import loop
from service_vendors.vendors.twilio.vendor import Twilio
from tests.simulators.disturbances import Handler, hang_up, refusing, say_nothing, saying
from tests.simulators.twilio import lookups
from tests.simulators.twilio.company import Refusal
from tests.vendors.twilio_account import AtTwilio, at_twilio


@pytest.fixture
def there(settings: Any) -> Iterator[AtTwilio]:
    """An account at Twilio."""
    settings.VENDOR_READ_SECONDS = 0.5
    with at_twilio() as there:
        yield there


def look_up(vendor: Twilio, number: str, *, lookup_name: bool = False) -> ContactInfo:
    """What the vendor says of a number."""
    return loop.run(vendor.get_contact_info(number, lookup_name=lookup_name))


@pytest.mark.parametrize(
    ("number", "status", "code", "line_type", "carrier"),
    [
        (lookups.MOBILE, LookupStatus.TEXTABLE, 1, "mobile", "T-Mobile USA"),
        (lookups.VOIP, LookupStatus.TEXTABLE, 1, "nonFixedVoip", "Twilio - SMS/MMS-SVR"),
        (lookups.TOLL_FREE, LookupStatus.TEXTABLE, 1, "tollFree", ""),
        (lookups.LANDLINE, LookupStatus.LANDLINE, -1, "landline", "Verizon"),
        (lookups.INVALID, LookupStatus.INVALID, -2, "", ""),
        (lookups.GONE, LookupStatus.INVALID, -2, "", ""),
        (lookups.BRITISH, LookupStatus.FOREIGN, -3, "mobile", "Vodafone UK"),
        (lookups.CANADIAN, LookupStatus.FOREIGN, -3, "landline", "Bell"),
    ],
)
def test_a_number_has_the_status_code_that_spoke_gives_it(
    there: AtTwilio, number: str, status: LookupStatus, code: int, line_type: str, carrier: str
) -> None:
    info = look_up(there.vendor(), number)
    assert (info.contact_number, info.status, info.status.value) == (number, status, code)
    assert (info.line_type, info.carrier, info.lookup_name) == (line_type, carrier, "")


def test_unsubscribed_is_what_twilio_says_when_somebody_texts_and_never_a_look_up(
    there: AtTwilio,
) -> None:
    """Status code -4: Twilio's look-ups know nothing of STOP, its refusal to send does."""
    there.company.refusals[lookups.MOBILE] = Refusal(400, 21610)
    assert LookupStatus.UNSUBSCRIBED.value == -4
    assert look_up(there.vendor(), lookups.MOBILE).status is LookupStatus.TEXTABLE
    with pytest.raises(PermanentVendorError) as refused:
        there.send(to=lookups.MOBILE)
    assert refused.value.opted_out


def test_home_is_where_the_account_is_and_otherwise_where_the_setting_says(
    there: AtTwilio, settings: Any
) -> None:
    """Spoke: a blank in the setting's name makes every country the United States (T:848)."""
    british = Twilio(replace(there.vendor().account, country="gb"))
    assert look_up(british, lookups.BRITISH).status is LookupStatus.TEXTABLE
    assert look_up(british, lookups.MOBILE).status is LookupStatus.FOREIGN
    settings.PHONE_NUMBER_COUNTRY = "CA "
    assert look_up(there.vendor(), lookups.CANADIAN).status is LookupStatus.LANDLINE
    assert look_up(there.vendor(), lookups.MOBILE).status is LookupStatus.FOREIGN


def test_the_name_is_asked_for_only_when_it_is_wanted_for_it_costs(there: AtTwilio) -> None:
    vendor = there.vendor()
    assert look_up(vendor, lookups.MOBILE).lookup_name == ""
    assert look_up(vendor, lookups.MOBILE, lookup_name=True).lookup_name == "ADA LOVELACE"
    asked = [dict(one.query)["Fields"] for one in there.company.requests]
    assert asked == ["line_type_intelligence", "line_type_intelligence,caller_name"]
    prices = Twilio.cost_data("+12125550100")
    assert prices.lookup == Decimal("0.008") and prices.lookup_name == Decimal("0.01")


@pytest.mark.parametrize("lookup_name", [True, False])
@pytest.mark.parametrize(
    "number", [lookups.NAMELESS, lookups.BRITISH, lookups.INVALID, lookups.UNCOVERED]
)
def test_what_twilio_leaves_out_is_simply_not_known(
    there: AtTwilio, number: str, lookup_name: bool
) -> None:
    """Spoke: a number without carrier or caller name is a null that is dereferenced (T:620,639)."""
    info = look_up(there.vendor(), number, lookup_name=lookup_name)
    assert info.lookup_name == "" and None not in (info.carrier, info.line_type)


def test_a_number_whose_kind_nobody_knows_is_texted_and_the_reason_kept(there: AtTwilio) -> None:
    info = look_up(there.vendor(), lookups.UNCOVERED)
    assert (info.status, info.line_type, info.error_code) == (LookupStatus.TEXTABLE, "", 60600)


def test_what_is_known_later_is_not_taken_for_an_answer_now(there: AtTwilio) -> None:
    with pytest.raises(TransientVendorError) as raised:
        look_up(there.vendor(), lookups.LATER)
    assert raised.value.code == 60616


def test_an_account_that_may_not_look_up_is_told_where_to_allow_it(there: AtTwilio) -> None:
    with pytest.raises(VendorNotConfigured, match="console"):
        look_up(there.vendor(), lookups.NOT_ENABLED)


@pytest.mark.parametrize("number", ["", "12345", "+1/../../v1", "(212) 555-0123", "+1212555014２"])
def test_what_is_no_number_is_invalid_at_no_cost(there: AtTwilio, number: str) -> None:
    assert look_up(there.vendor(), number) == ContactInfo(number, LookupStatus.INVALID)
    assert there.company.requests == []


@pytest.mark.parametrize(
    "mishap",
    [
        say_nothing,
        hang_up,
        refusing(Refusal(503, 20503)),
        refusing(Refusal(429, 20429, retry_after=3)),
        saying("<html>"),
        saying("{}"),
        saying("[]"),
        saying('{"valid": true, "line_type_intelligence": "mobile"}'),
        saying("Not here", 404),
    ],
)
def test_a_bad_day_at_twilio_says_nothing_about_a_number(there: AtTwilio, mishap: Handler) -> None:
    """A 404 of Twilio's own is an answer; one of a proxy in between is none."""
    there.company.disturbance = mishap
    with pytest.raises(TransientVendorError):
        look_up(there.vendor(), lookups.MOBILE)


def test_credentials_that_are_refused_are_said_to_be(there: AtTwilio) -> None:
    with pytest.raises(VendorNotConfigured):
        look_up(there.vendor(api_key_secret="wrong"), lookups.MOBILE)
