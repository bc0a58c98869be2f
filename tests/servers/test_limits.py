"""Limits that all workers share: the clocks stand in Redis, and processes keep to them together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service_vendors.sending import clocks
from service_vendors.sending.clocks import Asking, Limit, SharedClocks, decide
from service_vendors.shared_state import Link
from tests.servers.conftest import ROOT

pytestmark = pytest.mark.servers

SOON = 1.5
# Sends whatever it is let for a while; says how much that was, and from when until when.
SENDER = """
import json, sys, time, django; django.setup()
from service_vendors.sending.clocks import Asking, Limit, SharedClocks
from service_vendors.shared_state import Link

clocks, began, sent = SharedClocks(Link(sys.argv[1])), time.time(), 0
limit = Limit("account", "account:bulk:" + sys.argv[2], "account:replies", 1 / 40)
while time.time() < began + 4:
    turns = clocks.decide([Asking(1, (limit,), is_back=True)] * 10, 1.5)
    sent += sum(turn.goes for turn in turns)
    time.sleep(0.02)
print(json.dumps([sent, began, time.time()]))
"""


def test_two_processes_send_no_faster_together_than_one_may(redis_url: str) -> None:
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda n: send(redis_url, n), range(2)))
    sent = [sent for sent, _, _ in done]
    seconds = max(end for _, _, end in done) - min(begin for _, begin, _ in done)
    print(f"\n{sent[0]} and {sent[1]} of 40/s in {seconds:.1f} s, and {SOON} s ahead")  # noqa: T201
    assert sum(sent) <= 40 * (seconds + SOON) + 1
    assert all(sent), "one of them was never let go"


def send(redis_url: str, n: int) -> tuple[int, float, float]:
    """What one process was let send."""
    done = subprocess.run(
        [sys.executable, "-c", SENDER, redis_url, str(n)],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    sent, began, ended = json.loads(done.stdout)
    return sent, began, ended


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    batches=st.lists(
        st.tuples(
            st.integers(0, 4_000).map(lambda milliseconds: milliseconds / 1_000),
            st.lists(
                st.tuples(st.sampled_from("abc"), st.integers(1, 5), st.booleans(), st.booleans()),
                min_size=1,
                max_size=12,
            ),
        ),
        max_size=6,
    )
)
def test_redis_decides_as_the_rules_say(
    redis_url: str, batches: list[tuple[float, list[tuple[str, int, bool, bool]]]]
) -> None:
    redis.Redis.from_url(redis_url).flushdb()
    # Of such rates no clock ever meets the end of "soon" exactly; Redis keeps microseconds only.
    shared, own, now = SharedClocks(Link(redis_url)), {}, 1_800_000_000.0
    for pause, drawn in batches:
        now += pause
        asking = [
            Asking(segments, (limit("account", 5.3, reply), limit(name, 2.1, reply)), reply, back)
            for name, segments, reply, back in drawn
        ]
        # Redis's own time would go on while this test thinks.
        shared.script = clocks.SCRIPT.replace("redis.call('TIME')", f"{{'{now!r}', '0'}}")
        for theirs, ours in zip(
            shared.decide(asking, SOON), decide(own, asking, now, SOON), strict=True
        ):
            assert theirs.goes == ours.goes
            assert theirs.in_seconds == pytest.approx(ours.in_seconds, abs=1e-5)


def limit(clock: str, a_second: float, is_reply: bool = False) -> Limit:
    line = "replies" if is_reply else "bulk"
    return Limit(clock, f"{clock}:{line}", f"{clock}:replies", 1 / a_second)


def test_clocks_that_have_run_out_are_forgotten_by_redis(redis_url: str) -> None:
    SharedClocks(Link(redis_url)).decide([Asking(1, (limit("number", 1),))] * 30, SOON)
    client = redis.Redis.from_url(redis_url)
    left = {key: client.pttl(key) for key in client.scan_iter(f"{clocks.PREFIX}*")}
    assert len(left) == 2
    assert all(0 < milliseconds <= 34_000 for milliseconds in left.values())
    client.close()
