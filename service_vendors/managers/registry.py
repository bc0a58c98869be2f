"""Which service managers an organization uses, in order, and what they decide together.

A built-in manager is a module beside this file (``sticky-sender`` is ``sticky_sender.py``) that
defines ``Manager``. One from outside is an entry point in the group ``service_vendors.managers``
that names its class, or is listed by the dotted path of its class. Built-in names win.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from django.core.signals import setting_changed
from django.db import transaction

from service_vendors.managers.base import ServiceManager
from service_vendors.models import Campaign, Message, NumberRotation, Organization
from service_vendors.types import ServiceManagerData

logger = logging.getLogger(__name__)

ENTRY_POINT_GROUP: Final = "service_vendors.managers"


def names_of(organization: Organization) -> list[str]:
    """What the organization's SERVICE_MANAGERS lists, in order."""
    return organization.listed("SERVICE_MANAGERS")


def managers_of(organization: Organization) -> Iterator[ServiceManager]:
    """The organization's managers, in order; a name that is not there is logged and left out."""
    for name in names_of(organization):
        manager = find(name)
        if manager is None:
            logger.error("SERVICE_MANAGERS names %r, which is not there.", name)
        else:
            yield manager


@cache
def find(name: str) -> ServiceManager | None:
    """The manager of this name; None when it is not there."""
    module_name, _, class_name = name.rpartition(".")
    if not module_name:
        module_name, class_name = f"{__package__}.{name.replace('-', '_')}", "Manager"
    try:
        manager_class: Any = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError):
        manager_class = _from_outside(name)
    if not (isinstance(manager_class, type) and issubclass(manager_class, ServiceManager)):
        return None
    return manager_class()


def outside() -> dict[str, EntryPoint]:
    """The managers that other installed packages offer, by name."""
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


def _from_outside(name: str) -> Any:
    entry = outside().get(name)
    try:
        return entry.load() if entry else None
    except (ImportError, AttributeError):
        logger.exception("The service manager %r cannot be loaded.", name)
        return None


def title_of(name: str) -> str:
    """A manager's title, or its name when it is not there."""
    manager = find(name)
    return manager.title if manager else name


def decide_on_send(
    organization: Organization, service: str, messages: Sequence[Message]
) -> dict[Message, ServiceManagerData]:
    """What the managers decide about messages of one account that are about to be sent.

    All that is known is asked for first, so that nothing is picked for a message that already has
    its number; in the end everybody hears what was chosen. The number of queries does not depend on
    the number of messages.
    """
    decided = {message: ServiceManagerData() for message in messages}
    managers = list(managers_of(organization))
    if not (managers and messages):
        return decided
    with transaction.atomic():
        _take_turn(organization, service)
        for manager in managers:
            _merge(decided, manager.on_messages_send(messages))
        for manager in managers:
            numberless = {one: said for one, said in decided.items() if not said.user_number}
            if numberless:
                _merge(decided, manager.on_number_needed(numberless))
        for manager in managers:
            chosen = {
                one: number
                for one, said in decided.items()
                if (number := said.user_number or one.user_number)
            }
            if chosen:
                _merge(decided, manager.on_number_chosen(chosen))
    return decided


def decide_on_readiness(organization: Organization, service: str) -> ServiceManagerData:
    """What the managers say about a vendor's being ready to send for an organization."""
    data = ServiceManagerData()
    for manager in managers_of(organization):
        asked = ServiceManagerData(managers=frozenset({manager.name}))
        said = manager.on_vendor_service_fully_configured(organization, service)
        data = data.merge(asked).merge(said)
    return data


def decide_on_buying(
    organization: Organization, service: str, area_code: str, limit: int
) -> ServiceManagerData:
    """What the managers decide about numbers that are about to be bought."""
    data = ServiceManagerData()
    for manager in managers_of(organization):
        data = data.merge(manager.on_buy_phone_numbers(organization, service, area_code, limit))
    return data


def decide_on_campaign_start(campaign: Campaign) -> ServiceManagerData:
    """What the managers decide about a campaign that is about to start."""
    data = ServiceManagerData()
    for manager in managers_of(campaign.organization):
        data = data.merge(manager.on_campaign_start(campaign))
    return data


def _take_turn(organization: Organization, service: str) -> None:
    """Wait until no other worker decides about this account. Must run in a transaction."""
    NumberRotation.objects.select_for_update().get_or_create(
        organization=organization, service=service
    )


def _merge(
    decided: dict[Message, ServiceManagerData],
    said: Mapping[Message, ServiceManagerData | None],
) -> None:
    for message, data in said.items():
        decided[message] = decided[message].merge(data)


def reset(**_: Any) -> None:
    """Forget loaded managers; they are found anew when next used."""
    find.cache_clear()


setting_changed.connect(reset, dispatch_uid="service_vendors.managers.registry")
