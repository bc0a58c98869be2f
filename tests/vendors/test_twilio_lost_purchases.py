"""Purchases whose answer is lost, or whose worker dies, are found again and never made twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorError,
)
from service_vendors.vendors import loop
from service_vendors.vendors.twilio import errors, numbers
from tests.simulators.disturbances import hang_up, refusing, say_nothing
from tests.simulators.twilio import mishaps
from tests.simulators.twilio.company import Refusal
from tests.simulators.twilio.numbers import stock
from tests.vendors.twilio_account import PUBLIC_ADDRESS, AtTwilio, at_twilio
from tests.vendors.twilio_collecting import every, until_it_fails

ORDER = ("POST", "/IncomingPhoneNumbers.json")
ATTACH = ("POST", "/PhoneNumbers")


@pytest.fixture
def there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[AtTwilio]:
    """An account at Twilio, and no patience."""
    settings.VENDOR_READ_SECONDS = 0.5
    monkeypatch.setattr(numbers, "PAUSE_SECONDS", 0.01)
    with at_twilio() as there:
        yield there


def buy(there: AtTwilio, limit: int = 2) -> tuple[list[str], VendorError | None]:
    """Buy under the same reference as always; the numbers, and what went wrong."""
    found, error = until_it_fails(there.vendor().buy_numbers_in_area_code("212", limit, "job-1"))
    return [one.phone_number for one in found], error


def ours(there: AtTwilio) -> list[str]:
    """What was bought at Twilio, in truth."""
    return [
        one["phone_number"]
        for one in there.company.numbers.values()
        if one.get("friendly_name") == "job-1"
    ]


@pytest.mark.parametrize("how", mishaps.LOST)
def test_a_purchase_whose_answer_is_lost_is_found_and_goes_on(there: AtTwilio, how: str) -> None:
    there.company.disturbance = mishaps.at(*ORDER, mishaps.done_and(mishaps.LOST[how]), times=1)
    found, error = buy(there)
    assert error is None
    assert len(found) == 2 and found == ours(there)
    assert buy(there) == (found, None)
    assert ours(there) == found


@pytest.mark.parametrize("how", mishaps.LOST)
def test_a_purchase_that_cannot_be_found_either_is_uncertain_and_buys_nothing_more(
    there: AtTwilio, how: str
) -> None:
    """Twilio's list is as silent as its till; called again in better times, the job goes on."""

    async def lost_from_then_on(request: Any) -> Any:
        there.company.disturbance = refusing(Refusal(503, 20503))
        return await mishaps.LOST[how](request)

    there.company.disturbance = mishaps.at(*ORDER, mishaps.done_and(lost_from_then_on))
    found, error = buy(there)
    assert found == [] and isinstance(error, SendUncertain)
    (lost,) = ours(there)
    there.company.disturbance = None
    found, error = buy(there, limit=1)
    assert (found, error) == ([lost], None)
    assert ours(there) == [lost]


def test_a_purchase_that_was_not_made_is_uncertain_too_and_made_by_the_next_call(
    there: AtTwilio,
) -> None:
    there.company.disturbance = mishaps.at(*ORDER, hang_up, times=1)
    found, error = buy(there)
    assert found == [] and isinstance(error, SendUncertain)
    assert ours(there) == []
    found, error = buy(there)
    assert error is None and found == ours(there) and len(found) == 2


def test_a_number_that_is_said_to_be_taken_may_be_ours_already(there: AtTwilio) -> None:
    """An order in flight is carried out between our looking and our buying."""
    first = stock("+1212")[0]

    async def already_done(request: Any) -> Any:
        await mishaps.as_usual(request)
        raise Refusal(400, errors.NUMBER_NOT_AVAILABLE)

    there.company.disturbance = mishaps.at(*ORDER, already_done, times=1)
    assert buy(there, limit=1) == ([first], None)
    assert ours(there) == [first]


@pytest.mark.parametrize("refusal", [Refusal(429, 20429), Refusal(503, 20503), Refusal(401, 20003)])
def test_a_list_that_cannot_be_read_buys_nothing(there: AtTwilio, refusal: Refusal) -> None:
    there.company.disturbance = mishaps.at("GET", "/IncomingPhoneNumbers.json", refusing(refusal))
    found, error = buy(there)
    assert found == [] and error is not None and ours(there) == []


def test_a_number_that_cannot_be_attached_is_told_and_attached_by_the_next_call(
    there: AtTwilio,
) -> None:
    """Spoke: buying and attaching fall apart (T:782-826), and nobody learns of it (T:833)."""
    there.company.disturbance = mishaps.at(*ATTACH, refusing(Refusal(403, 20403)))
    (bought,), error = until_it_fails(there.vendor().buy_numbers_in_area_code("212", 2, "job-1"))
    assert bought.messageservice_sid == "" and error is not None
    there.company.disturbance = None
    found = every(there.vendor().buy_numbers_in_area_code("212", 2, "job-1"))
    assert found[0].service_id == bought.service_id
    assert {one.messageservice_sid for one in found} == {there.config["message_service_sid"]}
    assert len(ours(there)) == 2


