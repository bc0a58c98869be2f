"""Numbers at Bandwidth: what is bought is known, whatever dies, and nothing is bought twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    VendorNotConfigured,
)
from service_vendors.types import PurchasedNumber
from service_vendors.vendors import loop
from service_vendors.vendors.bandwidth import numbers, orders
from service_vendors.vendors.bandwidth.prices import TOLL_FREE
from tests.simulators.bandwidth import xml
from tests.simulators.bandwidth.company import ACT, COMPANY, Refusal
from tests.simulators.bandwidth.furnishing import NUMBERS
from tests.simulators.disturbances import hang_up, refusing
from tests.vendors.bandwidth_account import AtBandwidth, at_bandwidth, dies_at, every

REFERENCE = "018f3e2a-6f0a-7cde-9b3a-1f2e3d4c5b6a"


@pytest.fixture
def there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[AtBandwidth]:
    """An account with two numbers, and little patience."""
    settings.VENDOR_READ_SECONDS = 2.0
    monkeypatch.setattr(orders, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(orders, "LONGEST_PAUSE_SECONDS", 0.002)
    with at_bandwidth() as there:
        yield there


def buy(there: AtBandwidth, limit: int, area_code: str = "212", reference: str = REFERENCE) -> Any:
    """What comes of a purchase."""
    return every(there.vendor().buy_numbers_in_area_code(area_code, limit, reference))


def bought(there: AtBandwidth) -> set[str]:
    """What the account has come to own, judged from the company's side."""
    return {f"+1{number}" for number in there.company.numbers} - set(NUMBERS)


def the_order(there: AtBandwidth) -> dict[str, Any]:
    """The one order that was placed."""
    (order,) = there.company.orders.values()
    return order


# -- search ---------------------------------------------------------------------------------------


def test_numbers_for_sale_are_shown_with_where_they_are(there: AtBandwidth) -> None:
    found = every(there.vendor().search_numbers("212", 3))
    assert [one.phone_number for one in found] == ["+12125560000", "+12125560001", "+12125560002"]
    assert {one.region for one in found} == {"NEW YORK, NY"}


@pytest.mark.parametrize("area_code", sorted(TOLL_FREE))
def test_toll_free_numbers_are_searched_and_ordered_by_their_own_way(
    there: AtBandwidth, area_code: str
) -> None:
    """Spoke: any other area code than 800 buys none, and counts as complete (BS:178)."""
    found = every(there.vendor().search_numbers(area_code, 2))
    assert [one.phone_number[:5] for one in found] == [f"+1{area_code}"] * 2
    assert len(buy(there, 2, area_code)) == 2
    form = the_order(there)["order"]["TollFreeWildCharSearchAndOrderType"]
    assert form == {"Quantity": "2", "TollFreeWildCardPattern": area_code}


@pytest.mark.parametrize("area_code", ["", "21", "2125", "012", "112", "291", "abc", "2 1"])
def test_what_is_no_area_code_finds_and_buys_nothing(there: AtBandwidth, area_code: str) -> None:
    assert every(there.vendor().search_numbers(area_code, 5)) == []
    assert buy(there, 5, area_code) == []
    assert there.company.orders == {}


def test_an_area_that_bandwidth_does_not_serve_is_said_to_be_so(there: AtBandwidth) -> None:
    there.company.disturbance = refusing(Refusal(400, 4023, "Not supported"))
    with pytest.raises(PermanentVendorError, match="Try a nearby one"):
        every(there.vendor().search_numbers("212", 5))


# -- orders ---------------------------------------------------------------------------------------


def test_an_order_is_recorded_at_bandwidth_under_our_reference(there: AtBandwidth) -> None:
    found = buy(there, 3)
    assert {one.reference for one in found} == {REFERENCE}
    assert {one.phone_number for one in found} == bought(there)
    order = the_order(there)["order"]
    assert order["CustomerOrderId"] == REFERENCE
    assert order["SiteId"] == there.config["site_id"]
    assert order["PeerId"] == there.config["sip_peer_id"]
    assert (order["PartialAllowed"], order["BackOrderRequested"]) == ("true", "false")
    assert order["AreaCodeSearchAndOrderType"] == {"AreaCode": "212", "Quantity": "3"}


def test_an_order_that_takes_long_is_waited_for(there: AtBandwidth) -> None:
    there.company.looks_until_done = 20
    assert len(buy(there, 2)) == 2


