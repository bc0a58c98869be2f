"""What is done over a connection to Redis that was given up fails as a lost connection does.

In kombu 5.7 it fails with ``AttributeError`` instead: a task that ends after its worker lost the
broker acknowledges over what is left of the connection, and the worker ends with it.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as ConnectionLost

_channel: Any = redis.Channel  # its stubs know nothing of what we reach for
_of_kombu = _channel._connparams


def _connparams(self: Any, asynchronous: bool = False) -> Any:
    if self.connection.client is None:
        raise ConnectionLost("This connection to the broker was given up.")
    return _of_kombu(self, asynchronous)


def install() -> None:
    """Have every channel do so; installing it again changes nothing."""
    _channel._connparams = _connparams
