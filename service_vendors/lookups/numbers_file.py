"""Reading the phone numbers out of a CSV file that somebody uploads, a line at a time."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Final

from service_vendors import conf
from service_vendors.exceptions import LookupRefused
from service_vendors.phone import InvalidPhoneNumber, to_e164

# What a column of phone numbers is called, without case, blanks and marks.
COLUMNS: Final = (
    "number",
    "phone",
    "phonenumber",
    "contactnumber",
    "cell",
    "cellphone",
    "mobile",
    "mobilephone",
    "mobilenumber",
    "telephone",
    "tel",
)
MOST_ERRORS: Final = 20
SHOWN_CHARACTERS: Final = 40
_HEAD_BYTES: Final = 65_536
# Written like this it is E.164 of the right length, and need not be parsed.
_PLAIN: Final = re.compile(r"\+1[2-9][0-9]{9}")


class BadNumbersFile(LookupRefused):
    """The file cannot be used. ``errors`` are sentences, each naming its line."""

    def __init__(self, errors: Sequence[str], more: int = 0) -> None:
        self.errors = tuple(errors)
        self.more = more
        rest = (f"And {more} more lines like these.",) if more else ()
        super().__init__(" ".join((*self.errors, *rest)))


@contextmanager
def numbers_in(file: IO[bytes], country: str) -> Iterator[Iterator[str]]:
    """The numbers of a CSV file as E.164, in its order, after the whole file was found good.

    ``country`` is that of numbers without a country code. What is read waits on disk: neither the
    file nor its numbers are ever in memory whole. Raises BadNumbersFile.
    """
    with TemporaryFile("w+", encoding="ascii") as good:
        errors: list[str] = []
        bad = 0
        for line, answer in _answers(file, country):
            if isinstance(answer, InvalidPhoneNumber):
                bad += 1
                if len(errors) < MOST_ERRORS:
                    errors.append(f"Line {line}: {answer}")
            elif not bad:
                good.write(answer + "\n")
        if bad:
            raise BadNumbersFile(errors, bad - len(errors))
        good.seek(0)
        yield (line.rstrip("\n") for line in good)


def _answers(file: IO[bytes], country: str) -> Iterator[tuple[int, str | InvalidPhoneNumber]]:
    """Each line's number, or what is wrong with it. Raises BadNumbersFile."""
    most = conf.whole("LOOKUP_MOST_NUMBERS")
    dialect = _dialect(file)
    reader = csv.reader(_lines(file), delimiter=dialect, strict=True)
    column, seen = None, 0
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if column is None:
                column = _column(cells, country, reader.line_num)
                if _is_named(cells[column]):
                    continue
            seen += 1
            if seen > most:
                raise BadNumbersFile(
                    [f"Line {reader.line_num}: one file takes {most:,} numbers at most. Divide it."]
                )
            yield reader.line_num, _number(cells, column, country)
    except csv.Error as error:
        raise BadNumbersFile(
            [f"Line {reader.line_num}: this is not CSV ({error}). Save the file as CSV again."]
        ) from error
    except UnicodeError as error:
        raise BadNumbersFile(
            [f"Line {reader.line_num + 1}: this is not UTF-8. Save the file as “CSV UTF-8”."]
        ) from error
    if not seen:
        raise BadNumbersFile(["The file has no numbers in it."])


def _lines(file: IO[bytes]) -> Iterator[str]:
    """The file's lines as text; a byte order mark is no part of it."""
    file.seek(0)
    raw = io.BufferedReader(_Unclosed(file))
    text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
    for line in text:
        if "\x00" in line:
            raise csv.Error("it holds NUL characters")
        if "\ufffd" in line:  # what could not be decoded; whole pages are, long before this line
            raise UnicodeError
        yield line


class _Unclosed(io.RawIOBase):
    """A file that stays open when whoever reads it as text is done with it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # no other kind of buffer comes
        """The next bytes."""
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _dialect(file: IO[bytes]) -> str:
    """What stands between the columns: whichever of the usual marks the first line has most."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadNumbersFile(["The file is UTF-16. Save it as “CSV UTF-8”."])
    if head.startswith(b"PK"):
        raise BadNumbersFile(["The file is a spreadsheet. Save it as “CSV UTF-8”."])
    first = head.lstrip(b"\r\n").split(b"\n", 1)[0].decode("utf-8", "replace")
    return max(",;\t", key=first.count)


def _column(cells: Sequence[str], country: str, line: int) -> int:
    """Which column holds the numbers. Raises BadNumbersFile when the first line does not tell."""
    for index, cell in enumerate(cells):
        if _is_named(cell):
            return index
    if len(cells) == 1 and not isinstance(_number(cells, 0, country), InvalidPhoneNumber):
        return 0
    named = ", ".join(repr(cell[:SHOWN_CHARACTERS]) for cell in cells[:8])
    raise BadNumbersFile(
        [
            f"Line {line}: no column is called “cell”, “phone” or “number”. The first line has: "
            f"{named}. Name the column of phone numbers."
        ]
    )


def _is_named(cell: str) -> bool:
    return re.sub(r"[\W_]", "", cell).lower() in COLUMNS


def _number(cells: Sequence[str], column: int, country: str) -> str | InvalidPhoneNumber:
    typed = cells[column] if column < len(cells) else ""
    # Spreadsheets are told with an apostrophe that something is text.
    typed = typed.removeprefix("'")
    if _PLAIN.fullmatch(typed):
        return typed
    if not typed:
        return InvalidPhoneNumber("the number is missing.")
    try:
        return to_e164(typed, country)
    except InvalidPhoneNumber as error:
        return error
