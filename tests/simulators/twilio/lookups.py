"""Look-ups: what is known of a number, as far as it was asked for.

https://www.twilio.com/docs/lookup/v2-api
"""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from tests.simulators.twilio.company import Refusal

MOBILE, NAMELESS, LANDLINE = "+12125550142", "+12125550143", "+12125550149"
VOIP, TOLL_FREE, BRITISH, CANADIAN = "+12125550148", "+18335550142", "+447400555014", "+14165550142"
INVALID, GONE, UNCOVERED = "+19995550142", "+19995550143", "+12125550160"
LATER, NOT_ENABLED = "+12125550161", "+12125550162"

# Country, line type, carrier, name, and why a package is empty.
KNOWN: Final = {
    MOBILE: ("US", "mobile", "T-Mobile USA", "ADA LOVELACE", None),
    NAMELESS: ("US", "mobile", None, None, None),
    LANDLINE: ("US", "landline", "Verizon", "LOVELACE LLC", None),
    VOIP: ("US", "nonFixedVoip", "Twilio - SMS/MMS-SVR", None, None),
    TOLL_FREE: ("US", "tollFree", None, None, None),
    BRITISH: ("GB", "mobile", "Vodafone UK", None, None),
    CANADIAN: ("CA", "landline", "Bell", None, None),
    UNCOVERED: ("US", None, None, None, 60600),
    LATER: ("US", None, None, None, 60616),
    NOT_ENABLED: ("US", None, None, None, 60606),
}
PACKAGES: Final = (
    "caller_name",
    "sim_swap",
    "call_forwarding",
    "line_status",
    "line_type_intelligence",
    "identity_match",
    "reassigned_number",
    "sms_pumping_risk",
)


async def fetch(request: web.Request) -> web.Response:
    """What is known of a number; null for whatever was not asked for."""
    number = request.match_info["number"]
    fields = set(request.query.get("Fields", "").split(","))
    if number == GONE:
        raise Refusal(404, 20404, f"The requested resource {request.path} was not found")
    answer: dict[str, Any] = {
        "phone_number": number,
        "calling_country_code": "1",
        "national_format": number,
        "url": f"https://lookups.twilio.com{request.path}",
        **dict.fromkeys(PACKAGES),
    }
    if number not in KNOWN:
        return web.json_response(
            {**answer, "country_code": None, "valid": False, "validation_errors": ["INVALID"]}
        )
    country, line_type, carrier, name, error_code = KNOWN[number]
    answer |= {"country_code": country, "valid": True, "validation_errors": None}
    if "line_type_intelligence" in fields:
        answer["line_type_intelligence"] = {
            "type": line_type,
            "carrier_name": carrier,
            "mobile_country_code": None,
            "mobile_network_code": None,
            "error_code": error_code,
        }
    if "caller_name" in fields and country == "US":
        answer["caller_name"] = {
            "caller_name": name,
            "caller_type": name and "CONSUMER",
            "error_code": None if name else 60600,
        }
    return web.json_response(answer)


ROUTES: Final = [web.get("/v2/PhoneNumbers/{number}", fetch)]
