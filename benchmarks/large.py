"""Cases about large tables, each in a database of its own, by a process of its own.

A database is filled once and asked as often as there are runs.
``python -m benchmarks.large fill MESSAGES CONTACTS NUMBERS EVENTS | engine | pages``
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from statistics import median
from typing import TYPE_CHECKING, Final

import django
import psycopg
from django.core.management import call_command

if TYPE_CHECKING:
    from benchmarks.servers import Servers
    from service_vendors.models import Message, Organization

FEW: Final = ("10000", "2000", "100", "2000")
PAGES_ON: Final = ("1000000", "200000", "10000", "200000")
CONTACTS_OF_MANY: Final = ("500000", "10000", "1000000")
BATCH: Final = 250
BATCHES: Final = 20
FORGOTTEN: Final = 500
EACH_PAGE: Final = 20
MOST_QUERIES: Final = 20


def how_many_times_slower(servers: Servers) -> float:
    """The engine's work with many messages in the table, as a multiple of it with 10,000."""
    few = _filled(servers, "few", *FEW)
    many = _filled(servers, "many", str(servers.large_table), *CONTACTS_OF_MANY)
    return _ask(many, "engine") / _ask(few, "engine")


def slow_page(servers: Servers) -> float:
    """How long, in milliseconds, a page takes than which 95 of 100 are quicker."""
    return 1_000 * _ask(_filled(servers, "pages", *PAGES_ON), "pages")


def _filled(servers: Servers, name: str, *amounts: str) -> str:
    """The address of a database with so much in it, made when it is first asked for."""
    address = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
    if name not in servers.databases:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
            database.execute(f"CREATE DATABASE {name}")
        _ask(address, "fill", *amounts)
        servers.databases.add(name)
    return address


def _ask(database: str, *words: str) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.large", *words],
        env=os.environ | {"DATABASE_URL": database, "PHONE_INVENTORY": "on", "LOG_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(done.stdout)


# -- in the process of its own -------------------------------------------------------------------


def _fill(*amounts: str) -> float:
    from benchmarks.filling import Amounts, fill  # noqa: PLC0415
    from service_vendors.models import Organization  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    started = time.perf_counter()
    fill(Organization.objects.create(name="Benchmark"), Amounts(*map(int, amounts)))
    return time.perf_counter() - started


def _engine() -> float:
    """How long claiming, recording, reporting and sweeping take; in the end all is as before."""
    from service_vendors.models import Message, Organization, SendStatus  # noqa: PLC0415
    from service_vendors.sending import Reported, apply_reports, ledger, sweeping  # noqa: PLC0415
    from service_vendors.sending.outcomes import Accepted  # noqa: PLC0415
    from service_vendors.types import DeliveryReport, ReportStatus, SendReceipt  # noqa: PLC0415

    organization = Organization.objects.get()
    with _queued(organization) as messages:
        ids = [message.pk for message in messages]
        started = time.perf_counter()
        for first in range(0, len(ids), BATCH):
            claimed = ledger.claim(ids[first : first + BATCH])
            ledger.record({m: Accepted(SendReceipt(f"S{m.pk}", "+18335550100")) for m in claimed})
            apply_reports(
                [
                    Reported(
                        organization,
                        "fakeservice",
                        DeliveryReport(service_id=f"S{m.pk}", status=ReportStatus.DELIVERED),
                    )
                    for m in claimed
                ]
            )
        seconds = time.perf_counter() - started
        silent = Message.objects.filter(pk__in=ids[:FORGOTTEN])
        silent.update(send_status=SendStatus.SENDING, due_at=messages[0].created_at)
        started = time.perf_counter()
        if sweeping.end_broken_claims() != FORGOTTEN or sweeping.hand_over_forgotten() != 0:
            raise RuntimeError("The sweeper did not find what it should.")
        return seconds + time.perf_counter() - started


@contextmanager
def _queued(organization: Organization) -> Iterator[list[Message]]:
    """Messages that wait to be sent, for a while."""
    from service_vendors.models import Message, SendStatus  # noqa: PLC0415
    from service_vendors.models.rows import insert_all  # noqa: PLC0415

    messages = [
        Message(
            organization=organization,
            contact_number=f"+1212{2_000_000 + n % int(FEW[1]):07d}",
            text=f"Hi! Will you vote on Tuesday? ({n})",
            service="fakeservice",
            send_status=SendStatus.QUEUED,
        )
        for n in range(BATCH * BATCHES)
    ]
    for message in messages:
        message.due_at = message.dispatched_at = message.created_at
    insert_all(messages)
    yield messages
    Message.objects.filter(pk__in=[message.pk for message in messages]).delete()


def _pages() -> float:
    """The 95th of a hundred answers, in seconds; every page within its number of queries."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    from service_vendors.models import Message, Organization  # noqa: PLC0415

    organization = Organization.objects.get()
    owner, _ = get_user_model().objects.get_or_create(username="owner")
    organization.memberships.get_or_create(user=owner, defaults={"role": "OWNER"})
    client = Client()
    client.force_login(owner)
    newest = Message.objects.filter(organization=organization).latest("pk")
    answers: list[float] = []
    for address in (
        "settings",
        "phone-numbers",
        "phone-numbers?page=300",
        "phone-numbers?use=available",
        "messages",
        f"messages?before={newest.pk - 10_000}",
        "messages?show=failed",
        "messages?show=queued",
        f"messages/{newest.contact_number}",
        "messages/set-aside",
        "contacts",
        f"contacts/{newest.contact_number}",
    ):
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(f"/admin/{organization.pk}/{address}")
        count = len(queries)
        if answer.status_code != HTTPStatus.OK or count >= MOST_QUERIES:
            raise RuntimeError(f"{address}: {answer.status_code}, {count} queries.")
        own = []
        for _ in range(EACH_PAGE):
            started = time.perf_counter()
            client.get(f"/admin/{organization.pk}/{address}")
            own.append(time.perf_counter() - started)
        answers += own
        words = f"{address}: {count} queries, {1_000 * median(own):.0f} ms"
        print(words, file=sys.stderr, flush=True)
    return sorted(answers)[int(len(answers) * 0.95)]


_WORK: Final[dict[str, Callable[..., float]]] = {"fill": _fill, "engine": _engine, "pages": _pages}

if __name__ == "__main__":
    django.setup()
    print(_WORK[sys.argv[1]](*sys.argv[2:]))
