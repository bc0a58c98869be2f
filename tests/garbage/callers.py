"""Each vendor's way to call: where, with what, and how it proves that it was the vendor."""

from __future__ import annotations

import hashlib
import json
import time
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final
from urllib.parse import parse_qsl

import jwt
from django.utils.datastructures import MultiValueDict
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from service_vendors.vendors.fakeservice.server import events
from tests.garbage.bodies import FORM, JSON, form_bodies, json_bodies, nonsense
from tests.simulators.bandwidth import callbacks as bandwidth
from tests.simulators.nexmo.callbacks import signed

BASE: Final = "https://texts.example.org"
SECRET: Final = "a secret of these tests that is long enough"
CONTACT, OURS = "+12125550123", "+12125550100"
NOW: Final = "2026-11-24T12:00:00+00:00"

_KINDS: Final = (
    "",
    "text/plain",
    "application/json; charset=utf-16",
    "application/x-www-form-urlencoded; charset=latin-1",
    "multipart/form-data; boundary=x",
    "é\x7f",
)
_QUERIES: Final = ("", "", "", "a=1&a=2", "%00=%FF", "x=%ud800", "reference=a%00&proof=b", "&&=")


@dataclass(frozen=True, repr=False)
class Call:
    """What goes over the wire to ``path``."""

    path: str
    body: bytes
    content_type: str = ""
    method: str = "POST"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Short enough for a failure: some bodies are very long."""
        told = (self.method, self.path, self.query[:300], self.content_type, self.body[:600])
        return f"Call{told}"

    @property
    def url(self) -> str:
        """The whole public address."""
        return f"{BASE}{self.path}{'?' if self.query else ''}{self.query}"


class Caller(ABC):
    """A company that calls, with a secret that the settings know."""

    service: ClassVar[str]
    addresses: ClassVar[Sequence[str]]
    settings: ClassVar[Mapping[str, str]]
    gets: ClassVar[bool] = False

    @abstractmethod
    def bodies(self) -> st.SearchStrategy[tuple[str, bytes]]:
        """Content types and bodies that are nearly right."""

    @abstractmethod
    def good(self, path: str, text: str) -> Call:
        """A contact's message with this text, proven."""

    @abstractmethod
    def proven(self, call: Call) -> Call:
        """The call with the proof that it comes from the company, if such a one can be proven."""

    def calls(self, organization_id: int) -> st.SearchStrategy[Call]:
        """Calls that prove nothing yet: to an organization's address or to everybody's."""
        paths = [f"/{one}/{organization_id}" for one in self.addresses]
        return st.builds(
            self._call,
            st.sampled_from(paths),
            st.one_of(
                self.bodies(),
                self.bodies(),
                st.tuples(st.sampled_from((JSON, FORM, *_KINDS)), nonsense()),
            ),
            st.one_of(st.none(), st.none(), st.sampled_from(_KINDS)),
            st.sampled_from(_QUERIES),
            st.booleans() if self.gets else st.just(value=False),
        )

    def _call(
        self, path: str, said: tuple[str, bytes], kind: str | None, query: str, get: bool
    ) -> Call:
        content_type, body = said
        if get:
            return Call(path, b"", "", "GET", body[:5_000].decode("latin-1").replace("#", "%23"))
        return Call(path, body, content_type if kind is None else kind, "POST", query)


