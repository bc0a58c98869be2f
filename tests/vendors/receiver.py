"""A little web server that takes a vendor's webhooks, for tests without the site."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from service_vendors.types import (
    DeliveryReport,
    InboundMessage,
    InboundPart,
    VendorAccount,
    WebhookRequest,
)
from service_vendors.vendors.base import ServiceVendor

Said = InboundMessage | InboundPart | DeliveryReport

PATIENCE_SECONDS = 10.0


class Receiver:
    """What was posted, and the statuses to answer with (the last one stays)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.statuses = [200]
        self.requests: list[WebhookRequest] = []

    def wait_for(self, count: int) -> list[WebhookRequest]:
        """The first ``count`` requests, once they are there."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.requests) < count:
            assert time.monotonic() < deadline, f"{len(self.requests)} of {count} webhooks came"
            time.sleep(0.01)
        return self.requests[:count]

    def said_to(self, vendor: ServiceVendor, count: int) -> list[Said]:
        """Everything that the first ``count`` requests prove and say."""
        said: list[Said] = []
        for request in self.wait_for(count):
            vendor.verify(request)
            said += vendor.handle_incoming(request)
        return said

    def bind(self, vendor_class: type[ServiceVendor], config: dict[str, str]) -> Any:
        """The vendor, bound to an account that is called back here."""
        return vendor_class(VendorAccount(vendor_class.name, 1, config, self.url))


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Take webhooks while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else None
            receiver.requests.append(
                WebhookRequest(
                    address=self.path.strip("/").partition("/")[0],
                    method="POST",
                    url=receiver.url + self.path,
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=body,
                )
            )
            self.send_response(status or receiver.statuses[0])
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
