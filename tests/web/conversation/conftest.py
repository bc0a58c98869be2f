"""A conversation with Ada, and somebody who may see it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from service_vendors.models import Organization, Role
from tests.conftest import ClientFor
from tests.factories import (
    MembershipFactory,
    MessageFactory,
)
from tests.web.markup import Page

ADA = "+12125550101"


@pytest.fixture
def base(organization: Organization) -> str:
    """The address of the conversation with Ada."""
    return f"/admin/{organization.pk}/messages/{ADA}"


@pytest.fixture
def member(organization: Organization) -> Any:
    """Somebody who sees everything, and no more than that."""
    return MembershipFactory(organization=organization, role=Role.SUPERVOLUNTEER).user


@pytest.fixture
def client(member: Any, client_for: ClientFor) -> Client:
    """That person's browser."""
    return client_for(member)


@pytest.fixture
def says(organization: Organization) -> Any:
    """A maker of messages with Ada."""

    def says(text: str, **more: Any) -> Any:
        return MessageFactory(
            **{
                "organization": organization,
                "contact_number": ADA,
                "text": text,
                "service": "pigeon",
                **more,
            }
        )

    return says


def bubbles(page: Page) -> list[str]:
    """What each text of the conversation says, with what is said about it."""
    return [item.text for item in page.all("li") if item.get("id").startswith("message-")]
