"""An organization on the scripted vendor, and programs that call the API as someone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from rest_framework.test import APIClient

from service_vendors.models import Organization, Role
from tests.factories import MembershipFactory, UserFactory
from tests.scripted_fixtures import organization, script

__all__ = ["organization", "script"]

Caller = Callable[[AbstractBaseUser], APIClient]


@pytest.fixture
def as_role(organization: Organization) -> Callable[[Role], APIClient]:
    """A maker of programs that call as a new member with a role."""

    def as_role(role: Role) -> APIClient:
        return calling_as(MembershipFactory(organization=organization, role=role).user)

    return as_role


@pytest.fixture
def anonymous() -> APIClient:
    """A program that does not say who it is."""
    return APIClient()


@pytest.fixture
def outsider(organization: Organization) -> APIClient:
    """A program of someone who belongs to another organization only."""
    return calling_as(MembershipFactory(user=UserFactory(), role=Role.OWNER).user)


def calling_as(user: Any) -> APIClient:
    """A program that is logged in as a user."""
    client = APIClient()
    client.force_authenticate(user)
    return client
