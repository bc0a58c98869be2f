"""The number picker: whose numbers, which one, how evenly, and at what price."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from service_vendors.models import Organization, OwnedPhoneNumber
from tests.factories import OrganizationFactory, a_number
from tests.managers.deciding import messages_to, numbers_of, senders

pytestmark = pytest.mark.django_db

CONTACT = "+12125550123"


@pytest.fixture(autouse=True)
def picker(settings: Any) -> None:
    settings.SERVICE_MANAGERS = ["numpicker-basic"]


def new_york(count: int) -> list[str]:
    return [f"+1646555{n:04d}" for n in range(count)]


def contacts(count: int) -> list[str]:
    """People in an area where nobody owns a number."""
    return [f"+1312555{n:04d}" for n in range(count)]


def test_only_the_organizations_own_unallocated_numbers_of_this_vendor_are_picked(
    organization: Organization,
) -> None:
    # Spoke T:923 left the organization out, BS:204 allocated what nobody had allocated.
    (ours,) = numbers_of(organization, ["+16465550001"])
    numbers_of(organization, ["+12125550002"], allocated_at=timezone.now(), allocated_to="x")
    numbers_of(organization, ["+12125550003"], service="fakeservice")
    numbers_of(OrganizationFactory(), ["+12125550004"])
    assert set(senders(messages_to(organization, [CONTACT, *contacts(5)]))) == {ours}


def test_without_a_number_nothing_is_decided(organization: Organization) -> None:
    assert senders(messages_to(organization, [CONTACT])) == [None]


@pytest.mark.parametrize(("numbers", "batch"), [(7, 1), (7, 3), (7, 7), (7, 16), (1, 5), (3, 4)])
def test_numbers_take_turns(organization: Organization, numbers: int, batch: int) -> None:
    numbers_of(organization, new_york(numbers))
    used: Counter[str | None] = Counter()
    people = contacts(batch * 9)
    for start in range(0, len(people), batch):
        used.update(senders(messages_to(organization, people[start : start + batch])))
        assert None not in used
        counts = [used[number] for number in new_york(numbers)]
        assert max(counts) - min(counts) <= 1, f"after {sum(counts)} messages"


def test_a_number_of_the_contacts_area_code_goes_first(organization: Organization) -> None:
    numbers_of(organization, [*new_york(20), "+12125550001", "+12125550002", "+14155550001"])
    people = [f"+1212556{n:04d}" for n in range(10)] + [f"+1415556{n:04d}" for n in range(3)]
    used = Counter(senders(messages_to(organization, people)))
    assert used == {"+12125550001": 5, "+12125550002": 5, "+14155550001": 3}


def test_who_has_no_number_of_their_area_gets_those_that_waited_longest(
    organization: Organization,
) -> None:
    numbers_of(organization, ["+12125550001", *new_york(3)])
    people = ["+12125560001", *contacts(3)]
    assert senders(messages_to(organization, people)) == ["+12125550001", *new_york(3)]
    assert senders(messages_to(organization, contacts(1))) == ["+12125550001"]


@pytest.mark.parametrize("contact", ["+442079460018", "+33140000001"])
def test_a_contact_without_an_area_code_is_texted_too(
    organization: Organization, contact: str
) -> None:
    numbers_of(organization, ["+442079460099"])
    assert senders(messages_to(organization, [contact])) == ["+442079460099"]


def test_a_new_number_joins_the_queue_and_is_not_flooded(organization: Organization) -> None:
    old = numbers_of(organization, new_york(4))
    for person in contacts(40):
        senders(messages_to(organization, [person]))
    (new,) = numbers_of(organization, ["+16465559999"])
    used = Counter(senders(messages_to(organization, contacts(10))))
    assert used == dict.fromkeys([*old, new], 2)


def test_one_contact_is_texted_from_one_number_in_a_batch(organization: Organization) -> None:
    numbers_of(organization, new_york(5))
    (number,) = set(senders(messages_to(organization, [CONTACT] * 4)))
    assert number
    assert OwnedPhoneNumber.objects.filter(turn__gt=0).count() == 1


def test_a_pool_that_was_asked_for_sends_from_its_own_numbers(organization: Organization) -> None:
    numbers_of(organization, new_york(3))
    (inside,) = numbers_of(
        organization, ["+16465558888"], messageservice_sid="pool-1", allocated_at=timezone.now()
    )
    asked = messages_to(organization, contacts(4), messageservice_sid="pool-1")
    assert set(senders(asked)) == {inside}
    unknown = messages_to(organization, contacts(1), messageservice_sid="pool-2")
    assert senders(unknown) == [None], "the vendor knows what is in it"


def test_a_number_that_was_asked_for_stays_as_long_as_it_is_ours(
    organization: Organization,
) -> None:
    ours = numbers_of(organization, new_york(2))
    numbers_of(OrganizationFactory(), ["+16465557777"])
    kept, stranger, released = (
        messages_to(organization, contacts(1), user_number=number)[0]
        for number in (ours[1], "+16465557777", "+16465556666")
    )
    assert senders([kept]) == [None], "the message's own number is used"
    assert senders([stranger]) == [ours[0]]
    assert senders([released]) == [ours[1]]


def test_picking_costs_the_same_few_queries_whatever_the_batch(organization: Organization) -> None:
    numbers_of(organization, [a_number(n) for n in range(10_000)])

    def cost(people: list[str]) -> int:
        messages = messages_to(organization, people)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert None not in senders(messages)
        return len(queries)

    people = [*(a_number(20_000 + n) for n in range(250)), *contacts(250)]
    cost(people[:1])  # the first one makes the row that is the lock
    assert cost(people) <= cost([people[0], people[-1]]) <= 8


def test_ten_thousand_texts_over_five_hundred_numbers_use_each_alike(
    organization: Organization, settings: Any
) -> None:
    settings.SERVICE_MANAGERS = ["numpicker-basic", "sticky-sender"]
    numbers = numbers_of(organization, [a_number(n) for n in range(500)])
    people = [a_number(10_000 + n % 2_000) for n in range(10_000)]
    messages = messages_to(organization, people)
    used: Counter[str | None] = Counter()
    heard: dict[str, set[str | None]] = {}
    for start in range(0, len(messages), 500):
        batch = messages[start : start + 500]
        for message, number in zip(batch, senders(batch), strict=True):
            used[number] += 1
            heard.setdefault(message.contact_number, set()).add(number)
    assert set(used) == set(numbers)
    assert max(used.values()) <= 1.1 * min(used.values())
    assert all(len(one) == 1 for one in heard.values())
