"""What an organization's vendor would tell of a number, and what it takes for that."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from service_vendors.configuration import active_vendor
from service_vendors.exceptions import UnsupportedFeature
from service_vendors.models import Organization
from service_vendors.types import Feature, LookupDetail
from service_vendors.vendors import registry
from service_vendors.vendors.base import ServiceVendor


@dataclass(frozen=True, slots=True)
class Offer:
    """One kind of lookup a vendor makes. ``detail`` is all that it tells.

    ``price`` is for one number, None where the vendor lists none; it is 0 when it ``is_free``.
    """

    vendor_class: type[ServiceVendor]
    detail: LookupDetail
    is_free: bool
    price: Decimal | None
    currency: str


def offers(organization: Organization) -> list[Offer]:
    """What the organization's vendor tells, the least first. Raises UnknownVendor."""
    vendor_class = registry.vendor_class(active_vendor(organization).name)
    found = {
        offer.detail: offer for offer in map(_offered(vendor_class).get, LookupDetail) if offer
    }
    return list(found.values())


def offer_for(
    organization: Organization, detail: LookupDetail, service: str | None = None
) -> Offer:
    """How a vendor (the organization's own, unless one is named) tells so much of a number.

    The free form goes before the paid one wherever it tells enough. Raises UnknownVendor, and
    UnsupportedFeature when the vendor does not tell it, saying what it does.
    """
    vendor_class = registry.vendor_class(service or active_vendor(organization).name)
    found = _offered(vendor_class)
    offer = found.get(detail)
    if offer is not None:
        return offer
    if not found:
        raise UnsupportedFeature(
            f"{vendor_class.title} does not look numbers up. Choose a vendor that does."
        )
    missing = "the name of a number’s holder" if LookupDetail.CARRIER in found else "a carrier"
    raise UnsupportedFeature(f"{vendor_class.title} does not tell {missing}. Ask for less.")


def _offered(vendor_class: type[ServiceVendor]) -> dict[LookupDetail, Offer]:
    """The lookup that answers each detail; the same one may answer two."""
    found: dict[LookupDetail, Offer] = {}
    if Feature.LOOKUP in vendor_class.supports:
        prices = vendor_class.cost_data("")
        carrier = Offer(vendor_class, LookupDetail.CARRIER, False, prices.lookup, prices.currency)
        found[LookupDetail.STATUS] = found[LookupDetail.CARRIER] = carrier
        if prices.lookup is not None and prices.lookup_name is not None:
            price = prices.lookup + prices.lookup_name
            found[LookupDetail.NAME] = Offer(
                vendor_class, LookupDetail.NAME, False, price, prices.currency
            )
    if Feature.FREE_LOOKUP in vendor_class.supports:
        currency = vendor_class.cost_data("").currency
        found[LookupDetail.STATUS] = Offer(
            vendor_class, LookupDetail.STATUS, True, Decimal(0), currency
        )
    return found
