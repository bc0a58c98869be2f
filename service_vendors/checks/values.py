"""Does every setting make sense by itself?"""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from service_vendors import conf
from service_vendors.managers import registry as managers
from service_vendors.secret_managers import secret_manager


@register("service_vendors")
def settings_convert(**_: Any) -> list[CheckMessage]:
    """E008: every setting is of its kind, and every number is more than zero."""
    problems: list[CheckMessage] = []
    for name, row in conf.SETTINGS.items():
        hint = f"{row.help} Leave it unset for {row.default!r}."
        try:
            value = conf.get(name)
        except ImproperlyConfigured as error:
            problems.append(Error(str(error), hint=hint, id="service_vendors.E008"))
            continue
        if row.kind in (int, float) and not 0 < value < math.inf:
            problems.append(
                Error(
                    f"{name} must be a number above zero: {value} is not.",
                    hint=hint,
                    id="service_vendors.E008",
                )
            )
    return problems


@register("service_vendors")
def country_is_known(**_: Any) -> list[CheckMessage]:
    """E016: PHONE_NUMBER_COUNTRY is a country."""
    country = conf.text("PHONE_NUMBER_COUNTRY")
    if country in phonenumbers.SUPPORTED_REGIONS:
        return []
    return [
        Error(
            f"PHONE_NUMBER_COUNTRY is {country!r}, which is no country.",
            hint="Set it to the two capital letters of a country, for example US.",
            id="service_vendors.E016",
        )
    ]


@register("service_vendors")
def service_managers_are_there(**_: Any) -> list[CheckMessage]:
    """E006: every listed service manager can be found."""
    return [
        Error(
            f"SERVICE_MANAGERS lists {name!r}, which is not there.",
            hint="Correct the name: a module of service_vendors.managers, or the dotted path of "
            "a ServiceManager class.",
            id="service_vendors.E006",
        )
        for name in conf.words("SERVICE_MANAGERS")
        if managers.find(name) is None
    ]


@register("service_vendors")
def secret_manager_is_there(**_: Any) -> list[CheckMessage]:
    """E007: secrets have a place to be kept."""
    try:
        secret_manager()
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error),
                hint="Leave SECRET_MANAGER unset for 'encrypted', or set it to the dotted path "
                "of a SecretManager class.",
                id="service_vendors.E007",
            )
        ]
    return []


@register("service_vendors")
def base_url_can_be_called(**_: Any) -> list[CheckMessage]:
    """E012, E013, W003: vendors can call back to BASE_URL, in production over TLS."""
    url = conf.text("BASE_URL")
    example = "Set BASE_URL to the address vendors reach, for example https://texting.example.org."
    if not url:
        if settings.DEBUG:
            return []
        return [
            Error(
                "BASE_URL is not set: no vendor could report a delivery or hand over a reply.",
                hint=example,
                id="service_vendors.E012",
            )
        ]
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        return [Error(f"BASE_URL is no address: {url!r}.", hint=example, id="service_vendors.E012")]
    problems: list[CheckMessage] = []
    if not settings.DEBUG and parts.scheme != "https":
        problems.append(
            Error(
                "BASE_URL begins with http://, so vendors would call back unencrypted.",
                hint=example,
                id="service_vendors.E013",
            )
        )
    if url.endswith("/"):
        problems.append(
            Warning(
                "BASE_URL ends with a slash.",
                hint=f"Write it without: {url.rstrip('/')}",
                id="service_vendors.W003",
            )
        )
    return problems
