"""The fake company by itself: its ledger, its moods, its numbers, its commands."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import phonenumbers
import pytest
from django.core.management import CommandError, call_command

from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorError,
    VendorNotConfigured,
)
from service_vendors.types import AvailableNumber, LookupStatus, OutboundMessage
from service_vendors.vendors import loop
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from service_vendors.vendors.fakeservice.vendor import FakeService
from tests.vendors.receiver import Receiver

CONTACT = "+12125550142"


def _message(reference: str, to: str = CONTACT, text: str = "hello") -> OutboundMessage:
    return OutboundMessage(reference, to, text)


def _send_all(vendor: FakeService, messages: list[OutboundMessage]) -> list[Any]:
    at_once = asyncio.Semaphore(50)

    async def one(message: OutboundMessage) -> Any:
        async with at_once:
            return await vendor.send_message(message)

    return loop.run_all(one(message) for message in messages)


def _refusal(
    server: FakeServiceServer, method: str, path: str, value: Any, user: str = "YTprZXk="
) -> tuple[int, Any]:
    body = value if isinstance(value, bytes) else str(value).encode()
    request = Request(server.url + path, body, {"Authorization": f"Basic {user}"}, method=method)
    with pytest.raises(HTTPError) as raised:
        urlopen(request)
    with raised.value as answer:
        return answer.code, answer.read()


# -- the ledger -----------------------------------------------------------------------------------


def test_every_message_taken_stands_in_the_ledger_however_often(
    server: FakeServiceServer, fake: FakeService
) -> None:
    for reference in ("a", "b", "a"):
        loop.run(fake.send_message(_message(reference)))
    assert [one["reference"] for one in server.sent()] == ["a", "b", "a"]
    assert [one["reference"] for one in server.sent("b")] == ["b"]
    state = server.call("GET", "/ledger")
    assert (state["count"], state["different_references"], state["calls"]) == (3, 2, 3)
    assert state["repeated"] == [{"reference": "a", "times": 2}]


def test_a_long_ledger_can_be_read_in_pages(server: FakeServiceServer, fake: FakeService) -> None:
    _send_all(fake, [_message(f"r{number}") for number in range(25)])
    seen: list[str] = []
    after = 0
    while page := server.call("GET", f"/ledger?limit=10&after={after}")["messages"]:
        assert len(page) <= 10
        seen += [one["reference"] for one in page]
        after = page[-1]["seq"]
    assert sorted(seen) == sorted(f"r{number}" for number in range(25))
    assert _refusal(server, "GET", "/ledger?limit=x", b"")[0] == 400


def test_the_ledger_outlives_the_server_and_can_be_read_beside_it(
    tmp_path: Path, receiver: Receiver
) -> None:
    file = tmp_path / "ledger.sqlite3"
    with FakeServiceServer(ledger=file) as first:
        account = first.account()
        loop.run(receiver.bind(FakeService, account).send_message(_message("a")))
        beside = sqlite3.connect(file)
        assert beside.execute("SELECT reference FROM messages").fetchall() == [("a",)]
        beside.close()
    with FakeServiceServer(ledger=file) as second:
        vendor = receiver.bind(FakeService, {**account, "api_url": second.url})
        loop.run(vendor.send_message(_message("b")))
        assert [one["reference"] for one in second.sent()] == ["a", "b"]


def test_accounts_do_not_see_each_other(server: FakeServiceServer, receiver: Receiver) -> None:
    ours, theirs = (receiver.bind(FakeService, server.account(name)) for name in ("a", "b"))
    loop.run(ours.send_message(_message("ref")))
    assert loop.run(ours.find_message(_message("ref"))) is not None
    assert loop.run(theirs.find_message(_message("ref"))) is None
    assert loop.run(theirs.handset_messages(CONTACT)) == []

    async def trade() -> None:
        (number,) = [one async for one in ours.buy_numbers_in_area_code("212", 1, "r")]
        pool = await ours.create_messaging_service("ours")
        assert [one async for one in theirs.list_owned_numbers()] == []
        await theirs.release_number(number.service_id)
        await theirs.delete_messaging_service(pool)
        with pytest.raises(PermanentVendorError):
            await theirs.add_numbers_to_messaging_service(pool, [number.service_id])
        await ours.add_numbers_to_messaging_service(pool, [number.service_id])
        assert [one.service_id async for one in ours.list_owned_numbers()] == [number.service_id]

    loop.run(trade())


# -- moods ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "means", "taken"),
    [
        ("refuse", TransientVendorError, 0),
        ("limit", TransientVendorError, 0),
        ("reject", PermanentVendorError, 0),
        ("lock out", VendorNotConfigured, 0),
        ("reset", SendUncertain, 1),
        ("break", SendUncertain, 1),
        ("garble", SendUncertain, 1),
    ],
)
def test_a_fault_happens_as_it_says(
    server: FakeServiceServer,
    fake: FakeService,
    fault: str,
    means: type[VendorError],
    taken: int,
) -> None:
    server.behave(faults={fault: 1})
    with pytest.raises(means):
        loop.run(fake.send_message(_message("a")))
    assert len(server.sent()) == taken
    server.behave()
    loop.run(fake.send_message(_message("b")))
    assert len(server.sent()) == taken + 1


def test_faults_happen_as_often_as_wished_and_can_be_repeated(
    server: FakeServiceServer, fake: FakeService
) -> None:
    def outcomes() -> list[str]:
        server.behave(faults={"refuse": 0.3, "break": 0.2}, reports=False, seed=7)
        found = []
        for number in range(60):
            try:
                loop.run(fake.send_message(_message(f"r{number}")))
            except VendorError as error:
                found.append(type(error).__name__)
            else:
                found.append("sent")
        return found

    first = outcomes()
    assert outcomes() == first
    counts = Counter(first)
    assert set(counts) == {"sent", "TransientVendorError", "SendUncertain"}
    assert counts["sent"] > counts["SendUncertain"]


def test_latency_makes_it_slow_and_holds_up_nobody(
    server: FakeServiceServer, fake: FakeService, settings: Any
) -> None:
    settings.VENDOR_READ_SECONDS = 0.2
    server.behave(latency_seconds=0.4, reports=False)
    outcomes = _send_all(fake, [_message(f"r{number}") for number in range(20)])
    assert {type(one) for one in outcomes} == {SendUncertain}
    settings.VENDOR_READ_SECONDS = 5
    outcomes = _send_all(fake, [_message(f"s{number}") for number in range(20)])
    assert not any(isinstance(one, BaseException) for one in outcomes)


def test_what_hangs_is_taken_and_answered_at_last(
    server: FakeServiceServer, fake: FakeService
) -> None:
    server.behave(faults={"hang": 1}, hang_seconds=0.1)
    assert loop.run(fake.send_message(_message("a"))).service_id == server.sent()[0]["id"]


@pytest.mark.parametrize(
    "knobs",
    [
        {"no_such_knob": 1},
        {"latency_seconds": "fast"},
        {"latency_seconds": -1},
        {"latency_seconds": True},
        {"latency_seconds": 1e9},
        {"reports": 1},
        {"faults": ["refuse"]},
        {"faults": {"explode": 0.1}},
        {"faults": {"refuse": 2}},
        {"faults": {"refuse": "often"}},
        {"faults": {"refuse": 0.6, "break": 0.6}},
        {"report_copies": 1.5},
    ],
)
def test_a_knob_that_does_not_exist_or_fit_is_refused(
    server: FakeServiceServer, knobs: dict[str, Any]
) -> None:
    before = server.call("GET", "/behaviour")
    with pytest.raises(HTTPError) as raised:
        server.behave(**knobs)
    assert raised.value.code == 400
    raised.value.close()
    assert server.call("GET", "/behaviour") == before


# -- requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order",
    [
        b"",
        b"[]",
        b"[" * 50_000,
        b"{}",
        b'{"to": "5550142", "text": "x"}',
        b'{"to": 5, "text": "x"}',
        b'{"to": "+12125550142", "text": ""}',
        b'{"to": "+12125550142", "text": "%s"}' % (b"x" * 1_601),
        b'{"to": "+12125550142", "text": "x", "from": "me"}',
        b'{"to": "+12125550142", "text": "x", "pool": "none"}',
        b'{"to": "+12125550142", "text": "x", "media": "picture"}',
        b'{"to": "+12125550142", "text": "x", "media": ["ftp://x"]}',
        b'{"to": "+12125550142", "text": "x", "callback": "javascript:x"}',
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_a_code(
    server: FakeServiceServer, order: bytes
) -> None:
    status, body = _refusal(server, "POST", "/messages", order)
    assert status == 400
    assert re.match(rb'{"code": 10\d, "message": ".+"}', body)
    assert server.sent() == []


@pytest.mark.parametrize("user", ["", "x", "Zm9v", "OmtleQ==", "YTo=", "YTp3cm9uZw==", "/w=="])
def test_who_does_not_say_who_they_are_is_refused(server: FakeServiceServer, user: str) -> None:
    for method, path in (("POST", "/messages"), ("POST", "/numbers"), ("PUT", "/webhook")):
        assert _refusal(server, method, path, b"{}", user)[0] == 401
    assert _refusal(server, "GET", "/account", b"", user)[0] == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/numbers", b'{"phone_number": "+12125559999"}', 404),
        ("POST", "/numbers", b'{"phone_number": "+12121110000"}', 404),
        ("POST", "/numbers", b'{"phone_number": "+442079460018"}', 404),
        ("GET", "/numbers/available?area_code=212&limit=x", b"", 400),
        ("DELETE", "/numbers/none", b"", 404),
        ("DELETE", "/pools/none", b"", 404),
        ("POST", "/pools/none/numbers", b'{"ids": []}', 404),
        ("POST", "/pools/none/numbers", b'{"ids": "all"}', 400),
        ("POST", "/handsets/5550142", b'{"to": "+12125550100", "text": "x"}', 400),
        ("POST", "/handsets/%2B12125550142", b'{"to": "+12125550100"}', 400),
        ("POST", "/handsets/%2B12125550142", b'{"to": "+12125550100", "media": [1]}', 400),
        ("GET", "/nothing/here", b"", 404),
        ("POST", "/messages", b"x" * 300_000, 413),
    ],
)
def test_other_nonsense_is_refused_too(
    server: FakeServiceServer, method: str, path: str, body: bytes, status: int
) -> None:
    assert _refusal(server, method, path, body)[0] == status


def test_its_pages_say_what_it_does_and_what_codes_mean(server: FakeServiceServer) -> None:
    with urlopen(server.url) as answer:
        manual = answer.read().decode()
    assert "POST /messages" in manual
    assert "GET /ledger" in manual
    with urlopen(server.url + "/errors/404") as answer:
        assert isinstance(answer, HTTPResponse)
        assert "not in service" in answer.read().decode()
    status, page = _refusal(server, "GET", "/errors/%3Cscript%3E", b"")
    assert status == 404
    assert b"<script>" not in page


# -- numbers --------------------------------------------------------------------------------------


def test_it_texts_a_contact_from_the_same_number_each_time(
    server: FakeServiceServer, fake: FakeService
) -> None:
    contacts = [f"+12125550{number}" for number in range(100, 130)]
    first = {to: loop.run(fake.send_message(_message("a", to))).user_number for to in contacts}
    again = {to: loop.run(fake.send_message(_message("b", to))).user_number for to in contacts}
    assert again == first
    assert len(set(first.values())) > 1

    async def buy() -> set[str]:
        bought = fake.buy_numbers_in_area_code("212", 3, "r")
        return {number.phone_number async for number in bought}

    bought = loop.run(buy())
    then = {to: loop.run(fake.send_message(_message("c", to))).user_number for to in contacts}
    assert set(then.values()) <= bought, "once numbers are bought, they are used"


def test_numbers_for_sale_are_valid_and_begin_with_those_of_fiction(fake: FakeService) -> None:
    async def search(limit: int) -> list[AvailableNumber]:
        return [one async for one in fake.search_numbers("212", limit)]

    found = [one.phone_number for one in loop.run(search(300))]
    assert found[:2] == ["+12125550100", "+12125550101"]
    assert len(set(found)) == 300
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(one)) for one in found)


def test_a_number_is_never_sold_twice_not_even_after_its_release(fake: FakeService) -> None:
    async def buy_and_release() -> list[str]:
        sold = []
        for _ in range(3):
            async for number in fake.buy_numbers_in_area_code("212", 2, "r"):
                sold.append(number.phone_number)
                await fake.release_number(number.service_id)
        return sold

    sold = loop.run(buy_and_release())
    assert len(set(sold)) == 6


def test_the_same_order_again_is_the_same_purchase(server: FakeServiceServer) -> None:
    order = b'{"phone_number": "+12125550100", "reference": "r-1"}'
    headers = {"Authorization": "Basic YTprZXk="}
    bodies = []
    for _ in range(2):
        with urlopen(Request(server.url + "/numbers", order, headers)) as answer:
            bodies.append(answer.read())
    assert bodies[0] == bodies[1]
    assert _refusal(server, "POST", "/numbers", order.replace(b"r-1", b"r-2"))[0] == 409
    number_id = bodies[0].decode().split('"id": "')[1].split('"')[0]
    with urlopen(Request(f"{server.url}/numbers/{number_id}", None, headers, method="DELETE")):
        assert _refusal(server, "POST", "/numbers", order)[0] == 409


def test_lookups_follow_the_last_digit(fake: FakeService) -> None:
    for digit in range(10):
        number = f"+1212555014{digit}"
        info = loop.run(fake.get_contact_info(number, lookup_name=True))
        assert (info.status is LookupStatus.LANDLINE) is (digit == 9)
        assert info.carrier
        assert info.lookup_name
        assert not loop.run(fake.get_free_contact_info(number)).carrier


# -- starting and stopping ------------------------------------------------------------------------


def test_a_taken_port_is_said_at_once(server: FakeServiceServer) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(OSError, match="address already in use"):
        FakeServiceServer(port=port).start()
    with pytest.raises(CommandError, match=rf"127\.0\.0\.1:{port}.*--port"):
        call_command("fakeservice", port=port)


def test_a_ledger_that_cannot_be_kept_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.Error):
        FakeServiceServer(ledger=tmp_path / "missing" / "ledger").start()
    with pytest.raises(CommandError, match="ledger"):
        call_command("fakeservice", port=0, ledger=tmp_path / "missing" / "ledger")


def test_a_stopped_server_can_start_again_and_stopping_twice_is_fine() -> None:
    server = FakeServiceServer()
    server.stop()
    for _ in range(2):
        server.start()
        assert server.call("GET", "/ledger")["count"] == 0
        server.stop()
        server.stop()


def test_it_listens_at_this_machine_only(server: FakeServiceServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    with socket.socket() as other, pytest.raises(OSError, match="refused"):
        other.connect(("127.0.0.2", int(server.url.rpartition(":")[2])))


COMMANDS = {
    "manage": ["manage.py", "fakeservice"],
    "module": ["-m", "service_vendors.vendors.fakeservice.server"],
}


@pytest.mark.parametrize("command", list(COMMANDS))
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_commands_serve_until_they_are_told_to_stop(
    tmp_path: Path, command: str, end: signal.Signals
) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    process = subprocess.Popen(
        [sys.executable, *COMMANDS[command], "--port", "0", "--ledger", str(ledger)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "DEBUG": "on"},
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        found = re.fullmatch(r"Fakeservice listens at (http://127\.0\.0\.1:\d+)\n", first)
        assert found, process.stderr and process.stderr.read()
        assert process.stdout.readline() == f"Its ledger is in {ledger}\n"
        with urlopen(found[1] + "/ledger") as answer:
            assert answer.status == 200
        process.send_signal(end)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")
    finally:
        process.kill()
        process.communicate()


def test_the_module_says_in_one_line_why_it_cannot_start(server: FakeServiceServer) -> None:
    port = server.url.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, *COMMANDS["module"], "--port", port], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"Cannot listen at 127.0.0.1:{port}")
    assert done.stderr.count("\n") == 1
