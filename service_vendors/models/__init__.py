"""The tables. They hold state and guard its uniqueness; what moves it stands one floor up."""

from service_vendors.models.audit import AuditEntry
from service_vendors.models.configuration import KeySentinel, StoredSecret, VendorConfig
from service_vendors.models.contacts import Campaign, Contact, OptOut, OrganizationContact
from service_vendors.models.inbox import WebhookEvent
from service_vendors.models.messages import (
    FINAL_STATUSES,
    STATUS_RANK,
    Message,
    MessagePart,
    SendStatus,
)
from service_vendors.models.numbers import OwnedPhoneNumber
from service_vendors.models.organizations import Membership, Organization, Role

__all__ = [
    "FINAL_STATUSES",
    "STATUS_RANK",
    "AuditEntry",
    "Campaign",
    "Contact",
    "KeySentinel",
    "Membership",
    "Message",
    "MessagePart",
    "Organization",
    "OrganizationContact",
    "OptOut",
    "OwnedPhoneNumber",
    "Role",
    "SendStatus",
    "StoredSecret",
    "VendorConfig",
    "WebhookEvent",
]
