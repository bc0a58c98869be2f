"""Out: a message is accepted, dispatched through its vendor, and its fate is recorded.

``acceptance`` takes messages in, ``handing_over`` gives them to the workers, ``bulks`` by turns,
``dispatch`` brings claimed ones to their vendor as fast as ``limits`` allow, by the ``rates`` that
hold, ``ledger`` claims them and records how the claim ended, ``reports`` applies what the vendor
says later, ``lessons`` remembers what failures teach, ``sweeping`` finds what fell through,
``doubts`` lets a person settle what nobody can find out. While a vendor has trouble, ``breaker``
holds messages back and ``fallback`` finds another vendor for them; ``another_try`` is for who will
not wait. ``history`` keeps each step, and ``timeline`` tells it. Nobody else moves an outgoing
message.
"""

from service_vendors.sending.acceptance import (
    BulkResult,
    MessageDraft,
    send_message,
    send_messages,
)
from service_vendors.sending.bulks import send_bulks
from service_vendors.sending.dispatch import dispatch
from service_vendors.sending.reports import Reported, apply_report, apply_reports
from service_vendors.sending.sweeping import hand_over_due, sweep

__all__ = [
    "BulkResult",
    "MessageDraft",
    "Reported",
    "apply_report",
    "apply_reports",
    "dispatch",
    "hand_over_due",
    "send_bulks",
    "send_message",
    "send_messages",
    "sweep",
]
