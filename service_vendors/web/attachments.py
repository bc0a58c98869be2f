"""Pictures and other files that came with a message, as a page may show them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from service_vendors import conf
from service_vendors.types import Media

_KINDS: Final = {"image": "Picture", "video": "Video", "audio": "Sound", "text": "Text file"}
_IS_PICTURE: Final = re.compile(r"\.(?:png|jpe?g|gif|webp)$", re.IGNORECASE)
_PLAIN_PATH: Final = re.compile(r"(?:/[\w-][\w.-]*)+")


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a message.

    ``url`` is "" when it is no web address; ``host`` is where it leads; ``inline`` is what an
    ``<img>`` on our page may load, "" for nothing: what comes from elsewhere is a link only.
    """

    url: str
    kind: str
    content_type: str
    host: str
    inline: str = ""


def stored_media(media: Any) -> list[Media]:
    """A message's ``media`` column as values."""
    listed = media if isinstance(media, list) else []
    return [
        Media(str(one.get("url", "")), str(one.get("content_type", "")))
        for one in listed
        if isinstance(one, dict)
    ]


def attachments(request: HttpRequest, media: Iterable[Media]) -> list[Attachment]:
    """The files of one message, as this page may show them."""
    return [_attachment(request, one) for one in media]


def _attachment(request: HttpRequest, media: Media) -> Attachment:
    family = media.content_type.partition("/")[0].lower()
    try:
        address = urlsplit(media.url)
        host = address.hostname or ""
    except ValueError:
        return Attachment("", "File", media.content_type, "")
    is_picture = family == "image" or (not family and bool(_IS_PICTURE.search(address.path)))
    kind = "Picture" if is_picture else _KINDS.get(family, "File")
    if address.scheme not in {"http", "https"} or not host:
        return Attachment("", kind, media.content_type, "")
    origin = f"{address.scheme}://{address.netloc}"
    is_ours = origin in {_own_origin(request), conf.text("BASE_URL").rstrip("/")}
    # A contact decides what address is here. On our own site only static files are loaded for it:
    # an <img> must not ask for any other of our pages in the viewer's name.
    is_static = (
        str(settings.STATIC_URL).startswith("/")
        and address.path.startswith(str(settings.STATIC_URL))
        and _PLAIN_PATH.fullmatch(address.path) is not None
    )
    inline = address.path if is_picture and is_ours and is_static else ""
    return Attachment(media.url, kind, media.content_type, host, inline)


def _own_origin(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"