def test_an_order_that_takes_too_long_is_left_and_found_again(
    there: AtBandwidth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spoke: after ten seconds paid orders are lost (BS:194)."""
    monkeypatch.setattr(orders, "PATIENCE_SECONDS", 0.05)
    there.company.looks_until_done = 1_000_000
    with pytest.raises(SendUncertain):
        buy(there, 2)
    there.company.looks_until_done = 1
    assert {one.phone_number for one in buy(there, 2)} == bought(there)
    assert len(there.company.orders) == 1


def test_a_partial_order_counts_what_came_and_is_not_made_up_for(there: AtBandwidth) -> None:
    """Spoke: counts what was wanted (BS:178)."""
    there.company.stock = 2
    assert len(buy(there, 5)) == 2 and len(bought(there)) == 2
    there.company.stock = 1_000
    assert len(buy(there, 5)) == 2 and len(there.company.orders) == 1


def test_nothing_left_to_sell_is_no_failure(there: AtBandwidth) -> None:
    there.company.stock = 0
    assert buy(there, 5) == []
    assert the_order(there)["status"] == "FAILED"


def test_an_order_that_fails_for_another_reason_says_which(there: AtBandwidth) -> None:
    async def fail(request: web.Request) -> web.StreamResponse:
        answer: web.StreamResponse = await request[ACT](request)
        locked = {"Code": 5012, "Description": "The account is locked"}
        for order in there.company.orders.values():
            order |= {"status": "FAILED", "numbers": [], "errors": [locked]}
        return answer

    there.company.disturbance = fail
    for _ in range(2):  # also to whoever comes back after a kill
        with pytest.raises(PermanentVendorError, match="Its owner must settle that"):
            buy(there, 2)
    assert len(there.company.orders) == 1


async def back_order(request: web.Request) -> web.StreamResponse:
    """Do what is asked, but put every order off until there are numbers again."""
    answer: web.StreamResponse = await request[ACT](request)
    for order in request.app[COMPANY].orders.values():
        if order["status"] == "RECEIVED":
            order["status"] = "BACKORDERED"
    return answer


def test_a_back_order_is_closed_so_that_nothing_comes_unnoticed(there: AtBandwidth) -> None:
    there.company.disturbance = back_order
    assert len(buy(there, 2)) == 2
    assert len(there.company.asked("PUT", "")) == 1


def test_a_back_order_that_ends_while_it_is_closed_is_no_failure(there: AtBandwidth) -> None:
    async def back_order_for_a_moment(request: web.Request) -> web.StreamResponse:
        if request.method == "PUT":
            for order in there.company.orders.values():
                order["status"] = "COMPLETE"
            raise Refusal(400, 5060, "Only Backordered order can be closed.")
        return await back_order(request)

    there.company.disturbance = back_order_for_a_moment
    assert len(buy(there, 2)) == 2


@pytest.mark.parametrize("acted", [True, False], ids=["acted", "did not act"])
def test_killed_at_every_request_of_an_order_nothing_is_lost_or_bought_twice(
    there: AtBandwidth, acted: bool
) -> None:
    """Spoke: paid orders are lost (BS:194)."""
    for nth in range(1, 50):
        there.company.orders.clear()
        before = bought(there)
        recorded: list[PurchasedNumber] = []
        reference = f"kill {nth}"

        async def work(
            reference: str = reference, recorded: list[PurchasedNumber] = recorded
        ) -> None:
            steps = there.vendor().buy_numbers_in_area_code("212", 3, reference)
            recorded.extend([number async for number in steps])

        if not dies_at(there, nth, work, acted=acted):
            assert nth > 3
            break
        recorded.clear()
        loop.run(work())
        assert {one.phone_number for one in recorded} == bought(there) - before
        assert len(recorded) == 3 and len(there.company.orders) == 1
    else:
        raise AssertionError("It never comes to an end.")


@pytest.mark.parametrize("yielded", [1, 2, 3])
def test_killed_while_numbers_are_recorded_the_others_are_told_again(
    there: AtBandwidth, yielded: int
) -> None:
    async def some() -> None:
        steps = there.vendor().buy_numbers_in_area_code("212", 3, REFERENCE)
        for _ in range(yielded):
            await anext(steps)
        await steps.aclose()  # type: ignore[attr-defined]  # it is a generator

    loop.run(some())
    assert {one.phone_number for one in buy(there, 3)} == bought(there)
    assert len(bought(there)) == 3 and len(there.company.orders) == 1


def test_a_lost_answer_is_doubt_and_the_order_is_found_by_its_reference(
    there: AtBandwidth,
) -> None:
    async def place_and_hang_up(request: web.Request) -> web.StreamResponse:
        answer: web.StreamResponse = await request[ACT](request)
        return await hang_up(request) if request.method == "POST" else answer

    there.company.disturbance = place_and_hang_up
    with pytest.raises(SendUncertain):
        buy(there, 2)
    there.company.disturbance = None
    assert {one.phone_number for one in buy(there, 2)} == bought(there)
    assert len(there.company.orders) == 1


def test_an_order_that_shows_itself_late_is_known_all_the_same(there: AtBandwidth) -> None:
    """What is bought is recorded, even when Bandwidth's list of orders lags behind."""
    buy(there, 2)
    late = the_order(there)
    late["hidden"] = True

    async def reveal(request: web.Request) -> web.StreamResponse:
        answer: web.StreamResponse = await request[ACT](request)
        if request.method == "POST":
            late["hidden"] = False
        return answer

    there.company.disturbance = reveal
    assert {one.phone_number for one in buy(there, 2)} == bought(there)


def test_an_answer_without_an_id_is_doubt(there: AtBandwidth) -> None:
    async def mumble(request: web.Request) -> web.StreamResponse:
        answer: web.StreamResponse = await request[ACT](request)
        return xml.answer("OrderResponse", status=201) if request.method == "POST" else answer

    there.company.disturbance = mumble
    with pytest.raises(SendUncertain):
        buy(there, 2)
    there.company.disturbance = None
    assert len(buy(there, 2)) == 2 == len(bought(there))


def test_more_orders_than_fit_a_page_are_all_found(
    there: AtBandwidth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "ORDERS_A_PAGE", 2)
    for limit in range(1, 6):
        assert len(buy(there, limit)) == limit
    assert len(there.company.orders) == 5
    assert {one.phone_number for one in buy(there, 5)} == bought(there)


@pytest.mark.parametrize("reference", ["", "x" * 41, "a_b", "ü", "a/b", "<x>"])
def test_a_reference_that_bandwidth_does_not_take_is_refused_before_anything_is_bought(
    there: AtBandwidth, reference: str
) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        buy(there, 1, reference=reference)
    assert there.company.orders == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"site_id": "999"}, "sub-account"), ({"sip_peer_id": "999"}, "location")],
)
def test_a_wrong_place_to_keep_numbers_in_is_told(
    there: AtBandwidth, changes: dict[str, str], words: str
) -> None:
    with pytest.raises(PermanentVendorError, match=words):
        every(there.vendor(**changes).buy_numbers_in_area_code("212", 1, REFERENCE))


