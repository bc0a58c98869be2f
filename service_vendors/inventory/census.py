"""Reading the inventory: counts by area code, one page of numbers, and how each of them does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils import timezone

from service_vendors.area_codes import Area, area
from service_vendors.inventory.records import CAMPAIGN
from service_vendors.inventory.releasing import AVAILABLE
from service_vendors.models import (
    Campaign,
    Message,
    Organization,
    OwnedPhoneNumber,
    SendStatus,
)

USE_DAYS: Final = 30
_OUT: Final = (SendStatus.SENT, SendStatus.DELIVERED, SendStatus.ERROR, SendStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class AreaCount:
    """The numbers of one area code; ``monthly`` is what those cost of which a price is known."""

    area: Area
    total: int
    available: int
    monthly: Decimal

    @property
    def allocated(self) -> int:
        """Those that serve something, or are part of an order that is not settled."""
        return self.total - self.available


@dataclass(frozen=True, slots=True)
class Use:
    """How a number did in the last USE_DAYS, and when it last texted at all."""

    sent: int = 0
    delivered: int = 0
    last_error: Message | None = None
    last_used: datetime | None = None

    @property
    def delivered_percent(self) -> int | None:
        """The part of what was sent that arrived; None when nothing was sent."""
        return 100 * self.delivered // self.sent if self.sent else None


@dataclass(frozen=True, slots=True)
class NumberInUse:
    """A number with everything that the page tells of it."""

    number: OwnedPhoneNumber
    area: Area
    use: Use
    campaign: str
    is_available: bool


def counts(organization: Organization, service: str) -> list[AreaCount]:
    """How many numbers there are in each area code, in the order of area codes."""
    rows = (
        OwnedPhoneNumber.objects.filter(organization=organization, service=service)
        .values("area_code")
        .annotate(
            total=Count("pk"), available=Count("pk", filter=AVAILABLE), monthly=Sum("monthly_price")
        )
        .order_by("area_code")
    )
    return [
        AreaCount(
            area(row["area_code"]), row["total"], row["available"], row["monthly"] or Decimal(0)
        )
        for row in rows
    ]


def in_use(organization: Organization, numbers: Sequence[OwnedPhoneNumber]) -> list[NumberInUse]:
    """Numbers of one page with how they do; a few queries, however many numbers."""
    found = _use(organization, [number.phone_number for number in numbers])
    available = set(
        OwnedPhoneNumber.objects.filter(
            AVAILABLE, pk__in=[number.pk for number in numbers]
        ).values_list("pk", flat=True)
    )
    titles = _campaign_titles(organization, numbers)
    return [
        NumberInUse(
            number=number,
            area=area(number.area_code),
            use=found.get(number.phone_number, Use()),
            campaign=titles.get(number.allocated_to_id, "a campaign that is gone")
            if number.allocated_to == CAMPAIGN
            else "",
            is_available=number.pk in available,
        )
        for number in numbers
    ]


def _use(organization: Organization, numbers: Sequence[str]) -> dict[str, Use]:
    ours = Message.objects.filter(organization=organization, is_from_contact=False)
    recent = (
        ours.filter(
            user_number__in=numbers, created_at__gte=timezone.now() - timedelta(days=USE_DAYS)
        )
        .values("user_number")
        .annotate(
            sent=Count("pk", filter=Q(send_status__in=_OUT)),
            delivered=Count("pk", filter=Q(send_status=SendStatus.DELIVERED)),
            last_error=Max("pk", filter=Q(send_status=SendStatus.ERROR)),
        )
        .order_by()
    )
    counted = {row["user_number"]: row for row in recent}
    errors = Message.objects.in_bulk(
        [row["last_error"] for row in counted.values() if row["last_error"]]
    )
    last = dict(_last_used(ours, organization, numbers))
    return {
        number: Use(
            sent=counted[number]["sent"] if number in counted else 0,
            delivered=counted[number]["delivered"] if number in counted else 0,
            last_error=errors.get(counted[number]["last_error"]) if number in counted else None,
            last_used=last.get(number),
        )
        for number in numbers
    }


def _last_used(
    ours: QuerySet[Message], organization: Organization, numbers: Sequence[str]
) -> QuerySet[OwnedPhoneNumber, tuple[str, datetime]]:
    """One look into the index for each number, however much it texted."""
    newest = ours.filter(user_number=OuterRef("phone_number")).order_by("-id")
    return (
        OwnedPhoneNumber.objects.filter(organization=organization, phone_number__in=numbers)
        .annotate(last_used=Subquery(newest.values("created_at")[:1]))
        .values_list("phone_number", "last_used")
    )


def _campaign_titles(
    organization: Organization, numbers: Sequence[OwnedPhoneNumber]
) -> dict[str, str]:
    ids = {
        number.allocated_to_id
        for number in numbers
        if number.allocated_to == CAMPAIGN and number.allocated_to_id.isdecimal()
    }
    if not ids:
        return {}
    campaigns = Campaign.objects.filter(organization=organization, pk__in=ids)
    return {str(pk): title for pk, title in campaigns.values_list("pk", "title")}
