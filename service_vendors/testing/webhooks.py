"""Webhooks: nothing unproven is accepted, and what is proven is read truly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import pytest

from service_vendors.exceptions import WebhookRejected
from service_vendors.testing.company import Company
from service_vendors.testing.setting import ContractSetting
from service_vendors.types import (
    DeliveryReport,
    Feature,
    InboundMessage,
    InboundPart,
    Media,
    ReportStatus,
    WebhookRequest,
)
from service_vendors.vendors.base import ServiceVendor

OUR_NUMBER = "+12125550100"
TEXTS = ("yes", "STOP", "äéñ 投票 🗳️", " two\nlines ", "<script>alert(1)</script> & so on")
NONSENSE = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b"hello",
    b'{"events": 3}',
    b"\xff\xfe\x00",
    b"[" * 50_000,
    b"a=1&a=2&%",
)


class Webhooks(ContractSetting):
    """verify, handle_incoming and webhook_answer."""

    # A picture as the company tells of it: not every company says of what kind it is.
    picture: ClassVar[Media] = Media("https://example.org/picture.png", "image/png")

    def inbound(self, text: str = "yes", media: tuple[Media, ...] = ()) -> InboundMessage:
        """A message of a contact's."""
        return InboundMessage("in-1", self.contact_number, OUR_NUMBER, text, media)

    @pytest.mark.parametrize("text", TEXTS)
    def test_a_message_of_a_contact_is_read(
        self, company: Company, vendor: ServiceVendor, text: str
    ) -> None:
        self._reads(vendor, company.incoming(self.inbound(text)), self.inbound(text))

    def test_a_picture_of_a_contact_is_read(self, company: Company, vendor: ServiceVendor) -> None:
        if Feature.MMS in self.vendor_class.supports:
            picture = self.inbound("", (self.picture,))
            self._reads(vendor, company.incoming(picture), picture)

    def test_a_part_of_a_long_message_is_read(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        part = InboundPart("p-2", self.contact_number, OUR_NUMBER, "the end", "g-1", 2, 2)
        request = company.part(part)
        if request is None:
            return  # this company joins parts itself
        vendor.verify(request)
        (read,) = vendor.handle_incoming(request)
        assert isinstance(read, InboundPart)
        assert replace(read, sent_at=None) == part

    @pytest.mark.parametrize("status", list(ReportStatus))
    def test_a_delivery_report_finds_its_message(
        self, company: Company, vendor: ServiceVendor, status: ReportStatus
    ) -> None:
        message = self.message()
        receipt = self.run(vendor.send_message(message))
        failed = status is ReportStatus.ERROR
        code = next(iter(self.vendor_class.error_descriptions)) if failed else None
        request = company.report(company.taken()[0], status, code)
        if request is None:
            assert status is ReportStatus.SENT, f"a company that never reports {status}?"
            return
        vendor.verify(request)
        (read,) = vendor.handle_incoming(request)
        assert isinstance(read, DeliveryReport)
        assert (read.status, read.error_code) == (status, code)
        assert read.reference == message.reference or read.service_id == receipt.service_id

    def test_the_same_proven_webhook_may_come_again(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        request = company.incoming(self.inbound())
        vendor.verify(request)
        vendor.verify(request)
        assert vendor.handle_incoming(request) == vendor.handle_incoming(request)

    def test_the_company_hears_that_its_call_arrived(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        answer = vendor.webhook_answer(company.incoming(self.inbound()))
        assert 200 <= answer.status < 300
        assert not any(secret in answer.body for secret in self.secrets(company))

    def test_a_forged_webhook_is_rejected(self, company: Company, vendor: ServiceVendor) -> None:
        genuine = company.incoming(self.inbound())
        vendor.verify(genuine)
        forgeries = dict(self._forgeries(genuine))
        assert self.proof_headers and len(forgeries) >= 2
        accepted = [how for how, forged in forgeries.items() if self._accepts(vendor, forged)]
        assert not accepted

    def test_what_proves_nothing_is_rejected_before_it_is_read(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        genuine = company.incoming(self.inbound())
        for body in NONSENSE:
            with pytest.raises(WebhookRejected):
                vendor.verify(replace(genuine, headers={}, body=body))

    def test_another_secret_proves_nothing(self, company: Company) -> None:
        secret = {one.name for one in self.vendor_class.config_fields if one.secret}
        others = {k: f"other {v}" if k in secret else v for k, v in company.config.items()}
        with pytest.raises(WebhookRejected):
            self.bound(others).verify(company.incoming(self.inbound()))

    @pytest.mark.parametrize("value", [None, "", " "])
    def test_without_a_secret_nothing_can_be_proven(
        self, company: Company, value: str | None
    ) -> None:
        secret = {one.name for one in self.vendor_class.config_fields if one.secret}
        config = {k: v for k, v in company.config.items() if k not in secret}
        if value is not None:
            config |= dict.fromkeys(secret, value)
        for proved_by in (None, "", value or ""):
            with pytest.raises(WebhookRejected):
                self.bound(config).verify(company.incoming(self.inbound(), secret=proved_by))
        with pytest.raises(WebhookRejected):
            self.bound(config).verify(self._unproven(company))

    @pytest.mark.parametrize("body", NONSENSE)
    def test_nonsense_is_an_error_or_says_nothing(
        self, company: Company, vendor: ServiceVendor, body: bytes
    ) -> None:
        request = replace(company.incoming(self.inbound()), body=body, query="")
        said, complaint = [], ""
        try:
            said = list(vendor.handle_incoming(request))
        except ValueError as error:
            complaint = str(error)
        assert said == []
        assert not any(secret in complaint for secret in self.secrets(company))

    def _accepts(self, vendor: ServiceVendor, request: WebhookRequest) -> bool:
        try:
            vendor.verify(request)
        except WebhookRejected:
            return False
        return True

    def _reads(
        self, vendor: ServiceVendor, request: WebhookRequest, message: InboundMessage
    ) -> None:
        vendor.verify(request)
        (read,) = vendor.handle_incoming(request)
        assert isinstance(read, InboundMessage)
        assert read.keyword is None or read.keyword.value in message.text.upper()
        assert replace(read, sent_at=None, keyword=None, messageservice_sid="") == message

    def _unproven(self, company: Company) -> WebhookRequest:
        return replace(company.incoming(self.inbound()), headers={})

    def _forgeries(self, genuine: WebhookRequest) -> Iterator[tuple[str, WebhookRequest]]:
        """The request, changed in ways that each must be noticed."""
        for name in self.proof_headers:
            value = genuine.headers[name]
            others = {key: text for key, text in genuine.headers.items() if key != name}
            middle = len(value) // 2
            changed = "0" if value[middle] != "0" else "1"
            yield f"no {name}", replace(genuine, headers=others)
            for how, text in (
                ("an empty", ""),
                ("a nonsensical", "nonsense"),
                ("half of", value[:middle]),
                ("a slightly changed", value[:middle] + changed + value[middle + 1 :]),
            ):
                yield f"{how} {name}", replace(genuine, headers={**others, name: text})
        if self.proof_covers_body and genuine.body:
            yield "a longer body", replace(genuine, body=genuine.body + b" ")
            yield "another body", replace(genuine, body=genuine.body.replace(b"yes", b"no!"))
            yield "no body", replace(genuine, body=b"")
