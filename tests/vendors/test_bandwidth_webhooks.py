"""What Bandwidth calls us with: its documented samples, proven by credentials of our own making."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_vendors.exceptions import WebhookRejected
from service_vendors.types import (
    DeliveryReport,
    InboundMessage,
    Media,
    ReportStatus,
    WebhookRequest,
)
from service_vendors.vendors.bandwidth import errors
from tests.simulators.bandwidth import callbacks
from tests.simulators.bandwidth.callbacks import DELIVERED, FAILED, RECEIVED, SENDING, filled
from tests.vendors.bandwidth_account import AtBandwidth, at_bandwidth

REFERENCE = "018f3e2a6f0a7cde9b3a1f2e3d4c5b6a"


@pytest.fixture(scope="module")
def there() -> Iterator[AtBandwidth]:
    """An account whose application shows our credentials."""
    with at_bandwidth() as there:
        yield there


def call(there: AtBandwidth, *events: Any, password: str = "") -> WebhookRequest:
    """A proven call that tells of events."""
    password = password or there.config["callback_password"]
    return callbacks.call(list(events), there.config["callback_user"], password)


def said(there: AtBandwidth, *events: Any) -> list[Any]:
    """What a proven call says."""
    request = call(there, *events)
    vendor = there.vendor()
    vendor.verify(request)
    return list(vendor.handle_incoming(request))


# -- the documented samples -----------------------------------------------------------------------


def test_a_text_that_came(there: AtBandwidth) -> None:
    assert said(there, RECEIVED) == [
        InboundMessage(
            service_id="14762070468292kw2fuqty55yp2b2",
            contact_number="+12345678901",
            user_number="+12345678902",
            text="Hey, check out this SMS!",
            messageservice_sid="93de2206-9669-4e07-948d-329f4b722ee2",
            sent_at=datetime(2025, 1, 6, 15, 43, 34, tzinfo=UTC),
        )
    ]


def test_a_picture_that_came_to_several_is_read_for_the_number_the_copy_is_for(
    there: AtBandwidth,
) -> None:
    (one,) = said(there, callbacks.RECEIVED_PICTURE)
    url = (
        "https://messaging.bandwidth.com/api/v2/users/9900902/media/"
        "14762070468292kw2fuqty55yp2b2/0/bw.png"
    )
    assert one.media == (Media(url),)
    assert one.user_number == "+12345678902"
    (other,) = said(there, filled(callbacks.RECEIVED_PICTURE, {}, to="+12345678903"))
    assert other.user_number == "+12345678903"


@pytest.mark.parametrize(
    ("sample", "kind", "status"),
    [
        (SENDING, "message-sending", ReportStatus.SENT),
        (SENDING, "message-sent", ReportStatus.SENT),
        (DELIVERED, "message-delivered", ReportStatus.DELIVERED),
        (DELIVERED, "message-read", ReportStatus.DELIVERED),
        (FAILED, "message-failed", ReportStatus.ERROR),
    ],
)
def test_what_became_of_a_message(
    there: AtBandwidth, sample: dict[str, Any], kind: str, status: ReportStatus
) -> None:
    event = filled(sample, {"tag": REFERENCE}, type=kind)
    (report,) = said(there, event)
    assert isinstance(report, DeliveryReport)
    assert report.status is status
    assert report.reference == REFERENCE
    assert report.service_id == event["message"]["id"]
    assert report.occurred_at == datetime.fromisoformat(event["time"])
    assert report.error_code == (4432 if status is ReportStatus.ERROR else None)


def test_several_events_in_one_call_are_all_read(there: AtBandwidth) -> None:
    found = said(there, RECEIVED, SENDING, DELIVERED, FAILED, callbacks.RECEIVED_PICTURE)
    kinds = [type(one) for one in found]
    assert kinds == [InboundMessage, *[DeliveryReport] * 3, InboundMessage]


def test_kinds_that_are_none_of_our_business_say_nothing(there: AtBandwidth) -> None:
    assert said(there, {"type": "suggestion-response"}, {"type": "message-of-next-year"}) == []


@pytest.mark.parametrize("code", sorted(errors.CONTACT_STATUS | dict.fromkeys(errors.UNSUBSCRIBED)))
def test_a_failure_teaches_about_the_contact(there: AtBandwidth, code: int) -> None:
    (report,) = said(there, filled(FAILED, {}, errorCode=code))
    assert report.contact_status is errors.CONTACT_STATUS.get(code)
    assert report.opted_out is (code in errors.UNSUBSCRIBED)
    (as_text,) = said(there, filled(FAILED, {}, errorCode=str(code)))
    assert as_text == report


def test_a_failure_of_the_moment_teaches_nothing_about_the_contact(there: AtBandwidth) -> None:
    for code in (4470, 4750, 4770, 5630, 9902):
        (report,) = said(there, filled(FAILED, {}, errorCode=code))
        assert report.contact_status is None and not report.opted_out
    (unexplained,) = said(there, filled(FAILED, {}, errorCode=None))
    assert unexplained.error_code is None


@pytest.mark.parametrize("tag", [None, "", "your tag here", "1|2", "7", "x" * 1_024, "18f3e2a6"])
def test_a_tag_that_is_not_of_our_making_picks_no_message_and_no_tenant(
    there: AtBandwidth, tag: str | None
) -> None:
    """Spoke: a tag without "|" throws (BM:275), and one with it picks the tenant (BM:258)."""
    (report,) = said(there, filled(DELIVERED, {"tag": tag}))
    assert report.reference == ""
    assert report.service_id


def test_the_layout_of_a_picture_message_is_no_picture(there: AtBandwidth) -> None:
    media = ["https://example.org/0.SMIL", "https://example.org/1.png"]
    (one,) = said(there, filled(callbacks.RECEIVED_PICTURE, {"media": media}))
    assert one.media == (Media("https://example.org/1.png"),)


def test_senders_that_are_no_numbers_are_taken_as_they_are(there: AtBandwidth) -> None:
    (one,) = said(there, filled(RECEIVED, {"from": "12345"}))
    assert one.contact_number == "12345"


# -- what is no event -----------------------------------------------------------------------------

GARBAGE: list[Any] = [
    None,
    3,
    "message-received",
    [],
    {},
    {"type": None},
    {"type": ["message-received"]},
    {"type": "message-received"},
    {"type": "message-delivered", "message": None},
    {"type": "message-delivered", "message": []},
    filled(RECEIVED, {"id": None}),
    filled(RECEIVED, {"id": 3}),
    filled(RECEIVED, {"from": None}),
    filled(RECEIVED, {"from": "a very long name of nobody"}),
    filled(RECEIVED, {"text": ["x"]}),
    filled(RECEIVED, {"text": "x" * 100_000}),
    filled(RECEIVED, {"media": "https://example.org"}),
    filled(RECEIVED, {"media": ["javascript:alert(1)"]}),
    filled(RECEIVED, {"media": ["https://example.org/x"] * 51}),
    filled(RECEIVED, {"time": "yesterday"}),
    filled(RECEIVED, {"time": "2025-01-06T15:43:34"}),
    filled(DELIVERED, {"tag": 3}),
    filled(FAILED, {}, errorCode="many"),
    filled(FAILED, {}, errorCode=-1),
    filled(FAILED, {}, errorCode=True),
    filled(FAILED, {}, errorCode=10**30),
]


@pytest.mark.parametrize("event", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_an_error_and_harms_no_event_beside_it(there: AtBandwidth, event: Any) -> None:
    """Spoke: an authenticated ``[null]`` ends the server (B:92)."""
    with pytest.raises(ValueError):  # noqa: PT011 - any sentence will do
        said(there, event)
    kept = said(there, RECEIVED, event, DELIVERED)
    assert [type(one) for one in kept] == [InboundMessage, DeliveryReport]


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"{}", b"3", b'"x"', b"[", b"[]", b"\xff\xfe", b"[" * 90_000, b"[null]"],
)
def test_a_body_that_is_no_array_of_events_is_an_error(there: AtBandwidth, body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        there.vendor().handle_incoming(replace(call(there), body=body))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4),
    max_leaves=12,
)
EVENT_LIKE = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["message-received", "message-failed", "message-x"]) | JSON,
        "to": JSON,
        "time": st.just("2025-01-06T15:43:34Z") | JSON,
        "errorCode": JSON,
        "message": st.fixed_dictionaries(
            {},
            optional={
                name: st.sampled_from(["+12345678902", "id-1"]) | JSON
                for name in ("id", "from", "owner", "text", "media", "time", "tag", "to")
            },
        )
        | JSON,
    },
)


@given(st.lists(EVENT_LIKE | JSON, max_size=4))
def test_whatever_comes_is_read_or_is_a_value_error(there: AtBandwidth, events: Any) -> None:
    request = replace(call(there), body=json.dumps(events).encode())
    try:
        found = there.vendor().handle_incoming(request)
    except ValueError:
        return
    for one in found:
        assert isinstance(one, InboundMessage | DeliveryReport)
        one.text.encode() if isinstance(one, InboundMessage) else one.reference.encode()


# -- proof ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Bearer dGV4dGluZzp4",
        "basic:dGV4dGluZzp4",
        f"Basic {b64encode(b'texting').decode()}",
        f"Basic {b64encode(b':').decode()}",
        f"Basic {b64encode(b'texting:').decode()}",
        f"Basic {b64encode(b':what-only-bandwidth-shows').decode()}",
        f"Basic {b64encode(b'Texting:what-only-bandwidth-shows').decode()}",
        f"Basic {b64encode(b'texting:what-only-bandwidth-show').decode()}",
        f"Basic {b64encode(b'texting:what-only-bandwidth-showss').decode()}",
        f"Basic {b64encode('texting:würde'.encode()).decode()}",
        f"Basic {b64encode(bytes(range(256))).decode()}",
        "Basic " + "A" * 100_000,
    ],
)
def test_what_does_not_show_our_credentials_is_rejected(there: AtBandwidth, header: str) -> None:
    forged = replace(call(there, RECEIVED), headers={"authorization": header})
    with pytest.raises(WebhookRejected) as rejected:
        there.vendor().verify(forged)
    assert there.config["callback_password"] not in str(rejected.value)


@pytest.mark.parametrize("password", ["", " ", ",", " , "])
def test_an_empty_password_proves_nothing(there: AtBandwidth, password: str) -> None:
    """Spoke: the secret is derived from one that may be empty (BS:48)."""
    vendor = there.vendor(callback_password=password)
    for shown in ("", " ", ",", password):
        with pytest.raises(WebhookRejected):
            vendor.verify(callbacks.call([RECEIVED], there.config["callback_user"], shown))


def test_the_comparison_takes_no_shortcut(
    there: AtBandwidth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spoke: compares with ``==`` (B:84). Here all candidates are compared, in constant time."""
    from service_vendors.vendors.bandwidth import webhooks

    compared: list[tuple[bytes, bytes]] = []
    genuine = webhooks.hmac.compare_digest

    def note(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return genuine(one, other)

    monkeypatch.setattr(webhooks.hmac, "compare_digest", note)
    vendor = there.vendor(callback_password="first-of-three,second,third")
    for shown in ("first-of-three", "third", "none of them"):
        compared.clear()
        request = callbacks.call([RECEIVED], "texting", shown)
        if shown == "none of them":
            with pytest.raises(WebhookRejected):
                vendor.verify(request)
        else:
            vendor.verify(request)
        assert len(compared) == 4, "the user, and every password"


def test_while_the_password_is_replaced_the_old_one_is_good_too(there: AtBandwidth) -> None:
    vendor = there.vendor(callback_password="the-new-one, the-old-one")
    for password in ("the-new-one", "the-old-one"):
        vendor.verify(call(there, RECEIVED, password=password))
    with pytest.raises(WebhookRejected):
        vendor.verify(call(there, RECEIVED, password="the-new-one, the-old-one"))
    with pytest.raises(WebhookRejected):
        there.vendor(callback_password="the-new-one").verify(
            call(there, RECEIVED, password="the-old-one")
        )
