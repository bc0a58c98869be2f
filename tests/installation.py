"""What an installation's operators set, here for a test's own process and for workers it starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text_over(settings: Any, account: Mapping[str, str], **more: str) -> dict[str, str]:
    """Let every organization text over an account at the fake company; the workers' environment.

    ``more`` is set as well.
    """
    chosen = {
        "SERVICE_VENDORS": "fakeservice",
        "DEFAULT_SERVICE": "fakeservice",
        **{f"FAKESERVICE_{field.upper()}": value for field, value in account.items()},
        **more,
    }
    for name, value in chosen.items():
        setattr(settings, name, value)
    return chosen
