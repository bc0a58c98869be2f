"""Where area codes are, from a table that costs nothing to keep in memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

from service_vendors import area_codes


def test_the_table_is_what_the_data_of_phonenumbers_says_now() -> None:
    written = subprocess.run(
        [sys.executable, "-m", "tests.area_code_table"], capture_output=True, text=True, check=True
    )
    assert written.stdout == area_codes._TABLE


@pytest.mark.parametrize(
    ("code", "region", "city"),
    [
        ("212", "New York", "New York"),
        ("206", "Washington", "Seattle"),
        ("202", "Washington, D.C.", ""),
        ("917", "New York", ""),
        ("416", "Ontario", "Toronto"),
        ("787", "Puerto Rico", ""),
        ("833", "Toll-free", ""),
        ("000", "", ""),
        ("20", "", ""),
    ],
)
def test_an_area_code_tells_its_region_and_city(code: str, region: str, city: str) -> None:
    found = area_codes.area(code)
    assert (found.region, found.city) == (region, city)


def test_nearby_are_those_of_the_city_then_those_of_the_region() -> None:
    codes = [one.code for one in area_codes.nearby("212", 5)]
    assert set(codes[:3]) == {"332", "646", "934"}
    assert {area_codes.region_of(code) for code in codes} == {"New York"}
    assert "212" not in codes
    assert area_codes.nearby("000") == []


def test_a_worker_that_knows_regions_has_not_loaded_the_geocoder() -> None:
    code = (
        "import sys; from service_vendors import area_codes; area_codes.region_of('212');"
        "assert not any('geo' in name for name in sys.modules if name.startswith('phonenumbers'))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
