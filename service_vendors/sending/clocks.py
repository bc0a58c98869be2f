"""Clocks that pace segments: who may go at what moment, decided alike for all workers.

The generic cell rate algorithm (ITU-T I.371, "virtual scheduling"): a clock shows when what it
paces is free again, and each message puts it forward by the time its segments take. A message goes
if that is soon; its clocks then stand past it, so two never start closer than the rate allows.

What cannot go soon is told to come back, and gets a turn of its own: behind each clock stands a
line with a clock of its own. So a hundred thousand messages that wait for a slow number come back
one by one, when it is likely free, and each is asked about twice or so instead of again and again.
A line promises nothing; the clock itself is asked again when the turn comes. Each organization
stands in lines of its own, so none waits behind another's campaign, and while replies stand in
line nothing of a bulk goes.

Decided in one round trip for a whole batch. Libraries for rate limits decide about one message and
one key a call, and none knows of lines.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, Final, Protocol

from redis import Redis, RedisError

from service_vendors.shared_state import Link, link

PREFIX: Final = "limits:"
MOST_CLOCKS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit that a message is under: the names of its three clocks, and its pace.

    ``clock`` is the limit's own, ``line`` that of those who wait for it with this message,
    ``replies`` that of all replies which wait for it.
    """

    clock: str
    line: str
    replies: str
    seconds_a_segment: float


@dataclass(frozen=True, slots=True)
class Asking:
    """A message that wants to go, under at least one limit.

    ``is_back`` is one whose turn in a line has come; others stand behind those in line.
    """

    segments: int
    limits: tuple[Limit, ...]
    is_reply: bool = False
    is_back: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether a message goes, in so many seconds, or comes back then to ask again."""

    goes: bool
    in_seconds: float


class Clocks(Protocol):
    """Somewhere that clocks are kept."""

    def decide(self, asking: Sequence[Asking], soon_seconds: float) -> list[Turn]:
        """A turn for each, in their order; ``soon_seconds`` is how far ahead messages go."""


def in_fair_order(asking: Sequence[Asking]) -> list[int]:
    """The places of messages in the order they are to be decided about: replies first, and the
    first of every line before the second of any.
    """
    seen: Counter[str] = Counter()
    order: list[tuple[bool, int, int]] = []
    for place, one in enumerate(asking):
        line = one.limits[0].line
        order.append((not one.is_reply, seen[line], place))
        seen[line] += 1
    return [place for _, _, place in sorted(order)]


def decide(
    clocks: MutableMapping[str, float], asking: Sequence[Asking], now: float, soon_seconds: float
) -> list[Turn]:
    """A turn for each message, in their order; puts the clocks forward. Times are in seconds."""
    soon, turns = now + soon_seconds, []
    for one in asking:
        start, must_wait = now, False
        for limit in one.limits:
            start = max(start, clocks.get(limit.clock, 0.0))
            # Replies are back a little after their turn: until then nothing takes their place.
            if not one.is_reply and clocks.get(limit.replies, 0.0) + soon_seconds > now:
                must_wait = True
            if not one.is_back and clocks.get(limit.line, 0.0) > soon:
                must_wait = True
        goes = start <= soon and not must_wait
        for limit in one.limits:
            takes = one.segments * limit.seconds_a_segment
            if goes:
                clocks[limit.clock] = start + takes
                continue
            turn = max(now, clocks.get(limit.clock, 0.0), clocks.get(limit.line, 0.0))
            start = max(start, turn)
            clocks[limit.line] = turn + takes
            if one.is_reply:
                clocks[limit.replies] = max(clocks.get(limit.replies, 0.0), turn + takes)
        turns.append(Turn(goes, start - now))
    return turns


class OwnClocks:
    """Clocks of this process alone."""

    def __init__(self) -> None:
        self._clocks: dict[str, float] = {}
        self._lock = Lock()

    def decide(self, asking: Sequence[Asking], soon_seconds: float) -> list[Turn]:
        """As Clocks says."""
        with self._lock:
            now = time.monotonic()
            if len(self._clocks) > MOST_CLOCKS:
                past = now - soon_seconds
                self._clocks = {name: at for name, at in self._clocks.items() if at > past}
            return decide(self._clocks, asking, now, soon_seconds)


# The same as ``decide`` above; a test compares. Redis's own time counts: those of hosts differ.
SCRIPT: Final = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local asking, ahead = cjson.decode(ARGV[1]), tonumber(ARGV[2])
local soon, clocks, changed, turns = now + ahead, {}, {}, {}
for n, key in ipairs(KEYS) do
    clocks[n] = tonumber(redis.call('GET', key) or '0')
end
local function set(n, value)
    clocks[n], changed[n] = value, true
end
for n, one in ipairs(asking) do
    local segments, is_reply, is_back, limits = one[1], one[2], one[3], one[4]
    local start, must_wait = now, false
    for _, limit in ipairs(limits) do
        start = math.max(start, clocks[limit[1]])
        if not is_reply and clocks[limit[3]] + ahead > now then must_wait = true end
        if not is_back and clocks[limit[2]] > soon then must_wait = true end
    end
    local goes = start <= soon and not must_wait
    for _, limit in ipairs(limits) do
        local clock, line, replies, takes = limit[1], limit[2], limit[3], segments * limit[4]
        if goes then
            set(clock, start + takes)
        else
            local turn = math.max(now, clocks[clock], clocks[line])
            start = math.max(start, turn)
            set(line, turn + takes)
            if is_reply then set(replies, math.max(clocks[replies], turn + takes)) end
        end
    end
    turns[n] = {goes, start - now}
end
for n in pairs(changed) do
    local left = math.ceil((clocks[n] - now + ahead) * 1000) + 1000
    redis.call('SET', KEYS[n], string.format('%.6f', clocks[n]), 'PX', left)
end
return cjson.encode(turns)
"""


class SharedClocks:
    """Clocks that all workers share through Redis; this process's own while it is away.

    Then each process keeps to the limits by itself: together they are too fast by no more than the
    number of processes.
    """

    def __init__(self, link: Link) -> None:
        self._link, self._own, self.script = link, OwnClocks(), SCRIPT

    def decide(self, asking: Sequence[Asking], soon_seconds: float) -> list[Turn]:
        """As Clocks says."""
        if (client := self._link.client()) is not None:
            try:
                return self._ask(client, asking, soon_seconds)
            except RedisError as error:
                self._link.note_away(error)
        return self._own.decide(asking, soon_seconds)

    def _ask(self, client: Redis, asking: Sequence[Asking], soon_seconds: float) -> list[Turn]:
        places: dict[str, int] = {}

        def place(name: str) -> int:
            return places.setdefault(name, len(places) + 1)

        asked = [
            (
                one.segments,
                one.is_reply,
                one.is_back,
                [
                    (place(li.clock), place(li.line), place(li.replies), li.seconds_a_segment)
                    for li in one.limits
                ],
            )
            for one in asking
        ]
        answer: Any = client.register_script(self.script)(
            keys=[PREFIX + name for name in places], args=[json.dumps(asked), soon_seconds]
        )
        return [Turn(goes, in_seconds) for goes, in_seconds in json.loads(answer)]


@cache
def clocks(redis_url: str) -> Clocks:
    """The clocks of this process, those in Redis where there is one."""
    return SharedClocks(link(redis_url)) if redis_url else OwnClocks()
