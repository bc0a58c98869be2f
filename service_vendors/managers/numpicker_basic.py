"""Picks the number a text goes from, for vendors and contacts that have none of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import NamedTuple

from django.db.models import BigIntegerField, Case, F, Max, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from service_vendors import phone
from service_vendors.managers.base import ServiceManager
from service_vendors.models import Message, Organization, OwnedPhoneNumber
from service_vendors.types import ServiceManagerData


class Number(NamedTuple):
    """One number that may be picked."""

    pk: int
    phone_number: str


class Manager(ServiceManager):
    """The number that was not picked for the longest time, of the contact's area code if any is.

    The organization's own numbers of this vendor that are allocated to nobody take turns; of a pool
    that was asked for, that pool's. A contact's texts of one batch go from one number.
    """

    name = "numpicker-basic"
    title = "Number picker"
    help = "Spreads texts evenly over your numbers, with the contact’s area code where it can."

    def on_number_needed(
        self, messages: Mapping[Message, ServiceManagerData]
    ) -> Mapping[Message, ServiceManagerData | None]:
        """Pick for all of them at once."""
        numberless = _numberless(messages)
        if not numberless:
            return {}
        organization, service = numberless[0].organization, numberless[0].service
        pools: defaultdict[str, dict[str, list[Message]]] = defaultdict(lambda: defaultdict(list))
        for message in numberless:
            pool = messages[message].messageservice_sid or message.messageservice_sid
            pools[pool][message.contact_number].append(message)
        picked: dict[Message, ServiceManagerData | None] = {}
        for pool, by_contact in sorted(pools.items()):
            numbers = _pick(_choice(organization, service, pool), list(by_contact))
            for contact, number in numbers.items():
                decision = ServiceManagerData(user_number=number)
                picked |= dict.fromkeys(by_contact[contact], decision)
        return picked


def _numberless(messages: Mapping[Message, ServiceManagerData]) -> list[Message]:
    """Those that do not go from a number of the organization anyway: it may be released by now."""
    asked_for = {message.user_number for message in messages if message.user_number}
    if not asked_for:
        return list(messages)
    one = next(iter(messages))
    ours = set(
        OwnedPhoneNumber.objects.filter(
            organization=one.organization, service=one.service, phone_number__in=asked_for
        ).values_list("phone_number", flat=True)
    )
    return [message for message in messages if message.user_number not in ours]


def _choice(organization: Organization, service: str, pool: str) -> QuerySet[OwnedPhoneNumber]:
    """The numbers that take turns."""
    numbers = OwnedPhoneNumber.objects.filter(organization=organization, service=service)
    if pool:
        return numbers.filter(messageservice_sid=pool)
    return numbers.filter(allocated_at__isnull=True)


def _pick(choice: QuerySet[OwnedPhoneNumber], contacts: Sequence[str]) -> dict[str, str]:
    """A number for each contact, as far as there is any; the numbers' turns are over with that."""
    by_code: defaultdict[str, list[str]] = defaultdict(list)
    for contact in contacts:
        by_code[phone.area_code(contact)].append(contact)
    near = _longest_waiting_by_area(choice, by_code)
    picked: dict[str, Number] = {}
    for code, numbers in near.items():
        picked |= _go_round(numbers, by_code.pop(code))
    elsewhere = [contact for group in by_code.values() for contact in group]
    if elsewhere:
        # Those just picked for their own area come last.
        used = set(picked.values())
        found = _longest_waiting(choice, len(elsewhere) + len(used))
        picked |= _go_round(sorted(found, key=used.__contains__), elsewhere)
    if picked:
        _end_turns(choice, [number.pk for number in picked.values()])
    return {contact: number.phone_number for contact, number in picked.items()}


def _go_round(numbers: Sequence[Number], contacts: Sequence[str]) -> dict[str, Number]:
    """Give each contact the next number, from the first again after the last."""
    return dict(zip(contacts, cycle(numbers), strict=False))


def _longest_waiting(choice: QuerySet[OwnedPhoneNumber], limit: int) -> list[Number]:
    rows = choice.order_by("turn", "pk").values_list("pk", "phone_number")
    return [Number(*row) for row in rows[:limit]]


def _longest_waiting_by_area(
    choice: QuerySet[OwnedPhoneNumber], contacts: Mapping[str, Sequence[str]]
) -> dict[str, list[Number]]:
    """Of each area code that has any, at most as many numbers as it has contacts."""
    codes = [code for code in contacts if code]
    if not codes:
        return {}
    most = max(len(contacts[code]) for code in codes)
    rows = (
        choice.filter(area_code__in=codes)
        .annotate(
            place=Window(RowNumber(), partition_by=F("area_code"), order_by=(F("turn"), F("pk")))
        )
        .filter(place__lte=most)
        .order_by("area_code", "place")
        .values_list("pk", "phone_number", "area_code")
    )
    found: defaultdict[str, list[Number]] = defaultdict(list)
    for pk, phone_number, code in rows:
        if len(found[code]) < len(contacts[code]):
            found[code].append(Number(pk, phone_number))
    return dict(found)


def _end_turns(choice: QuerySet[OwnedPhoneNumber], picked: Sequence[int]) -> None:
    """Put picked numbers at the end of the queue, in the order in which each was picked last.

    Numbers of one turn go by their ids, so an ascending run of ids takes one turn together.
    """
    in_order = list(dict.fromkeys(reversed(picked)))[::-1]
    turns: list[list[int]] = []
    for pk in in_order:
        if turns and turns[-1][-1] < pk:
            turns[-1].append(pk)
        else:
            turns.append([pk])
    latest = choice.aggregate(latest=Max("turn"))["latest"] or 0
    OwnedPhoneNumber.objects.filter(pk__in=in_order).update(
        turn=Case(
            *(When(pk__in=pks, then=Value(turn)) for turn, pks in enumerate(turns, latest + 1)),
            default=F("turn"),
            output_field=BigIntegerField(),
        )
    )
