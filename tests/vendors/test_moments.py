"""Times in webhooks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service_vendors.vendors.moments import moment


def test_a_time_is_told_in_utc() -> None:
    told = moment("2026-03-01T12:30:00.5-05:00")
    assert told == datetime(2026, 3, 1, 17, 30, 0, 500_000, tzinfo=UTC)
    assert told.tzinfo is UTC


@pytest.mark.parametrize(
    "written",
    ["", "noon", "2026-03-01T12:30:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00+01:00"],
)
def test_what_is_no_time_is_a_value_error(written: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|zone|calendar"):
        moment(written)
