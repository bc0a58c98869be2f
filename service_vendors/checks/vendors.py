"""Are the listed vendors there, whole and distinct, and can the default one send?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register

from service_vendors import conf
from service_vendors.types import Feature
from service_vendors.vendors import registry
from service_vendors.vendors.base import ServiceVendor


def loaded() -> tuple[dict[str, type[ServiceVendor]], list[CheckMessage]]:
    """The listed vendors that can be used, and what is wrong with the others."""
    classes: dict[str, type[ServiceVendor]] = {}
    problems: list[CheckMessage] = []
    known = ", ".join(sorted(registry.built_in_names() | set(registry.outside()))) or "none"
    for name in conf.words("SERVICE_VENDORS"):
        try:
            vendor_class = registry.find(name)
        except Exception as error:  # noqa: BLE001 - a vendor from outside may fail in any way
            problems.append(
                Error(
                    f"The vendor {name!r} cannot be loaded: {type(error).__name__}: {error}",
                    hint=f"Mend it, or take {name!r} out of SERVICE_VENDORS.",
                    id="service_vendors.E002",
                )
            )
            continue
        if vendor_class is None:
            problems.append(
                Error(
                    f"SERVICE_VENDORS lists {name!r}, and no such vendor is installed.",
                    hint=f"Install the package that provides it, or correct the name. "
                    f"Installed are: {known}.",
                    id="service_vendors.E001",
                )
            )
        else:
            classes[vendor_class.name] = vendor_class
    return classes, problems


@register("service_vendors")
def listed_vendors_can_be_used(**_: Any) -> list[CheckMessage]:
    """E001, E002: every listed vendor is installed and loads."""
    return loaded()[1]


@register("service_vendors")
def names_are_distinct(**_: Any) -> list[CheckMessage]:
    """E003: no package offers a vendor under a name that is taken."""
    offered = Counter(entry.name for entry in entry_points(group=registry.ENTRY_POINT_GROUP))
    problems: list[CheckMessage] = []
    for name, times in sorted(offered.items()):
        if name in registry.built_in_names():
            problems.append(
                Error(
                    f"An installed package offers a vendor {name!r}, which is built in.",
                    hint="The built-in one is used. Rename the other in its package's entry "
                    "points, or uninstall the package.",
                    id="service_vendors.E003",
                )
            )
        elif times > 1:
            problems.append(
                Error(
                    f"{times} installed packages offer a vendor {name!r}.",
                    hint="Uninstall all but one, or rename them in their entry points.",
                    id="service_vendors.E003",
                )
            )
    return problems


@register("service_vendors")
def webhook_addresses_are_distinct(**_: Any) -> list[CheckMessage]:
    """E004: no two listed vendors want to be called at the same address."""
    claims: dict[str, list[str]] = defaultdict(list)
    for name, vendor_class in loaded()[0].items():
        for webhook in vendor_class.webhooks:
            claims[webhook.address].append(name)
    return [
        Error(
            f"The webhook address /{address} is claimed by {' and '.join(names)}.",
            hint="Change the address in the ``webhooks`` of one of them: only the first would "
            "ever be called.",
            id="service_vendors.E004",
        )
        for address, names in claims.items()
        if len(names) > 1
    ]


@register("service_vendors")
def default_vendor_can_send(**_: Any) -> list[CheckMessage]:
    """E005, W001, W002: DEFAULT_SERVICE names an active vendor that has what it needs."""
    name = conf.text("DEFAULT_SERVICE")
    classes = loaded()[0]
    active = ", ".join(classes) or "none"
    if not name:
        return [
            Warning(
                "DEFAULT_SERVICE is not set: organizations that chose no vendor cannot send.",
                hint=f"Set DEFAULT_SERVICE to one of the vendors in SERVICE_VENDORS ({active}).",
                id="service_vendors.W001",
            )
        ]
    named = next((cls for cls in classes.values() if name in {cls.name, *cls.aliases}), None)
    if named is None:
        if name in conf.words("SERVICE_VENDORS"):
            return []  # listed_vendors_can_be_used says why
        return [
            Error(
                f"DEFAULT_SERVICE names {name!r}, which is not active.",
                hint=f"Add {name!r} to SERVICE_VENDORS, or set DEFAULT_SERVICE to one of: "
                f"{active}.",
                id="service_vendors.E005",
            )
        ]
    if Feature.HANDSET in named.supports:
        return []  # a stand-in has no account that anybody could lack the keys of
    missing = [
        field.env
        for field in named.config_fields
        if field.required
        and not field.default
        and not any(conf.environment(one) for one in (field.env, *field.old_env))
    ]
    if not missing:
        return []
    return [
        Warning(
            f"{named.title} is the default vendor and lacks {', '.join(missing)}.",
            hint="Set them in the environment"
            + (
                ", or let every organization's owner fill them in on its Settings page."
                if named.supports_org_config()
                else "."
            ),
            id="service_vendors.W002",
        )
    ]


@register("service_vendors")
def fallbacks_are_active(**_: Any) -> list[CheckMessage]:
    """E021: every vendor that FALLBACK_SERVICES lists is active."""
    classes, listed = loaded()[0], conf.words("SERVICE_VENDORS")
    return [
        Error(
            f"FALLBACK_SERVICES lists {name!r}, which is not active.",
            hint=f"Add it to SERVICE_VENDORS, or list some of: {', '.join(classes) or 'none'}.",
            id="service_vendors.E021",
        )
        for name in conf.words("FALLBACK_SERVICES")
        if name not in listed and not is_active(name, classes)
    ]


def is_active(name: str, classes: Mapping[str, type[ServiceVendor]]) -> bool:
    """Whether a name or alias is that of one of the vendors."""
    return any(name in {cls.name, *cls.aliases} for cls in classes.values())
