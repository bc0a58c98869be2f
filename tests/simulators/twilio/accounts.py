"""The account itself: who it is, to those who may ask."""

from __future__ import annotations

from base64 import b64decode

from aiohttp import web

from tests.simulators.twilio.company import COMPANY, Refusal, TwilioCompany


def company_of(request: web.Request) -> TwilioCompany:
    """The company, if the address names the account of whoever asks. Raises Refusal."""
    company = request.app[COMPANY]
    if request.match_info["account"] != company.account_sid:
        raise Refusal(404, 20404, f"The requested resource {request.path} was not found")
    return company


async def fetch(request: web.Request) -> web.Response:
    """The account. A standard API key may not ask for it."""
    company = company_of(request)
    credentials = request.headers["Authorization"].partition(" ")[2]
    if not b64decode(credentials).decode().startswith(company.account_sid):
        raise Refusal(401, 20003, "Authenticate")
    return web.json_response(
        {
            "sid": company.account_sid,
            "owner_account_sid": company.account_sid,
            "friendly_name": company.friendly_name,
            "status": company.account_status,
            "type": "Full",
            "auth_token": company.auth_token,
            "date_created": "Thu, 30 Jul 2015 20:00:00 +0000",
            "date_updated": "Thu, 30 Jul 2015 20:00:00 +0000",
            "uri": request.path,
            "subresource_uris": {},
        }
    )
