"""An account at Twilio that is ready to text, and the vendor bound to it. Imported by tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from service_vendors.references import new_reference
from service_vendors.types import OutboundMessage, VendorAccount
from service_vendors.vendors import loop, registry
from service_vendors.vendors.twilio.vendor import Twilio
from tests.simulators.network import Switch
from tests.simulators.twilio.company import Request, TwilioCompany
from tests.simulators.twilio.furnishing import furnished

CONTACT = "+12125550142"
PUBLIC_ADDRESS = "https://texting.example.org"


@dataclass(frozen=True)
class AtTwilio:
    """The company, the switch that leads to it, and whose account it is."""

    company: TwilioCompany
    switch: Switch
    config: dict[str, str]

    def vendor(self, **changes: str) -> Twilio:
        """The vendor, bound to the account with some values changed; "" takes one away."""
        config = {name: value for name, value in (self.config | changes).items() if value}
        return Twilio(VendorAccount("twilio", 7, config, PUBLIC_ADDRESS))

    def send(self, text: str = "Will you vote?", to: str = CONTACT, **more: Any) -> Any:
        """Send a message; the receipt."""
        return loop.run(self.vendor().send_message(a_message(text, to, **more)))

    def posts(self) -> list[Request]:
        """Every request to send that came in."""
        return [
            one
            for one in self.company.requests
            if one.method == "POST" and one.path.endswith("/Messages.json")
        ]

    def form(self) -> dict[str, str]:
        """What the last request to send said."""
        return dict(self.posts()[-1].form)


@contextmanager
def at_twilio() -> Iterator[AtTwilio]:
    """Open an account with two numbers and a messaging service."""
    company = TwilioCompany()
    config = furnished(company)
    with company.open() as switch:
        yield AtTwilio(company, switch, config)


@contextmanager
def at_twilio_for_everybody(settings: Any) -> Iterator[AtTwilio]:
    """Open an account that is the whole installation's."""
    with at_twilio() as there:
        settings.SERVICE_VENDORS = ["twilio"]
        settings.DEFAULT_SERVICE = "twilio"
        settings.BASE_URL = PUBLIC_ADDRESS
        settings.TWILIO_ACCOUNT_SID = there.config["account_sid"]
        settings.TWILIO_AUTH_TOKEN = there.config["auth_token"]
        settings.TWILIO_MESSAGE_SERVICE_SID = there.config["message_service_sid"]
        registry.reset()
        yield there
    registry.reset()


def a_message(text: str = "Will you vote?", to: str = CONTACT, **more: Any) -> OutboundMessage:
    """A message with a reference of its own."""
    return OutboundMessage(new_reference().hex, to, text, **more)
