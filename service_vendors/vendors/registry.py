"""Which vendors there are, and the vendor object of an organization.

A built-in vendor is a folder beside this file whose ``vendor.py`` defines a ServiceVendor with the
folder's name. A vendor from outside is an entry point in the group ``service_vendors`` that names
its class. Either is used only when the setting SERVICE_VENDORS lists it; built-in names win.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from service_vendors import conf, vendors
from service_vendors.exceptions import UnknownVendor
from service_vendors.types import VendorAccount, Webhook
from service_vendors.vendors.base import ServiceVendor

if TYPE_CHECKING:
    from service_vendors.models import Organization  # a type only: vendors stand below the models

ENTRY_POINT_GROUP: Final = "service_vendors"

# A dotted path, resolved when used: who knows the accounts stands above this floor.
_ACCOUNT_OF: Final = "service_vendors.configuration.vendor_account"

_MOST_BOUND: Final = 1_000
_bound: dict[tuple[str, int | None], ServiceVendor] = {}
_bound_lock = Lock()


class VendorBroken(ImportError):
    """A listed vendor cannot be loaded; the text says why."""


def available() -> dict[str, type[ServiceVendor]]:
    """The active vendors by name, in the order SERVICE_VENDORS lists them.

    A listed name that nothing provides is left out here and reported by the system checks.
    """
    return dict(_listed(tuple(conf.words("SERVICE_VENDORS"))))


@cache
def _listed(names: tuple[str, ...]) -> Mapping[str, type[ServiceVendor]]:
    """Every call of a vendor asks for this, and lists change when a process starts."""
    classes = (find(name) for name in names)
    return {cls.name: cls for cls in classes if cls is not None}


@cache
def _by_any_name(names: tuple[str, ...]) -> Mapping[str, type[ServiceVendor]]:
    """The same by their aliases, too; of two vendors with one name, the first that is listed."""
    found: dict[str, type[ServiceVendor]] = {}
    for cls in _listed(names).values():
        for name in (cls.name, *cls.aliases):
            found.setdefault(name, cls)
    return found


def vendor_class(name: str) -> type[ServiceVendor]:
    """The active vendor of this name or alias. Raises UnknownVendor, naming those there are."""
    names = tuple(conf.words("SERVICE_VENDORS"))
    if cls := _by_any_name(names).get(name):
        return cls
    listed = ", ".join(_listed(names)) or "none"
    raise UnknownVendor(f"There is no active vendor {name!r}. SERVICE_VENDORS activates: {listed}.")


def get_vendor(organization: Organization | None, service: str | None = None) -> ServiceVendor:
    """The vendor object bound to an organization's account (None: the environment's account).

    ``service`` is a vendor's name; without it, the organization's active vendor. Objects are kept
    and reused until the account's config changes. Raises UnknownVendor.
    """
    account_of = cast(Callable[..., VendorAccount], import_string(_ACCOUNT_OF))
    return bind(account_of(organization, service))


def bind(account: VendorAccount) -> ServiceVendor:
    """The vendor object for an account, the same one as long as the account is equal."""
    key = (account.service, account.organization_id)
    cls = vendor_class(account.service)
    with _bound_lock:
        vendor = _bound.get(key)
        if vendor is None or vendor.account != account or type(vendor) is not cls:
            if len(_bound) >= _MOST_BOUND:
                _bound.clear()
            vendor = _bound[key] = cls(account)
        return vendor


def webhook_at(address: str) -> tuple[str, Webhook] | None:
    """The vendor's name and the webhook that is served at ``/<address>``, or None."""
    return _webhooks(tuple(conf.words("SERVICE_VENDORS"))).get(address)


@cache
def _webhooks(names: tuple[str, ...]) -> Mapping[str, tuple[str, Webhook]]:
    """By address; of two vendors with one address, the first that is listed."""
    found: dict[str, tuple[str, Webhook]] = {}
    for name, cls in _listed(names).items():
        for webhook in cls.webhooks:
            found.setdefault(webhook.address, (name, webhook))
    return found


@cache
def built_in_names() -> frozenset[str]:
    """The names of the vendor folders beside this file."""
    return frozenset(
        module.name for module in pkgutil.iter_modules(vendors.__path__) if module.ispkg
    )


def outside() -> dict[str, EntryPoint]:
    """The vendors that other installed packages offer, by name."""
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


@cache
def find(name: str) -> type[ServiceVendor] | None:
    """The vendor class of this name or alias, listed or not; None when nobody provides it.

    Raises VendorBroken when it exists and cannot be used.
    """
    if name in built_in_names():
        return _from_folder(name)
    if entry := outside().get(name):
        return _from_entry_point(entry)
    built_in = (_from_folder(one) for one in sorted(built_in_names()))
    return next((cls for cls in built_in if name in cls.aliases), None)


def _from_folder(name: str) -> type[ServiceVendor]:
    module = import_module(f"{vendors.__name__}.{name}.vendor")
    for value in vars(module).values():
        if not (isinstance(value, type) and issubclass(value, ServiceVendor)):
            continue
        if value.__module__ == module.__name__ and value.name == name:
            return value
    raise VendorBroken(f"{module.__name__} defines no ServiceVendor whose name is {name!r}.")


def _from_entry_point(entry: EntryPoint) -> type[ServiceVendor]:
    value: Any = entry.load()
    if not (isinstance(value, type) and issubclass(value, ServiceVendor)):
        raise VendorBroken(f"The entry point {entry.name} = {entry.value} is no ServiceVendor.")
    if value.name != entry.name:
        raise VendorBroken(f"The entry point {entry.name} names the vendor {value.name!r}.")
    return value


def reset(**_: Any) -> None:
    """Forget loaded classes and bound objects; they are found anew when next used."""
    for kept in (find, _listed, _webhooks):
        kept.cache_clear()
    built_in_names.cache_clear()
    with _bound_lock:
        _bound.clear()


setting_changed.connect(reset, dispatch_uid="service_vendors.registry")
