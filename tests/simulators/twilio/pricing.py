"""What numbers cost by the month. https://www.twilio.com/docs/phone-numbers/pricing"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from tests.simulators.twilio.company import Refusal

PRICES: Final = {
    "US": ("USD", {"local": "1.15", "toll free": "2.15"}),
    "GB": ("USD", {"local": "1.15", "mobile": "1.15"}),
    "JP": ("JPY", {"local": "450"}),
}


async def fetch(request: web.Request) -> web.Response:
    """The prices of one country's numbers."""
    country = request.match_info["country"]
    if country not in PRICES:
        raise Refusal(404, 20404, f"The requested resource {request.path} was not found")
    unit, prices = PRICES[country]
    return web.json_response(
        {
            "country": country,
            "iso_country": country,
            "price_unit": unit,
            "phone_number_prices": [
                {"number_type": kind, "base_price": price, "current_price": price}
                for kind, price in prices.items()
            ],
            "url": f"https://pricing.twilio.com{request.path}",
        }
    )


ROUTES: Final = [web.get("/v1/PhoneNumbers/Countries/{country}", fetch)]
