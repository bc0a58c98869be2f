"""The servers that a benchmark needs: its own PostgreSQL, Redis, vendor, workers and site.

Everything is started on a free port, and ended and thrown away afterwards.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self
from urllib.request import urlopen

import trustme

ROOT: Final = Path(__file__).resolve().parents[1]
START_SECONDS: Final = 60.0

PROCESSES: Final = 2
THREADS: Final = 4
SECRET: Final = "a secret of this benchmark"  # noqa: S105 - of nobody's account


class Servers:
    """PostgreSQL (fsync on) and Redis, and whatever else a case starts on top of them."""

    def __init__(self, large_table: int = 10_000_000) -> None:
        """``large_table``: how many messages there are where there are many."""
        self.large_table = large_table
        self.databases: set[str] = set()
        self.folder = Path(tempfile.mkdtemp(prefix="service-vendors-bench."))
        self.folder.chmod(0o755)  # PostgreSQL runs as a user of its own and keeps its files below
        self._running: list[subprocess.Popen[bytes]] = []
        self._postgres = _newest_postgres()
        self.postgres_port, self.redis_port = free_port(), free_port()
        self.vendor_port = free_port()
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "spoke_project.settings",
            "DEBUG": "on",
            "LOG_LEVEL": "WARNING",
            "DATABASE_URL": f"postgres://postgres:@127.0.0.1:{self.postgres_port}/postgres",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "BASE_URL": "http://127.0.0.1",
            "SERVICE_VENDORS": "fakeservice,twilio",
            "DEFAULT_SERVICE": "fakeservice",
            "FAKESERVICE_API_URL": f"http://127.0.0.1:{self.vendor_port}",
            "FAKESERVICE_ACCOUNT_SID": "benchmark",
            "FAKESERVICE_API_KEY": SECRET,
            "FAKESERVICE_SIGNING_SECRET": SECRET,
            "TWILIO_ACCOUNT_SID": f"AC{0:032x}",
            "TWILIO_AUTH_TOKEN": f"{0:032x}",
            "TWILIO_MESSAGE_SERVICE_SID": f"MG{0:032x}",
            "HTTPS_PROXY": f"http://127.0.0.1:{self.vendor_port}",
            "REQUESTS_CA_BUNDLE": str(self.folder / "authority.pem"),
        }
        self._certificate = self.folder / "certificate.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.folder / "authority.pem")
        authority.issue_cert("api.twilio.com").private_key_and_cert_chain_pem.write_to_path(
            self._certificate
        )

    def __enter__(self) -> Self:
        self._create_postgres()
        self.start(
            [
                *("redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
            ]
        )
        wait_for_port(self.redis_port)
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running[:]):
            self.stop(process)
        self.stop_postgres()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, command: Sequence[str], **environment: str) -> subprocess.Popen[bytes]:
        """Start a process; what it says goes to a log that a failure shows."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """End a process and its children."""
        self._running.remove(process)
        try:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @contextmanager
    def workers(self) -> Iterator[None]:
        """Celery workers, as ``docs/deploy.md`` starts them: one a core, each with its threads."""
        worker = [sys.executable, "-m", "celery", "-A", "spoke_project", "worker"]
        worker += ["--pool", "threads", "--concurrency", str(THREADS), "--loglevel", "WARNING"]
        worker += ["--without-gossip", "--without-mingle", "--hostname"]
        processes = [self.start([*worker, f"bench{n}@%h"]) for n in range(PROCESSES)]
        yield
        for process in processes:
            self.stop(process)

    @contextmanager
    def site(self) -> Iterator[int]:
        """The site, as ``docs/deploy.md`` starts it; its port."""
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "spoke_project.asgi:application"]
        command += ["--workers", str(PROCESSES), "--port", str(port)]
        process = self.start([*command, "--no-access-log", "--log-level", "warning"])
        wait_for_port(port)
        self.wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), "the site")
        yield port
        self.stop(process)

    @contextmanager
    def vendor(self, latency_seconds: float = 0.0) -> Iterator[str]:
        """The lean company; its address."""
        port = self.vendor_port
        command = [sys.executable, "-m", "benchmarks.vendor", str(port), str(latency_seconds)]
        command.append(str(self._certificate))
        process = self.start(command)
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
        self.stop(process)

    def pgbench(self, script: str, *, clients: int, seconds: int) -> float:
        """Transactions per second of a pgbench script."""
        file = self.folder / "script.sql"
        file.write_text(script)
        said = self._as_postgres(
            *("pgbench", "--no-vacuum", f"--client={clients}", "--jobs=1"),
            *(f"--time={seconds}", f"--file={file}", "--host=127.0.0.1"),
            *(f"--port={self.postgres_port}", "postgres"),
        )
        line = next(line for line in said.splitlines() if line.startswith("tps = "))
        return float(line.split()[2])

    def wait_until(self, true: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Wait for something to become true. Raises TimeoutError, with the end of the log."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                log = (self.folder / "log").read_text()[-4_000:]
                raise TimeoutError(f"Waited in vain for {what}.\n{log}")
            time.sleep(0.02)

    def start_postgres(self) -> None:
        """Start PostgreSQL, again too."""
        options = f"-p {self.postgres_port} -k {self.folder / 'postgres'}"
        options += " -c listen_addresses=127.0.0.1 -c max_connections=200 -c shared_buffers=256MB"
        self._as_postgres("pg_ctl", "--silent", "--wait", f"--options={options}", "start")

    def stop_postgres(self) -> None:
        """Stop PostgreSQL as a crash would."""
        self._as_postgres("pg_ctl", "--mode=immediate", "stop", check=False)

    def _create_postgres(self) -> None:
        home = self.folder / "postgres"
        home.mkdir()
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            os.chown(home, pwd.getpwnam("postgres").pw_uid, -1)
        self._as_postgres("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8")
        self.start_postgres()

    def _as_postgres(self, program: str, *arguments: str, check: bool = True) -> str:
        home = self.folder / "postgres"
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        with (home / "log").open("ab") as log:
            done = subprocess.run(
                [*user, str(self._postgres / program), *arguments],
                cwd=home,
                env=os.environ | {"PGDATA": str(home / "data"), "PGUSER": "postgres"},
                stdout=subprocess.PIPE if program == "pgbench" else log,
                stderr=log,
                text=True,
                check=check,
            )
        return done.stdout or ""


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Wait until somebody listens. Raises TimeoutError."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"Nobody listens at port {port}.")


def answers(url: str) -> bool:
    """Whether a page is there."""
    try:
        with urlopen(url, timeout=5) as page:
            return bool(page.status == 200)
    except OSError:
        return False


def get_json(url: str) -> Any:
    """What a page says."""
    with urlopen(url, timeout=5) as page:
        return json.loads(page.read())


def _newest_postgres() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4])
    )
    if not found:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent
