"""When a circuit opens, half opens and closes; no vendor, no clock, no Redis."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_vendors.sending.circuit import Circuit, Ended, Rules, State

RULES = Rules(
    errors=50,
    seconds=60,
    pause_seconds=15,
    longest_pause_seconds=100,
    probes=3,
    probe_seconds=25,
)


def failing(circuit: Circuit, errors: int, now: float) -> Circuit:
    return circuit.learn(Ended(circuit.opened_at, errors, 0, "It broke."), now, RULES)


def opened(now: float = 1_000.0) -> Circuit:
    return failing(Circuit(), 50, now)


def half_open(circuit: Circuit) -> Circuit:
    return circuit.admit(10, circuit.until, RULES)[0]


def test_the_fiftieth_error_within_a_minute_opens_it_and_the_forty_ninth_does_not() -> None:
    circuit = Circuit()
    for second in range(49):
        circuit = failing(circuit, 1, 1_000.0 + second)
        assert circuit.state(1_000.0 + second) is State.CLOSED
    circuit = failing(circuit, 1, 1_049.0)
    assert circuit.state(1_049.0) is State.OPEN
    assert (circuit.since, circuit.until) == (1_049.0, 1_064.0)
    assert circuit.last_error == "It broke."


def test_errors_that_are_older_than_a_minute_do_not_count() -> None:
    circuit = failing(Circuit(), 49, 1_000.0)
    circuit = failing(circuit, 1, 1_060.0)
    assert circuit.is_closed
    assert len(circuit.errors) == 1


def test_successes_between_errors_forgive_nothing() -> None:
    """Every second call fails: no failures in a row, and trouble all the same."""
    circuit = Circuit()
    for second in range(50):
        circuit = failing(circuit, 1, 1_000.0 + second)
        circuit = circuit.learn(Ended(0.0, 0, 1), 1_000.0 + second, RULES)
    assert not circuit.is_closed


def test_an_open_one_admits_nobody_until_its_pause_is_over() -> None:
    circuit = opened()
    assert circuit.admit(10, 1_014.9, RULES) == (circuit, 0)
    assert circuit.admit(10, 1_015.0, RULES)[1] == 3


def test_while_probes_are_out_nobody_else_is_admitted() -> None:
    circuit = half_open(opened())
    assert circuit.state(1_016.0) is State.HALF_OPEN
    assert circuit.admit(10, 1_016.0, RULES)[1] == 0


def test_probes_that_never_come_back_make_room_for_others() -> None:
    circuit = half_open(opened())
    assert circuit.admit(10, 1_015.0 + 25.0, RULES)[1] == 3


def test_fewer_messages_than_probes_are_all_admitted() -> None:
    circuit = opened()
    assert circuit.admit(2, circuit.until, RULES)[1] == 2
    assert circuit.admit(0, circuit.until, RULES) == (circuit, 0)


def test_a_probe_that_is_answered_closes_it_and_nothing_is_remembered() -> None:
    circuit = half_open(opened())
    assert circuit.learn(Ended(circuit.opened_at, 0, 1), 1_016.0, RULES) == Circuit()


def test_a_probe_that_fails_opens_it_for_twice_as_long_up_to_a_limit() -> None:
    circuit, pauses = opened(), []
    for _ in range(6):
        pauses.append(circuit.until - circuit.opened_at)
        circuit = failing(half_open(circuit), 1, circuit.until)
    assert pauses == [15, 30, 60, 100, 100, 100]
    assert circuit.since == 1_000.0, "the page shows since when"


def test_one_failed_probe_outweighs_two_that_were_answered() -> None:
    circuit = half_open(opened())
    after = circuit.learn(Ended(circuit.opened_at, 1, 2, "Still."), 1_016.0, RULES)
    assert after.openings == 2


def test_probes_that_say_nothing_change_nothing() -> None:
    circuit = half_open(opened())
    assert circuit.learn(Ended(circuit.opened_at, 0, 0), 1_016.0, RULES) == circuit


@pytest.mark.parametrize(("errors", "answers"), [(200, 0), (0, 200)])
def test_calls_of_before_it_opened_change_nothing(errors: int, answers: int) -> None:
    for circuit in (opened(), half_open(opened())):
        assert circuit.learn(Ended(0.0, errors, answers, "Late."), 1_016.0, RULES) == circuit


def test_probes_of_an_earlier_opening_change_nothing() -> None:
    first = half_open(opened())
    second = failing(first, 1, 1_020.0)
    assert second.learn(Ended(first.opened_at, 0, 3), 1_021.0, RULES) == second


def test_who_will_not_wait_has_it_half_open_at_once() -> None:
    circuit = opened().probe_now(1_001.0)
    assert circuit.state(1_001.0) is State.HALF_OPEN
    assert circuit.admit(10, 1_001.0, RULES)[1] == 3
    assert Circuit().probe_now(1_001.0) == Circuit()


@given(st.lists(st.tuples(st.integers(0, 80), st.floats(0, 20)), max_size=60))
def test_it_opens_exactly_when_enough_errors_lie_within_the_time(
    steps: list[tuple[int, float]],
) -> None:
    circuit, now, seen = Circuit(), 1_000.0, []
    for errors, later in steps:
        now += later
        circuit = failing(circuit, errors, now)
        seen += [now] * errors
        due = errors > 0 and sum(1 for at in seen if at > now - RULES.seconds) >= RULES.errors
        assert circuit.is_closed is not due
        assert len(circuit.errors) <= RULES.errors
        if due:
            break


def test_a_thousand_openings_in_a_row_are_still_a_number() -> None:
    assert RULES.pause(1_000) == RULES.longest_pause_seconds
