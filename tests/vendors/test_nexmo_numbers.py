"""Numbers at Vonage: bought once, set up, listed, and given back; whatever breaks on the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiohttp import web

from service_vendors.exceptions import (
    PermanentVendorError,
    VendorNotConfigured,
)
from service_vendors.types import VendorAccount
from service_vendors.vendors import loop
from service_vendors.vendors.nexmo.vendor import Nexmo
from tests.simulators.disturbances import refusing
from tests.simulators.nexmo import numbers
from tests.simulators.nexmo.company import Refusal
from tests.simulators.nexmo.routes import answered
from tests.vendors.nexmo_account import OURS, PUBLIC_ADDRESS, AtNexmo, at_nexmo, every

WANTED = 2


@pytest.fixture
def there() -> Iterator[AtNexmo]:
    """An account at Vonage."""
    with at_nexmo() as there:
        yield there


# -- on a good day ---------------------------------------------------------------------------------


def test_what_is_for_sale_is_found_page_by_page(there: AtNexmo) -> None:
    vendor = there.vendor()
    found = every(vendor.search_numbers("212", 1_000))
    assert len({one.phone_number for one in found}) == 150
    assert found[0].capabilities == ("sms", "mms", "voice")
    assert len(every(vendor.search_numbers("212", 7))) == 7
    assert [one.phone_number for one in every(vendor.search_numbers("833", 5))] == ["+18335550123"]
    assert len(every(vendor.search_numbers("646", 9))) == 3, "the others take no texts"
    assert every(vendor.search_numbers("999", 5)) == []


def test_a_number_is_bought_set_up_and_told_by_its_order(there: AtNexmo) -> None:
    bought = there.buy(3)
    assert len(there.company.purchases) == 3
    assert sorted(there.company.purchases) == sorted(there.bought_under("order-1"))
    for one in bought:
        at_vonage = there.company.numbers[one.phone_number[1:]]
        assert at_vonage["app_id"] == there.config["application_id"], "so that it sends pictures"
        assert one.service_id == f"US-{one.phone_number[1:]}"
        assert there.owned()[one.phone_number].reference == "order-1"
    assert there.notes() == []


def test_without_an_application_a_number_takes_texts(there: AtNexmo) -> None:
    vendor = there.vendor(application_id="", private_key="")
    (one,) = every(vendor.buy_numbers_in_area_code("212", 1, "order-1"))
    assert "app_id" not in there.company.numbers[one.phone_number[1:]]


def test_a_number_that_was_bought_by_hand_belongs_to_no_order(there: AtNexmo) -> None:
    assert there.owned()[OURS].reference == ""
    assert OURS not in {one.phone_number for one in there.buy(5)}
    assert there.company.numbers[OURS[1:]]["moHttpUrl"] == "https://example.org/by-hand"


def test_where_less_is_for_sale_less_is_bought(there: AtNexmo) -> None:
    assert len(there.buy(9, area_code="646")) == 3
    assert there.buy(9, "order-2", area_code="999") == []
    assert there.notes() == []


def test_another_country_has_its_own_numbers(there: AtNexmo) -> None:
    british = Nexmo(VendorAccount("nexmo", 7, there.config, PUBLIC_ADDRESS, country="gb"))
    assert every(british.search_numbers("20", 5)) == []
    asked = there.company.requests[-1].query
    assert (asked["country"], asked["pattern"]) == ("GB", "4420")


def test_without_a_public_address_nothing_is_bought(there: AtNexmo) -> None:
    vendor = there.vendor(callback_base="")
    with pytest.raises(VendorNotConfigured, match="BASE_URL"):
        every(vendor.buy_numbers_in_area_code("212", 1, "order-1"))
    assert there.company.requests == []


def test_a_number_that_is_sold_meanwhile_is_replaced_by_another(there: AtNexmo) -> None:
    gone = set(list(there.company.for_sale)[:4])

    async def sell_some_to_others(request: web.Request) -> web.StreamResponse:
        if request.path == "/number/buy" and (await request.post())["msisdn"] in gone:
            raise Refusal(420, numbers.REFUSED)
        return await answered(request)

    there.company.disturbance = sell_some_to_others
    assert len(there.buy(3)) == 3
    assert there.notes() == []
    assert not gone & set(there.company.purchases)


def test_vonage_that_sells_nothing_is_believed_after_some_tries(there: AtNexmo) -> None:
    async def sell_nothing(request: web.Request) -> web.StreamResponse:
        if request.path == "/number/buy":
            raise Refusal(420, numbers.REFUSED)
        return await answered(request)

    there.company.disturbance = sell_nothing
    with pytest.raises(PermanentVendorError) as raised:
        there.buy(3)
    assert raised.value.code == 420
    assert there.notes() == []
    assert sum(one.path == "/number/buy" for one in there.company.requests) == 10


@pytest.mark.parametrize("refusal", [Refusal(401, {}), Refusal(402, {})])
def test_an_account_that_may_not_buy_says_so(there: AtNexmo, refusal: Refusal) -> None:
    there.company.disturbance = refusing(refusal)
    with pytest.raises(VendorNotConfigured):
        there.buy()


# -- giving back -----------------------------------------------------------------------------------


def test_a_number_is_given_back_once(there: AtNexmo) -> None:
    (one,) = there.buy()
    for _ in range(2):
        loop.run(there.vendor().release_number(one.service_id))
    assert there.company.cancellations == [one.phone_number[1:]]
    assert one.phone_number not in there.owned()


@pytest.mark.parametrize("service_id", ["", "there-is-none", "US-", "us-12125550100", "US-1/2"])
def test_what_names_no_number_is_not_asked_about(there: AtNexmo, service_id: str) -> None:
    loop.run(there.vendor().release_number(service_id))
    assert there.company.requests == []


def test_a_number_that_vonage_keeps_is_not_said_to_be_gone(there: AtNexmo) -> None:
    (one,) = there.buy()

    async def keep_it(request: web.Request) -> web.StreamResponse:
        if request.path == "/number/cancel":
            raise Refusal(420, numbers.REFUSED)
        return await answered(request)

    there.company.disturbance = keep_it
    with pytest.raises(PermanentVendorError):
        loop.run(there.vendor().release_number(one.service_id))
