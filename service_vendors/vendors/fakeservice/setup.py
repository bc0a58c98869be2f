"""Setting an account up at the company, step by step."""

from __future__ import annotations

from abc import ABC
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from service_vendors.exceptions import ConfigurationRejected, SendUncertain
from service_vendors.types import SetupStep, VendorAccount
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.fakeservice import api

ADDRESS: Final = "fakeservice"


class WithAutoConfigure(ServiceVendor, ABC):
    """The part of the vendor that creates what an account lacks."""

    async def auto_configure(self) -> AsyncIterator[SetupStep]:
        """Each step is told when it begins, and with what it learned when it is done."""
        account = self.account
        if not account.callback_base:
            raise ConfigurationRejected(
                "This installation does not know its own public address, so the company could not "
                "call it. Its operators must set BASE_URL."
            )
        steps = {"Account": _account, "Signing secret": _signing_secret, "Webhooks": _webhooks}
        for title, work in steps.items():
            yield SetupStep(title, total=len(steps))
            learned = await work(account)
            account = replace(account, config={**account.config, **learned})
            yield SetupStep(title, done=True, config=learned, total=len(steps))


async def _account(account: VendorAccount) -> dict[str, str]:
    """The company opens an account for any name; it only has to know this one."""
    await api.call(account, "GET", "/account")
    return {}


async def _signing_secret(account: VendorAccount) -> dict[str, str]:
    """The one that is set, or that an earlier try had made, or else a new one."""
    if account.config.get("signing_secret"):
        return {}
    hook = {"callback": account.callback(ADDRESS)}
    answer = await api.call(account, "GET", "/signing-secret", params=hook)
    if not answer.get("signing_secret"):
        answer = await api.call(account, "POST", "/signing-secret", json=hook, acts=True)
    secret = answer.get("signing_secret")
    if not (isinstance(secret, str) and secret):
        raise SendUncertain("Fakeservice made a secret and did not say which.")
    return {"signing_secret": secret}


async def _webhooks(account: VendorAccount) -> dict[str, str]:
    """Have the company sign with the newest secret what it posts to us."""
    newest = account.config["signing_secret"].partition(",")[0].strip()
    hook = {"callback": account.callback(ADDRESS), "signing_secret": newest}
    await api.call(account, "PUT", "/webhook", json=hook)
    return {}
