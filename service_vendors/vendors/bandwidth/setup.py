"""Setting an account up: a sub-account, in it a location that texts, and an application that calls
us for it.

Each step looks first: for what the settings name, then for what an earlier try made, by a name that
only this organization of this installation uses. https://dev.bandwidth.com/docs/account/programmatic-setup/
"""

from __future__ import annotations

import hashlib
import secrets
from abc import ABC
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Final
from xml.etree.ElementTree import Element

from service_vendors.exceptions import (
    ConfigurationRejected,
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.types import SetupStep, VendorAccount
from service_vendors.vendors.bandwidth import api, applications, fields, markup, parts
from service_vendors.vendors.bandwidth.numbers import location
from service_vendors.vendors.base import ServiceVendor

SUB_ACCOUNT: Final = "Sub-account"
LOCATION: Final = "Location"
TEXTS: Final = "Texts at the location"
PICTURES: Final = "Pictures at the location"
CREDENTIALS: Final = "Callback user and password"
APPLICATION: Final = "Application"
ASSOCIATION: Final = "Application of the location"

HTTP: Final = "HTTP"
COUNTRY: Final = "US"
PASSWORD_BYTES: Final = 32
# The longest name that Bandwidth's guide allows for a sub-account.
NAME_LENGTH: Final = 10

_TEXTS_ON: Final[Mapping[str, markup.Value]] = {
    "SipPeerSmsFeatureSettings": {
        "TollFree": True,
        "ShortCode": False,
        "Protocol": HTTP,
        "Zone1": True,
        "Zone2": False,
        "Zone3": False,
        "Zone4": False,
        "Zone5": False,
    },
    "HttpSettings": "",
}
_PICTURES_ON: Final[Mapping[str, markup.Value]] = {
    "MmsSettings": {"Protocol": HTTP},
    "Protocols": {HTTP: {"HttpSettings": ""}},
}


class WithAutoConfigure(ServiceVendor, ABC):
    """The part of the vendor that sets an account up."""

    async def auto_configure(self) -> AsyncIterator[SetupStep]:
        """Create what is missing: each step is told when it begins, and when it is done."""
        account = self.account
        if not account.callback_base:
            raise ConfigurationRejected(applications.NO_ADDRESS)
        for title, work in STEPS.items():
            yield SetupStep(title, total=len(STEPS))
            with _failures_of(title):
                learned = await work(account)
            account = replace(account, config={**account.config, **learned})
            yield SetupStep(title, done=True, config=learned, total=len(STEPS))


async def _sub_account(account: VendorAccount) -> dict[str, str]:
    if account.config.get("site_id"):
        await parts.insist_on_site(account)
        return {}
    name = _name(account)
    answer = await api.xml_call(account, "GET", "/sites")
    if found := _id_of(answer, "Site", "Name", name, "Id"):
        return {"site_id": found}
    order: dict[str, markup.Value] = {
        "Name": name,
        "Description": _description(account),
        "Address": {**_address(account), "Country": COUNTRY},
    }
    return {"site_id": await _created(account, "/sites", "Site", order, "Id")}


async def _location(account: VendorAccount) -> dict[str, str]:
    peers = f"/sites/{account.config['site_id']}/sippeers"
    if account.config.get("sip_peer_id"):
        await parts.insist_on_location(account)
        return {}
    name = _name(account)
    answer = await api.xml_call(account, "GET", peers)
    if found := _id_of(answer, "SipPeer", "PeerName", name, "PeerId"):
        return {"sip_peer_id": found}
    has_default = "true" in markup.texts(answer, "IsDefaultPeer")
    order: dict[str, markup.Value] = {
        "PeerName": name,
        "Description": _description(account),
        "IsDefaultPeer": not has_default,
    }
    return {"sip_peer_id": await _created(account, peers, "SipPeer", order, "PeerId")}


async def _texts(account: VendorAccount) -> dict[str, str]:
    await _switch_on(account, "sms", "SipPeerSmsFeature", _TEXTS_ON)
    return {}


async def _pictures(account: VendorAccount) -> dict[str, str]:
    await _switch_on(account, "mms", "MmsFeature", _PICTURES_ON)
    return {}


async def _credentials(account: VendorAccount) -> dict[str, str]:
    """Make up what Bandwidth is to show. An application of our own gets credentials of its own."""
    own = account.organization_id is None or {"callback_user", "callback_password"} <= set(
        account.own_fields
    )
    is_set = account.config.get("callback_user") and account.config.get("callback_password")
    if is_set and (own or account.config.get("application_id")):
        return {}
    return {
        "callback_user": _name(account),
        "callback_password": secrets.token_urlsafe(PASSWORD_BYTES),
    }


async def _application(account: VendorAccount) -> dict[str, str]:
    if application := account.config.get("application_id", ""):
        await parts.insist_on_application(account)
        if account.organization_id is None or "application_id" in account.own_fields:
            await applications.point_here(account, application)
        return {}
    name = _name(account)
    found = await applications.find(account, name)
    if found:
        await applications.point_here(account, found)
    return {"application_id": found or await applications.create(account, name)}


async def _association(account: VendorAccount) -> dict[str, str]:
    await applications.associate(account, account.config["application_id"])
    return {}


STEPS: Final[Mapping[str, Callable[[VendorAccount], Awaitable[dict[str, str]]]]] = {
    SUB_ACCOUNT: _sub_account,
    LOCATION: _location,
    TEXTS: _texts,
    PICTURES: _pictures,
    CREDENTIALS: _credentials,
    APPLICATION: _application,
    ASSOCIATION: _association,
}


async def _created(
    account: VendorAccount, path: str, name: str, order: Mapping[str, markup.Value], id_name: str
) -> str:
    """Create something; its id. Raises SendUncertain: it is found by its name when tried again."""
    body = markup.document(name, order)
    answer = await api.xml_call(account, "POST", path, body=body, acts=True)
    made = markup.text(answer, id_name) or answer.get("location", "").rpartition("/")[2]
    if not made:
        raise SendUncertain("Bandwidth made it and did not say under which id.")
    return made


async def _switch_on(
    account: VendorAccount, feature: str, name: str, settings: Mapping[str, markup.Value]
) -> None:
    """Have the location send and receive over HTTP, unless it does."""
    site, peer = location(account)
    path = f"/sites/{site}/sippeers/{peer}/products/messaging/features/{feature}"
    try:
        answer = await api.xml_call(account, "GET", path)
        protocol = markup.text(answer, "Protocol", "protocol").upper()
    except PermanentVendorError as error:
        if not api.is_missing(error):
            raise
        protocol = ""
    if protocol not in {"", HTTP}:
        sentence = f"This location speaks {protocol}. Enter one for HTTP, or empty this field."
        raise ConfigurationRejected(sentence, field_errors={"sip_peer_id": sentence})
    if not protocol:
        body = markup.document(name, settings)
        await api.xml_call(account, "POST", path, body=body, acts=True)


def _address(account: VendorAccount) -> dict[str, markup.Value]:
    """The address of a new sub-account. Raises ConfigurationRejected while it is not whole."""
    missing = [name for name in fields.ADDRESS if not account.config.get(name, "").strip()]
    if missing:
        sentence = "Bandwidth wants an address of a new sub-account. Fill this in."
        titles = ", ".join(fields.TITLES[name] for name in missing)
        raise ConfigurationRejected(
            f"Bandwidth wants an address of a new sub-account. Fill in: {titles}.",
            field_errors=dict.fromkeys(missing, sentence),
        )
    number, street, city, state, code = (account.config[name].strip() for name in fields.ADDRESS)
    return {
        "HouseNumber": number,
        "StreetName": street,
        "City": city,
        "StateCode": state,
        "Zip": code,
    }


def _name(account: VendorAccount) -> str:
    """What our things are called there: another for each organization and installation."""
    ours = account.callback(applications.ADDRESS)
    return f"tx{hashlib.sha256(ours.encode()).hexdigest()}"[:NAME_LENGTH]


def _description(account: VendorAccount) -> str:
    return f"Made for {account.callback(applications.ADDRESS)}"


def _id_of(answer: Element, kind: str, name_of: str, name: str, id_of: str) -> str:
    """The id of what has this name among those listed, or ""."""
    for one in answer.iter(kind):
        if markup.text(one, name_of) == name:
            return markup.text(one, id_of)
    return ""


@contextmanager
def _failures_of(title: str) -> Iterator[None]:
    """Say of every failure in which step it was."""
    try:
        yield
    except ConfigurationRejected as error:
        raise ConfigurationRejected(
            f"{title}: {error}", field_errors=error.field_errors
        ) from error.__cause__
    except (PermanentVendorError, VendorNotConfigured) as error:
        raise ConfigurationRejected(f"{title}: {error}") from error
    except TransientVendorError as error:
        raise TransientVendorError(
            f"{title}: {error}", code=error.code, retry_after_seconds=error.retry_after_seconds
        ) from error
    except SendUncertain as error:
        raise SendUncertain(f"{title}: {error}", code=error.code) from error
