"""What Twilio is asked to send, read at the other end of a real connection."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st

from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.types import LookupStatus, ReportStatus
from service_vendors.vendors import loop, pictures_in_text
from service_vendors.vendors.twilio import errors
from tests.simulators.disturbances import refusing, saying
from tests.simulators.twilio import messages
from tests.simulators.twilio.company import Refusal
from tests.simulators.twilio.furnishing import NUMBERS
from tests.vendors.twilio_account import CONTACT, AtTwilio, a_message, at_twilio

PICTURE = "https://example.org/a.png"


@pytest.fixture
def there(settings: Any) -> Iterator[AtTwilio]:
    """An account at Twilio, and little patience."""
    settings.VENDOR_READ_SECONDS = 0.5
    with at_twilio() as there:
        yield there


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


# -- from whom ------------------------------------------------------------------------------------


def test_the_messaging_service_sends_where_nothing_else_is_asked_for(there: AtTwilio) -> None:
    receipt = there.send()
    assert there.form()["MessagingServiceSid"] == there.config["message_service_sid"]
    assert "From" not in there.form()
    assert receipt.messageservice_sid == there.config["message_service_sid"]
    assert receipt.user_number is None, "Twilio has not chosen a number yet"


def test_a_number_that_was_asked_for_wins_over_the_messaging_service(there: AtTwilio) -> None:
    receipt = there.send(user_number=NUMBERS[1])
    assert there.form()["From"] == NUMBERS[1]
    assert "MessagingServiceSid" not in there.form()
    assert receipt.user_number == NUMBERS[1]


def test_a_manager_may_decide_both_the_service_and_its_number(there: AtTwilio) -> None:
    there.send(user_number=NUMBERS[0], messageservice_sid=there.config["message_service_sid"])
    assert there.form()["From"] == NUMBERS[0]
    assert there.form()["MessagingServiceSid"] == there.config["message_service_sid"]


def test_without_anything_to_send_from_twilio_is_not_asked(there: AtTwilio) -> None:
    with pytest.raises(VendorNotConfigured, match="messaging service"):
        loop.run(there.vendor(message_service_sid="").send_message(a_message()))
    assert there.posts() == []


def test_the_api_key_speaks_where_there_is_one_and_else_the_newest_auth_token(
    there: AtTwilio,
) -> None:
    key_only = there.vendor(auth_token="wrong")
    loop.run(key_only.send_message(a_message()))
    rotating = f"{there.company.auth_token} , old"
    token_only = there.vendor(auth_token=rotating, api_key_sid="", api_key_secret="")
    loop.run(token_only.send_message(a_message()))
    half_a_key = there.vendor(api_key_secret="")
    loop.run(half_a_key.send_message(a_message()))
    assert len(there.company.messages) == 3


# -- pictures -------------------------------------------------------------------------------------


def test_pictures_in_brackets_and_explicit_ones_travel_together(there: AtTwilio) -> None:
    """Spoke: one picture only, whatever else stood in the brackets (MS:22)."""
    there.send(f"Look [{PICTURE}] here [HTTP://example.org/b.png]", media=("https://e.org/c",))
    (taken,) = there.company.messages
    assert taken["body"] == "Look here"
    assert taken["media"] == ["https://e.org/c", PICTURE, "HTTP://example.org/b.png"]
    assert taken["sid"].startswith("MM")


def test_a_picture_alone_is_a_message_without_text(there: AtTwilio) -> None:
    there.send(f"[{PICTURE}]")
    assert "Body" not in there.form()
    assert there.form()["MediaUrl"] == PICTURE


@pytest.mark.parametrize(
    "text",
    [
        "[http]",
        "[https://]",
        "[https:///path]",
        "[http://[nonsense]",
        "[ftp://example.org/a.png]",
        "[two words https://example.org/a.png]",
        "(https://example.org/a.png)",
        "autorespond [1] STOP error30007",
        "  [x] kept blanks  ",
    ],
)
def test_what_is_no_picture_stays_text(there: AtTwilio, text: str) -> None:
    """Spoke: magic words suppress real texts (T:271, 1084)."""
    there.send(text)
    (taken,) = there.company.messages
    assert (taken["body"], taken["media"]) == (text, [])


def test_more_than_ten_pictures_are_refused_before_twilio_is_asked(there: AtTwilio) -> None:
    there.send(f"[{PICTURE}]" * 4, media=(PICTURE,) * 6)
    assert len(there.company.messages[0]["media"]) == 10
    with pytest.raises(PermanentVendorError, match="11 pictures"):
        there.send(f"[{PICTURE}]" * 5, media=(PICTURE,) * 6)
    assert len(there.posts()) == 1


@example(["word", f"[{PICTURE}]", " ", f"[{PICTURE}]", "word"])
@given(st.lists(st.sampled_from(["word", "[x]", " ", "\n", f"[{PICTURE}]"]), max_size=12))
def test_taking_pictures_out_loses_no_word_and_finds_every_picture(pieces: list[str]) -> None:
    text = "".join(pieces)
    rest, pictures = pictures_in_text.take_out(text)
    assert len(pictures) == pieces.count(f"[{PICTURE}]")
    assert rest.split() == text.replace(f"[{PICTURE}]", "").split()
    assert pictures_in_text.take_out(rest) == (rest, ())
    assert pictures or rest == text


# -- how ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "left", "least", "most"),
    [
        (0, None, None, None),
        (-5, None, None, None),
        (600, None, 600, 600),
        (50_000, None, 36_000, 36_000),
        (0, 100.5, 98, 100),
        (600, 100.5, 98, 100),
        (60, 100.5, 60, 60),
        (0, 90_000, 36_000, 36_000),
        (0, 2.9, 1, 2),
    ],
)
def test_twilio_tries_no_longer_than_it_may(
    there: AtTwilio,
    settings: Any,
    ours: int,
    left: float | None,
    least: int | None,
    most: int | None,
) -> None:
    """Spoke: a negative validity period is sent (T:315), an expiry is ignored (BM:104)."""
    settings.TWILIO_MESSAGE_VALIDITY_PERIOD = ours
    there.send(send_before=None if left is None else soon(left))
    said = there.form().get("ValidityPeriod")
    if least is None or most is None:
        assert said is None
    else:
        assert said is not None and least <= int(said) <= most


@pytest.mark.parametrize("left", [-3_600, -1, 0, 0.5])
def test_what_is_too_late_is_not_sent(there: AtTwilio, left: float) -> None:
    """Spoke: a negative validity period is sent (T:315)."""
    with pytest.raises(PermanentVendorError, match="too late"):
        there.send(send_before=soon(left))
    assert there.posts() == []


def test_a_forced_mms_and_smart_encoding_are_asked_for_only_when_wanted(
    there: AtTwilio, settings: Any
) -> None:
    there.send("“curly”")
    assert not {"SendAsMms", "SmartEncoded"} & there.form().keys()
    settings.TWILIO_SMART_ENCODED = "on"
    there.send("“curly”", force_mms=True)
    assert (there.form()["SendAsMms"], there.form()["SmartEncoded"]) == ("true", "true")
    assert there.form()["Body"] == "“curly”", "Twilio replaces, not we"


def test_reports_are_asked_for_at_the_organizations_own_address_with_our_reference(
    there: AtTwilio,
) -> None:
    """Spoke: the address of reports names no organization (T:141, T:361)."""
    message = a_message()
    loop.run(there.vendor().send_message(message))
    address, _, query = there.form()["StatusCallback"].partition("?")
    assert address == "https://texting.example.org/twilio-message-report/7"
    assert f"reference={message.reference}" in query and "proof=" in query
    for secret in (there.company.auth_token, there.company.api_key_secret):
        assert secret not in query


# -- what comes back ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"status": "queued"}, ReportStatus.SENT, None),
        ({"status": "accepted"}, ReportStatus.SENT, None),
        ({"status": "delivered"}, ReportStatus.DELIVERED, None),
        ({"status": "failed", "error_code": 30007}, ReportStatus.ERROR, 30007),
        ({"status": "failed", "error_code": None}, ReportStatus.ERROR, None),
        ({"status": "undelivered", "error_code": "30003"}, ReportStatus.ERROR, 30003),
        ({"status": "a word of tomorrow"}, ReportStatus.SENT, None),
        ({"status": None, "error_code": 30007}, ReportStatus.SENT, None),
    ],
)
def test_a_receipt_says_what_twilio_says(
    there: AtTwilio, said: dict[str, Any], status: ReportStatus, code: int | None
) -> None:
    """Spoke: reads ``error_code`` where the SDK says ``errorCode``, and clears it (T:438)."""

    async def answer(request: web.Request) -> web.StreamResponse:
        taken = await messages.take(request)
        return web.json_response(messages.answer(taken) | said, status=201)

    there.company.disturbance = answer
    receipt = there.send()
    assert (receipt.status, receipt.error_code) == (status, code)
    assert receipt.service_id == there.company.messages[0]["sid"]


@pytest.mark.parametrize(
    ("status", "code", "means"),
    [
        (400, 21211, PermanentVendorError),
        (400, 21408, PermanentVendorError),
        (400, 21606, PermanentVendorError),
        (400, 21610, PermanentVendorError),
        (400, 21614, PermanentVendorError),
        (400, 21617, PermanentVendorError),
        (400, 99_999, PermanentVendorError),
        (403, 21408, PermanentVendorError),
        (404, 20404, VendorNotConfigured),
        (400, 21703, VendorNotConfigured),
        (401, 20003, VendorNotConfigured),
        (403, 20005, VendorNotConfigured),
        (403, 20006, VendorNotConfigured),
        (429, 20429, TransientVendorError),
        (429, 14107, TransientVendorError),
        (400, 21611, TransientVendorError),
        (500, 20500, SendUncertain),
        (503, 20503, SendUncertain),
    ],
)
def test_every_class_of_failure_is_told_apart_and_tried_once(
    there: AtTwilio, status: int, code: int, means: type[Exception]
) -> None:
    """Spoke: permanent errors are tried again, six times (T:451)."""
    there.company.disturbance = refusing(Refusal(status, code))
    with pytest.raises(means) as raised:
        there.send()
    assert str(raised.value).strip()
    assert len(there.posts()) == 1
    if means is PermanentVendorError:
        assert raised.value.code == code  # type: ignore[attr-defined]


def test_a_contact_who_unsubscribed_at_twilio_is_recorded_as_that(there: AtTwilio) -> None:
    there.company.refusals[CONTACT] = Refusal(400, errors.UNSUBSCRIBED)
    with pytest.raises(PermanentVendorError) as raised:
        there.send()
    assert raised.value.opted_out
    assert raised.value.contact_status is None


@pytest.mark.parametrize(
    ("code", "status"), [(21614, LookupStatus.LANDLINE), (21211, LookupStatus.INVALID)]
)
def test_a_refusal_teaches_what_the_number_is(
    there: AtTwilio, code: int, status: LookupStatus
) -> None:
    there.company.refusals[CONTACT] = Refusal(400, code)
    with pytest.raises(PermanentVendorError) as raised:
        there.send()
    assert raised.value.contact_status is status
    assert not raised.value.opted_out


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        "<html>hello</html>",
        '{"sid": null}',
        '{"sid": 5}',
        '{"sid": "SM1", "date_created": 5}',
        '{"sid": "SM1", "date_created": ["x"]}',
        '{"sid": "SM1"',
        '{"status": "queued"}',
        '{"sid": ""}',
        "[" * 50_000,
    ],
)
@pytest.mark.parametrize("status", [200, 201])
def test_an_answer_that_cannot_be_read_leaves_it_uncertain(
    there: AtTwilio, body: str, status: int
) -> None:
    """Spoke: an unreadable answer is an unhandled promise that hangs (T:473)."""
    there.company.disturbance = messages.taking_and(saying(body, status))
    with pytest.raises(SendUncertain):
        there.send()
    assert len(there.posts()) == 1


@pytest.mark.parametrize("body", ["", "<html>Bad gateway</html>", '{"code": "x"}'])
@pytest.mark.parametrize("status", [302, 500, 502, 503, 504])
def test_somebody_elses_failure_is_never_taken_for_a_refusal(
    there: AtTwilio, body: str, status: int
) -> None:
    there.company.disturbance = messages.taking_and(saying(body, status))
    with pytest.raises(SendUncertain if status >= 500 else TransientVendorError):
        there.send()


def test_hundreds_of_sends_share_a_process(there: AtTwilio, settings: Any) -> None:
    settings.VENDOR_READ_SECONDS = 20.0
    vendor = there.vendor()

    async def send_all() -> set[str]:
        sends = (vendor.send_message(a_message(f"number {n}")) for n in range(200))
        return {receipt.service_id for receipt in await asyncio.gather(*sends)}

    assert len(loop.run(send_all())) == 200
    assert len(there.posts()) == 200
