"""An absence lasts as long as it says, unless it is ended."""

from __future__ import annotations

import time

import pytest

from service_vendors import absence
from service_vendors.absence import Absence


def test_it_lasts_as_long_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    away = Absence(seconds=5.0)
    assert not away
    now = time.monotonic()
    monkeypatch.setattr(absence.time, "monotonic", lambda: now)
    away.begin()
    assert away
    monkeypatch.setattr(absence.time, "monotonic", lambda: now + 4.9)
    assert away
    monkeypatch.setattr(absence.time, "monotonic", lambda: now + 5.0)
    assert not away


def test_it_can_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    away = Absence(seconds=60.0)
    away.begin()
    away.end()
    assert not away
