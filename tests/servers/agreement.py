"""What a test's own process and the workers it starts must agree on."""

from __future__ import annotations

from typing import Any

from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests import installation


def agree(
    company: FakeServiceServer, settings: Any, callback_base: str, **more: str
) -> dict[str, str]:
    """Text through an account at the company; the workers' environment.

    The account's signing secret is left out: calls are signed with the API key.
    """
    account = company.account()
    del account["signing_secret"]
    settings.BASE_URL = callback_base
    return installation.text_over(settings, account, **more)
