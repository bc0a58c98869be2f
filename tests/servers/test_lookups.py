"""Lookups by processes that are killed, and by very many at once: no number is paid for twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service_vendors import lookups
from service_vendors.models import LookupClaim, LookupItem, LookupJob, OrganizationContact
from service_vendors.types import LookupDetail
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory, a_number
from tests.lookups.conftest import agree, bill, company, use
from tests.servers.conftest import ROOT, Processes, wait_until

__all__ = ["bill", "company"]

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

# FILE_ROWS=100000 tries what is promised; a tenth of it shows the same in a tenth of the time.
ROWS = int(os.environ.get("FILE_ROWS", "10000"))
MOST_MB_ABOVE_IDLE = 150
LANDLINE = "+12125550149"

# One of four processes: 250 threads begin together once a line comes in.
CROWD = f"""
import os, sys, threading
os.environ["DJANGO_SETTINGS_MODULE"] = "spoke_project.settings"
import django
django.setup()
from django.db import connection
from service_vendors import lookups
from service_vendors.models import Organization
from service_vendors.types import LookupDetail
organization = Organization.objects.get(pk=int(sys.argv[1]))
connection.close()
barrier, told = threading.Barrier(251), []
def ask():
    barrier.wait()
    try:
        contact = lookups.look_up(
            organization, "{LANDLINE}", detail=LookupDetail.CARRIER, wait_seconds=120
        )
        told.append(contact.carrier)
    finally:
        connection.close()
threads = [threading.Thread(target=ask) for _ in range(250)]
for thread in threads:
    thread.start()
print("ready", flush=True)
sys.stdin.readline()
barrier.wait()
for thread in threads:
    thread.join()
print(len(told), sorted(set(told)), flush=True)
"""


@pytest.fixture
def environment(
    company: FakeServiceServer,
    settings: Any,
    processes: Callable[[dict[str, str]], Processes],
) -> Processes:
    """Celery's processes, and the environment for other ones, on this test's database."""
    chosen = use(settings, company)
    more = {
        "LOOKUP_LEASE_SECONDS": "6",
        "LOOKUPS_AT_ONCE": "100",
    }
    return processes(chosen | more)


@dataclass
class Ended:
    """A command that ended: how, what it said, and the most memory it had."""

    code: int
    said: str
    peak_mb: float


class Lookup:
    """``manage.py lookup_contacts`` in a process of its own."""

    def __init__(self, environment: Processes, *arguments: str) -> None:
        self.environment = environment
        self.log = environment.folder / f"lookup-{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "lookup_contacts", *arguments],
                cwd=ROOT,
                env=environment.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        environment.running.append(self.process)  # whatever happens, it is killed at the end

    def kill(self) -> Ended:
        """End it the hard way."""
        self.process.send_signal(signal.SIGKILL)
        return self.ended()

    def ended(self) -> Ended:
        """Wait for its end."""
        _, status, usage = os.wait4(self.process.pid, 0)
        self.environment.running.remove(self.process)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return Ended(self.process.returncode, self.log.read_text(), usage.ru_maxrss / 1024)


def test_a_large_file_killed_half_way_and_resumed_pays_for_no_number_twice_in_little_memory(
    environment: Processes, bill: Callable[[], dict[str, int]], tmp_path: Path
) -> None:
    organization = str(OrganizationFactory().pk)
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_text(f"cell\n{a_number(0)}\n")
    with large.open("w") as file:
        file.write("name,cell\n")
        file.writelines(f"Voter {n},{a_number(n)}\n" for n in range(ROWS))
    idle = Lookup(environment, organization, "--file", str(small), "--dry-run").ended()
    assert idle.code == 0, idle.said

    begun = Lookup(environment, organization, "--file", str(large), "--detail", "carrier", "--yes")
    wait_until(
        # Not the bill: to add it up again and again would keep the company from its work.
        lambda: LookupJob.objects.filter(looked_up__gte=ROWS // 2).exists(),
        seconds=900,
        what="half of the numbers to be looked up",
    )
    killed = begun.kill()
    assert killed.code == -signal.SIGKILL, killed.said
    job = LookupJob.objects.get()
    assert job.status == LookupJob.Status.RUNNING
    resumed = Lookup(environment, organization, "--resume", str(job.pk)).ended()
    assert resumed.code == 0, resumed.said

    job.refresh_from_db()
    charged = bill()
    print(  # noqa: T201
        f"\nidle {idle.peak_mb:.0f} MB, killed {killed.peak_mb:.0f} MB, resumed "
        f"{resumed.peak_mb:.0f} MB; {charged}; {resumed.said.splitlines()[-1]}"
    )
    assert max(killed.peak_mb, resumed.peak_mb) - idle.peak_mb < MOST_MB_ABOVE_IDLE
    assert charged["paid"] == charged["different"], "a number was paid for twice"
    assert (job.status, job.done, job.total) == (LookupJob.Status.DONE, ROWS, ROWS)
    # In doubt is at most what was under way when it was killed.
    assert job.in_doubt <= 100
    assert job.looked_up <= charged["paid"] <= job.looked_up + job.in_doubt


def test_workers_that_are_killed_pay_for_no_number_twice(
    environment: Processes, company: FakeServiceServer, bill: Callable[[], dict[str, int]]
) -> None:
    organization = OrganizationFactory()
    environment.environment["LOOKUPS_AT_ONCE"] = "10"
    company.behave(latency_seconds=0.05)
    job = lookups.prepare(
        organization,
        [a_number(n) for n in range(1_000)],
        source=LookupJob.Source.NUMBERS,
        title="Voters",
        detail=LookupDetail.CARRIER,
        actor=None,
    )
    environment.beat()
    worker = environment.worker()
    agree(job)
    for kill in range(1, 4):
        wait_until(
            lambda reached=kill * 200: bill()["paid"] >= reached,
            seconds=120,
            what=f"{kill * 200} lookups",
        )
        environment.kill(worker)
        worker = environment.worker()

    def over() -> bool:
        job.refresh_from_db()
        return job.status == LookupJob.Status.DONE

    wait_until(over, seconds=180, what="the job to be done")
    charged = bill()
    assert charged["paid"] == charged["different"], "a number was paid for twice"
    assert job.done == job.total == 1_000
    assert job.in_doubt <= 3 * 10
    assert not job.items.filter(state__in=(LookupItem.State.WAITING, LookupItem.State.ASKING))
    known = OrganizationContact.objects.filter(last_lookup__isnull=False).count()
    assert known == job.looked_up


def test_a_thousand_who_ask_at_once_in_four_processes_pay_once(
    environment: Processes, company: FakeServiceServer, bill: Callable[[], dict[str, int]]
) -> None:
    organization = OrganizationFactory()
    environment.environment["LOOKUP_LEASE_SECONDS"] = "60"
    company.behave(latency_seconds=0.5)
    crowds = [
        subprocess.Popen(
            [sys.executable, "-c", CROWD, str(organization.pk)],
            cwd=ROOT,
            env=environment.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    try:
        for crowd in crowds:
            assert crowd.stdout is not None and crowd.stdout.readline() == "ready\n"
        for crowd in crowds:
            assert crowd.stdin is not None
            crowd.stdin.write("go\n")
            crowd.stdin.flush()
        for crowd in crowds:
            said, _ = crowd.communicate(timeout=240)
            assert said.strip() == "250 ['Copper & Sons']"
    finally:
        for crowd in crowds:
            crowd.kill()
            crowd.wait()
    assert bill() == {"paid": 1, "different": 1, "free": 0}
    assert not LookupClaim.objects.exists()
