"""How the vendor proves and reads webhooks: what the contract cannot know of this protocol."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from service_vendors.exceptions import WebhookRejected
from service_vendors.types import (
    DeliveryReport,
    InboundMessage,
    InboundPart,
    VendorAccount,
    WebhookRequest,
)
from service_vendors.vendors.fakeservice.server import events
from service_vendors.vendors.fakeservice.vendor import FakeService

SECRET = "the signing secret"
BODY = events.body_of(
    events.received(message_id="m", contact="+12125550142", number="+12125550100", text="x", at=0)
)


def _vendor(**config: str) -> FakeService:
    return FakeService(VendorAccount("fakeservice", 1, {"signing_secret": SECRET, **config}))


def _request(header: str | None, body: bytes = BODY) -> WebhookRequest:
    headers = {} if header is None else {"x-webhook-signature": header}
    return WebhookRequest("fakeservice", "POST", "https://x/fakeservice/1", "", headers, body)


def _proof(secret: str = SECRET, age_seconds: float = 0) -> str:
    return events.signature([secret], BODY, time.time() - age_seconds)


def _read(value: Any) -> list[InboundMessage | InboundPart | DeliveryReport]:
    return list(_vendor().handle_incoming(_request(None, json.dumps(value).encode())))


# -- proof ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("age_seconds", [0, 250, -250])
def test_a_fresh_signature_proves(age_seconds: float) -> None:
    _vendor().verify(_request(_proof(age_seconds=age_seconds)))


@pytest.mark.parametrize("age_seconds", [320, 1_000_000, -320, -1_000_000])
def test_a_signature_of_another_time_proves_nothing(age_seconds: float) -> None:
    with pytest.raises(WebhookRejected, match="old"):
        _vendor().verify(_request(_proof(age_seconds=age_seconds)))


def test_how_old_a_signature_may_be_is_a_setting(settings: Any) -> None:
    settings.WEBHOOK_TOLERANCE_SECONDS = 10
    with pytest.raises(WebhookRejected):
        _vendor().verify(_request(_proof(age_seconds=20)))


def test_an_old_and_a_new_secret_both_prove_while_one_replaces_the_other() -> None:
    vendor = _vendor(signing_secret=f"new, {SECRET}", api_key="key")
    for secret in ("new", SECRET, "key"):
        vendor.verify(_request(_proof(secret)))
    for secret in (f"new, {SECRET}", "other", "", " "):
        with pytest.raises(WebhookRejected):
            vendor.verify(_request(_proof(secret)))


def test_one_good_proof_of_several_is_enough() -> None:
    proof = _proof()
    timestamp, _, good = proof.partition(",")
    _vendor().verify(_request(f"{timestamp},v1={'0' * 64},{good}"))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t=,v1=",
        "t=1",
        "v1=00",
        "t=now,v1=00",
        "t=-5,v1=00",
        "t=٣,v1=00",
        "t=1,t=1,v1=00",
        "t=99999999999999,v1=00",
        "v1=é,t=1",
        "," * 10_000,
        "t=1" + ",v1=00" * 1_000,
    ],
)
def test_what_is_no_signature_is_rejected(header: str | None) -> None:
    with pytest.raises(WebhookRejected):
        _vendor().verify(_request(header))


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=100), st.binary(max_size=100))
def test_no_text_at_all_proves_anything(header: str, body: bytes) -> None:
    with pytest.raises(WebhookRejected):
        _vendor().verify(_request(header, body))


# -- reading --------------------------------------------------------------------------------------

RECEIVED: dict[str, Any] = {
    "id": "e",
    "type": "message.received",
    "at": "2026-11-03T12:00:00+00:00",
    "message_id": "m-1",
    "from": "+12125550142",
    "to": "+12125550100",
    "text": "yes",
    "media": [],
    "pool": "P1",
}
PART = {**RECEIVED, "type": "message.part", "group": "g", "index": 1, "total": 2}
FAILED = {
    "id": "e",
    "type": "message.failed",
    "at": "2026-11-03T12:00:00+00:00",
    "message_id": "m-1",
    "reference": "r-1",
    "from": "+12125550100",
    "error_code": 404,
}


def test_a_call_may_tell_several_things() -> None:
    kinds = [type(one) for one in _read({"events": [RECEIVED, PART, FAILED, RECEIVED]})]
    assert kinds == [InboundMessage, InboundPart, DeliveryReport, InboundMessage]


def test_everything_of_a_message_is_read() -> None:
    (message,) = _read({"events": [RECEIVED]})
    assert message == InboundMessage(
        service_id="m-1",
        contact_number="+12125550142",
        user_number="+12125550100",
        text="yes",
        messageservice_sid="P1",
        sent_at=datetime(2026, 11, 3, 12, tzinfo=UTC),
    )


def test_half_a_character_is_made_whole() -> None:
    (message,) = _read({"events": [{**RECEIVED, "text": "a\ud83d b\udc4d"}]})
    assert isinstance(message, InboundMessage)
    assert message.text.encode() == "a\ufffd b\ufffd".encode()


MEDIUM = {"url": "https://example.org/1.png", "content_type": "image/png"}


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        (RECEIVED, {"type": "message.exploded"}),
        (RECEIVED, {"type": None}),
        (RECEIVED, {"type": ["message.received"]}),
        (RECEIVED, {"message_id": ""}),
        (RECEIVED, {"message_id": 5}),
        (RECEIVED, {"message_id": "x" * 201}),
        (RECEIVED, {"from": "12125550142"}),
        (RECEIVED, {"from": ["+12125550142"]}),
        (RECEIVED, {"to": ""}),
        (RECEIVED, {"to": "+1'; DROP TABLE"}),
        (RECEIVED, {"text": 5}),
        (RECEIVED, {"text": "x" * 20_001}),
        (RECEIVED, {"at": ""}),
        (RECEIVED, {"at": "yesterday"}),
        (RECEIVED, {"at": "2026-11-03T12:00:00"}),
        (RECEIVED, {"media": "picture"}),
        (RECEIVED, {"media": [MEDIUM] * 11}),
        (RECEIVED, {"media": ["https://example.org"]}),
        (RECEIVED, {"media": [{}]}),
        (RECEIVED, {"media": [{**MEDIUM, "url": "javascript:alert(1)"}]}),
        (RECEIVED, {"media": [{**MEDIUM, "url": "https://" + "x" * 2_000}]}),
        (RECEIVED, {"media": [{**MEDIUM, "content_type": 5}]}),
        (PART, {"index": 0}),
        (PART, {"index": 3}),
        (PART, {"index": True}),
        (PART, {"index": "1"}),
        (PART, {"total": 256}),
        (PART, {"group": ""}),
        (FAILED, {"error_code": None}),
        (FAILED, {"error_code": -1}),
        (FAILED, {"error_code": 10**9}),
        (FAILED, {"error_code": 1.5}),
    ],
)
def test_an_event_that_makes_no_sense_is_an_error(
    event: dict[str, Any], changes: dict[str, Any]
) -> None:
    assert _read({"events": [event]})
    with pytest.raises(ValueError, match=r"."):
        _read({"events": [{**event, **changes}]})


@pytest.mark.parametrize(
    "value", [[], {}, {"events": []}, {"events": [RECEIVED] * 101}, {"events": [5]}]
)
def test_a_call_that_tells_nothing_or_too_much_is_an_error(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        _read(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(st.sampled_from([RECEIVED, PART, FAILED]), st.sampled_from(sorted(PART | FAILED)), JSON)
def test_whatever_a_field_holds_it_is_read_or_refused(
    event: dict[str, Any], name: str, value: Any
) -> None:
    try:
        said = _read({"events": [{**event, name: value}]})
    except ValueError:
        return
    assert len(said) == 1
