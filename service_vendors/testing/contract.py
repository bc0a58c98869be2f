"""The whole contract, in one class to subclass."""

from __future__ import annotations

from service_vendors.testing.configuration import Configuration
from service_vendors.testing.declarations import Declarations
from service_vendors.testing.features import Features
from service_vendors.testing.sending import Sending
from service_vendors.testing.webhooks import Webhooks


class VendorContract(Declarations, Sending, Webhooks, Configuration, Features):
    """Every promise of a service vendor, as a test; see ``service_vendors.testing``."""
