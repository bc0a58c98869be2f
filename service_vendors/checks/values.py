"""Does every setting make sense by itself?"""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from service_vendors import conf, timezones
from service_vendors.checks.vendors import loaded
from service_vendors.managers import registry as managers
from service_vendors.secret_managers import secret_manager
from service_vendors.texting_hours import TextingHours


@register("service_vendors")
def settings_convert(**_: Any) -> list[CheckMessage]:
    """E008: every setting is of its kind, and every number of ours is more than zero."""
    problems: list[CheckMessage] = []
    for name, row in conf.SETTINGS.items():
        hint = f"{row.help} Leave it unset for {row.default!r}."
        try:
            value = conf.get(name)
        except ImproperlyConfigured as error:
            problems.append(Error(str(error), hint=hint, id="service_vendors.E008"))
            continue
        if row.may_be_zero and value == 0:
            continue
        if row.kind in (int, float) and not 0 < value < math.inf:
            problems.append(
                Error(
                    f"{name} must be a number above zero: {value} is not.",
                    hint=hint,
                    id="service_vendors.E008",
                )
            )
    for vendor_class in loaded()[0].values():
        for row in vendor_class.settings:
            try:
                conf.read(row)
            except ImproperlyConfigured as error:
                hint = f"{row.help} Leave it unset for {row.default!r}."
                problems.append(Error(str(error), hint=hint, id="service_vendors.E008"))
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
def texting_hours_can_be_kept(**_: Any) -> list[CheckMessage]:
    """E019: texting hours are hours of a day, and the default time zone is one."""
    problems: list[CheckMessage] = []
    start, end = conf.whole("TEXTING_HOURS_START"), conf.whole("TEXTING_HOURS_END")
    try:
        TextingHours(start, end)
    except ValueError as error:
        problems.append(
            Error(
                f"TEXTING_HOURS_START is {start} and TEXTING_HOURS_END is {end}. {error}",
                hint="Set them to full hours, for example 9 and 21.",
                id="service_vendors.E019",
            )
        )
    name = conf.text("DEFAULT_TZ")
    if timezones.zone(name) is None:
        problems.append(
            Error(
                f"DEFAULT_TZ is {name!r}, which is no time zone.",
                hint="Set it to one of IANA's names, for example America/New_York.",
                id="service_vendors.E019",
            )
        )
    return problems


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
    """E012, E013, W003: vendors can call back to BASE_URL, in production over TLS.

    So too where a vendor's own setting replaces it.
    """
    url = conf.text("BASE_URL")
    problems: list[CheckMessage] = []
    if url:
        problems += _about_address("BASE_URL", url)
    elif not settings.DEBUG:
        problems.append(
            Error(
                "BASE_URL is not set: no vendor could report a delivery or hand over a reply.",
                hint=_example("BASE_URL"),
                id="service_vendors.E012",
            )
        )
    for vendor_class in loaded()[0].values():
        row = vendor_class.base_url_setting
        if row is not None and (own := str(conf.read(row))):
            problems += _about_address(row.name, own)
    return problems


def _about_address(name: str, url: str) -> list[CheckMessage]:
    """What is wrong with the address of ours that a setting names."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        return [
            Error(f"{name} is no address: {url!r}.", hint=_example(name), id="service_vendors.E012")
        ]
    problems: list[CheckMessage] = []
    if not settings.DEBUG and parts.scheme != "https":
        problems.append(
            Error(
                f"{name} begins with http://, so vendors would call back unencrypted.",
                hint=_example(name),
                id="service_vendors.E013",
            )
        )
    if url.endswith("/"):
        problems.append(
            Warning(
                f"{name} ends with a slash.",
                hint=f"Write it without: {url.rstrip('/')}",
                id="service_vendors.W003",
            )
        )
    return problems


def _example(name: str) -> str:
    return f"Set {name} to the address vendors reach, for example https://texting.example.org."
