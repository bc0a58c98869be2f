"""Out: a message is accepted, dispatched through its vendor, and its fate is recorded.

``acceptance`` takes messages in, ``dispatch`` brings claimed ones to their vendor, ``ledger``
claims them and records how the claim ended, ``reports`` applies what the vendor says later,
``sweeping`` finds what fell through. Nobody else moves an outgoing message.
"""

from service_vendors.sending.acceptance import (
    BulkResult,
    MessageDraft,
    send_message,
    send_messages,
)
from service_vendors.sending.dispatch import dispatch
from service_vendors.sending.reports import apply_report
from service_vendors.sending.sweeping import sweep

__all__ = [
    "BulkResult",
    "MessageDraft",
    "apply_report",
    "dispatch",
    "send_message",
    "send_messages",
    "sweep",
]
