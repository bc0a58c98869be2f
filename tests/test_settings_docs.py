"""``docs/settings.md`` says what the code reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from service_vendors import conf
from service_vendors.management import reference

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "settings.md"
MARKER = "<!-- From here on written by `manage.py vendors --docs`; a test compares. -->\n\n"


def parts() -> tuple[str, str]:
    by_hand, generated = DOCUMENT.read_text().split(MARKER)
    return by_hand, generated


def test_the_generated_part_is_what_the_command_prints_now() -> None:
    documented = [page.stem for page in (ROOT / "docs" / "vendors").glob("*.md")]
    assert "fakeservice" in documented
    assert parts()[1] == reference.settings_document(documented)


def read_by_the_host() -> Iterator[tuple[str, str, ast.expr | None]]:
    """Each ``env.kind("NAME", default=...)`` of the host's settings: name, kind, default."""
    tree = ast.parse((ROOT / "spoke_project" / "settings.py").read_text())
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="env"), attr=kind),
                args=[ast.Constant(value=str(name)), *_],
                keywords=keywords,
            ):
                yield name, kind, next((k.value for k in keywords if k.arg == "default"), None)


def test_the_host_projects_variables_are_described_with_their_kind_and_default() -> None:
    rows = {
        row[0]: row[1:]
        for row in re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|", parts()[0], re.M)
    }
    kinds = {"str": "text", "int": "whole number", "float": "number", "bool": "on/off"}
    kinds |= {"list": "list", "db_url": "text"}
    read = [found for found in read_by_the_host() if found[0] not in conf.SETTINGS]
    assert set(rows) == {name for name, _, _ in read}
    for name, kind, default in read:
        assert rows[name][0] == kinds[kind], name
        if isinstance(default, ast.Constant):
            value = default.value
            written = ("off", "on")[value] if isinstance(value, bool) else str(value)
            assert rows[name][1] == (f"`{written}`" if written else ""), name
