"""Web addresses that people give, of pictures say: they must lead to the public internet.

We fetch none of them ourselves; the vendor does, and shows the file to a contact. An address
inside somebody's network is of no use to either, and could tell a stranger what is there.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from typing import Final
from urllib.parse import SplitResult, urlsplit

MOST_CHARACTERS: Final = 2_000

# Names that never lead out of a machine or a network (RFC 6761, 6762, 8375; ICANN's .internal).
_INSIDE: Final = frozenset(
    {"localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private"}
)
_INSIDE_HOME: Final = ".home.arpa"
# What browsers take for an IPv4 address: the last label is a number, whatever the base.
_NUMERIC: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.IGNORECASE)
_NAME: Final = re.compile(r"[\w-]+(?:\.[\w-]+)+")
# IPv6 addresses that carry an IPv4 one, which is where they lead: NAT64's (RFC 6052) and the
# "compatible" ones of old (RFC 4291).
_CARRIERS: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotPublic(ValueError):
    """An address does not lead to the public internet; the text says what is wrong with it."""


def insist_on_public(url: str, *, own_site: str = "") -> None:
    """Raise NotPublic unless this is an http(s) address of the public internet.

    ``own_site`` is the public address of this installation: what is there may be given too, even
    where that is this very machine, as in a demo. No name is looked up: what it leads to is
    decided when somebody fetches it, and may be another thing by then.
    """
    if len(url) > MOST_CHARACTERS:
        raise NotPublic(f"it has more than {MOST_CHARACTERS:,} characters.")
    if any(c.isspace() or not c.isprintable() or c == "\\" for c in url):
        raise NotPublic("it holds a blank, a backslash or a character that cannot be seen.")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises, too
    except ValueError:
        raise NotPublic("it cannot be read.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise NotPublic("it must begin with https://.")
    if "@" in parts.netloc:
        raise NotPublic("it must hold no user name and no password.")
    if own_site and _origin(parts) == _origin(urlsplit(own_site)):
        return
    if not _leads_out(parts.hostname):
        raise NotPublic("it must lead to the public internet.")


def _origin(parts: SplitResult) -> tuple[str, str]:
    return parts.scheme, parts.netloc.lower()


def _leads_out(host: str) -> bool:
    """Whether a host is a name of the public internet, or a public address."""
    # As who resolves it would write it: in plain digits and dots, without the root's.
    host = unicodedata.normalize("NFKC", host).replace("\N{IDEOGRAPHIC FULL STOP}", ".")
    host = host.lower().rstrip(".")
    if ":" in host:
        return _is_public(_ipv6(host))
    if _NUMERIC.fullmatch(host):
        return _is_public(_ipv4(host))
    labels = host.split(".")
    return (
        _NAME.fullmatch(host) is not None
        and labels[-1] not in _INSIDE
        and not host.endswith(_INSIDE_HOME)
    )


def _ipv4(host: str) -> _Address | None:
    """An IPv4 address in any way it can be written: 127.1, 0x7f000001, 2130706433, 0177.0.0.1."""
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def _ipv6(host: str) -> _Address | None:
    """An IPv6 address, or the IPv4 address within it."""
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return None
    if address.scope_id is not None:
        return None  # a zone is a thing of one machine
    if any(address in network for network in _CARRIERS):
        return ipaddress.IPv4Address(address.packed[-4:])
    if address.teredo is not None:
        return None
    return address.ipv4_mapped or address.sixtofour or address


def _is_public(address: _Address | None) -> bool:
    return address is not None and address.is_global and not address.is_multicast
