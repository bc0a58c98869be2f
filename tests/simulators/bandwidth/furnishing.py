"""An account as its owner has it after an afternoon: two numbers in a location that texts."""

from __future__ import annotations

from typing import Final

from tests.simulators.bandwidth.company import BandwidthCompany

NUMBERS: Final = ("+12125550100", "+12125550101")
CALLBACK_USER: Final = "texting"
CALLBACK_PASSWORD: Final = "what-only-bandwidth-shows"


def credentials(company: BandwidthCompany) -> dict[str, str]:
    """What an owner has on the first day."""
    return {
        "account_id": company.account_id,
        "client_id": company.client_id,
        "client_secret": company.client_secret,
        "house_number": "1600",
        "street_name": "Pennsylvania Ave NW",
        "city": "Washington",
        "state_code": "DC",
        "zip": "20006",
    }


def furnished(company: BandwidthCompany) -> dict[str, str]:
    """Set everything up by hand, and buy the numbers; the vendor's config for the account."""
    site, peer, application = company.new_number(), company.new_number(), company.new_guid()
    company.sites[site] = {"Name": "Everyone"}
    company.applications[application] = {
        "AppName": "Everyone",
        "ServiceType": "Messaging-V2",
        "InboundCallbackUrl": "https://elsewhere.example.org/",
        "OutboundCallbackUrl": "https://elsewhere.example.org/",
    }
    company.peers[peer] = {
        "site": site,
        "name": "Everyone",
        "default": True,
        "sms": {"SipPeerSmsFeatureSettings": {"Protocol": "HTTP"}},
        "mms": {"MmsSettings": {"Protocol": "HTTP"}},
        "application": application,
    }
    for number in NUMBERS:
        company.numbers[number.removeprefix("+1")] = peer
    return {
        **credentials(company),
        "site_id": site,
        "sip_peer_id": peer,
        "application_id": application,
        "callback_user": CALLBACK_USER,
        "callback_password": CALLBACK_PASSWORD,
    }
