"""How the fake company behaves: how slow, how often it fails and in which way, what it reports."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Final


class Fault(StrEnum):
    """A way to answer a request to send wrongly. The first four never take the message."""

    REFUSE = "refuse"  # 503
    REJECT = "reject"  # 400 with an error code
    LIMIT = "limit"  # 429 with Retry-After
    LOCK_OUT = "lock out"  # 401
    HANG = "hang"  # takes the message and answers after ``hang_seconds``
    RESET = "reset"  # takes the message and breaks the connection
    BREAK = "break"  # takes the message and answers 500
    GARBLE = "garble"  # takes the message and answers 200 with something unreadable


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The knobs of PUT /behaviour; as built, everything works and quickly.

    ``faults`` maps a fault to how often it happens, 0 to 1, of all requests to send; together at
    most 1. A number takes ``number_seconds`` to be bought or given back. ``seed`` makes the order
    of faults repeatable. ``report_copies`` posts each webhook so many times; ``early_reports``
    posts delivery reports before the request to send is answered.
    A contact's text of more than ``part_characters`` is handed over in parts (0: never).
    ``desk_seconds`` is how long the front desk takes over accounts, secrets and webhooks.
    """

    latency_seconds: float = 0.0
    number_seconds: float = 0.0
    faults: Mapping[Fault, float] = field(default_factory=dict)
    retry_after_seconds: int = 1
    hang_seconds: float = 60.0
    refuse_credentials: bool = False
    reports: bool = True
    report_seconds: float = 0.3
    reply_seconds: float = 1.0
    report_copies: int = 1
    early_reports: bool = False
    part_characters: int = 0
    desk_seconds: float = 0.0
    seed: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The knobs by name."""
        return asdict(self)


_MOST: Final = 3600


def behaviour_from(wanted: Any) -> Behaviour:
    """Knobs from JSON; what is left out is as built. Raises ValueError, naming the knob."""
    if not isinstance(wanted, dict):
        raise ValueError("Behaviour is an object of knobs.")
    known = {knob.name: knob for knob in fields(Behaviour)}
    for name, value in wanted.items():
        if name not in known:
            raise ValueError(f"There is no knob {name!r}. There are: {', '.join(known)}.")
        if name != "faults" and not (name == "seed" and value is None):
            _check(name, value)
    return Behaviour(**{**wanted, "faults": _faults(wanted.get("faults", {}))})


def _check(name: str, value: Any) -> None:
    """Raise ValueError unless the value is of the knob's kind, and a number not absurd."""
    usual = getattr(Behaviour(), name)
    if isinstance(usual, bool):
        fits = isinstance(value, bool)
    else:
        kinds = (int, float) if isinstance(usual, float) else (int,)
        fits = isinstance(value, kinds) and not isinstance(value, bool)
    if not fits:
        raise ValueError(f"{name} cannot be {value!r}.")
    if name != "seed" and not 0 <= value <= _MOST:
        raise ValueError(f"{name} must be between 0 and {_MOST}.")


def _faults(wanted: Any) -> dict[Fault, float]:
    if not isinstance(wanted, dict):
        raise ValueError("faults is an object: a fault and how often it happens, 0 to 1.")
    rates: dict[Fault, float] = {}
    for name, rate in wanted.items():
        if not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise ValueError(f"The rate of {name} must be between 0 and 1.")
        rates[Fault(name)] = float(rate)
    if sum(rates.values()) > 1.000_001:
        raise ValueError("The rates of all faults together must be at most 1.")
    return rates


class Dice:
    """Decides which fault, if any, meets a request."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._rates = tuple(behaviour.faults.items())
        self._random = random.Random(behaviour.seed)  # noqa: S311 - nothing secret

    def roll(self) -> Fault | None:
        """The fault of the next request, or None."""
        if not self._rates:
            return None
        point = self._random.random()
        for fault, rate in self._rates:
            if point < rate:
                return fault
            point -= rate
        return None
