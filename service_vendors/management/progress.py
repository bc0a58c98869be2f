"""How far a command is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from typing import Final

from django.core.management.base import OutputWrapper

BAR: Final = 30
SAY_EVERY_SECONDS: Final = 5.0


class Progress:
    """A bar on a terminal; a line now and then in a log."""

    def __init__(self, out: OutputWrapper) -> None:
        self.out = out
        self.is_terminal = bool(out.isatty())
        self.said_at = time.monotonic()
        self.words = ""

    def show(self, done: int, total: int, words: str) -> None:
        """How far it is now; ``total`` is 0 while that is not known."""
        if self.is_terminal:
            filled = BAR * min(total, done) // total if total else 0
            self.out.write(f"\r\x1b[K[{'#' * filled}{'.' * (BAR - filled)}] {words}", ending="")
            self.out.flush()
        elif words != self.words and time.monotonic() - self.said_at >= SAY_EVERY_SECONDS:
            self.out.write(words)
            self.said_at = time.monotonic()
        self.words = words

    def end(self) -> None:
        """Leave the bar's line."""
        if self.is_terminal and self.words:
            self.out.write("")
