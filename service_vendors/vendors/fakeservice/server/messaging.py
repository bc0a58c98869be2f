"""Taking messages, finding them again, and the contact's side of the conversation."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from service_vendors.vendors.fakeservice import errors
from service_vendors.vendors.fakeservice.server import events, faults, phones
from service_vendors.vendors.fakeservice.server.company import (
    COMPANY,
    Company,
    Refusal,
    callback_of,
    json_object,
    text_of,
)
from service_vendors.vendors.fakeservice.server.ledger import Row
from service_vendors.vendors.fakeservice.server.triggers import Reaction, reaction_to

MOST_CHARACTERS: Final = 1_600
MOST_MEDIA: Final = 10
MOST_ON_A_PHONE: Final = 200


@dataclass(frozen=True, slots=True)
class Order:
    """A message somebody wants to have sent."""

    account: str
    to: str
    number: str
    pool: str
    text: str
    media: tuple[str, ...]
    reference: str
    callback: str


async def send(request: web.Request) -> web.StreamResponse:
    """POST /messages: take a message. It is in the ledger before it is answered."""
    company = request.app[COMPANY]
    company.send_calls += 1
    await company.pause(company.behaviour.latency_seconds)
    order = _order(company, request, await json_object(request))
    fault = company.dice.roll()
    faults.refuse(company, fault)
    reaction = reaction_to(order.text)
    if reaction.refuse_code is not None:
        raise Refusal(400, reaction.refuse_code)
    answer = await _take(company, order, reaction)
    return await faults.answered(company, request, answer, fault, status=201)


async def find(request: web.Request) -> web.Response:
    """GET /messages?reference=: the message with this reference, if it was ever taken."""
    company = request.app[COMPANY]
    row = company.ledger.find(company.account(request), request.query.get("reference", ""))
    return web.json_response({"messages": [_told(row)] if row else []})


async def phone(request: web.Request) -> web.Response:
    """GET /handsets/{number}: the messages on a contact's phone."""
    company = request.app[COMPANY]
    account, callback = company.who_asks(request, request.query.get("callback", ""))
    rows = company.ledger.phone_of(account, callback, request.match_info["number"], MOST_ON_A_PHONE)
    return web.json_response({"messages": [_told(row) for row in rows]})


async def reply(request: web.Request) -> web.Response:
    """POST /handsets/{number}: the contact texts one of our numbers."""
    company = request.app[COMPANY]
    value = await json_object(request)
    account, callback = company.who_asks(request, callback_of(value))
    contact, number = request.match_info["number"], text_of(value, "to")
    text, media = text_of(value, "text", 10_000), value.get("media") or []
    if not (phones.is_number(contact) and phones.is_number(number)):
        raise Refusal(400, errors.BAD_NUMBER)
    if not isinstance(media, list) or len(media) > MOST_MEDIA or not all(map(_is_media, media)):
        raise Refusal(400, errors.BAD_MEDIA)
    if not text and not media:
        raise Refusal(400, errors.BAD_TEXT)
    message_id = _contact_writes(company, account, callback, contact, number, text, media)
    company.courier.wake()
    return web.json_response({"id": message_id}, status=201)


def _order(company: Company, request: web.Request, value: dict[str, Any]) -> Order:
    """The order that a request makes. Raises Refusal, saying what is wrong with it."""
    account, callback = company.who_asks(request, callback_of(value))
    to, number, pool = text_of(value, "to"), text_of(value, "from"), text_of(value, "pool")
    text, media = text_of(value, "text", 100_000), value.get("media") or []
    if not phones.is_number(to):
        raise Refusal(400, errors.BAD_NUMBER)
    if number and not phones.is_number(number):
        raise Refusal(400, errors.BAD_NUMBER, "The number to send from is no phone number.")
    if len(text) > MOST_CHARACTERS or not (text or media):
        raise Refusal(400, errors.BAD_TEXT)
    if not isinstance(media, list) or len(media) > MOST_MEDIA or not all(map(_is_address, media)):
        raise Refusal(400, errors.BAD_MEDIA)
    if pool and not company.ledger.has_pool(account, pool):
        raise Refusal(400, errors.UNKNOWN_POOL)
    chosen = number or company.ledger.number_for(account, to, pool)
    if chosen is None:
        raise Refusal(400, errors.UNKNOWN_POOL)
    reference = text_of(value, "reference")
    return Order(account, to, chosen, pool, text, tuple(media), reference, callback)


