"""Nothing that Twilio did not sign is accepted; all that it did sign is, however it comes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import HMAC_SHA256

from service_vendors.exceptions import WebhookRejected
from service_vendors.types import WebhookRequest
from service_vendors.vendors.twilio.signatures import MOST_FIELDS, verify
from tests.simulators import openapi
from tests.simulators.twilio import callbacks
from tests.simulators.twilio.callbacks import Call

TOKEN = "12345"
BASE = "https://texting.example.org"
URL = f"{BASE}/twilio/1"
FIELDS = {"From": "+12125550142", "To": "+12125550100", "Body": "yes", "FromCity": ""}


def accepts(request: WebhookRequest, *tokens: str, base: str = "") -> bool:
    """Whether a request counts as Twilio's."""
    try:
        verify(request, tokens or (TOKEN,), base)
    except WebhookRejected:
        return False
    return True


# -- vectors --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Vector:
    """One signature as the SDK's own tests know it (twilio-python, MIT licence)."""

    url: str
    signature: str
    params: tuple[tuple[str, str], ...] = ()
    json_body: str = ""

    def request(self) -> WebhookRequest:
        kind = "application/json" if self.json_body else callbacks.FORM
        headers = {callbacks.SIGNATURE_HEADER: self.signature, "Content-Type": kind}
        body = self.json_body or urlencode(self.params)
        return Call("POST", self.url, headers, body.encode()).request()


SITE = "mycompany.com/myapp.php?foo=1&bar=2"
CALL = (
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
)
REPEATED = (
    ("Sid", "CA123"),
    ("SidAccount", "AC123"),
    ("Digits", "5678"),
    ("Digits", "1234"),
    ("Digits", "1234"),
)
JSON_BODY = '{"property": "value", "boolean": true}'
JSON_HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
WITH_PORT = "mycompany.com:1234/myapp.php?foo=1&bar=2"
VECTORS = (
    Vector(f"https://{SITE}", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", CALL),
    Vector(f"https://{SITE}", "IK+Dwps556ElfBT0I3Rgjkr1wJU=", REPEATED),
    Vector(f"https://{SITE}", "kvajT1Ptam85bY51eRf/AJRuM3w=", CALL),
    Vector(f"http://{SITE}", "0ZXoZLH/DfblKGATFgpif+LLRf4=", CALL),
    Vector(f"https://{WITH_PORT}", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", CALL),
    Vector(f"http://{WITH_PORT}", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=", CALL),
    Vector(
        f"https://{SITE}&bodySHA256={JSON_HASH}",
        "a9nBmqA0ju/hNViExpshrM61xv4=",
        json_body=JSON_BODY,
    ),
)


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_the_vectors_of_twilios_own_tests_hold(vector: Vector) -> None:
    genuine = vector.request()
    assert accepts(genuine)
    assert not accepts(genuine, "54321")
    assert not accepts(replace(genuine, url=genuine.url.replace("foo=1", "foo=2")))
    assert not accepts(replace(genuine, body=genuine.body.replace(b"1", b"2", 1) + b" "))


def test_these_are_all_the_vectors_there_are() -> None:
    """Where the file they were copied from is at hand."""
    file = openapi.folder() / "twilio" / "signature-vectors.json"
    told = json.loads(file.read_text()) if file.is_file() else {"auth_token": TOKEN}
    assert told["auth_token"] == TOKEN
    for one in told.get("vectors", ()):
        params = tuple((name, value) for name, value in one.get("params", ()))
        vector = Vector(one["url"], one["signature"], params, one.get("json_body", ""))
        assert one["valid"] and vector in VECTORS


# -- the address that is signed -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signed", "seen"),
    [
        (URL, URL),
        ("https://texting.example.org:443/twilio/1", URL),
        (URL, "https://texting.example.org:8443/twilio/1"),
        ("http://texting.example.org:80/twilio/1", "http://texting.example.org/twilio/1"),
        (f"{URL}?a=b%20c&d=", f"{URL}?a=b%20c&d="),
    ],
)
def test_a_default_port_may_be_signed_or_not(signed: str, seen: str) -> None:
    genuine = callbacks.posted(signed, FIELDS, TOKEN).request()
    assert accepts(replace(genuine, url=seen, query=urlsplit(seen).query))


def test_behind_a_proxy_the_address_that_twilio_was_told_counts_too() -> None:
    """The proxy takes a piece of the path away; only the settings know it."""
    base = f"{BASE}/texting"
    genuine = callbacks.posted(f"{base}/twilio/1?source=console", FIELDS, TOKEN).request()
    inside = replace(genuine, address="twilio", url=f"{BASE}/twilio/1?source=console")
    assert not accepts(inside)
    assert accepts(inside, base=base)
    installations = callbacks.posted(f"{base}/twilio", FIELDS, TOKEN).request(None)
    assert accepts(replace(installations, address="twilio", url=f"{BASE}/twilio"), base=base)
    assert not accepts(replace(inside, organization_id=None), base=base)


def test_what_was_signed_for_one_organization_proves_nothing_to_another() -> None:
    """Spoke: the organization in the address is ignored (T:147, 173)."""
    genuine = callbacks.posted(URL, FIELDS, TOKEN).request()
    assert accepts(genuine, base=BASE)
    assert not accepts(replace(genuine, url=f"{BASE}/twilio/2", organization_id=2), base=BASE)
    reports = f"{BASE}/twilio-message-report/1"
    moved = replace(genuine, url=reports, address="twilio-message-report")
    assert not accepts(moved, base=BASE)


# -- the fields that are signed -------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"Body": "no"},
        {"Body": ""},
        {"Body": " yes"},
        {"AccountSid": "AC" + "0" * 32},
        {"FromCity": "Ohio"},
        {"from": "+12125550142"},
    ],
)
def test_no_field_can_be_changed_or_added(changes: dict[str, str]) -> None:
    genuine = callbacks.posted(URL, FIELDS, TOKEN).request()
    assert accepts(genuine)
    assert not accepts(replace(genuine, body=urlencode(FIELDS | changes).encode()))


