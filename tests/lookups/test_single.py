"""Looking one number up: paid for once, however many ask, and believed for a while."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from service_vendors import lookups
from service_vendors.exceptions import (
    LookupInDoubt,
    LookupUnderWay,
    PermanentVendorError,
    TransientVendorError,
    UnsupportedFeature,
    VendorNotConfigured,
)
from service_vendors.lookups import claims
from service_vendors.models import LookupClaim, LookupGate, Organization, OrganizationContact
from service_vendors.phone import InvalidPhoneNumber
from service_vendors.types import LookupDetail, LookupStatus
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationContactFactory
from tests.lookups.conftest import Bill
from tests.scripted_fixtures import script

__all__ = ["script"]

MOBILE, LANDLINE = "+12125550142", "+12125550149"
CARRIER, NAME = LookupDetail.CARRIER, LookupDetail.NAME


def test_what_a_person_types_is_understood_by_the_organizations_country(
    organization: Organization,
) -> None:
    contact = lookups.look_up(organization, "(212) 555-0149", detail=NAME)
    assert contact.contact_number == LANDLINE
    assert contact.status_code == LookupStatus.LANDLINE.value
    assert (contact.carrier, contact.line_type) == ("Copper & Sons", "landline")
    assert contact.lookup_name == "Contact 0149"
    organization.features = {"PHONE_NUMBER_COUNTRY": "GB"}
    british = lookups.look_up(organization, "020 7946 0018")
    assert british.contact_number == "+442079460018"
    assert british.status_code == LookupStatus.TEXTABLE.value, "at home there"
    american = lookups.look_up(organization, MOBILE)
    assert american.status_code == LookupStatus.FOREIGN.value
    with pytest.raises(InvalidPhoneNumber):
        lookups.look_up(organization, "12")


def test_an_answer_is_believed_for_ninety_days(organization: Organization, bill: Bill) -> None:
    lookups.look_up(organization, MOBILE, detail=CARRIER)
    lookups.look_up(organization, MOBILE, detail=CARRIER)
    assert bill()["paid"] == 1
    for days, paid in ((89, 1), (91, 2)):
        OrganizationContact.objects.update(last_lookup=timezone.now() - timedelta(days=days))
        lookups.look_up(organization, MOBILE, detail=CARRIER)
        assert bill()["paid"] == paid


def test_the_free_form_is_preferred_where_it_tells_enough(
    organization: Organization, bill: Bill
) -> None:
    contact = lookups.look_up(organization, LANDLINE)
    assert (contact.status_code, contact.carrier) == (LookupStatus.LANDLINE.value, "")
    assert bill() == {"paid": 0, "different": 0, "free": 1}
    assert lookups.look_up(organization, LANDLINE, detail=CARRIER).carrier == "Copper & Sons"
    assert bill() == {"paid": 1, "different": 1, "free": 1}


def test_a_lookup_that_asks_less_keeps_what_an_earlier_one_told(
    organization: Organization,
) -> None:
    told = lookups.look_up(organization, MOBILE, detail=NAME)
    again = lookups.look_up(organization, MOBILE, newer_than=told.last_lookup)
    assert again.last_lookup is not None and told.last_lookup is not None
    assert again.last_lookup > told.last_lookup
    assert (again.carrier, again.lookup_name) == ("Airwaves", "Contact 0142")


def test_pressing_twice_to_ask_anew_pays_once(organization: Organization, bill: Bill) -> None:
    seen = lookups.look_up(organization, MOBILE, detail=CARRIER).last_lookup
    for _ in range(2):
        lookups.look_up(organization, MOBILE, detail=CARRIER, newer_than=seen)
    assert bill()["paid"] == 2


def test_a_number_there_is_not_is_an_answer(organization: Organization, bill: Bill) -> None:
    for detail in (CARRIER, NAME):
        contact = lookups.look_up(organization, "+19995550142", detail=detail)
        assert contact.status_code == LookupStatus.INVALID.value
    assert bill()["paid"] == 1, "there is no name to pay for"


@pytest.mark.django_db(transaction=True)
def test_a_hundred_who_ask_at_once_pay_once(organization: Organization, bill: Bill) -> None:
    barrier = Barrier(100)

    def ask() -> int | None:
        barrier.wait()
        try:
            return lookups.look_up(organization, LANDLINE, detail=CARRIER).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(100) as crowd:
        answers = [future.result() for future in [crowd.submit(ask) for _ in range(100)]]
    assert set(answers) == {LookupStatus.LANDLINE.value}
    assert bill() == {"paid": 1, "different": 1, "free": 0}
    assert not LookupClaim.objects.exists()


@pytest.mark.parametrize("fault", ["break", "reset", "garble"])
def test_a_lost_answer_is_not_paid_for_again_within_the_lease(
    organization: Organization, company: FakeServiceServer, bill: Bill, fault: str
) -> None:
    company.behave(faults={fault: 1})
    with pytest.raises(LookupInDoubt, match="may have been charged"):
        lookups.look_up(organization, MOBILE, detail=CARRIER)
    company.behave()
    with pytest.raises(LookupUnderWay):
        lookups.look_up(organization, MOBILE, detail=CARRIER, wait_seconds=0)
    assert bill()["paid"] == 1
    LookupClaim.objects.update(until=timezone.now())  # the lease runs out
    assert lookups.look_up(organization, MOBILE, detail=CARRIER).carrier == "Airwaves"
    assert bill()["paid"] == 2


def test_a_holder_that_died_keeps_others_out_until_its_lease_ends(
    organization: Organization, bill: Bill
) -> None:
    claims.take(organization, lookups.offer_for(organization, CARRIER), [MOBILE])
    with pytest.raises(LookupUnderWay):
        lookups.look_up(organization, MOBILE, detail=CARRIER, wait_seconds=0.1)
    assert bill()["paid"] == 0
    LookupClaim.objects.update(until=timezone.now())
    lookups.look_up(organization, MOBILE, detail=CARRIER)
    assert bill()["paid"] == 1


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        ({"faults": {"refuse": 1}}, TransientVendorError),
        ({"faults": {"reject": 1}}, PermanentVendorError),
        ({"refuse_credentials": True}, VendorNotConfigured),
    ],
)
def test_what_surely_was_not_paid_for_may_be_asked_again_at_once(
    organization: Organization,
    company: FakeServiceServer,
    bill: Bill,
    behaviour: dict[str, Any],
    kind: type[Exception],
) -> None:
    company.behave(**behaviour)
    with pytest.raises(kind):
        lookups.look_up(organization, MOBILE, detail=CARRIER)
    company.behave()
    assert lookups.look_up(organization, MOBILE, detail=CARRIER).carrier == "Airwaves"
    assert bill()["paid"] == 1


def test_a_vendor_that_asks_for_a_pause_gets_it(
    organization: Organization, company: FakeServiceServer
) -> None:
    company.behave(faults={"limit": 1}, retry_after_seconds=600)
    with pytest.raises(TransientVendorError):
        lookups.look_up(organization, MOBILE, detail=CARRIER)
    assert LookupGate.objects.get().opens_at > timezone.now() + timedelta(seconds=500)
    with pytest.raises(LookupUnderWay):
        lookups.look_up(organization, LANDLINE, detail=CARRIER, wait_seconds=0)


def test_a_rate_is_kept_to(organization: Organization, settings: Any) -> None:
    settings.LOOKUPS_PER_SECOND = 2
    settings.LOOKUPS_AT_ONCE = 4
    offer = lookups.offer_for(organization, CARRIER)
    numbers = [f"+1212555010{n}" for n in range(9)]
    first = claims.take(organization, offer, numbers)
    assert len(first.numbers) == 4
    claims.release(organization, first)
    second = claims.take(organization, offer, numbers)
    assert (second.numbers, 1.5 < second.wait_seconds <= 2) == ((), True)


def test_a_vendors_own_limit_holds_where_it_is_less(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = lookups.offer_for(organization, CARRIER)
    monkeypatch.setattr(offer.vendor_class, "most_lookups_per_second", 0.5)
    claims.release(organization, claims.take(organization, offer, [MOBILE]))
    assert 1 < claims.take(organization, offer, [MOBILE]).wait_seconds <= 2


def test_no_more_are_under_way_than_allowed_in_all_organizations_together(
    organization: Organization, settings: Any
) -> None:
    settings.LOOKUPS_AT_ONCE = 3
    offer = lookups.offer_for(organization, CARRIER)
    other = OrganizationContactFactory().organization
    assert len(claims.take(organization, offer, ["+12125550101", "+12125550102"]).numbers) == 2
    assert len(claims.take(other, offer, ["+12125550101", "+12125550102"]).numbers) == 1


def test_a_vendor_that_looks_nothing_up_is_never_asked(db: None, script: Any) -> None:
    """Spoke's carrier-lookup:56 called what the vendor did not implement."""
    organization = OrganizationContactFactory().organization
    assert lookups.offers(organization) == []
    with pytest.raises(UnsupportedFeature, match="Scripted does not look numbers up"):
        lookups.look_up(organization, MOBILE)
    assert not LookupClaim.objects.exists()


def test_a_vendor_without_an_account_says_what_it_needs(
    organization: Organization, settings: Any
) -> None:
    """Spoke's bandwidth messaging:294 read an undefined variable instead."""
    settings.FAKESERVICE_API_KEY = ""
    with pytest.raises(VendorNotConfigured, match="needs an address, an Account SID and an API"):
        lookups.look_up(organization, MOBILE, detail=CARRIER)
    assert not LookupClaim.objects.exists()


@pytest.mark.parametrize(
    "said",
    [
        {"country": "US"},
        {"country": "US", "line_type": None, "carrier": None, "name": None},
        {"country": "US", "line_type": "quantum", "carrier": "x" * 5_000, "name": "a\x00b"},
    ],
)
def test_an_answer_that_leaves_things_out_or_says_absurd_ones_is_an_answer(
    organization: Organization, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]
) -> None:
    """Spoke's twilio:620,639 read a field of nothing."""
    from service_vendors.vendors.fakeservice.server import phones

    monkeypatch.setattr(phones, "describe", lambda number: dict(said))
    contact = lookups.look_up(organization, MOBILE, detail=NAME)
    contact.full_clean(exclude=("service",))
    assert contact.status_code == LookupStatus.TEXTABLE.value
    assert contact.last_lookup is not None
