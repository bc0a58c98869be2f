"""A circuit breaker a vendor account: where too many calls fail, nothing is sent for a while.

What opens and closes one is in ``circuit``. Here they are kept: in Redis, where all workers share
them, else (no REDIS_URL, or Redis is away) in this process. An account is what
``ServiceVendor.account_name`` tells apart: organizations that share one share its breaker.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Any, Final, cast

from redis import Redis, RedisError
from redis.client import Pipeline

from service_vendors import logs, metrics, shared_state
from service_vendors.models import Message
from service_vendors.sending.circuit import Circuit, Ended, Rules, State
from service_vendors.sending.outcomes import (
    Accepted,
    Failed,
    Outcome,
    Postponed,
    TryLater,
    Uncertain,
)
from service_vendors.vendors.base import ServiceVendor

logger = logging.getLogger(__name__)

KEPT_SECONDS: Final = 86_400
LONGEST_ERROR: Final = 300
# Messages that come while probes are out wait at least so long: most answers are quicker.
PROBE_WAIT_SECONDS: Final = 1.0

_PREFIX: Final = "service_vendors:breaker:"
_NOT_CLOSED: Final = "service_vendors:breakers"  # the accounts of those that are not

_local: dict[str, Circuit] = {}
_lock = Lock()

Change = Callable[[Circuit], Circuit]


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make calls over an account, and at which opening (0.0: it is closed)."""

    account: str
    admitted_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A breaker as people are told of it. ``errors`` are the recent ones while it is closed."""

    state: State
    errors: int
    last_error: str
    since: datetime | None = None
    next_try: datetime | None = None

    @property
    def is_closed(self) -> bool:
        """Whether everything is sent."""
        return self.state is State.CLOSED

    @property
    def is_half_open(self) -> bool:
        """Whether a few messages try."""
        return self.state is State.HALF_OPEN


# -- sending --------------------------------------------------------------------------------------


def admit(
    vendor: ServiceVendor, messages: Sequence[Message]
) -> tuple[Permit, dict[Message, Outcome]]:
    """Leave to call the vendor for messages, and those of them that are to wait, each with why."""
    account, rules, now = vendor.account_name, Rules.current(), time.time()
    circuit, calls = _admitted(account, len(messages), now, rules)
    reason = held_because(vendor)
    if circuit.last_error:
        reason = f"{reason} The last error was: {circuit.last_error}"
    # Those that were tried least go first: no message is to use up all its tries as a probe.
    ordered = sorted(messages, key=lambda message: message.attempts)
    waiting: dict[Message, Outcome] = {
        message: Postponed(reason, _moment(_retry_at(circuit, now, rules)), may_switch=True)
        for message in ordered[calls:]
    }
    return Permit(account, circuit.opened_at), waiting


def held_because(vendor: ServiceVendor) -> str:
    """How the reason of a message begins that a breaker holds back."""
    return f"{vendor.title} has trouble, so texts over this account wait until it works again."


def learn(results: Iterable[tuple[Permit, Outcome]]) -> None:
    """What calls came to. Errors are the vendor's trouble; what it says of one number is none."""
    ended: dict[Permit, list[Outcome]] = {}
    for permit, outcome in results:
        ended.setdefault(permit, []).append(outcome)
    for permit, outcomes in ended.items():
        errors = [said for outcome in outcomes if (said := _trouble(outcome)) is not None]
        answers = sum(1 for outcome in outcomes if _is_answer(outcome))
        if errors or permit.admitted_at:
            said = logs.masked(errors[-1])[:LONGEST_ERROR] if errors else ""
            learned = Ended(permit.admitted_at, len(errors), answers, said)
            _change(permit.account, partial(_learned, ended=learned))


def _learned(circuit: Circuit, ended: Ended) -> Circuit:
    return circuit.learn(ended, time.time(), Rules.current())


def _trouble(outcome: Outcome) -> str | None:
    """What went wrong with the vendor itself, or None."""
    match outcome:
        case Uncertain(reason):
            return reason
        case TryLater(reason, after_seconds=None):  # else it only asked us to go slower
            return reason
        case _:
            return None


def _is_answer(outcome: Outcome) -> bool:
    return isinstance(outcome, Accepted | Failed | TryLater) and _trouble(outcome) is None


def _admitted(account: str, wanted: int, now: float, rules: Rules) -> tuple[Circuit, int]:
    circuit = _read(account)
    if circuit.is_closed:  # nothing to write down: the usual case costs one look
        return circuit, wanted
    calls = 0

    def admit(found: Circuit) -> Circuit:
        nonlocal calls
        circuit, calls = found.admit(wanted, now, rules)
        return circuit

    return _change(account, admit), calls


