"""The scripted vendor, listed and chosen, for one organization. Imported by conftest.py files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from service_vendors.models import Organization
from service_vendors.vendors import registry
from tests.factories import OrganizationFactory
from tests.scripted_vendor import ENTRY_POINT, Script, ScriptedVendor


@pytest.fixture
def script(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A fresh script for the scripted vendor, which is now every organization's vendor."""
    monkeypatch.setattr(registry, "outside", lambda: {"scripted": ENTRY_POINT})
    settings.SERVICE_VENDORS = ["scripted"]
    settings.DEFAULT_SERVICE = "scripted"
    settings.SCRIPTED_TOKEN = "open sesame"
    monkeypatch.setattr(ScriptedVendor, "script", Script())
    yield ScriptedVendor.script
    registry.reset()


@pytest.fixture
def organization(db: None, script: Script) -> Organization:
    """An organization that texts over the scripted vendor."""
    return OrganizationFactory()
