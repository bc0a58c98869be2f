"""Accepting messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from service_vendors import optouts
from service_vendors.exceptions import (
    ContactOptedOut,
    IdempotencyConflict,
    MessageRefused,
    UnknownVendor,
)
from service_vendors.models import Message, Organization, SendStatus
from service_vendors.phone import InvalidPhoneNumber
from service_vendors.sending import MessageDraft, send_message, send_messages
from tests.factories import ContactFactory, MessageFactory, OrganizationFactory

NUMBER = "+12125550123"


def test_an_accepted_message_is_queued_with_its_number_in_e164(organization: Organization) -> None:
    message = send_message(organization, "(212) 555-0123", "Hello")
    message.refresh_from_db()
    assert message.contact_number == NUMBER
    assert message.send_status == SendStatus.QUEUED
    assert message.service == "scripted"
    assert message.queued_at is not None


def test_a_number_without_country_is_read_as_the_organizations_country(
    organization: Organization,
) -> None:
    organization.features = {"PHONE_NUMBER_COUNTRY": "GB"}
    assert send_message(organization, "020 7946 0018", "Hello").contact_number == "+442079460018"


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (MessageDraft(NUMBER, "  "), "empty message"),
        (MessageDraft(NUMBER, "a\x00b"), "NUL"),
        (MessageDraft(NUMBER, "x" * 1601), "1601 characters"),
        (MessageDraft(NUMBER, "hi", ("ftp://example.org/a.png",)), "https://"),
        (MessageDraft(NUMBER, "hi", ("javascript:alert(1)",)), "https://"),
        (MessageDraft(NUMBER, "hi", ("http://169.254.169.254/latest",)), "public internet"),
        (MessageDraft(NUMBER, "hi", ("https://example.org/a.png",) * 11), "10 pictures"),
        (
            MessageDraft(NUMBER, "hi", send_before=timezone.now() - timedelta(seconds=1)),
            "has passed",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused_with_words_and_not_stored(
    organization: Organization, draft: MessageDraft, words: str
) -> None:
    with pytest.raises(MessageRefused, match=words):
        send_message(
            organization,
            draft.contact_number,
            draft.text,
            media=draft.media,
            send_before=draft.send_before,
        )
    assert not Message.objects.exists()


def test_a_number_that_is_none_is_refused(organization: Organization) -> None:
    with pytest.raises(InvalidPhoneNumber):
        send_message(organization, "hello", "Hello")
    assert not Message.objects.exists()


def test_who_opted_out_is_not_accepted(organization: Organization) -> None:
    optouts.stop(organization, NUMBER)
    with pytest.raises(ContactOptedOut):
        send_message(organization, NUMBER, "Hello")
    assert not Message.objects.exists()


def test_an_opt_out_counts_in_its_own_organization_only(organization: Organization) -> None:
    optouts.stop(OrganizationFactory(), NUMBER)
    assert send_message(organization, NUMBER, "Hello").pk


def test_a_contact_of_another_organization_is_refused(organization: Organization) -> None:
    with pytest.raises(MessageRefused, match="another organization"):
        send_message(organization, NUMBER, "Hello", contact=ContactFactory())


def test_without_a_vendor_nothing_is_accepted(organization: Organization, settings: Any) -> None:
    settings.DEFAULT_SERVICE = ""
    with pytest.raises(UnknownVendor, match="DEFAULT_SERVICE"):
        send_message(organization, NUMBER, "Hello")


def test_a_repeated_key_returns_the_first_message(organization: Organization) -> None:
    first = send_message(organization, NUMBER, "Hello", idempotency_key="k")
    again = send_message(organization, "(212) 555-0123", "Hello", idempotency_key="k")
    assert again.pk == first.pk
    assert Message.objects.count() == 1


def test_a_key_used_for_other_content_is_a_conflict(organization: Organization) -> None:
    send_message(organization, NUMBER, "Hello", idempotency_key="k")
    with pytest.raises(IdempotencyConflict):
        send_message(organization, NUMBER, "Goodbye", idempotency_key="k")
    assert Message.objects.count() == 1


def test_two_organizations_may_use_the_same_key(organization: Organization) -> None:
    send_message(organization, NUMBER, "Hello", idempotency_key="k")
    send_message(OrganizationFactory(), NUMBER, "Hello", idempotency_key="k")
    assert Message.objects.count() == 2


def test_a_conversation_goes_on_from_the_number_it_was_held_with(
    organization: Organization,
) -> None:
    for user_number in ("+12125550101", "+12125550102"):
        MessageFactory(
            organization=organization,
            contact_number=NUMBER,
            user_number=user_number,
            service="scripted",
        )
    MessageFactory(contact_number=NUMBER, user_number="+12125550109", service="scripted")
    assert send_message(organization, NUMBER, "Hello").user_number == "+12125550102"


def test_a_bulk_takes_what_it_can_and_says_why_not_the_rest(organization: Organization) -> None:
    optouts.stop(organization, "+12125550199")
    drafts = [
        MessageDraft("+12125550101", "one"),
        MessageDraft("nobody", "two"),
        MessageDraft("+12125550199", "three"),
        MessageDraft("+12125550104", ""),
        MessageDraft("+12125550105", "five"),
    ]
    result = send_messages(organization, drafts)
    assert [m.text for m in result.accepted] == ["one", "five"]
    assert {draft.text for draft, _ in result.refused} == {"two", "three", ""}
    assert all(reason for _, reason in result.refused)
    assert Message.objects.count() == 2


def test_a_bulk_repeated_with_its_keys_adds_nothing(organization: Organization) -> None:
    drafts = [
        MessageDraft("+12125550101", "one", idempotency_key="1"),
        MessageDraft("+12125550102", "two", idempotency_key="2"),
        MessageDraft("+12125550102", "two", idempotency_key="2"),
    ]
    first = send_messages(organization, drafts)
    again = send_messages(organization, drafts)
    assert Message.objects.count() == 2
    assert {m.pk for m in again.accepted} == {m.pk for m in first.accepted}
