"""Speaking to Bandwidth: JSON for messages and lookups, XML for numbers and the account.

What an answer means is decided here, once, for every call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element

from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorError,
    VendorNotConfigured,
)
from service_vendors.types import VendorAccount
from service_vendors.vendors import http
from service_vendors.vendors.bandwidth import errors, fields, markup, oauth

MESSAGING: Final = "https://messaging.bandwidth.com/api/v2/users"
NUMBERS: Final = "https://api.bandwidth.com/api/v1/accounts"
LOOKUPS: Final = "https://api.bandwidth.com/v2/accounts"

XML: Final = "application/xml"
MOST_WORDS: Final = 300
NOT_FOUND: Final = 404
# Ids become part of addresses.
ID: Final = re.compile(r"[A-Za-z0-9_-]+")
_LONG_NUMBER: Final = re.compile(r"\+?\d{7,}")
_MARKUP_ERROR_CODES: Final = ("Code", "ErrorCode")


async def json_call(
    account: VendorAccount,
    method: str,
    base: str,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    json: Any = None,
    acts: bool = False,
) -> dict[str, Any]:
    """One call of the messaging or lookup API; the JSON object it answers.

    ``acts`` as in ``http.request``. Raises VendorNotConfigured, TransientVendorError,
    PermanentVendorError with Bandwidth's code or else the HTTP status, and SendUncertain.
    """
    answer = await _ask(account, method, base, path, params=params, json=json, acts=acts)
    if not answer.ok:
        raise _failure(answer, *_refusal(answer), acts=acts)
    try:
        value = answer.json()
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    raise _unreadable(acts=acts)


async def xml_call(
    account: VendorAccount,
    method: str,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    body: bytes | None = None,
    acts: bool = False,
) -> Element:
    """One call of the Numbers API; the root of what it answers, an empty one for nothing.

    Exceptions as of ``json_call``; their text has Bandwidth's own words where we have none.
    """
    answer = await _ask(account, method, NUMBERS, path, params=params, body=body, acts=acts)
    if not answer.ok:
        raise _failure(answer, *_markup_refusal(account, answer), acts=acts)
    if not answer.body.strip():
        root = Element("Nothing")
    else:
        try:
            root = markup.read(answer.body)
        except markup.Unreadable:
            raise _unreadable(acts=acts) from None
    # Where a new thing is may stand in the header alone.
    root.set("location", answer.headers.get("location", ""))
    return root


def is_missing(error: PermanentVendorError) -> bool:
    """Whether Bandwidth says that there is no such thing."""
    return error.code == NOT_FOUND


async def _ask(
    account: VendorAccount,
    method: str,
    base: str,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    json: Any = None,
    body: bytes | None = None,
    acts: bool = False,
) -> http.VendorResponse:
    """One call; made a second time only when its token was refused, and so had no effect."""
    account_id = account.config.get("account_id", "").strip()
    if not ID.fullmatch(account_id):
        raise VendorNotConfigured(oauth.NEEDED)
    shown = await oauth.proof(account)
    while True:
        headers = {**shown.headers, **({"Content-Type": XML} if body else {})}
        answer = await http.request(
            method,
            f"{base}/{account_id}{path}",
            params=params,
            json=json,
            data=body,
            headers=headers,
            basic=shown.basic,
            acts=acts,
        )
        if answer.status != 401 or shown.fresh:
            return answer
        shown = await oauth.proof(account, refused=shown.bearer)


def _failure(
    answer: http.VendorResponse, code: int | None, words: str, *, acts: bool
) -> VendorError:
    """What an answer that does not say yes means."""
    status = answer.status
    if status == 401:
        return VendorNotConfigured(oauth.REFUSED)
    if status == 403:
        return VendorNotConfigured(words or errors.DESCRIPTIONS[403], code=403)
    if status == 429:
        return TransientVendorError(
            errors.DESCRIPTIONS[errors.QUEUE_FULL],
            code=errors.QUEUE_FULL,
            retry_after_seconds=answer.retry_after_seconds(),
        )
    if 400 <= status < 500:
        code = code or status
        return PermanentVendorError(
            words or errors.describe(code) or f"Bandwidth refused this ({status}).",
            code=code,
            opted_out=code in errors.UNSUBSCRIBED,
            contact_status=errors.CONTACT_STATUS.get(code),
        )
    said = f"Bandwidth answered {status} without a reason that can be read."
    # Bandwidth documents no other answer that promises that nothing was done.
    if acts:
        return SendUncertain(said)
    return TransientVendorError(said, retry_after_seconds=answer.retry_after_seconds())


def _refusal(answer: http.VendorResponse) -> tuple[int | None, str]:
    """The code that a refused message comes to; Bandwidth's own words may hold the number."""
    try:
        fields = [str(one["fieldName"]) for one in answer.json().get("fieldErrors") or ()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, ""
    codes = (errors.CODE_OF_FIELD.get(re.split(r"[\[.]", name)[0]) for name in fields)
    return next((code for code in codes if code), None), ""


def _markup_refusal(account: VendorAccount, answer: http.VendorResponse) -> tuple[int | None, str]:
    """The Numbers API's code, where it cannot be taken for one of messaging, and words for it."""
    try:
        root = markup.read(answer.body)
    except markup.Unreadable:
        return None, ""
    found = markup.text(root, *_MARKUP_ERROR_CODES)
    code = int(found) if found.isascii() and found.isdigit() else None
    # Of an address, Bandwidth says what is wrong with it beside.
    theirs = (markup.text(root, one) for one in ("Description", "AddressInconsistencies"))
    words = numbers_error(account, code, " ".join(filter(None, theirs)))
    if answer.status == NOT_FOUND or code in errors.DESCRIPTIONS:
        return None, words
    return code, words


def numbers_error(account: VendorAccount, code: int | None, theirs: str) -> str:
    """A failure of the Numbers API in words, with its code: ours, or else Bandwidth's own."""
    words = errors.NUMBERS.get(code or 0) or redacted(account, theirs)
    return f"{words} (Bandwidth's error {code})" if words and code else words


def redacted(account: VendorAccount, words: str) -> str:
    """Bandwidth's words without any value of the account's but its address, and without phone
    numbers.
    """
    values = [value for name, value in account.config.items() if name not in fields.ADDRESS]
    for value in sorted(values, key=len, reverse=True):
        for secret in (value, *(part.strip() for part in value.split(","))):
            if len(secret) > 3:
                words = words.replace(secret, "…")
    return _LONG_NUMBER.sub("…", words)[:MOST_WORDS]


def _unreadable(*, acts: bool) -> VendorError:
    said = "Bandwidth's answer could not be read."
    return SendUncertain(said) if acts else TransientVendorError(said)
