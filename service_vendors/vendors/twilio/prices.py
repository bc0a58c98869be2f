"""What Twilio charges for texts in the United States, by its price list.

Carriers' own fees come on top (about 0.3 to 1 cent a message, by carrier and by how the sender is
registered), and so do a monthly price per number and the registration's. Who sends more than
150,000 messages a month pays less.

The price list is SOURCE; the prices of texts were compared with what was reported of it on
CHECKED_ON (https://www.budgetforge.dev/tools/twilio-sms-pricing-2026), those of lookups are of
https://www.twilio.com/en-us/user-authentication-identity/pricing/lookup.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from service_vendors.phone import InvalidPhoneNumber, SenderKind, sender_kind
from service_vendors.types import CostData

SOURCE: Final = "https://www.twilio.com/en-us/sms/pricing/us"
CHECKED_ON: Final = date(2026, 7, 5)

# A segment, and a message with pictures, by what it is sent from. A name cannot text the United
# States; what such a message costs depends on its country.
OF_SENDER: Final = {
    SenderKind.LONG_CODE: (Decimal("0.0083"), Decimal("0.0220")),
    SenderKind.TOLL_FREE: (Decimal("0.0083"), Decimal("0.0220")),
    SenderKind.SHORT_CODE: (Decimal("0.0083"), Decimal("0.0220")),
    SenderKind.ALPHANUMERIC: (Decimal("0.0083"), None),
}
LINE_TYPE: Final = Decimal("0.008")
CALLER_NAME: Final = Decimal("0.01")


def of(user_number: str) -> CostData:
    """The list prices of sending from a number; from a long code when it is not known yet."""
    try:
        kind = sender_kind(user_number)
    except InvalidPhoneNumber:
        kind = SenderKind.LONG_CODE
    sms_segment, mms_message = OF_SENDER[kind]
    return CostData(
        currency="USD",
        sms_segment=sms_segment,
        mms_message=mms_message,
        lookup=LINE_TYPE,
        lookup_name=CALLER_NAME,
        source=SOURCE,
        checked_on=CHECKED_ON,
    )
