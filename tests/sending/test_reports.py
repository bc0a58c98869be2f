"""Delivery reports: any order, any number of times, the same end."""

from __future__ import annotations

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_vendors.models import Message, OptOut, Organization, SendStatus
from service_vendors.sending import apply_report
from service_vendors.sending.ledger import record
from service_vendors.sending.outcomes import Accepted, Outcome, TryLater, Uncertain
from service_vendors.sending.reports import raise_status
from service_vendors.types import DeliveryReport, ReportStatus, SendReceipt
from tests.factories import MessageFactory, OrganizationFactory

REPORTS = [
    DeliveryReport("s", ReportStatus.SENT),
    DeliveryReport("s", ReportStatus.ERROR, error_code=30),
    DeliveryReport("s", ReportStatus.ERROR, error_code=42),
    DeliveryReport("s", ReportStatus.DELIVERED),
]


@given(st.lists(st.sampled_from(REPORTS), min_size=1, max_size=8), st.randoms())
def test_every_order_of_reports_ends_the_same(
    reports: list[DeliveryReport], random: Random
) -> None:
    def end(order: list[DeliveryReport]) -> tuple[str, int | None]:
        message = Message(send_status=SendStatus.SENDING, service="nobody")
        for report in order:
            raise_status(message, report, words_for=str)
        return message.send_status, message.error_code

    shuffled = sorted(reports, key=lambda _: random.random())
    assert end(reports) == end(shuffled)


def sending_message(organization: Organization) -> Message:
    return MessageFactory(
        organization=organization,
        service="scripted",
        send_status=SendStatus.SENDING,
        claim_token="6f1c0d3e-0d5a-4b77-9d6e-3e1c5f1f0a11",
        service_id="",
    )


@pytest.mark.parametrize("order", list(itertools.permutations(["answer", "sent", "delivered"])))
def test_an_answer_between_reports_changes_nothing(
    organization: Organization, order: tuple[str, ...]
) -> None:
    message = sending_message(organization)
    for step in order:
        if step == "answer":
            record({message: Accepted(SendReceipt("s"))})
        else:
            status = ReportStatus.SENT if step == "sent" else ReportStatus.DELIVERED
            report = DeliveryReport("s", status, reference=message.reference.hex)
            assert apply_report(organization, "scripted", report) is not None
    message.refresh_from_db()
    assert (message.send_status, message.service_id) == (SendStatus.DELIVERED, "s")


@pytest.mark.parametrize("outcome", [TryLater("busy"), Uncertain("?")])
def test_a_report_outweighs_a_doubtful_answer(organization: Organization, outcome: Outcome) -> None:
    message = sending_message(organization)
    report = DeliveryReport("s", ReportStatus.SENT, reference=message.reference.hex)
    apply_report(organization, "scripted", report)
    record({message: outcome})
    message.refresh_from_db()
    assert message.send_status == SendStatus.SENT


def test_an_error_report_says_why_in_words(organization: Organization) -> None:
    message = sending_message(organization)
    report = DeliveryReport(
        "s", ReportStatus.ERROR, reference=message.reference.hex, error_code=42, opted_out=True
    )
    apply_report(organization, "scripted", report)
    message.refresh_from_db()
    assert message.send_status == SendStatus.ERROR
    assert message.status_reason == "The answer was not what you hoped for."
    assert OptOut.objects.filter(cell=message.contact_number).exists()


def test_a_delivery_after_an_error_clears_the_error(organization: Organization) -> None:
    message = sending_message(organization)
    for status in (ReportStatus.ERROR, ReportStatus.DELIVERED):
        code = 42 if status is ReportStatus.ERROR else None
        apply_report(
            organization,
            "scripted",
            DeliveryReport("s", status, reference=message.reference.hex, error_code=code),
        )
    message.refresh_from_db()
    assert (message.send_status, message.error_code, message.status_reason) == (
        SendStatus.DELIVERED,
        None,
        "",
    )


def test_a_report_finds_its_message_by_the_vendors_id(organization: Organization) -> None:
    message = MessageFactory(
        organization=organization,
        service="scripted",
        service_id="s",
        send_status=SendStatus.SENT,
    )
    found = apply_report(None, "scripted", DeliveryReport("s", ReportStatus.DELIVERED))
    assert found == message


@pytest.mark.parametrize("reference", ["", "not a reference", "0" * 32])
def test_a_report_about_nothing_of_ours_changes_nothing(
    organization: Organization, reference: str
) -> None:
    MessageFactory(organization=organization, service="scripted", send_status=SendStatus.SENT)
    report = DeliveryReport("other", ReportStatus.DELIVERED, reference=reference)
    assert apply_report(organization, "scripted", report) is None
    assert not Message.objects.filter(send_status=SendStatus.DELIVERED).exists()


def test_an_organizations_account_cannot_report_on_anothers_message(
    organization: Organization,
) -> None:
    message = sending_message(organization)
    report = DeliveryReport("s", ReportStatus.DELIVERED, reference=message.reference.hex)
    assert apply_report(OrganizationFactory(), "scripted", report) is None
    message.refresh_from_db()
    assert message.send_status == SendStatus.SENDING
