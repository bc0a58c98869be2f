"""What the whole installation sets about Twilio, beside whose account it is."""

from __future__ import annotations

from typing import Final

from service_vendors.conf import Setting

MULTI_ORG: Final = Setting(
    "TWILIO_MULTI_ORG",
    bool,
    False,
    "Organizations may have Twilio accounts or messaging services of their own, which their "
    "owners fill in on the Settings page.",
)
VALIDITY_PERIOD: Final = Setting(
    "TWILIO_MESSAGE_VALIDITY_PERIOD",
    int,
    0,
    "For how many seconds Twilio may try to send a message that had to wait, 1 to 36,000 (ten "
    "hours). 0 leaves it to Twilio, which tries for ten hours.",
)
BASE_CALLBACK_URL: Final = Setting(
    "TWILIO_BASE_CALLBACK_URL",
    str,
    "",
    "The public address at which Twilio reaches this installation, where it is not BASE_URL.",
)
SMART_ENCODED: Final = Setting(
    "TWILIO_SMART_ENCODED",
    bool,
    False,
    "Twilio replaces curly quotes, long dashes and the like by plain ones, so that a text takes "
    "fewer segments.",
)

ALL: Final = (MULTI_ORG, VALIDITY_PERIOD, BASE_CALLBACK_URL, SMART_ENCODED)
