"""However many messages and events there are, no statement reads more than it works on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from benchmarks.filling import SERVICE, Amounts, fill
from benchmarks.servers import free_port
from service_vendors import backlog, inventory, lookups, receiving, sending, setups
from service_vendors.models import (
    Message,
    Organization,
    OwnedPhoneNumber,
    Role,
    SendStatus,
    WebhookEvent,
)
from service_vendors.receiving import inbox
from service_vendors.receiving.messages import Incoming, save_all
from service_vendors.receiving.tenancy import Tenants
from service_vendors.sending import MessageDraft, Reported, doubts, ledger, sweeping
from service_vendors.sending.outcomes import Accepted, Failed
from service_vendors.sending.preparation import prepare
from service_vendors.types import DeliveryReport, InboundMessage, ReportStatus, SendReceipt
from tests.factories import MembershipFactory, MessageFactory, OrganizationFactory
from tests.servers.plans import plans

pytestmark = pytest.mark.servers

AMOUNTS: Final = Amounts(messages=200_000, contacts=50_000, numbers=2_000, events=50_000)
BATCH: Final = 250
# What is counted for a person is counted up to 10,000.
MOST_ROWS: Final = 12_000
OURS, CONTACT = "+16462000001", "+12122000001"


@pytest.fixture(scope="module")
def years(django_db_setup: None, django_db_blocker: Any) -> Iterator[Organization]:
    """An organization that has texted for years, beside one that has hardly begun."""
    with django_db_blocker.unblock(), transaction.atomic():
        if connection.vendor != "postgresql":
            pytest.fail("Tests marked `servers` need DATABASE_URL to name a PostgreSQL database.")
        OrganizationFactory(name="Just begun")
        organization = OrganizationFactory(name="For years")
        fill(organization, AMOUNTS)
        yield organization
        transaction.set_rollback(True)


@pytest.fixture
def organization(years: Organization, db: None, redis_url: str, settings: Any) -> Organization:
    """It texts over a company that cannot be reached."""
    settings.SERVICE_VENDORS = ["fakeservice"]
    settings.DEFAULT_SERVICE = "fakeservice"
    settings.SERVICE_MANAGERS = ["sticky-sender", "numpicker-basic"]
    settings.PHONE_INVENTORY = True
    settings.FAKESERVICE_API_URL = f"http://127.0.0.1:{free_port()}"
    settings.FAKESERVICE_API_KEY = "a key of these tests"
    return Organization.objects.get(pk=years.pk)


def queued(organization: Organization) -> list[int]:
    """A batch that may be sent now."""
    now = timezone.now()
    rows = [
        MessageFactory.build(
            organization=organization,
            contact_number=f"+1212{2_000_000 + n:07d}",
            service=SERVICE,
            send_status=SendStatus.QUEUED,
            due_at=now,
        )
        for n in range(BATCH)
    ]
    return [message.pk for message in Message.objects.bulk_create(rows)]


def claim_and_record(organization: Organization) -> None:
    claimed = ledger.claim(queued(organization))
    assert len(claimed) == BATCH
    accepted, refused = claimed[: BATCH // 2], claimed[BATCH // 2 :]
    ledger.record(
        {m: Accepted(SendReceipt(f"S{m.pk}", OURS)) for m in accepted}
        | {m: Failed("No such number.", 21_211, False, None) for m in refused}
    )


def prepare_a_batch(organization: Organization) -> None:
    prepare(list(Message.objects.filter(pk__in=queued(organization))))


def accept_a_bulk(organization: Organization) -> None:
    drafts = [
        MessageDraft(f"+1212{2_000_000 + 10 * n:07d}", "Hi!", idempotency_key=f"key {n}")
        for n in range(20)
    ]
    assert len(sending.send_messages(organization, drafts).accepted) == len(drafts)


def sweep_messages(organization: Organization) -> None:
    ids, now = queued(organization), timezone.now()
    Message.objects.filter(pk__in=ids[:50]).update(send_status=SendStatus.SENDING)
    Message.objects.filter(pk__in=ids[50:60]).update(send_status=SendStatus.UNKNOWN, due_at=now)
    sweeping.hand_over_forgotten()
    assert sweeping.end_broken_claims() == 50
    sweeping.settle_doubtful()


def find_doubts(organization: Organization) -> None:
    someone = get_user_model().objects.create_user("somebody")
    assert doubts.mark_all_as_sent(organization, someone) > 0


def settle_what_was_found(organization: Organization) -> None:
    message = doubts.in_doubt(organization).first()
    assert message is not None
    assert ledger.record_found(message, SendReceipt("found", OURS))


def report_by_reference(organization: Organization) -> None:
    found = Message.objects.filter(pk__in=queued(organization))
    _report(organization, [(message.reference.hex, "") for message in found])


def report_by_the_vendors_id(organization: Organization) -> None:
    newest = Message.objects.filter(organization=organization, is_from_contact=False)
    known = newest.order_by("-pk").values_list("service_id", flat=True)[:BATCH]
    _report(organization, [("", service_id) for service_id in known])


def report_what_nobody_knows(organization: Organization) -> None:
    _report(None, [(uuid4().hex, f"nobody's {n}") for n in range(BATCH)])


def _report(organization: Organization | None, named: list[tuple[str, str]]) -> None:
    sending.apply_reports(
        [
            Reported(
                organization,
                SERVICE,
                DeliveryReport(
                    service_id=service_id, status=ReportStatus.DELIVERED, reference=reference
                ),
            )
            for reference, service_id in named
        ]
    )


def file_replies(organization: Organization) -> None:
    replies = [
        InboundMessage(f"reply {n}", f"+1212{2_000_000 + n:07d}", OURS, "STOP" if n == 1 else "Yes")
        for n in range(BATCH)
    ]
    now = timezone.now()
    assert len(save_all([Incoming(organization, SERVICE, one, at=now) for one in replies])) == BATCH


def find_whose_number_it_is(organization: Organization) -> None:
    known = Message.objects.filter(organization=organization, is_from_contact=False).first()
    assert known is not None
    said = InboundMessage("one", known.contact_number, known.user_number, "Yes")
    event = WebhookEvent(pk=1, service=SERVICE, organization=None)
    OwnedPhoneNumber.objects.filter(phone_number=known.user_number).delete()
    assert Tenants({event: [said]}).of(event, said) == organization


def apply_events(organization: Organization) -> None:
    ids = pending_events(organization)
    inbox.apply(ids)


def sweep_the_inbox(organization: Organization) -> None:
    pending_events(organization)
    WebhookEvent.objects.filter(pk__in=pending_events(organization)[:9]).update(
        status=WebhookEvent.Status.SET_ASIDE
    )
    receiving.sweep()


def pending_events(organization: Organization) -> list[int]:
    """A batch of events nobody can read."""
    some_time_ago = timezone.now() - timedelta(hours=1)
    rows = [
        WebhookEvent(
            service=SERVICE,
            organization=organization,
            event_key=uuid4().hex,
            address=SERVICE,
            method="POST",
            url="http://127.0.0.1/",
            body=b"nonsense",
            due_at=some_time_ago,
        )
        for _ in range(4)
    ]
    return [event.pk for event in WebhookEvent.objects.bulk_create(rows)]


def sweep_everything_else(organization: Organization) -> None:
    setups.sweep()
    lookups.sweep()
    inventory.sweep()


def read_the_backlog(organization: Organization) -> None:
    queued(organization)
    assert backlog.read().messages.count == BATCH


def learn_of_errors(organization: Organization) -> None:
    assert lookups.refusals(organization, [f"+1212{2_000_000 + n:07d}" for n in range(BATCH)])


def delete_a_member(organization: Organization) -> None:
    someone = get_user_model().objects.create_user("somebody")
    MessageFactory(organization=organization, sender=someone)
    someone.delete()


ENGINE: Final = (
    claim_and_record,
    prepare_a_batch,
    accept_a_bulk,
    sweep_messages,
    find_doubts,
    settle_what_was_found,
    report_by_reference,
    report_by_the_vendors_id,
    report_what_nobody_knows,
    file_replies,
    find_whose_number_it_is,
    apply_events,
    sweep_the_inbox,
    sweep_everything_else,
    read_the_backlog,
    learn_of_errors,
    delete_a_member,
)


@pytest.mark.parametrize("work", ENGINE, ids=lambda work: work.__name__)
def test_the_engine_reads_what_it_works_on(
    work: Callable[[Organization], None], organization: Organization
) -> None:
    with plans() as found:
        work(organization)
    assert found.statements
    assert not found.reading_more_than(MOST_ROWS)


TALKS: Final = (
    "messages",
    "messages?show=replies",
    "messages?show=failed",
    "messages?show=unknown",
    "messages?show=queued",
    "messages?q=2122000001",
    f"messages/{CONTACT}",
)
PAGES: Final = (
    *TALKS,
    "settings",
    "phone-numbers",
    "messages/set-aside",
    "contacts",
    "contacts?show=landline",
    "contacts?show=opted-out",
    f"contacts/{CONTACT}",
)


@pytest.mark.parametrize(
    ("role", "address"),
    [(Role.OWNER, page) for page in PAGES] + [(Role.TEXTER, page) for page in TALKS],
)
def test_no_page_reads_whole_tables(
    role: Role, address: str, organization: Organization, client: Client
) -> None:
    someone = get_user_model().objects.create_user("somebody")
    MembershipFactory(organization=organization, user=someone, role=role)
    MessageFactory(organization=organization, sender=someone, contact_number=CONTACT)
    client.force_login(someone)
    with plans() as found:
        answer = client.get(f"/admin/{organization.pk}/{address}")
    assert answer.status_code == HTTPStatus.OK
    assert not found.reading_more_than(MOST_ROWS)


def test_reading_a_whole_table_is_noticed(organization: Organization) -> None:
    with plans() as found:
        assert not Message.objects.filter(text="nobody wrote this").exists()
    assert found.reading_more_than(MOST_ROWS)