@pytest.mark.parametrize("how", mishaps.LOST)
def test_attaching_is_repeated_when_its_answer_is_lost(there: AtTwilio, how: str) -> None:
    there.company.disturbance = mishaps.at(*ATTACH, mishaps.done_and(mishaps.LOST[how]), times=1)
    (bought,) = every(there.vendor().buy_numbers_in_area_code("212", 1, "job-1"))
    assert bought.messageservice_sid == there.config["message_service_sid"]
    assert len(ours(there)) == 1


def test_a_number_that_a_campaign_took_meanwhile_stays_there(there: AtTwilio) -> None:
    vendor = there.vendor()
    (bought,) = every(vendor.buy_numbers_in_area_code("212", 1, "job-1"))
    campaign = loop.run(vendor.create_messaging_service("A campaign"))
    loop.run(vendor.add_numbers_to_messaging_service(campaign, [bought.service_id]))
    first, second = every(vendor.buy_numbers_in_area_code("212", 2, "job-1"))
    assert (first.service_id, first.messageservice_sid) == (bought.service_id, campaign)
    assert second.messageservice_sid == there.config["message_service_sid"]


def test_only_what_fits_into_the_messaging_service_is_bought(there: AtTwilio) -> None:
    """What was bought before, and is outside yet, has the first claim to the room."""
    inside = there.company.services[there.config["message_service_sid"]]["numbers"]
    inside += [there.company.new_sid("PN") for _ in range(397 - len(inside))]
    there.company.numbers.update(
        {sid: {"sid": sid, "phone_number": f"+1216777{i:04}"} for i, sid in enumerate(inside)}
    )
    there.company.disturbance = mishaps.at(*ATTACH, refusing(Refusal(403, 20403)))
    (loose,), _ = until_it_fails(there.vendor().buy_numbers_in_area_code("212", 5, "job-1"))
    there.company.disturbance = None
    found, error = until_it_fails(there.vendor().buy_numbers_in_area_code("212", 5, "job-1"))
    assert found[0].service_id == loose.service_id and len(found) == 3
    assert isinstance(error, PermanentVendorError) and error.code == errors.POOL_FULL
    assert len(inside) == 400 and len(ours(there)) == 3
    assert str(error).endswith(".")


def test_a_messaging_service_that_fills_up_meanwhile_is_said_to_be_full(there: AtTwilio) -> None:
    there.company.disturbance = mishaps.at(*ATTACH, refusing(Refusal(412, 21714)))
    found, error = buy(there)
    assert len(found) == 1 and isinstance(error, PermanentVendorError)
    assert error.code == errors.POOL_FULL


def test_who_stops_listening_has_bought_no_more_than_was_told(there: AtTwilio) -> None:
    """Each number is yielded as soon as it is ours, so that it is recorded before the next."""

    async def listen_once() -> str:
        offered = there.vendor().buy_numbers_in_area_code("212", 5, "job-1")
        async for one in offered:
            await offered.aclose()  # type: ignore[attr-defined]  # it is a generator
            return one.phone_number
        raise AssertionError("nothing was for sale")

    first = loop.run(listen_once())
    assert ours(there) == [first]
    found, error = buy(there, limit=3)
    assert found[0] == first and error is None and len(ours(there)) == 3


WORKER = """
import json, sys
import django; django.setup()
from service_vendors.types import VendorAccount
from service_vendors.vendors import loop
from service_vendors.vendors.twilio.vendor import Twilio
async def buy():
    account = VendorAccount("twilio", 7, json.loads(sys.argv[1]), sys.argv[2])
    async for one in Twilio(account).buy_numbers_in_area_code("212", 3, "job-1"):
        print(one.phone_number, flush=True)
loop.run(buy())
"""


@pytest.mark.parametrize("step", [ORDER, ATTACH])
def test_a_worker_killed_in_the_middle_of_a_purchase_leaves_nothing_to_buy_twice(
    there: AtTwilio, step: tuple[str, str]
) -> None:
    there.company.disturbance = mishaps.at(*step, mishaps.done_and(say_nothing))
    command = [sys.executable, "-c", WORKER, json.dumps(there.config), PUBLIC_ADDRESS]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(command, env=environment) as worker:
        while not reached(there, *step) and worker.poll() is None:
            time.sleep(0.02)
        worker.kill()
    (bought,) = ours(there)
    there.company.disturbance = None
    found, error = buy(there, limit=1)
    assert (found, error) == ([bought], None)
    assert ours(there) == [bought]
    service = there.company.services[there.config["message_service_sid"]]
    assert len(service["numbers"]) == 3


def reached(there: AtTwilio, method: str, path: str) -> bool:
    """Whether somebody asked for this, and something was bought."""
    asked = [one for one in there.company.requests if one.method == method]
    return bool(ours(there)) and any(one.path.endswith(path) for one in asked)


def test_a_transient_refusal_of_an_order_is_told_as_one(there: AtTwilio) -> None:
    there.company.disturbance = mishaps.at(*ORDER, refusing(Refusal(429, 20429, retry_after=7)))
    found, error = buy(there)
    assert found == [] and isinstance(error, TransientVendorError)
    assert error.retry_after_seconds == 7
