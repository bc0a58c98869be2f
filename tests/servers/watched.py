"""The project's Celery application, in workers that write down when each vendor call began."""

from __future__ import annotations

import os
import time

from service_vendors.types import OutboundMessage, SendReceipt
from service_vendors.vendors.fakeservice.vendor import FakeService
from spoke_project.celery import app

__all__ = ["app"]

_send = FakeService.send_message
# Short lines, appended: those of several processes and threads stay whole.
_log = os.open(os.environ["CALLS_BEGUN"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


async def _noted(self: FakeService, message: OutboundMessage) -> SendReceipt:
    os.write(_log, f"{message.reference} {time.time()}\n".encode())
    return await _send(self, message)


FakeService.send_message = _noted  # type: ignore[method-assign]  # on purpose
