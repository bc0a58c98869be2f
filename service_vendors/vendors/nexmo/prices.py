"""What Vonage charges for texts in the United States, as far as that is known without an account.

Vonage's price list (SOURCE) is filled in by the reader's browser, and each account has one of its
own: in the dashboard under Billing, and from the Pricing API. The price of a text is what others
read there (0.00809 dollars in April 2026). No price of a message with pictures or of a lookup is
reported by anyone; those two are ESTIMATES of ours, on the high side: what the dearest of the
large companies asks.

Carriers' own fees come on top (about 0.3 to 1 cent a message, by carrier and by how the sender is
registered), and so do a monthly price per number and the registration's.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from service_vendors.types import CostData

SOURCE: Final = "https://www.vonage.com/communications-apis/sms/pricing/"
CHECKED_ON: Final = date(2026, 4, 30)

SEGMENT: Final = Decimal("0.00809")
# Estimates: see above.
MMS: Final = Decimal("0.0220")
LOOKUP: Final = Decimal("0.0100")


def of(user_number: str) -> CostData:
    """The prices of sending: the same from every kind of number."""
    return CostData(
        currency="USD",
        sms_segment=SEGMENT,
        mms_message=MMS,
        lookup=LOOKUP,
        lookup_name=Decimal(0),
        source=SOURCE,
        checked_on=CHECKED_ON,
    )