def test_no_field_can_be_left_out_unless_it_says_nothing() -> None:
    genuine = callbacks.posted(URL, FIELDS, TOKEN).request()
    for name in FIELDS:
        rest = {key: value for key, value in FIELDS.items() if key != name}
        assert not accepts(replace(genuine, body=urlencode(rest).encode()))


def test_blanks_and_empty_values_are_signed_and_repetitions_once() -> None:
    fields = [("Body", "  "), ("ToCity", ""), ("Digits", "2"), ("Digits", "1"), ("Digits", "2")]
    assert accepts(callbacks.posted(URL, fields, TOKEN).request())


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=8), st.text(min_size=1))
def test_whatever_the_fields_say_twilios_signature_holds(
    fields: dict[str, str], token: str
) -> None:
    if token.strip():
        assert accepts(callbacks.posted(URL, fields, token).request(), token)


@given(st.binary(max_size=60), st.text(max_size=30))
def test_whatever_a_stranger_sends_is_refused(body: bytes, signature: str) -> None:
    for kind in (callbacks.FORM, "application/json", "text/plain", ""):
        headers = {callbacks.SIGNATURE_HEADER: signature, "Content-Type": kind}
        for method in ("POST", "GET"):
            assert not accepts(Call(method, URL, headers, body).request(), base=BASE)


def test_a_form_of_absurdly_many_fields_is_refused() -> None:
    fields = {f"Field{number}": "x" for number in range(MOST_FIELDS + 1)}
    assert not accepts(callbacks.posted(URL, fields, TOKEN).request())
    fields.popitem()
    assert accepts(callbacks.posted(URL, fields, TOKEN).request())


# -- tokens ---------------------------------------------------------------------------------------


def test_while_tokens_change_either_one_proves_a_call() -> None:
    for token in ("new", "old"):
        assert accepts(callbacks.posted(URL, FIELDS, token).request(), "new", "old")
    assert not accepts(callbacks.posted(URL, FIELDS, "other").request(), "new", "old")


@pytest.mark.parametrize("tokens", [[], [""], [" "], ["", " "]])
def test_without_a_token_nothing_is_proven(tokens: list[str]) -> None:
    """Spoke: a setting skips the check, even at "false" (T:36)."""
    for token in ("", " ", TOKEN):
        request = callbacks.posted(URL, FIELDS, token).request()
        with pytest.raises(WebhookRejected, match="Auth Token"):
            verify(request, tokens, BASE)


# -- other ways to call ---------------------------------------------------------------------------


def test_a_get_is_signed_by_its_address() -> None:
    genuine = callbacks.got(URL, FIELDS, TOKEN).request()
    assert dict(parse_qsl(genuine.query, keep_blank_values=True)) == FIELDS
    assert accepts(genuine)
    assert not accepts(replace(genuine, url=genuine.url.replace("yes", "no")))
    assert not accepts(replace(genuine, body=b"Body=no"))
    assert not accepts(replace(genuine, method="POST", body=b"Body=no"))


@pytest.mark.parametrize(
    ("url", "body", "counts"),
    [
        (f"{URL}?bodySHA256={JSON_HASH}", JSON_BODY, True),
        (f"{URL}?bodySHA256={JSON_HASH.upper()}", JSON_BODY, True),
        (f"{URL}?bodySHA256={JSON_HASH}", JSON_BODY + " ", False),
        (f"{URL}?bodySHA256={JSON_HASH}", "", False),
        (f"{URL}?bodySHA256=", JSON_BODY, False),
        (f"{URL}?bodySHA256=é", JSON_BODY, False),
        (f"{URL}?bodySHA256={JSON_HASH}&bodySHA256={'0' * 64}", JSON_BODY, False),
        (URL, JSON_BODY, False),
    ],
)
def test_a_json_body_counts_when_the_signed_address_says_its_hash(
    url: str, body: str, counts: bool
) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8", **_proof(url)}
    assert accepts(Call("POST", url, headers, body.encode()).request()) is counts


def test_a_body_of_another_kind_is_covered_by_nothing() -> None:
    genuine = callbacks.posted(URL, {}, TOKEN).request()
    assert accepts(genuine), "a call without fields"
    for kind in ("text/xml", "multipart/form-data; boundary=x", ""):
        headers = {**genuine.headers, "content-type": kind}
        assert not accepts(replace(genuine, headers=headers, body=b"Body=yes"))


def test_a_shared_key_signs_with_sha_256_and_no_call_may_choose_less() -> None:
    genuine = callbacks.posted(URL, FIELDS, TOKEN, algorithm=HMAC_SHA256).request()
    assert accepts(genuine)
    settings = callbacks.SIGNATURE_SETTINGS_HEADER.lower()
    plain = {name: value for name, value in genuine.headers.items() if name != settings}
    assert not accepts(replace(genuine, headers=plain)), "a SHA-256 is no SHA-1"
    for algorithm in ("HMAC_MD5", "NONE", "hmac_sha512"):
        headers = {**genuine.headers, settings: f"key=1,algorithm={algorithm}"}
        assert not accepts(replace(genuine, headers=headers))


def _proof(url: str) -> dict[str, str]:
    """The signature of an address alone, by hand: the SDK is tried with what it would not sign."""
    digest = hmac.digest(TOKEN.encode(), url.encode(), hashlib.sha1)
    return {callbacks.SIGNATURE_HEADER: base64.b64encode(digest).decode()}
