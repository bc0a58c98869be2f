"""What listens to the broker outlives it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from kombu import Connection
from kombu.transport.redis import Channel
from redis.exceptions import ConnectionError as ConnectionLost

from spoke_project.celery import app
from spoke_project.consumer import Consumer


class HalfClosed(Connection):
    """As kombu leaves a connection that was taken apart while tasks were unfinished."""

    def collect(self, socket_timeout: float | None = None) -> None:
        raise ConnectionRefusedError

    def _close(self) -> None:
        raise AttributeError("'NoneType' object has no attribute 'hostname'")

    close = release = _close


def test_workers_use_it() -> None:
    assert app.conf.worker_consumer == "spoke_project.consumer:Consumer"


def test_a_connection_that_cannot_be_put_away_does_not_end_the_worker() -> None:
    listening = Consumer.__new__(Consumer)
    listening.app, listening.connection = app, HalfClosed("memory://")
    listening.on_connection_error_after_connected(ConnectionResetError())
    assert listening.connection is None


def test_an_acknowledgement_over_a_connection_that_was_given_up_is_a_lost_connection() -> None:
    channel = Channel.__new__(Channel)
    channel.connection = SimpleNamespace(client=None)
    with pytest.raises(ConnectionLost):
        channel._connparams()
