"""Real servers: PostgreSQL and Redis from the environment, a Celery worker and beat of our own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]

# The same behaviour as in production, a hundred times sooner.
QUICK = {
    "SEND_LEASE_SECONDS": "6",
    "SETTLE_SECONDS": "0.5",
    "REDISPATCH_SECONDS": "2",
    "SWEEP_SECONDS": "0.5",
    "SEND_RETRY_SECONDS": "0.5",
    "INBOX_RETRY_SECONDS": "0.2",
    "INBOX_LEASE_SECONDS": "5",
    "VENDOR_READ_SECONDS": "4",
}


class Processes:
    """Celery processes that can be killed the hard way, with everything they started."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        self.log = folder / "celery.log"

    def worker(self, *, processes: int = 2) -> subprocess.Popen[bytes]:
        """Start a worker with its own child processes."""
        return self._start("worker", "--concurrency", str(processes), "--without-mingle")

    def beat(self) -> subprocess.Popen[bytes]:
        """Start the scheduler."""
        return self._start("beat", "--schedule", str(self.folder / "schedule"))

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """SIGKILL a process and its children, as the kernel would when memory runs out."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.running.remove(process)

    def stop(self) -> None:
        """End whatever still runs."""
        for process in list(self.running):
            self.kill(process)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "spoke_project", *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(process)
        return process


@pytest.fixture
def redis_url() -> Iterator[str]:
    """An empty Redis database; what it holds afterwards is thrown away."""
    url = os.environ.get("REDIS_URL")
    if not url:
        pytest.fail("Tests marked `servers` need REDIS_URL, for example redis://127.0.0.1:6379/9")
    client = redis.Redis.from_url(url)
    client.flushdb()
    yield url
    client.flushdb()
    client.close()


@pytest.fixture
def processes(
    transactional_db: None, redis_url: str, live_server: Any, tmp_path: Path
) -> Iterator[Callable[[dict[str, str]], Processes]]:
    """A maker of Celery processes on this test's database and broker."""
    if connection.vendor != "postgresql":
        pytest.fail("Tests marked `servers` need DATABASE_URL to name a PostgreSQL database.")
    made: list[Processes] = []

    def make(extra: dict[str, str]) -> Processes:
        database = connection.settings_dict
        host, port = database["HOST"] or "127.0.0.1", database["PORT"] or 5432
        login = f"{database['USER']}:{database['PASSWORD']}"
        address = f"{login}@{host}:{port}/{database['NAME']}"
        environment = (
            os.environ
            | QUICK
            | {
                "DEBUG": "on",
                "DATABASE_URL": f"postgres://{address}",
                "REDIS_URL": redis_url,
                "BASE_URL": live_server.url,
                "FIELD_ENCRYPTION_KEY": ",".join(settings.FIELD_ENCRYPTION_KEY),
                "SECRET_KEY": settings.SECRET_KEY,
            }
            | extra
        )
        made.append(Processes(environment, tmp_path))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def wait_until(true: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Wait for something to become true; a failure names what did not."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            pytest.fail(f"Waited {seconds:.0f} seconds in vain for {what}.")
        time.sleep(0.1)
