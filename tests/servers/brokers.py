"""A Redis of a test's own, that may be killed, started again and made to forget."""

from __future__ import annotations

import subprocess
from pathlib import Path

import redis

from benchmarks.servers import free_port, wait_for_port


class Broker:
    """A Redis server at a port of its own. Only one that ``remembers`` keeps a journal on disk."""

    def __init__(self, folder: Path, *, remembers: bool = False, host: str = "127.0.0.1") -> None:
        self.port = free_port()
        self.url = f"redis://{host}:{self.port}/0"
        hosts = dict.fromkeys(("127.0.0.1", host))
        self._command = [
            *("redis-server", "--port", str(self.port), "--bind", *hosts),
            *("--protected-mode", "no", "--save", "", "--dir", str(folder)),
            *("--appendonly", "yes" if remembers else "no"),
        ]
        self.start()

    def start(self) -> None:
        """Start it, again too."""
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        wait_for_port(self.port)

    def kill(self) -> None:
        """End it without a warning."""
        self.process.kill()
        self.process.wait()

    def forget(self) -> None:
        """Delete everything it holds."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()
