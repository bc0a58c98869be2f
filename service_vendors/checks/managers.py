"""Are the service managers there that vendors need?"""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register

from service_vendors.checks.vendors import loaded
from service_vendors.managers import registry as managers


@register("service_vendors")
def needed_managers_are_there(**_: Any) -> list[CheckMessage]:
    """E006: every service manager that a listed vendor needs can be found."""
    return [
        Error(
            f"{vendor_class.title} needs the service manager {name!r}, which is not there.",
            hint="Install the package that provides it, or correct the vendor's needs_managers.",
            id="service_vendors.E006",
        )
        for vendor_class in loaded()[0].values()
        for name in vendor_class.needs_managers
        if managers.find(name) is None
    ]
