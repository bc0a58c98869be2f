"""How the contract tests reach Vonage's stand-in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from service_vendors.testing import Company, Taken, Trouble, VendorContract
from service_vendors.types import (
    InboundMessage,
    InboundPart,
    LookupStatus,
    ReportStatus,
    WebhookRequest,
)
from service_vendors.vendors.nexmo import errors
from service_vendors.vendors.nexmo.vendor import Nexmo
from tests.simulators.contract import StandIn
from tests.simulators.disturbances import Handler, refusing, saying
from tests.simulators.nexmo import callbacks, furnishing, messages
from tests.simulators.nexmo.company import NexmoCompany, Refusal
from tests.simulators.nexmo.furnishing import NUMBERS, furnished

TROUBLES: Final[Mapping[Trouble, Handler]] = {
    Trouble.REFUSES_MESSAGE: messages.answering("7"),
    Trouble.LOCKS_OUT: messages.answering("4"),
    Trouble.BUSY: refusing(Refusal(429, {"title": "Rate Limit Hit"}, retry_after=7)),
    Trouble.CLOSED: messages.answering("1"),
    Trouble.SILENT: messages.SILENT,
    Trouble.HANGS_UP: messages.HANGS_UP,
    Trouble.BREAKS: messages.taking_and(saying("", 500)),
    Trouble.MUMBLES: messages.taking_and(saying("<html>Welcome</html>")),
}


class Contract(VendorContract):
    """The vendor keeps every promise of the contract."""

    vendor_class = Nexmo
    proof_headers = ("authorization",)
    user_number = NUMBERS[0]
    lookups: ClassVar[Mapping[str, LookupStatus]] = {
        furnishing.MOBILE: LookupStatus.TEXTABLE,
        furnishing.LANDLINE: LookupStatus.LANDLINE,
        furnishing.FOREIGN: LookupStatus.FOREIGN,
        furnishing.NOBODYS: LookupStatus.INVALID,
    }
    free_lookups: ClassVar[Mapping[str, LookupStatus]] = {
        furnishing.LANDLINE: LookupStatus.TEXTABLE,
    }

    @contextmanager
    def open_company(self) -> Iterator[Company]:
        """The company, at Vonage's own addresses."""
        company = NexmoCompany()
        with company.open() as switch:
            yield NexmoStandIn(company, switch, furnished(company), NUMBERS)


class NexmoStandIn(StandIn):
    """The stand-in, in the words of the contract tests."""

    troubles = TROUBLES

    def read(self, message: Mapping[str, Any]) -> Taken:
        """A text, or a message with pictures."""
        return Taken(
            service_id=message["id"],
            reference=message["reference"],
            contact_number=f"+{message['to']}",
            user_number=f"+{message['from']}",
            text=message["text"],
            media=tuple(message["media"]),
        )

    def is_for_sending(self, path: str) -> bool:
        """Where messages are posted."""
        return path in {messages.SMS, messages.MESSAGES}

    def incoming(self, message: InboundMessage, *, secret: str | None = None) -> WebhookRequest:
        """A call of the Messages API: its token covers the body."""
        return callbacks.by_token(self._company, callbacks.message(message), secret=secret)

    def part(self, part: InboundPart) -> WebhookRequest:
        """A call of the SMS API, which hands over parts."""
        fields = callbacks.sms(self._company, part)
        return callbacks.by_get(callbacks.signed(fields, self._company.signature_secret))

    def report(
        self, message: Taken, status: ReportStatus, error_code: int | None
    ) -> WebhookRequest:
        """A receipt of the SMS API."""
        taken: dict[str, Any] = next(
            one for one in self._company.messages if one["id"] == message.service_id
        )
        fields = callbacks.receipt(
            self._company,
            taken,
            callbacks.STATUS[status],
            str((error_code or errors.RECEIPT) - errors.RECEIPT),
        )
        proven = callbacks.signed(fields, self._company.signature_secret)
        return callbacks.by_json(proven, callbacks.REPORTS)
