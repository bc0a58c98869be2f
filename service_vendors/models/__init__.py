"""The tables. They hold state and guard its uniqueness; what moves it stands one floor up."""

from service_vendors.models.audit import AuditEntry
from service_vendors.models.configuration import KeySentinel, StoredSecret, VendorConfig
from service_vendors.models.contacts import Campaign, Contact, OptOut, OrganizationContact
from service_vendors.models.history import Origin, Step
from service_vendors.models.inbox import WebhookEvent
from service_vendors.models.lookups import LookupClaim, LookupGate, LookupItem, LookupJob
from service_vendors.models.messages import (
    FINAL_STATUSES,
    STATUS_RANK,
    Message,
    MessagePart,
    Priority,
    SendStatus,
)
from service_vendors.models.number_jobs import OPEN_STATES, NumberIntent, NumberJob
from service_vendors.models.numbers import NumberRotation, OwnedPhoneNumber
from service_vendors.models.organizations import Membership, Organization, Role
from service_vendors.models.setups import AccountSetup
from service_vendors.models.turns import BulkTurn

__all__ = [
    "FINAL_STATUSES",
    "OPEN_STATES",
    "STATUS_RANK",
    "AccountSetup",
    "AuditEntry",
    "BulkTurn",
    "Campaign",
    "Contact",
    "KeySentinel",
    "LookupClaim",
    "LookupGate",
    "LookupItem",
    "LookupJob",
    "Membership",
    "Message",
    "MessagePart",
    "NumberRotation",
    "NumberIntent",
    "NumberJob",
    "Organization",
    "OrganizationContact",
    "Origin",
    "OptOut",
    "OwnedPhoneNumber",
    "Priority",
    "Role",
    "SendStatus",
    "Step",
    "StoredSecret",
    "VendorConfig",
    "WebhookEvent",
]
