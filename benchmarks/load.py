"""Webhooks over a number of connections, as a vendor under load would bring them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

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
    waiting = iter(enumerate(requests))
    answers: list[float] = []
    started = time.perf_counter()

    async def talk() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for n, request in waiting:
            sent = time.perf_counter()
            if per_second is not None:
                # Counted from when the call was due: a slow answer delays nobody's clock.
                sent = max(started + n / per_second, started)
                await asyncio.sleep(max(0.0, sent - time.perf_counter()))
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"The site answered {head[:60]!r}.")
            await reader.readexactly(_length(head))
            answers.append(time.perf_counter() - sent)
            if b"connection: close" in head.lower():
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    await asyncio.gather(*(talk() for _ in range(connections)))
    return Posted(time.perf_counter() - started, answers)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0
