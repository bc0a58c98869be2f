"""A message's history as people read it: each step with its time and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.contrib.auth import get_user_model

from service_vendors.exceptions import UnknownVendor
from service_vendors.models import Message, Origin, Step
from service_vendors.models.history import KeptStep, read
from service_vendors.sending import history
from service_vendors.sending.doubts import AGAIN
from service_vendors.types import ErrorDescription, ReportStatus
from service_vendors.vendors import registry


class Tone(StrEnum):
    """What a step means for the message."""

    PLAIN = "plain"
    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Entry:
    """One step in words.

    ``until``: nothing happens before then. ``occurred_at``: when it happened by the vendor's clock.
    ``times`` and ``last_at``: it happened again and again. ``reference`` is another message's.
    """

    at: datetime
    step: Step
    title: str
    tone: Tone = Tone.PLAIN
    detail: str = ""
    error: ErrorDescription | None = None
    until: datetime | None = None
    occurred_at: datetime | None = None
    times: int = 1
    last_at: datetime | None = None
    reference: str = ""


def timeline(message: Message) -> list[Entry]:
    """What happened to a message, the oldest first. One query or two."""
    steps = _steps(message)
    words = _Words(message, steps)
    return [words.entry(one) for one in steps]


def is_complete(message: Message) -> bool:
    """Whether it was followed from its beginning: one that is older than histories was not."""
    return message.is_from_contact or _begins(read(message.history))


def _steps(message: Message) -> list[KeptStep]:
    """The steps that were kept, and those that other columns and rows tell of."""
    if message.is_from_contact:
        parts = [
            history.step(Step.PART, at=part.created_at, index=part.index, total=part.total)
            for part in message.parts.order_by("created_at", "index")
        ]
        came = history.step(Step.RECEIVED, at=message.created_at, occurred_at=message.sent_at)
        return [*parts, {**came, "service": message.service}]
    steps = read(message.history)
    if _begins(steps):
        return steps
    by = None if message.sender_id is None else str(message.sender_id)
    queued = history.step(Step.QUEUED, at=message.queued_at or message.created_at, by=by)
    return [queued, *steps]


def _begins(steps: Sequence[KeptStep]) -> bool:
    return bool(steps) and steps[0]["step"] == Step.QUEUED


@dataclass(frozen=True, slots=True)
class _Said:
    """The words of one step, and what they mean."""

    title: str
    detail: str = ""
    tone: Tone = Tone.PLAIN
    reference: str = ""


_ORIGINS: Final[Mapping[str, str]] = {
    Origin.PAGE: "Written in its conversation.",
    Origin.TRIAL: "A test from the Settings page.",
    Origin.API: "It came over the API.",
    Origin.COMMAND: "It came from the command line.",
    Origin.AGAIN: "In place of a text nobody could tell the fate of.",
}
_REPORTS: Final = {
    ReportStatus.SENT: ("sent", Tone.PLAIN),
    ReportStatus.DELIVERED: ("delivered", Tone.GOOD),
    ReportStatus.ERROR: ("failed", Tone.BAD),
}
_TOO_LATE: Final = "A report had settled it before; this changed nothing."
_NOBODY_KNOWN: Final = "someone who is no longer here"


@dataclass(slots=True)
class _Words:
    """Finds the words for the steps of one message: each has a method of its name."""

    message: Message
    steps: Sequence[KeptStep]
    names: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        who = {one["by"] for one in self.steps if "by" in one}
        users = get_user_model()._default_manager.filter(pk__in=who) if who else ()
        self.names = {str(user.pk): user.get_username() for user in users}

    def entry(self, one: KeptStep) -> Entry:
        """One step in words."""
        kind = Step(one["step"])
        said: _Said = getattr(self, kind.value)(one)
        notes = [said.detail]
        if one.get("opted_out"):
            notes.append("The contact is noted as opted out.")
        if one.get("late"):
            notes.append("It changed nothing." if kind is Step.REPORTED else _TOO_LATE)
        return Entry(
            at=_moment(one["at"]),
            step=kind,
            title=said.title,
            tone=Tone.PLAIN if one.get("late") else said.tone,
            detail=" ".join(note for note in notes if note),
            error=self.error(one),
            until=_moment(one["until"]) if "until" in one else None,
            occurred_at=_moment(one["occurred_at"]) if "occurred_at" in one else None,
            times=int(one.get("times", 1)),
            last_at=_moment(one["last_at"]) if "last_at" in one else None,
            reference=str(UUID(said.reference)) if said.reference else "",
        )

    def error(self, one: KeptStep) -> ErrorDescription | None:
        """What the vendor's code means, where it gave one."""
        if "code" not in one:
            return None
        code = int(one["code"])
        try:
            vendor_class = registry.vendor_class(self.service(one))
        except UnknownVendor:
            return ErrorDescription(code, "Its vendor is no longer in use.")
        return vendor_class.error_description(code)

    def service(self, one: KeptStep) -> str:
        """The vendor a step is about."""
        return str(one.get("service") or self.message.service)

    def vendor(self, one: KeptStep) -> str:
        """Its name, as people know it."""
        try:
            return registry.vendor_class(self.service(one)).title
        except UnknownVendor:
            return self.service(one)

    def who(self, one: KeptStep) -> str:
        """Who did it."""
        return self.names.get(one.get("by", ""), _NOBODY_KNOWN)

    def queued(self, one: KeptStep) -> _Said:
        """Accepted, by whom and over what."""
        origin = one.get("origin", "")
        key = self.message.idempotency_key or ""
        title = f"Queued by {self.who(one)}" if "by" in one else "Queued"
        again = key.removeprefix(AGAIN) if origin == Origin.AGAIN else ""
        return _Said(title, _ORIGINS.get(origin, ""), reference=again)

    def claimed(self, one: KeptStep) -> _Said:
        """A worker's try began."""
        return _Said("A worker took it", f"Try {one['attempt']}.")

    def decided(self, one: KeptStep) -> _Said:
        """What service managers chose."""
        chosen = []
        if number := one.get("user_number"):
            chosen.append(f"It goes out from {number}.")
        if pool := one.get("messageservice_sid"):
            chosen.append(f"It goes over {pool}.")
        return _Said("Service managers decided", " ".join(chosen))

    def accepted(self, one: KeptStep) -> _Said:
        """The vendor has it."""
        if one.get("status") == ReportStatus.ERROR:
            said = f"{self.vendor(one)} took it, and it failed there"
            return _Said(said, _answered(one), Tone.BAD)
        return _Said(f"{self.vendor(one)} took it", _answered(one), Tone.GOOD)

    def try_later(self, one: KeptStep) -> _Said:
        """Surely not sent; there will be another try."""
        asked = "seconds" in one
        title = f"{self.vendor(one)} did not take it" if asked else "This try failed"
        return _Said(title, _reason(one), Tone.WAIT)

    def postponed(self, one: KeptStep) -> _Said:
        """It waits, through no fault of its own."""
        return _Said("Put off", _reason(one), Tone.WAIT)

    def failed(self, one: KeptStep) -> _Said:
        """The vendor will never send it."""
        return _Said(f"{self.vendor(one)} refused it", _reason(one), Tone.BAD)

    def gave_up(self, one: KeptStep) -> _Said:
        """The last try failed like those before."""
        return _Said("The last try failed", _reason(one), Tone.BAD)

    def switched(self, one: KeptStep) -> _Said:
        """Another vendor is to try."""
        return _Said(f"Handed over to {self.vendor(one)}", _reason(one), Tone.WAIT)

    def not_attempted(self, one: KeptStep) -> _Said:
        """We ourselves did not send it."""
        return _Said("Not sent", _reason(one), Tone.BAD)

    def uncertain(self, one: KeptStep) -> _Said:
        """It may be on its way."""
        return _Said(f"Nobody knows whether {self.vendor(one)} took it", _reason(one), Tone.WAIT)

    def lost(self, one: KeptStep) -> _Said:
        """A worker fell silent in the middle."""
        detail = "It may have been sent, so it is not tried again; its vendor will be asked."
        return _Said("Its worker stopped before it knew the outcome", detail, Tone.WAIT)

    def not_found(self, one: KeptStep) -> _Said:
        """The vendor could not say."""
        last = "" if "until" in one else "It is not asked any more: an admin can settle it."
        title = f"What became of it, {self.vendor(one)} could not tell"
        return _Said(title, last, Tone.WAIT)

    def found(self, one: KeptStep) -> _Said:
        """The vendor said what became of it."""
        word, tone = _REPORTS[ReportStatus(one.get("status", ReportStatus.SENT))]
        tone = Tone.GOOD if tone is Tone.PLAIN else tone
        return _Said(f"{self.vendor(one)} was asked and says: {word}", "", tone)

    def reported(self, one: KeptStep) -> _Said:
        """A delivery report."""
        word, tone = _REPORTS[ReportStatus(one["status"])]
        return _Said(f"{self.vendor(one)} reports: {word}", "", tone)

    def marked_sent(self, one: KeptStep) -> _Said:
        """A person decided."""
        return _Said(f"Marked as sent by {self.who(one)}", "The vendor has not confirmed it.")

    def sent_again(self, one: KeptStep) -> _Said:
        """A person decided; another message took its place."""
        detail = "As a text of its own; this one counts as failed."
        return _Said(f"Sent again by {self.who(one)}", detail, reference=one["reference"])

    def left_out(self, one: KeptStep) -> _Said:
        """There was no room for everything."""
        return _Said(f"{one['times']} steps are left out here")

    def part(self, one: KeptStep) -> _Said:
        """A piece of a long text came."""
        return _Said(f"Part {one['index']} of {one['total']} came")

    def received(self, one: KeptStep) -> _Said:
        """A contact's text came."""
        detail = "Not all of its parts came." if self.message.is_incomplete else ""
        return _Said(f"It came over {self.vendor(one)}", detail, Tone.GOOD)


def _answered(one: KeptStep) -> str:
    return f"It answered after {float(one['seconds']):.2f} seconds." if "seconds" in one else ""


def _reason(one: KeptStep) -> str:
    return str(one.get("reason", ""))


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)
