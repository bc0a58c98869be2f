"""Which service managers an organization uses, in order, and what they decide together."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import cache
from importlib import import_module

from service_vendors import conf
from service_vendors.managers.base import ServiceManager
from service_vendors.models import Message, Organization
from service_vendors.types import ServiceManagerData

logger = logging.getLogger(__name__)


def managers_of(organization: Organization) -> Iterator[ServiceManager]:
    """The organization's managers: SERVICE_MANAGERS of its features, else of the environment."""
    listed = organization.feature("SERVICE_MANAGERS")
    row = conf.SETTINGS["SERVICE_MANAGERS"]
    names = conf.words(row.name) if listed is None else conf.convert(row, listed)
    for name in names:
        manager = find(name)
        if manager is None:
            logger.error("SERVICE_MANAGERS names %r, which is not there.", name)
        else:
            yield manager


@cache
def find(name: str) -> ServiceManager | None:
    """The manager of this name: a module here (``sticky-sender`` is ``sticky_sender.py``)
    or a dotted path to a class; None when it is not there.
    """
    module_name, _, class_name = name.rpartition(".")
    if not module_name:
        module_name = f"service_vendors.managers.{name.replace('-', '_')}"
        class_name = "Manager"
    try:
        manager_class = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError):
        return None
    if not (isinstance(manager_class, type) and issubclass(manager_class, ServiceManager)):
        return None
    return manager_class()


def decide_on_send(organization: Organization, message: Message) -> ServiceManagerData:
    """What the managers decide about one message that is about to be sent."""
    data = ServiceManagerData()
    for manager in managers_of(organization):
        data = data.merge(manager.on_message_send(message))
    return data


def decide_on_readiness(organization: Organization, service: str) -> ServiceManagerData:
    """What the managers say about a vendor's being ready to send for an organization."""
    data = ServiceManagerData()
    for manager in managers_of(organization):
        data = data.merge(manager.on_vendor_service_fully_configured(organization, service))
    return data
