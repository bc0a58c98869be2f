"""How long something still takes, in the same words on every page."""

from __future__ import annotations


def in_words(seconds: float) -> str:
    """About how long it is, as a bar says it."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute left"
    return f"about {minutes:,} minute{'' if minutes == 1 else 's'} left"
