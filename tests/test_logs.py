"""No phone number reaches the log, whoever wrote it there."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
from django.conf import settings
from django.utils.module_loading import import_string
from hypothesis import given
from hypothesis import strategies as st

from service_vendors.logs import MaskNumbers, masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to +12125550123.", "to +1212•••••23."),
        ("('+442079460018',)", "('+4420•••••18',)"),
        ("+12125550123,+12125550124", "+1212•••••23,+1212•••••24"),
        ("12:00:00+0200", "12:00:00+0200"),
        ("2026-11-03T12:00:00+01:00 took 12345678901 ns", None),
        ("a1b2+12125550123", None),
        ("message 12125550123", None),
    ],
)
def test_only_phone_numbers_are_masked(text: str, shown: str | None) -> None:
    assert masked(text) == (text if shown is None else shown)


@given(st.from_regex(r"\A\+[1-9][0-9]{9,13}\Z"))
def test_of_no_number_more_than_its_ends_is_left(number: str) -> None:
    left = masked(f"<{number}>")
    assert number[5:-2] not in left
    assert sum(character.isdigit() for character in left) <= 6


def written(formatter: str, **more: Any) -> str:
    """What the host's own handler writes of an error whose text holds a number."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(MaskNumbers())
    setup = dict(settings.LOGGING["formatters"][formatter])
    factory = import_string(setup.pop("()", "logging.Formatter"))
    rename = {"fmt": setup.pop("format")}
    handler.setFormatter(factory(**rename, **setup))
    logger = logging.Logger("texting")
    logger.addHandler(handler)
    try:
        raise ValueError("duplicate key (+12125550123)")
    except ValueError:
        logger.exception("Could not text %s", "+12125550123", **more)
    return stream.getvalue()


@pytest.mark.parametrize("formatter", ["line", "json"])
def test_neither_message_nor_traceback_holds_a_number(formatter: str) -> None:
    told = written(formatter)
    assert "+12125550123" not in told
    assert "Traceback" in told and "ValueError" in told
    assert "•••••23" in told or r"\u2022" * 5 + "23" in told


def test_json_has_the_messages_reference_in_a_field_of_its_own() -> None:
    line = json.loads(written("json", extra={"reference": "abc"}))
    assert line["reference"] == "abc"
    assert (line["level"], line["logger"]) == ("ERROR", "texting")
    assert line["message"] == "Could not text +1212•••••23"
    assert "time" in line and "ValueError" in line["exc_info"]
