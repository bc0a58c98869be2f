"""The database is away while vendors call: every call is answered in time, and none is lost.

As long as CI has time for. DATABASE_AWAY_SECONDS=30 keeps it away for half a minute.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from benchmarks import load
from benchmarks.servers import ROOT, SECRET, Servers

pytestmark = pytest.mark.servers

AWAY_SECONDS = int(os.environ.get("DATABASE_AWAY_SECONDS", "5"))
PER_SECOND, SECONDS = 40, AWAY_SECONDS + 7
# What a vendor waits for an answer; the shortest of them is Vonage's.
PATIENCE_SECONDS = 5.0

SET_UP = """
import django; django.setup()
from django.core.management import call_command; call_command("migrate", verbosity=0)
from service_vendors.models import Organization; print(Organization.objects.create(name="Us").pk)
"""


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    """A PostgreSQL of this test's own, that it may stop, and no workers."""
    with Servers() as servers:
        for name, value in servers.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("WEBHOOK_SPOOL", str(servers.folder / "spool"))
        yield servers


def test_webhooks_while_the_database_is_away_are_answered_in_time_and_none_is_lost(
    servers: Servers,
) -> None:
    set_up = subprocess.run(
        [sys.executable, "-c", SET_UP], cwd=ROOT, capture_output=True, text=True, check=True
    )
    organization = set_up.stdout.split()[-1]
    database = os.environ["DATABASE_URL"]
    count = PER_SECOND * SECONDS
    with servers.site() as port:
        path = f"/fakeservice/{organization}"
        # Both processes of the site know the account before the database goes.
        known = load.signed(load.texts(60, "known"), path, SECRET)
        load.post(known, port, connections=20)
        calls = load.signed(load.texts(count, "run"), path, SECRET)

        async def everything() -> load.Posted:
            posting = asyncio.create_task(load.bring(calls, port, 16, PER_SECOND))
            await asyncio.sleep(2)
            await asyncio.to_thread(servers.stop_postgres)
            await asyncio.sleep(AWAY_SECONDS)
            await asyncio.to_thread(servers.start_postgres)
            return await posting

        posted = asyncio.run(everything())
        assert len(posted.answers) == count, "an answer was not 200"
        assert max(posted.answers) < PATIENCE_SECONDS

        def stored() -> int:
            with psycopg.connect(database) as connection:
                row = connection.execute(
                    "SELECT count(*) FROM service_vendors_webhookevent"
                ).fetchone()
            return row[0] if row else 0

        servers.wait_until(lambda: stored() == count + 60, "what was spooled to be stored")
        spool = servers.folder / "spool"
        servers.wait_until(lambda: not list(spool.glob("*.events")), "the spool to be empty")
    said = (servers.folder / "log").read_text()
    assert "were spooled" in said, "the database was never seen to be away"
