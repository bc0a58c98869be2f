"""What became of a send that was never answered is told only where there is no doubt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service_vendors.exceptions import (
    SendUncertain,
    TransientVendorError,
    VendorError,
    VendorNotConfigured,
)
from service_vendors.types import LookupStatus, OutboundMessage, ReportStatus, SendReceipt
from service_vendors.vendors import loop
from service_vendors.vendors.twilio.sending import MOST_COMPARED
from tests.simulators.disturbances import refusing, saying
from tests.simulators.twilio import messages
from tests.simulators.twilio.company import Refusal
from tests.simulators.twilio.furnishing import NUMBERS
from tests.vendors.twilio_account import AtTwilio, a_message, at_twilio

OTHER_CONTACT = "+12125550143"


@pytest.fixture
def there(settings: Any) -> Iterator[AtTwilio]:
    """An account at Twilio, and little patience."""
    settings.VENDOR_READ_SECONDS = 0.5
    with at_twilio() as there:
        yield there


def now() -> datetime:
    return datetime.now(UTC)


def lost(there: AtTwilio, **more: Any) -> OutboundMessage:
    """A message that Twilio took, and never said so."""
    message = a_message(**{"queued_at": now(), **more})
    there.company.disturbance = messages.HANGS_UP
    with pytest.raises(SendUncertain):
        loop.run(there.vendor().send_message(message))
    there.company.disturbance = None
    return message


def find(there: AtTwilio, message: OutboundMessage) -> SendReceipt | None:
    return loop.run(there.vendor().find_message(message))


def test_the_one_message_that_fits_settles_it(there: AtTwilio) -> None:
    message = lost(there, text="“Vote” [https://example.org/a.png]  – today")
    there.send("something else")
    there.send(message.text, to=OTHER_CONTACT)
    found = find(there, message)
    assert found is not None
    assert found.service_id == there.company.messages[0]["sid"]
    assert found.user_number in NUMBERS
    assert found.messageservice_sid == there.config["message_service_sid"]
    assert len(there.posts()) == 3, "looking must not send"


def test_a_clock_that_differs_a_little_hides_nothing(there: AtTwilio) -> None:
    message = lost(there, queued_at=now() + timedelta(seconds=40))
    assert find(there, message) is not None


def test_smart_encoding_hides_nothing(there: AtTwilio) -> None:
    message = lost(there, text="“It’s” on…")
    there.company.messages[0]["body"] = '"It\'s" on...'
    assert find(there, message) is not None


@pytest.mark.parametrize(
    ("status", "code", "means"),
    [
        ("accepted", None, ReportStatus.SENT),
        ("sending", None, ReportStatus.SENT),
        ("delivered", None, ReportStatus.DELIVERED),
        ("read", None, ReportStatus.DELIVERED),
        ("undelivered", 30003, ReportStatus.ERROR),
        ("undelivered", 30006, ReportStatus.ERROR),
        ("failed", 30630, ReportStatus.ERROR),
        ("failed", 30034, ReportStatus.ERROR),
        ("canceled", None, ReportStatus.ERROR),
    ],
)
def test_what_is_found_says_how_it_ended(
    there: AtTwilio, status: str, code: int | None, means: ReportStatus
) -> None:
    message = lost(there)
    there.company.messages[0] |= {"status": status, "error_code": code, "date_sent": now()}
    found = find(there, message)
    assert found is not None
    assert (found.status, found.error_code) == (means, code)
    assert found.contact_status is (LookupStatus.LANDLINE if code == 30006 else None)
    assert found.opted_out is (code == 30630)


def test_two_that_fit_settle_nothing(there: AtTwilio) -> None:
    message = lost(there)
    there.send(message.text)
    assert find(there, message) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"body": "Another text"},
        {"to": OTHER_CONTACT},
        {"media": ["https://example.org/a.png"]},
        {"from": "+12125550999"},
        {"date_created": now() - timedelta(minutes=5)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_does_not_fit_settles_nothing(there: AtTwilio, changes: dict[str, Any]) -> None:
    message = lost(there, user_number=NUMBERS[0])
    assert find(there, message) is not None
    there.company.messages[0] |= changes
    assert find(there, message) is None


def test_another_messaging_service_settles_nothing(there: AtTwilio) -> None:
    message = lost(there, messageservice_sid=there.config["message_service_sid"])
    assert find(there, message) is not None
    there.company.messages[0]["messaging_service_sid"] = "MG" + "f" * 32
    assert find(there, message) is None


def test_a_number_texted_more_often_than_can_be_compared_settles_nothing(there: AtTwilio) -> None:
    message = lost(there)
    there.company.messages += [
        {**there.company.messages[0], "sid": f"SM{n:032x}", "body": str(n)}
        for n in range(MOST_COMPARED - 2)
    ]
    assert find(there, message) is not None
    there.company.messages.append({**there.company.messages[1], "sid": "SM" + "f" * 32})
    assert find(there, message) is None


@pytest.mark.parametrize(
    ("disturbance", "means"),
    [
        (saying("<html>"), TransientVendorError),
        (saying("{}"), TransientVendorError),
        (saying('{"messages": 5, "page": 0}'), TransientVendorError),
        (saying('{"messages": [5], "meta": {"key": "messages"}}'), TransientVendorError),
        (refusing(Refusal(500, 20500)), TransientVendorError),
        (refusing(Refusal(429, 20429)), TransientVendorError),
        (refusing(Refusal(401, 20003)), VendorNotConfigured),
    ],
)
def test_while_twilio_does_not_tell_there_is_no_telling(
    there: AtTwilio, disturbance: Any, means: type[VendorError]
) -> None:
    message = lost(there)
    there.company.disturbance = disturbance
    with pytest.raises(means):
        find(there, message)
