"""What companies say of their own APIs, held against every request that we make.

The descriptions (OpenAPI 3) are not part of this project. They are looked for in the folder that
VENDOR_SPECS names, or else beside the repository; where there are none, nothing is said.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import yaml
from jsonschema import Draft4Validator
from jsonschema.validators import extend

FOLDER: Final = Path(__file__).resolve().parents[3] / "shared" / "specs"
FORM: Final = "application/x-www-form-urlencoded"

# Either is a safe one; libyaml's, where it is there, is seven times as fast.
_YAML: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

METHODS: Final = frozenset({"get", "put", "post", "patch", "delete", "head", "options"})

Document = Mapping[str, Any]
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Asked:
    """One request, as it came in. ``path`` and ``query`` are decoded."""

    method: str
    host: str
    path: str
    query: Pairs = ()
    content_type: str = ""
    body: bytes = b""


@dataclass(frozen=True)
class _Operation:
    """What one description says of one kind of request, and which requests are of that kind."""

    document: Document
    described: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]
    method: str
    host: str | None
    path: re.Pattern[str]
    gaps: tuple[str, ...]

    def gaps_of(self, asked: Asked) -> dict[str, str] | None:
        """What fills the gaps of the path, when a request is of this kind."""
        if asked.method.lower() != self.method or self.host not in {None, asked.host}:
            return None
        found = self.path.fullmatch(asked.path)
        return dict(zip(self.gaps, found.groups(), strict=True)) if found else None


class Descriptions:
    """What a company says of its API, in one document or several; maybe none is there."""

    def __init__(self, documents: Iterable[Document]) -> None:
        # Of several that fit, the one with the fewest gaps in its path is meant.
        self._operations = sorted(
            (one for document in documents for one in _operations(document)),
            key=lambda one: len(one.gaps),
        )

    @classmethod
    def of(cls, *names: str) -> Descriptions:
        """Those of the files, named from the folder of descriptions, that are there."""
        return _read(folder(), names)

    def described(self, asked: Asked) -> tuple[Document, Mapping[str, Any]] | None:
        """The document and what it says of requests of this kind, for closer looks."""
        for operation in self._operations:
            if operation.gaps_of(asked) is not None:
                return operation.document, operation.described
        return None

    def complaints(self, asked: Asked) -> list[str]:
        """What is wrong with a request; nothing where there is no description at all."""
        if not self._operations:
            return []
        said = f"{asked.method} {asked.host}{asked.path}"
        for operation in self._operations:
            gaps = operation.gaps_of(asked)
            if gaps is not None:
                found = [*_about_parameters(operation, gaps, asked), *_about_body(operation, asked)]
                return [f"{said}: {one}" for one in found]
        return [f"{said}: there is no such request"]


def folder() -> Path:
    """Where what companies say of themselves is kept; nothing needs to be there."""
    return Path(os.environ.get("VENDOR_SPECS") or FOLDER)


@cache
def _read(place: Path, names: tuple[str, ...]) -> Descriptions:
    files = [place / name for name in names if (place / name).is_file()]
    return Descriptions(
        json.loads(file.read_bytes())
        if file.suffix == ".json"
        else yaml.load(file.read_text(), Loader=_YAML)  # noqa: S506
        for file in files
    )


def _operations(document: Document) -> Iterator[_Operation]:
    for template, item in document["paths"].items():
        for server in item.get("servers") or document.get("servers") or [{"url": ""}]:
            url = str(server["url"])
            for name, variable in server.get("variables", {}).items():
                url = url.replace(f"{{{name}}}", str(variable["default"]))
            base = urlsplit(url)
            pieces = re.split(r"\{([^}]+)\}", base.path.rstrip("/") + template)
            pattern = "([^/]+?)".join(map(re.escape, pieces[::2]))
            for method in item.keys() & METHODS:
                described = item[method]
                everything = (*item.get("parameters", ()), *described.get("parameters", ()))
                yield _Operation(
                    document=document,
                    described=described,
                    parameters=tuple(resolved(document, one) for one in everything),
                    method=method,
                    host=base.hostname,
                    path=re.compile(pattern),
                    gaps=tuple(pieces[1::2]),
                )


def _about_parameters(
    operation: _Operation, gaps: Mapping[str, str], asked: Asked
) -> Iterator[str]:
    """Complaints about the path and the query."""
    for place, pairs in (("path", tuple(gaps.items())), ("query", asked.query)):
        described = {p["name"]: p for p in operation.parameters if p["in"] == place}
        schema = {
            "type": "object",
            "properties": {name: one.get("schema", {}) for name, one in described.items()},
            "required": [name for name, one in described.items() if one.get("required")],
            "additionalProperties": False,
        }
        if not schema["required"]:
            del schema["required"]  # Draft 4 knows no empty list
        values = _values(operation.document, schema["properties"], pairs)
        yield from (f"{place}: {one}" for one in _errors(operation.document, schema, values))


def _about_body(operation: _Operation, asked: Asked) -> Iterator[str]:
    """Complaints about a form or a JSON document; other kinds are only known by their name."""
    described = resolved(operation.document, operation.described.get("requestBody", {}))
    if not asked.body:
        if described.get("required"):
            yield "body: it is missing"
        return
    kind = asked.content_type.partition(";")[0].strip().lower()
    content = described.get("content", {})
    if kind not in content:
        yield f"body: it is {kind or 'of no type'}, not {' or '.join(content) or 'empty'}"
        return
    schema = _closed(resolved(operation.document, content[kind].get("schema", {})))
    if kind == FORM:
        pairs = parse_qsl(asked.body.decode(), keep_blank_values=True)
        value: Any = _values(operation.document, schema.get("properties", {}), pairs)
    elif kind == "application/json":
        value = json.loads(asked.body)
    else:
        return
    yield from (f"body: {one}" for one in _errors(operation.document, schema, value))


def _closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema; what a plain object does not name, it does not have."""
    is_plain = "properties" in schema and not schema.keys() & {"allOf", "anyOf", "oneOf"}
    return {"additionalProperties": False, **schema} if is_plain else dict(schema)


