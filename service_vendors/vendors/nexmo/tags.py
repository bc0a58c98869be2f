"""The order a number was bought under, kept where Vonage keeps it: in the number's own webhook.

Vonage has no field of ours on a number. The address it calls for the number's messages may have a
query, and is told again whenever numbers are listed.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

TAG: Final = "order"


def tagged(callback: str, reference: str) -> str:
    """The address for a number that was bought under a reference."""
    return f"{callback}?{urlencode({TAG: reference})}"


def reference_in(address: str) -> str:
    """The reference in a number's address, or ""."""
    try:
        query = urlsplit(address).query
    except ValueError:
        return ""
    return dict(parse_qsl(query)).get(TAG, "")
