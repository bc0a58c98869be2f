"""Whether what the settings name is there: the sub-account, its location, the application."""

from __future__ import annotations

from typing import Final

from service_vendors.exceptions import (
    ConfigurationRejected,
    PermanentVendorError,
    VendorNotConfigured,
)
from service_vendors.types import VendorAccount
from service_vendors.vendors.bandwidth import api, fields

NONE_SUCH: Final = "The account has none with this ID. Correct it, or empty it to have one made."


async def insist_on_site(account: VendorAccount) -> None:
    """Raise ConfigurationRejected unless the account has this sub-account."""
    await _insist(account, "site_id", "/sites/")


async def insist_on_location(account: VendorAccount) -> None:
    """Raise ConfigurationRejected unless the sub-account has this location."""
    site = account.config.get("site_id", "")
    await _insist(account, "sip_peer_id", f"/sites/{site}/sippeers/")


async def insist_on_application(account: VendorAccount) -> None:
    """Raise ConfigurationRejected unless the account has this application."""
    await _insist(account, "application_id", "/applications/")


async def _insist(account: VendorAccount, field: str, path: str) -> None:
    named = account.config.get(field, "")
    sentence = ""
    if api.ID.fullmatch(named):
        try:
            await api.xml_call(account, "GET", path + named)
        except PermanentVendorError as error:
            sentence = NONE_SUCH if api.is_missing(error) else str(error)
        except VendorNotConfigured as error:
            sentence = str(error)
    else:
        sentence = NONE_SUCH
    if sentence:
        raise ConfigurationRejected(
            f"{fields.TITLES[field]}: {sentence}", field_errors={field: sentence}
        )
