"""In: a verified webhook is stored in the inbox, then applied in batches.

``intake`` stores events, ``commits`` many of them together, ``spool`` where there is no database;
``inbox`` claims, retries and sets them aside; ``application`` turns what they say into messages,
opt-outs and reports. Nobody else moves an event or stores an incoming message.
"""

from service_vendors.receiving.commits import SharedCommits
from service_vendors.receiving.inbox import apply, replay, sweep
from service_vendors.receiving.intake import accept, event_of
from service_vendors.receiving.spool import NowhereToKeep

__all__ = ["NowhereToKeep", "SharedCommits", "accept", "apply", "event_of", "replay", "sweep"]
