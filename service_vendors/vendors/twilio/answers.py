"""What the SDK makes of Twilio's answers. What it cannot read is not Twilio's."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from twilio.base.exceptions import TwilioException

from service_vendors.exceptions import SendUncertain, TransientVendorError

UNREADABLE: Final = "Twilio's answer could not be read."
# What the SDK's reading of an answer that is JSON, and still not Twilio's, may raise.
NOT_TWILIOS: Final = (TwilioException, AttributeError, LookupError, TypeError, ValueError)


def is_sid(text: object, prefix: str) -> bool:
    """Whether a text can be Twilio's id of something: two letters for its kind, 32 digits.

    The SDK writes ids into addresses as they are, so nothing else may get there.
    """
    return isinstance(text, str) and re.fullmatch(rf"{prefix}[0-9a-fA-F]{{32}}", text) is not None


def insist_on_sid(text: object, prefix: str) -> str:
    """The id in an answer. Raises ValueError where there is none."""
    if not is_sid(text, prefix):
        raise ValueError(f"This is no id of the kind {prefix}.")
    return str(text)


@contextmanager
def reading(*, acts: bool = False) -> Iterator[None]:
    """Whatever in this block cannot be read is SendUncertain if it ``acts``, else Transient."""
    try:
        yield
    except NOT_TWILIOS:
        raise (SendUncertain if acts else TransientVendorError)(UNREADABLE) from None


async def every(listing: Awaitable[AsyncIterator[Any]]) -> AsyncIterator[Any]:
    """All records of a list of Twilio's, page after page."""
    with reading():
        records = await listing
    while True:
        try:
            with reading():
                record = await anext(records)
        except StopAsyncIteration:
            return
        yield record
