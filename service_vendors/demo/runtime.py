"""The site, a Celery worker and the sweeper, each a thread of this process for as long as a
``with`` block lasts. For the demo only: the memory broker forgets its tasks when it ends.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

from celery import Celery
from celery.platforms import EX_OK
from celery.worker import WorkController, state
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from service_vendors import conf, tasks

logger = logging.getLogger(__name__)

STOP_SECONDS: Final = 10.0


class _Server(ThreadedWSGIServer):
    """Lets a burst of calls (a vendor's reports) wait in line instead of refusing them."""

    request_queue_size = 128


def bind(host: str, port: int) -> ThreadedWSGIServer:
    """Take an address without answering on it yet; port 0 takes a free one.

    Raises OSError when it is taken.
    """
    return _Server((host, port), WSGIRequestHandler, ipv6=":" in host)


@contextmanager
def serving(server: ThreadedWSGIServer) -> Iterator[None]:
    """Serve the site and its static files."""
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    thread = Thread(target=server.serve_forever, args=(0.1,), name="demo-site", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(STOP_SECONDS)


@contextmanager
def working(app: Celery) -> Iterator[None]:
    """Run a worker on the broker that the app is configured with."""
    ready = Event()
    worker = WorkController(
        app=app,
        hostname="demo@localhost",
        pool="solo",
        concurrency=1,
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
        ready_callback=lambda _: ready.set(),
    )
    thread = Thread(target=worker.start, name="demo-worker", daemon=True)
    thread.start()
    if not ready.wait(STOP_SECONDS):
        raise RuntimeError("The demo's worker did not start.")
    try:
        yield
    finally:
        # Celery knows no other way to stop a worker that runs in a thread.
        state.should_stop = EX_OK  # type: ignore[assignment]  # typed as its default only
        thread.join(STOP_SECONDS)
        state.should_stop = None


@contextmanager
def sweeping() -> Iterator[None]:
    """Run the sweeper every SWEEP_SECONDS, and hand over what is due every HAND_OVER_SECONDS, as
    Celery's beat does in production.
    """
    stopped = Event()

    def sweep() -> None:
        swept = time.monotonic()
        while not stopped.wait(conf.seconds("HAND_OVER_SECONDS")):
            try:
                tasks.hand_over_due()
                if time.monotonic() - swept >= conf.seconds("SWEEP_SECONDS"):
                    swept = time.monotonic()
                    tasks.sweep()
            except Exception:
                logger.exception("The sweeper failed; it tries again.")
            finally:
                close_old_connections()

    thread = Thread(target=sweep, name="demo-sweeper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(STOP_SECONDS)
