"""The fake company: a server of its own, with its own ledger, that a vendor speaks to over HTTP.

``service`` runs it; ``office``, ``messaging``, ``inventory`` and ``lookups`` answer; ``courier``
calls back; ``ledger`` remembers; ``behaviour``, ``triggers`` and ``faults`` are what goes wrong.
"""

from service_vendors.vendors.fakeservice.server.service import FakeServiceServer

__all__ = ["FakeServiceServer"]
