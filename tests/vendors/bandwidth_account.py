"""An account at Bandwidth, furnished or new, and the vendor bound to it. Imported by tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from service_vendors.references import new_reference
from service_vendors.types import OutboundMessage, VendorAccount
from service_vendors.vendors import loop
from service_vendors.vendors.bandwidth.vendor import Bandwidth
from tests.simulators.bandwidth.company import BandwidthCompany, Request
from tests.simulators.bandwidth.deaths import DiesAt
from tests.simulators.bandwidth.furnishing import NUMBERS, credentials, furnished
from tests.simulators.network import Switch

T = TypeVar("T")

CONTACT = "+12125550142"
PUBLIC_ADDRESS = "https://texting.example.org"
ORGANIZATION_ID = 7


@dataclass(frozen=True)
class AtBandwidth:
    """The company, the switch that leads to it, and whose account it is."""

    company: BandwidthCompany
    switch: Switch
    config: dict[str, str]

    def vendor(self, **changes: str) -> Bandwidth:
        """The vendor, bound to the account with some values changed; "" takes one away."""
        config = {name: value for name, value in (self.config | changes).items() if value}
        own = frozenset(config)
        return Bandwidth(
            VendorAccount("bandwidth", ORGANIZATION_ID, config, PUBLIC_ADDRESS, own_fields=own)
        )

    def send(self, text: str = "Will you vote?", to: str = CONTACT, **more: Any) -> Any:
        """Send a message; the receipt."""
        return loop.run(self.vendor().send_message(a_message(text, to, **more)))

    def posts(self) -> list[Request]:
        """Every request to send that came in."""
        return self.company.asked("POST", "/messages")


@contextmanager
def at_bandwidth(*, new: bool = False) -> Iterator[AtBandwidth]:
    """Open an account: with two numbers in a location, or with nothing at all."""
    company = BandwidthCompany()
    config = credentials(company) if new else furnished(company)
    with company.open() as switch:
        yield AtBandwidth(company, switch, config)


def a_message(text: str = "Will you vote?", to: str = CONTACT, **more: Any) -> OutboundMessage:
    """A message with a reference of its own, from a number that somebody picked."""
    more.setdefault("user_number", NUMBERS[0])
    return OutboundMessage(new_reference().hex, to, text, **more)


def every(found: AsyncIterator[T]) -> list[T]:
    """All that an iterator of the vendor's yields."""

    async def collect() -> list[T]:
        return [one async for one in found]

    return loop.run(collect())


def dies_at(
    there: AtBandwidth, nth: int, work: Callable[[], Coroutine[Any, Any, Any]], *, acted: bool
) -> bool:
    """Do the work and die at its n-th request; False when it ended before that."""
    death = DiesAt(nth, acted=acted)
    there.company.disturbance = death
    future = asyncio.run_coroutine_threadsafe(work(), loop.get_loop())
    try:
        while not (future.done() or death.happened.wait(0.005)):
            pass
        if not death.happened.is_set():
            future.result()
            return False
        future.cancel()
        with suppress(CancelledError):
            future.result(10)
        return True
    finally:
        there.company.disturbance = None
