"""Pauses between tries."""

from __future__ import annotations

import random


def backoff_seconds(attempts: int, first: float, most: float) -> float:
    """The pause after the n-th attempt: it doubles, is bounded, and half of it is random,
    so that what failed together does not come back together.
    """
    pause = min(most, first * 2.0 ** min(max(0, attempts - 1), 60))
    return pause * (0.5 + random.random() / 2)  # noqa: S311 - spreading, not secrecy