def _retry_at(circuit: Circuit, now: float, rules: Rules) -> float:
    """When a message is to try again; each at another moment, so that they do not come at once."""
    if circuit.probing:
        start, spread = now + PROBE_WAIT_SECONDS, rules.pause_seconds
    else:
        start, spread = circuit.until, min(rules.pause(circuit.openings), rules.seconds)
    return start + random.random() * spread  # noqa: S311 - spreading, not secrecy


# -- what people see ------------------------------------------------------------------------------


def standing(account: str) -> Standing:
    """How the breaker of an account stands."""
    circuit, now = _read(account), time.time()
    if circuit.is_closed:
        recent = [at for at in circuit.errors if at > now - Rules.current().seconds]
        return Standing(State.CLOSED, len(recent), circuit.last_error if recent else "")
    return Standing(
        circuit.state(now),
        0,
        circuit.last_error,
        since=_moment(circuit.since),
        next_try=_moment(circuit.until),
    )


def probe_now(account: str) -> bool:
    """Let the next messages try at once; False when the breaker is closed anyway."""
    return not _change(account, lambda circuit: circuit.probe_now(time.time())).is_closed


def census() -> Counter[tuple[str, State]]:
    """How many breakers are open and half open, by vendor; of all processes if they share them."""
    now = time.time()
    return Counter(
        (account.partition(":")[0], circuit.state(now))
        for account, circuit in _not_closed().items()
    )


# -- keeping --------------------------------------------------------------------------------------


def forget_everything() -> None:
    """All breakers are closed, as after the first start."""
    with _lock:
        _local.clear()
    redis = shared_state.client()
    if redis is not None:
        redis.delete(_NOT_CLOSED, *redis.scan_iter(match=f"{_PREFIX}*"))


def _read(account: str) -> Circuit:
    redis = shared_state.client()
    if redis is not None:
        try:
            return _from_text(redis.get(_PREFIX + account))
        except RedisError as error:
            shared_state.note_away(error)
    with _lock:
        return _local.get(account, Circuit())


def _change(account: str, change: Change) -> Circuit:
    """Change a breaker, as it is when nobody else changes it; it afterwards."""
    redis = shared_state.client()
    if redis is not None:
        try:
            before, after = _change_shared(redis, account, change)
        except RedisError as error:
            shared_state.note_away(error)
            before, after = _change_local(account, change)
    else:
        before, after = _change_local(account, change)
    service = account.partition(":")[0]
    if after.openings > before.openings:
        metrics.count_opening(service)
        logger.warning("The breaker of an account at %s opened: %s", service, after.last_error)
    elif after.is_closed and not before.is_closed:
        logger.info("The breaker of an account at %s closed.", service)
    return after


def _change_local(account: str, change: Change) -> tuple[Circuit, Circuit]:
    with _lock:
        before = _local.get(account, Circuit())
        after = change(before)
        if after == Circuit():
            _local.pop(account, None)
        else:
            _local[account] = after
    return before, after


def _change_shared(redis: Redis, account: str, change: Change) -> tuple[Circuit, Circuit]:
    key = _PREFIX + account

    def attempt(pipe: Pipeline) -> tuple[Circuit, Circuit]:
        before = _from_text(pipe.get(key))
        after = change(before)
        if after != before:
            pipe.multi()
            pipe.set(key, json.dumps(asdict(after)), ex=KEPT_SECONDS)
            if after.is_closed:
                pipe.srem(_NOT_CLOSED, account)
            else:
                pipe.sadd(_NOT_CLOSED, account)
        return before, after

    # It runs again when somebody else changed the breaker meanwhile.
    changed = redis.transaction(cast(Any, attempt), key, value_from_callable=True)
    return cast(tuple[Circuit, Circuit], changed)


def _not_closed() -> Mapping[str, Circuit]:
    redis = shared_state.client()
    if redis is not None:
        try:
            accounts = sorted(cast(set[str], redis.smembers(_NOT_CLOSED)))
            texts = redis.mget([_PREFIX + one for one in accounts]) if accounts else []
        except RedisError as error:
            shared_state.note_away(error)
        else:
            found = zip(accounts, map(_from_text, cast(list[Any], texts)), strict=True)
            return {account: circuit for account, circuit in found if not circuit.is_closed}
    with _lock:
        return {account: circuit for account, circuit in _local.items() if not circuit.is_closed}


def _from_text(text: Any) -> Circuit:
    if not text:
        return Circuit()
    values = json.loads(text)
    return Circuit(**{**values, "errors": tuple(values["errors"])})


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
