"""The site's own threads keep connections to the database; a test gives them back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from threading import Barrier

from django.db import connections

from service_vendors.webhooks.asgi import WebhookApplication

PATIENCE_SECONDS = 10


def let_go_of_connections(application: WebhookApplication) -> None:
    """Close what the threads of an application have open, whichever of them had work to do."""
    shared = application._commits
    for pool in (shared._writer, shared._spooler, shared._replayer, shared._messenger):
        _let_go(pool)
    _let_go(application._readers)


def _let_go(pool: ThreadPoolExecutor) -> None:
    # Each thread takes one: none can take another's while they wait for each other.
    together = Barrier(pool._max_workers)

    def close() -> None:
        together.wait(PATIENCE_SECONDS)
        connections.close_all()

    closing = [pool.submit(close) for _ in range(pool._max_workers)]
    wait(closing)
    for one in closing:
        one.result()
