"""How the contract tests reach Bandwidth's stand-in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from service_vendors.testing import Company, Taken, Trouble, VendorContract
from service_vendors.types import (
    InboundMessage,
    InboundPart,
    LookupStatus,
    Media,
    ReportStatus,
    WebhookRequest,
)
from service_vendors.vendors.bandwidth.vendor import Bandwidth
from tests.simulators.bandwidth import callbacks, messages
from tests.simulators.bandwidth.company import BandwidthCompany, Refusal
from tests.simulators.bandwidth.furnishing import NUMBERS, furnished
from tests.simulators.contract import StandIn
from tests.simulators.disturbances import Handler, refusing, saying
from tests.simulators.network import Switch

TROUBLES: Final[Mapping[Trouble, Handler]] = {
    Trouble.REFUSES_MESSAGE: refusing(Refusal(400, fields=("to[0]",))),
    Trouble.BUSY: refusing(Refusal(429, retry_after=7)),
    Trouble.CLOSED: refusing(Refusal(503)),
    Trouble.SILENT: messages.SILENT,
    Trouble.HANGS_UP: messages.HANGS_UP,
    Trouble.BREAKS: messages.taking_and(refusing(Refusal(500))),
    Trouble.MUMBLES: messages.taking_and(saying("<html>Welcome</html>")),
}
SAMPLES: Final = {
    ReportStatus.SENT: callbacks.SENDING,
    ReportStatus.DELIVERED: callbacks.DELIVERED,
    ReportStatus.ERROR: callbacks.FAILED,
}
TEXTABLE, LANDLINE, INVALID = "+12125550142", "+12125550149", "+19995550142"


class Contract(VendorContract):
    """The vendor keeps every promise of the contract."""

    vendor_class = Bandwidth
    proof_headers = ("authorization",)
    proof_covers_body = False  # Basic authentication is all that Bandwidth offers
    picture = Media("https://messaging.bandwidth.com/api/v2/users/9900902/media/x/0/bw.png")
    user_number = NUMBERS[0]
    managers = frozenset(Bandwidth.needs_managers)
    lookups: ClassVar[Mapping[str, LookupStatus]] = {
        TEXTABLE: LookupStatus.TEXTABLE,
        LANDLINE: LookupStatus.LANDLINE,
        INVALID: LookupStatus.INVALID,
        "+442079460018": LookupStatus.FOREIGN,
    }

    @contextmanager
    def open_company(self) -> Iterator[Company]:
        """The company, at Bandwidth's own addresses."""
        company = BandwidthCompany()
        with company.open() as switch:
            yield BandwidthStandIn(company, switch)


class BandwidthStandIn(StandIn):
    """The stand-in, in the words of the contract tests."""

    troubles = TROUBLES

    def __init__(self, company: BandwidthCompany, switch: Switch) -> None:
        # A password alone is no legacy API user.
        config = {**furnished(company), "api_password": "of-nobody-any-more"}
        super().__init__(company, switch, config, NUMBERS)
        company.lookups |= {
            TEXTABLE: {"lineType": "MOBILE", "messagingProvider": "Verizon Wireless"},
            LANDLINE: {"lineType": "FIXED", "voiceProvider": "AT&T"},
        }
        messages.past(company, LANDLINE, status="FAILED", code=4700, carrier=None)
        messages.past(company, INVALID, status="UNDELIVERED", code=4721, carrier="other")

    def behave(self) -> None:
        """All is well."""
        super().behave()
        self._company.locked_out = False

    def misbehave(self, trouble: Trouble) -> None:
        """Answer like this from now on; whoever is locked out is refused the token, too."""
        self.behave()
        if trouble is Trouble.LOCKS_OUT:
            self._company.locked_out = True
        else:
            super().misbehave(trouble)

    def read(self, message: Mapping[str, Any]) -> Taken:
        """A message, as it was posted."""
        return Taken(
            service_id=message["id"],
            reference=message["tag"],
            contact_number=message["to"][0],
            user_number=message["from"],
            text=message["text"],
            media=tuple(message["media"]),
        )

    def is_for_sending(self, path: str) -> bool:
        """Where messages are posted."""
        return path.endswith("/messages")

    def calls(self) -> int:
        """How often somebody asked to send, or was refused the token for it."""
        return super().calls() + int(self._company.tokens_refused)

    def incoming(self, message: InboundMessage, *, secret: str | None = None) -> WebhookRequest:
        """A contact's message."""
        sample = callbacks.RECEIVED_PICTURE if message.media else callbacks.RECEIVED
        event = callbacks.filled(
            sample,
            {
                "id": message.service_id,
                "owner": message.user_number,
                "to": [message.user_number],
                "from": message.contact_number,
                "text": message.text,
                "media": [one.url for one in message.media] or None,
            },
            to=message.user_number,
        )
        return self._call(event, secret)

    def part(self, part: InboundPart) -> WebhookRequest | None:
        """Bandwidth joins parts itself."""
        return None

    def report(
        self, message: Taken, status: ReportStatus, error_code: int | None
    ) -> WebhookRequest:
        """A delivery report."""
        event = callbacks.filled(
            SAMPLES[status],
            {
                "id": message.service_id,
                "owner": message.user_number,
                "to": [message.contact_number],
                "from": message.user_number,
                "tag": message.reference,
            },
            to=message.contact_number,
            errorCode=error_code,
        )
        return self._call(event)

    def _call(self, event: dict[str, Any], secret: str | None = None) -> WebhookRequest:
        password = self._config["callback_password"] if secret is None else secret
        return callbacks.call([event], self._config["callback_user"], password)
