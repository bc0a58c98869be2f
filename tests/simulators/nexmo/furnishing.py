"""An account as its owner has it after an afternoon: two numbers, linked to an application."""

from __future__ import annotations

from tests.simulators.nexmo.company import NexmoCompany
from tests.simulators.nexmo.numbers import give

NUMBERS = ("+12125550100", "+12125550101")
MOBILE, LANDLINE = "+12125550142", "+12125550143"
FOREIGN, NOBODYS = "+442079460018", "+12125550144"


def furnished(company: NexmoCompany) -> dict[str, str]:
    """Fill the shelves and the account; the vendor's config for it."""
    application_id = company.new_application("Our Union", {"messages": {}})
    for number in NUMBERS:
        give(company, number[1:], app_id=application_id, moHttpUrl="https://example.org/by-hand")
    # Sorted otherwise than by number, on more than one page, and some that take no texts.
    for line in range(150):
        company.for_sale[f"121256{line * 37 % 150:05d}"] = ["SMS", "MMS", "VOICE"]
    for line in range(3):
        company.for_sale[f"164655{line:05d}"] = ["SMS", "VOICE"]
        company.for_sale[f"164656{line:05d}"] = ["VOICE"]
    company.for_sale["18335550123"] = ["SMS", "VOICE"]
    company.known |= {
        MOBILE[1:]: {"line_type": "mobile", "carrier": "Example Mobile", "name": "Ada Doe"},
        LANDLINE[1:]: {"line_type": "landline", "carrier": "Example Bell"},
        FOREIGN[1:]: {"line_type": "mobile", "carrier": "Example UK", "country": "GB"},
    }
    return {
        "account_id": company.api_key,
        "api_secret": company.api_secret,
        "signature_secret": company.signature_secret,
        "signature_method": "sha256",
        "application_id": application_id,
        "private_key": company.private_key,
    }
