"""Numbers at Twilio: found by area, bought into the messaging service, listed, given back."""

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
from service_vendors.vendors import loop
from service_vendors.vendors.twilio import areas, errors
from service_vendors.vendors.twilio.vendor import Twilio
from tests.simulators.disturbances import refusing, saying
from tests.simulators.twilio import mishaps, numbers, pricing
from tests.simulators.twilio.company import Refusal, Request
from tests.vendors.twilio_account import PUBLIC_ADDRESS, AtTwilio, at_twilio
from tests.vendors.twilio_collecting import every, until_it_fails

LOCAL_PRICE, TOLL_FREE_PRICE = Decimal("1.15"), Decimal("2.15")


@pytest.fixture
def there(settings: Any) -> Iterator[AtTwilio]:
    """An account at Twilio with two numbers in a messaging service."""
    settings.VENDOR_READ_SECONDS = 2.0
    with at_twilio() as there:
        yield there


def abroad(there: AtTwilio, country: str) -> Twilio:
    """The vendor of an account whose numbers are in another country."""
    return Twilio(replace(there.vendor().account, country=country))


def asked(there: AtTwilio, path: str) -> list[Request]:
    """The requests to addresses with this in them."""
    return [one for one in there.company.requests if path in one.path]


def orders(there: AtTwilio) -> list[Request]:
    """The purchases that were asked for."""
    return [one for one in asked(there, "IncomingPhoneNumbers") if one.method == "POST"]


# -- searching -----------------------------------------------------------------------------------


def test_a_number_for_sale_has_a_price_a_place_and_what_it_can_do(there: AtTwilio) -> None:
    found = every(there.vendor().search_numbers("212", 5))
    assert len(found) == 5
    for one in found:
        assert one.phone_number.startswith("+1212")
        assert one.monthly_price == LOCAL_PRICE
        assert one.capabilities == ("sms", "mms", "voice")
        assert one.region == "Hilo, HI"


@pytest.mark.parametrize("prefix", sorted(areas.TOLL_FREE))
def test_every_toll_free_prefix_is_an_area_of_its_own(there: AtTwilio, prefix: str) -> None:
    """Spoke: toll-free numbers are filed under another area than their own (T:818)."""
    assert f"+1{prefix}" in numbers.TOLL_FREE
    (bought,) = every(there.vendor().buy_numbers_in_area_code(prefix, 1, f"job-{prefix}"))
    assert bought.phone_number.startswith(f"+1{prefix}")
    assert bought.monthly_price == TOLL_FREE_PRICE
    (search,) = asked(there, "/TollFree.json")
    assert ("AreaCode", prefix) in search.query


def test_the_country_is_the_accounts_and_otherwise_the_settings(
    there: AtTwilio, settings: Any
) -> None:
    """Spoke: a blank in the setting's name makes every country the United States (T:848)."""
    settings.PHONE_NUMBER_COUNTRY = " gb "
    (mobile,) = every(there.vendor().search_numbers("7400", 1))
    assert mobile.phone_number.startswith("+447400")
    assert every(abroad(there, "CA").search_numbers("416", 1))[0].phone_number.startswith("+1416")
    assert [one.path.split("/")[5] for one in asked(there, "AvailablePhoneNumbers")] == ["GB", "CA"]


def test_abroad_mobile_numbers_come_first_and_then_local_ones(there: AtTwilio) -> None:
    vendor = abroad(there, "GB")
    assert "mms" not in every(vendor.search_numbers("7400", 2))[0].capabilities
    assert len(every(vendor.search_numbers("020", 3))) == 3
    kinds = [one.path.rsplit("/", 1)[1] for one in asked(there, "AvailablePhoneNumbers")]
    assert kinds == ["Mobile.json", "Mobile.json", "Local.json"]


@pytest.mark.parametrize(
    ("country", "area_code", "words"),
    [("US", "21", "three digits"), ("US", "", "three digits"), ("GB", "London", "digits")],
)
def test_what_is_no_area_is_said_before_twilio_is_asked(
    there: AtTwilio, country: str, area_code: str, words: str
) -> None:
    vendor = abroad(there, country)
    for use in (
        vendor.search_numbers(area_code, 1),
        vendor.buy_numbers_in_area_code(area_code, 1, "job"),
    ):
        with pytest.raises(PermanentVendorError, match=words):
            every(use)
    assert there.company.requests == []


def test_an_area_without_numbers_has_none(there: AtTwilio) -> None:
    assert every(there.vendor().search_numbers("907", 5)) == []
    assert every(there.vendor().buy_numbers_in_area_code("907", 5, "job")) == []


