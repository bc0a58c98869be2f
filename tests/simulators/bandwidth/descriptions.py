"""What Bandwidth says of its own APIs, held against every request.

The file about numbers and accounts is of 2023: its host has another name by now, and its XML bodies
are described half by schemas, half by examples. A name counts as documented where either has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import defusedxml.ElementTree

from tests.simulators.openapi import Asked, Descriptions, Document, resolved

MESSAGING: Final = ("bandwidth/bandwidth.yml",)
NUMBERS: Final = ("bandwidth/numbers.yml",)
OLD_HOST: Final = "dashboard.bandwidth.com"
XML: Final = "application/xml"

# Not where that file speaks of these requests, but elsewhere in it, or in the guide:
# https://dev.bandwidth.com/docs/account/programmatic-setup/
ELSEWHERE: Final = frozenset(
    {("Address", "AddressType"), ("RequestedCallbackTypes", "CallbackType")}
)

Pairs = set[tuple[str, str]]


def read_all() -> None:
    """Read the descriptions, which takes seconds, before anybody waits for an answer."""
    Descriptions.of(*MESSAGING)
    Descriptions.of(*NUMBERS)


def complaints(asked: Asked) -> list[str]:
    """What is wrong with a request; nothing where there are no descriptions."""
    if not asked.path.startswith("/api/v1/accounts/"):
        return Descriptions.of(*MESSAGING).complaints(asked)
    numbers = Descriptions.of(*NUMBERS)
    old = replace(asked, host=OLD_HOST)
    found = numbers.complaints(old)
    if asked.body and (described := numbers.described(old)):
        found += _about_xml(*described, asked)
    return found


def _about_xml(document: Document, operation: Mapping[str, Any], asked: Asked) -> Iterator[str]:
    """Elements that are nowhere documented within their parents, and names that are too long."""
    described = resolved(document, operation["requestBody"])["content"][XML]
    pairs: Pairs = set(ELSEWHERE)
    longest: dict[str, int] = {}
    _collect(document, described.get("schema", {}), "", pairs, longest)
    for example in described.get("examples", {}).values():
        pairs |= set(_pairs(_parsed(str(resolved(document, example)["value"]))))
    if "example" in described:
        pairs |= set(_pairs(_parsed(str(described["example"]))))
    root = defusedxml.ElementTree.fromstring(asked.body, forbid_dtd=True)
    for parent, child in _pairs(root):
        if (parent, child) not in pairs and ("", child) not in pairs:
            yield f"{asked.method} {asked.path}: {child} in {parent} is not documented"
    for element in root.iter():
        most = longest.get(element.tag)
        if most is not None and len(element.text or "") > most:
            yield f"{asked.method} {asked.path}: {element.tag} is longer than {most}"


def _collect(
    document: Document,
    schema: Mapping[str, Any],
    parent: str,
    pairs: Pairs,
    longest: dict[str, int],
) -> None:
    schema = resolved(document, schema)
    parent = schema.get("xml", {}).get("name", parent)
    for part in ("allOf", "oneOf", "anyOf"):
        for one in schema.get(part, ()):
            _collect(document, one, parent, pairs, longest)
    if "items" in schema:
        _collect(document, schema["items"], parent, pairs, longest)
    for name, value in schema.get("properties", {}).items():
        pairs.add((parent, name))
        limit = resolved(document, value).get("maxLength")
        if limit is not None:
            longest[name] = limit
        _collect(document, value, name, pairs, longest)


def _parsed(example: str) -> Any:
    return defusedxml.ElementTree.fromstring(re.sub(r"^\s*<\?xml.*?\?>", "", example))


def _pairs(root: Any) -> Iterator[tuple[str, str]]:
    for element in root.iter():
        for child in element:
            if isinstance(child.tag, str):
                yield element.tag, child.tag
