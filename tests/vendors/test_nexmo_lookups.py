"""What Vonage tells of a number, from whichever of its two products, in our words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from aiohttp import web

from service_vendors.exceptions import (
    TransientVendorError,
    UnsupportedFeature,
    VendorNotConfigured,
)
from service_vendors.types import ContactInfo, Feature, LookupStatus, VendorAccount
from service_vendors.vendors import loop
from service_vendors.vendors.nexmo import lookups
from service_vendors.vendors.nexmo.vendor import Nexmo
from tests.simulators.disturbances import refusing, saying
from tests.simulators.nexmo.company import Refusal
from tests.simulators.nexmo.furnishing import FOREIGN, LANDLINE, MOBILE, NOBODYS
from tests.vendors.nexmo_account import PUBLIC_ADDRESS, AtNexmo, at_nexmo

WITHOUT_APPLICATION = {"application_id": "", "private_key": ""}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[AtNexmo]:
    """An account at Vonage, while Number Insight is offered."""
    monkeypatch.setattr(lookups, "ENDS", date(9999, 1, 1))
    with at_nexmo() as there:
        yield there


def look_up(there: AtNexmo, number: str, *, name: bool = False, **changes: str) -> ContactInfo:
    return loop.run(there.vendor(**changes).get_contact_info(number, lookup_name=name))


def look_up_for_free(there: AtNexmo, number: str) -> ContactInfo:
    return loop.run(there.vendor().get_free_contact_info(number))


@pytest.mark.parametrize("changes", [{}, WITHOUT_APPLICATION], ids=["identity", "number insight"])
@pytest.mark.parametrize(
    ("number", "info"),
    [
        (MOBILE, ContactInfo(MOBILE, LookupStatus.TEXTABLE, "Example Mobile", "mobile")),
        (LANDLINE, ContactInfo(LANDLINE, LookupStatus.LANDLINE, "Example Bell", "landline")),
        (FOREIGN, ContactInfo(FOREIGN, LookupStatus.FOREIGN, "Example UK", "mobile")),
        (NOBODYS, ContactInfo(NOBODYS, LookupStatus.INVALID)),
    ],
)
def test_both_products_say_the_same(
    there: AtNexmo, changes: dict[str, str], number: str, info: ContactInfo
) -> None:
    assert look_up(there, number, **changes) == info
    path = there.company.requests[-1].path
    assert path == ("/ni/standard/json" if changes else "/identity-insights/v1/requests")


@pytest.mark.parametrize(
    ("line_type", "status"),
    [
        ("mobile", LookupStatus.TEXTABLE),
        ("virtual", LookupStatus.TEXTABLE),
        ("landline", LookupStatus.LANDLINE),
        ("landline_premium", LookupStatus.LANDLINE),
        ("landline_tollfree", LookupStatus.LANDLINE),
        ("pager", LookupStatus.LANDLINE),
        ("unknown", LookupStatus.TEXTABLE),
        ("a kind of tomorrow", LookupStatus.TEXTABLE),
    ],
)
@pytest.mark.parametrize("changes", [{}, WITHOUT_APPLICATION], ids=["identity", "number insight"])
def test_each_kind_of_line_has_its_status(
    there: AtNexmo, line_type: str, status: LookupStatus, changes: dict[str, str]
) -> None:
    there.company.known[MOBILE[1:]] = {"line_type": line_type}
    found = look_up(there, MOBILE, **changes)
    assert found.status is status
    assert found.line_type == ("" if line_type == "unknown" else line_type)


def test_a_carrier_that_cannot_be_asked_is_the_one_the_number_began_with(there: AtNexmo) -> None:
    there.company.known[LANDLINE[1:]] |= {"current": "no"}
    assert look_up(there, LANDLINE).status is LookupStatus.LANDLINE


def test_only_number_insight_tells_names_and_only_when_asked(there: AtNexmo) -> None:
    assert look_up(there, MOBILE, name=True, **WITHOUT_APPLICATION).lookup_name == "Ada Doe"
    assert look_up(there, LANDLINE, name=True, **WITHOUT_APPLICATION).lookup_name == ""
    assert look_up(there, MOBILE, name=False, **WITHOUT_APPLICATION).lookup_name == ""
    assert "cnam" not in there.company.requests[-1].query
    assert look_up(there, MOBILE, name=True).lookup_name == ""


def test_no_secret_stands_in_an_address(there: AtNexmo) -> None:
    look_up(there, MOBILE, **WITHOUT_APPLICATION)
    look_up_for_free(there, MOBILE)
    for request in there.company.requests:
        assert there.company.api_secret not in str(request.query)


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (MOBILE, LookupStatus.TEXTABLE),
        (LANDLINE, LookupStatus.TEXTABLE),  # it cannot tell
        (FOREIGN, LookupStatus.FOREIGN),
        (NOBODYS, LookupStatus.INVALID),
    ],
)
def test_the_free_form_knows_numbers_and_countries(
    there: AtNexmo, number: str, status: LookupStatus
) -> None:
    assert look_up_for_free(there, number) == ContactInfo(number, status)
    assert there.company.lookups == [], "nothing was paid for"
    assert there.company.requests[-1].path == "/ni/basic/json"


def test_where_one_is_at_home_is_the_organizations_matter(there: AtNexmo) -> None:
    british = Nexmo(VendorAccount("nexmo", 7, there.config, PUBLIC_ADDRESS, country="GB"))
    for number, status in ((FOREIGN, LookupStatus.TEXTABLE), (MOBILE, LookupStatus.FOREIGN)):
        assert loop.run(british.get_contact_info(number, lookup_name=False)).status is status
        assert loop.run(british.get_free_contact_info(number)).status is status


# -- after its end ---------------------------------------------------------------------------------


def test_after_its_end_number_insight_is_not_asked(
    there: AtNexmo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "ENDS", date(2020, 1, 1))
    with pytest.raises(UnsupportedFeature, match="2027-02-04"):
        look_up_for_free(there, MOBILE)
    with pytest.raises(VendorNotConfigured, match="Application ID"):
        look_up(there, MOBILE, **WITHOUT_APPLICATION)
    assert there.company.requests == []
    assert lookups.free_features() == frozenset()
    assert look_up(there, MOBILE).status is LookupStatus.TEXTABLE


def test_until_then_the_free_form_is_declared(there: AtNexmo) -> None:
    assert lookups.free_features() == {Feature.FREE_LOOKUP}


# -- bad days --------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{}, WITHOUT_APPLICATION], ids=["identity", "number insight"])
@pytest.mark.parametrize(
    ("disturbance", "means"),
    [
        (refusing(Refusal(401, {})), VendorNotConfigured),
        (refusing(Refusal(402, {})), VendorNotConfigured),
        (refusing(Refusal(429, {})), TransientVendorError),
        (refusing(Refusal(500, {})), TransientVendorError),
        (saying("<html>"), TransientVendorError),
        (saying("[]"), TransientVendorError),
        (saying("{}"), TransientVendorError),
        (saying('{"insights": []}'), TransientVendorError),
        (saying('{"status": "soon"}'), TransientVendorError),
    ],
)
def test_a_failure_says_nothing_about_a_number(
    there: AtNexmo, disturbance: Any, means: type[Exception], changes: dict[str, str]
) -> None:
    """Spoke: failures are swallowed, or dereference nothing (T:620, scrub-bad-mobilenums:298)."""
    there.company.disturbance = disturbance
    with pytest.raises(means):
        look_up(there, MOBILE, **changes)


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (1, TransientVendorError),
        (4, VendorNotConfigured),
        (9, VendorNotConfigured),
        (19, TransientVendorError),
        (77, TransientVendorError),
    ],
)
def test_number_insights_own_refusals(there: AtNexmo, status: int, means: type[Exception]) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        return web.json_response({"status": status})

    there.company.disturbance = refuse
    with pytest.raises(means):
        look_up_for_free(there, MOBILE)
