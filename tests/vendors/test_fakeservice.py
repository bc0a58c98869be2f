"""The vendor's own ways: what answers mean, and what saving its settings does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from service_vendors.exceptions import (
    ConfigurationRejected,
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorError,
    VendorNotConfigured,
)
from service_vendors.types import (
    Feature,
    OutboundMessage,
    ReportStatus,
    ServiceManagerData,
    VendorAccount,
)
from service_vendors.vendors import http, loop
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from service_vendors.vendors.fakeservice.vendor import FakeService
from tests.vendors.receiver import Receiver

MESSAGE = OutboundMessage("ref-1", "+12125550142", "hello")


class Stranger:
    """Somebody else who answers at the company's address."""

    url = ""
    answer: Any = None


@pytest_asyncio.fixture
async def stranger() -> AsyncIterator[Stranger]:
    somebody = Stranger()

    async def respond(request: web.BaseRequest) -> web.StreamResponse:
        status, body = somebody.answer
        return web.Response(status=status, text=body, headers={"Location": "/x"})

    runner = web.ServerRunner(web.Server(respond, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    somebody.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield somebody
    await http.close()
    await runner.cleanup()


def _at(url: str, **config: str) -> FakeService:
    settings = {"api_url": url, "account_sid": "demo", "api_key": "key", **config}
    return FakeService(VendorAccount("fakeservice", 1, settings, "http://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("status", "body", "means", "code"),
    [
        (400, '{"code": 101, "message": "no number"}', PermanentVendorError, 101),
        (400, '{"code": "430"}', PermanentVendorError, 430),
        (409, '{"code": 102}', PermanentVendorError, 102),
        (400, "no reason", TransientVendorError, None),
        (400, '{"message": "no code"}', TransientVendorError, None),
        (400, '{"code": null}', TransientVendorError, None),
        (400, "[1]", TransientVendorError, None),
        (404, "<html>no such page</html>", TransientVendorError, None),
        (302, "", TransientVendorError, None),
        (401, "", VendorNotConfigured, None),
        (403, "", VendorNotConfigured, None),
        (429, "", TransientVendorError, None),
        (503, "", TransientVendorError, None),
        (500, '{"code": 101}', SendUncertain, None),
        (502, "", SendUncertain, None),
        (504, "", SendUncertain, None),
        (200, "", SendUncertain, None),
        (200, "<html>", SendUncertain, None),
        (200, "[" * 50_000, SendUncertain, None),
        (201, '{"id": 5, "from": "+12125550100"}', SendUncertain, None),
        (201, '{"id": "m"}', SendUncertain, None),
    ],
)
async def test_every_answer_to_a_message_means_one_thing(
    stranger: Stranger, status: int, body: str, means: type[VendorError], code: int | None
) -> None:
    stranger.answer = status, body
    with pytest.raises(means) as raised:
        await _at(stranger.url).send_message(MESSAGE)
    assert type(raised.value) is means
    assert raised.value.code == code


@pytest.mark.parametrize("code", [610, 430])
async def test_a_refusal_because_the_contact_unsubscribed_says_so(
    stranger: Stranger, code: int
) -> None:
    stranger.answer = 400, f'{{"code": {code}}}'
    with pytest.raises(PermanentVendorError) as raised:
        await _at(stranger.url).send_message(MESSAGE)
    assert raised.value.opted_out is (code == 610)


@pytest.mark.parametrize("status", [500, 502])
async def test_a_question_that_fails_may_be_asked_again(stranger: Stranger, status: int) -> None:
    stranger.answer = status, ""
    with pytest.raises(TransientVendorError):
        await _at(stranger.url).find_message(MESSAGE)


async def test_an_address_where_something_else_answers_is_not_saved(stranger: Stranger) -> None:
    stranger.answer = 404, '{"code": 7, "message": "what?"}'
    with pytest.raises(ConfigurationRejected) as raised:
        await _at(stranger.url).check_connection()
    assert "api_url" in raised.value.field_errors


def test_a_wrong_key_is_refused(server: FakeServiceServer) -> None:
    vendor = _at(server.url, api_key="the wRong key")
    with pytest.raises(ConfigurationRejected) as raised:
        loop.run(vendor.check_connection())
    assert "api_key" in raised.value.field_errors
    with pytest.raises(VendorNotConfigured):
        loop.run(vendor.send_message(MESSAGE))
    assert server.sent() == []


def test_a_check_tells_the_account_and_its_balance(server: FakeServiceServer) -> None:
    sentence = loop.run(_at(server.url, account_sid="our-union").check_connection())
    assert sentence == "Fakeservice knows the account our-union; its balance is 100.00 USD."


def test_without_a_public_address_it_sends_and_hears_nothing(server: FakeServiceServer) -> None:
    vendor = FakeService(VendorAccount("fakeservice", 1, server.account()))
    loop.run(vendor.update_config({}, vendor.account.config, ServiceManagerData()))
    loop.run(vendor.send_message(MESSAGE))
    state = server.call("GET", "/ledger")
    assert (state["count"], state["waiting_events"]) == (1, 0)
    assert [one.text for one in loop.run(vendor.handset_messages("+12125550142"))] == ["hello"]


def test_a_message_that_failed_is_found_as_failed(
    server: FakeServiceServer, fake: FakeService
) -> None:
    doomed = OutboundMessage("ref-2", "+12125550142", "error404")
    loop.run(fake.send_message(doomed))
    found = loop.run(fake.find_message(doomed))
    assert found is not None
    assert (found.status, found.error_code) == (ReportStatus.ERROR, 404)


def test_a_word_can_make_the_company_refuse_a_message(
    server: FakeServiceServer, fake: FakeService
) -> None:
    with pytest.raises(PermanentVendorError) as raised:
        loop.run(fake.send_message(OutboundMessage("ref-3", "+12125550142", "refuse451")))
    assert raised.value.code == 451
    assert server.sent() == []


def test_error_links_lead_to_the_company_that_is_configured(
    server: FakeServiceServer, settings: Any
) -> None:
    settings.FAKESERVICE_API_URL = server.url + "/"
    assert FakeService.error_link(404) == f"{server.url}/errors/404"
    del settings.FAKESERVICE_API_URL
    assert FakeService.error_link(404).startswith("http://127.0.0.1:8001/")


def test_it_says_that_it_is_a_stand_in() -> None:
    assert Feature.HANDSET in FakeService.supports


def test_numbers_somebody_else_buys_first_are_passed_over(
    server: FakeServiceServer, receiver: Receiver
) -> None:
    ours, theirs = (receiver.bind(FakeService, server.account(name)) for name in ("a", "b"))

    async def buy_while_another_buys() -> tuple[list[str], list[str]]:
        mine: list[str] = []
        others: list[str] = []
        async for number in ours.buy_numbers_in_area_code("303", 4, "r"):
            mine.append(number.phone_number)
            async for other in theirs.buy_numbers_in_area_code("303", 1, "r"):
                others.append(other.phone_number)  # noqa: PERF401 - one after the other
        return mine, others

    mine, others = loop.run(buy_while_another_buys())
    assert len(mine) == len(others) == 4
    assert not set(mine) & set(others)


def test_an_area_without_numbers_sells_none(fake: FakeService) -> None:
    async def buy(area_code: str) -> list[Any]:
        return [one async for one in fake.buy_numbers_in_area_code(area_code, 2, "r")]

    for area_code in ("000", "999", "833", "12", "abc", "2 2"):
        assert loop.run(buy(area_code)) == []


def test_more_numbers_than_fit_a_page_are_all_listed(fake: FakeService) -> None:
    async def buy_and_list() -> tuple[set[str], list[str]]:
        bought = {one.phone_number async for one in fake.buy_numbers_in_area_code("404", 520, "r")}
        return bought, [one.phone_number async for one in fake.list_owned_numbers()]

    bought, listed = loop.run(buy_and_list())
    assert len(bought) == len(listed) == 520
    assert bought == set(listed)


def test_two_purchases_go_on_past_a_page_of_the_search(fake: FakeService) -> None:
    async def search() -> list[str]:
        return [one.phone_number async for one in fake.search_numbers("404", 10_000)]

    found = loop.run(search())
    assert len(found) == len(set(found)) == 500
