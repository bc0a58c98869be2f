"""A request that a company's own description does not know is found out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.simulators.openapi import FORM, Asked, Descriptions

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.1",
    "servers": [{"url": "https://api.example.org/v1"}],
    "paths": {
        "/letters/{Id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "get": {
                "parameters": [
                    {"name": "Page", "in": "query", "schema": {"type": "integer", "minimum": 0}},
                    {
                        "name": "Kind",
                        "in": "query",
                        "schema": {"$ref": "#/components/schemas/Kind"},
                    },
                ]
            },
            "post": {
                "requestBody": {
                    "content": {
                        FORM: {"schema": {"$ref": "#/components/schemas/Letter"}},
                        "application/json": {"schema": {"$ref": "#/components/schemas/Letter"}},
                    },
                    "required": True,
                }
            },
        },
        "/letters/lost": {"get": {}},
    },
    "components": {
        "parameters": {
            "Id": {
                "name": "Id",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "pattern": "^L[0-9]+$"},
            }
        },
        "schemas": {
            "Kind": {"type": "string", "enum": ["open", "sealed"]},
            "Letter": {
                "type": "object",
                "properties": {
                    "To": {"type": "string"},
                    "Copies": {"type": "integer", "minimum": 1},
                    "Urgent": {"type": "boolean"},
                    "Enclosed": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
                    "Kind": {"$ref": "#/components/schemas/Kind"},
                    "Note": {"type": "string", "nullable": True},
                },
                "required": ["To"],
            },
        },
    },
}
LETTER = (("To", "Ada"), ("Copies", "2"), ("Urgent", "true"), ("Enclosed", "a"), ("Enclosed", "b"))


@pytest.fixture
def described() -> Descriptions:
    return Descriptions([DOCUMENT])


def asked(method: str, path: str, host: str = "api.example.org", **more: Any) -> Asked:
    return Asked(method, host, f"/v1{path}", **more)


def form(*pairs: tuple[str, str]) -> Asked:
    return asked("POST", "/letters/L1", content_type=FORM, body=urlencode(pairs).encode())


def document(value: Any) -> Asked:
    body = json.dumps(value).encode()
    return asked("POST", "/letters/L1", content_type="application/json; charset=utf-8", body=body)


@pytest.mark.parametrize(
    "right",
    [
        asked("GET", "/letters/L1"),
        asked("GET", "/letters/lost"),
        asked("GET", "/letters/L1", query=(("Page", "0"), ("Kind", "open"))),
        form(*LETTER),
        form(("To", "Ada"), ("Enclosed", "one")),
        document({"To": "Ada", "Copies": 2, "Enclosed": ["a"], "Note": None}),
    ],
)
def test_what_is_described_is_right(described: Descriptions, right: Asked) -> None:
    assert described.complaints(right) == []


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (asked("GET", "/letters/L1", host="example.com"), "no such request"),
        (asked("DELETE", "/letters/L1"), "no such request"),
        (asked("GET", "/parcels/1"), "no such request"),
        (asked("GET", "/letters/L1/2"), "no such request"),
        (asked("GET", "/letters/1"), "path: Id: pattern"),
        (asked("GET", "/letters/L1", query=(("Pages", "1"),)), "'Pages' was unexpected"),
        (asked("GET", "/letters/L1", query=(("Page", "one"),)), "query: Page: type"),
        (asked("GET", "/letters/L1", query=(("Page", "-1"),)), "query: Page: minimum"),
        (asked("GET", "/letters/L1", query=(("Kind", "blue"),)), "query: Kind: enum"),
        (form(("Copies", "1")), "'To' is a required property"),
        (form(*LETTER, ("From", "Bob")), "'From' was unexpected"),
        (form(*LETTER, ("To", "Bob")), "body: To: type"),
        (form(*LETTER, ("Enclosed", "c")), "body: Enclosed: maxItems"),
        (form(("To", "Ada"), ("Urgent", "yes")), "body: Urgent: type"),
        (form(("To", "Ada"), ("Copies", "0")), "body: Copies: minimum"),
        (document({"To": 1}), "body: To: type"),
        (document({"To": None}), "body: To: type"),
        (asked("POST", "/letters/L1"), "body: it is missing"),
        (asked("POST", "/letters/L1", content_type="text/xml", body=b"<a/>"), "body: it is text/"),
        (asked("GET", "/letters/L1", content_type=FORM, body=b"To=Ada"), "not empty"),
    ],
)
def test_what_is_not_described_is_found_out(
    described: Descriptions, wrong: Asked, complaint: str
) -> None:
    (found,) = described.complaints(wrong)
    assert complaint in found
    assert wrong.method in found and wrong.path in found


def test_without_a_description_nothing_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDOR_SPECS", str(tmp_path))
    assert Descriptions.of("post/letters.json").complaints(asked("GET", "/nonsense")) == []


@pytest.mark.parametrize("name", ["letters.json", "letters.yml"])
def test_descriptions_are_read_from_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_text(json.dumps(DOCUMENT))  # JSON is YAML, too
    monkeypatch.setenv("VENDOR_SPECS", str(tmp_path))
    described = Descriptions.of(name, "missing.json")
    assert described.complaints(asked("GET", "/letters/L1")) == []
    assert described.complaints(asked("GET", "/nonsense"))
