"""A message as Bandwidth gets it, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.types import LookupStatus, OutboundMessage, ReportStatus
from service_vendors.vendors import loop
from service_vendors.vendors.bandwidth import errors
from service_vendors.vendors.bandwidth.vendor import Bandwidth
from tests.simulators.bandwidth import messages
from tests.simulators.bandwidth.company import Refusal
from tests.simulators.bandwidth.furnishing import NUMBERS
from tests.simulators.disturbances import refusing, saying
from tests.vendors.bandwidth_account import CONTACT, AtBandwidth, a_message, at_bandwidth

POSTER = "https://example.org/poster.png"


@pytest.fixture
def there(settings: Any) -> Iterator[AtBandwidth]:
    """An account with two numbers."""
    settings.VENDOR_READ_SECONDS = 2.0
    with at_bandwidth() as there:
        yield there


def asked(there: AtBandwidth) -> dict[str, Any]:
    """What the last request to send said."""
    said: dict[str, Any] = json.loads(there.posts()[-1].body)
    return said


def test_a_message_carries_our_reference_and_names_its_number(there: AtBandwidth) -> None:
    message = a_message()
    receipt = loop.run(there.vendor().send_message(message))
    assert asked(there) == {
        "applicationId": there.config["application_id"],
        "from": NUMBERS[0],
        "to": [CONTACT],
        "text": "Will you vote?",
        "tag": message.reference,
    }
    assert receipt.service_id == there.company.messages[0]["id"]
    assert (receipt.user_number, receipt.messageservice_sid) == (
        NUMBERS[0],
        there.config["application_id"],
    )
    assert receipt.status is ReportStatus.SENT


def test_it_expires_when_it_must_not_be_sent_any_more(there: AtBandwidth) -> None:
    """Spoke: the time limit is ignored (BM:104)."""
    until = datetime.now(UTC) + timedelta(hours=2)
    there.send(send_before=until)
    told = datetime.fromisoformat(asked(there)["expiration"])
    assert abs(told - until) < timedelta(milliseconds=2)
    assert asked(there)["expiration"].endswith("Z")


def test_a_message_whose_time_is_over_is_not_sent(there: AtBandwidth) -> None:
    """Spoke: a message that is too late goes out all the same (BM:104)."""
    with pytest.raises(PermanentVendorError) as raised:
        there.send(send_before=datetime.now(UTC) - timedelta(seconds=1))
    assert raised.value.code == errors.EXPIRED
    assert there.posts() == []


@pytest.mark.parametrize(
    ("setting", "told"),
    [("high", "high"), ("HIGH", "high"), ("default", "default"), ("", None), ("urgent", None)],
)
def test_the_priority_is_the_settings(
    there: AtBandwidth, settings: Any, setting: str, told: str | None
) -> None:
    settings.BANDWIDTH_PRIORITY = setting
    there.send()
    assert asked(there).get("priority") == told


def test_every_picture_travels_by_its_address_and_no_kind_is_guessed(there: AtBandwidth) -> None:
    """Spoke: one picture only (MS:22), and a guessed MIME type (BM:236)."""
    there.send(f"Vote! [{POSTER}]", media=("https://example.org/1", "https://example.org/2"))
    said = asked(there)
    assert said["media"] == ["https://example.org/1", "https://example.org/2", POSTER]
    assert said["text"] == "Vote!"
    assert said.keys() == {"applicationId", "from", "to", "text", "tag", "media"}


@pytest.mark.parametrize("text", ["autorespond", "error4470", "STOP", "[not a picture]"])
def test_no_word_of_a_text_changes_how_it_is_sent(there: AtBandwidth, text: str) -> None:
    """Spoke: magic words suppress real texts (BM:112)."""
    there.send(text)
    assert there.company.messages[0]["text"] == text


# -- what is missing ------------------------------------------------------------------------------


def test_when_no_number_could_be_picked_it_is_said_what_to_do(there: AtBandwidth) -> None:
    """Spoke: the number is undefined, and so is the error (BM:198, BM:294)."""
    for number in (None, ""):
        with pytest.raises(VendorNotConfigured, match="numpicker-basic,sticky-sender"):
            there.send(user_number=number)
    assert there.posts() == []


def test_without_an_application_it_is_said_what_to_do(there: AtBandwidth) -> None:
    with pytest.raises(VendorNotConfigured, match="auto-configure"):
        loop.run(there.vendor(application_id="").send_message(a_message()))
    assert there.posts() == []


@pytest.mark.parametrize("account_id", ["", " ", "1/../2", "1?x=", "ü"])
def test_an_account_that_is_none_is_never_asked(there: AtBandwidth, account_id: str) -> None:
    with pytest.raises(VendorNotConfigured):
        loop.run(there.vendor(account_id=account_id).send_message(a_message()))
    assert there.company.requests == []


def test_an_application_that_a_message_names_goes_before_the_accounts(there: AtBandwidth) -> None:
    with pytest.raises(PermanentVendorError) as raised:
        there.send(messageservice_sid="another")
    assert asked(there)["applicationId"] == "another"
    assert raised.value.code == 4452


# -- what answers mean ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "code", "status"),
    [
        ("to", 4303, LookupStatus.INVALID),
        ("to[0]", 4303, LookupStatus.INVALID),
        ("from", 4403, None),
        ("applicationId", 4452, None),
        ("text", 4751, None),
        ("media[3]", 4412, None),
        ("expiration", errors.EXPIRED, None),
        ("somethingNew", 400, None),
    ],
)
def test_a_refused_field_is_told_as_the_code_that_says_as_much(
    there: AtBandwidth, field: str, code: int, status: LookupStatus | None
) -> None:
    there.company.disturbance = refusing(Refusal(400, fields=(field,)))
    with pytest.raises(PermanentVendorError) as raised:
        there.send()
    assert (raised.value.code, raised.value.contact_status) == (code, status)
    assert str(raised.value) == errors.DESCRIPTIONS[code]


@pytest.mark.parametrize(
    ("status", "expected", "code"),
    [
        (401, VendorNotConfigured, None),
        (403, VendorNotConfigured, 403),
        (404, PermanentVendorError, 404),
        (415, PermanentVendorError, 415),
        (418, PermanentVendorError, 418),
        (429, TransientVendorError, errors.QUEUE_FULL),
        (500, SendUncertain, None),
        (503, SendUncertain, None),
        (302, SendUncertain, None),
    ],
)
def test_each_status_means_what_bandwidth_says(
    there: AtBandwidth, status: int, expected: type[Exception], code: int | None
) -> None:
    there.company.disturbance = saying("<html>", status)
    with pytest.raises(expected) as raised:
        there.send()
    assert raised.value.code == code  # type: ignore[attr-defined]  # all of ours have one
    assert CONTACT not in str(raised.value)
    assert len(there.posts()) == 1


@pytest.mark.parametrize(
    "body",
    ["", "{", "null", "[]", '{"id": null}', '{"id": 3}', '{"id": ""}', "[" * 100_000, "\xff"],
)
def test_an_unreadable_yes_is_doubt(there: AtBandwidth, body: str) -> None:
    there.company.disturbance = messages.taking_and(saying(body, 202))
    with pytest.raises(SendUncertain):
        there.send()
    assert len(there.posts()) == 1


@pytest.mark.parametrize(
    "body", ["", "[]", "null", '{"fieldErrors": 3}', '{"fieldErrors": [null]}', "[" * 100_000]
)
def test_an_unreadable_no_is_a_no(there: AtBandwidth, body: str) -> None:
    there.company.disturbance = saying(body, 400)
    with pytest.raises(PermanentVendorError) as raised:
        there.send()
    assert raised.value.code == 400


def test_every_code_of_the_published_table_is_explained_in_our_own_words() -> None:
    assert all(
        words.endswith(".") and len(words) > 20 for words in Bandwidth.error_descriptions.values()
    )
    assert Bandwidth.error_description(4700).link == errors.LINK
    assert "(error 4999)" in Bandwidth.error_description(4999).description
    assert errors.CONTACT_STATUS.keys() <= errors.DESCRIPTIONS.keys()
    assert errors.DESCRIPTIONS.keys() >= errors.UNSUBSCRIBED
    assert set(errors.CODE_OF_FIELD.values()) <= errors.DESCRIPTIONS.keys()


# -- finding a message again ----------------------------------------------------------------------


def in_doubt(there: AtBandwidth, **more: Any) -> OutboundMessage:
    """A message that Bandwidth took without saying so."""
    message = replace(a_message(**more), queued_at=datetime.now(UTC))
    there.company.disturbance = messages.HANGS_UP
    with pytest.raises(SendUncertain):
        loop.run(there.vendor().send_message(message))
    there.company.disturbance = None
    return message


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("RECEIVED", 0, (ReportStatus.SENT, None)),
        ("SENT", 0, (ReportStatus.SENT, None)),
        ("DELIVERED", 0, (ReportStatus.DELIVERED, None)),
        ("FAILED", 4470, (ReportStatus.ERROR, 4470)),
        ("UNDELIVERED", 4720, (ReportStatus.ERROR, 4720)),
        ("WONDERFUL", 0, (ReportStatus.SENT, None)),
    ],
)
def test_a_message_in_doubt_is_found_with_what_became_of_it(
    there: AtBandwidth, status: str, code: int, expected: tuple[ReportStatus, int | None]
) -> None:
    message = in_doubt(there)
    there.company.messages[0] |= {"status": status, "errorCode": code}
    found = loop.run(there.vendor().find_message(message))
    assert found is not None
    assert found.service_id == there.company.messages[0]["id"]
    assert (found.status, found.error_code) == expected
    assert found.user_number == NUMBERS[0]


def test_of_two_that_fit_none_is_taken_for_the_one(there: AtBandwidth) -> None:
    message = in_doubt(there)
    there.send("Same length, 2")
    assert len("Same length, 2") == len(message.text)
    assert loop.run(there.vendor().find_message(message)) is None


def test_what_is_older_longer_or_from_another_number_does_not_fit(there: AtBandwidth) -> None:
    messages.past(there.company, CONTACT, status="SENT", carrier=None)
    there.send("Another length altogether")
    there.send(user_number=NUMBERS[1])
    there.send(to="+12125550143")
    message = replace(a_message(), queued_at=datetime.now(UTC))
    assert loop.run(there.vendor().find_message(message)) is None
    late = replace(message, queued_at=datetime.now(UTC) + timedelta(hours=1))
    there.send()
    assert loop.run(there.vendor().find_message(late)) is None
    assert loop.run(there.vendor().find_message(message)) is not None


def test_a_list_that_goes_on_settles_nothing(there: AtBandwidth) -> None:
    message = in_doubt(there)
    (one,) = [messages._listed(there.company, one) for one in there.company.messages]
    body = {"messages": [one], "pageInfo": {"nextPageToken": "x"}}
    there.company.disturbance = saying(json.dumps(body))
    assert loop.run(there.vendor().find_message(message)) is None


@pytest.mark.parametrize("body", ["{}", '{"messages": null}', '{"messages": [null, 3, {}]}'])
def test_a_list_that_says_nothing_settles_nothing(there: AtBandwidth, body: str) -> None:
    there.company.disturbance = saying(body)
    assert loop.run(there.vendor().find_message(a_message())) is None
