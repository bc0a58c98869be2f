"""An account as its owner has it after an afternoon: two numbers in a messaging service."""

from __future__ import annotations

from tests.simulators.twilio.company import TwilioCompany

NUMBERS = ("+12125550100", "+12125550101")


def furnished(company: TwilioCompany) -> dict[str, str]:
    """Buy the numbers and open the service; the vendor's config for the account."""
    sids = [company.new_sid("PN") for _ in NUMBERS]
    for sid, number in zip(sids, NUMBERS, strict=True):
        company.numbers[sid] = {"sid": sid, "phone_number": number}
    service = company.new_sid("MG")
    company.services[service] = {
        "sid": service,
        "friendly_name": "Everyone",
        "account_sid": company.account_sid,
        "numbers": sids,
    }
    return {
        "account_sid": company.account_sid,
        "auth_token": company.auth_token,
        "message_service_sid": service,
        "api_key_sid": company.api_key_sid,
        "api_key_secret": company.api_key_secret,
    }
