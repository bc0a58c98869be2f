"""What Bandwidth knows of a number: paid, and for free from what earlier messages taught."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from service_vendors.exceptions import (
    PermanentVendorError,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.types import ContactInfo, LookupStatus
from service_vendors.vendors import loop
from tests.simulators.bandwidth import messages
from tests.simulators.bandwidth.company import Refusal
from tests.simulators.disturbances import refusing, saying
from tests.vendors.bandwidth_account import CONTACT, AtBandwidth, at_bandwidth


@pytest.fixture
def there(settings: Any) -> Iterator[AtBandwidth]:
    """An account that may look numbers up."""
    settings.VENDOR_READ_SECONDS = 2.0
    with at_bandwidth() as there:
        yield there


def paid(there: AtBandwidth, number: str = CONTACT) -> ContactInfo:
    return loop.run(there.vendor().get_contact_info(number, lookup_name=True))


def free(there: AtBandwidth, number: str = CONTACT) -> ContactInfo:
    return loop.run(there.vendor().get_free_contact_info(number))


# -- paid -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "status", "line_type", "carrier"),
    [
        (
            {"lineType": "MOBILE", "messagingProvider": "Verizon", "voiceProvider": "Other"},
            LookupStatus.TEXTABLE,
            "mobile",
            "Verizon",
        ),
        ({"lineType": "FIXED", "voiceProvider": "AT&T"}, LookupStatus.LANDLINE, "landline", "AT&T"),
        ({"lineType": "VOIP"}, LookupStatus.TEXTABLE, "voip", ""),
        ({"lineType": "VOIP-FIXED"}, LookupStatus.TEXTABLE, "voip", ""),
        ({"lineType": "PAGER"}, LookupStatus.TEXTABLE, "pager", ""),
        ({}, LookupStatus.TEXTABLE, "", ""),
        (
            {"lineType": "MOBILE", "deactivationEvent": "DEACTIVATED"},
            LookupStatus.INVALID,
            "mobile",
            "",
        ),
        (
            {
                "lineType": "MOBILE",
                "deactivationEvent": "DEACTIVATED",
                "latestMessageDeliveryStatus": "ACTIVE",
            },
            LookupStatus.TEXTABLE,
            "mobile",
            "",
        ),
    ],
)
def test_a_lookup_tells_what_the_number_is(
    there: AtBandwidth, known: dict[str, str], status: LookupStatus, line_type: str, carrier: str
) -> None:
    there.company.lookups[CONTACT] = known
    assert paid(there) == ContactInfo(CONTACT, status, carrier=carrier, line_type=line_type)


def test_a_number_that_nobody_has_is_invalid(there: AtBandwidth) -> None:
    assert paid(there).status is LookupStatus.INVALID


def test_a_number_abroad_costs_no_lookup(there: AtBandwidth) -> None:
    assert paid(there, "+442079460018").status is LookupStatus.FOREIGN
    assert free(there, "+442079460018").status is LookupStatus.FOREIGN
    assert there.company.requests == []


def test_a_number_that_bandwidth_cannot_read_is_invalid(there: AtBandwidth) -> None:
    there.company.disturbance = refusing(Refusal(400))
    assert paid(there).status is LookupStatus.INVALID


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (403, VendorNotConfigured),
        (404, PermanentVendorError),
        (429, TransientVendorError),
        (500, TransientVendorError),
    ],
)
def test_a_failure_is_not_taken_for_an_answer(
    there: AtBandwidth, status: int, expected: type[Exception]
) -> None:
    """Spoke: failures are hidden or throw (J:1351, BM:294)."""
    there.company.disturbance = refusing(Refusal(status))
    with pytest.raises(expected):
        paid(there)
    with pytest.raises(expected):
        free(there)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": None, "errors": None},
        {"data": {"results": None}},
        {"data": {"results": [None, 3, {"phoneNumber": "+12125559999"}]}, "errors": [None]},
        {"errors": [{"code": "SERVICE_DOWN"}]},
        {"errors": [{"code": "NO-MATCH", "meta": {"phoneNumbers": ["+12125559999"]}}]},
    ],
)
def test_an_answer_that_says_nothing_condemns_nobody(there: AtBandwidth, answer: Any) -> None:
    there.company.disturbance = saying(json.dumps(answer))
    with pytest.raises(TransientVendorError):
        paid(there)


# -- for free -------------------------------------------------------------------------------------


def test_the_newest_message_that_ended_decides_and_the_carrier_is_told(there: AtBandwidth) -> None:
    past = there.company
    messages.past(past, CONTACT, status="DELIVERED", carrier="T-Mobile USA")
    messages.past(past, CONTACT, status="FAILED", code=4700, carrier=None)
    messages.past(past, CONTACT, status="FAILED", code=4470, carrier=None)
    messages.past(past, CONTACT, status="SENT", carrier=None)
    assert free(there) == ContactInfo(
        CONTACT, LookupStatus.LANDLINE, carrier="T-Mobile USA", error_code=4700
    )
    messages.past(past, CONTACT, status="DELIVERED", carrier="Verizon")
    assert free(there) == ContactInfo(CONTACT, LookupStatus.TEXTABLE, carrier="Verizon")


def test_nothing_speaks_against_a_number_that_was_never_texted(there: AtBandwidth) -> None:
    messages.past(there.company, "+12125550143", status="FAILED", code=4700, carrier="other")
    assert free(there) == ContactInfo(CONTACT, LookupStatus.TEXTABLE)


@pytest.mark.parametrize("body", ["{}", '{"messages": null}', '{"messages": [null, 3, {}]}'])
def test_a_list_that_says_nothing_speaks_against_nobody(there: AtBandwidth, body: str) -> None:
    there.company.disturbance = saying(body)
    assert free(there).status is LookupStatus.TEXTABLE
