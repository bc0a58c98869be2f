"""XML is built and read by libraries: nothing is pasted together, fetched or expanded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_vendors.exceptions import SendUncertain, TransientVendorError
from service_vendors.vendors import loop
from service_vendors.vendors.bandwidth import markup
from tests.simulators.disturbances import saying
from tests.vendors.bandwidth_account import AtBandwidth, at_bandwidth, every

# What XML 1.0 can carry at all; a carriage return is read back as a line feed, blanks are trimmed.
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)


@pytest.fixture
def there(settings: Any) -> Iterator[AtBandwidth]:
    """A furnished account."""
    settings.VENDOR_READ_SECONDS = 2.0
    with at_bandwidth() as there:
        yield there


@given(TEXTS)
def test_whatever_a_value_says_it_stays_a_value(text: str) -> None:
    body = markup.document("Site", {"Name": text, "Address": {"City": text}})
    root = markup.read(body)
    assert [one.tag for one in root.iter()] == ["Site", "Name", "Address", "City"]
    assert list(markup.texts(root, "City")) == [text]


def test_values_are_written_as_bandwidth_reads_them() -> None:
    content: dict[str, markup.Value] = {"A": True, "B": False, "C": 7, "D": ["x", "y"], "E": ""}
    body = tostring(markup.read(markup.document("Order", content))).decode()
    assert body == ("<Order><A>true</A><B>false</B><C>7</C><D>x</D><D>y</D><E /></Order>")
    assert b"REMOVE</Order>" in markup.document("Order", "REMOVE")


def evil(secret: Path) -> dict[str, str]:
    """Documents that attack whoever reads them."""
    laughs = "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">' for n in range(1, 10))
    return {
        "a file of ours": f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]><x><id>&e;</id></x>',
        "a document from elsewhere": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>',
        "a billion laughs": f'<!DOCTYPE x [<!ENTITY lol0 "lol">{laughs}]><x>&lol9;</x>',
        "an empty document type": "<!DOCTYPE x><x/>",
        "an entity that there is not": "<x>&nope;</x>",
        "no XML": "<html><br></html>",
        "bytes": "\x00\x01",
    }


@pytest.mark.parametrize("name", list(evil(Path("x"))))
def test_an_answer_that_attacks_is_not_read(there: AtBandwidth, tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("what nobody may learn")
    there.company.disturbance = saying(evil(secret)[name])
    with pytest.raises(TransientVendorError, match="could not be read") as raised:
        every(there.vendor().list_owned_numbers())
    assert "nobody may learn" not in f"{raised.value} {raised.value.__cause__}"
    with pytest.raises(SendUncertain):
        loop.run(there.vendor().create_messaging_service("Volunteers"))


def test_a_refusal_that_attacks_is_a_refusal(there: AtBandwidth, tmp_path: Path) -> None:
    for body in evil(tmp_path).values():
        there.company.disturbance = saying(body, 500)
        with pytest.raises(TransientVendorError):
            every(there.vendor().list_owned_numbers())


def test_a_declared_encoding_that_there_is_not_is_unreadable() -> None:
    with pytest.raises(markup.Unreadable):
        markup.read(b'<?xml version="1.0" encoding="nonsense-8"?><x/>')
