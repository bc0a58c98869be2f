"""What a service manager may decide. Spoke's hooks, in Python; every one is optional."""

from __future__ import annotations

from typing import ClassVar

from service_vendors.models import Message, Organization
from service_vendors.types import DeliveryReport, Keyword, ServiceManagerData


class ServiceManager:
    """Hooks that run in the order SERVICE_MANAGERS lists their managers.

    A hook that returns ServiceManagerData decides; what later managers decide wins, field by
    field. A hook must not talk to a vendor.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    def on_message_send(self, message: Message) -> ServiceManagerData | None:
        """Just before a claimed message goes to its vendor: from which number, over which pool."""
        return None

    def on_delivery_report(self, message: Message, report: DeliveryReport) -> None:
        """After a report was applied to a message, in the same transaction."""

    def on_message_received(self, message: Message) -> None:
        """After an incoming message was saved, in the same transaction."""

    def on_opt_out(self, organization: Organization, cell: str, keyword: Keyword) -> None:
        """After a contact left (STOP) or came back (START), in the same transaction."""

    def on_vendor_service_fully_configured(
        self, organization: Organization, service: str
    ) -> ServiceManagerData | None:
        """Whether, in this manager's eyes, the vendor can send for the organization."""
        return None
