"""Sending: at most once, and every end of it told truly."""

from __future__ import annotations

import asyncio
import re

import pytest

from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    UnsupportedFeature,
    VendorError,
    VendorNotConfigured,
)
from service_vendors.testing.company import RETRY_AFTER_SECONDS, Company, Trouble
from service_vendors.testing.setting import ContractSetting
from service_vendors.types import Feature, ReportStatus
from service_vendors.vendors.base import ServiceVendor

PICTURE = "https://example.org/picture.png"
AT_ONCE = 20

SENT_ANYWAY = frozenset({Trouble.SILENT, Trouble.HANGS_UP, Trouble.BREAKS, Trouble.MUMBLES})
MEANS: dict[Trouble, tuple[type[VendorError], ...]] = {
    Trouble.REFUSES_MESSAGE: (PermanentVendorError,),
    Trouble.LOCKS_OUT: (VendorNotConfigured,),
    Trouble.BUSY: (TransientVendorError,),
    # Uncertain where the company does not promise that nothing was taken.
    Trouble.CLOSED: (TransientVendorError, SendUncertain),
    **dict.fromkeys(SENT_ANYWAY, (SendUncertain,)),
}

TEXTS = (
    "plain",
    " leading and trailing spaces ",
    "two\nlines",
    "quotes ' \" & <b>ampersands</b> %s {} \\ ",
    "accents: äéñ, Greek: Ω, Chinese: 投票, emoji: 🗳️👩‍👩‍👧",
    "STOP",
    "autorespond autorespondPicture error404 error30007",
    "x" * 1_000,
)


class Sending(ContractSetting):
    """send_message and find_message."""

    def test_a_message_that_is_taken_gives_a_receipt(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        message = self.message()
        receipt = self.run(vendor.send_message(message))
        (taken,) = company.taken()
        assert receipt.service_id == taken.service_id
        assert receipt.status in {ReportStatus.SENT, ReportStatus.DELIVERED}
        assert (taken.contact_number, taken.text) == (message.contact_number, message.text)
        assert taken.reference in {message.reference, ""}
        assert company.calls() == 1

    def test_the_receipt_says_what_it_was_sent_from(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        receipt = self.run(vendor.send_message(self.message()))
        assert receipt.user_number or receipt.messageservice_sid
        if receipt.user_number:
            assert re.fullmatch(r"\+[1-9]\d{6,14}", receipt.user_number)
            assert receipt.user_number == company.taken()[0].user_number

    def test_a_message_goes_out_from_the_number_it_names(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        for number in company.numbers:
            receipt = self.run(vendor.send_message(self.message(user_number=number)))
            assert receipt.user_number in {number, None}
        assert tuple(taken.user_number for taken in company.taken()) == company.numbers

    @pytest.mark.parametrize("text", TEXTS)
    def test_a_text_arrives_as_it_was_written_and_changes_nothing(
        self, company: Company, vendor: ServiceVendor, text: str
    ) -> None:
        receipt = self.run(vendor.send_message(self.message(text)))
        (taken,) = company.taken()
        assert taken.text == text
        assert taken.media == ()
        assert receipt.status in {ReportStatus.SENT, ReportStatus.DELIVERED}

    def test_pictures_travel_along_or_are_refused(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        message = self.message(media=(PICTURE,))
        if Feature.MMS in self.vendor_class.supports:
            self.run(vendor.send_message(message))
            assert company.taken()[0].media == (PICTURE,)
        else:
            with pytest.raises((PermanentVendorError, UnsupportedFeature)):
                self.run(vendor.send_message(message))
            assert not company.taken()

    @pytest.mark.parametrize("trouble", list(Trouble))
    def test_trouble_is_told_truly_and_never_answered_with_a_second_try(
        self, company: Company, vendor: ServiceVendor, trouble: Trouble
    ) -> None:
        company.misbehave(trouble)
        with pytest.raises(MEANS[trouble]) as raised:
            self.run(vendor.send_message(self.message()))
        assert str(raised.value).strip(), "an error says what happened"
        assert company.calls() == 1
        assert len(company.taken()) == (trouble in SENT_ANYWAY)

    def test_a_refusal_for_good_says_why(self, company: Company, vendor: ServiceVendor) -> None:
        company.misbehave(Trouble.REFUSES_MESSAGE)
        with pytest.raises(PermanentVendorError) as raised:
            self.run(vendor.send_message(self.message()))
        assert isinstance(raised.value.code, int)
        assert self.vendor_class.error_description(raised.value.code).description

    def test_a_busy_company_says_when_to_come_back(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        company.misbehave(Trouble.BUSY)
        with pytest.raises(TransientVendorError) as raised:
            self.run(vendor.send_message(self.message()))
        assert raised.value.retry_after_seconds == RETRY_AFTER_SECONDS

    def test_what_never_reached_the_company_was_surely_not_sent(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        company.close()
        with pytest.raises(TransientVendorError):
            self.run(vendor.send_message(self.message()))

    def test_without_its_settings_it_does_not_call_the_company(self, company: Company) -> None:
        with pytest.raises(VendorNotConfigured):
            self.run(self.bound({}).send_message(self.message()))
        assert company.calls() == 0

    def test_waiting_for_the_company_holds_up_nobody_else(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        company.misbehave(Trouble.SILENT)

        async def turns_of_another_task() -> int:
            sending = asyncio.create_task(vendor.send_message(self.message()))
            turns = 0
            while not sending.done():
                await asyncio.sleep(0.01)
                turns += 1
            with pytest.raises(SendUncertain):
                await sending
            return turns

        assert self.run(turns_of_another_task()) > 5

    def test_messages_sent_at_once_are_all_taken_once(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        texts = [f"message {number}" for number in range(AT_ONCE)]

        async def send_all() -> set[str]:
            sends = (vendor.send_message(self.message(text)) for text in texts)
            return {receipt.service_id for receipt in await asyncio.gather(*sends)}

        assert len(self.run(send_all())) == AT_ONCE
        assert sorted(taken.text for taken in company.taken()) == sorted(texts)

    def test_a_doubtful_send_can_be_found_again(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        # Not every company tells a reference again: these two differ in what all of them tell.
        message, never_sent = self.message(), self.message("A text that never went out.")
        if Feature.FIND_MESSAGE not in self.vendor_class.supports:
            with pytest.raises(UnsupportedFeature):
                self.run(vendor.find_message(message))
            return
        company.misbehave(Trouble.HANGS_UP)
        with pytest.raises(SendUncertain):
            self.run(vendor.send_message(message))
        company.behave()
        found = self.run(vendor.find_message(message))
        assert found is not None
        assert found.service_id == company.taken()[0].service_id
        assert self.run(vendor.find_message(never_sent)) is None
        assert company.calls() == 1, "looking for a message must not send it"
