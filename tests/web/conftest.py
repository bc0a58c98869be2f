"""Vendors for the pages, and a way to read what a page says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.test import Client

from service_vendors import configuration
from service_vendors.models import Organization
from service_vendors.vendors import registry
from tests.conftest import ClientFor
from tests.web.pigeons import ENTRY_POINTS, Pigeon

Setup = Callable[..., None]


@pytest.fixture
def pigeons(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Pigeon]]:
    """Two vendors from outside; the environment chose the first and knows no account of it."""
    monkeypatch.setattr(registry, "outside", lambda: ENTRY_POINTS)
    registry.reset()
    settings.SERVICE_VENDORS = ["pigeon", "owl"]
    settings.DEFAULT_SERVICE = "pigeon"
    settings.BASE_URL = "https://texts.example.org"
    monkeypatch.setattr(Pigeon, "says", lambda vendor: "Pigeon Post answers.")
    monkeypatch.setattr(Pigeon, "asked", [])
    monkeypatch.setattr(Pigeon, "calls", {})
    yield Pigeon
    registry.reset()


@pytest.fixture
def set_up(pigeons: type[Pigeon], organization: Organization, owner: AbstractBaseUser) -> Setup:
    """The organization's account, saved by its owner; a test may give other values."""

    def set_up(**values: str) -> None:
        configuration.save_vendor_config(
            organization,
            "pigeon",
            {"account": "AC1", "token": "first-secret", **values},
            actor=owner,
            check=False,
        )

    set_up()
    return set_up


@pytest.fixture
def owner_client(owner: AbstractBaseUser, client_for: ClientFor) -> Client:
    """The owner's browser."""
    return client_for(owner)


@pytest.fixture
def base(organization: Organization) -> str:
    """The address of the Settings page."""
    return f"/admin/{organization.pk}/settings"