class OfTwilio(Caller):
    """Signs the address and a form's fields, or the address and a JSON body's hash."""

    service = "twilio"
    addresses = ("twilio", "twilio-message-report")
    settings: ClassVar = {"TWILIO_ACCOUNT_SID": f"AC{'0' * 32}", "TWILIO_AUTH_TOKEN": SECRET}
    gets = True
    message: ClassVar = {
        "MessageSid": f"SM{'1' * 32}",
        "SmsStatus": "received",
        "NumMedia": "2",
        "MediaUrl0": "https://api.twilio.com/1.png",
        "MediaContentType0": "image/png",
        "MediaUrl1": "https://api.twilio.com/2.png",
        "OptOutType": "HELP",
        "From": CONTACT,
        "To": OURS,
        "Body": "Yes",
        "MessagingServiceSid": f"MG{'1' * 32}",
    }
    report: ClassVar = {
        "MessageSid": f"SM{'2' * 32}",
        "MessageStatus": "failed",
        "ErrorCode": "21610",
        "From": OURS,
        "To": CONTACT,
    }

    def bodies(self) -> st.SearchStrategy[tuple[str, bytes]]:
        """Forms, and now and then JSON."""
        samples = st.sampled_from((self.message, self.report))
        return st.one_of(
            st.tuples(st.just(FORM), samples.flatmap(form_bodies)),
            st.tuples(st.just(JSON), samples.flatmap(json_bodies)),
        )

    def good(self, path: str, text: str) -> Call:
        """A form."""
        pairs = {"MessageSid": f"SM{text}", "From": CONTACT, "To": OURS, "Body": text}
        body = "&".join(f"{n}={v.replace('+', '%2B')}" for n, v in pairs.items())
        return self.proven(Call(path, body.encode(), FORM))

    def proven(self, call: Call) -> Call:
        """As the SDK's validator makes a signature; what is no form has no fields."""
        fields: MultiValueDict[str, str] = MultiValueDict()
        kind = call.content_type.partition(";")[0].strip()
        if kind == JSON:
            said = f"bodySHA256={hashlib.sha256(call.body).hexdigest()}"
            call = replace(call, query=f"{call.query}&{said}" if call.query else said)
        elif call.method == "POST":
            try:
                for name, value in parse_qsl(call.body.decode(), keep_blank_values=True):
                    fields.appendlist(name, value)
            except ValueError:
                pass
        try:
            proof = RequestValidator(SECRET).compute_signature(call.url, fields)
        except UnicodeError:
            proof = "none"
        return replace(call, headers={"x-twilio-signature": proof})


class OfBandwidth(Caller):
    """Shows a user and a password."""

    service = "bandwidth"
    addresses = ("bandwidth",)
    settings: ClassVar = {
        "BANDWIDTH_CALLBACK_USER": "caller",
        "BANDWIDTH_CALLBACK_PASSWORD": SECRET,
    }
    samples: ClassVar = (
        [bandwidth.RECEIVED_PICTURE],
        [bandwidth.DELIVERED],
        [bandwidth.filled(bandwidth.FAILED, {}, errorCode=4775)],
        [bandwidth.RECEIVED, bandwidth.SENDING],
    )

    def bodies(self) -> st.SearchStrategy[tuple[str, bytes]]:
        """Lists of events."""
        return st.tuples(st.just(JSON), st.sampled_from(self.samples).flatmap(json_bodies))

    def good(self, path: str, text: str) -> Call:
        """One event."""
        event = bandwidth.filled(bandwidth.RECEIVED, {"id": text, "text": text})
        return self.proven(Call(path, json.dumps([event]).encode(), JSON))

    def proven(self, call: Call) -> Call:
        """Basic credentials."""
        proof = b64encode(f"caller:{SECRET}".encode()).decode()
        return replace(call, headers={"authorization": f"Basic {proof}"})


