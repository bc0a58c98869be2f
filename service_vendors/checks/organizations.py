"""Is what organizations' features name there? Asked where the database is asked, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import DatabaseError

from service_vendors.checks.vendors import is_active, loaded
from service_vendors.managers import registry as managers
from service_vendors.models import Organization

MOST_NAMED = 5


@register(Tags.database)
def organizations_managers_are_there(
    *, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """W011: every service manager that an organization's features list can be found."""
    return _lacking(
        "SERVICE_MANAGERS",
        lambda name: managers.find(name) is not None,
        databases or (),
        "service_vendors.W011",
    )


@register(Tags.database)
def organizations_fallbacks_are_active(
    *, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """W012: every vendor that an organization's features list to take over is active."""
    classes = loaded()[0]
    return _lacking(
        "FALLBACK_SERVICES",
        lambda name: is_active(name, classes),
        databases or (),
        "service_vendors.W012",
    )


def _lacking(
    setting: str, is_there: Callable[[str], bool], databases: Sequence[str], check_id: str
) -> list[CheckMessage]:
    """A warning for each name in a setting of organizations' features that is not there."""
    lacking: dict[str, list[str]] = {}
    for alias in databases:
        try:
            for organization in Organization.objects.using(alias).filter(features__has_key=setting):
                for name in organization.listed(setting):
                    if not is_there(name):
                        lacking.setdefault(name, []).append(str(organization))
        except DatabaseError:
            continue  # not migrated yet: then nobody lists anything
    return [
        Warning(
            f"The features of {', '.join(listed[:MOST_NAMED])}"
            f"{' and others' if len(listed) > MOST_NAMED else ''} list {name!r} in "
            f"{setting}, which is not there.",
            hint="Correct the name in the organization's features; until then it is left out.",
            id=check_id,
        )
        for name, listed in lacking.items()
    ]
