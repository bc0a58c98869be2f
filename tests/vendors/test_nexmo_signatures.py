"""Only what Vonage signed, lately and for this account, is read.

The vectors are facts of Vonage's own tests (vonage-php-sdk-core, test/Client/SignatureTest.php,
Apache-2.0); where the whole file of them is at hand, all of it is tried.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import vonage_jwt
from vonage_http_client.auth import Auth

from service_vendors.exceptions import WebhookRejected
from service_vendors.types import InboundMessage, WebhookRequest
from service_vendors.vendors.nexmo.signatures import METHODS, signature
from tests.simulators.nexmo import callbacks
from tests.simulators.nexmo.callbacks import by_form, by_get, by_json, by_token, signed
from tests.simulators.openapi import FOLDER
from tests.vendors.nexmo_account import CONTACT, OURS, AtNexmo, at_nexmo

HMACS = tuple(method for method in METHODS if method != "md5hash")
CARRIERS = (by_get, by_form, by_json)

SECRET = "my_secret_key_for_testing"
TEST_AGAIN = {
    "message-timestamp": "2013-11-21 15:27:30",
    "messageId": "020000001B0FE827",
    "msisdn": "14843472194",
    "text": "Test again",
    "timestamp": "1385047698",
    "to": "13239877404",
    "type": "text",
}
AND_AND_EQUALS = {
    "keyword": "TEST",
    "message-timestamp": "2017-04-04 22:57:47",
    "messageId": "0B00000042AC53BD",
    "msisdn": "14843472194",
    "nonce": "929d6744-bd28-42c8-b6cf-31d5b4f43732",
    "text": "Test with & and =",
    "timestamp": "1491346667",
    "to": "12192259404",
    "type": "text",
}
WITHOUT_A_SECRET = {
    "message-timestamp": "2013-11-21 17:31:42",
    "messageId": "030000002A264B8B",
    "msisdn": "14843472194",
    "text": "Message test",
    "timestamp": "1385055102",
    "to": "14849970568",
    "type": "text",
}
VECTORS = (
    ("md5hash", SECRET, TEST_AGAIN, "d2e7b1dc968737c5998ad624e02f90b7"),
    ("md5", SECRET, TEST_AGAIN, "DDEBD46008C2D4E93CCE578A332A52D5"),
    ("sha1", SECRET, TEST_AGAIN, "27D0D05C2876C7CB1720DBCDBA4D492E1E55C09A"),
    (
        "sha256",
        SECRET,
        TEST_AGAIN,
        "DDB8397C2B90AAC7F3882D306475C9A5058C92322EEF43C92B298B6E0FC0D330",
    ),
    (
        "sha512",
        SECRET,
        TEST_AGAIN,
        "E0D3C650F8C9D1A5C174D10DDDBFB003E561F59B265616208B0487C5D819481C"
        "D3C311D59CF6165ECD1139622D5BA3A256C0D763AC4A9AD9144B5A426B94FE82",
    ),
    ("md5hash", SECRET, AND_AND_EQUALS, "e06d9763e3fd0b9c31beb5fc2fcb011c"),
    ("md5hash", "", WITHOUT_A_SECRET, "f0bfad43bd90cf1ea1f1525c18ba4dab"),
)


@pytest.fixture
def there() -> Iterator[AtNexmo]:
    """An account at Vonage."""
    with at_nexmo() as there:
        yield there


def inbound(text: str = "yes") -> InboundMessage:
    return InboundMessage("in-1", CONTACT, OURS, text)


def fields(there: AtNexmo, text: str = "yes") -> dict[str, str]:
    return callbacks.sms(there.company, inbound(text))


def rejection(there: AtNexmo, request: WebhookRequest, **changes: str) -> str:
    with pytest.raises(WebhookRejected) as raised:
        there.vendor(**changes).verify(request)
    return str(raised.value)


# -- vectors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "secret", "params", "sig"), VECTORS)
def test_signatures_are_those_of_vonages_own_tests(
    method: str, secret: str, params: Mapping[str, str], sig: str
) -> None:
    assert signature(params, secret, method) == sig.lower()
    assert signature({**params, "sig": "anything"}, secret, method) == sig.lower()


def test_signatures_are_those_of_the_whole_file() -> None:
    file = Path(os.environ.get("VENDOR_SPECS") or FOLDER) / "vonage" / "signature-vectors.json"
    vectors = json.loads(file.read_bytes())["vectors"] if file.is_file() else []
    for one in vectors:
        made = signature(one["params"], one["secret"], one["method"])
        assert made == one["sig"].lower()


@pytest.mark.parametrize("carry", CARRIERS)
@pytest.mark.parametrize(("method", "secret", "params", "sig"), VECTORS)
def test_a_vector_is_accepted_at_its_time_unless_its_secret_is_empty(
    there: AtNexmo, method: str, secret: str, params: Any, sig: str, carry: Any
) -> None:
    at = datetime.fromtimestamp(int(params["timestamp"]), UTC)
    request = replace(carry({**params, "sig": sig}), received_at=at)
    settings = {"signature_secret": secret, "signature_method": method}
    if not secret:
        assert "No signature secret" in rejection(there, request, **settings)
        return
    there.vendor(**settings).verify(request)
    (read,) = there.vendor(**settings).handle_incoming(request)
    assert isinstance(read, InboundMessage)
    assert (read.text, read.contact_number) == (params["text"], "+14843472194")


@pytest.mark.parametrize("carry", CARRIERS)
@pytest.mark.parametrize("method", HMACS)
def test_what_vonages_own_library_signed_is_accepted(
    there: AtNexmo, method: Any, carry: Any
) -> None:
    """It can make all methods but the one that a new account begins with."""
    auth = Auth(
        api_key=there.company.api_key,
        signature_secret=there.company.signature_secret,
        signature_method=method,
    )
    said = {**fields(there, "yes & no = maybe 🗳️"), "timestamp": str(int(time.time()))}
    request = carry({**said, "sig": auth.sign_params(dict(said))})
    there.vendor(signature_method=method).verify(request)


@pytest.mark.parametrize("method", HMACS)
def test_what_the_stand_in_signs_is_accepted_by_vonages_own_library(
    there: AtNexmo, method: Any
) -> None:
    auth = Auth(
        api_key=there.company.api_key,
        signature_secret=there.company.signature_secret,
        signature_method=method,
    )
    assert auth.check_signature(signed(fields(there), there.company.signature_secret, method))


# -- calls of the SMS API --------------------------------------------------------------------------


@pytest.mark.parametrize("carry", CARRIERS)
@pytest.mark.parametrize("method", METHODS)
def test_each_method_proves_each_way_to_call(there: AtNexmo, method: str, carry: Any) -> None:
    said = signed(fields(there, "a&b=c ü"), there.company.signature_secret, method)
    there.vendor(signature_method=method).verify(carry(said))
    lower = {**said, "sig": said["sig"].lower()}
    there.vendor(signature_method=method).verify(carry(lower))
    other = "sha512" if method != "sha512" else "sha256"
    assert "not ours" in rejection(there, carry(said), signature_method=other)


@pytest.mark.parametrize(
    ("written", "method"),
    [
        ("", "md5hash"),
        ("MD5 hash", "md5hash"),
        ("MD5 hash signature", "md5hash"),
        ("MD5 HMAC signature", "md5"),
        ("SHA-256 HMAC signature", "sha256"),
        (" sha512 ", "sha512"),
    ],
)
def test_the_dashboards_words_name_a_method(there: AtNexmo, written: str, method: str) -> None:
    request = by_get(signed(fields(there), there.company.signature_secret, method))
    there.vendor(signature_method=written).verify(request)


def test_a_method_that_nobody_knows_proves_nothing(there: AtNexmo) -> None:
    request = by_get(signed(fields(there), there.company.signature_secret, "md5hash"))
    assert "method" in rejection(there, request, signature_method="crc32")


@pytest.mark.parametrize("carry", CARRIERS)
def test_whatever_is_changed_is_noticed(there: AtNexmo, carry: Any) -> None:
    said = signed(fields(there), there.company.signature_secret)
    there.vendor().verify(carry(said))
    for name in said:
        changed = {**said, name: said[name] + "0"}
        assert rejection(there, carry(changed)), name
        assert rejection(there, carry({**said, name: ""})), name
        assert rejection(there, carry({k: v for k, v in said.items() if k != name})), name
    assert rejection(there, carry({**said, "client-ref": "added"}))


@pytest.mark.parametrize("carry", CARRIERS)
def test_a_signature_proves_nothing_long_after_or_before_its_time(
    there: AtNexmo, settings: Any, carry: Any
) -> None:
    settings.WEBHOOK_TOLERANCE_SECONDS = 300.0
    now = time.time()
    for seconds in (-290, 0, 290):
        proven = signed(fields(there), there.company.signature_secret, at=now + seconds)
        there.vendor().verify(carry(proven))
    for seconds in (-3_600, -310, 310, 3_600):
        old = signed(fields(there), there.company.signature_secret, at=now + seconds)
        assert "too old" in rejection(there, carry(old))


@pytest.mark.parametrize("stamp", ["", "soon", "1e9", "-1", "9" * 40, "²", "١٢٣"])
def test_a_signed_time_that_is_none_proves_nothing(there: AtNexmo, stamp: str) -> None:
    said = {**fields(there), "timestamp": stamp}
    sig = signature(said, there.company.signature_secret, "sha256")
    assert rejection(there, by_get({**said, "sig": sig}))


@pytest.mark.parametrize("carry", CARRIERS)
def test_credentials_for_a_gate_before_us_are_no_token(there: AtNexmo, carry: Any) -> None:
    request = carry(signed(fields(there), there.company.signature_secret))
    gate = {**request.headers, "authorization": "Basic YWJjOmRlZg=="}
    there.vendor().verify(replace(request, headers=gate))
    assert rejection(there, replace(carry(fields(there)), headers=gate))


def test_numbers_in_json_count_as_they_were_written(there: AtNexmo) -> None:
    """Read and written again, they might look otherwise, and not be what was signed."""
    written = {"price": "0.03330000", "network-code": "12345", "timestamp": str(int(time.time()))}
    sig = signature({**fields(there), **written}, there.company.signature_secret, "sha256")
    said = {**fields(there), **{name: f"<{name}>" for name in written}, "sig": sig}
    body = json.dumps(said)
    for name, value in written.items():
        body = body.replace(f'"<{name}>"', value)
    assert '"price": 0.03330000' in body
    request = replace(by_json({}), body=body.encode())
    there.vendor().verify(request)
    assert rejection(there, replace(request, body=body.replace("0.0333", "0.0334").encode()))


def test_our_own_tag_in_an_address_is_no_field_of_vonages(there: AtNexmo) -> None:
    said = signed(fields(there), there.company.signature_secret)
    there.vendor().verify(by_get({**said, "order": "order-1"}))
    assert rejection(there, by_form({**said, "order": "order-1"}))


def test_while_secrets_change_both_count(there: AtNexmo) -> None:
    request = by_get(signed(fields(there), there.company.signature_secret))
    there.vendor(signature_secret=f"new, {there.company.signature_secret}").verify(request)
    for secret in ("new", "new, other", " , ,", ","):
        assert rejection(there, request, signature_secret=secret)


@pytest.mark.parametrize("carry", CARRIERS)
def test_more_fields_than_any_call_has_are_refused_before_they_are_hashed(
    there: AtNexmo, carry: Any
) -> None:
    many = {**fields(there), **{f"x{number}": "" for number in range(200)}}
    assert rejection(there, carry(signed(many, there.company.signature_secret)))


# -- calls of the Messages API ---------------------------------------------------------------------


def test_a_token_of_vonages_proves_a_call(there: AtNexmo) -> None:
    request = by_token(there.company, callbacks.message(inbound()))
    there.vendor().verify(request)
    bearer = request.headers["authorization"].removeprefix("Bearer ")
    secret = there.company.signature_secret
    assert vonage_jwt.verify_signature(bearer, secret), "their own library takes it, too"


def test_a_secret_of_any_length_proves_a_token(there: AtNexmo) -> None:
    for secret in ("short", "x" * 64, "ü" * 200):
        request = by_token(there.company, callbacks.message(inbound()), secret=secret)
        there.vendor(signature_secret=secret).verify(request)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"payload_hash": hashlib.sha256(b"other").hexdigest()}, "body"),
        ({"payload_hash": None}, "body"),
        ({"payload_hash": ""}, "body"),
        ({"payload_hash": ["x"]}, "body"),
        ({"api_key": "another1"}, "another account"),
        ({"api_key": None}, "another account"),
        ({"api_key": ""}, "another account"),
        ({"iat": 1_385_047_698}, "too old"),
        ({"iat": 9_385_047_698}, "too old"),
        ({"iat": None}, "no time"),
        ({"iat": "now"}, "no time"),
        ({"iat": -1}, "no time"),
    ],
)
def test_what_a_token_says_is_checked(there: AtNexmo, claims: Any, words: str) -> None:
    """Vonage's own helper checks the signature alone, and takes a body that was changed."""
    request = by_token(there.company, callbacks.message(inbound()), **claims)
    assert words in rejection(there, request)


