"""Where a vendor calls now, as the vendor itself says, and having it call us."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from service_vendors.configuration import record, vendor_of
from service_vendors.exceptions import SendUncertain, TransientVendorError, VendorError
from service_vendors.models import Organization
from service_vendors.types import WebhookTarget
from service_vendors.vendors import loop
from service_vendors.vendors.base import ServiceVendor

if TYPE_CHECKING:
    from django.contrib.auth.models import User

T = TypeVar("T")

# Longer than any single time limit of a call, shorter than a person's patience.
LONGEST_SECONDS: Final = 30.0

NOT_YOURS: Final = (
    "This account serves other organizations as well. The operators of this installation point "
    "it here."
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a vendor calls for one kind of call, as it may be shown."""

    title: str
    url: str
    points_here: bool

    @classmethod
    def of(cls, target: WebhookTarget) -> Target:
        """Of an address that may be somebody else's: without a password or key that is in it."""
        return cls(target.title, _without_secrets(target.url), target.points_here)


@dataclass(frozen=True, slots=True)
class Pointing:
    """Where a vendor calls now; or the ``trouble``, when that cannot be told or changed."""

    targets: tuple[Target, ...] = ()
    trouble: str = ""
    may_point: bool = False

    @property
    def points_here(self) -> bool:
        """Whether everything comes to us."""
        return bool(self.targets) and all(target.points_here for target in self.targets)

    @property
    def points_here_in_part(self) -> bool:
        """Whether some of it comes to us, and some does not."""
        return not self.points_here and any(target.points_here for target in self.targets)

    @property
    def somebody_is_called(self) -> bool:
        """Whether there is somebody else who would no longer be."""
        return any(target.url and not target.points_here for target in self.targets)


def pointing(organization: Organization, service: str, user: User) -> Pointing:
    """Ask the vendor where it calls now."""
    vendor = vendor_of(organization, service)
    try:
        found = _answer(vendor, vendor.webhook_targets())
    except VendorError as error:
        return Pointing(trouble=str(error))
    may_point = _may_point(vendor, organization, user)
    return Pointing(tuple(map(Target.of, found)), may_point=may_point)


def point_here(organization: Organization, service: str, user: User) -> str:
    """Have the vendor call us; what is in the way, or "". What it may have done is recorded."""
    vendor = vendor_of(organization, service)
    if not _may_point(vendor, organization, user):
        return NOT_YOURS
    try:
        _answer(vendor, vendor.point_webhooks_here())
    except VendorError as error:
        trouble = str(error)
        if not isinstance(error, TransientVendorError | SendUncertain):
            return trouble
    else:
        trouble = ""
    said = f"Had {vendor.title} call this installation."
    if trouble:
        said = f"Asked {vendor.title} to call this installation, and got no clear answer."
    record(organization, user, "webhooks pointed", said, service=service)
    return trouble


def _answer(vendor: ServiceVendor, question: Coroutine[Any, Any, T]) -> T:
    """What a vendor answers. Raises VendorError, whose text may be shown."""
    try:
        return loop.run(question, LONGEST_SECONDS)
    except TimeoutError:
        raise TransientVendorError(
            f"{vendor.title} did not answer within {LONGEST_SECONDS:.0f} seconds."
        ) from None


def _may_point(vendor: ServiceVendor, organization: Organization, user: User) -> bool:
    """An account of everybody's is pointed by who runs the installation, or by who is alone."""
    if not vendor.shares_webhooks() or user.is_superuser:
        return True
    return not Organization.objects.exclude(pk=organization.pk).exists()


def _without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    query = "?…" if parts.query else ""
    return (
        parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
        + query
    )
