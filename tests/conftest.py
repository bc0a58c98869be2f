"""An organization and the people around it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection
from django.test import Client

from service_vendors import broker
from service_vendors.models import Organization, Role
from service_vendors.receiving import intake
from service_vendors.sending import breaker
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory

PATIENCE_SECONDS = 3

ClientFor = Callable[[AbstractBaseUser], Client]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--database-only``: for another run of the tests, on another database."""
    parser.addoption("--database-only", action="store_true", help="only what uses the database")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what would run the same on any database."""
    if not config.getoption("--database-only"):
        return
    left_out = [item for item in items if not _uses_the_database(item)]
    items[:] = [item for item in items if _uses_the_database(item)]
    config.hook.pytest_deselected(items=left_out)


def _uses_the_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures) or item.get_closest_marker("django_db") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Who leaves something behind is told here; else it would fail where nobody looks for it."""
    yield
    # The way to a closed stand-in would misdirect the tests after this one.
    bundle = os.environ.get("REQUESTS_CA_BUNDLE", "")
    if bundle and not Path(bundle).exists():
        del os.environ["REQUESTS_CA_BUNDLE"]
        pytest.fail(f"{item.nodeid} left REQUESTS_CA_BUNDLE behind.")
    if lost := _connections_of_ended_threads():
        pytest.fail(f"{item.nodeid}: threads took {lost} connections and did not close them.")


def _connections_of_ended_threads() -> int:
    """How many of the pool's connections nobody can give back; each keeps the database in use."""
    pool = getattr(connection, "_connection_pools", {}).get(connection.alias)
    if pool is None:
        return 0
    ours = int(connection.connection is not None)
    until = time.monotonic() + PATIENCE_SECONDS  # the pool may still be opening one
    while (lost := _given_away(pool) - ours) > 0 and time.monotonic() < until:
        time.sleep(0.05)
    return lost


def _given_away(pool: Any) -> int:
    stats = pool.get_stats()
    return int(stats.get("pool_size", 0) - stats.get("pool_available", 0))


@pytest.fixture(autouse=True)
def _no_trouble_of_before() -> None:
    """What one test made of a vendor's breaker is no business of the next one."""
    breaker.forget_everything()


@pytest.fixture(autouse=True)
def _no_absence_of_before() -> None:
    """What one test learned of the broker or the database is nothing to the next."""
    broker.away.end()
    intake.database_away.end()


@pytest.fixture
def organization(db: None) -> Organization:
    """A tenant that has chosen nothing itself."""
    return OrganizationFactory()


@pytest.fixture
def owner(organization: Organization) -> Any:
    """An owner of the organization."""
    return _member(organization, Role.OWNER)


@pytest.fixture
def admin(organization: Organization) -> Any:
    """An admin of the organization."""
    return _member(organization, Role.ADMIN)


@pytest.fixture
def texter(organization: Organization) -> Any:
    """A texter of the organization."""
    return _member(organization, Role.TEXTER)


@pytest.fixture
def stranger(db: None) -> Any:
    """An owner, but of another organization."""
    return _member(OrganizationFactory(), Role.OWNER)


@pytest.fixture
def client_for() -> ClientFor:
    """A maker of browsers that are logged in as someone."""

    def client_for(user: AbstractBaseUser) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return client_for


def _member(organization: Organization, role: Role) -> Any:
    user = UserFactory(username=f"{role.lower()}{organization.pk}")
    MembershipFactory(organization=organization, user=user, role=role)
    return user
