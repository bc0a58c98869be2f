"""When contacts may be texted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from service_vendors import texting_hours
from service_vendors.models import AuditEntry, Organization
from service_vendors.texting_hours import TextingHours, Window, window
from tests.factories import CampaignFactory, ContactFactory

NINE_TO_NINE = TextingHours(9, 21)
NEW_YORK, CHICAGO = ZoneInfo("America/New_York"), ZoneInfo("America/Chicago")
HONOLULU, AUCKLAND = ZoneInfo("Pacific/Honolulu"), ZoneInfo("Pacific/Auckland")
ZONES = [NEW_YORK, CHICAGO, HONOLULU, ZoneInfo("America/Phoenix"), ZoneInfo("America/St_Johns")]


def at(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "opens", "closes"),
    [
        ("2026-11-03 08:59", "2026-11-03 09:00", "2026-11-03 21:00"),
        ("2026-11-03 09:00", "2026-11-03 09:00", "2026-11-03 21:00"),
        ("2026-11-03 20:59", "2026-11-03 20:59", "2026-11-03 21:00"),
        ("2026-11-03 21:00", "2026-11-04 09:00", "2026-11-04 21:00"),
        # The nights in which the clocks change
        ("2026-03-07 22:00", "2026-03-08 09:00", "2026-03-08 21:00"),
        ("2026-10-31 22:00", "2026-11-01 09:00", "2026-11-01 21:00"),
    ],
)
def test_hours_are_those_of_the_contacts_clock(now: str, opens: str, closes: str) -> None:
    assert window(NINE_TO_NINE, [NEW_YORK], at(now)) == Window(at(opens), at(closes))


def test_in_two_possible_zones_the_hours_count_that_both_have() -> None:
    both = [NEW_YORK, CHICAGO]
    early = window(NINE_TO_NINE, both, at("2026-11-03 09:30"))
    assert early == Window(at("2026-11-03 10:00"), at("2026-11-03 21:00"))
    late = window(NINE_TO_NINE, both, at("2026-11-03 21:30"))
    assert late == Window(at("2026-11-04 10:00"), at("2026-11-04 21:00"))


def test_zones_without_a_common_hour_keep_to_the_first_ones() -> None:
    hours = TextingHours(9, 12)
    now = at("2026-11-03 13:00")
    assert window(hours, [NEW_YORK, AUCKLAND], now).opens_at == at("2026-11-04 09:00")


def test_hours_may_begin_and_end_at_midnight() -> None:
    found = window(TextingHours(0, 24), [NEW_YORK], at("2026-11-03 23:59"))
    assert found == Window(at("2026-11-03 23:59"), at("2026-11-04 00:00"))


@pytest.mark.parametrize(("start", "end"), [(9, 9), (21, 9), (-1, 9), (9, 25)])
def test_hours_that_are_none_cannot_be_made(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="Texting hours begin"):
        TextingHours(start, end)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    st.integers(0, 12),
    st.integers(8, 12),
    st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True),
)
def test_whatever_the_time_the_next_window_is_within_the_hours_of_every_zone(
    now: datetime, start: int, length: int, zones: list[ZoneInfo]
) -> None:
    found = window(TextingHours(start, start + length), zones, now)
    assert now <= found.opens_at < found.closes_at
    assert found.opens_at - now < timedelta(days=2)
    for moment in (found.opens_at, found.closes_at - timedelta(seconds=1)):
        for zone in zones:
            assert start <= moment.astimezone(zone).hour < start + length


# -- whose hours, and where ------------------------------------------------------------------------


def test_nothing_is_enforced_until_somebody_says_so(organization: Organization) -> None:
    assert texting_hours.of(organization) is None


def test_the_organization_decides_and_a_campaign_may_differ(
    organization: Organization, settings: Any
) -> None:
    settings.TEXTING_HOURS_ENFORCED = True
    assert texting_hours.of(organization) == NINE_TO_NINE
    organization.features = {"TEXTING_HOURS_START": "10"}
    assert texting_hours.of(organization) == TextingHours(10, 21)
    campaign = CampaignFactory(organization=organization, features={"TEXTING_HOURS_END": 20})
    assert texting_hours.of(organization, campaign) == TextingHours(10, 20)
    campaign.features = {"TEXTING_HOURS_ENFORCED": False}
    assert texting_hours.of(organization, campaign) is None


@pytest.mark.parametrize("own", [{"TEXTING_HOURS_START": 22}, {"TEXTING_HOURS_END": "late"}])
def test_hours_that_cannot_be_understood_are_an_error(
    organization: Organization, own: dict[str, Any]
) -> None:
    organization.features = {"TEXTING_HOURS_ENFORCED": True, **own}
    with pytest.raises(ImproperlyConfigured):
        texting_hours.of(organization)


def test_where_a_contact_is_the_best_hint_tells(organization: Organization, settings: Any) -> None:
    settings.DEFAULT_TZ = "America/Phoenix"
    campaign = CampaignFactory(organization=organization, timezone="America/St_Johns")
    contact = ContactFactory(
        campaign=campaign, cell="+12125550123", zip="96801", timezone="Pacific/Auckland"
    )

    def told(number: str = "+12125550123") -> list[str]:
        return [str(zone) for zone in texting_hours.zones_of(organization, number, contact)]

    assert told() == ["Pacific/Auckland"]
    contact.timezone = "nonsense"
    assert told() == ["Pacific/Honolulu"]
    contact.zip = "nonsense"
    assert told() == ["America/New_York"]
    assert told("+18005550123") == ["America/St_Johns"]
    campaign.timezone = ""
    assert told("+18005550123") == ["America/Phoenix"]
    assert texting_hours.zones_of(organization, "+18005550123") == (ZoneInfo("America/Phoenix"),)
    organization.features = {"DEFAULT_TZ": "nonsense"}
    with pytest.raises(ImproperlyConfigured, match="no time zone"):
        texting_hours.zones_of(organization, "+18005550123")


def test_saving_hours_keeps_the_other_features_and_is_written_down(
    organization: Organization, owner: Any
) -> None:
    Organization.objects.filter(pk=organization.pk).update(features={"A": 1})
    texting_hours.save(organization, TextingHours(10, 20), actor=owner)
    assert texting_hours.of(Organization.objects.get()) == TextingHours(10, 20)
    texting_hours.save(organization, None, actor=owner)
    fresh = Organization.objects.get()
    assert texting_hours.of(fresh) is None
    assert fresh.features["A"] == 1
    assert [entry.summary for entry in AuditEntry.objects.all()] == [
        "Lets texts go out at any hour.",
        "Texts only from 10:00 to 20:00.",
    ]
