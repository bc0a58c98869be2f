"""Texts nobody can tell the fate of: what a person may decide, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from service_vendors import optouts
from service_vendors.exceptions import ContactOptedOut
from service_vendors.models import AuditEntry, Message, OptOut, Organization, SendStatus
from service_vendors.sending import apply_report, doubts
from service_vendors.types import DeliveryReport, ReportStatus
from tests.factories import MessageFactory, OrganizationFactory


@pytest.fixture
def doubtful(organization: Organization) -> Message:
    """A text whose worker died, and of which the vendor knows nothing."""
    return a_doubtful_text(organization)


def a_doubtful_text(organization: Organization, **more: Any) -> Message:
    return MessageFactory(
        **{
            "organization": organization,
            "service": "scripted",
            "send_status": SendStatus.UNKNOWN,
            "due_at": None,
            "user_number": "+12125550100",
            "media": [{"url": "https://example.org/a.png", "content_type": ""}],
            **more,
        }
    )


def now(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def test_only_what_nobody_will_find_out_is_in_doubt(organization: Organization) -> None:
    given_up = a_doubtful_text(organization)
    a_doubtful_text(organization, due_at=given_up.queued_at)  # the vendor is still being asked
    a_doubtful_text(OrganizationFactory())
    a_doubtful_text(organization, send_status=SendStatus.SENT)
    assert list(doubts.in_doubt(organization)) == [given_up]


def test_a_text_is_taken_as_sent_and_who_said_so_is_written_down(
    doubtful: Message, admin: Any
) -> None:
    assert doubts.mark_as_sent(doubtful, admin)
    assert now(doubtful).send_status == SendStatus.SENT
    assert admin.get_username() in now(doubtful).status_reason
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action) == (admin, "doubt settled")
    assert doubtful.contact_number not in entry.summary
    assert not doubts.mark_as_sent(doubtful, admin)
    assert AuditEntry.objects.count() == 1


def test_all_of_them_are_taken_as_sent_at_once(organization: Organization, admin: Any) -> None:
    ours = [a_doubtful_text(organization) for _ in range(3)]
    theirs = a_doubtful_text(OrganizationFactory())
    assert doubts.mark_all_as_sent(organization, admin) == 3
    assert {now(message).send_status for message in ours} == {SendStatus.SENT}
    assert now(theirs).send_status == SendStatus.UNKNOWN
    assert doubts.mark_all_as_sent(organization, admin) == 0


def test_it_is_sent_again_once_as_a_text_of_its_own(doubtful: Message, admin: Any) -> None:
    again = doubts.send_again(doubtful, admin)
    assert again is not None and again.pk != doubtful.pk
    same = ("contact_number", "user_number", "text", "media", "contact_id")
    assert [getattr(again, name) for name in same] == [getattr(doubtful, name) for name in same]
    assert again.reference != doubtful.reference and again.sender_id == admin.pk
    assert now(doubtful).send_status == SendStatus.ERROR
    assert doubts.send_again(doubtful, admin) is None
    assert Message.objects.count() == 2
    assert again.send_status == SendStatus.QUEUED


def test_whoever_opted_out_meanwhile_is_not_texted_again(doubtful: Message, admin: Any) -> None:
    optouts.stop(doubtful.organization, doubtful.contact_number, source=OptOut.Source.PERSON)
    with pytest.raises(ContactOptedOut):
        doubts.send_again(doubtful, admin)
    assert now(doubtful).send_status == SendStatus.UNKNOWN
    assert not AuditEntry.objects.exists()
    assert Message.objects.count() == 1


def test_a_late_report_still_counts_whatever_was_decided(
    organization: Organization, admin: Any
) -> None:
    for decide in (doubts.mark_as_sent, doubts.send_again):
        message = a_doubtful_text(organization)
        decide(message, admin)
        report = DeliveryReport("s-1", ReportStatus.DELIVERED, reference=message.reference.hex)
        apply_report(organization, "scripted", report)
        assert now(message).send_status == SendStatus.DELIVERED
        assert now(message).status_reason == ""
