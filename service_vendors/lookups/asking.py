"""Asking a vendor about numbers, each once; every end of a call is an answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from service_vendors import conf
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    UnsupportedFeature,
    VendorNotConfigured,
)
from service_vendors.logs import log_fault
from service_vendors.lookups.offers import Offer
from service_vendors.types import ContactInfo, LookupDetail
from service_vendors.vendors import loop
from service_vendors.vendors.base import ServiceVendor

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """The vendor said what it knows of the number; a paid lookup was paid for."""

    info: ContactInfo


@dataclass(frozen=True, slots=True)
class Later:
    """Surely not paid for, and may work later. ``after_seconds`` is the vendor's wish, or None."""

    reason: str
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Surely not paid for, and it never will be: the vendor does not look this number up."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotReady:
    """Surely not paid for: the account cannot look up any number now."""

    reason: str


@dataclass(frozen=True, slots=True)
class InDoubt:
    """May have been paid for, and the answer is lost."""

    reason: str


Answer = Told | Later | Refused | NotReady | InDoubt


def ask(vendor: ServiceVendor, offer: Offer, numbers: Sequence[str]) -> dict[str, Answer]:
    """Ask about all the numbers at the same time; the answer of each."""
    limit = conf.call_seconds("LOOKUP_LEASE_SECONDS")
    results = loop.run_all(_ask(vendor, offer, number, limit) for number in numbers)
    return {
        number: _unexpected(result, offer) if isinstance(result, BaseException) else result
        for number, result in zip(numbers, results, strict=True)
    }


async def _ask(vendor: ServiceVendor, offer: Offer, number: str, limit_seconds: float) -> Answer:
    try:
        async with asyncio.timeout(limit_seconds):
            if offer.is_free:
                info = await vendor.get_free_contact_info(number)
            else:
                wants_name = offer.detail is LookupDetail.NAME
                info = await vendor.get_contact_info(number, lookup_name=wants_name)
    except TransientVendorError as error:
        return Later(str(error), error.retry_after_seconds)
    except (VendorNotConfigured, UnsupportedFeature) as error:
        return NotReady(str(error))
    except PermanentVendorError as error:
        return Refused(_in_words(vendor, error))
    except SendUncertain as error:
        return _lost(str(error), offer)
    except TimeoutError:
        return _lost(f"{vendor.title} gave no answer in {limit_seconds:.0f} seconds.", offer)
    return Told(replace(info, contact_number=number))


def _in_words(vendor: ServiceVendor, error: PermanentVendorError) -> str:
    if str(error) or error.code is None:
        return str(error) or f"{vendor.title} does not look this number up."
    return vendor.error_description(error.code).description


def _lost(reason: str, offer: Offer) -> Answer:
    """A lost answer costs nothing where the question was free."""
    return Later(reason) if offer.is_free else InDoubt(reason)


def _unexpected(error: BaseException, offer: Offer) -> Answer:
    """A fault in a vendor's own code: nobody can know how far it came."""
    log_fault(logger, "A vendor's lookup", error)
    reason = f"The vendor's code failed unexpectedly ({type(error).__name__})."
    return Refused(reason) if offer.is_free else InDoubt(reason)
