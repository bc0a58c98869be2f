"""An account at Vonage that is ready to text, and the vendor bound to it. Imported by tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from service_vendors.references import new_reference
from service_vendors.types import OutboundMessage, PurchasedNumber, SendReceipt, VendorAccount
from service_vendors.vendors import loop, registry
from service_vendors.vendors.nexmo.vendor import Nexmo
from tests.simulators.disturbances import Handler
from tests.simulators.network import Switch
from tests.simulators.nexmo import messages
from tests.simulators.nexmo.company import NexmoCompany, Request
from tests.simulators.nexmo.furnishing import MOBILE, NUMBERS, furnished

CONTACT = MOBILE
OURS = NUMBERS[0]
PUBLIC_ADDRESS = "https://texting.example.org"

T = TypeVar("T")


@dataclass(frozen=True)
class AtNexmo:
    """The company, the switch that leads to it, and whose account it is."""

    company: NexmoCompany
    switch: Switch
    config: dict[str, str]

    def vendor(self, callback_base: str = PUBLIC_ADDRESS, **changes: str) -> Nexmo:
        """The vendor, bound to the account with some values changed; "" takes one away."""
        config = {name: value for name, value in (self.config | changes).items() if value}
        return Nexmo(VendorAccount("nexmo", 7, config, callback_base))

    def send(self, text: str = "Will you vote?", to: str = CONTACT, **more: Any) -> SendReceipt:
        """Send a message; the receipt."""
        return loop.run(self.vendor().send_message(a_message(text, to, **more)))

    def posts(self) -> list[Request]:
        """Every request to send that came in."""
        paths = {messages.SMS, messages.MESSAGES}
        return [one for one in self.company.requests if one.path in paths]

    def buy(
        self, limit: int = 1, reference: str = "order-1", area_code: str = "212"
    ) -> list[PurchasedNumber]:
        """Buy numbers; those that were handed over."""
        return every(self.vendor().buy_numbers_in_area_code(area_code, limit, reference))

    def owned(self) -> dict[str, PurchasedNumber]:
        """The account's numbers as the vendor lists them, by number."""
        return {one.phone_number: one for one in every(self.vendor().list_owned_numbers())}

    def bought_under(self, reference: str) -> list[str]:
        """The numbers that the company calls us for, by the order in the address."""
        address = f"{PUBLIC_ADDRESS}/nexmo/7?order={reference}"
        numbers = self.company.numbers
        return [one for one in numbers if numbers[one].get("moHttpUrl") == address]

    def notes(self) -> list[str]:
        """The notes of purchases at the company: applications that are none."""
        names = [one["name"] for one in self.company.applications.values()]
        return [name for name in names if name != "Our Union"]

    def break_at(self, step: int, moment: str, how: Handler) -> None:
        """Have something happen to the request after the next ``step`` ones: before it is
        answered, or after what it asks for was done.
        """
        self.company.at_request = len(self.company.requests) + step
        self.company.before = how if moment == "before" else None
        self.company.after = how if moment == "after" else None

    def mend(self) -> None:
        """All is well again."""
        self.company.at_request = None


@contextmanager
def at_nexmo() -> Iterator[AtNexmo]:
    """Open an account with two numbers and an application."""
    company = NexmoCompany()
    config = furnished(company)
    with company.open() as switch:
        yield AtNexmo(company, switch, config)


@contextmanager
def configured(settings: Any) -> Iterator[AtNexmo]:
    """Open an account that the environment configures, as everybody's; work is done at once."""
    settings.CELERY_TASK_ALWAYS_EAGER = True
    settings.SERVICE_VENDORS = ["nexmo"]
    settings.DEFAULT_SERVICE = "vonage"
    settings.BASE_URL = PUBLIC_ADDRESS
    with at_nexmo() as there:
        for field in Nexmo.config_fields:
            setattr(settings, field.env, there.config[field.name])
        registry.reset()
        yield there
    registry.reset()


def a_message(text: str = "Will you vote?", to: str = CONTACT, **more: Any) -> OutboundMessage:
    """A message with a reference of its own, from one of the account's numbers."""
    more.setdefault("user_number", OURS)
    return OutboundMessage(new_reference().hex, to, text, **more)


def every(found: AsyncIterator[T]) -> list[T]:
    """All that an iterator of the vendor's yields."""

    async def collect() -> list[T]:
        return [one async for one in found]

    return loop.run(collect())
