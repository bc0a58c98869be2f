"""What all processes share and may lose: Redis, where REDIS_URL names one and it is there.

Whoever uses it keeps the same things in this process as well, for as long as ``client`` says None.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any, Final

from django.core.signals import setting_changed
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from service_vendors import conf
from service_vendors.absence import Absence

logger = logging.getLogger(__name__)

# Nobody's message may wait for it: what it holds is worth less than the time of a batch.
PATIENCE_SECONDS: Final = 0.5
AWAY_SECONDS: Final = 5.0


class Link:
    """One Redis, and whether it answered lately."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 1),  # a connection that Redis closed meanwhile is no failure
        )
        self._away = Absence(AWAY_SECONDS)

    def client(self) -> Redis | None:
        """The Redis; None while it is away."""
        return None if self._away else self._redis

    def note_away(self, error: Exception) -> None:
        """It did not answer: for some seconds nobody asks it again."""
        self._away.begin()
        logger.warning("Redis is away (%s): each process goes by itself.", type(error).__name__)


@cache
def link(url: str) -> Link:
    """This process's link to a Redis."""
    return Link(url)


def client() -> Redis | None:
    """The Redis that all processes share; None where there is none, and while it is away."""
    url = conf.environment("REDIS_URL")
    return link(url).client() if url else None


def note_away(error: Exception) -> None:
    """It did not answer: for some seconds nobody asks it again."""
    link(conf.environment("REDIS_URL") or "").note_away(error)


def reset(**_: Any) -> None:
    """Ask Redis again when it is next needed."""
    link.cache_clear()


setting_changed.connect(reset, dispatch_uid="service_vendors.shared_state")
