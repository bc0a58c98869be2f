"""Reading what the vendor yields, one by one, until it ends or fails. Imported by tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

from service_vendors.exceptions import VendorError
from service_vendors.vendors import loop

T = TypeVar("T")


def until_it_fails(found: AsyncIterator[T]) -> tuple[list[T], VendorError | None]:
    """What was yielded, and what was raised then, if anything."""
    yielded: list[T] = []

    async def collect() -> VendorError | None:
        try:
            async for one in found:
                yielded.append(one)  # noqa: PERF401 - kept when the next one fails
        except VendorError as error:
            return error
        return None

    return yielded, loop.run(collect())


def every(found: AsyncIterator[T]) -> list[T]:
    """All that is yielded, where nothing may fail."""
    yielded, error = until_it_fails(found)
    if error is not None:
        raise error
    return yielded
