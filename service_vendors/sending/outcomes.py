"""What can come of bringing one claimed message to its vendor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service_vendors.types import LookupStatus, SendReceipt


@dataclass(frozen=True, slots=True)
class Accepted:
    """The vendor took it."""

    receipt: SendReceipt


@dataclass(frozen=True, slots=True)
class TryLater:
    """Surely not sent; this attempt counts. ``after_seconds`` is the vendor's wish, or None."""

    reason: str
    code: int | None = None
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Postponed:
    """Surely not sent, through no fault of the message; this attempt does not count.

    It is tried again at ``until``, or after a short while. ``may_switch``: its vendor has trouble,
    so that another one may send it sooner.
    """

    reason: str
    until: datetime | None = None
    may_switch: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Surely not sent, and it never will be."""

    reason: str
    code: int | None = None
    opted_out: bool = False
    contact_status: LookupStatus | None = None


@dataclass(frozen=True, slots=True)
class NotAttempted:
    """We ourselves decided not to send it: opted out, or too late."""

    reason: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Nobody can know now whether it was sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class Switched:
    """Surely not sent; another vendor tries, with its attempts counted anew.

    ``instead_of`` is what else holds, should a doubt have come up meanwhile.
    """

    service: str
    reason: str
    instead_of: TryLater | Postponed


Outcome = Accepted | TryLater | Postponed | Failed | NotAttempted | Uncertain | Switched
