"""The company's front desk: accounts, where they want to be called, and what tests ask and set."""

from __future__ import annotations

import json
import secrets
from html import escape
from typing import Final

from aiohttp import web

from service_vendors.vendors.fakeservice import errors
from service_vendors.vendors.fakeservice.server import pictures
from service_vendors.vendors.fakeservice.server.behaviour import behaviour_from
from service_vendors.vendors.fakeservice.server.company import (
    COMPANY,
    Refusal,
    callback_of,
    json_object,
    text_of,
)

MOST_ROWS: Final = 100_000
MOST_REPEATED: Final = 100


async def account(request: web.Request) -> web.Response:
    """GET /account: whether these credentials work, what is left, and where it is called."""
    company = request.app[COMPANY]
    name = company.account(request)
    await company.pause(company.behaviour.desk_seconds)
    callback = company.ledger.callback_of(name)
    return web.json_response(
        {"account": name, "balance": "100.00", "currency": "USD", "callback": callback}
    )


async def set_callback(request: web.Request) -> web.Response:
    """PUT /account: call this callback about messages that name none."""
    company, value = request.app[COMPANY], await json_object(request)
    callback = callback_of(value)
    company.ledger.set_callback(company.account(request, callback), callback)
    return web.Response(status=204)


async def register_webhook(request: web.Request) -> web.Response:
    """PUT /webhook: sign what is posted to this callback with this secret."""
    company, value = request.app[COMPANY], await json_object(request)
    callback = callback_of(value)
    company.account(request, callback)
    company.courier.register(callback, text_of(value, "signing_secret"))
    await company.pause(company.behaviour.desk_seconds)
    return web.Response(status=204)


async def show_signing_secret(request: web.Request) -> web.Response:
    """GET /signing-secret?callback=: what calls to it are signed with, "" for the API key alone."""
    company = request.app[COMPANY]
    callback = callback_of(dict(request.query))
    company.account(request, callback)
    return web.json_response({"signing_secret": company.courier.secret_of(callback)})


async def make_signing_secret(request: web.Request) -> web.Response:
    """POST /signing-secret: make one for a callback; it replaces the one there is."""
    company = request.app[COMPANY]
    callback = callback_of(await json_object(request))
    company.account(request, callback)
    made = secrets.token_urlsafe(24)
    company.courier.register(callback, made)
    company.secrets_made += 1
    await company.pause(company.behaviour.desk_seconds)
    return web.json_response({"signing_secret": made}, status=201)


async def show_behaviour(request: web.Request) -> web.Response:
    """GET /behaviour: the knobs as they stand."""
    return web.json_response(request.app[COMPANY].behaviour.as_json())


async def set_behaviour(request: web.Request) -> web.Response:
    """PUT /behaviour: behave like this; a knob that is left out is as built."""
    company = request.app[COMPANY]
    try:
        company.behave(behaviour_from(await json_object(request)))
    except ValueError as error:
        raise Refusal(400, errors.BAD_REQUEST, str(error)) from error
    return await show_behaviour(request)


async def show_ledger(request: web.Request) -> web.Response:
    """GET /ledger: what was taken to be sent, in order, and how many lookups were charged.

    ``?reference=`` chooses, ``?after=`` (a ``seq``) and ``?limit=`` page. ``at`` is Unix time.
    """
    company, query = request.app[COMPANY], request.query
    after, limit = query.get("after", "0"), query.get("limit", "1000")
    if not (after.isdigit() and limit.isdigit()):
        raise Refusal(400, errors.BAD_REQUEST, "after and limit must be numbers.")
    rows = company.ledger.sent(int(after), min(int(limit), MOST_ROWS), query.get("reference", ""))
    names = [
        "seq",
        "id",
        "account",
        "reference",
        "contact",
        "number",
        "pool",
        "text",
        "status",
        "at",
    ]
    count, different = company.ledger.count()
    return web.json_response(
        {
            "count": count,
            "different_references": different,
            "repeated": [dict(row) for row in company.ledger.repeated(MOST_REPEATED)],
            "calls": company.send_calls,
            "secrets_made": company.secrets_made,
            "lookups": company.ledger.lookups(),
            "waiting_events": company.ledger.waiting_events(),
            "messages": [
                {name: row[name] for name in names}
                | {"media": json.loads(row["media"]), "at": row["at"]}
                for row in rows
            ],
        }
    )


async def picture(request: web.Request) -> web.Response:
    """GET /pictures/reply.png: the picture that contacts send."""
    return web.Response(body=pictures.reply_picture(), content_type="image/png")


async def error_page(request: web.Request) -> web.Response:
    """GET /errors/{code}: an error code in words."""
    code = request.match_info["code"]
    known = errors.DESCRIPTIONS.get(int(code) if code.isdecimal() else 0)
    title = f"Error {escape(code)}"
    words = known or "This code means nothing in particular."
    page = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{escape(words)}</p>"
    return web.Response(text=page, content_type="text/html", status=200 if known else 404)


async def manual(request: web.Request) -> web.Response:
    """GET /: what this is and what it answers to."""
    company = request.app[COMPANY]
    lines = ["A fake company that texts nobody. Its API:", ""]
    handlers = [route.handler for route in request.app.router.routes() if route.method != "HEAD"]
    lines += [f"  {' '.join((handler.__doc__ or '').split())}" for handler in handlers]
    lines += ["", "Behaviour now:", ""]
    lines += [f"  {name} = {value}" for name, value in company.behaviour.as_json().items()]
    lines += ["", "Error codes:", ""]
    lines += [f"  {code}: {words}" for code, words in errors.DESCRIPTIONS.items()]
    lines += ["", "List prices (nothing is charged): a text 0.0079 USD a segment, a picture 0.02"]
    lines += ["USD, a look-up 0.005 USD, a name 0.01 USD more, a number 1.00 USD a month.", ""]
    return web.Response(text="\n".join(lines))
