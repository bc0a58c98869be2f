"""Where vendors' secrets are kept, and the one in use."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from service_vendors import conf
from service_vendors.secret_managers.base import SecretManager


@cache
def secret_manager() -> SecretManager:
    """The secret manager that SECRET_MANAGER names: a module here, or a dotted path to a class."""
    name = conf.text("SECRET_MANAGER")
    module_name, _, class_name = name.rpartition(".")
    if not module_name:
        module_name, class_name = f"{__name__}.{name}", "Manager"
    try:
        manager_class = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise ImproperlyConfigured(f"SECRET_MANAGER names {name!r}, which is not there.") from error
    manager: SecretManager = manager_class()
    return manager


def _reset(*, setting: str, **_: Any) -> None:
    if setting == "SECRET_MANAGER":
        secret_manager.cache_clear()


setting_changed.connect(_reset, dispatch_uid="service_vendors.secret_managers")
