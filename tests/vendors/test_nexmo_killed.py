"""A process that buys numbers is killed with SIGKILL, at each step, and another one goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.simulators.disturbances import Handler, say_nothing
from tests.vendors.nexmo_account import PUBLIC_ADDRESS, AtNexmo, at_nexmo

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SECONDS = 120
ORDER = {"reference": "order-1", "limit": 2, "area_code": "212"}
WRITES = ("/v2/applications", "/number/buy", "/number/update")


@pytest.fixture
def there() -> Iterator[AtNexmo]:
    """An account at Vonage."""
    with at_nexmo() as there:
        yield there


class Buyer:
    """A process of its own that buys, or gives back."""

    def __init__(self, there: AtNexmo, asked: dict[str, Any]) -> None:
        told = {"config": there.config, "callback_base": PUBLIC_ADDRESS, **asked}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.simulators.nexmo.buyer"],
            cwd=ROOT,
            env=dict(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(told))
        self.process.stdin.close()

    def end(self) -> int:
        """Wait until it is over; how it ended."""
        try:
            return self.process.wait(LONGEST_SECONDS)
        finally:
            self.process.kill()
            if self.process.stdout is not None:
                self.process.stdout.close()


def killing(buyer: list[Buyer]) -> Handler:
    """Kill the process that asks, and wait until it is gone."""

    async def kill(request: web.Request) -> web.StreamResponse:
        os.kill(buyer[0].process.pid, signal.SIGKILL)
        return await say_nothing(request)

    return kill


def run_until_killed(there: AtNexmo, asked: dict[str, Any], step: int, moment: str) -> int:
    """Start a buyer that is killed at a request, before or after that did its work."""
    buyers: list[Buyer] = []
    there.company.at_request = len(there.company.requests) + step
    there.company.before = killing(buyers) if moment == "before" else None
    there.company.after = killing(buyers) if moment == "after" else None
    buyers.append(Buyer(there, asked))
    status = buyers[0].end()
    there.company.at_request = None
    return status


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_buyer_killed_at_any_write_leaves_nothing_bought_and_unrecorded(
    there: AtNexmo, moment: str
) -> None:
    start = len(there.company.requests)
    there.buy(2, "rehearsal")
    rehearsal = there.company.requests[start:]
    writes = [
        number
        for number, one in enumerate(rehearsal)
        if one.method != "GET" and one.path.startswith(WRITES)
    ]
    assert len(writes) == 8, "a note, a purchase, an address and a note's end, of each number"
    for step in writes[4:]:  # of the second: what is known of the first must not be lost with it
        asked = {**ORDER, "reference": f"order-{step}"}
        already = set(there.company.purchases)
        assert run_until_killed(there, asked, step, moment) == -signal.SIGKILL
        killed_at = there.company.requests[-1]
        assert killed_at.method == rehearsal[step].method
        assert killed_at.path[:16] == rehearsal[step].path[:16]
        bought = {one.phone_number for one in there.buy(2, asked["reference"])}
        assert {f"+{one}" for one in set(there.company.purchases) - already} == bought
        assert len(bought) == 2
        assert there.notes() == []
    assert len(there.company.purchases) == len(set(there.company.purchases))


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_release_that_is_killed_is_finished_by_the_next(there: AtNexmo, moment: str) -> None:
    (one,) = there.buy()
    asked = {"service_id": one.service_id}
    assert run_until_killed(there, asked, 0, moment) == -signal.SIGKILL
    assert Buyer(there, asked).end() == 0
    assert there.company.cancellations == [one.phone_number[1:]]
    assert one.phone_number not in there.owned()