def _values(document: Document, schemas: Mapping[str, Any], pairs: Pairs) -> dict[str, Any]:
    """Written fields as what they stand for; a list is written as its name, repeated."""
    values: dict[str, Any] = {}
    for name, text in pairs:
        schema = resolved(document, schemas.get(name, {}))
        if schema.get("type") == "array":
            item = resolved(document, schema.get("items", {}))
            values.setdefault(name, []).append(_value(item, text))
        elif name in values:
            values[name] = [values[name], text]  # repeated, and no list: no type will fit
        else:
            values[name] = _value(schema, text)
    return values


def _value(schema: Mapping[str, Any], text: str) -> Any:
    """A text as what its schema wants; as it is when it is nothing of the kind."""
    written = {"integer": r"-?\d+", "number": r"-?\d+(\.\d+)?", "boolean": "true|false"}
    kind = schema.get("type", "")
    if kind == "object" or (kind in written and re.fullmatch(written[kind], text)):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _errors(document: Document, schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    """Names and rules, never values: numbers and texts stay out of test reports."""
    whole = {**schema, "components": document.get("components", {})}
    for error in _Validator(whole).iter_errors(value):
        where = ".".join(map(str, error.absolute_path))
        rule = f"{error.validator} {json.dumps(error.validator_value, default=str)[:200]}"
        what = error.message if error.validator in {"required", "additionalProperties"} else rule
        yield f"{where}: {what}" if where else what


def resolved(document: Document, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference within the document refers to."""
    while "$ref" in schema:
        found: Any = document
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        schema = found
    return schema


def _type_or_null(
    validator: Any, types: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[Any]:
    """OpenAPI 3.0 has no type "null" but a word of its own for it."""
    if not (instance is None and schema.get("nullable")):
        yield from Draft4Validator.VALIDATORS["type"](validator, types, instance, schema) or ()


_Validator: Final[Any] = extend(Draft4Validator, {"type": _type_or_null})
