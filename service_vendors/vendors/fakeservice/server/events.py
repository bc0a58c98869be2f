"""What the company tells a callback, and how it signs it."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

SIGNATURE_HEADER: Final = "X-Webhook-Signature"

Event = dict[str, Any]


def report(
    status: str,
    *,
    message_id: str,
    reference: str,
    number: str,
    error_code: int | None = None,
    at: float,
) -> Event:
    """A delivery report; ``status`` is sent, delivered or failed."""
    return {
        "id": new_id("E"),
        "type": f"message.{status}",
        "at": moment(at),
        "message_id": message_id,
        "reference": reference,
        "from": number,
        "error_code": error_code,
    }


def received(
    *,
    message_id: str,
    contact: str,
    number: str,
    text: str,
    media: Sequence[Mapping[str, str]] = (),
    pool: str = "",
    at: float,
) -> Event:
    """A message from a contact."""
    return {
        "id": new_id("E"),
        "type": "message.received",
        "at": moment(at),
        "message_id": message_id,
        "from": contact,
        "to": number,
        "text": text,
        "media": list(media),
        "pool": pool,
    }


def parts(whole: Event, characters: int) -> list[Event]:
    """A message from a contact cut into parts, each an event of its own."""
    text = whole["text"]
    pieces = [text[start : start + characters] for start in range(0, len(text), characters)]
    return [
        {
            "id": new_id("E"),
            "type": "message.part",
            "at": whole["at"],
            "message_id": f"{whole['message_id']}-{index}",
            "from": whole["from"],
            "to": whole["to"],
            "text": piece,
            "group": whole["message_id"],
            "index": index,
            "total": len(pieces),
        }
        for index, piece in enumerate(pieces, start=1)
    ]


def body_of(*events: Event) -> bytes:
    """The body of a call that tells these events."""
    return json.dumps({"events": events}).encode()


def signature(secrets_in_use: Sequence[str], body: bytes, at: float) -> str:
    """The value of the signature header: the time, and a proof by each secret that is in use."""
    timestamp = str(int(at))
    signed = timestamp.encode() + b"." + body
    proofs = (hmac.new(one.encode(), signed, hashlib.sha256) for one in secrets_in_use)
    return ",".join([f"t={timestamp}", *(f"v1={proof.hexdigest()}" for proof in proofs)])


def new_id(kind: str) -> str:
    """An id that nothing else has."""
    return f"{kind}{secrets.token_hex(12)}"


def moment(at: float) -> str:
    """A time as the protocol writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat()
