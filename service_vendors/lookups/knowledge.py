"""What an organization knows of numbers. The only writer of a number's status."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from service_vendors import conf
from service_vendors.models import Organization, OrganizationContact
from service_vendors.types import ContactInfo, LookupDetail, LookupStatus

_WRITTEN: Final = (
    "status_code",
    "carrier",
    "line_type",
    "lookup_name",
    "last_lookup",
    "lookup_detail",
    "service",
)


@dataclass(frozen=True, slots=True)
class NumberError:
    """What one failed text taught of a number: the code, and a status if that tells one."""

    organization_id: int
    contact_number: str
    service: str
    code: int | None
    status: LookupStatus | None

    @property
    def columns(self) -> dict[str, object]:
        """What is worth writing down, by column of OrganizationContact."""
        learned: dict[str, object] = {}
        if self.code is not None:
            learned |= {"last_error_code": self.code, "service": self.service}
        if self.status is not None:
            learned["status_code"] = self.status.value
        return learned


def believed_since() -> datetime:
    """Lookups before this moment are too old to be believed."""
    return timezone.now() - timedelta(days=conf.whole("LOOKUP_MAX_AGE_DAYS"))


def fresh(
    organization: Organization,
    numbers: Collection[str],
    detail: LookupDetail,
    since: datetime | None = None,
) -> dict[str, OrganizationContact]:
    """Those of the numbers that need not be asked about, by number.

    ``since``: only what was told after this moment counts; by default all that is believed.
    """
    return {
        contact.contact_number: contact
        for contact in _fresh(organization, detail, since).filter(contact_number__in=numbers)
    }


def fresh_numbers(organization: Organization, detail: LookupDetail) -> QuerySet[Any]:
    """All numbers that need not be asked about, as a subquery."""
    return _fresh(organization, detail, None).values("contact_number")


def _fresh(
    organization: Organization, detail: LookupDetail, since: datetime | None
) -> QuerySet[OrganizationContact]:
    # Of what is no working number, there is nothing more to learn for money.
    enough = Q(lookup_detail__gte=detail) | Q(status_code=LookupStatus.INVALID.value)
    return OrganizationContact.objects.filter(
        enough, organization=organization, last_lookup__gt=since or believed_since()
    )


def learn(
    organization: Organization, service: str, detail: LookupDetail, told: Mapping[str, ContactInfo]
) -> dict[str, OrganizationContact]:
    """Write down what a lookup told of each number; what is known now. Run it in a transaction.

    A lookup that asks less leaves what an earlier one told of more. It says nothing of a wish to
    be left alone, so "unsubscribed at the vendor" stays until the contact comes back.
    """
    before = {
        contact.contact_number: contact
        for contact in OrganizationContact.objects.filter(
            organization=organization, contact_number__in=told
        )
    }
    now = timezone.now()
    rows = []
    for number in sorted(told):
        info = told[number]
        row = before.get(number) or OrganizationContact(
            organization=organization, contact_number=number
        )
        if not (_is_unsubscribed(row) and info.status is LookupStatus.TEXTABLE):
            row.status_code = info.status.value
        row.carrier = _storable(info.carrier, 200) or row.carrier
        row.line_type = _storable(info.line_type, 50) or row.line_type
        row.lookup_name = _storable(info.lookup_name, 200) or row.lookup_name
        row.last_lookup, row.lookup_detail, row.service = now, detail.value, service
        rows.append(row)
    OrganizationContact.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=("organization", "contact_number"),
        update_fields=_WRITTEN,
    )
    return {row.contact_number: row for row in rows}


def learn_from_errors(errors: Iterable[NumberError]) -> None:
    """Write down what failed texts taught: the vendors' codes, and a status where one tells it.

    Those that teach the same are written in one statement. Run it in a transaction.
    """
    kinds: dict[tuple[str, ...], dict[tuple[int, str], NumberError]] = {}
    for error in errors:
        if columns := tuple(error.columns):
            number = (error.organization_id, error.contact_number)
            kinds.setdefault(columns, {})[number] = error  # of several, the last one counts
    for columns, by_number in kinds.items():
        # In the order of their numbers: two workers that wait for each other would wait for good.
        rows = [
            OrganizationContact(
                organization_id=organization_id, contact_number=number, **error.columns
            )
            for (organization_id, number), error in sorted(
                by_number.items(), key=lambda item: item[0]
            )
        ]
        OrganizationContact.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=("organization", "contact_number"),
            update_fields=columns,
        )


def _is_unsubscribed(row: OrganizationContact) -> bool:
    return (
        row.status_code == LookupStatus.UNSUBSCRIBED.value
        and row.subscribe_status != OrganizationContact.SubscribeStatus.SUBSCRIBED
    )


def _storable(text: str | None, most: int) -> str:
    """A vendor's word as a column takes it; vendors leave words out, and send absurd ones."""
    return (text or "").replace("\x00", "").strip()[:most]
