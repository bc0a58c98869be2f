"""Who may go when: the rules of the clocks, on a made-up time, and what Redis makes of them."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_vendors.sending.clocks import Asking, Limit, SharedClocks, Turn, decide, in_fair_order
from service_vendors.shared_state import Link
from tests.servers.conftest import free_port

SOON = 1.5


def limit(clock: str, a_second: float, organization: int = 1, *, reply: bool = False) -> Limit:
    """A limit as messages of an organization are under it."""
    line = "replies" if reply else "bulk"
    return Limit(clock, f"{clock}:{line}:{organization}", f"{clock}:replies", 1 / a_second)


def bulk(*limits: Limit, segments: int = 1) -> Asking:
    return Asking(segments, limits)


def reply(clock: str, a_second: float, organization: int = 1) -> Asking:
    return Asking(1, (limit(clock, a_second, organization, reply=True),), is_reply=True)


@dataclass
class Engine:
    """Workers and a sweeper in miniature: hands over what is due, once a tick."""

    clocks: dict[str, float] = field(default_factory=dict)
    now: float = 1_000.0
    waiting: list[tuple[float, Asking]] = field(default_factory=list)
    started: list[tuple[float, Asking]] = field(default_factory=list)
    asked: Counter[int] = field(default_factory=Counter)

    def take(self, messages: list[Asking]) -> None:
        """One batch, now."""
        messages = [messages[place] for place in in_fair_order(messages)]
        turns = decide(self.clocks, messages, self.now, SOON)
        for message, turn in zip(messages, turns, strict=True):
            self.asked[len(self.asked)] += 1
            at = self.now + turn.in_seconds
            if turn.goes:
                self.started.append((at, message))
            else:
                self.waiting.append((at, replace(message, is_back=True)))

    def tick(self, seconds: float = 1.0) -> None:
        """Time passes, and what is due comes back."""
        self.now += seconds
        due = [message for at, message in self.waiting if at <= self.now]
        self.waiting = [(at, message) for at, message in self.waiting if at > self.now]
        self.take(due)


def never_too_fast(started: list[tuple[float, Asking]]) -> None:
    """Whatever window begins with one message and ends before another holds what it may."""
    for clock in {one.clock for _, message in started for one in message.limits}:
        free_at = 0.0
        for at, message in sorted(started, key=lambda pair: pair[0]):
            for one in message.limits:
                if one.clock == clock:
                    assert at >= free_at - 1e-6, f"{clock} was too fast at {at}"
                    free_at = at + message.segments * one.seconds_a_segment


messages = st.builds(
    lambda sender, organization, segments, is_reply: Asking(
        segments,
        (
            limit("account", 20, organization, reply=is_reply),
            limit(f"sender {sender}", (1, 3, 50)[sender], organization, reply=is_reply),
        ),
        is_reply=is_reply,
    ),
    st.integers(0, 2),
    st.integers(1, 3),
    st.integers(1, 4),
    st.booleans(),
)


@given(
    arrivals=st.lists(
        st.tuples(st.floats(0.01, 3.0), st.lists(messages, max_size=15)), min_size=1, max_size=12
    )
)
def test_no_window_holds_more_than_the_limit_and_nothing_starves(
    arrivals: list[tuple[float, list[Asking]]],
) -> None:
    engine = Engine()
    for pause, batch in arrivals:
        engine.tick(pause)
        engine.take(batch)
    count = sum(len(batch) for _, batch in arrivals)
    # The slowest sender takes a second a segment; each is asked anew when it loses a race.
    for _ in range(count * 8 + 10):
        if not engine.waiting:
            break
        engine.tick()
    assert not engine.waiting, f"{len(engine.waiting)} of {count} still wait"
    assert len(engine.started) == count
    never_too_fast(engine.started)


def test_a_thousand_that_wait_for_a_slow_number_are_asked_about_twice_each() -> None:
    engine = Engine()
    for _ in range(4):
        engine.take([bulk(limit("number", 10))] * 250)
    began = engine.now
    while engine.waiting:
        engine.tick()
    never_too_fast(engine.started)
    assert sum(engine.asked.values()) <= 2 * 1_000
    assert engine.now - began <= 1_000 / 10 + 2, "time passed unused"


def test_late_workers_lose_a_little_time_and_no_message() -> None:
    engine = Engine()
    engine.take([bulk(limit("number", 10))] * 500)
    rounds = 0
    while engine.waiting:
        rounds += 1
        engine.tick(4.0 if rounds % 5 == 0 else 1.0)
    never_too_fast(engine.started)
    assert len(engine.started) == 500
    assert sum(engine.asked.values()) <= 3 * 500


def test_a_reply_goes_at_once_before_a_campaign_that_waits_for_the_same_number() -> None:
    engine = Engine()
    engine.take([bulk(limit("number", 1))] * 1_000)
    engine.tick()
    for _ in range(20):
        (turn,) = decide(engine.clocks, [reply("number", 1)], engine.now, SOON)
        if not turn.goes:  # more replies than the number can send: they keep the campaign away
            break
        assert turn.in_seconds <= SOON
    else:
        pytest.fail("a number that sends one a second took twenty at once")
    before = len(engine.started)
    for _ in range(2):
        engine.tick(0.5)
    assert len(engine.started) == before, "a bulk took the place of a reply that waits"


def test_a_reply_that_waits_comes_back_to_a_free_number() -> None:
    engine = Engine()
    engine.take([bulk(limit("number", 1))] * 100)
    engine.take([reply("number", 1)] * 5)
    for _ in range(8):
        engine.tick()
    replies = [at for at, message in engine.started if message.is_reply]
    assert len(replies) == 5
    never_too_fast(engine.started)


def test_two_organizations_on_one_account_share_it_whoever_came_first() -> None:
    engine = Engine()
    engine.take([bulk(limit("account", 10, 1))] * 1_000)
    engine.tick()
    engine.take([bulk(limit("account", 10, 2))] * 100)
    for _ in range(40):
        engine.tick()
    went = Counter(message.limits[0].line for _, message in engine.started)
    assert went["account:bulk:2"] == 100, "it waited for the end of the other's campaign"
    never_too_fast(engine.started)


def test_what_comes_new_stands_behind_those_that_wait() -> None:
    clocks: dict[str, float] = {}
    decide(clocks, [bulk(limit("number", 1))] * 50, 1_000.0, SOON)
    (new,) = decide(clocks, [bulk(limit("number", 1))], 1_002.5, SOON)
    assert new == Turn(goes=False, in_seconds=pytest.approx(47.5))


def test_while_redis_is_away_this_process_counts_for_itself_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clocks = SharedClocks(Link(f"redis://127.0.0.1:{free_port()}/0"))
    with caplog.at_level(logging.WARNING):
        turns = [
            clocks.decide([bulk(limit("number", 2, organization=n))], SOON)[0] for n in range(8)
        ]
    assert [turn.goes for turn in turns] == [True] * 4 + [False] * 4
    assert len(caplog.records) == 1
