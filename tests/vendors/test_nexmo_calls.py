"""What Vonage's calls say, in our words. The samples are those of its documentation."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service_vendors.types import (
    DeliveryReport,
    InboundMessage,
    InboundPart,
    LookupStatus,
    Media,
    ReportStatus,
)
from service_vendors.vendors.nexmo import calls, errors
from service_vendors.vendors.nexmo.vendor import Nexmo
from tests.simulators.nexmo import callbacks
from tests.simulators.nexmo.callbacks import by_form, by_get, by_json
from tests.simulators.nexmo.company import NexmoCompany
from tests.simulators.openapi import FOLDER
from tests.vendors.nexmo_account import at_nexmo

# https://developer.vonage.com/en/api/sms#webhooks
INBOUND = {
    "api-key": "abcd1234",
    "msisdn": "447700900001",
    "to": "447700900000",
    "messageId": "0A0000000123ABCD1",
    "text": "Hello world",
    "type": "text",
    "keyword": "HELLO",
    "message-timestamp": "2020-01-01 12:00:00 +0000",
    "timestamp": "1578787200",
    "nonce": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
}
PART = {"concat": "true", "concat-ref": "1", "concat-total": "3", "concat-part": "2"}
RECEIPT = {
    "msisdn": "447700900000",
    "to": "AcmeInc",
    "network-code": "12345",
    "messageId": "0A0000001234567B",
    "price": "0.03330000",
    "status": "delivered",
    "scts": "2001011400",
    "err-code": "0",
    "api-key": "abcd1234",
    "client-ref": "my-personal-reference",
    "message-timestamp": "2020-01-01 12:00:00 +0000",
}
STATUS = {
    "message_uuid": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
    "to": "447700900000",
    "from": "447700900001",
    "timestamp": "2020-01-01T14:00:00.000Z",
    "status": "submitted",
    "client_ref": "my-personal-reference",
    "channel": "mms",
}
# Codes of tags and templates, and of Facebook's pages: no text and no picture meets them.
OF_OTHER_CHANNELS = {1021, 1022, 1350, 1370}
NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def vendor() -> Iterator[Nexmo]:
    """The vendor; reading asks nobody."""
    with at_nexmo() as there:
        yield there.vendor()


def read(vendor: Nexmo, said: Any, carry: Any = by_json) -> Any:
    (one,) = vendor.handle_incoming(carry(said))
    return one


@pytest.mark.parametrize("carry", [by_get, by_form, by_json])
def test_a_text_of_a_contact(vendor: Nexmo, carry: Any) -> None:
    assert read(vendor, INBOUND, carry) == InboundMessage(
        service_id="0A0000000123ABCD1",
        contact_number="+447700900001",
        user_number="+447700900000",
        text="Hello world",
        sent_at=NOON,
    )


@pytest.mark.parametrize("carry", [by_get, by_form, by_json])
def test_a_part_of_a_long_text(vendor: Nexmo, carry: Any) -> None:
    assert read(vendor, INBOUND | PART, carry) == InboundPart(
        service_id="0A0000000123ABCD1",
        contact_number="+447700900001",
        user_number="+447700900000",
        text="Hello world",
        group="1",
        index=2,
        total=3,
        sent_at=NOON,
    )


@pytest.mark.parametrize("more", [{"concat": "false"}, PART | {"concat-total": "1"}])
def test_a_text_in_one_part_is_whole(vendor: Nexmo, more: dict[str, str]) -> None:
    assert isinstance(read(vendor, INBOUND | more), InboundMessage)


@pytest.mark.parametrize("value", [True, "True", "true"])
def test_json_may_say_true_without_quotes(vendor: Nexmo, value: object) -> None:
    assert isinstance(read(vendor, INBOUND | PART | {"concat": value}), InboundPart)


@pytest.mark.parametrize(
    "wrong",
    [
        {"concat-part": "4"},
        {"concat-part": "0"},
        {"concat-part": "-1"},
        {"concat-part": ""},
        {"concat-total": "999"},
        {"concat-total": "0"},
        {"concat-total": "x"},
        {"concat-ref": ""},
        {"messageId": ""},
        {"msisdn": ""},
        {"to": "<script>"},
        {"text": "x" * 20_001},
    ],
)
def test_a_part_that_cannot_be_one_is_nonsense(vendor: Nexmo, wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must be"):
        vendor.handle_incoming(by_form(INBOUND | PART | wrong))


@pytest.mark.parametrize("carry", [by_get, by_form, by_json])
@pytest.mark.parametrize(
    ("status", "err_code", "means", "code"),
    [
        ("delivered", "0", ReportStatus.DELIVERED, None),
        ("accepted", "0", ReportStatus.SENT, None),
        ("buffered", "0", ReportStatus.SENT, None),
        ("unknown", "1", ReportStatus.SENT, None),
        ("a status of tomorrow", "0", ReportStatus.SENT, None),
        ("expired", "2", ReportStatus.ERROR, 10_002),
        ("failed", "9", ReportStatus.ERROR, 10_009),
        ("rejected", "6", ReportStatus.ERROR, 10_006),
        ("failed", "0", ReportStatus.ERROR, 10_001),
        ("failed", "", ReportStatus.ERROR, 10_001),
        ("failed", "soon", ReportStatus.ERROR, 10_001),
        ("FAILED", "99", ReportStatus.ERROR, 10_099),
    ],
)
def test_a_receipt(
    vendor: Nexmo, status: str, err_code: str, means: ReportStatus, code: int | None, carry: Any
) -> None:
    """Spoke: accepted counts as delivered (N:244), under a wrong key (N:86)."""
    report = read(vendor, RECEIPT | {"status": status, "err-code": err_code}, carry)
    assert isinstance(report, DeliveryReport)
    assert (report.status, report.error_code) == (means, code)
    assert report.service_id == "0A0000001234567B"
    assert report.reference == "my-personal-reference"
    assert report.user_number == "AcmeInc"
    assert report.occurred_at == datetime(2020, 1, 1, 14, tzinfo=UTC)
    assert report.opted_out is (code == 10_009)
    if code is not None:
        assert Nexmo.error_description(code).link.endswith("delivery-receipts")


def test_a_receipt_without_our_reference_is_found_by_vonages_id(vendor: Nexmo) -> None:
    said = {name: value for name, value in RECEIPT.items() if name != "client-ref"}
    assert (read(vendor, said).service_id, read(vendor, said).reference) == (
        "0A0000001234567B",
        "",
    )


def test_a_receipt_teaches_that_a_number_was_given_up(vendor: Nexmo) -> None:
    report = read(vendor, RECEIPT | {"status": "failed", "err-code": "3"})
    assert report.contact_status is LookupStatus.INVALID


@pytest.mark.parametrize("sender", ["", "<Our Union>", "a name that is far too long"])
def test_a_receipt_counts_whatever_the_message_was_sent_from(vendor: Nexmo, sender: str) -> None:
    report = read(vendor, RECEIPT | {"to": sender})
    assert (report.status, report.user_number) == (ReportStatus.DELIVERED, "")


@pytest.mark.parametrize("scts", ["", "2001011400x", "9999999999", "20010114"])
def test_a_receipt_with_a_strange_time_still_counts(vendor: Nexmo, scts: str) -> None:
    assert read(vendor, RECEIPT | {"scts": scts}).occurred_at == NOON


def test_a_binary_message_is_shown_for_what_it_is(vendor: Nexmo) -> None:
    said = INBOUND | {"type": "binary", "data": "0011223344556677", "udh": "06050415811581"}
    assert read(vendor, {k: v for k, v in said.items() if k != "text"}).text == (
        "[binary: 0011223344556677]"
    )


# -- the Messages API ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "means", "code"),
    [
        ("submitted", None, ReportStatus.SENT, None),
        ("delivered", None, ReportStatus.DELIVERED, None),
        ("read", None, ReportStatus.DELIVERED, None),
        ("rejected", {"title": 1240}, ReportStatus.ERROR, 1240),
        ("rejected", {"title": "1300", "type": "#"}, ReportStatus.ERROR, 1300),
        (
            "undeliverable",
            {"title": "No", "type": "https://developer.vonage.com/api-errors/messages#1260"},
            ReportStatus.ERROR,
            1260,
        ),
        ("undeliverable", {"title": "?"}, ReportStatus.ERROR, None),
        ("undeliverable", None, ReportStatus.ERROR, None),
        ("undeliverable", "?", ReportStatus.ERROR, None),
        ("a status of tomorrow", {"title": 1240}, ReportStatus.SENT, None),
    ],
)
def test_a_status_of_the_messages_api(
    vendor: Nexmo, status: str, error: Any, means: ReportStatus, code: int | None
) -> None:
    report = read(vendor, STATUS | {"status": status, "error": error})
    assert isinstance(report, DeliveryReport)
    assert (report.status, report.error_code) == (means, code)
    assert report.reference == "my-personal-reference"
    assert report.user_number == "+447700900001"
    assert report.opted_out is (code == 1240)


def test_a_picture_of_a_contact(vendor: Nexmo) -> None:
    said = {
        "channel": "mms",
        "message_uuid": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
        "to": "447700900000",
        "from": "447700900001",
        "timestamp": "2020-01-01T12:00:00Z",
        "message_type": "image",
        "image": {"url": "https://example.com/image.JPG?id=1", "name": "i", "caption": "Look!"},
    }
    assert read(vendor, said) == InboundMessage(
        service_id="aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
        contact_number="+447700900001",
        user_number="+447700900000",
        text="Look!",
        media=(Media("https://example.com/image.JPG?id=1", "image/jpeg"),),
        sent_at=NOON,
    )


def test_several_files_of_a_contact(vendor: Nexmo) -> None:
    content = [
        {"type": "text", "text": "Both"},
        {"type": "image", "url": "https://example.com/a"},
        {"type": "vcard", "url": "https://example.com/b"},
        {"type": "hologram", "url": "https://example.com/c"},
    ]
    said = STATUS | {"message_type": "content", "content": content}
    message = read(vendor, {k: v for k, v in said.items() if k != "status"})
    assert message.text == "Both"
    assert message.media == (
        Media("https://example.com/a"),
        Media("https://example.com/b", "text/vcard"),
    )


@pytest.mark.parametrize(
    "image",
    [
        {"url": "file:///etc/passwd"},
        {"url": "javascript:alert(1)"},
        {"url": ""},
        {"url": 3},
        {},
        {"url": "https://example.com/" + "x" * 2_000},
    ],
)
def test_a_file_that_is_nowhere_is_nonsense(vendor: Nexmo, image: Any) -> None:
    said = {k: v for k, v in STATUS.items() if k != "status"}
    with pytest.raises(ValueError, match=r"url|file"):
        vendor.handle_incoming(by_json(said | {"message_type": "image", "image": image}))


def test_no_message_has_more_files_than_are_worth_reading(vendor: Nexmo) -> None:
    """Spoke: as many files as the call says are read (T:200)."""
    content = [{"type": "image", "url": "https://example.com/a"}] * 21
    said = {k: v for k, v in STATUS.items() if k != "status"}
    with pytest.raises(ValueError, match="at most 20"):
        vendor.handle_incoming(by_json(said | {"content": content}))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from([*INBOUND, *PART, *RECEIPT, *STATUS, "image", "content", "error", "data"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["url", "type", "title", "x"]), inner, max_size=3)
            ),
            max_leaves=5,
        ),
    )
)
def test_whatever_comes_is_read_or_nonsense(vendor: Nexmo, said: dict[str, Any]) -> None:
    try:
        for one in vendor.handle_incoming(by_json(said)):
            assert isinstance(one, InboundMessage | InboundPart | DeliveryReport)
    except ValueError:
        pass


# -- error codes -----------------------------------------------------------------------------------


def test_every_code_of_vonages_own_tables_is_explained_and_linked() -> None:
    file = Path(os.environ.get("VENDOR_SPECS") or FOLDER) / "vonage" / "error-codes.json"
    tables = json.loads(file.read_bytes()) if file.is_file() else {}
    sms = {int(row["status"]) for row in tables.get("sms_send_status", ())} - {0}
    receipts = {int(row["err_code"]) for row in tables.get("dlr_err_code", ())} - {0}
    messages = {int(row["code"]) for row in tables.get("messages_api_errors", ())}
    assert sms | (messages - OF_OTHER_CHANNELS) <= errors.DESCRIPTIONS.keys()
    assert {errors.RECEIPT + code for code in receipts} <= errors.DESCRIPTIONS.keys()


@pytest.mark.parametrize(
    ("code", "page"),
    [
        (1, "https://developer.vonage.com/en/api-errors/sms"),
        (420, "https://developer.vonage.com/en/api/numbers"),
        (1240, "https://developer.vonage.com/en/api-errors/messages"),
        (10_009, "https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts"),
        (-1, "https://developer.vonage.com/en/api-errors/sms"),
    ],
)
def test_a_code_leads_to_vonages_page_about_it(code: int, page: str) -> None:
    assert Nexmo.error_description(code).link == page


def test_no_code_is_in_two_classes_that_contradict_each_other() -> None:
    classes = [errors.TRANSIENT, errors.DOUBTFUL, errors.NOT_CONFIGURED]
    for number, one in enumerate(classes):
        assert one <= errors.DESCRIPTIONS.keys()
        for other in classes[number + 1 :]:
            assert not one & other


def test_a_text_may_be_one_of_halves(vendor: Nexmo) -> None:
    """Half of a surrogate pair is valid JSON, and no database keeps it."""
    assert calls.loads('{"a": "\\ud83d"}') == {"a": "\ud83d"}
    (message,) = vendor.handle_incoming(by_json(INBOUND | {"text": "\ud83d"}))
    assert isinstance(message, InboundMessage)
    assert message.text.encode()


def test_the_helper_builds_what_the_samples_say() -> None:
    """The stand-in's calls have the fields of the documented samples, and no other."""
    company = NexmoCompany()
    message = InboundMessage("0A", "+447700900001", "+447700900000", "Hello world")
    told = callbacks.signed(callbacks.sms(company, message), "secret")
    assert told.keys() - {"sig"} == INBOUND.keys()
    taken = {"id": "0A", "to": "1", "from": "2", "reference": "r"}
    assert callbacks.receipt(company, taken, "delivered").keys() == RECEIPT.keys()
    assert callbacks.message_status(taken, "submitted").keys() == STATUS.keys()
