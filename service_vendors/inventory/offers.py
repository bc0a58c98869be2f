"""What a vendor would sell, and what that costs: looked at before any money is spent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from service_vendors.configuration import vendor_of
from service_vendors.exceptions import TransientVendorError
from service_vendors.inventory import limits
from service_vendors.inventory.orders import checked_area_code
from service_vendors.models import Organization
from service_vendors.types import AvailableNumber
from service_vendors.vendors import loop
from service_vendors.vendors.base import ServiceVendor

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is of what was asked for. Prices are a month's; None where none was told."""

    area_code: str
    asked: int
    available: int
    price_each: Decimal | None
    total: Decimal | None
    currency: str
    vendor_title: str

    @property
    def is_enough(self) -> bool:
        """Whether the vendor has all that was asked for."""
        return self.available >= self.asked


def offer(organization: Organization, area_code: str, limit: int) -> Offer:
    """Ask the vendor for what it would sell; nothing is bought.

    Raises NumbersRefused when the order would not be accepted, and VendorError when the vendor
    refuses or cannot be reached.
    """
    vendor = vendor_of(organization, limits.service_of(organization))
    area_code = checked_area_code(organization, area_code)
    limits.check_purchase(organization, limit)
    try:
        found = loop.run(_search(vendor, area_code, limit), PATIENCE_SECONDS)
    except TimeoutError:
        raise TransientVendorError(
            f"{vendor.title} did not answer within {PATIENCE_SECONDS:.0f} seconds."
        ) from None
    prices = [one.monthly_price for one in found if one.monthly_price is not None]
    return Offer(
        area_code=area_code,
        asked=limit,
        available=len(found),
        price_each=max(prices, default=None),
        total=sum(prices, Decimal(0)) if prices and len(prices) == len(found) else None,
        currency=vendor.cost_data("").currency,
        vendor_title=vendor.title,
    )


async def _search(vendor: ServiceVendor, area_code: str, limit: int) -> list[AvailableNumber]:
    found = []
    async for one in vendor.search_numbers(area_code, limit):
        found.append(one)
        if len(found) >= limit:
            break
    return found