def test_a_body_that_was_changed_is_refused(there: AtNexmo) -> None:
    request = by_token(there.company, callbacks.message(inbound("yes")))
    other = replace(request, body=request.body.replace(b"yes", b"no!"))
    assert "body" in rejection(there, other)


@pytest.mark.parametrize("secret", ["", "other"])
def test_a_token_of_somebody_else_proves_nothing(there: AtNexmo, secret: str) -> None:
    request = by_token(there.company, callbacks.message(inbound()), secret=secret)
    assert "not ours" in rejection(there, request)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a.b.c",
        "Bearer " + "." * 10_000,
        "Basic YWJjOmRlZg==",
        "Bearer \x00",
    ],
)
def test_a_header_that_is_no_token_proves_nothing(there: AtNexmo, header: str) -> None:
    request = by_token(there.company, callbacks.message(inbound()))
    assert rejection(there, replace(request, headers={**request.headers, "authorization": header}))


def test_a_token_that_names_its_own_algorithm_proves_nothing(there: AtNexmo) -> None:
    import jwt

    body = json.dumps(callbacks.message(inbound())).encode()
    claims = {
        "iat": int(time.time()),
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": there.company.api_key,
    }
    unsigned = jwt.encode(claims, None, algorithm="none")
    by_application = jwt.encode(claims, there.company.private_key, algorithm="RS256")
    for token in (unsigned, by_application):
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        request = replace(by_json({}), headers=headers, body=body)
        assert rejection(there, request)


def test_an_account_without_its_key_takes_no_token(there: AtNexmo) -> None:
    request = by_token(there.company, callbacks.message(inbound()), api_key="")
    assert "another account" in rejection(there, request, account_id="")


# -- is anybody there? -----------------------------------------------------------------------------


def test_a_call_without_a_field_is_greeted_and_proves_nothing(there: AtNexmo) -> None:
    vendor = there.vendor()
    for query in ("", urlencode({"order": "order-1"})):
        request = replace(by_get({}), query=query)
        answer = vendor.greeting(request)
        assert answer is not None and answer.status == 200
        assert rejection(there, request)


def test_a_call_that_says_anything_is_not_greeted(there: AtNexmo) -> None:
    vendor = there.vendor()
    for request in (
        by_get({"text": "yes"}),
        by_get({"sig": "", "order": "order-1"}),
        by_json({}),
        by_form({"text": "yes"}),
        replace(by_get({}), body=b"{}"),
    ):
        assert vendor.greeting(request) is None
