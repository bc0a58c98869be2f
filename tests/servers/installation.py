"""A whole installation of which any part is killed and started again, as a supervisor would."""

from __future__ import annotations

import random
from typing import Final

from service_vendors.models import Message, SendStatus
from tests.servers.brokers import Broker
from tests.servers.conftest import Processes

WORKERS: Final = 2
# Each message is a task of its own: so many are on their way in each worker.
THREADS: Final = 8
# Workers hold what may be lost, so they are killed more often than the rest.
ROLES: Final = ("worker", "site", "broker", "beat", "worker", "worker")


class Installation:
    """The site, two workers, beat and the broker."""

    def __init__(self, processes: Processes, broker: Broker, port: int) -> None:
        self._processes, self._broker, self._port = processes, broker, port
        self._beat, self._site = processes.beat(), processes.serve(port)
        self._workers = [processes.worker(threads=THREADS) for _ in range(WORKERS)]
        # The messages that were claimed when a worker died: only their fate may be unknown.
        self.in_flight: set[int] = set()

    def kill(self, role: str) -> None:
        """SIGKILL one of a role and start another in its place."""
        match role:
            case "worker":
                victim = self._workers.pop(random.randrange(WORKERS))
                self._processes.kill_and_wait(victim)
                claimed = Message.objects.filter(send_status=SendStatus.SENDING)
                self.in_flight.update(claimed.values_list("pk", flat=True))
                self._workers.append(self._processes.worker(threads=THREADS))
            case "site":
                self._processes.kill(self._site)
                self._site = self._processes.serve(self._port)
            case "beat":
                self._processes.kill(self._beat)
                self._beat = self._processes.beat()
            case "broker":
                self._broker.kill()
                self._broker.start()


def victims(kills: int) -> list[str]:
    """Whom to kill: every role in turn, in random order."""
    chosen = [ROLES[n % len(ROLES)] for n in range(kills)]
    random.shuffle(chosen)
    return chosen
