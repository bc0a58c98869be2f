"""Messages: taken, refused and searched as Bandwidth's own documentation says.

https://dev.bandwidth.com/apis/messaging/
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from tests.simulators.bandwidth.company import BandwidthCompany, Refusal, company_of
from tests.simulators.disturbances import Handler, doing_and, hang_up, say_nothing

E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
MOST_CHARACTERS: Final = 2_048
MOST_TAG: Final = 1_024
DAYS_SEARCHED: Final = 14


async def create(request: web.Request) -> web.Response:
    """Take one message."""
    return web.json_response(_answer(await take(request)), status=202)


async def take(request: web.Request) -> dict[str, Any]:
    """Check a message and keep it. Raises Refusal."""
    company = company_of(request)
    order = json.loads(await request.read())
    _check(company, order)
    taken = {
        "id": f"15892280746{len(company.messages):02d}lm4k2je7j7jklbn2",
        "applicationId": order["applicationId"],
        "to": order["to"],
        "from": order["from"],
        "text": order.get("text", ""),
        "media": order.get("media", []),
        "tag": order.get("tag"),
        "priority": order.get("priority"),
        "expiration": order.get("expiration"),
        "time": datetime.now(UTC),
        "status": "SENT",
        "errorCode": 0,
        "carrier": None,
    }
    company.messages.append(taken)
    return taken


async def listed(request: web.Request) -> web.Response:
    """The account's messages, newest first; neither texts nor tags are told."""
    company, query = company_of(request), request.query
    everything = [*company.history, *company.messages]
    found = [one for one in reversed(everything) if _is_asked_for(one, query)]
    most = int(query.get("limit", "100"))
    page = {"nextPageToken": "GL83PD3C"} if len(found) > most else {}
    return web.json_response(
        {
            "totalCount": len(found),
            "pageInfo": page,
            "messages": [_listed(company, one) for one in found[:most]],
        }
    )


def past(
    company: BandwidthCompany, contact: str, *, status: str, code: int = 0, carrier: str | None
) -> None:
    """A message of earlier days, as the search tells of it."""
    company.history.append(
        {
            "id": f"past-{len(company.history)}",
            "to": [contact],
            "from": "+12125550100",
            "text": "Earlier.",
            "media": [],
            "time": datetime.now(UTC),
            "status": status,
            "errorCode": code,
            "carrier": carrier,
        }
    )


# -- bad days: what a company may do instead of answering a request to send -----------------------


def taking_and(handler: Handler) -> Handler:
    """Take the message; then do something other than say so."""

    async def take_if_sent(request: web.Request) -> None:
        if request.method == "POST" and request.path.endswith("/messages"):
            await take(request)

    return doing_and(take_if_sent, handler)


SILENT: Final = taking_and(say_nothing)
HANGS_UP: Final = taking_and(hang_up)


def _check(company: BandwidthCompany, order: dict[str, Any]) -> None:
    wrong = []
    if not (isinstance(order.get("to"), list) and all(E164.fullmatch(one) for one in order["to"])):
        wrong.append("to[0]")
    if not (order.get("text") or order.get("media")) or len(order["text"]) > MOST_CHARACTERS:
        wrong.append("text")
    if len(order.get("tag", "")) > MOST_TAG:
        wrong.append("tag")
    expiration = order.get("expiration")
    if expiration and datetime.fromisoformat(expiration) <= datetime.now(UTC):
        wrong.append("expiration")
    peer = company.peers.get(company.numbers.get(order["from"].removeprefix("+1"), ""))
    if peer is None or not peer["sms"]:
        wrong.append("from")
    elif peer["application"] != order["applicationId"]:
        wrong.append("applicationId")
    if wrong:
        raise Refusal(400, "", "Your request could not be accepted.", fields=tuple(wrong))


def _answer(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": one["id"],
        "owner": one["from"],
        "applicationId": one["applicationId"],
        "time": one["time"].isoformat(),
        "segmentCount": 1,
        "direction": "out",
        "to": one["to"],
        "from": one["from"],
        "media": one["media"],
        "text": one["text"],
        "tag": one["tag"],
        "priority": one["priority"] or "default",
    }


def _listed(company: BandwidthCompany, one: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageId": one["id"],
        "accountId": company.account_id,
        "sourceTn": one["from"],
        "destinationTn": one["to"][0],
        "messageStatus": one["status"],
        "messageDirection": "OUTBOUND",
        "messageType": "mms" if one["media"] else "sms",
        "segmentCount": 1,
        "errorCode": one["errorCode"],
        "receiveTime": one["time"].isoformat(),
        "carrierName": one["carrier"],
        "messageLength": len(one["text"]),
    }


def _is_asked_for(one: dict[str, Any], query: Any) -> bool:
    since = query.get("fromDateTime")
    return (
        query.get("destinationTn", one["to"][0]) == one["to"][0]
        and query.get("sourceTn", one["from"]) == one["from"]
        and query.get("messageDirection", "OUTBOUND") == "OUTBOUND"
        and (since is None or one["time"] >= datetime.fromisoformat(since))
    )
