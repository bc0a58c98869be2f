"""What texting costs: the rates for accounts without a contract. Carriers' fees come on top.

Most accounts have a contract, and its prices. For lookups there is no public rate at all: the
setting below stands for it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from service_vendors import conf
from service_vendors.phone import area_code
from service_vendors.types import CostData

# A third party's transcription of https://www.bandwidth.com/pricing/
SOURCE: Final = (
    "https://github.com/api-evangelist/bandwidth/blob/main/plans/bandwidth-plans-pricing.yml"
)
CHECKED_ON: Final = date(2026, 5, 4)

TOLL_FREE: Final = frozenset({"800", "833", "844", "855", "866", "877", "888"})

LOOKUP_PRICE: Final = conf.Setting(
    "BANDWIDTH_LOOKUP_PRICE",
    float,
    0.01,
    "What Bandwidth charges for one lookup, in USD. It publishes no rate: see your contract.",
)

_LOCAL: Final = Decimal("0.004"), Decimal("0.015")
_TOLL_FREE: Final = Decimal("0.007"), Decimal("0.020")
_SHORT_CODE: Final = Decimal("0.008"), Decimal("0.020")


def cost_data(user_number: str) -> CostData:
    """The rates for sending from a number: toll-free ones and short codes cost more."""
    sms, mms = _LOCAL
    if area_code(user_number) in TOLL_FREE:
        sms, mms = _TOLL_FREE
    elif user_number.isdigit():
        sms, mms = _SHORT_CODE
    return CostData(
        currency="USD",
        sms_segment=sms,
        mms_message=mms,
        lookup=Decimal(str(conf.read(LOOKUP_PRICE))),
        source=SOURCE,
        checked_on=CHECKED_ON,
    )