def test_where_prices_cannot_be_told_numbers_are_sold_all_the_same(there: AtTwilio) -> None:
    """Nobody asks again for each number of a long list."""
    there.company.disturbance = mishaps.at("GET", "/Countries/US", refusing(Refusal(503, 20503)))
    found = every(there.vendor().buy_numbers_in_area_code("212", 3, "job"))
    assert [one.monthly_price for one in found] == [None, None, None]
    assert len(asked(there, "/v1/PhoneNumbers/Countries/")) == 1


@pytest.mark.parametrize("price", ["none", "NaN", None])
def test_a_price_that_is_none_is_not_believed(
    there: AtTwilio, price: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(pricing.PRICES, "US", ("USD", {"local": price}))
    assert every(there.vendor().search_numbers("212", 1))[0].monthly_price is None


def test_a_price_in_another_currency_is_not_shown_as_dollars(
    there: AtTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(pricing.PRICES, "US", pricing.PRICES["JP"])
    assert every(there.vendor().search_numbers("212", 1))[0].monthly_price is None


# -- buying --------------------------------------------------------------------------------------


def test_a_bought_number_is_tagged_calls_us_and_is_in_the_messaging_service(
    there: AtTwilio,
) -> None:
    """Spoke: buying, attaching and recording fall apart (T:782-826)."""
    (bought,) = every(there.vendor().buy_numbers_in_area_code("212", 1, "job-1"))
    form = dict(orders(there)[0].form)
    assert form["FriendlyName"] == bought.reference == "job-1"
    assert form["SmsUrl"] == f"{PUBLIC_ADDRESS}/twilio/7"
    service = there.config["message_service_sid"]
    assert bought.messageservice_sid == service
    assert bought.service_id in there.company.services[service]["numbers"]
    assert bought.monthly_price == LOCAL_PRICE


def test_without_a_messaging_service_numbers_are_bought_on_their_own(there: AtTwilio) -> None:
    vendor = there.vendor(message_service_sid="")
    (bought,) = every(vendor.buy_numbers_in_area_code("212", 1, "job-1"))
    assert bought.messageservice_sid == ""
    assert asked(there, "/v1/Services") == []


def test_an_order_buys_no_more_than_the_installation_allows(there: AtTwilio, settings: Any) -> None:
    settings.MAX_NUMBERS_PER_BUY_JOB = 3
    assert len(every(there.vendor().buy_numbers_in_area_code("212", 50, "job-1"))) == 3
    assert len(every(there.vendor().buy_numbers_in_area_code("212", 50, "job-1"))) == 3
    assert len(orders(there)) == 3


def test_an_area_with_less_than_was_wanted_sells_what_it_has(there: AtTwilio) -> None:
    assert len(every(there.vendor().buy_numbers_in_area_code("906", 5, "job-1"))) == 2


def test_a_number_that_somebody_else_bought_first_is_passed_over(there: AtTwilio) -> None:
    first, second, *_ = numbers.stock("+1212")
    there.company.refusals = {
        first: Refusal(400, errors.NUMBER_NOT_AVAILABLE),
        second: Refusal(400, errors.NOT_A_NUMBER_TO_BUY),
    }
    bought = every(there.vendor().buy_numbers_in_area_code("212", 2, "job-1"))
    assert len(bought) == 2 and not {first, second} & {one.phone_number for one in bought}


@pytest.mark.parametrize("code", [21404, 21631, 21649, 22300])
def test_what_twilio_refuses_to_sell_at_all_is_said_in_words(there: AtTwilio, code: int) -> None:
    """Spoke: an order that fails half-way hides why, and what it bought (T:833)."""
    third = numbers.stock("+1212")[2]
    there.company.refusals[third] = Refusal(400, code)
    bought, error = until_it_fails(there.vendor().buy_numbers_in_area_code("212", 5, "job-1"))
    assert len(bought) == 2
    assert isinstance(error, PermanentVendorError)
    assert str(error) == errors.DESCRIPTIONS[code]


def test_nothing_is_bought_that_could_not_call_us(there: AtTwilio) -> None:
    nowhere = Twilio(replace(there.vendor().account, callback_base=""))
    with pytest.raises(VendorNotConfigured, match="BASE_URL"):
        every(nowhere.buy_numbers_in_area_code("212", 1, "job-1"))
    assert there.company.requests == []


@pytest.mark.parametrize("reference", ["", "x" * 65])
def test_an_order_that_could_not_be_tagged_is_not_made(there: AtTwilio, reference: str) -> None:
    with pytest.raises(ValueError, match="64"):
        every(there.vendor().buy_numbers_in_area_code("212", 1, reference))
    assert there.company.requests == []


def test_nothing_is_bought_for_a_messaging_service_that_is_gone(there: AtTwilio) -> None:
    vendor = there.vendor(message_service_sid="MG" + "f" * 32)
    with pytest.raises(PermanentVendorError, match="no such messaging service"):
        every(vendor.buy_numbers_in_area_code("212", 1, "job-1"))
    assert orders(there) == []


# -- listing and releasing -----------------------------------------------------------------------


def test_every_number_is_listed_with_the_messaging_service_it_is_in(there: AtTwilio) -> None:
    """Spoke: numbers of messaging services count as unused, and are deleted (T:942)."""
    vendor = there.vendor()
    loose = every(there.vendor(message_service_sid="").buy_numbers_in_area_code("212", 60, "a"))
    theirs = loop.run(vendor.create_messaging_service("A campaign"))
    inside = [one.service_id for one in loose[:55]]
    loop.run(vendor.add_numbers_to_messaging_service(theirs, inside))
    owned = {one.service_id: one for one in every(vendor.list_owned_numbers())}
    assert len(owned) == 62
    assert {owned[sid].messageservice_sid for sid in inside} == {theirs}
    assert {owned[one.service_id].messageservice_sid for one in loose[55:]} == {""}
    own = there.config["message_service_sid"]
    assert [one.messageservice_sid for one in owned.values()].count(own) == 2
    assert owned[inside[0]].reference == "a"
    assert owned[inside[0]].monthly_price == LOCAL_PRICE


def test_only_the_accounts_own_numbers_are_asked_for(there: AtTwilio) -> None:
    """Spoke: numbers are counted and deleted without asking whose they are (T:923)."""
    every(there.vendor().list_owned_numbers())
    (listing,) = asked(there, "IncomingPhoneNumbers")
    assert f"/Accounts/{there.config['account_sid']}/" in listing.path


def test_a_messaging_service_that_is_deleted_meanwhile_does_not_disturb_a_listing(
    there: AtTwilio,
) -> None:
    there.company.disturbance = mishaps.at("GET", "/PhoneNumbers", refusing(Refusal(404, 20404)))
    assert [one.messageservice_sid for one in every(there.vendor().list_owned_numbers())] == [
        "",
        "",
    ]


def test_a_listing_that_breaks_off_fails_loudly(there: AtTwilio) -> None:
    """Who took half a list for the whole would think that the rest was released."""
    every(there.vendor().buy_numbers_in_area_code("212", 60, "a"))
    listings = 0

    async def break_on_the_second_page(request: Any) -> Any:
        nonlocal listings
        listings += 1
        if listings == 2:
            raise Refusal(503, 20503)
        return await mishaps.as_usual(request)

    there.company.disturbance = mishaps.at(
        "GET", "/IncomingPhoneNumbers.json", break_on_the_second_page
    )
    yielded, error = until_it_fails(there.vendor().list_owned_numbers())
    assert len(yielded) == 50
    assert isinstance(error, TransientVendorError)


def test_a_released_number_leaves_the_account_and_its_messaging_service(there: AtTwilio) -> None:
    (bought,) = every(there.vendor().buy_numbers_in_area_code("212", 1, "job-1"))
    loop.run(there.vendor().release_number(bought.service_id))
    assert bought.service_id not in there.company.numbers
    service = there.company.services[there.config["message_service_sid"]]
    assert bought.service_id not in service["numbers"]


@pytest.mark.parametrize("mishap", [refusing(Refusal(429, 20429)), saying("?")])
def test_a_release_is_repeated_until_it_is_certain(there: AtTwilio, mishap: Any) -> None:
    """That the number is gone when it is asked again (20404) is as good as a yes."""
    (sid, *_) = there.company.numbers
    there.company.disturbance = mishaps.at(
        "DELETE", r"/PN\w+\.json", mishaps.done_and(mishap), times=2
    )
    loop.run(there.vendor().release_number(sid))
    assert sid not in there.company.numbers


@pytest.mark.parametrize("service_id", ["", "PN", "../Messages", "PN" + "g" * 32])
def test_what_is_no_id_of_twilios_never_reaches_an_address(
    there: AtTwilio, service_id: str
) -> None:
    loop.run(there.vendor().release_number(service_id))
    assert there.company.requests == []
