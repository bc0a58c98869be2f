"""Numbers that take turns while several workers pick at once, and what that costs PostgreSQL."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from service_vendors.managers import registry
from service_vendors.models import Message, Organization, OwnedPhoneNumber
from service_vendors.sending import MessageDraft, send_messages
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory, a_number
from tests.servers.agreement import agree
from tests.servers.conftest import Processes, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

MESSAGES, NUMBERS, CONTACTS = 10_000, 500, 2_000


@pytest.fixture
def environment(company: FakeServiceServer, settings: Any, live_server: Any) -> dict[str, str]:
    """What this process and the workers must agree on."""
    company.behave(reports=False)
    return agree(
        company,
        settings,
        live_server.url,
        SERVICE_MANAGERS="numpicker-basic,sticky-sender",
        SEND_BATCH_SIZE="100",
        # Nobody dies here, and a busy machine is no reason to take anyone for dead.
        SEND_LEASE_SECONDS="120",
        REDISPATCH_SECONDS="120",
    )


def own_numbers(organization: Organization, count: int) -> list[str]:
    numbers = [a_number(n) for n in range(count)]
    OwnedPhoneNumber.objects.bulk_create(
        OwnedPhoneNumber(
            organization=organization,
            service="fakeservice",
            phone_number=number,
            service_id=number,
            area_code=number[2:5] if n % 2 else "646",
        )
        for n, number in enumerate(numbers)
    )
    return numbers


def test_four_workers_use_each_number_alike_and_each_contact_hears_from_one(
    company: FakeServiceServer,
    environment: dict[str, str],
    processes: Callable[[dict[str, str]], Processes],
) -> None:
    organization: Organization = OrganizationFactory()
    numbers = own_numbers(organization, NUMBERS)
    celery = processes(environment)
    for _ in range(2):
        celery.worker(threads=2)
    # In no order: a contact's first texts meet in different workers.
    people = [f"+1312{555 + n // 10_000}{n:04d}" for n in range(CONTACTS)] * (MESSAGES // CONTACTS)
    random.Random(4).shuffle(people)
    drafts = [MessageDraft(person, f"Message {n}") for n, person in enumerate(people)]
    assert len(send_messages(organization, drafts).accepted) == MESSAGES
    wait_until(
        lambda: company.call("GET", "/ledger?limit=0")["count"] >= MESSAGES,
        seconds=240,
        what=f"the vendor to have {MESSAGES} messages",
    )
    used: Counter[str] = Counter()
    heard: dict[str, set[str]] = defaultdict(set)
    for row in company.sent():
        used[row["number"]] += 1
        heard[row["contact"]].add(row["number"])
    print(f"\nuse per number: {min(used.values())} to {max(used.values())}")  # noqa: T201
    assert set(used) == set(numbers)
    assert max(used.values()) <= 1.1 * min(used.values())
    assert len(heard) == CONTACTS
    assert {len(one) for one in heard.values()} == {1}, "a contact heard from two numbers"


def test_picking_among_ten_thousand_numbers_goes_by_an_index_in_as_many_statements_as_for_two(
    environment: dict[str, str],
) -> None:
    organization: Organization = OrganizationFactory()
    own_numbers(organization, 10_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE service_vendors_ownedphonenumber")

    def decide(contacts: list[str]) -> list[str]:
        """The statements it takes."""
        messages = Message.objects.bulk_create(
            Message(organization=organization, service="fakeservice", contact_number=contact)
            for contact in contacts
        )
        with CaptureQueriesContext(connection) as queries:
            decided = registry.decide_on_send(organization, "fakeservice", messages)
        assert all(said.user_number for said in decided.values())
        return [query["sql"] for query in queries]

    near = [a_number(20_000 + n) for n in range(250)]
    far = [f"+1312555{n:04d}" for n in range(250)]
    decide(far[:1])
    few = decide([near[0], far[1]])
    many = decide([*near[1:], *far[2:]])
    assert len(many) == len(few) <= 13, "\n".join(many)

    (longest_waiting,) = (one for one in many if '."turn" ASC' in one and "ROW_NUMBER" not in one)
    plan = explained(longest_waiting)
    assert "sv_numbers_in_turn" in plan, plan
    assert "Sort" not in plan, plan
    (by_area,) = (one for one in many if "ROW_NUMBER" in one)
    plan += explained(by_area)
    assert "sv_unallocated_numbers" in plan, plan
    assert "Seq Scan" not in plan, plan


def explained(statement: str) -> str:
    """How PostgreSQL goes about a statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN ANALYZE {statement}")
        return "\n".join(row[0] for row in cursor.fetchall())
