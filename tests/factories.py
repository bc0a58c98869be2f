"""Rows for tests. Each factory makes the smallest row that is right; tests say what matters."""

from __future__ import annotations

from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from factory.django import DjangoModelFactory

from service_vendors.models import (
    AuditEntry,
    Campaign,
    Contact,
    Membership,
    Message,
    MessagePart,
    OptOut,
    Organization,
    OrganizationContact,
    OwnedPhoneNumber,
    Role,
    SendStatus,
    VendorConfig,
    WebhookEvent,
)

PASSWORD = "demo"


def a_number(n: int) -> str:
    """The nth made-up number: valid E.164 in the US, and no two alike."""
    return f"+1212{556 + n // 10_000 % 400:03d}{n % 10_000:04d}"


class UserFactory(DjangoModelFactory[Any]):
    """A person who can log in with PASSWORD."""

    class Meta:
        model = get_user_model()

    username = factory.Sequence(lambda n: f"person{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


class OrganizationFactory(DjangoModelFactory[Organization]):
    """A tenant that has chosen nothing itself."""

    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Organization {n}")
    features: Any = factory.LazyFunction(dict)


class MembershipFactory(DjangoModelFactory[Membership]):
    """A texter, unless another role is given."""

    class Meta:
        model = Membership

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.TEXTER


class CampaignFactory(DjangoModelFactory[Campaign]):
    """A campaign that has not started."""

    class Meta:
        model = Campaign

    organization = factory.SubFactory(OrganizationFactory)
    title = factory.Sequence(lambda n: f"Campaign {n}")


class ContactFactory(DjangoModelFactory[Contact]):
    """A person in a campaign."""

    class Meta:
        model = Contact

    campaign = factory.SubFactory(CampaignFactory)
    cell = factory.Sequence(a_number)
    first_name = factory.Sequence(lambda n: f"Ada{n}")
    last_name = "Lovelace"


class OrganizationContactFactory(DjangoModelFactory[OrganizationContact]):
    """What an organization knows of a number: nothing yet."""

    class Meta:
        model = OrganizationContact

    organization = factory.SubFactory(OrganizationFactory)
    contact_number = factory.Sequence(a_number)
    service = "fakeservice"


class OptOutFactory(DjangoModelFactory[OptOut]):
    """A wish, in force, that was texted."""

    class Meta:
        model = OptOut

    organization = factory.SubFactory(OrganizationFactory)
    cell = factory.Sequence(a_number)
    source = OptOut.Source.KEYWORD


class MessageFactory(DjangoModelFactory[Message]):
    """A text from us that waits to be sent; ``is_from_contact=True`` makes it an answer."""

    class Meta:
        model = Message

    organization = factory.SubFactory(OrganizationFactory)
    contact_number = factory.Sequence(a_number)
    text = "Will you vote on Tuesday?"
    service = "fakeservice"
    send_status = factory.LazyAttribute(
        lambda message: SendStatus.DELIVERED if message.is_from_contact else SendStatus.QUEUED
    )
    queued_at = factory.LazyAttribute(
        lambda message: None if message.is_from_contact else timezone.now()
    )
    due_at = factory.LazyAttribute(lambda message: message.queued_at)
    is_from_contact = False


class MessagePartFactory(DjangoModelFactory[MessagePart]):
    """The first of two pieces."""

    class Meta:
        model = MessagePart

    organization = factory.SubFactory(OrganizationFactory)
    service = "fakeservice"
    service_id = factory.Sequence(lambda n: f"part-{n}")
    contact_number = factory.Sequence(a_number)
    user_number = "+12125550100"
    group = "1"
    index = 1
    total = 2
    text = "The first half, "


class OwnedPhoneNumberFactory(DjangoModelFactory[OwnedPhoneNumber]):
    """A bought number that serves nobody in particular."""

    class Meta:
        model = OwnedPhoneNumber

    organization = factory.SubFactory(OrganizationFactory)
    service = "fakeservice"
    phone_number = factory.Sequence(lambda n: a_number(1_000_000 + n))
    area_code = factory.LazyAttribute(lambda number: number.phone_number[2:5])
    service_id = factory.Sequence(lambda n: f"number-{n}")


class VendorConfigFactory(DjangoModelFactory[VendorConfig]):
    """Saved settings of a vendor; plain values only, secrets are saved by ``configuration``."""

    class Meta:
        model = VendorConfig

    organization = factory.SubFactory(OrganizationFactory)
    service = "fakeservice"
    config: Any = factory.LazyFunction(dict)


class WebhookEventFactory(DjangoModelFactory[WebhookEvent]):
    """A verified call of a vendor that waits to be applied."""

    class Meta:
        model = WebhookEvent

    organization = factory.SubFactory(OrganizationFactory)
    service = "fakeservice"
    event_key = factory.Sequence(lambda n: f"event-{n}")
    address = factory.LazyAttribute(lambda event: event.service)
    method = "POST"
    url = factory.LazyAttribute(lambda event: f"http://testserver/{event.address}")
    body = b"{}"


class AuditEntryFactory(DjangoModelFactory[AuditEntry]):
    """Something that someone did."""

    class Meta:
        model = AuditEntry

    organization = factory.SubFactory(OrganizationFactory)
    actor_name = "ada"
    action = "settings changed"
    summary = factory.Sequence(lambda n: f"Change number {n}.")
