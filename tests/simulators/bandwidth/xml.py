"""XML as the company writes and reads it, with a writer of its own: not the one under test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

import defusedxml.ElementTree
from aiohttp import web

DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def answer(
    root: str, content: Any = "", status: int = 200, *, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An answer with this document."""
    return web.Response(
        text=f"{DECLARATION}\n{_element(root, content)}",
        status=status,
        content_type="application/xml",
        headers=headers,
    )


async def read(request: web.Request) -> dict[str, Any]:
    """The request's document, as names and what stands in them; several of a name are a list."""
    root = defusedxml.ElementTree.fromstring(await request.read(), forbid_dtd=True)
    return {root.tag: _value(root)}


def _element(name: str, content: Any) -> str:
    if isinstance(content, list):
        return "".join(_element(name, one) for one in content)
    if isinstance(content, Mapping):
        inside = "".join(_element(child, value) for child, value in content.items())
    elif isinstance(content, bool):
        inside = str(content).lower()
    else:
        inside = escape(str(content))
    return f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"


def _value(element: Any) -> Any:
    if not len(element):
        return (element.text or "").strip()
    found: dict[str, Any] = {}
    for child in element:
        value = _value(child)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found
