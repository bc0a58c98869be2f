"""A text through the SMS API.

https://developer.vonage.com/en/api/sms
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from service_vendors import segments
from service_vendors.exceptions import SendUncertain
from service_vendors.types import OutboundMessage, ReportStatus, SendReceipt, VendorAccount
from service_vendors.vendors.nexmo import api, errors

URL: Final = f"{api.REST}/sms/json"
LEAST_SECONDS: Final = 20
USUAL_SECONDS: Final = 72 * 3_600
LONGEST_CALLBACK: Final = 100
TAKEN: Final = "0"


async def send(
    account: VendorAccount, message: OutboundMessage, seconds: int | None, callback: str
) -> SendReceipt:
    """Hand over one text. ``seconds`` is for how long Vonage may try, None for its usual time.

    Without ``callback``, or with one longer than Vonage takes, it reports to the account's address.
    """
    form = {
        "from": (message.user_number or "").removeprefix("+"),
        "to": message.contact_number.removeprefix("+"),
        "text": message.text,
        "type": "text" if segments.is_gsm7(message.text) else "unicode",
        "client-ref": message.reference,
    }
    if seconds is not None:
        form["ttl"] = str(seconds * 1_000)
    if callback and len(callback) <= LONGEST_CALLBACK:
        form["callback"] = callback
    answer = await api.call(account, "POST", URL, form=form, acts=True)
    return _receipt(_parts(answer), message.user_number)


def _receipt(parts: Sequence[Mapping[str, Any]], user_number: str | None) -> SendReceipt:
    """What the answer about each part says of the whole message.

    Of a message of which Vonage took some parts and refused others, the contact may see a part.
    It is at Vonage and must never be sent again, and it will never be whole: so it counts as
    handed over, and as failed, with the refused part's code.
    """
    taken = [part for part in parts if str(part.get("status")) == TAKEN]
    refused = [part for part in parts if str(part.get("status")) != TAKEN]
    codes = [_code(part) for part in refused]
    if not taken:
        raise api.refusal(_telling(codes))
    service_id = next((str(part["message-id"]) for part in taken if part.get("message-id")), "")
    if not service_id:
        raise SendUncertain("Vonage took this and did not say under which id.")
    return SendReceipt(
        service_id=service_id,
        user_number=user_number,
        status=ReportStatus.ERROR if refused else ReportStatus.SENT,
        error_code=codes[0] if refused else None,
    )


def _telling(codes: Sequence[int]) -> int:
    """The code that decides about a message whose every part was refused: one doubt is a doubt,
    and what is refused for good need not be tried again.
    """
    doubtful = (code for code in codes if code in errors.DOUBTFUL)
    final = (code for code in codes if code not in errors.TRANSIENT)
    return next(doubtful, next(final, codes[0]))


def _parts(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The answers about each part of a message. Raises SendUncertain when they cannot be read."""
    parts = answer.get("messages")
    if isinstance(parts, list) and parts and all(isinstance(part, dict) for part in parts):
        return parts
    raise SendUncertain(api.UNREADABLE)


def _code(part: Mapping[str, Any]) -> int:
    status = str(part.get("status", ""))
    if not (status.isascii() and status.isdigit() and len(status) <= 4):
        raise SendUncertain(api.UNREADABLE)
    return int(status)