class OfNexmo(Caller):
    """Signs fields among themselves, or brings a token with the body's hash."""

    service = "nexmo"
    addresses = ("nexmo", "nexmo-message-report")
    settings: ClassVar = {
        "NEXMO_API_KEY": "abcd1234",
        "NEXMO_SIGNATURE_SECRET": SECRET,
        "NEXMO_SIGNATURE_METHOD": "sha256",
    }
    gets = True
    part: ClassVar = {
        "api-key": "abcd1234",
        "msisdn": CONTACT[1:],
        "to": OURS[1:],
        "messageId": "0B0000",
        "text": "Yes",
        "type": "text",
        "concat": "true",
        "concat-ref": "7",
        "concat-total": "2",
        "concat-part": "1",
        "message-timestamp": "2026-11-24 12:00:00",
    }
    receipt: ClassVar = {
        "msisdn": CONTACT[1:],
        "to": OURS[1:],
        "messageId": "0C0000",
        "status": "failed",
        "err-code": "9",
        "scts": "2611241200",
        "client-ref": "0" * 32,
        "message-timestamp": "2026-11-24 12:00:00",
    }
    message: ClassVar = {
        "channel": "mms",
        "message_uuid": "aaaa",
        "to": OURS[1:],
        "from": CONTACT[1:],
        "timestamp": "2026-11-24T12:00:00Z",
        "message_type": "content",
        "text": "",
        "content": [{"type": "image", "url": "https://api.nexmo.com/1.png", "caption": "a"}],
    }
    status: ClassVar = {
        "message_uuid": "bbbb",
        "to": CONTACT[1:],
        "from": OURS[1:],
        "timestamp": "2026-11-24T12:00:00.361Z",
        "status": "rejected",
        "client_ref": "0" * 32,
        "error": {"type": "https://developer.vonage.com/api-errors#1432", "title": 1432},
    }

    def bodies(self) -> st.SearchStrategy[tuple[str, bytes]]:
        """Both APIs' ways."""
        return st.one_of(
            st.tuples(
                st.just(FORM), st.sampled_from((self.part, self.receipt)).flatmap(form_bodies)
            ),
            st.tuples(
                st.just(JSON),
                st.sampled_from((self.part, self.receipt, self.message, self.status)).flatmap(
                    json_bodies
                ),
            ),
        )

    def good(self, path: str, text: str) -> Call:
        """A message of the Messages API."""
        said = {**self.message, "message_uuid": text, "text": text, "content": []}
        return self.proven(Call(path, json.dumps(said).encode(), JSON))

    def proven(self, call: Call) -> Call:
        """A signature among the fields where they can carry one; else a token."""
        raw = call.query if call.method == "GET" else call.body.decode("utf-8", "replace")
        fields = dict(parse_qsl(raw, keep_blank_values=True))
        if call.method == "GET" or (call.content_type == FORM and 0 < len(fields) < 90):
            fields = {n: v.encode("utf-8", "replace").decode() for n, v in fields.items()}
            stamped = signed({n: v for n, v in fields.items() if n not in _OURS_ALONE}, SECRET)
            added = "&".join(f"{name}={stamped[name]}" for name in ("timestamp", "nonce", "sig"))
            whole = f"{raw}&{added}"
            if call.method == "GET":
                return replace(call, query=whole)
            return replace(call, body=whole.encode())
        claims = {
            "iat": int(time.time()),
            "api_key": "abcd1234",
            "payload_hash": hashlib.sha256(call.body).hexdigest(),
        }
        key = SECRET.encode().ljust(64, b"\0")
        return replace(
            call, headers={"authorization": f"Bearer {jwt.encode(claims, key, 'HS256')}"}
        )


_OURS_ALONE: Final = frozenset({"sig", "timestamp", "nonce"})


class OfFakeservice(Caller):
    """Signs the time and the raw body."""

    service = "fakeservice"
    addresses = ("fakeservice",)
    settings: ClassVar = {"FAKESERVICE_API_KEY": SECRET}
    message: ClassVar = events.received(
        message_id="R1",
        contact=CONTACT,
        number=OURS,
        text="Yes",
        media=[{"url": "https://example.org/1.png", "content_type": "image/png"}],
        at=1_800_000_000.0,
    )
    samples: ClassVar = (
        {"events": [message]},
        {"events": events.parts({**message, "text": "Yes, yes"}, 4)},
        {
            "events": [
                events.report(
                    "failed",
                    message_id="M1",
                    reference="0" * 32,
                    number=OURS,
                    error_code=30_004,
                    at=1_800_000_000.0,
                )
            ]
        },
    )

    def bodies(self) -> st.SearchStrategy[tuple[str, bytes]]:
        """Lists of events, in an object."""
        return st.tuples(st.just(JSON), st.sampled_from(self.samples).flatmap(json_bodies))

    def good(self, path: str, text: str) -> Call:
        """One event."""
        event = {**self.message, "message_id": text, "text": text}
        return self.proven(Call(path, events.body_of(event), JSON))

    def proven(self, call: Call) -> Call:
        """The company's own signature."""
        proof = events.signature([SECRET], call.body, time.time())
        return replace(call, headers={events.SIGNATURE_HEADER.lower(): proof})


CALLERS: Final = (OfTwilio(), OfBandwidth(), OfNexmo(), OfFakeservice())
