"""What the fake company calls back, over real HTTP: reports, replies, pictures, parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from service_vendors.exceptions import WebhookRejected
from service_vendors.types import (
    DeliveryReport,
    InboundMessage,
    InboundPart,
    Media,
    OutboundMessage,
    ReportStatus,
    ServiceManagerData,
)
from service_vendors.vendors import loop
from service_vendors.vendors.fakeservice.server import FakeServiceServer, courier
from service_vendors.vendors.fakeservice.vendor import FakeService
from tests.vendors.receiver import Receiver

CONTACT = "+12125550142"


def _send(vendor: FakeService, text: str = "hello", **more: Any) -> Any:
    message = OutboundMessage("ref-1", CONTACT, text, **more)
    return loop.run(vendor.send_message(message))


def test_a_delivered_message_is_reported(fake: FakeService, receiver: Receiver) -> None:
    receipt = _send(fake)
    (report,) = receiver.said_to(fake, 1)
    assert isinstance(report, DeliveryReport)
    assert report.status is ReportStatus.DELIVERED
    assert (report.reference, report.service_id) == ("ref-1", receipt.service_id)
    assert report.user_number == receipt.user_number
    assert receiver.requests[0].address == "fakeservice"


@pytest.mark.parametrize(("code", "opted_out"), [(404, False), (610, True), (7, False)])
def test_an_error_word_makes_the_delivery_fail_with_its_code(
    fake: FakeService, receiver: Receiver, code: int, opted_out: bool
) -> None:
    _send(fake, f"this is an error{code}, alas")
    (report,) = receiver.said_to(fake, 1)
    assert isinstance(report, DeliveryReport)
    assert (report.status, report.error_code) == (ReportStatus.ERROR, code)
    assert report.opted_out is opted_out
    assert loop.run(fake.handset_messages(CONTACT)) == []


def test_a_contact_replies_to_autorespond(fake: FakeService, receiver: Receiver) -> None:
    receipt = _send(fake, "please AutoRespond")
    report, reply = receiver.said_to(fake, 2)
    assert isinstance(report, DeliveryReport)
    assert isinstance(reply, InboundMessage)
    assert (reply.contact_number, reply.user_number) == (CONTACT, receipt.user_number)
    assert reply.text
    assert reply.media == ()


def test_a_contact_replies_with_a_picture_that_can_be_fetched(
    fake: FakeService, receiver: Receiver
) -> None:
    _send(fake, "autorespondPicture")
    reply = receiver.said_to(fake, 2)[1]
    assert isinstance(reply, InboundMessage)
    (picture,) = reply.media
    with urlopen(picture.url) as answer:
        assert answer.headers["Content-Type"] == picture.content_type == "image/png"
        assert answer.read().startswith(b"\x89PNG\r\n\x1a\n")


def test_a_reply_appears_on_the_handset_when_it_is_written(
    server: FakeServiceServer, fake: FakeService, receiver: Receiver
) -> None:
    server.behave(report_seconds=0, reply_seconds=0.3)
    _send(fake, "autorespond")
    assert [one.outgoing for one in loop.run(fake.handset_messages(CONTACT))] == [False]
    receiver.wait_for(2)
    assert [one.outgoing for one in loop.run(fake.handset_messages(CONTACT))] == [False, True]


def test_a_reply_from_the_handset_arrives(fake: FakeService, receiver: Receiver) -> None:
    picture = Media("https://example.org/cat.png", "image/png")
    loop.run(fake.handset_reply(CONTACT, "+12125550100", "STOP", (picture,)))
    (said,) = receiver.said_to(fake, 1)
    assert isinstance(said, InboundMessage)
    assert (said.text, said.media) == ("STOP", (picture,))
    assert (said.contact_number, said.user_number) == (CONTACT, "+12125550100")


def test_a_long_reply_comes_in_parts_if_wanted(
    server: FakeServiceServer, fake: FakeService, receiver: Receiver
) -> None:
    server.behave(part_characters=10)
    text = "a text of thirty-one characters"
    loop.run(fake.handset_reply(CONTACT, "+12125550100", text))
    parts = [part for part in receiver.said_to(fake, 4) if isinstance(part, InboundPart)]
    parts.sort(key=lambda part: part.index)
    assert "".join(part.text for part in parts) == text
    assert [part.index for part in parts] == [1, 2, 3, 4]
    assert {part.total for part in parts} == {4}
    assert len({part.group for part in parts}) == 1
    assert len({part.service_id for part in parts}) == 4


def test_reports_can_be_left_out(
    server: FakeServiceServer, fake: FakeService, receiver: Receiver
) -> None:
    server.behave(reports=False, reply_seconds=0, report_seconds=0)
    _send(fake, "autorespond")
    (said,) = receiver.said_to(fake, 1)
    assert isinstance(said, InboundMessage)


def test_reports_can_come_twice_and_are_the_same_bytes(
    server: FakeServiceServer, fake: FakeService, receiver: Receiver
) -> None:
    server.behave(report_copies=2, report_seconds=0)
    _send(fake)
    first, second = receiver.wait_for(2)
    assert first.body == second.body


def test_reports_can_come_before_the_answer(
    server: FakeServiceServer, fake: FakeService, receiver: Receiver
) -> None:
    server.behave(early_reports=True)
    _send(fake)
    assert len(receiver.requests) == 1


def test_a_callback_that_fails_is_called_again(
    fake: FakeService, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "FIRST_PAUSE_SECONDS", 0.01)
    receiver.statuses = [500, 403, 302, 200]
    _send(fake)
    requests = receiver.wait_for(4)
    assert len({request.body for request in requests}) == 1
    for request in requests:
        fake.verify(request)


def test_a_callback_that_never_answers_well_is_given_up(
    server: FakeServiceServer,
    fake: FakeService,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(courier, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(courier, "TRIES", 3)
    receiver.statuses = [500]
    _send(fake)
    receiver.wait_for(3)
    while server.call("GET", "/ledger")["waiting_events"]:
        assert len(receiver.requests) == 3


def test_what_was_not_told_is_told_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    with FakeServiceServer(ledger=ledger) as first:
        first.behave(report_seconds=0.2)
        account = first.account()
        receipt = _send(receiver.bind(FakeService, account))
    assert not receiver.requests
    with FakeServiceServer(ledger=ledger) as second:
        again = receiver.bind(FakeService, {**account, "api_url": second.url})
        # Secrets are not written down: the company calls again once it knows the account.
        assert loop.run(again.handset_messages(CONTACT))
        (report,) = receiver.said_to(again, 1)
        assert isinstance(report, DeliveryReport)
        assert report.service_id == receipt.service_id
        assert len(second.sent()) == 1


def test_no_secret_is_written_into_the_ledger(tmp_path: Path, receiver: Receiver) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    with FakeServiceServer(ledger=ledger) as server:
        server.behave(report_seconds=60)
        account = server.account()
        vendor = receiver.bind(FakeService, account)
        loop.run(vendor.update_config({}, account, ServiceManagerData()))
        _send(vendor)
        written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"ref-1" in written
        for name in ("api_key", "signing_secret"):
            assert account[name].encode() not in written


def test_saved_settings_tell_the_company_what_to_sign_with(
    fake: FakeService, receiver: Receiver
) -> None:
    config = dict(fake.account.config)
    loop.run(fake.update_config({}, config, ServiceManagerData()))
    _send(fake)
    (request,) = receiver.wait_for(1)
    only_the_secret = receiver.bind(FakeService, {**config, "api_key": "another key"})
    only_the_key = receiver.bind(FakeService, {**config, "signing_secret": ""})
    for vendor in (fake, only_the_secret, only_the_key):
        vendor.verify(request)


def test_unsaved_settings_are_signed_for_with_the_api_key(
    fake: FakeService, receiver: Receiver
) -> None:
    _send(fake)
    (request,) = receiver.wait_for(1)
    fake.verify(request)
    stranger = receiver.bind(FakeService, {**fake.account.config, "api_key": "another key"})
    with pytest.raises(WebhookRejected):
        stranger.verify(request)
    with pytest.raises(WebhookRejected):
        fake.verify(replace(request, body=request.body + b" "))


def test_two_organizations_that_share_an_account_see_their_own_messages_only(
    server: FakeServiceServer, receiver: Receiver
) -> None:
    config = server.account()
    first = receiver.bind(FakeService, config)
    second = FakeService(replace(first.account, organization_id=2))
    _send(first)
    assert len(loop.run(first.handset_messages(CONTACT))) == 1
    assert loop.run(second.handset_messages(CONTACT)) == []
