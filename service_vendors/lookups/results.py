"""A job's numbers and what became of them, as a CSV file that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from django.utils import timezone

from service_vendors.models import LookupItem, LookupJob, OrganizationContact
from service_vendors.phone import is_e164

BATCH: Final = 2_000
HEADS: Final = (
    "number",
    "outcome",
    "status",
    "status_code",
    "carrier",
    "line_type",
    "name",
    "looked_up_at",
    "reason",
)
# A cell that begins like this is run by spreadsheets as a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def csv_lines(job: LookupJob) -> Iterator[str]:
    """The file, a line at a time; a batch of numbers is in memory."""
    writer = csv.writer(_Echo())
    yield writer.writerow(HEADS)
    items = job.items.order_by("pk").iterator(BATCH)
    while batch := list(islice(items, BATCH)):
        contacts = _contacts(job, batch)
        for item in batch:
            row = _row(item, contacts.get(item.contact_number))
            yield writer.writerow([safe(cell) for cell in row])


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    A whole phone number may begin with its plus: nothing but digits follows, and without the plus
    it would not be that number any more. The same holds for a number below zero.
    """
    is_plain = is_e164(cell) or (cell[:1] == "-" and cell[1:].isascii() and cell[1:].isdecimal())
    return f"'{cell}" if cell.startswith(_FORMULA) and not is_plain else cell


class _Echo:
    """A file for csv that gives each line back."""

    def write(self, line: str) -> str:
        """The line."""
        return line


def _contacts(job: LookupJob, batch: Sequence[LookupItem]) -> dict[str, OrganizationContact]:
    numbers = [item.contact_number for item in batch]
    found = OrganizationContact.objects.filter(
        organization_id=job.organization_id, contact_number__in=numbers
    )
    return {contact.contact_number: contact for contact in found}


def _row(item: LookupItem, contact: OrganizationContact | None) -> Sequence[str]:
    answered = item.state in {LookupItem.State.KNOWN, LookupItem.State.LOOKED_UP}
    told = contact if answered else None
    at = told.last_lookup if told else None
    return (
        item.contact_number,
        item.get_state_display(),
        item.get_status_code_display() if item.status_code is not None else "",
        "" if item.status_code is None else str(item.status_code),
        told.carrier if told else "",
        told.line_type if told else "",
        told.lookup_name if told else "",
        timezone.localtime(at).isoformat(timespec="seconds") if at else "",
        item.reason,
    )
