"""A company that does as little as possible, so that what is measured is us.

It speaks fakeservice's protocol: ``POST /messages`` is answered with an id after the latency, and
``GET /`` says how many messages were taken, and how many different ones. To whoever asks it for a
tunnel to Twilio it speaks Twilio's, over TLS: SDKs fix the names of hosts, so that a stand-in is
reached as behind an egress proxy.
``python -m benchmarks.vendor PORT LATENCY_SECONDS CERTIFICATE``
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from typing import Any, Final
from urllib.parse import parse_qs

import uvloop

_taken: list[str] = []

_TWILIO_SAYS: Final = (
    b'{"sid": "SM%032x", "account_sid": "AC%032x", "to": "+12125550123", "from": null,'
    b' "messaging_service_sid": "MG%032x", "body": "Hi!", "status": "accepted",'
    b' "direction": "outbound-api", "num_media": "0", "num_segments": "0", "error_code": null,'
    b' "error_message": null, "date_created": "Wed, 25 Nov 2026 00:00:00 +0000",'
    b' "date_updated": "Wed, 25 Nov 2026 00:00:00 +0000", "date_sent": null, "price": null,'
    b' "price_unit": "USD", "api_version": "2010-04-01", "uri": "/", "subresource_uris": {}}'
)


class _Conversation(asyncio.Protocol):
    """One keep-alive connection; requests on it come one after the other."""

    def __init__(self, latency_seconds: float, certificate: ssl.SSLContext) -> None:
        self._latency, self._certificate = latency_seconds, certificate
        self._loop = asyncio.get_running_loop()
        self._heard = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, found, rest = self._heard.partition(b"\r\n\r\n")
        if not found:
            return
        length = 0
        for line in head.split(b"\r\n"):
            if line[:15].lower() == b"content-length:":
                length = int(line[15:])
        if len(rest) < length:
            return
        self._heard = rest[length:]
        if head.startswith(b"CONNECT"):
            self._tunnel = self._loop.create_task(self._begin_tls())
            return
        if b"/Messages.json" in head.partition(b"\r\n")[0]:
            # The address that reports go to names the message: nothing else of it is unlike others.
            _taken.append(parse_qs(rest[:length].decode())["StatusCallback"][0])
            answer = _TWILIO_SAYS % (len(_taken), 0, 0)
        elif head.startswith(b"POST"):
            _taken.append(json.loads(rest[:length])["reference"])
            answer = b'{"id": "M%d", "from": "+18335550100"}' % len(_taken)
        else:
            answer = b'{"taken": %d, "different": %d}' % (len(_taken), len(set(_taken)))
        self._loop.call_later(self._latency, self._answer, answer)

    async def _begin_tls(self) -> None:
        self._transport.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        self._transport = await self._loop.start_tls(
            self._transport, self, self._certificate, server_side=True
        )

    def _answer(self, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )


async def _serve(port: int, latency_seconds: float, certificate_file: str) -> None:
    certificate = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.load_cert_chain(certificate_file)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Conversation(latency_seconds, certificate), "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]))
