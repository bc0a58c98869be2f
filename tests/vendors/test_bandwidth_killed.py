"""A real process at work at Bandwidth, killed with SIGKILL as soon as Bandwidth has acted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.simulators.bandwidth.deaths import Kills
from tests.vendors.bandwidth_account import AtBandwidth, at_bandwidth
from tests.vendors.bandwidth_worker import WANTED

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SECONDS = 60.0


@pytest.fixture
def there() -> Iterator[AtBandwidth]:
    """A new account."""
    with at_bandwidth(new=True) as there:
        yield there


@pytest.fixture
def file(there: AtBandwidth, tmp_path: Path) -> Path:
    """What survives."""
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"config": there.config, "numbers": []}))
    return file


def kept(file: Path) -> Any:
    """What was recorded."""
    return json.loads(file.read_text())


def work(there: AtBandwidth, file: Path, what: str, kills: Kills | None = None) -> int:
    """Let a process do its work, maybe killed; its exit code."""
    there.company.disturbance = None
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.vendors.bandwidth_worker", str(file), what], cwd=ROOT
    )
    if kills is not None:
        kills.pid = process.pid
        there.company.disturbance = kills
    try:
        return process.wait(LONGEST_SECONDS)
    finally:
        process.kill()
        process.wait()


def until_it_ends(there: AtBandwidth, file: Path, what: str, kills: Kills) -> None:
    """Start it again and again, as whoever supervises it would."""
    for _ in range(20):
        if (code := work(there, file, what, kills)) == 0:
            return
        assert code == -signal.SIGKILL
    raise AssertionError("It never comes to an end.")


def is_acting(request: web.Request) -> bool:
    return request.method in {"POST", "PUT", "PATCH", "DELETE"}


def test_an_auto_configuration_killed_after_everything_it_makes(
    there: AtBandwidth, file: Path
) -> None:
    kills = Kills(is_acting)
    until_it_ends(there, file, "setup", kills)
    assert kills.killed_at == [
        "POST sites",
        "POST sippeers",
        "POST sms",
        "POST mms",
        "POST applications",
        # Found by its name, it is told our credentials once more.
        f"PATCH {kept(file)['config']['application_id']}",
        "PUT applicationSettings",
    ]
    made = there.company.made()
    assert (made["sites"], made["locations"], made["applications"]) == (1, 1, 1)
    config, (application,) = kept(file)["config"], there.company.applications.values()
    assert application["InboundCallbackCreds"]["Password"] == config["callback_password"]
    (peer,) = there.company.peers.values()
    assert peer["application"] == config["application_id"]


def test_an_order_and_a_release_killed_at_every_request(there: AtBandwidth, file: Path) -> None:
    assert work(there, file, "setup") == 0
    there.company.looks_until_done = 2
    buying = Kills(lambda request: True)
    until_it_ends(there, file, "buy", buying)
    assert "POST orders" in buying.killed_at and len(buying.killed_at) == 3
    owned = {f"+1{number}" for number in there.company.numbers}
    assert set(kept(file)["numbers"]) == owned and len(owned) == WANTED
    assert len(there.company.orders) == 1

    releasing = Kills(is_acting)
    until_it_ends(there, file, "release", releasing)
    assert releasing.killed_at == ["POST disconnects"]
    assert there.company.numbers == {} and kept(file)["numbers"] == []
    ended = [one["status"] for one in there.company.disconnects.values()]
    assert ended.count("COMPLETE") == WANTED
