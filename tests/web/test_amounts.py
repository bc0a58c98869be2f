"""A page asks the database as often for much as for little."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from service_vendors.models import Message, Organization, SendStatus, WebhookEvent
from tests.factories import (
    AuditEntryFactory,
    CampaignFactory,
    ContactFactory,
    MembershipFactory,
    MessageFactory,
    OptOutFactory,
    OrganizationContactFactory,
    OwnedPhoneNumberFactory,
    WebhookEventFactory,
    a_number,
)

MOST_QUERIES: Final = 20
# So many of everything that a page shows a part of them; of most, some are left in both cases.
FEW, MANY = 22, 60
TALKED_TO: Final = a_number(0)

PAGES: Final = (
    "settings",
    "phone-numbers",
    "phone-numbers?use=allocated",
    "messages",
    "messages?show=replies",
    "messages?show=failed",
    "messages?show=unknown",
    f"messages/{TALKED_TO}",
    "messages/set-aside",
    "contacts",
    "contacts?show=opted-out",
    f"contacts/{TALKED_TO}",
)


@pytest.fixture
def client(owner_client: Client, settings: Any) -> Client:
    """An owner's browser, where numbers are managed and every vendor may be chosen."""
    settings.PHONE_INVENTORY = True
    settings.SERVICE_VENDORS = ["twilio", "bandwidth", "nexmo", "fakeservice"]
    settings.DEFAULT_SERVICE = "fakeservice"
    return owner_client


@pytest.fixture
def owner_client(owner: AbstractBaseUser) -> Client:
    """The owner's browser, without the vendors of other tests."""
    browser = Client()
    browser.force_login(owner)
    return browser


def test_much_takes_as_many_queries_as_little(
    client: Client, organization: Organization, owner: AbstractBaseUser
) -> None:
    addresses = [f"/admin/{organization.pk}/{page}" for page in PAGES]
    add_everything(organization, owner, range(FEW))
    for address in addresses:
        client.get(address)  # what is read once by each process is not the page's
    few = {address: queries(client, address) for address in addresses}
    assert max(few.values()) < MOST_QUERIES
    add_everything(organization, owner, range(FEW, MANY))
    assert {address: queries(client, address) for address in addresses} == few


def queries(client: Client, address: str) -> int:
    """How often a page asks the database."""
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    assert answer.status_code == HTTPStatus.OK
    return len(captured)


def add_everything(organization: Organization, owner: AbstractBaseUser, numbered: range) -> None:
    """So much more of whatever a page may show."""
    for n in numbered:
        number, ours = a_number(n), a_number(5_000 + n)
        campaign = CampaignFactory(organization=organization, is_started=True)
        contact = ContactFactory(campaign=campaign, cell=number)
        OrganizationContactFactory(
            organization=organization, contact_number=number, user_number=ours
        )
        OptOutFactory(organization=organization, cell=number)
        OwnedPhoneNumberFactory(
            organization=organization,
            phone_number=ours,
            bought_by=owner,
            allocated_to="campaign" if n % 2 else "",
            allocated_to_id=str(campaign.pk) if n % 2 else "",
            allocated_at=timezone.now() if n % 2 else None,
        )
        talk = {"organization": organization, "contact": contact, "user_number": ours}
        for whom in (number, TALKED_TO):
            MessageFactory(**talk, contact_number=whom, send_status=SendStatus.ERROR)
            MessageFactory(**talk, contact_number=whom, is_from_contact=True)
            MessageFactory(**talk, contact_number=whom, send_status=SendStatus.UNKNOWN, due_at=None)
        for status in (WebhookEvent.Status.SET_ASIDE, WebhookEvent.Status.PENDING):
            WebhookEventFactory(organization=organization, status=status, last_error="It broke.")
        AuditEntryFactory(organization=organization, service="fakeservice", actor=owner)
        MembershipFactory(user=owner)
    # Numbers of which something is to be told from before, too.
    Message.objects.filter(is_from_contact=False).update(
        created_at=timezone.now() - timedelta(days=1)
    )
