"""A server that did not answer is left alone for a while: nobody waits for it again so soon."""

from __future__ import annotations

import time


class Absence:
    """Whether something was seen to be away within the last ``seconds``, by this process."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0

    def __bool__(self) -> bool:
        return time.monotonic() < self._until

    def begin(self) -> None:
        """It did not answer just now."""
        self._until = time.monotonic() + self._seconds

    def end(self) -> None:
        """Ask it again when it is next needed."""
        self._until = 0.0
