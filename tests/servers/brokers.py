"""Brokers of a test's own, that may be killed, started again and made to forget."""

from __future__ import annotations

import os
import signal
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


class RabbitMQ:
    """A RabbitMQ of one node at ports of its own, which keeps on disk what is to last."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self._environment = os.environ | {
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(free_port()),
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "rabbitmq"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "none"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        }
        # RabbitMQ would start one itself, and leave it behind.
        self._names = subprocess.Popen(["epmd"], env=self._environment)
        self.start()

    def start(self) -> None:
        """Start it, again too."""
        # Not the command of the same name, which insists on a user of its own.
        self.process = subprocess.Popen(
            ["/usr/lib/rabbitmq/bin/rabbitmq-server"],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for_port(self.port)

    def kill(self) -> None:
        """End it without a warning."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """End it for good, with the daemon that knows its name."""
        self.kill()
        self._names.kill()
        self._names.wait()
