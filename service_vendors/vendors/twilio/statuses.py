"""Twilio's words for what became of a message, in ours.

The words are those of https://www.twilio.com/docs/messaging/api/message-resource#message-status-values.
A word that is not here is news to us: it neither settles a message nor fails.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from service_vendors.types import ReportStatus

OF_TWILIO: Final = MappingProxyType(
    {
        **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), ReportStatus.SENT),
        **dict.fromkeys(("delivered", "partially_delivered", "read"), ReportStatus.DELIVERED),
        **dict.fromkeys(("failed", "undelivered", "canceled"), ReportStatus.ERROR),
    }
)
