"""What a service manager may decide. Spoke's hooks, in Python; every one is optional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from service_vendors.models import Campaign, Contact, Message, Organization
from service_vendors.types import DeliveryReport, Keyword, ServiceManagerData


class ServiceManager:
    """Hooks that run in the order SERVICE_MANAGERS lists their managers.

    A hook that returns ServiceManagerData decides; what later managers decide wins, field by
    field. A hook must not talk to a vendor. One object serves every organization and every
    thread, so it keeps nothing between calls: what is to be remembered belongs into rows.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    # What it does, in a sentence for the owner who is asked to enable it.
    help: ClassVar[str] = ""

    # -- sending: three questions about a batch, in one transaction ------------------------------
    #
    # All messages of a batch are of one organization and one vendor. While it is decided about, no
    # other worker decides about that organization's messages over that vendor.

    def on_message_send(self, message: Message) -> ServiceManagerData | None:
        """Just before a claimed message goes to its vendor: from which number, over which pool."""
        return None

    def on_messages_send(
        self, messages: Sequence[Message]
    ) -> Mapping[Message, ServiceManagerData | None]:
        """The same for a batch; a manager that asks the database answers here, in few queries."""
        return {message: self.on_message_send(message) for message in messages}

    def on_number_needed(
        self, messages: Mapping[Message, ServiceManagerData]
    ) -> Mapping[Message, ServiceManagerData | None]:
        """Pick for messages that no manager named a number for, given what was decided so far."""
        return {}

    def on_number_chosen(
        self, numbers: Mapping[Message, str]
    ) -> Mapping[Message, ServiceManagerData | None]:
        """From which numbers messages are about to go: to remember, or to have the last word."""
        return {}

    # -- what happens to messages -----------------------------------------------------------------

    def on_delivery_report(self, message: Message, report: DeliveryReport) -> None:
        """After a report was applied to a message, in the same transaction."""

    def on_message_received(self, message: Message) -> None:
        """After an incoming message was saved, in the same transaction."""

    def on_opt_out(self, organization: Organization, cell: str, keyword: Keyword) -> None:
        """After a contact left (STOP) or came back (START), in the same transaction."""

    # -- what happens to an organization ----------------------------------------------------------

    def on_buy_phone_numbers(
        self, organization: Organization, service: str, area_code: str, limit: int
    ) -> ServiceManagerData | None:
        """Before numbers are bought: into which pool (``messageservice_sid``) they go."""
        return None

    def on_organization_service_vendor_setup(
        self, organization: Organization, service: str, fields: Sequence[str]
    ) -> None:
        """After an organization's settings of a vendor were saved, in the same transaction.

        ``fields`` are the names of what changed; the values are nobody's business but the vendor's.
        """

    def on_vendor_service_fully_configured(
        self, organization: Organization, service: str
    ) -> ServiceManagerData | None:
        """Whether, in this manager's eyes, the vendor can send for the organization."""
        return None

    # -- campaigns --------------------------------------------------------------------------------

    def get_campaign_data(self, campaign: Campaign) -> Mapping[str, Any]:
        """What this manager has to show on a campaign's page; plain values that JSON can say."""
        return {}

    def on_campaign_update_signal(self, campaign: Campaign, data: Mapping[str, Any]) -> None:
        """Someone used this manager's controls on a campaign's page."""

    def on_campaign_contact_load(self, campaign: Campaign, contacts: Sequence[Contact]) -> None:
        """After contacts were put into a campaign, in the same transaction."""

    def on_campaign_start(self, campaign: Campaign) -> ServiceManagerData | None:
        """Before a campaign starts: over which pool (``messageservice_sid``) it texts."""
        return None

    def on_campaign_archive(self, campaign: Campaign) -> None:
        """After a campaign was archived, in the same transaction."""

    def on_campaign_unarchive(self, campaign: Campaign) -> None:
        """After a campaign came back out of the archive, in the same transaction."""
