"""Real servers: PostgreSQL and Redis from the environment, a Celery worker and beat of our own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.conf import settings
from django.db import connection

from benchmarks.servers import answers, free_port
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests import installation
from tests.servers.brokers import Broker

ROOT = Path(__file__).resolve().parents[2]

# The same behaviour as in production, a hundred times sooner.
QUICK = {
    "SEND_LEASE_SECONDS": "6",
    "SETTLE_SECONDS": "0.5",
    "REDISPATCH_SECONDS": "2",
    "SWEEP_SECONDS": "0.5",
    "HAND_OVER_SECONDS": "0.5",
    "SEND_RETRY_SECONDS": "0.5",
    "INBOX_RETRY_SECONDS": "0.2",
    "INBOX_LEASE_SECONDS": "5",
    "VENDOR_READ_SECONDS": "4",
}


class Processes:
    """Celery processes that can be killed the hard way, with everything they started.

    ``inside`` is a command that runs another one somewhere else, in another network say.
    """

    application = "spoke_project"

    def __init__(
        self, environment: dict[str, str], folder: Path, inside: Sequence[str] = ()
    ) -> None:
        self.environment = environment
        self.inside = inside
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        self.log = folder / "celery.log"
        self._names: dict[int, str] = {}

    def worker(self, *, threads: int = 2, queues: str = "") -> subprocess.Popen[bytes]:
        """Start a worker with several threads, as the guide to deploying does; it takes from all
        queues unless some are named.
        """
        return self._start(
            *("worker", "--pool", "threads", "--concurrency", str(threads)),
            *(("--queues", queues) if queues else ()),
            *("--hostname", f"{uuid4().hex}@%h", "--without-mingle", "--without-gossip"),
        )

    def beat(self) -> subprocess.Popen[bytes]:
        """Start the scheduler."""
        return self._start("beat", "--schedule", str(self.folder / "schedule"))

    def site(self) -> int:
        """Start the site; its port, once it answers."""
        port = free_port()
        self.serve(port)
        wait_until(
            lambda: answers(f"http://127.0.0.1:{port}/accounts/login/"), seconds=60, what="the site"
        )
        return port

    def serve(self, port: int) -> subprocess.Popen[bytes]:
        """Start the site at a port, as the guide to deploying does, and do not wait for it."""
        server = [sys.executable, "-m", "uvicorn", "spoke_project.asgi:application"]
        return self._run([*server, "--workers", "2", "--port", str(port), "--no-access-log"])

    def script(self, code: str) -> subprocess.Popen[bytes]:
        """Run Python in the project; what it prints goes to the log."""
        return self._run([sys.executable, "manage.py", "shell", "-v0", "-c", code])

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """SIGKILL a process and its children, as the kernel would when memory runs out."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.running.remove(process)

    def kill_and_wait(self, process: subprocess.Popen[bytes]) -> None:
        """Kill, and wait until the database has finished what the process had asked of it."""
        name = self._names[process.pid]
        self.kill(process)

        def is_forgotten() -> bool:
            with connection.cursor() as cursor:
                asked = "SELECT FROM pg_stat_activity WHERE application_name = %s"
                cursor.execute(asked, [name])
                return cursor.fetchone() is None

        wait_until(is_forgotten, seconds=60, what="the database to notice a death")

    def stop(self) -> None:
        """End whatever still runs."""
        for process in list(self.running):
            self.kill(process)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self._run([sys.executable, "-m", "celery", "-A", self.application, *arguments])

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        name = uuid4().hex
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*self.inside, *command],
                cwd=ROOT,
                env=self.environment | {"PGAPPNAME": name},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(process)
        self._names[process.pid] = name
        return process


@pytest.fixture
def company() -> Iterator[FakeServiceServer]:
    """The vendor's side, in this process, which nobody kills; its ledger judges."""
    with FakeServiceServer() as server:
        yield server


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
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A Redis of the test's own for its workers; it forgets everything when it dies."""
    broker = Broker(tmp_path)
    yield broker
    broker.kill()


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
        folder = tmp_path / f"processes-{len(made)}"
        folder.mkdir()
        made.append(Processes(environment, folder))
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


def text_over(company: FakeServiceServer, settings: Any) -> dict[str, str]:
    """Have this process text over a company; what its workers must be told to do so as well."""
    return installation.text_over(settings, company.account(), SEND_BATCH_SIZE="20")