@pytest.mark.parametrize("name", ["site_id", "sip_peer_id"])
def test_without_a_place_to_keep_numbers_in_nothing_is_bought(
    there: AtBandwidth, name: str
) -> None:
    for value in ("", "1/../2"):
        vendor = there.vendor(**{name: value})
        with pytest.raises(VendorNotConfigured, match="auto-configure"):
            every(vendor.buy_numbers_in_area_code("212", 1, REFERENCE))
    assert there.company.orders == {}


# -- sync -----------------------------------------------------------------------------------------


def test_the_locations_numbers_are_listed_page_by_page(
    there: AtBandwidth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spoke: a sync never removes what is gone (BS:218)."""
    monkeypatch.setattr(numbers, "NUMBERS_A_PAGE", 2)
    buy(there, 3)
    listed = every(there.vendor().list_owned_numbers())
    assert {one.phone_number for one in listed} == bought(there) | set(NUMBERS)
    assert all(one.phone_number == one.service_id for one in listed)
    there.company.numbers.clear()
    assert every(there.vendor().list_owned_numbers()) == []


# -- release --------------------------------------------------------------------------------------


def test_a_release_disconnects_the_number_and_waits_until_it_is(there: AtBandwidth) -> None:
    """Spoke: deleting does nothing at Bandwidth (BS:257)."""
    there.company.looks_until_done = 10
    loop.run(there.vendor().release_number(NUMBERS[0]))
    assert set(there.company.numbers) == {NUMBERS[1].removeprefix("+1")}


@pytest.mark.parametrize("acted", [True, False], ids=["acted", "did not act"])
def test_killed_at_every_request_of_a_release_it_is_released_once_tried_again(
    there: AtBandwidth, acted: bool
) -> None:
    number, peer = NUMBERS[0].removeprefix("+1"), there.config["sip_peer_id"]
    for nth in range(1, 50):
        there.company.disconnects.clear()
        there.company.numbers[number] = peer

        async def work() -> None:
            await there.vendor().release_number(NUMBERS[0])

        if not dies_at(there, nth, work, acted=acted):
            assert nth > 3
            break
        loop.run(work())
        assert set(there.company.numbers) == {NUMBERS[1].removeprefix("+1")}
        ended = [one["status"] for one in there.company.disconnects.values()]
        assert ended.count("COMPLETE") == 1
    else:
        raise AssertionError("It never comes to an end.")


def test_a_release_that_takes_too_long_goes_on_when_tried_again(
    there: AtBandwidth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "PATIENCE_SECONDS", 0.05)
    there.company.looks_until_done = 1_000_000
    with pytest.raises(SendUncertain):
        loop.run(there.vendor().release_number(NUMBERS[0]))
    there.company.looks_until_done = 1
    loop.run(there.vendor().release_number(NUMBERS[0]))
    assert set(there.company.numbers) == {NUMBERS[1].removeprefix("+1")}


def test_a_release_that_bandwidth_refuses_says_why(there: AtBandwidth) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        answer: web.StreamResponse = await request[ACT](request)
        for order in there.company.disconnects.values():
            order |= {"status": "FAILED", "failure": (5006, "Disconnect Error of 2125550100")}
        return answer

    there.company.disturbance = refuse
    with pytest.raises(PermanentVendorError, match=r"could not disconnect.*5006"):
        loop.run(there.vendor().release_number(NUMBERS[0]))


@pytest.mark.parametrize("service_id", ["+12125559999", "there-is-no-such-thing", "", "+1212"])
def test_what_is_not_ours_counts_as_released(there: AtBandwidth, service_id: str) -> None:
    loop.run(there.vendor().release_number(service_id))
    assert there.company.disconnects == {}
    assert len(there.company.numbers) == len(NUMBERS)
