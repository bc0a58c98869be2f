"""Purchases and releases at Vonage that break off, at each step and in each way, and end well."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorError,
    VendorNotConfigured,
)
from service_vendors.vendors import loop
from tests.simulators.disturbances import Handler, hang_up, say_nothing, saying
from tests.simulators.nexmo import numbers
from tests.simulators.nexmo.company import Refusal
from tests.simulators.nexmo.routes import answered
from tests.vendors.nexmo_account import OURS, PUBLIC_ADDRESS, AtNexmo, at_nexmo, every

WANTED = 2
IMPATIENT, PATIENT = 0.3, 20.0


@pytest.fixture
def there() -> Iterator[AtNexmo]:
    """An account at Vonage."""
    with at_nexmo() as there:
        yield there


def _steps_before_the_purchase(there: AtNexmo) -> int:
    """How many requests an order of one number makes before it buys."""
    start = len(there.company.requests)
    there.buy(1, "rehearsal")
    paths = [one.path for one in there.company.requests[start:]]
    there.company.purchases.clear()
    return paths.index("/number/buy")


def _requests_of_an_order(there: AtNexmo) -> int:
    before = len(there.company.requests)
    there.buy(WANTED, "rehearsal")
    return len(there.company.requests) - before


@pytest.mark.parametrize("how", [hang_up, say_nothing, saying("", 500)])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_purchase_that_breaks_at_any_step_is_finished_and_never_made_twice(
    there: AtNexmo, settings: Any, moment: str, how: Handler
) -> None:
    """Spoke: buying, attaching and recording are not one (T:782), and fail in part (T:833)."""
    steps, broken = _requests_of_an_order(there), 0
    for step in range(steps):
        reference = f"order-{moment}-{step}"
        already = len(there.company.purchases)
        there.break_at(step, moment, how)
        settings.VENDOR_READ_SECONDS = IMPATIENT
        try:
            there.buy(WANTED, reference)
        except (TransientVendorError, SendUncertain):
            broken += 1
        there.mend()
        settings.VENDOR_READ_SECONDS = PATIENT
        bought = there.buy(WANTED, reference)
        assert len({one.phone_number for one in bought}) == WANTED
        assert len(there.company.purchases) - already == WANTED, f"at step {step}"
        assert sorted(there.bought_under(reference)) == sorted(
            one.phone_number[1:] for one in bought
        )
        assert there.notes() == [], f"at step {step}"
    assert broken >= 3 * WANTED, "what is only asked may be asked again at once, and no more"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_purchase_that_breaks_again_and_again_ends_well(there: AtNexmo, moment: str) -> None:
    tries = 0
    for step in range(40):
        there.break_at(3 + step % 7, moment, hang_up)
        tries += 1
        try:
            bought = there.buy(WANTED)
        except (TransientVendorError, SendUncertain):
            continue
        break
    there.mend()
    bought = there.buy(WANTED)
    assert tries > 1
    assert len(bought) == len(there.company.purchases) == WANTED
    assert there.notes() == []


def test_a_purchase_that_arrives_late_is_not_made_again(there: AtNexmo) -> None:
    """The request was on its way when the answer was given up, and the number not yet ours."""
    late: list[str] = []

    async def put_off(request: web.Request) -> web.StreamResponse:
        if request.path == "/number/buy" and not late:
            late.append(str((await request.post())["msisdn"]))
            return await hang_up(request)
        if request.path == "/number/buy":  # now the first request arrives, before the second
            numbers.give(there.company, late[0])
            there.company.purchases.append(late[0])
            raise Refusal(420, numbers.REFUSED)
        return await answered(request)

    there.company.disturbance = put_off
    with pytest.raises(SendUncertain):
        there.buy()
    (one,) = there.buy()
    assert [one.phone_number[1:]] == late == there.company.purchases
    assert there.notes() == []


def test_a_number_that_somebody_else_took_in_time_is_let_go(there: AtNexmo) -> None:
    there.break_at(_steps_before_the_purchase(there), "before", hang_up)
    with pytest.raises(SendUncertain):
        there.buy()
    (note,) = there.notes()
    there.mend()
    taken = note.split("-")[1].split(" ")[0]
    del there.company.for_sale[taken]
    (one,) = there.buy()
    assert one.phone_number[1:] != taken
    assert there.company.purchases == [one.phone_number[1:]]
    assert there.notes() == []


def test_a_number_that_another_order_took_in_time_stays_the_others(there: AtNexmo) -> None:
    there.break_at(_steps_before_the_purchase(there), "before", hang_up)
    with pytest.raises(SendUncertain):
        there.buy()
    there.mend()
    taken: list[str] = []

    async def be_quicker(request: web.Request) -> web.StreamResponse:
        if request.path == "/number/buy" and not taken:
            taken.append(str((await request.post())["msisdn"]))
            address = f"{PUBLIC_ADDRESS}/nexmo/7?order=order-2"
            numbers.give(there.company, taken[0], moHttpUrl=address)
        return await answered(request)

    there.company.disturbance = be_quicker
    (one,) = there.buy()
    assert one.phone_number[1:] != taken[0]
    assert there.bought_under("order-2") == taken
    assert there.notes() == []


def test_another_orders_numbers_and_notes_are_left_alone(there: AtNexmo) -> None:
    there.break_at(_steps_before_the_purchase(there), "after", hang_up)
    with pytest.raises(SendUncertain):
        there.buy(1, "order-1")
    there.mend()
    (other,) = there.buy(1, "order-2")
    assert len(there.notes()) == 1
    (first,) = there.buy(1, "order-1")
    assert first.phone_number != other.phone_number
    assert len(there.company.purchases) == 2


@pytest.mark.parametrize("how", [hang_up, say_nothing, saying("", 500)])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_release_that_breaks_may_be_repeated(
    there: AtNexmo, settings: Any, moment: str, how: Handler
) -> None:
    (one,) = there.buy()
    there.break_at(0, moment, how)
    settings.VENDOR_READ_SECONDS = IMPATIENT
    with pytest.raises(VendorError):
        loop.run(there.vendor().release_number(one.service_id))
    there.mend()
    settings.VENDOR_READ_SECONDS = PATIENT
    loop.run(there.vendor().release_number(one.service_id))
    assert there.company.cancellations == [one.phone_number[1:]]
    assert one.phone_number not in there.owned()


def test_a_note_is_found_among_many_applications(there: AtNexmo) -> None:
    for number in range(250):
        there.company.new_application("Our Union" if number % 2 else "Buying for nobody")
    there.break_at(_steps_before_the_purchase(there), "after", hang_up)
    with pytest.raises(SendUncertain):
        there.buy()
    there.mend()
    (one,) = there.buy()
    assert there.company.purchases == [one.phone_number[1:]]
    assert set(there.notes()) == {"Buying for nobody"}


def test_without_a_note_nothing_is_bought(there: AtNexmo) -> None:

    async def forget_its_id(request: web.Request) -> web.StreamResponse:
        if request.method == "POST" and request.path == "/v2/applications":
            return web.json_response({"name": "?"}, status=201)
        return await answered(request)

    there.company.disturbance = forget_its_id
    with pytest.raises(SendUncertain):
        there.buy()
    assert there.company.purchases == []


def test_a_note_that_cannot_be_removed_now_is_removed_later(there: AtNexmo) -> None:

    async def keep_notes(request: web.Request) -> web.StreamResponse:
        if request.method == "DELETE":
            raise Refusal(400, {"title": "1020"})
        return await answered(request)

    there.company.disturbance = keep_notes
    with pytest.raises(VendorError):
        there.buy()
    there.company.disturbance = None
    (one,) = there.buy()
    assert there.company.purchases == [one.phone_number[1:]]
    assert there.notes() == []


@pytest.mark.parametrize("address", ["https://[", "https://example.org/?order=", "", "?order"])
def test_an_address_without_an_order_belongs_to_none(there: AtNexmo, address: str) -> None:
    there.company.numbers[OURS[1:]]["moHttpUrl"] = address
    assert there.owned()[OURS].reference == ""


def test_orders_at_the_same_time_buy_different_numbers(there: AtNexmo) -> None:
    """They find the same numbers for sale, and are refused each other's."""
    vendor = there.vendor()

    async def buy(reference: str) -> list[str]:
        found = vendor.buy_numbers_in_area_code("212", 3, reference)
        return [one.phone_number async for one in found]

    async def buy_all() -> list[list[str]]:
        return await asyncio.gather(*(buy(f"order-{number}") for number in range(4)))

    bought = [number for order in loop.run(buy_all()) for number in order]
    assert len(bought) == len(set(bought)) == len(there.company.purchases) == 12
    assert there.notes() == []


def test_an_address_that_vonage_calls_in_vain_is_said_so_and_buys_nothing_twice(
    there: AtNexmo,
) -> None:
    there.company.tries_addresses = True
    vendor = there.vendor(callback_base="http://127.0.0.1:9")
    for _ in range(2):
        with pytest.raises(VendorNotConfigured, match="in vain"):
            every(vendor.buy_numbers_in_area_code("212", 1, "order-1"))
    assert len(there.company.purchases) == 1
    there.company.tries_addresses = False
    (one,) = every(vendor.buy_numbers_in_area_code("212", 1, "order-1"))
    assert there.company.purchases == [one.phone_number[1:]]


@pytest.mark.parametrize(
    ("body", "means"),
    [
        ('{"error-code": "420"}', PermanentVendorError),
        ('{"error-code": "500"}', SendUncertain),
        ("<html>", SendUncertain),
    ],
)
def test_a_purchase_is_made_when_vonage_says_so_and_not_before(
    there: AtNexmo, body: str, means: type[VendorError]
) -> None:

    async def mumble(request: web.Request) -> web.StreamResponse:
        if request.path == "/number/buy":
            return web.Response(text=body)
        return await answered(request)

    there.company.disturbance = mumble
    with pytest.raises(means):
        there.buy()
