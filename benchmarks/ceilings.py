"""What the machine itself can do, measured in the same run: the yardsticks for the cases.

Each does the least that a case cannot do without, with nothing of ours around it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import aiohttp
import psycopg
import uvloop

from benchmarks import load
from benchmarks.servers import Servers, free_port, get_json, wait_for_port

SECONDS: Final = 4
ROWS: Final = 20_000
BATCH: Final = 200
BATCHES: Final = 4
CONNECTIONS: Final = 32

TABLES: Final = """
CREATE TABLE IF NOT EXISTS bare_outbox
    (id bigserial PRIMARY KEY, contact text, body text, state text, vendor_id text);
CREATE TABLE IF NOT EXISTS bare_inbox (id bigserial PRIMARY KEY, body bytea);
TRUNCATE bare_outbox, bare_inbox;
"""


def connect() -> psycopg.Connection:
    """A connection of the bare kind."""
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def batched_rows(servers: Servers) -> float:
    """Rows written by one client, a thousand a statement."""
    with connect() as database:
        database.execute(TABLES)
    statement = (
        "INSERT INTO bare_outbox (contact, body, state)"
        " SELECT '+12125550123', 'Will you vote on Tuesday?', 'QUEUED'"
        " FROM generate_series(1, 1000);"
    )
    return 1_000 * servers.pgbench(statement, clients=1, seconds=SECONDS)


def bare_probe(servers: Servers) -> float:
    """A bare ASGI application that shares commits between the requests of a moment."""
    with connect() as database:
        database.execute(TABLES)
    port = free_port()
    server = [sys.executable, "-m", "uvicorn", "benchmarks.ceilings:probe", "--port", str(port)]
    process = servers.start(
        [*server, "--workers", "2", "--no-access-log", "--log-level", "warning"]
    )
    wait_for_port(port)
    time.sleep(2)  # both processes
    requests = load.signed(load.texts(ROWS, "bare"), "/", "secret")
    load.post(requests[:500], port, connections=CONNECTIONS)
    posted = load.post(requests, port, connections=CONNECTIONS)
    servers.stop(process)
    return len(requests) / posted.seconds


def bare_sender(servers: Servers, latency_seconds: float) -> float:
    """A bare loop that claims rows, posts them to the company and records what it said."""
    with connect() as database:
        database.execute(TABLES)
        database.execute(
            "INSERT INTO bare_outbox (contact, body, state)"
            " SELECT '+12125550123', 'Will you vote on Tuesday?', 'QUEUED'"
            " FROM generate_series(1, %s)",
            (ROWS,),
        )
    with servers.vendor(latency_seconds) as url:
        started = time.perf_counter()
        uvloop.run(_send_everything(f"{url}/messages"))
        seconds = time.perf_counter() - started
        if get_json(url)["taken"] != ROWS:
            raise RuntimeError("The bare sender did not send everything.")
    return ROWS / seconds


async def _send_everything(url: str) -> None:
    database = await psycopg.AsyncConnection.connect(os.environ["DATABASE_URL"], autocommit=True)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def send(row: tuple[int, str, str]) -> str:
            order = {"to": row[1], "text": row[2], "reference": str(row[0])}
            async with session.post(url, json=order) as answer:
                return str((await answer.json())["id"])

        async def batch() -> bool:
            claimed = await database.execute(
                "UPDATE bare_outbox SET state = 'SENDING' WHERE id IN (SELECT id FROM bare_outbox"
                " WHERE state = 'QUEUED' ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)"
                " RETURNING id, contact, body",
                (BATCH,),
            )
            rows = await claimed.fetchall()
            ids = await asyncio.gather(*(send(row) for row in rows))
            await database.execute(
                "UPDATE bare_outbox SET state = 'SENT', vendor_id = new.vendor_id"
                " FROM unnest(%s::bigint[], %s::text[]) AS new (id, vendor_id)"
                " WHERE bare_outbox.id = new.id",
                ([row[0] for row in rows], ids),
            )
            return bool(rows)

        async def keep_sending() -> None:
            while await batch():
                pass

        await asyncio.gather(*(keep_sending() for _ in range(BATCHES)))
    await database.close()


class _SharedCommits:
    """Rows that wait while the one before them is being committed go into the next commit."""

    def __init__(self) -> None:
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._thread = ThreadPoolExecutor(1)
        self._database = connect()
        self._work: asyncio.Task[None] | None = None

    def add(self, body: bytes) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        committed = loop.create_future()
        self._waiting.append((body, committed))
        if self._work is None or self._work.done():
            self._work = loop.create_task(self._write())
        return committed

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            taken, self._waiting = self._waiting, []
            await loop.run_in_executor(self._thread, self._insert, [body for body, _ in taken])
            for _, committed in taken:
                committed.set_result(None)

    def _insert(self, bodies: list[bytes]) -> None:
        self._database.execute(
            "INSERT INTO bare_inbox (body) SELECT unnest(%s::bytea[])", (bodies,)
        )


Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

_commits: list[_SharedCommits] = []


async def probe(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """The bare ASGI application: a body is committed, then answered."""
    if scope["type"] != "http":
        return
    if not _commits:
        _commits.append(_SharedCommits())
    body, more = b"", True
    while more:
        part = await receive()
        body, more = body + part.get("body", b""), part.get("more_body", False)
    await _commits[0].add(body)
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A yardstick, by the name under which cases refer to it."""

    name: str
    title: str
    run: Callable[[Servers], float]


CEILINGS: Final = (
    Ceiling("rows", "rows, a thousand a statement (pgbench)", batched_rows),
    Ceiling("probe", "bare ASGI probe with shared commits", bare_probe),
    Ceiling(
        "sender", "bare asyncio sender, vendor of 0 ms", partial(bare_sender, latency_seconds=0.0)
    ),
    Ceiling(
        "sender-slow",
        "bare asyncio sender, vendor of 100 ms",
        partial(bare_sender, latency_seconds=0.1),
    ),
)
