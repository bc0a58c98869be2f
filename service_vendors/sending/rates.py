"""How many segments a second an account and its senders may send, and who says so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured

from service_vendors import conf, configuration
from service_vendors.models import Organization
from service_vendors.vendors.base import ServiceVendor

# The fields of ``SendingRates``, as people call what they are for.
TITLES: Final = {
    "account": "the whole account",
    "long_code": "each ordinary number",
    "toll_free": "each toll-free number",
    "short_code": "each short code",
    "alphanumeric": "each name shown instead of a number",
    "pool": "each messaging service",
}
_UNSET: Final = (None, "")


class Source(StrEnum):
    """Whose word a rate is."""

    ORGANIZATION = "organization"
    INSTALLATION = "installation"
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True)
class Rate:
    """Segments a second, 0 where there is no limit, and whose word that is."""

    per_second: float
    source: Source


def setting_of(name: str) -> str:
    """The setting, and the key in ``features``, of a rate of ``TITLES``."""
    return f"SEND_RATE_{name.upper()}"


def own(name: str, organization: Organization) -> Rate | None:
    """What the organization asks for itself, 0 for what the vendor usually allows; None: nothing.

    Raises ImproperlyConfigured when that is no number of zero or more.
    """
    value = organization.feature(setting_of(name))
    return None if value in _UNSET else Rate(_number(name, value), Source.ORGANIZATION)


def in_force(name: str, vendor: ServiceVendor, organization: Organization) -> Rate:
    """The rate that holds for ``account``, or for each sender of a kind.

    The organization's own setting counts where the account is its own. On the installation's
    account, which others share, it may only send slower than the installation says.
    Raises ImproperlyConfigured when a setting is no such number.
    """
    theirs = Rate(float(getattr(vendor.sending_rates, name)), Source.VENDOR)
    wish = own(name, organization)
    ours = wish if wish is None or wish.per_second else theirs
    if ours is not None and not vendor.shares_account():
        return ours
    said = Rate(_number(name, conf.get(setting_of(name))), Source.INSTALLATION)
    everybodys = said if said.per_second else theirs
    limits = [rate for rate in (ours, everybodys) if rate is not None and rate.per_second]
    return min(limits, key=lambda rate: rate.per_second, default=theirs)


def save(
    organization: Organization,
    wanted: Mapping[str, float | None],
    *,
    actor: AbstractBaseUser | None,
) -> bool:
    """Set rates of the organization's own, or (None) leave them to others; whether any changed."""
    said = {}
    with configuration.changing_features(organization) as locked:
        for name, new in wanted.items():
            setting = setting_of(name)
            old = locked.features.get(setting)
            if _is(name, old, new):
                continue
            if new is None:
                del locked.features[setting]
            else:
                locked.features[setting] = int(new) if new.is_integer() else new
            said[setting] = f"{TITLES[name]}, from {_in_words(name, old)} to {_in_words(name, new)}"
        if said:
            configuration.record(
                organization,
                actor,
                "sending rates changed",
                f"Changed how many segments a second go out: {'; '.join(said.values())}.",
                fields=list(said),
            )
    return bool(said)


def as_typed(number: float) -> str:
    """A number the way people write it, without a point where it has no fraction."""
    return f"{number:.12g}"


def _is(name: str, value: object, number: float | None) -> bool:
    """Whether a value of ``features`` says a number already (None: says nothing)."""
    if number is None or value in _UNSET:
        return number is None and value in _UNSET
    try:
        return _number(name, value) == number
    except ImproperlyConfigured:
        return False


def _in_words(name: str, value: object) -> str:
    if value in _UNSET:
        return "not set"
    try:
        return as_typed(_number(name, value))
    except ImproperlyConfigured:
        return "what was no number"


def _number(name: str, value: object) -> float:
    setting = setting_of(name)
    number = float(conf.convert(conf.SETTINGS[setting], value))
    if not 0 <= number < math.inf:
        raise ImproperlyConfigured(f"{setting} must be a number of zero or more: {value} is not.")
    return number
