"""In: a verified webhook is stored in the inbox, then applied in batches.

``inbox`` stores, claims, retries and sets events aside; ``application`` turns what an event says
into messages, opt-outs and reports. Nobody else moves an event or stores an incoming message.
"""

from service_vendors.receiving.inbox import accept, apply, replay, sweep

__all__ = ["accept", "apply", "replay", "sweep"]
