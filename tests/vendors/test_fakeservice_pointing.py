"""The fake company keeps where an account is called when a message does not say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from service_vendors.exceptions import (
    ConfigurationRejected,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.types import DeliveryReport, InboundMessage, OutboundMessage
from service_vendors.vendors import loop
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from service_vendors.vendors.fakeservice.vendor import FakeService
from tests.vendors.receiver import Receiver

CONTACT = "+12125550142"


def mute(vendor: FakeService) -> FakeService:
    """The same account, seen by somebody who does not know how we are reached."""
    return FakeService(replace(vendor.account, callback_base=""))


def test_an_account_that_points_nowhere_is_pointed_here(
    server: FakeServiceServer, fake: FakeService, receiver: Receiver
) -> None:
    (before,) = loop.run(fake.webhook_targets())
    assert (before.url, before.points_here) == ("", False)
    loop.run(fake.point_webhooks_here())
    (after,) = loop.run(fake.webhook_targets())
    assert after.points_here and after.url.startswith(receiver.url)


def test_messages_that_say_no_callback_are_reported_where_the_account_points(
    fake: FakeService, receiver: Receiver
) -> None:
    loop.run(fake.point_webhooks_here())
    message = OutboundMessage("ref-1", CONTACT, "hello")
    receipt = loop.run(mute(fake).send_message(message))
    (report,) = receiver.said_to(fake, 1)
    assert isinstance(report, DeliveryReport) and report.service_id == receipt.service_id
    loop.run(mute(fake).handset_reply(CONTACT, str(receipt.user_number), "answer"))
    _, reply = receiver.said_to(fake, 2)
    assert isinstance(reply, InboundMessage) and reply.text == "answer"
    shown = loop.run(mute(fake).handset_messages(CONTACT))
    assert [one.text for one in shown] == ["hello", "answer"]


def test_where_an_account_points_outlives_the_company(tmp_path: Path, receiver: Receiver) -> None:
    with FakeServiceServer(ledger=tmp_path / "ledger") as server:
        account = server.account()
        loop.run(receiver.bind(FakeService, account).point_webhooks_here())
    with FakeServiceServer(ledger=tmp_path / "ledger") as server:
        vendor = receiver.bind(FakeService, {**account, "api_url": server.url})
        assert loop.run(vendor.webhook_targets())[0].points_here
        loop.run(mute(vendor).send_message(OutboundMessage("ref-1", CONTACT, "hello")))
        assert receiver.said_to(vendor, 1), "the company knows again with what to sign"
        other = receiver.bind(FakeService, {**vendor.account.config, "account_sid": "another"})
        assert loop.run(other.webhook_targets())[0].url == ""


@pytest.mark.parametrize(("own", "tenant"), [({"api_url"}, "/1"), ({"api_key"}, ""), (set(), "")])
def test_an_account_that_is_not_the_organizations_own_calls_for_everybody(
    fake: FakeService, receiver: Receiver, own: set[str], tenant: str
) -> None:
    vendor = FakeService(replace(fake.account, own_fields=frozenset(own)))
    loop.run(vendor.point_webhooks_here())
    (target,) = loop.run(vendor.webhook_targets())
    assert target.url == f"{receiver.url}/fakeservice{tenant}"
    assert vendor.shares_webhooks() is (tenant == "")
    assert not FakeService(replace(fake.account, organization_id=None)).shares_webhooks()


def test_what_keeps_the_company_from_calling_us_is_said(
    server: FakeServiceServer, fake: FakeService
) -> None:
    with pytest.raises(ConfigurationRejected, match="BASE_URL"):
        loop.run(mute(fake).point_webhooks_here())
    wrong = FakeService(replace(fake.account, config={**fake.account.config, "api_key": "wrong"}))
    with pytest.raises(ConfigurationRejected, match="refused these credentials"):
        loop.run(wrong.point_webhooks_here())
    with pytest.raises(VendorNotConfigured):
        loop.run(wrong.webhook_targets())
    server.stop()
    with pytest.raises(TransientVendorError):
        loop.run(fake.point_webhooks_here())


def test_the_company_calls_no_address_that_is_none(server: FakeServiceServer) -> None:
    with pytest.raises(OSError, match="400"):
        server.call("PUT", "/account", {"callback": "javascript:x"})
