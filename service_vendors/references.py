"""Our ids of messages: unguessable, and in the order of time so that indexes stay compact."""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def new_reference() -> UUID:
    """A version 7 UUID (RFC 9562): 48 bits of milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    value |= 0b10 << 62 | secrets.randbits(62)
    return UUID(int=value)
