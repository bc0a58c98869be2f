"""The rules of a circuit breaker, without a clock, a lock or a place to be kept.

Closed, all calls are made. So many errors within so many seconds open it: no call is made. After a
pause it is half open: a few calls, its probes, are made. One that the vendor answers closes it; one
that fails opens it for longer.

(pybreaker and its kin count failures in a row, which a vendor that fails every second call never
has; none counts over a time, lets in so many probes, or knows of other processes' calls.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from service_vendors import conf

# 2 ** 60 pauses are longer than any.
_MOST_DOUBLINGS: Final = 60


class State(StrEnum):
    """What a circuit does with calls."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Rules:
    """``errors`` within ``seconds`` open a circuit for ``pause_seconds``, which double each time.

    ``probe_seconds`` is how long the probes may take before others are made in their place.
    """

    errors: int
    seconds: float
    pause_seconds: float
    longest_pause_seconds: float
    probes: int
    probe_seconds: float

    @classmethod
    def current(cls) -> Rules:
        """The rules that the settings make."""
        return cls(
            errors=conf.whole("BREAKER_ERRORS"),
            seconds=conf.seconds("BREAKER_SECONDS"),
            pause_seconds=conf.seconds("BREAKER_PAUSE_SECONDS"),
            longest_pause_seconds=conf.seconds("BREAKER_PAUSE_MAX_SECONDS"),
            probes=conf.whole("BREAKER_PROBES"),
            probe_seconds=conf.seconds("VENDOR_CONNECT_SECONDS")
            + conf.seconds("VENDOR_READ_SECONDS"),
        )

    def pause(self, openings: int) -> float:
        """How long a circuit stays open that opened so many times in a row."""
        doubled = self.pause_seconds * 2.0 ** min(openings - 1, _MOST_DOUBLINGS)
        return min(self.longest_pause_seconds, doubled)


@dataclass(frozen=True, slots=True)
class Ended:
    """Calls that ended: so many in errors, so many with the vendor's answer.

    ``admitted_at`` is the ``opened_at`` that their circuit had when it let them go.
    """

    admitted_at: float
    errors: int
    answers: int
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Circuit:
    """One circuit as it stands. Times are in seconds since 1970, as all processes' clocks agree.

    ``errors`` are the times of the latest errors, no more than open it. ``openings`` is how often
    it opened in a row (0: closed), ``since`` when it did first and ``opened_at`` when last;
    ``until`` is when the next probes are made.
    """

    errors: tuple[float, ...] = ()
    openings: int = 0
    since: float = 0.0
    opened_at: float = 0.0
    until: float = 0.0
    probing: bool = False
    last_error: str = ""

    @property
    def is_closed(self) -> bool:
        """Whether all calls are made."""
        return self.openings == 0

    def state(self, now: float) -> State:
        """Closed, open or half open."""
        if self.is_closed:
            return State.CLOSED
        return State.HALF_OPEN if self.probing or now >= self.until else State.OPEN

    def admit(self, wanted: int, now: float, rules: Rules) -> tuple[Circuit, int]:
        """How many of so many calls are made now, and the circuit afterwards."""
        if self.is_closed:
            return self, wanted
        if now < self.until or not wanted:
            return self, 0
        return replace(self, probing=True, until=now + rules.probe_seconds), min(
            wanted, rules.probes
        )

    def learn(self, ended: Ended, now: float, rules: Rules) -> Circuit:
        """The circuit after calls ended.

        While it is not closed, only its probes count: calls of before tell nothing about now.
        """
        if self.is_closed:
            recent = tuple(at for at in self.errors if at > now - rules.seconds)
            recent = (*recent, *[now] * min(ended.errors, rules.errors))[-rules.errors :]
            if ended.errors and len(recent) >= rules.errors:
                return self._opened(ended.last_error, now, rules)
            if ended.errors:
                return replace(self, errors=recent, last_error=ended.last_error)
            return self
        if ended.admitted_at != self.opened_at:
            return self
        if ended.errors:
            return self._opened(ended.last_error, now, rules)
        return Circuit() if ended.answers else self

    def probe_now(self, now: float) -> Circuit:
        """The circuit, half open at once; a closed one stays as it is."""
        return self if self.is_closed else replace(self, until=now, probing=False)

    def _opened(self, last_error: str, now: float, rules: Rules) -> Circuit:
        return Circuit(
            openings=self.openings + 1,
            since=self.since or now,
            opened_at=now,
            until=now + rules.pause(self.openings + 1),
            last_error=last_error,
        )
