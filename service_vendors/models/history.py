"""What happened to a message, kept on the message itself: a step a line, the oldest first.

A line has fields between tabs, ``name=value``: ``at`` (ISO 8601, UTC), ``step`` (one of ``Step``),
and what there is to say about it. It is written in the statements that change the message anyway,
so that keeping it costs no statement and no index. It is text because whoever adds a line need not
read the others, and no JSON because a list of texts with many quotation marks takes ten times as
long to be handed to PostgreSQL.
"""

from __future__ import annotations

from enum import StrEnum

from django.db.models import F, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat

KeptStep = dict[str, str]


class Step(StrEnum):
    """What can happen to a message on its way."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    DECIDED = "decided"
    ACCEPTED = "accepted"
    TRY_LATER = "try_later"
    POSTPONED = "postponed"
    FAILED = "failed"
    GAVE_UP = "gave_up"
    NOT_ATTEMPTED = "not_attempted"
    SWITCHED = "switched"
    UNCERTAIN = "uncertain"
    LOST = "lost"
    NOT_FOUND = "not_found"
    FOUND = "found"
    REPORTED = "reported"
    MARKED_SENT = "marked_sent"
    SENT_AGAIN = "sent_again"
    LEFT_OUT = "left_out"
    RECEIVED = "received"
    PART = "part"


class Origin(StrEnum):
    """Where a message was accepted."""

    PAGE = "page"
    TRIAL = "trial"
    API = "api"
    COMMAND = "command"
    AGAIN = "again"
    PROGRAM = "program"


def line(step: KeptStep) -> str:
    """One step as it is kept. White space within a value becomes single blanks."""
    return "\t".join(f"{name}={' '.join(value.split())}" for name, value in step.items()) + "\n"


def read(history: str) -> list[KeptStep]:
    """The steps of a history, the oldest first."""
    return [
        dict(field.split("=", 1) for field in one.split("\t")) for one in history.split("\n") if one
    ]


def appended(step: KeptStep, **values: Combinable) -> Concat:
    """A message's history and one more step, for an UPDATE of many messages in one statement.

    ``values`` are expressions of numbers that differ from message to message.
    """
    parts: list[Combinable] = [Value(line(step).rstrip("\n"))]
    for name, value in values.items():
        parts += [Value(f"\t{name}="), Cast(value, TextField())]
    return Concat(F("history"), *parts, Value("\n"), output_field=TextField())
