"""Files of numbers, in and out: bad ones are told by line, results are safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_vendors.lookups.numbers_file import BadNumbersFile, numbers_in
from service_vendors.lookups.results import csv_lines, safe
from service_vendors.models import OrganizationContact
from service_vendors.types import LookupDetail
from tests.lookups.conftest import NewJob, agree, finish

ADA = "+12125550101"


def read(content: str | bytes, country: str = "US") -> list[str]:
    data = content.encode() if isinstance(content, str) else content
    with numbers_in(io.BytesIO(data), country) as numbers:
        return list(numbers)


@pytest.mark.parametrize(
    "content",
    [
        f"{ADA}\n",
        "(212) 555-0101\r\n",
        "cell\n2125550101\n",
        "\ufeffCell Phone;Name\n212-555-0101;Ada\n",
        "name\tphone_number\nAda\t(212) 555-0101\n",
        f'first,"Contact Number",last\nAda,"{ADA}",Lovelace\n',
        f"\n\ncell\n\n{ADA}\n\n",
        f"cell\n'{ADA}",
        "cell\n12125550101\n",
        f"cell\r{ADA}\r",
    ],
)
def test_numbers_are_found_in_whatever_way_the_file_is_written(content: str) -> None:
    assert read(content) == [ADA]


def test_numbers_without_a_country_code_are_of_the_organizations_country() -> None:
    assert read("020 7946 0018\n", "GB") == ["+442079460018"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no numbers"),
        ("cell\n\n", "no numbers"),
        ("name,zip\nAda,10001\n", "Line 1: no column is called “cell”.*'name', 'zip'"),
        (f"cell\n{ADA}\n12\n", "Line 3: '12' is not a phone number"),
        (f"cell,name\n{ADA},Ada\n,Bob\n", "Line 3: the number is missing"),
        (f"name,cell\nAda,{ADA}\nBob\n", "Line 3: the number is missing"),
        (b"cell\n+1212555\xff\n", "Line 2: this is not UTF-8"),
        ("cell\n+12125550101\n".encode("utf-16"), "UTF-16"),
        (b"cell\n" + f"{ADA}\n".encode() * 9_000 + b"\xff\n", "Line 9002: this is not UTF-8"),
        (b"PK\x03\x04...", "is a spreadsheet"),
        (f'cell\n"{ADA}\n', "Line 2: this is not CSV"),
        (f"cell\n{ADA}\x00\n", "NUL"),
        ("cell\n" + "9" * 200_000 + "\n", "Line 2: this is not CSV"),
    ],
)
def test_a_bad_file_is_told_by_line(content: str | bytes, words: str) -> None:
    with pytest.raises(BadNumbersFile, match=words):
        read(content)


def test_every_bad_line_is_told_and_of_very_many_how_many_more() -> None:
    with pytest.raises(BadNumbersFile) as raised:
        read("cell\n" + "x\n" * 50)
    assert len(raised.value.errors) == 20
    assert raised.value.errors[19].startswith("Line 21: 'x'")
    assert str(raised.value).endswith("And 30 more lines like these.")


def test_a_file_with_too_many_numbers_is_refused(settings: Any) -> None:
    settings.LOOKUP_MOST_NUMBERS = 2
    assert len(read(f"cell\n{ADA}\n{ADA}\n")) == 2
    with pytest.raises(BadNumbersFile, match="Line 4: one file takes 2 numbers"):
        read(f"cell\n{ADA}\n{ADA}\n{ADA}\n")


@given(st.binary(max_size=200))
def test_no_file_breaks_the_reader(content: bytes) -> None:
    try:
        numbers = read(content)
    except BadNumbersFile as error:
        numbers = error.errors
    assert numbers
    assert all(number.startswith(("+", "Line ", "The file ")) for number in numbers)


@given(st.text(max_size=30))
def test_no_cell_is_a_formula(text: str) -> None:
    shown = safe(text)
    assert shown.removeprefix("'") == text or shown == text
    if shown[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        assert shown[1:].isdecimal(), "only a whole number may begin like this"


def test_the_results_tell_each_number_and_nothing_runs_in_a_spreadsheet(
    new_job: NewJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service_vendors.vendors.fakeservice.server import phones

    evil = '=HYPERLINK("https://evil.example","Click")'
    told = {"country": "US", "line_type": "mobile", "carrier": evil, "name": "@SUM(1)"}
    monkeypatch.setattr(phones, "describe", lambda number: dict(told))
    job = finish(agree(new_job([ADA], LookupDetail.NAME)))
    (row,) = csv.DictReader(io.StringIO("".join(csv_lines(job))))
    assert (row["number"], row["outcome"], row["status"]) == (ADA, "Looked up", "Textable")
    assert (row["carrier"], row["name"]) == (f"'{evil}", "'@SUM(1)")
    assert row["looked_up_at"]
    assert OrganizationContact.objects.get().carrier == evil, "kept as it was told"
    with numbers_in(io.BytesIO("".join(csv_lines(job)).encode()), "US") as numbers:
        assert list(numbers) == [ADA], "what comes out goes in again"
