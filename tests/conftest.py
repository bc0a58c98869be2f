"""An organization and the people around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.test import Client

from service_vendors.models import Organization, Role
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory

ClientFor = Callable[[AbstractBaseUser], Client]


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
