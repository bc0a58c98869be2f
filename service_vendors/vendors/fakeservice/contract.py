"""How the contract tests reach a stand-in of the company: here, the company itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, ClassVar, Final

from service_vendors.testing import Company, Taken, Trouble, VendorContract
from service_vendors.types import (
    InboundMessage,
    InboundPart,
    LookupStatus,
    ReportStatus,
    WebhookRequest,
)
from service_vendors.vendors.fakeservice.server import FakeServiceServer, events
from service_vendors.vendors.fakeservice.vendor import FakeService

KNOBS: Final[Mapping[Trouble, Mapping[str, Any]]] = {
    Trouble.REFUSES_MESSAGE: {"faults": {"reject": 1}},
    Trouble.LOCKS_OUT: {"refuse_credentials": True},
    Trouble.BUSY: {"faults": {"limit": 1}, "retry_after_seconds": 7},
    Trouble.CLOSED: {"faults": {"refuse": 1}},
    Trouble.SILENT: {"faults": {"hang": 1}},
    Trouble.HANGS_UP: {"faults": {"reset": 1}},
    Trouble.BREAKS: {"faults": {"break": 1}},
    Trouble.MUMBLES: {"faults": {"garble": 1}},
}
STATUS: Final = {
    ReportStatus.SENT: "sent",
    ReportStatus.DELIVERED: "delivered",
    ReportStatus.ERROR: "failed",
}


class Contract(VendorContract):
    """The vendor keeps every promise of the contract."""

    vendor_class = FakeService
    proof_headers = (events.SIGNATURE_HEADER.lower(),)
    lookups: ClassVar = {
        "+12125550142": LookupStatus.TEXTABLE,
        "+12125550148": LookupStatus.TEXTABLE,
        "+12125550149": LookupStatus.LANDLINE,
        "+442079460018": LookupStatus.FOREIGN,
        "+19995550142": LookupStatus.INVALID,
    }

    @contextmanager
    def open_company(self) -> Iterator[Company]:
        """The company, with its ledger in memory."""
        with FakeServiceServer() as server:
            yield LocalCompany(server)


class LocalCompany(Company):
    """The company's server, in the words of the contract tests."""

    signs_with: ClassVar[str] = "signing_secret"

    def __init__(self, server: FakeServiceServer) -> None:
        self._server = server
        self._config = server.account()

    @property
    def config(self) -> Mapping[str, str]:
        """An account there."""
        return self._config

    @property
    def numbers(self) -> tuple[str, str]:
        """The company lets everybody send from every number."""
        return "+12125550100", "+12125550101"

    def behave(self) -> None:
        """All is well; nobody is there to hear reports."""
        self._server.behave(reports=False)

    def misbehave(self, trouble: Trouble) -> None:
        """Answer like this from now on."""
        self._server.behave(reports=False, **KNOBS[trouble])

    def close(self) -> None:
        """Stop the server."""
        self._server.stop()

    def taken(self) -> Sequence[Taken]:
        """What stands in the ledger."""
        return [
            Taken(
                service_id=one["id"],
                reference=one["reference"],
                contact_number=one["contact"],
                user_number=one["number"],
                text=one["text"],
                media=tuple(item["url"] for item in one["media"]),
            )
            for one in self._server.sent()
        ]

    def calls(self) -> int:
        """How often somebody asked to send."""
        return int(self._server.call("GET", "/ledger?limit=0")["calls"])

    def incoming(self, message: InboundMessage, *, secret: str | None = None) -> WebhookRequest:
        """A contact's message."""
        return self._signed(
            events.received(
                message_id=message.service_id,
                contact=message.contact_number,
                number=message.user_number,
                text=message.text,
                media=[asdict(item) for item in message.media],
                at=time.time(),
            ),
            secret,
        )

    def part(self, part: InboundPart) -> WebhookRequest:
        """A part of a contact's long message."""
        whole = events.received(
            message_id=part.group,
            contact=part.contact_number,
            number=part.user_number,
            text=part.text * part.total,
            at=time.time(),
        )
        event = events.parts(whole, len(part.text))[part.index - 1]
        return self._signed({**event, "message_id": part.service_id})

    def report(
        self, message: Taken, status: ReportStatus, error_code: int | None
    ) -> WebhookRequest:
        """A delivery report."""
        return self._signed(
            events.report(
                STATUS[status],
                message_id=message.service_id,
                reference=message.reference,
                number=message.user_number,
                error_code=error_code,
                at=time.time(),
            )
        )

    def _signed(self, event: events.Event, secret: str | None = None) -> WebhookRequest:
        body, address = events.body_of(event), FakeService.webhooks[0].address
        proved_by = self.config[self.signs_with] if secret is None else secret
        proof = events.signature([proved_by], body, time.time())
        return WebhookRequest(
            address=address,
            method="POST",
            url=f"https://texting.example.org/{address}/1",
            headers={events.SIGNATURE_HEADER.lower(): proof, "content-type": "application/json"},
            body=body,
            organization_id=1,
        )
