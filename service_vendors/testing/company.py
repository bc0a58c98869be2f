"""What the contract tests need of a local stand-in for a vendor's company."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service_vendors.types import InboundMessage, InboundPart, ReportStatus, WebhookRequest


class Trouble(StrEnum):
    """A way for the company to answer a request to send."""

    REFUSES_MESSAGE = "refuses the message for good, with an error code"
    LOCKS_OUT = "does not accept the credentials, of any request"
    BUSY = "takes nothing now and says in Retry-After to come back in 7 seconds"
    CLOSED = "takes nothing now: 503, or what its documentation says instead"
    SILENT = "takes the message and never answers"
    HANGS_UP = "takes the message and breaks the connection"
    BREAKS = "takes the message and answers 500"
    MUMBLES = "takes the message and answers 200 with something unreadable"


RETRY_AFTER_SECONDS = 7


@dataclass(frozen=True, slots=True)
class Taken:
    """A message as the company took it. ``reference`` is "" where a company knows none of ours."""

    service_id: str
    reference: str
    contact_number: str
    user_number: str
    text: str
    media: tuple[str, ...] = ()


class Company(ABC):
    """A running stand-in. It is spoken to over real sockets, as the company would be."""

    @property
    @abstractmethod
    def config(self) -> Mapping[str, str]:
        """Settings of an account that works, by config field; with every secret set."""

    @property
    @abstractmethod
    def numbers(self) -> tuple[str, str]:
        """Two phone numbers that this account can send from."""

    @abstractmethod
    def behave(self) -> None:
        """Answer as the company does on a good day."""

    @abstractmethod
    def misbehave(self, trouble: Trouble) -> None:
        """From now on, always answer like this."""

    @abstractmethod
    def close(self) -> None:
        """Go away: from now on, connections are refused."""

    @abstractmethod
    def taken(self) -> Sequence[Taken]:
        """Every message taken so far, in order, repetitions included."""

    @abstractmethod
    def calls(self) -> int:
        """How many requests to send came in, whatever became of them."""

    @abstractmethod
    def incoming(self, message: InboundMessage, *, secret: str | None = None) -> WebhookRequest:
        """The proven webhook that hands over a contact's message.

        With ``secret``, proven by that one instead of the account's own.
        """

    @abstractmethod
    def part(self, part: InboundPart) -> WebhookRequest | None:
        """The proven webhook that hands over a part; None when the company joins parts itself."""

    @abstractmethod
    def report(
        self, message: Taken, status: ReportStatus, error_code: int | None
    ) -> WebhookRequest | None:
        """The proven webhook that reports on a message; None only for a SENT it never reports."""