async def _take(company: Company, order: Order, reaction: Reaction) -> dict[str, Any]:
    """Write the message and everything that will come of it into the ledger; the answer."""
    mood, now, message_id = company.behaviour, time.time(), events.new_id("M")
    status = "delivered" if reaction.error_code is None else "failed"
    body = events.body_of(
        events.report(
            status,
            message_id=message_id,
            reference=order.reference,
            number=order.number,
            error_code=reaction.error_code,
            at=now,
        )
    )
    delivered_at = now + mood.report_seconds
    reports = order.callback and mood.reports
    with company.ledger.together():
        company.ledger.add_message(
            id=message_id,
            account=order.account,
            callback=order.callback,
            from_contact=False,
            reference=order.reference,
            contact=order.to,
            number=order.number,
            pool=order.pool,
            text=order.text,
            media=[{"url": url, "content_type": ""} for url in order.media],
            status=status,
            error_code=reaction.error_code,
            at=now,
        )
        if reports and not mood.early_reports:
            for _ in range(mood.report_copies):
                company.ledger.add_event(order.callback, body, delivered_at)
        if reaction.reply and status == "delivered":
            _contact_writes(
                company,
                order.account,
                order.callback,
                order.to,
                order.number,
                reaction.reply,
                [_picture(company)] if reaction.reply_with_picture else [],
                at=delivered_at + mood.reply_seconds,
            )
    if reports and mood.early_reports:
        for _ in range(mood.report_copies):
            await company.courier.post(order.callback, body)
    company.courier.wake()
    return {
        "id": message_id,
        "from": order.number,
        "segments": max(1, -(-len(order.text) // 153)) if len(order.text) > 160 else 1,
    }


def _contact_writes(
    company: Company,
    account: str,
    callback: str,
    contact: str,
    number: str,
    text: str,
    media: list[Mapping[str, str]],
    *,
    at: float | None = None,
) -> str:
    """Write down a contact's message and that the callback is to hear of it; its id."""
    at, message_id = at or time.time(), events.new_id("R")
    company.ledger.add_message(
        id=message_id,
        account=account,
        callback=callback,
        from_contact=True,
        reference="",
        contact=contact,
        number=number,
        pool="",
        text=text,
        media=media,
        status="received",
        error_code=None,
        at=at,
    )
    if callback:
        whole = events.received(
            message_id=message_id, contact=contact, number=number, text=text, media=media, at=at
        )
        most = company.behaviour.part_characters
        told = events.parts(whole, most) if 0 < most < len(text) and not media else [whole]
        for event in told:
            for _ in range(company.behaviour.report_copies):
                company.ledger.add_event(callback, events.body_of(event), at)
    return message_id


def _told(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "from_contact": bool(row["from_contact"]),
        "reference": row["reference"],
        "contact": row["contact"],
        "number": row["number"],
        "pool": row["pool"],
        "text": row["text"],
        "media": json.loads(row["media"]),
        "status": row["status"],
        "error_code": row["error_code"],
        "at": events.moment(row["at"]),
    }


def _picture(company: Company) -> Mapping[str, str]:
    return {"url": f"{company.url}/pictures/reply.png", "content_type": "image/png"}


def _is_address(url: Any) -> bool:
    return isinstance(url, str) and len(url) <= 2_000 and url.startswith(("http://", "https://"))


def _is_media(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and _is_address(item.get("url"))
        and isinstance(item.get("content_type", ""), str)
    )
