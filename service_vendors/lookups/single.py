"""Looking one number up: known already, or asked about by whoever comes first."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from service_vendors.configuration import get_config, record, vendor_of
from service_vendors.exceptions import (
    LookupInDoubt,
    LookupUnderWay,
    PermanentVendorError,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.lookups import asking, claims, knowledge
from service_vendors.lookups.money import in_words
from service_vendors.lookups.offers import Offer, offer_for
from service_vendors.models import Organization, OrganizationContact
from service_vendors.phone import mask, to_e164
from service_vendors.types import LookupDetail

WAIT_SECONDS: Final = 30.0
FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.0


def look_up(
    organization: Organization,
    number: str,
    *,
    detail: LookupDetail = LookupDetail.STATUS,
    newer_than: datetime | None = None,
    actor: AbstractBaseUser | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> OrganizationContact:
    """What is known of a number, asking the vendor if that is too old or tells too little.

    ``newer_than`` asks anew unless somebody has done so after that moment. However many ask at
    once, the vendor is asked once; the others wait for the answer, ``wait_seconds`` at most.

    Raises InvalidPhoneNumber, UnknownVendor, UnsupportedFeature, VendorNotConfigured,
    LookupUnderWay, LookupInDoubt, and TransientVendorError or PermanentVendorError.
    """
    country = str(get_config("PHONE_NUMBER_COUNTRY", organization))
    e164 = to_e164(number, country)
    offer = offer_for(organization, detail)
    end, pause = time.monotonic() + wait_seconds, FIRST_PAUSE_SECONDS

    def known() -> OrganizationContact | None:
        return knowledge.fresh(organization, [e164], detail, newer_than).get(e164)

    while True:
        if contact := known():
            return contact
        if claims.held_until(organization, e164) is None:
            claim = claims.take(organization, offer, [e164])
            if claim.numbers:
                return _as_holder(organization, offer, claim, e164, known, actor)
        if time.monotonic() + pause > end:
            raise LookupUnderWay(
                "This number is being looked up, or was a moment ago and the answer was lost. "
                "Look again in a minute."
            )
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _as_holder(
    organization: Organization,
    offer: Offer,
    claim: claims.Claim,
    number: str,
    is_known: Callable[[], OrganizationContact | None],
    actor: AbstractBaseUser | None,
) -> OrganizationContact:
    """Ask, now that nobody else does. Somebody may have done so just before."""
    unclear: list[str] = []
    try:
        if known := is_known():
            return known
        vendor = vendor_of(organization, offer.vendor_class.name)
        if not offer.is_free:
            record(
                organization,
                actor,
                "contact looked up",
                f"Looked up {mask(number)}: {in_words(offer.price, offer.currency)}.",
                service=offer.vendor_class.name,
            )
        unclear = [number]
        answer = asking.ask(vendor, offer, [number])[number]
        if not isinstance(answer, asking.Told | asking.InDoubt):
            unclear = []
        contact = _understood(organization, offer, number, answer)
        unclear = []
        return contact
    finally:
        claims.release(organization, claim, in_doubt=unclear)


def _understood(
    organization: Organization, offer: Offer, number: str, answer: asking.Answer
) -> OrganizationContact:
    """What is known now. Raises what the answer says went wrong."""
    match answer:
        case asking.Told(info):
            with transaction.atomic():
                learned = knowledge.learn(
                    organization, offer.vendor_class.name, offer.detail, {number: info}
                )
            return learned[number]
        case asking.Later(reason, after_seconds):
            if after_seconds:
                claims.close_gate(offer, after_seconds)
            raise TransientVendorError(reason, retry_after_seconds=after_seconds)
        case asking.NotReady(reason):
            raise VendorNotConfigured(reason)
        case asking.Refused(reason):
            raise PermanentVendorError(reason)
        case asking.InDoubt(reason):
            raise LookupInDoubt(
                f"{reason} It may have been charged, so it is not asked again for a while."
            )
