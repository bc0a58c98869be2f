"""Writing down what happens to a message, one step after the other.

Steps are kept on the message (``models/history.py``) and written together with what they are about.
When a history grows too long, its first steps and its last ones stay. No text, no secret and no
whole phone number is in it: words that come from elsewhere are made harmless first.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models.expressions import Combinable
from django.db.models.functions import Concat
from django.utils import timezone

from service_vendors.logs import masked
from service_vendors.models import Message, Origin, SendStatus, Step
from service_vendors.models import history as kept
from service_vendors.models.history import KeptStep
from service_vendors.sending import outcomes
from service_vendors.sending.outcomes import Outcome
from service_vendors.types import DeliveryReport, OutboundMessage, ReportStatus, SendReceipt

# Then the steps in the middle go. Hardly any message comes near.
MOST_CHARACTERS: Final = 8_000
FIRST_KEPT, LAST_KEPT = 10, 30
LONGEST_REASON: Final = 300
# What is shorter may stand in any sentence by chance.
SHORTEST_TEXT: Final = 4

# Seven digits or more, however they are grouped.
_NUMBER: Final = re.compile(r"\+?\(?\d(?:[\s().\-\u2010-\u2015/]{0,3}\d){6,}")


@dataclass(slots=True)
class VendorCall:
    """What one message's vendor was asked, beyond what the message says, and how long it took."""

    user_number: str | None
    messageservice_sid: str | None
    elapsed_seconds: float = field(default=0.0)

    @classmethod
    def of(cls, message: Message, outbound: OutboundMessage) -> VendorCall:
        """The call that ``outbound`` is, with what service managers decided about the message."""
        number, pool = outbound.user_number, outbound.messageservice_sid
        return cls(
            user_number=number if number != (message.user_number or None) else None,
            messageservice_sid=pool if pool != (message.messageservice_sid or None) else None,
        )

    @asynccontextmanager
    async def timed(self) -> AsyncIterator[None]:
        """Note how long the answer takes."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.elapsed_seconds = time.monotonic() - began


def step(kind: Step, *, at: datetime | None = None, **details: Any) -> KeptStep:
    """One step, now unless ``at`` says when; of the details those that say something."""
    said = {"at": written(at or timezone.now()), "step": kind.value}
    for name, value in details.items():
        if isinstance(value, datetime):
            said[name] = written(value)
        elif value is True:
            said[name] = "yes"
        elif value is not None and value != "" and value is not False:
            said[name] = str(value)
    return said


def written(moment: datetime) -> str:
    """A moment as it stands in a history: UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def begun(at: datetime, origin: Origin, by: str | None) -> str:
    """The history of a message that is accepted now. ``by`` is a user's primary key."""
    return kept.line(step(Step.QUEUED, at=at, origin=origin.value, by=by))


def appended(kind: Step, **details: Any) -> Concat:
    """One more step for all messages of an UPDATE. Reasons must be our own words.

    What is an expression is said of each message by the database.
    """
    values = {name: value for name, value in details.items() if isinstance(value, Combinable)}
    plain = {name: value for name, value in details.items() if name not in values}
    return kept.appended(step(kind, **plain), **values)


def add(message: Message, kind: Step, **details: Any) -> None:
    """Put a step at the end of an unsaved message's history."""
    new, known = step(kind, **details), message.history or ""
    if kind is Step.POSTPONED and (longer := _once_more(known, new)):
        message.history = longer
    else:
        message.history = bounded(known + kept.line(new))


def bounded(history: str) -> str:
    """The history, or what stays of one that is too long; a step says how many are left out."""
    if len(history) <= MOST_CHARACTERS:
        return history
    steps = kept.read(history)
    first, middle = steps[:FIRST_KEPT], steps[FIRST_KEPT:-LAST_KEPT]
    if not middle:
        return history
    left_out = sum(int(one["times"]) if one["step"] == Step.LEFT_OUT else 1 for one in middle)
    gap = {"at": middle[-1]["at"], "step": Step.LEFT_OUT.value, "times": str(left_out)}
    return "".join(kept.line(one) for one in [*first, gap, *steps[-LAST_KEPT:]])


