"""Applications: whom Bandwidth calls. https://dev.bandwidth.com/docs/account/applications/"""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from tests.simulators.bandwidth import xml
from tests.simulators.bandwidth.company import BandwidthCompany, Refusal, company_of

CREDENTIALS: Final = ("InboundCallbackCreds", "OutboundCallbackCreds")


async def list_all(request: web.Request) -> web.Response:
    """Every application, a voice one among them."""
    listed = [
        {"ApplicationId": one, "ServiceType": "Messaging-V2", "AppName": application["AppName"]}
        for one, application in company_of(request).applications.items()
    ]
    voice = {"ApplicationId": "voice-1", "ServiceType": "Voice-V2", "AppName": "Hotline"}
    return _answer({"ApplicationList": {"Application": [voice, *listed]}})


async def create(request: web.Request) -> web.Response:
    """A new application."""
    company = company_of(request)
    application = (await xml.read(request))["Application"]
    if not (application.get("AppName") and application.get("InboundCallbackUrl")):
        raise Refusal(400, 12_201, "AppName and InboundCallbackUrl are required")
    if application.get("ServiceType") != "Messaging-V2":
        raise Refusal(400, 12_202, "ServiceType is invalid")
    made = company.new_guid()
    company.applications[made] = application
    return _answer({"Application": _told(made, application)}, 201)


async def fetch(request: web.Request) -> web.Response:
    """One application, without its passwords."""
    one, application = _named(company_of(request), request)
    return _answer({"Application": _told(one, application)})


async def change(request: web.Request) -> web.Response:
    """Change some of an application."""
    one, application = _named(company_of(request), request)
    application.update((await xml.read(request))["Application"])
    return _answer({"Application": _told(one, application)})


async def delete(request: web.Request) -> web.Response:
    """Delete an application that no location works through."""
    company = company_of(request)
    one, _ = _named(company, request)
    if any(peer["application"] == one for peer in company.peers.values()):
        raise Refusal(409, 12_203, "The application is referenced by a location")
    del company.applications[one]
    return web.Response(status=200)


def _named(company: BandwidthCompany, request: web.Request) -> tuple[str, dict[str, Any]]:
    one = request.match_info["application"]
    if one not in company.applications:
        raise Refusal(404, "", "The resource does not exist")
    return one, company.applications[one]


def _told(one: str, application: dict[str, Any]) -> dict[str, Any]:
    shown = {
        name: {"UserId": value["UserId"]} if name in CREDENTIALS else value
        for name, value in application.items()
    }
    return {"ApplicationId": one, **shown}


def _answer(content: dict[str, Any], status: int = 200) -> web.Response:
    return xml.answer("ApplicationProvisioningResponse", content, status)
