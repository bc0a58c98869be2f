"""The account, its sub-accounts, and their locations with what these may do.

https://dev.bandwidth.com/docs/account/programmatic-setup/
"""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from tests.simulators.bandwidth import xml
from tests.simulators.bandwidth.company import BandwidthCompany, Refusal, company_of

ADDRESS: Final = ("HouseNumber", "StreetName", "City", "StateCode", "Zip")
FEATURES: Final = {"sms": "SipPeerSmsFeature", "mms": "MmsFeature"}


async def fetch(request: web.Request) -> web.Response:
    """The account."""
    company = company_of(request)
    account = {"AccountId": company.account_id, "CompanyName": "Our Union"}
    return xml.answer("AccountResponse", {"Account": account})


# -- sub-accounts ---------------------------------------------------------------------------------


async def list_sites(request: web.Request) -> web.Response:
    """Every sub-account."""
    sites = [
        {"Id": one, "Name": site["Name"], "Description": site.get("Description", "")}
        for one, site in company_of(request).sites.items()
    ]
    return xml.answer("SitesResponse", {"Sites": {"Site": sites}})


async def create_site(request: web.Request) -> web.Response:
    """A new sub-account, at an address that is one."""
    company = company_of(request)
    site = (await xml.read(request))["Site"]
    address = site.get("Address") or {}
    if not all(address.get(name) for name in ADDRESS):
        raise Refusal(400, 1003, "Address is required")
    if address["City"] == "WASHINGTUN":
        said = 'Specified value - City : "WASHINGTUN" Valid value - "WASHINGTON"'
        raise Refusal(
            409,
            12112,
            "The verifiable address closest to the submitted access is included below.",
            more={"AddressErrorDescription": {"AddressInconsistencies": said}},
        )
    if any(one["Name"] == site["Name"] for one in company.sites.values()):
        raise Refusal(409, 12102, "A site with this name already exists")
    made = company.new_number()
    company.sites[made] = site
    return xml.answer("SiteResponse", {"Site": {"Id": made, **site}}, 201)


async def fetch_site(request: web.Request) -> web.Response:
    """One sub-account."""
    company = company_of(request)
    site = _site(company, request)
    return xml.answer("SiteResponse", {"Site": {"Id": site, **company.sites[site]}})


# -- locations ------------------------------------------------------------------------------------


async def list_peers(request: web.Request) -> web.Response:
    """Every location of a sub-account."""
    company = company_of(request)
    site = _site(company, request)
    peers = [_told(one, peer) for one, peer in company.peers.items() if peer["site"] == site]
    return xml.answer("TNSipPeersResponse", {"SipPeers": {"SipPeer": peers}})


async def create_peer(request: web.Request) -> web.Response:
    """A new location. Where it is stands in a header alone."""
    company = company_of(request)
    site = _site(company, request)
    peer = (await xml.read(request))["SipPeer"]
    if any(
        one["site"] == site and one["name"] == peer["PeerName"] for one in company.peers.values()
    ):
        raise Refusal(409, 13540, "A SIP peer with such a name already exists")
    made = company.new_number()
    company.peers[made] = {
        "site": site,
        "name": peer["PeerName"],
        "default": peer.get("IsDefaultPeer") == "true",
        "sms": None,
        "mms": None,
        "application": "",
    }
    where = f"https://{request.host}{request.path}/{made}"
    return web.Response(status=201, headers={"Location": where})


async def fetch_peer(request: web.Request) -> web.Response:
    """One location."""
    one, peer = peer_of(request)
    return xml.answer("SipPeerResponse", {"SipPeer": _told(one, peer)})


async def fetch_feature(request: web.Request) -> web.Response:
    """What a location does with texts or pictures."""
    _, peer = peer_of(request)
    feature = request.match_info["feature"]
    if peer[feature] is None:
        raise Refusal(404, "", "The resource does not exist")
    return xml.answer(f"{FEATURES[feature]}Response", {FEATURES[feature]: peer[feature]})


async def create_feature(request: web.Request) -> web.Response:
    """Have a location text or send pictures."""
    _, peer = peer_of(request)
    feature = request.match_info["feature"]
    if peer[feature] is not None:
        raise Refusal(400, 13601, "The feature exists already")
    if feature == "mms" and peer["sms"] is None:
        raise Refusal(400, 13603, "MMS needs SMS")
    peer[feature] = (await xml.read(request))[FEATURES[feature]]
    return xml.answer(f"{FEATURES[feature]}Response", {FEATURES[feature]: peer[feature]}, 201)


async def fetch_association(request: web.Request) -> web.Response:
    """Through which application a location works."""
    _, peer = peer_of(request)
    if not peer["application"]:
        raise Refusal(404, "", "The resource does not exist")
    return _association(peer)


async def associate(request: web.Request) -> web.Response:
    """Have a location work through an application, or through none."""
    company = company_of(request)
    _, peer = peer_of(request)
    asked: Any = (await xml.read(request))["ApplicationsSettings"]
    if asked == "REMOVE":
        peer["application"] = ""
        return xml.answer("ApplicationsSettingsResponse")
    application = asked["HttpMessagingV2AppId"]
    if application not in company.applications:
        raise Refusal(400, 13629, "There is no such application")
    if peer["sms"] is None:
        raise Refusal(400, 13630, "The location has no messaging")
    peer["application"] = application
    return _association(peer)


def peer_of(request: web.Request) -> tuple[str, dict[str, Any]]:
    """The location that an address names. Raises Refusal."""
    company = company_of(request)
    site, one = _site(company, request), request.match_info["peer"]
    peer = company.peers.get(one)
    if peer is None or peer["site"] != site:
        raise Refusal(404, "", "The resource does not exist")
    return one, peer


def _site(company: BandwidthCompany, request: web.Request) -> str:
    site = request.match_info["site"]
    if site not in company.sites:
        raise Refusal(404, "", "The resource does not exist")
    return site


def _told(one: str, peer: dict[str, Any]) -> dict[str, Any]:
    return {"PeerId": one, "PeerName": peer["name"], "IsDefaultPeer": peer["default"]}


def _association(peer: dict[str, Any]) -> web.Response:
    settings = {"HttpMessagingV2AppId": peer["application"]}
    return xml.answer("ApplicationsSettingsResponse", {"ApplicationsSettings": settings})
