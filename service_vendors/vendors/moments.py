"""Times as vendors write them in their webhooks."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(written: str) -> datetime:
    """An ISO 8601 time with its zone, in UTC.

    Raises ValueError for what is none, and for the ends of the calendar, which UTC does not reach.
    """
    at = datetime.fromisoformat(written)
    if at.tzinfo is None:
        raise ValueError("A time says its zone.")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{written} is outside the calendar.") from None
