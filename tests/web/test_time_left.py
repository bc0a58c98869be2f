"""How long something still takes, in words."""

from __future__ import annotations

import pytest

from service_vendors.web import time_left


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute left"),
        (29, "less than a minute left"),
        (31, "about 1 minute left"),
        (150, "about 2 minutes left"),
        (90_000, "about 1,500 minutes left"),
    ],
)
def test_the_time_left_is_told_in_minutes(seconds: float, words: str) -> None:
    assert time_left.in_words(seconds) == words
