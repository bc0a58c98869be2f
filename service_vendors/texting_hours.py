"""When contacts may be texted: between two full hours on the clock where they are.

A contact's own time zone counts first; then the ZIP code, then the phone number, then what the
campaign and the installation say. Where a hint leaves several zones open, the hours must have
begun, and not ended, in every one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from service_vendors import conf, configuration, timezones
from service_vendors.models import Campaign, Contact, Message, Organization

ENFORCED: Final = "TEXTING_HOURS_ENFORCED"
START: Final = "TEXTING_HOURS_START"
END: Final = "TEXTING_HOURS_END"
DEFAULT_ZONE: Final = "DEFAULT_TZ"
DAY_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class TextingHours:
    """From ``start`` o'clock until ``end`` o'clock, each day; 0 and 24 are midnight."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= DAY_HOURS:
            raise ValueError("Texting hours begin at 0 or later, and end later, by 24.")

    def __str__(self) -> str:
        return f"{self.start}:00 to {self.end}:00"


@dataclass(frozen=True, slots=True)
class Window:
    """The next time in which a contact may be texted; it may have begun."""

    opens_at: datetime
    closes_at: datetime


def of(organization: Organization, campaign: Campaign | None = None) -> TextingHours | None:
    """The hours that count for a campaign's texts, or other texts; None where none are enforced.

    Raises ImproperlyConfigured when they cannot be understood: then nobody is to be texted.
    """
    if not _setting(ENFORCED, organization, campaign):
        return None
    try:
        return TextingHours(
            _setting(START, organization, campaign), _setting(END, organization, campaign)
        )
    except ValueError as error:
        raise ImproperlyConfigured(str(error)) from error


def zones_of(
    organization: Organization, number: str, contact: Contact | None = None
) -> tuple[ZoneInfo, ...]:
    """The zones in which a contact may be; at least one."""
    if contact is not None:
        own = timezones.zone(contact.timezone)
        if own is not None:
            return (own,)
        if by_zip := timezones.of_zip(contact.zip):
            return by_zip
    if by_number := timezones.of_number(number):
        return by_number
    if contact is not None and (campaigns := timezones.zone(contact.campaign.timezone)):
        return (campaigns,)
    name = str(_setting(DEFAULT_ZONE, organization, None))
    if (default := timezones.zone(name)) is None:
        raise ImproperlyConfigured(f"DEFAULT_TZ is {name!r}, which is no time zone.")
    return (default,)


def window(hours: TextingHours, zones: Sequence[ZoneInfo], now: datetime) -> Window:
    """The next time, from ``now`` on, that is within the hours in all of the zones.

    Zones so far apart that there is no such time: the first one's hours count.
    """
    # Each round moves to the latest opening there is; two days hold every opening there can be.
    opens_at, limit = now, now + timedelta(days=2)
    while opens_at < limit:
        days = [_day(hours, zone, opens_at) for zone in zones]
        latest = max(day.opens_at for day in days)
        if latest <= opens_at:
            return Window(opens_at, min(day.closes_at for day in days))
        opens_at = latest
    day = _day(hours, zones[0], now)
    return Window(max(day.opens_at, now), day.closes_at)


def windows(organization: Organization, messages: Sequence[Message]) -> dict[Message, Window]:
    """For each message of one organization that has to keep to hours, when it may be sent.

    Raises ImproperlyConfigured.
    """
    now, found = timezone.now(), {}
    hours: dict[Campaign | None, TextingHours | None] = {}
    for message in messages:
        campaign = message.contact.campaign if message.contact else None
        if campaign not in hours:
            hours[campaign] = of(organization, campaign)
        if (own := hours[campaign]) is not None:
            zones = zones_of(organization, message.contact_number, message.contact)
            found[message] = window(own, zones, now)
    return found


def save(
    organization: Organization, hours: TextingHours | None, *, actor: AbstractBaseUser | None
) -> None:
    """Set the organization's own texting hours, or (None) let its texts go out at any time."""
    values: dict[str, bool | int] = {ENFORCED: hours is not None}
    if hours is not None:
        values |= {START: hours.start, END: hours.end}
    with configuration.changing_features(organization) as locked:
        locked.features |= values
        said = "Lets texts go out at any hour." if hours is None else f"Texts only from {hours}."
        configuration.record(
            organization, actor, "texting hours changed", said, fields=sorted(values)
        )


def _day(hours: TextingHours, zone: ZoneInfo, at: datetime) -> Window:
    """The hours of a zone that are under way at a moment, or the next that begin."""
    date = at.astimezone(zone).date()
    while True:
        opens = _at(date, hours.start, zone)
        closes = _at(date, hours.end, zone)
        if at < closes:
            return Window(opens, closes)
        date += timedelta(days=1)


def _at(date: Any, hour: int, zone: ZoneInfo) -> datetime:
    """A full hour of a day, as UTC. A clock that is put forward over it shows the hour after."""
    midnight = datetime.combine(date, time(0), tzinfo=zone)
    day = midnight + timedelta(days=1) if hour == DAY_HOURS else midnight.replace(hour=hour)
    return day.astimezone(UTC)


def _setting(name: str, organization: Organization, campaign: Campaign | None) -> Any:
    """A setting, of the campaign's features first. Raises ImproperlyConfigured."""
    own = (campaign.features or {}).get(name) if campaign is not None else None
    if own in (None, ""):
        own = configuration.get_config(name, organization)
    return conf.convert(conf.SETTINGS[name], own)
