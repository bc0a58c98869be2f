"""Numbers of which it is known that they take no texts are not texted, unless that is wanted."""

from __future__ import annotations

from typing import Any

import pytest

from service_vendors import lookups, optouts, sending
from service_vendors.exceptions import ContactNotTextable, ContactOptedOut
from service_vendors.models import Message, OptOut, Organization, OrganizationContact, SendStatus
from service_vendors.sending import MessageDraft
from service_vendors.types import DeliveryReport, LookupStatus, ReportStatus
from tests.factories import MessageFactory, OrganizationContactFactory

NUMBER, OTHER = "+12125550149", "+12125550142"
NEGATIVE = [status for status in LookupStatus if status is not LookupStatus.TEXTABLE]


def known(organization: Organization, status: LookupStatus | None, number: str = NUMBER) -> Any:
    return OrganizationContactFactory(
        organization=organization,
        contact_number=number,
        status_code=None if status is None else status.value,
    )


@pytest.mark.parametrize("status", NEGATIVE)
def test_a_number_with_a_negative_status_is_refused_in_words(
    organization: Organization, status: LookupStatus
) -> None:
    known(organization, status)
    with pytest.raises(ContactNotTextable) as raised:
        sending.send_message(organization, NUMBER, "Hello")
    assert str(raised.value).endswith(".")
    drafts = [MessageDraft(NUMBER, "Hello"), MessageDraft(OTHER, "Hello")]
    result = sending.send_messages(organization, drafts)
    assert [message.contact_number for message in result.accepted] == [OTHER]
    assert result.refused == [(drafts[0], str(raised.value))]


@pytest.mark.parametrize("status", [None, LookupStatus.TEXTABLE])
def test_every_other_number_is_texted(
    organization: Organization, status: LookupStatus | None
) -> None:
    known(organization, status)
    known(OrganizationContactFactory().organization, LookupStatus.LANDLINE)
    assert sending.send_message(organization, NUMBER, "Hello").send_status == SendStatus.QUEUED


def test_what_is_learned_after_a_message_was_accepted_keeps_it_from_being_sent(
    organization: Organization,
) -> None:
    message = MessageFactory(organization=organization, contact_number=NUMBER)
    lookups.look_up(organization, NUMBER)
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.NOT_ATTEMPTED
    assert message.status_reason == "This number is a landline, which takes no texts."


@pytest.mark.parametrize("wish", [True, "on", "true"])
def test_an_organization_may_text_them_all_the_same(
    organization: Organization, wish: object
) -> None:
    known(organization, LookupStatus.LANDLINE)
    organization.features = {"TEXT_DESPITE_LOOKUP": wish}
    organization.save()
    message = sending.send_message(organization, NUMBER, "Hello")
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.SENT


@pytest.mark.parametrize("wish", [False, "off", ""])
def test_the_installation_may_text_them_and_an_organization_may_not(
    organization: Organization, settings: Any, wish: object
) -> None:
    known(organization, LookupStatus.LANDLINE)
    settings.TEXT_DESPITE_LOOKUP = True
    assert lookups.refusals(organization, [NUMBER]) == {}
    organization.features = {"TEXT_DESPITE_LOOKUP": wish}
    assert (NUMBER in lookups.refusals(organization, [NUMBER])) is (wish != "")


def test_an_opt_out_holds_whatever_a_lookup_says(organization: Organization) -> None:
    optouts.stop(organization, OTHER)
    contact = lookups.look_up(organization, OTHER)
    assert contact.status_code == LookupStatus.TEXTABLE.value
    organization.features = {"TEXT_DESPITE_LOOKUP": True}
    organization.save()
    with pytest.raises(ContactOptedOut):
        sending.send_message(organization, OTHER, "Hello")
    assert OptOut.objects.filter(cell=OTHER, ended_at__isnull=True).exists()
    contact.refresh_from_db()
    assert contact.subscribe_status == OrganizationContact.SubscribeStatus.UNSUBSCRIBED


def test_a_lookup_does_not_undo_an_unsubscription_at_the_vendor_and_start_does(
    organization: Organization,
) -> None:
    known(organization, LookupStatus.UNSUBSCRIBED, OTHER)
    contact = lookups.look_up(organization, OTHER)
    assert contact.status_code == LookupStatus.UNSUBSCRIBED.value
    assert OTHER in lookups.refusals(organization, [OTHER])
    optouts.start(organization, OTHER)
    assert lookups.refusals(organization, [OTHER]) == {}
    again = lookups.look_up(organization, OTHER, newer_than=contact.last_lookup)
    assert again.status_code == LookupStatus.TEXTABLE.value


def test_what_a_failed_text_teaches_counts_until_a_lookup_knows_better(
    organization: Organization,
) -> None:
    message = MessageFactory(
        organization=organization, contact_number=OTHER, send_status=SendStatus.SENT
    )
    report = DeliveryReport(
        service_id="",
        status=ReportStatus.ERROR,
        reference=message.reference.hex,
        error_code=451,
        contact_status=LookupStatus.LANDLINE,
    )
    sending.apply_report(organization, "fakeservice", report)
    with pytest.raises(ContactNotTextable):
        sending.send_message(organization, OTHER, "Hello")
    contact = lookups.look_up(organization, OTHER)
    assert contact.last_error_code == 451
    assert sending.send_message(organization, OTHER, "Hello")
    assert Message.objects.filter(send_status=SendStatus.QUEUED).count() == 1
