"""Somebody who buys numbers, or gives one back, and may be killed at it: a process of its own.

Told on its standard input, as JSON: the account's ``config``, and either ``reference``, ``limit``
and ``area_code`` of an order, or the ``service_id`` of a number. It is reached through
HTTPS_PROXY like any other.
"""

from __future__ import annotations

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from service_vendors.types import VendorAccount  # noqa: E402 - Django first
from service_vendors.vendors import loop  # noqa: E402
from service_vendors.vendors.nexmo.vendor import Nexmo  # noqa: E402


async def buy(vendor: Nexmo, area_code: str, limit: int, reference: str) -> list[str]:
    """The numbers bought."""
    found = vendor.buy_numbers_in_area_code(area_code, limit, reference)
    return [one.phone_number async for one in found]


def main() -> None:
    """Do what was asked, and print what came of it."""
    asked = json.load(sys.stdin)
    vendor = Nexmo(VendorAccount("nexmo", 7, asked["config"], asked["callback_base"]))
    if "service_id" in asked:
        loop.run(vendor.release_number(asked["service_id"]))
        return
    order = asked["area_code"], asked["limit"], asked["reference"]
    json.dump(loop.run(buy(vendor, *order)), sys.stdout)


if __name__ == "__main__":
    main()
