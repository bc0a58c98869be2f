"""Pictures and other files through the Messages API, by MMS.

https://developer.vonage.com/en/api/messages
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from service_vendors.exceptions import PermanentVendorError, SendUncertain
from service_vendors.types import OutboundMessage, SendReceipt, VendorAccount
from service_vendors.vendors.nexmo import api

URL: Final = f"{api.API}/v1/messages"
LEAST_SECONDS: Final = 300
MOST_FILES: Final = 10
LONGEST_CAPTION: Final = 2_000

# What a file is sent as, by the end of its address; whatever else it is, it is called a picture.
_KINDS: Final = {
    "vcf": "vcard",
    "mp3": "audio",
    "m4a": "audio",
    "amr": "audio",
    "mp4": "video",
    "3gp": "video",
    "mov": "video",
}


async def send(
    account: VendorAccount, message: OutboundMessage, seconds: int | None, callback: str
) -> SendReceipt:
    """Hand over one MMS. ``seconds`` is for how long Vonage may try, None for its usual time.

    Without ``callback`` Vonage reports to the application's own address.
    """
    order: dict[str, Any] = {
        "channel": "mms",
        "from": (message.user_number or "").removeprefix("+"),
        "to": message.contact_number.removeprefix("+"),
        "client_ref": message.reference,
        **_content(message),
    }
    if seconds is not None:
        order["ttl"] = seconds
    if callback:
        order |= {"webhook_url": callback, "webhook_version": "v1"}
    answer = await api.call_as_application(account, URL, order, acts=True)
    service_id = answer.get("message_uuid")
    if not (isinstance(service_id, str) and service_id):
        raise SendUncertain("Vonage took this and did not say under which id.")
    return SendReceipt(service_id=service_id, user_number=message.user_number)


def _content(message: OutboundMessage) -> dict[str, Any]:
    """What the message holds: a text alone, one file with a caption, or several."""
    if len(message.media) > MOST_FILES:
        raise PermanentVendorError(
            f"The message has {len(message.media)} pictures; {MOST_FILES} at most can be sent."
        )
    if message.media and len(message.text) > LONGEST_CAPTION:
        raise PermanentVendorError(
            f"With a picture, a text has {LONGEST_CAPTION} characters at most. Shorten it."
        )
    if not message.media:
        return {"message_type": "text", "text": message.text}
    files = [(_kind(url), {"url": url}) for url in message.media]
    if message.text:
        files[0][1]["caption"] = message.text
    if len(files) == 1:
        ((kind, file),) = files
        return {"message_type": kind, kind: file}
    return {"message_type": "content", "content": [{"type": k, **file} for k, file in files]}


def _kind(url: str) -> str:
    end = re.search(r"\.(\w+)$", urlsplit(url).path)
    return _KINDS.get(end[1].lower() if end else "", "image")
