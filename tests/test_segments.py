"""Counting segments the way vendors bill them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_vendors import segments
from service_vendors.segments import Encoding

GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2


@pytest.mark.parametrize(
    ("text", "encoding", "count", "units"),
    [
        ("", GSM7, 1, 0),
        ("a" * 160, GSM7, 1, 160),
        ("a" * 161, GSM7, 2, 161),
        ("a" * 306, GSM7, 2, 306),
        ("a" * 307, GSM7, 3, 307),
        ("€" * 80, GSM7, 1, 160),
        ("€" * 81, GSM7, 2, 162),
        # an escape and its character are never in two segments: one septet stays empty
        ("a" * 152 + "€" + "a" * 152, GSM7, 3, 306),
        ("a" * 151 + "€" + "a" * 153, GSM7, 2, 306),
        ("ж" * 70, UCS2, 1, 70),
        ("ж" * 71, UCS2, 2, 71),
        ("ж" * 134, UCS2, 2, 134),
        ("ж" * 135, UCS2, 3, 135),
        ("😀" * 35, UCS2, 1, 70),
        ("😀" * 36, UCS2, 2, 72),
        # an emoji is two code units: 33 of them fill 66 of 67, the 34th goes over
        ("😀" * 67, UCS2, 3, 134),
        # a family is one character of eleven code units
        ("x" * 60 + "👨‍👩‍👧‍👦" + "x", UCS2, 2, 72),
        ("“quoted”", UCS2, 1, 8),
        ("`", UCS2, 1, 1),
        ("\n@£Δ", GSM7, 1, 4),
    ],
)
def test_a_text_is_cut_where_the_standard_says(
    text: str, encoding: Encoding, count: int, units: int
) -> None:
    counted = segments.count(text)
    assert (counted.encoding, counted.segments, counted.units) == (encoding, count, units)


def test_smart_encoding_writes_what_every_phone_can_read() -> None:
    counted = segments.count("“It’s on – at 5…”", smart_encoding=True)
    assert counted.encoding is GSM7
    assert segments.plain("“It’s on – at 5…”") == '"It\'s on - at 5..."'


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("«Yes» „no“ ‟so”", '"Yes" "no" "so"'),
        ("it’s ‘here’ `now´", "it's 'here' 'now'"),
        ("5–7 — or‐so • one", "5-7 - or-so - one"),
        ("½ price… wow‼", "1/2 price... wow!!"),
        ("no\u00a0break, thin\u2009space", "no break, thin space"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("ＶＯＴＥ！ ３０％", "VOTE! 30%"),
        ("1⁄2 ÷ 3", "1/2 / 3"),
        ("plain £5 €6 ñ", "plain £5 €6 ñ"),
    ],
)
def test_smart_encoding_replaces_what_vendors_replace(written: str, sent: str) -> None:
    assert segments.plain(written) == sent
    assert segments.count(written, smart_encoding=True).encoding is GSM7


@pytest.mark.parametrize("text", ["“😀”", "投票", "−5", "non‑breaking", "👨‍👩‍👧"])
def test_smart_encoding_leaves_what_has_no_plain_form(text: str) -> None:
    assert segments.count(text, smart_encoding=True).encoding is UCS2


def test_smart_encoding_does_not_take_families_apart() -> None:
    assert segments.plain("👨‍👩‍👧") == "👨‍👩‍👧"


def test_smart_encoding_saves_the_segments_that_one_curly_quote_costs() -> None:
    text = "It’s time to vote. " + "x" * 140
    assert segments.count(text).segments == 3
    assert segments.count(text, smart_encoding=True).segments == 1


@pytest.mark.parametrize("character", "\f^{}\\[~]|€")
def test_an_extended_character_takes_two_septets(character: str) -> None:
    counted = segments.count(character)
    assert (counted.encoding, counted.units) == (GSM7, 2)


@pytest.mark.parametrize(
    ("text", "encoding", "count", "units"),
    [
        # https://github.com/TwilioDevEd/message-segment-calculator, tests/index.test.js: the
        # limits, with one character of two units in the front
        ("{" + "2" * 158, GSM7, 1, 160),
        ("{" + "2" * 159, GSM7, 2, 161),
        ("😜" + "2" * 68, UCS2, 1, 70),
        ("😜" + "2" * 69, UCS2, 2, 71),
    ],
)
def test_a_vendors_own_calculator_says_the_same(
    text: str, encoding: Encoding, count: int, units: int
) -> None:
    counted = segments.count(text)
    assert (counted.encoding, counted.segments, counted.units) == (encoding, count, units)


@given(st.text(max_size=700))
def test_no_text_takes_fewer_segments_than_its_units_fill(text: str) -> None:
    try:
        text.encode("utf-16-le")
    except UnicodeEncodeError:
        return
    counted = segments.count(text)
    assert counted.segments >= max(1, -(-counted.units // counted.per_segment))
    assert counted.characters <= len(text)


@given(st.text(alphabet="abc€[]", max_size=700))
def test_more_text_never_takes_fewer_segments(text: str) -> None:
    assert segments.count(text).segments <= segments.count(text + "a").segments
