"""How the contract tests reach Twilio's stand-in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from service_vendors.testing import Company, Taken, Trouble, VendorContract
from service_vendors.testing.setting import CALLBACK_BASE
from service_vendors.types import (
    InboundMessage,
    InboundPart,
    LookupStatus,
    ReportStatus,
    WebhookRequest,
)
from service_vendors.vendors.twilio.vendor import Twilio
from tests.simulators.contract import StandIn
from tests.simulators.disturbances import Handler, refusing, saying
from tests.simulators.twilio import callbacks, lookups, messages
from tests.simulators.twilio.company import Refusal, TwilioCompany
from tests.simulators.twilio.furnishing import NUMBERS, furnished

TROUBLES: Final[Mapping[Trouble, Handler]] = {
    Trouble.REFUSES_MESSAGE: refusing(Refusal(400, 21610)),
    Trouble.LOCKS_OUT: refusing(Refusal(401, 20003)),
    Trouble.BUSY: refusing(Refusal(429, 20429, retry_after=7)),
    Trouble.CLOSED: refusing(Refusal(503, 20503)),
    Trouble.SILENT: messages.SILENT,
    Trouble.HANGS_UP: messages.HANGS_UP,
    Trouble.BREAKS: messages.taking_and(refusing(Refusal(500, 20500))),
    Trouble.MUMBLES: messages.taking_and(saying("<html>Welcome</html>")),
}
STATUS: Final = {
    ReportStatus.SENT: "sent",
    ReportStatus.DELIVERED: "delivered",
    ReportStatus.ERROR: "undelivered",
}


class Contract(VendorContract):
    """The vendor keeps every promise of the contract."""

    vendor_class = Twilio
    proof_headers = (callbacks.SIGNATURE_HEADER.lower(),)
    lookups: ClassVar[Mapping[str, LookupStatus]] = {
        lookups.MOBILE: LookupStatus.TEXTABLE,
        lookups.VOIP: LookupStatus.TEXTABLE,
        lookups.LANDLINE: LookupStatus.LANDLINE,
        lookups.BRITISH: LookupStatus.FOREIGN,
        lookups.GONE: LookupStatus.INVALID,
    }

    @contextmanager
    def open_company(self) -> Iterator[Company]:
        """The company, at Twilio's own addresses."""
        company = TwilioCompany()
        with company.open() as switch:
            yield TwilioStandIn(company, switch, furnished(company), NUMBERS)


class TwilioStandIn(StandIn):
    """The stand-in, in the words of the contract tests."""

    troubles = TROUBLES

    def read(self, message: Mapping[str, Any]) -> Taken:
        """A message, as Twilio shows it."""
        return Taken(
            service_id=message["sid"],
            reference=callbacks.reference_of(message["status_callback"]),
            contact_number=message["to"],
            user_number=message["from"],
            text=message["body"],
            media=tuple(message["media"]),
        )

    def is_for_sending(self, path: str) -> bool:
        """Where messages are posted."""
        return path.endswith("/Messages.json")

    def incoming(self, message: InboundMessage, *, secret: str | None = None) -> WebhookRequest:
        """A contact's message, posted to the address of messages."""
        fields = callbacks.incoming_fields(
            self._company,
            contact=message.contact_number,
            number=message.user_number,
            text=message.text,
            sid=message.service_id,
            media=message.media,
        )
        token = self._company.auth_token if secret is None else secret
        return callbacks.posted(f"{CALLBACK_BASE}/twilio/1", fields, token).request()

    def part(self, part: InboundPart) -> WebhookRequest | None:
        """Twilio joins the parts of long messages itself."""
        return None

    def report(
        self, message: Taken, status: ReportStatus, error_code: int | None
    ) -> WebhookRequest:
        """A report, at the address that was told along with the message."""
        (taken,) = (one for one in self._company.messages if one["sid"] == message.service_id)
        return callbacks.report(self._company, taken, STATUS[status], error_code).request()
