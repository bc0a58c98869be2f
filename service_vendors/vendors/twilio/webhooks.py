"""What Twilio calls: contacts' messages, and reports on ours; proven first, read afterwards.

Twilio posts a form, or puts the same fields into the query of a GET. Which of the two kinds a call
is, its content says and not its address, for the two are easily exchanged in Twilio's console.

Whose call it is, the token that signed it says, and not ``AccountSid``: a sub-account's calls are
signed with the sub-account's own token, so they need that one configured, and then they count.

https://www.twilio.com/docs/messaging/guides/webhook-request
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from service_vendors import phone
from service_vendors.types import (
    DeliveryReport,
    InboundMessage,
    Keyword,
    Media,
    ReportStatus,
    WebhookAnswer,
    WebhookRequest,
)
from service_vendors.vendors.twilio import errors, statuses
from service_vendors.vendors.twilio.signatures import Fields, fields_of, pairs, verify

__all__ = ["ANSWER", "callback_with", "read", "verify"]

# An empty TwiML document: there is nothing to say back.
ANSWER: Final = WebhookAnswer('<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml")

RECEIVED: Final = frozenset({"received", "receiving"})
SIDS: Final = ("MessageSid", "SmsSid", "SmsMessageSid")
# Twilio hands over ten files at most, whatever a call claims.
MOST_MEDIA: Final = 10
MOST_CHARACTERS: Final = 255
MOST_URL_CHARACTERS: Final = 2_000

PROOF_CHARACTERS: Final = 32
PROOF_LABEL: Final = b"service_vendors: reference in Twilio's status callback"


def callback_with(
    url: str, reference: str, tokens: Sequence[str], organization_id: int | None
) -> str:
    """The address at which Twilio reports on the message ``reference``, which it gives back so.

    The reference is proven by us, too: whoever may send through the account decides what address
    Twilio signs, and could name other people's messages. Without a token nothing can be proven.
    """
    if not tokens:
        return url
    proof = _proof(reference, tokens[0], organization_id)
    return f"{url}?{urlencode({'reference': reference, 'proof': proof})}"


def read(
    request: WebhookRequest, tokens: Sequence[str], organization_id: int | None
) -> list[InboundMessage | DeliveryReport]:
    """What a verified call says; nothing for a status that is news to us. Raises ValueError.

    No error's text repeats what was said: it may be a number, or what somebody wrote.
    """
    fields = fields_of(request)
    status = (_one(fields, "MessageStatus") or _one(fields, "SmsStatus")).lower()
    if status in RECEIVED or (not status and ("Body" in fields or "NumMedia" in fields)):
        return [_message(fields)]
    if not status:
        raise ValueError("This is neither a message nor a report.")
    if status not in statuses.OF_TWILIO:
        return []
    reference = _reference(request, tokens, organization_id)
    return [_report(fields, statuses.OF_TWILIO[status], reference)]


def _message(fields: Fields) -> InboundMessage:
    return InboundMessage(
        service_id=_sid(fields),
        contact_number=_sender(fields, "From"),
        user_number=_sender(fields, "To"),
        text=_one(fields, "Body", most=None),
        media=_media(fields),
        messageservice_sid=_one(fields, "MessagingServiceSid"),
        keyword=_keyword(fields),
    )


def _report(fields: Fields, status: ReportStatus, reference: str) -> DeliveryReport:
    """A report on a message of ours.

    ``RawDlrDoneDate`` is left alone: Twilio passes it on from the carrier in whatever time zone
    that one has, without saying which.
    https://www.twilio.com/en-us/changelog/addition-of-rawdlrdonedate-to-delivered-and-undelivered-status-webhooks
    """
    code = _error_code(fields) if status is ReportStatus.ERROR else None
    return DeliveryReport(
        service_id=_sid(fields),
        status=status,
        reference=reference,
        error_code=code,
        user_number=_known_sender(fields),
        opted_out=code in errors.OPTED_OUT,
        contact_status=None if code is None else errors.CONTACT_STATUS.get(code),
    )


def _reference(request: WebhookRequest, tokens: Sequence[str], organization_id: int | None) -> str:
    """The reference in the address, if it is proven; else "", and the id finds the message."""
    query = pairs(request.query)
    reference, given = _one(query, "reference"), _one(query, "proof").encode()
    expected = [_proof(reference, token, organization_id).encode() for token in tokens]
    return reference if any(hmac.compare_digest(one, given) for one in expected) else ""


def _proof(reference: str, token: str, organization_id: int | None) -> str:
    """The proof that we named a message to Twilio ourselves, with this token."""
    key = hmac.digest(token.encode(), PROOF_LABEL, "sha256")
    tenant = "" if organization_id is None else organization_id
    return hmac.digest(key, f"{tenant}:{reference}".encode(), "sha256").hex()[:PROOF_CHARACTERS]


def _one(fields: Fields, name: str, *, most: int | None = MOST_CHARACTERS) -> str:
    """A field's one value, or "". The order of several is not signed, so they say nothing."""
    values = set(fields.getlist(name))
    if len(values) > 1:
        raise ValueError(f"{name} has several values.")
    value = next(iter(values), "")
    if most is not None and len(value) > most:
        raise ValueError(f"{name} has more than {most} characters.")
    return value


def _sid(fields: Fields) -> str:
    sid = next((found for name in SIDS if (found := _one(fields, name).strip())), "")
    if not sid or not sid.isprintable():
        raise ValueError("The message has no id.")
    return sid


def _sender(fields: Fields, name: str) -> str:
    """A number, short code or name. Senders of other channels (``whatsapp:``, ``rcs:``) are none:
    what they send is set aside, where it can be seen, and filed under no contact's number.
    """
    said = _one(fields, name)
    try:
        sender = phone.normalize_sender(said)
    except phone.InvalidPhoneNumber:
        sender = ""
    # A number would be found within another channel's address, too.
    if not sender or (phone.is_e164(sender) and not re.fullmatch(r"[+0-9 ().-]+", said)):
        raise ValueError(f"{name} is neither a number, a short code nor a name.")
    return sender


def _known_sender(fields: Fields) -> str:
    """What we sent from, or "": the report counts whatever the channel was."""
    try:
        return _sender(fields, "From")
    except ValueError:
        return ""


def _media(fields: Fields) -> tuple[Media, ...]:
    claimed = _one(fields, "NumMedia").strip() or "0"
    if not re.fullmatch(r"[0-9]+", claimed):
        raise ValueError("NumMedia is no number.")
    count = MOST_MEDIA if len(claimed) > len(str(MOST_MEDIA)) else min(int(claimed), MOST_MEDIA)
    found = []
    for index in range(count):
        url = _one(fields, f"MediaUrl{index}", most=MOST_URL_CHARACTERS)
        if not url:
            continue
        if not url.startswith(("https://", "http://")):
            raise ValueError("A file has an http or https address.")
        found.append(Media(url, _one(fields, f"MediaContentType{index}")))
    return tuple(found)


def _keyword(fields: Fields) -> Keyword | None:
    """What Twilio made of the text, where the messaging service minds opt-outs itself."""
    said = _one(fields, "OptOutType").upper()
    return Keyword(said) if said in set(Keyword) else None


def _error_code(fields: Fields) -> int | None:
    """The code of a failure; None when Twilio gives none that is a number."""
    said = _one(fields, "ErrorCode").strip()
    return int(said) if re.fullmatch(r"[1-9][0-9]{0,8}", said) else None
