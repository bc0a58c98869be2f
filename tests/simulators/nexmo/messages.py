"""Messages: taken and refused as Vonage's documentation says.

https://developer.vonage.com/en/api/sms, https://developer.vonage.com/en/api/messages
"""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import uuid4

from aiohttp import web

from tests.simulators.disturbances import Handler, doing_and, hang_up, say_nothing
from tests.simulators.nexmo.company import COMPANY, NexmoCompany, Refusal

SMS: Final = "/sms/json"
MESSAGES: Final = "/v1/messages"
DIGITS: Final = re.compile(r"[1-9][0-9]{6,14}")
# GSM 03.38, and what takes two places in it.
PLAIN: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
DOUBLE: Final = frozenset("^{}\\[~]|€\f")
FILES: Final = ("image", "vcard", "audio", "video", "file")


async def send_sms(request: web.Request) -> web.Response:
    """Take one text; the answer tells of each of its parts."""
    return web.json_response(take_sms(request.app[COMPANY], dict(await request.post())))


def take_sms(company: NexmoCompany, form: dict[str, Any]) -> dict[str, Any]:
    """Check a text and keep it; what is said of it."""
    said = {name: str(value) for name, value in form.items()}
    status = company.refusals.get(said.get("to", "")) or _wrong_with_sms(company, said)
    if status:
        return refusal_of_sms(status)
    text = said["text"]
    if said.get("type", "text") == "text":  # as it arrives, when it is called plain and is not
        text = "".join(one if one in PLAIN | DOUBLE else "?" for one in text)
    count = parts_of(text)
    statuses = company.part_statuses.get(said["to"], ["0"] * count)
    ids = [company.new_message_id() for _ in statuses]
    if "0" in statuses:
        company.messages.append(
            {
                "id": ids[statuses.index("0")],
                "ids": ids,
                "channel": "sms",
                "from": said["from"],
                "to": said["to"],
                "text": text,
                "type": said.get("type", "text"),
                "reference": said.get("client-ref", ""),
                "callback": said.get("callback", ""),
                "ttl": said.get("ttl"),
                "media": [],
            }
        )
    parts = [
        _part(company, said, message_id) if status == "0" else _refused_part(status)
        for message_id, status in zip(ids, statuses, strict=True)
    ]
    return {"message-count": str(len(parts)), "messages": parts}


def parts_of(text: str) -> int:
    """How many parts a text travels in."""
    if all(one in PLAIN | DOUBLE for one in text):
        size = sum(2 if one in DOUBLE else 1 for one in text)
        whole, part = 160, 153
    else:
        size = len(text.encode("utf-16-le")) // 2
        whole, part = 70, 67
    return 1 if size <= whole else -(-size // part)


def refusal_of_sms(status: str) -> dict[str, Any]:
    """The SMS API's no, which is a 200."""
    return {"message-count": "1", "messages": [_refused_part(status)]}


async def send_mms(request: web.Request) -> web.Response:
    """Take one message of the Messages API."""
    taken = take_mms(request.app[COMPANY], await request.json())
    return web.json_response({"message_uuid": taken["id"]}, status=202)


def take_mms(company: NexmoCompany, order: dict[str, Any]) -> dict[str, Any]:
    """Check a message and keep it. Raises Refusal."""
    to = str(order.get("to", ""))
    if to in company.refusals:
        raise refusal_of_message(int(company.refusals[to]))
    if not DIGITS.fullmatch(to) or order.get("channel") != "mms":
        raise refusal_of_message(1020)
    owned = company.numbers.get(str(order.get("from", "")))
    if owned is None or not owned.get("app_id"):
        raise refusal_of_message(1420)
    if not 300 <= int(order.get("ttl", 300)) <= 259_200:
        raise refusal_of_message(1130)
    kind = order.get("message_type")
    files = order["content"] if kind == "content" else [order[kind]] if kind in FILES else []
    texts = [order.get("text", ""), *(file.get("caption", "") for file in files)]
    taken = {
        "id": str(uuid4()),
        "channel": "mms",
        "from": order["from"],
        "to": to,
        "text": "\n".join(text for text in texts if text),
        "type": kind,
        "reference": order.get("client_ref", ""),
        "callback": order.get("webhook_url", ""),
        "ttl": order.get("ttl"),
        "media": [file["url"] for file in files],
    }
    company.messages.append(taken)
    return taken


def refusal_of_message(code: int, status: int = 422) -> Refusal:
    """The Messages API's no."""
    link = f"https://developer.vonage.com/api-errors/messages#{code}"
    said = {"type": link, "title": "No", "detail": "No.", "instance": "bf0ca0bf927b3b52e3cb"}
    return Refusal(status, said)


# -- bad days: what a company may do instead of answering a request to send -----------------------


def is_send(request: web.Request) -> bool:
    """Whether this is a request to send."""
    return request.method == "POST" and request.path in {SMS, MESSAGES}


def answering(status: str) -> Handler:
    """Answer every text with this status, and all else as if the credentials were wrong."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == SMS:
            return web.json_response(refusal_of_sms(status))
        raise Refusal(401, {"error-code": "401", "error-code-label": "authentication failed"})

    return answer


def taking_and(handler: Handler) -> Handler:
    """Take the message; then do something other than say so."""

    async def take_if_sent(request: web.Request) -> None:
        company = request.app[COMPANY]
        if request.path == SMS:
            take_sms(company, dict(await request.post()))
        elif request.path == MESSAGES:
            take_mms(company, await request.json())

    return doing_and(take_if_sent, handler)


SILENT: Final = taking_and(say_nothing)
HANGS_UP: Final = taking_and(hang_up)


def _wrong_with_sms(company: NexmoCompany, said: dict[str, str]) -> str:
    """The status of a text that cannot be taken, or ""."""
    if not (said.get("from") and said.get("to") and said.get("text")):
        return "2"
    ttl = int(said.get("ttl", "259200000"))
    too_long = any(len(said.get(name, "")) > 100 for name in ("client-ref", "callback"))
    if not DIGITS.fullmatch(said["to"]) or too_long or not 20_000 <= ttl <= 604_800_000:
        return "3"
    return "" if said["from"] in company.numbers else "15"


def _part(company: NexmoCompany, said: dict[str, str], message_id: str) -> dict[str, str]:
    part = {
        "to": said["to"],
        "message-id": message_id,
        "status": "0",
        "remaining-balance": company.balance,
        "message-price": "0.00809000",
        "network": "310260",
    }
    return part | ({"client-ref": said["client-ref"]} if "client-ref" in said else {})


def _refused_part(status: str) -> dict[str, str]:
    return {"status": status, "error-text": "No."}
