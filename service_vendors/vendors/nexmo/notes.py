"""Notes of purchases that are under way, kept at Vonage, because there is nowhere else.

Vonage takes no reference with a purchase. So before a number is bought, a note says under which
order: an application without any capability, which costs nothing and calls nobody, and whose name
is the note. It is removed when the number itself carries the reference.
https://developer.vonage.com/en/api/application.v2
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from service_vendors.exceptions import PermanentVendorError, SendUncertain
from service_vendors.types import VendorAccount
from service_vendors.vendors.nexmo import api
from service_vendors.vendors.nexmo.inventory import Number

URL: Final = f"{api.API}/v2/applications"
PAGE: Final = 100
NOT_FOUND: Final = 404
_WRITTEN: Final = re.compile(r"Buying ([A-Z]{2})-([0-9]{7,15}) for order (.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Note:
    """A number that is being bought, or was, under an order; and Vonage's id of the note."""

    note_id: str
    number: Number
    reference: str


async def write(account: VendorAccount, number: Number, reference: str) -> Note:
    """Write a note. One whose answer is lost is found among the notes of its order."""
    name = f"Buying {number.service_id} for order {reference}"
    answer = await api.call(account, "POST", URL, json={"name": name}, acts=True)
    note_id = answer.get("id")
    if not (isinstance(note_id, str) and note_id):
        raise SendUncertain(api.UNREADABLE)
    return Note(note_id, number, reference)


async def of_order(account: VendorAccount, reference: str) -> AsyncIterator[Note]:
    """The notes of an order."""
    page = 1
    while True:
        params = {"page_size": str(PAGE), "page": str(page)}
        answer = await api.call(account, "GET", URL, params=params)
        for one in (answer.get("_embedded") or {}).get("applications") or ():
            written = _WRITTEN.fullmatch(str(one.get("name", "")))
            if written and written[3] == reference:
                yield Note(str(one["id"]), Number(written[1], written[2]), reference)
        if page >= int(answer.get("total_pages") or 0):
            return
        page += 1


async def remove(account: VendorAccount, note: Note) -> None:
    """Remove a note; one that is gone already counts as removed."""
    try:
        await api.call(account, "DELETE", f"{URL}/{quote(note.note_id, safe='')}")
    except PermanentVendorError as error:
        if error.code != NOT_FOUND:
            raise
