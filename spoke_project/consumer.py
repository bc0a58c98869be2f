"""A worker outlives its broker, in whatever state the connection between them is left.

Celery 5.7 takes a lost connection apart twice. When the worker had unfinished tasks, the second
time fails on what the first one left (``AttributeError``, from kombu), and the worker ends, just
when it is needed to do what was left undone.
"""

from __future__ import annotations

import logging

from celery.worker import consumer

logger = logging.getLogger(__name__)


class Consumer(consumer.Consumer):  # type: ignore[misc]  # Celery has no types
    """What listens to the broker; a worker's only one."""

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Put the lost connection away. Celery connects anew afterwards."""
        try:
            super().on_connection_error_after_connected(exc)
        except Exception as error:  # noqa: BLE001 - nothing in a dead connection is worth ending for
            logger.warning("A lost connection was left as it is: %s", type(error).__name__)
            self.connection = None
