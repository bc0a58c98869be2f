"""Webhooks over a number of connections, as a vendor under load would bring them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

import uvloop

from service_vendors.vendors.fakeservice.server import events

CONTACTS: Final = 2_000
OUR_NUMBER: Final = "+18335550100"

Bodies = Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Posted:
    """How long it took until the last call was answered, and each answer's own time."""

    seconds: float
    answers: Sequence[float]

    @property
    def p99(self) -> float:
        """99 of 100 answers came within this many seconds."""
        return sorted(self.answers)[int(len(self.answers) * 0.99)]


def a_contact(n: int) -> str:
    """The number of the n-th contact."""
    return f"+1212{5_550_000 + n % CONTACTS:07d}"


def texts(count: int, tag: str) -> Iterator[bytes]:
    """Texts of contacts, all different."""
    for n in range(count):
        event = events.received(
            message_id=f"R{tag}-{n}",
            contact=a_contact(n),
            number=OUR_NUMBER,
            text=f"Yes, I will vote. ({n})",
            at=time.time(),
        )
        yield events.body_of(event)


def reports(references: Sequence[str], tag: str) -> Iterator[bytes]:
    """Delivery reports about messages that were sent, one each."""
    for n, reference in enumerate(references):
        event = events.report(
            "delivered",
            message_id=f"M{tag}-{n}",
            reference=reference,
            number=OUR_NUMBER,
            at=time.time(),
        )
        yield events.body_of(event)


def signed(bodies: Bodies, path: str, secret: str) -> list[bytes]:
    """Whole HTTP requests, ready to be written, as they come to the address of BASE_URL."""
    return [
        b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"X-Webhook-Signature: %b\r\nContent-Length: %d\r\n\r\n%b"
        % (
            path.encode(),
            events.signature([secret], body, time.time()).encode(),
            len(body),
            body,
        )
        for body in bodies
    ]


def post(
    requests: Sequence[bytes], port: int, *, connections: int, per_second: float | None = None
) -> Posted:
    """Bring all requests; as quickly as they are answered, or at a steady rate.

    Raises RuntimeError unless every answer is 200.
    """
    return uvloop.run(bring(requests, port, connections, per_second))


async def bring(
    requests: Sequence[bytes], port: int, connections: int, per_second: float | None
) -> Posted:
    """As ``post``, on the event loop that runs."""
    rush = _Rush(requests, per_second)
    await asyncio.gather(*(_Connection(rush, port).open() for _ in range(connections)))
    await rush.over
    return Posted(time.perf_counter() - rush.started, rush.answers)


class _Rush:
    """The requests that are left, who takes the next one, and how quickly each was answered."""

    def __init__(self, requests: Sequence[bytes], per_second: float | None) -> None:
        self.started = time.perf_counter()
        self.answers: list[float] = []
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = iter(enumerate(requests))
        self._count = len(requests)
        self._per_second = per_second

    def next(self) -> tuple[bytes, float] | None:
        """A request and when it is due; None when none is left."""
        for n, request in self._left:
            now = time.perf_counter()
            # Counted from when the call was due: a slow answer delays nobody's clock.
            return request, now if self._per_second is None else self.started + n / self._per_second
        return None

    def answered(self, seconds: float) -> None:
        """One more was."""
        self.answers.append(seconds)
        if len(self.answers) == self._count and not self.over.done():
            self.over.set_result(None)

    def fail(self, why: str) -> None:
        """Nobody waits for the others."""
        if not self.over.done():
            self.over.set_exception(RuntimeError(why))


class _Connection(asyncio.Protocol):
    """One of the vendor's: the next call goes out when the one before was answered.

    Streams would take more of the processor: what this takes, the site lacks.
    """

    def __init__(self, rush: _Rush, port: int) -> None:
        self._rush, self._port = rush, port
        self._transport: asyncio.Transport | None = None
        self._seen = b""
        self._due = 0.0
        self._is_done = False

    async def open(self) -> None:
        """Connect, and begin."""
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bring the next one."""
        self._transport = cast(asyncio.Transport, transport)
        self._bring()

    def data_received(self, data: bytes) -> None:
        """An answer, or a part of it."""
        self._seen += data
        head, end, body = self._seen.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self._rush.fail(f"The site answered {head[:60]!r}.")
            return
        self._seen = b""
        self._rush.answered(time.perf_counter() - self._due)
        self._bring()

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody hangs up before all was answered."""
        if not self._is_done:
            self._rush.fail(f"The site hung up: {error or 'it had no more to say'}.")

    def _bring(self) -> None:
        following = self._rush.next()
        self._is_done = following is None
        if following is None:
            if self._transport is not None:
                self._transport.close()
            return
        request, self._due = following
        wait = self._due - time.perf_counter()
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, self._write, request)
        else:
            self._write(request)

    def _write(self, request: bytes) -> None:
        if self._transport is not None:
            self._transport.write(request)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0
