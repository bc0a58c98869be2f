"""Numbers as Vonage's Numbers API has them: searching, buying, changing, cancelling, listing.

https://developer.vonage.com/en/api/numbers. A number is named by its country and its digits; so a
purchase names the very number that is bought, and repeated it can buy nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from service_vendors.exceptions import PermanentVendorError, SendUncertain, TransientVendorError
from service_vendors.types import AvailableNumber, PurchasedNumber, VendorAccount
from service_vendors.vendors.nexmo import api, errors, tags

PAGE: Final = 100
DONE: Final = "200"
STARTS_WITH: Final = "0"


@dataclass(frozen=True, slots=True)
class Number:
    """One number at Vonage; ``msisdn`` is E.164 without its plus, ``address`` what it calls.

    Its price is left out: Vonage tells it in euros, whatever the account is billed in.
    """

    country: str
    msisdn: str
    address: str = ""
    features: tuple[str, ...] = ()

    @property
    def service_id(self) -> str:
        """What we call it: Vonage wants to be told both."""
        return f"{self.country}-{self.msisdn}"

    def available(self) -> AvailableNumber:
        """As a number for sale."""
        return AvailableNumber(f"+{self.msisdn}", capabilities=self.features)

    def purchased(self, reference: str | None = None) -> PurchasedNumber:
        """As a number that is ours, bought under its own reference unless another one is told."""
        return PurchasedNumber(
            phone_number=f"+{self.msisdn}",
            service_id=self.service_id,
            reference=tags.reference_in(self.address) if reference is None else reference,
            capabilities=self.features,
        )


async def for_sale(account: VendorAccount, country: str, prefix: str) -> AsyncIterator[Number]:
    """Numbers that take texts and begin with a prefix, country code included."""
    wanted = {
        "country": country,
        "pattern": prefix,
        "search_pattern": STARTS_WITH,
        "features": "SMS",
    }
    async for number in _pages(account, f"{api.REST}/number/search", wanted):
        yield number


async def owned(account: VendorAccount, prefix: str = "") -> AsyncIterator[Number]:
    """The account's numbers; with a prefix only those that begin with it."""
    wanted = {"pattern": prefix, "search_pattern": STARTS_WITH} if prefix else {}
    async for number in _pages(account, f"{api.REST}/account/numbers", wanted):
        yield number


async def find_owned(account: VendorAccount, msisdn: str) -> Number | None:
    """One number of the account, if it is the account's."""
    async for number in owned(account, msisdn):
        if number.msisdn == msisdn:
            return number
    return None


async def buy(account: VendorAccount, number: Number) -> None:
    """Buy this number. Raises PermanentVendorError with REFUSED_NUMBER when it cannot be had."""
    await _order(account, "buy", number, acts=True)


async def cancel(account: VendorAccount, number: Number) -> None:
    """Give this number back; one that is not the account's counts as given back."""
    try:
        await _order(account, "cancel", number)
    except PermanentVendorError as error:
        if error.code != errors.REFUSED_NUMBER or await find_owned(account, number.msisdn):
            raise


async def point(account: VendorAccount, number: Number, address: str) -> None:
    """Have Vonage call ``address`` for this number's texts, and link it to the application, so
    that it sends pictures. Raises PermanentVendorError when Vonage calls there in vain.
    """
    more = {"moHttpUrl": address}
    if application_id := account.config.get("application_id", "").strip():
        more["app_id"] = application_id
    await _order(account, "update", number, more)


async def _order(
    account: VendorAccount,
    what: str,
    number: Number,
    more: Mapping[str, str] | None = None,
    *,
    acts: bool = False,
) -> None:
    form = {"country": number.country, "msisdn": number.msisdn, **(more or {})}
    answer = await api.call(account, "POST", f"{api.REST}/number/{what}", form=form, acts=acts)
    said = str(answer.get("error-code", DONE))
    if said == str(errors.REFUSED_NUMBER):
        raise api.refusal(errors.REFUSED_NUMBER)
    if said != DONE:
        raise (SendUncertain if acts else TransientVendorError)(f"Vonage answered {said[:20]}.")


async def _pages(
    account: VendorAccount, url: str, wanted: Mapping[str, str]
) -> AsyncIterator[Number]:
    """Every number of a list, a page at a time; where there are none Vonage leaves out the list."""
    seen, index = 0, 1
    while True:
        params = {**wanted, "size": str(PAGE), "index": str(index)}
        answer = await api.call(account, "GET", url, params=params)
        found = answer.get("numbers") or []
        for one in found:
            yield _number(one)
        seen, index = seen + len(found), index + 1
        if not found or seen >= int(answer.get("count") or 0):
            return


def _number(one: Mapping[str, Any]) -> Number:
    return Number(
        country=str(one["country"]),
        msisdn=str(one["msisdn"]),
        address=str(one.get("moHttpUrl") or ""),
        features=tuple(str(feature).lower() for feature in one.get("features") or ()),
    )