def _once_more(history: str, new: KeptStep) -> str:
    """A history in which a message is put off again for the reason it was put off before, or "".

    The claim between the two goes: otherwise what waits for hours would be all there is to read.
    """
    steps = kept.read(history)
    while steps and steps[-1]["step"] in {Step.CLAIMED, Step.DECIDED}:
        steps.pop()
    if not steps:
        return ""
    first = steps.pop()
    if first["step"] != Step.POSTPONED or first.get("reason") != new.get("reason"):
        return ""
    times = int(first.get("times", 1)) + 1
    again = {**new, "at": first["at"], "last_at": new["at"], "times": str(times)}
    return "".join(kept.line(one) for one in [*steps, again])


def add_outcome(
    message: Message, outcome: Outcome, call: VendorCall | None, *, is_late: bool
) -> None:
    """Note how a claim ended. ``is_late``: a report had settled the message before."""
    seconds = None
    if call is not None:
        seconds = round(call.elapsed_seconds, 3)
        if call.user_number or call.messageservice_sid:
            add(
                message,
                Step.DECIDED,
                user_number=masked(call.user_number or ""),
                messageservice_sid=call.messageservice_sid,
            )
    service = message.service if call is not None else None
    common = {"service": service, "seconds": seconds, "late": is_late}
    match outcome:
        case outcomes.Accepted(receipt):
            add(message, Step.ACCEPTED, **common, **_of_receipt(receipt))
        case outcomes.TryLater(reason, code):
            gave_up = not is_late and message.send_status == SendStatus.ERROR
            add(
                message,
                Step.GAVE_UP if gave_up else Step.TRY_LATER,
                **common,
                code=code,
                reason=harmless(reason, message),
                until=message.due_at if message.send_status == SendStatus.QUEUED else None,
            )
        case outcomes.Postponed(reason):
            until = None if is_late else message.due_at
            add(message, Step.POSTPONED, **common, reason=harmless(reason, message), until=until)
        case outcomes.Failed(reason, code, opted_out):
            # What a code means is known: it need not be kept with every message.
            words = harmless(reason, message) if code is None else None
            add(message, Step.FAILED, **common, code=code, reason=words, opted_out=opted_out)
        case outcomes.Switched(to, reason):
            words = harmless(reason, message)
            add(message, Step.SWITCHED, service=to, seconds=seconds, reason=words)
        case outcomes.NotAttempted(reason):
            add(message, Step.NOT_ATTEMPTED, **common, reason=harmless(reason, message))
        case outcomes.Uncertain(reason):
            add(message, Step.UNCERTAIN, **common, reason=harmless(reason, message))


def add_found(message: Message, receipt: SendReceipt, *, is_late: bool) -> None:
    """Note that the vendor, asked what became of a doubtful message, found it."""
    add(message, Step.FOUND, service=message.service, late=is_late, **_of_receipt(receipt))


def add_report(message: Message, service: str, report: DeliveryReport, *, is_news: bool) -> None:
    """Note a delivery report; ``is_news`` unless it changed nothing."""
    add(
        message,
        Step.REPORTED,
        service=service,
        status=report.status.value,
        code=report.error_code,
        opted_out=report.opted_out,
        occurred_at=report.occurred_at,
        late=not is_news,
    )


def harmless(words: str, message: Message) -> str:
    """Words of a vendor's, a library's or our own, without the message's text and any number."""
    words = words.replace("\x00", "")  # which PostgreSQL takes in no text
    for text in sorted({message.text, message.text.strip()}, key=len, reverse=True):
        if len(text) >= SHORTEST_TEXT:
            words = words.replace(text, "…")
    words = _NUMBER.sub(_without_its_middle, words)
    return words if len(words) <= LONGEST_REASON else f"{words[: LONGEST_REASON - 1]}…"


def _without_its_middle(number: re.Match[str]) -> str:
    return f"•••••{number.group()[-2:]}"


def _of_receipt(receipt: SendReceipt) -> dict[str, Any]:
    """What a receipt says beyond "taken"."""
    return {
        "status": None if receipt.status is ReportStatus.SENT else receipt.status.value,
        "code": receipt.error_code,
        "opted_out": receipt.opted_out,
    }
