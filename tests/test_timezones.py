"""Which time zones a ZIP code or a number hints at."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_vendors import timezones

NEW_YORK, CHICAGO, DENVER = "America/New_York", "America/Chicago", "America/Denver"


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("10001", [NEW_YORK]),
        (" 10001-1234 ", [NEW_YORK]),
        ("100011234", [NEW_YORK]),
        ("00501", [NEW_YORK]),
        ("32401", [CHICAGO, NEW_YORK]),  # Florida's panhandle
        ("37381", [CHICAGO, NEW_YORK]),
        ("60601", [CHICAGO]),
        ("79901", [CHICAGO, DENVER]),  # El Paso's neighbourhood
        ("85001", ["America/Phoenix"]),
        ("96801", ["Pacific/Honolulu"]),
        ("99501", ["America/Adak", "America/Anchorage"]),
        ("00901", ["America/Puerto_Rico"]),
    ],
)
def test_a_zip_code_tells_its_zones(code: str, names: list[str]) -> None:
    assert [str(zone) for zone in timezones.of_zip(code)] == names


@pytest.mark.parametrize("code", ["", "1000", "SW1A 1AA", "abcde", "00100", "34000x", "１０００１"])
def test_what_is_no_zip_code_tells_nothing(code: str) -> None:
    assert timezones.of_zip(code) == ()


def test_the_prefixes_are_in_order_and_none_is_listed_twice() -> None:
    rows = timezones._ZIP_PREFIXES
    assert all(first <= last for first, last, _ in rows)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(rows))


@pytest.mark.parametrize(
    ("number", "names"),
    [
        ("+12125550123", [NEW_YORK]),
        ("+13125550199", [CHICAGO]),
        ("+18085551212", ["Pacific/Honolulu"]),
        ("+18005550123", []),  # toll-free: anywhere
        ("+61412345678", []),  # an Australian mobile: coast to coast
        ("72345", []),
        ("", []),
    ],
)
def test_a_number_tells_its_zones_where_it_can(number: str, names: list[str]) -> None:
    assert [str(zone) for zone in timezones.of_number(number)] == names


@given(st.text(max_size=20))
def test_no_text_breaks_it(text: str) -> None:
    timezones.of_zip(text)
    timezones.of_number(text)
    timezones.zone(text)


@pytest.mark.parametrize("name", ["", "  ", "Nowhere/Atlantis", "../../etc/passwd", "/etc", "a\0b"])
def test_a_name_of_no_zone_is_none(name: str) -> None:
    assert timezones.zone(name) is None
