"""Rules of this house that no linter knows. Each rule is tried on a file that breaks it, too."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[1]

TEXT = {".cfg", ".css", ".html", ".in", ".ini", ".js", ".json", ".md", ".py", ".svg", ".toml"}
TEXT |= {".txt", ".xml", ".yaml", ".yml", ""}
NOT_OURS = {"bootstrap.min.css", "bootstrap.bundle.min.js"}
LOCKS = re.compile(r"requirements/\w+\.txt")

MOST_LINES = 450
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b")
NAMELESS = {"utils", "helpers", "common", "misc"}

VENDORS = PurePosixPath("service_vendors/vendors")
# Names besides the folders': companies that go by two, and those whose folder is still to come.
OTHER_NAMES = {"twilio", "bandwidth", "nexmo", "vonage", "fakeservice"}
MAY_NAME_VENDORS = (
    "service_vendors/demo/",
    "service_vendors/management/commands/demo.py",
    "service_vendors/management/commands/fakeservice.py",
)


def files(root: Path) -> list[PurePosixPath]:
    """Our files under ``root``: what git knows or would add, or all where there is no git."""
    if (root / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split("\0")
        found = [PurePosixPath(name) for name in listed if name]
    else:
        found = [PurePosixPath(path.relative_to(root)) for path in root.rglob("*")]
    return sorted(path for path in found if _is_ours(root, path))


def _is_ours(root: Path, path: PurePosixPath) -> bool:
    hidden = any(part.startswith(".") and part != ".ci" for part in path.parts[:-1])
    if hidden or "__pycache__" in path.parts or path.parts[0] in {"staticfiles", "build", "dist"}:
        return False
    return path.suffix in TEXT and path.name not in NOT_OURS and (root / path).is_file()


def lines_of(root: Path, path: PurePosixPath) -> list[str]:
    """A file's lines."""
    return (root / path).read_text(encoding="utf-8").splitlines()


def long_files(root: Path) -> Iterator[str]:
    """Files that are two ideas by now."""
    for path in files(root):
        if not LOCKS.fullmatch(str(path)) and (count := len(lines_of(root, path))) > MOST_LINES:
            yield f"{path} has {count} lines; past {MOST_LINES} it is two things"


def unfinished(root: Path) -> Iterator[str]:
    """Lines that promise to do something later."""
    for path in files(root):
        for number, line in enumerate(lines_of(root, path), start=1):
            if UNFINISHED.search(line):
                yield f"{path}:{number} is unfinished: {line.strip()}"


def files_without_an_idea(root: Path) -> Iterator[str]:
    """Files whose names say nothing."""
    for path in files(root):
        if path.suffix == ".py" and path.stem in NAMELESS:
            yield f"{path}: name the idea"


def vendor_names(root: Path) -> set[str]:
    """What vendors are called, the folders' names among them."""
    folders = (root / VENDORS).glob("*/vendor.py")
    return OTHER_NAMES | {vendor.parent.name for vendor in folders}


def vendors_out_of_place(root: Path) -> Iterator[str]:
    """Vendors' names in the app or its templates, outside the vendor's own folder."""
    names = re.compile(rf"(?<![a-z])(?:{'|'.join(sorted(vendor_names(root)))})", re.IGNORECASE)
    for path in files(root):
        place = str(path)
        if path.parts[0] not in {"service_vendors", "templates"}:
            continue
        if place.startswith(MAY_NAME_VENDORS) or _is_in_a_vendors_folder(path):
            continue
        if found := names.search(place):
            yield f"{place} is named after a vendor: {found[0]}"
        for number, line in enumerate(lines_of(root, path), start=1):
            if found := names.search(line):
                yield f"{place}:{number} names a vendor: {found[0]}"


def _is_in_a_vendors_folder(path: PurePosixPath) -> bool:
    """Also templates and static files that a vendor brings: a folder of its name under its own."""
    return path.is_relative_to(VENDORS) and len(path.relative_to(VENDORS).parts) > 1


def vendors_that_know_the_database(root: Path) -> Iterator[str]:
    """Imports of Django's ORM or of models by vendors; a vendor's form alone may have them."""
    for path in files(root):
        if not path.is_relative_to(VENDORS) or path.suffix != ".py" or path.name == "forms.py":
            continue
        for module in _imported_when_run((root / path).read_text(encoding="utf-8")):
            if re.match(r"django\.db\b|service_vendors\.models\b", module):
                yield f"{path} imports {module}"


def _imported_when_run(source: str) -> Iterator[str]:
    """Modules a file imports, those for its annotations left out."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        waiting.extend(ast.iter_child_nodes(node))


Rule = Callable[[Path], Iterator[str]]

RULES: tuple[Rule, ...] = (
    long_files,
    unfinished,
    files_without_an_idea,
    vendors_out_of_place,
    vendors_that_know_the_database,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    assert list(rule(ROOT)) == []


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (long_files, "service_vendors/long.py", "x = 1\n" * (MOST_LINES + 1)),
        (unfinished, "docs/later.md", "TO" + "DO: write this"),
        (files_without_an_idea, "service_vendors/utils.py", ""),
        (vendors_out_of_place, "service_vendors/sending.py", 'if name == "acme":'),
        (vendors_out_of_place, "service_vendors/vendors/base.py", "ACME_ACCOUNT"),
        (vendors_out_of_place, "service_vendors/web/choice.py", "class TwilioChoice:"),
        (vendors_out_of_place, "service_vendors/templates/acme.html", ""),
        (
            vendors_that_know_the_database,
            "service_vendors/vendors/acme/numbers.py",
            "import django.db",
        ),
        (
            vendors_that_know_the_database,
            "service_vendors/vendors/acme/webhooks.py",
            "def hidden():\n    from service_vendors.models import Message\n",
        ),
    ],
)
def test_a_file_that_breaks_the_rule_is_found(
    rule: Rule, path: str, text: str, tmp_path: Path
) -> None:
    _write(tmp_path, "service_vendors/vendors/acme/vendor.py", 'name = "acme"')
    assert list(rule(tmp_path)) == []
    _write(tmp_path, path, text)
    assert len(list(rule(tmp_path))) == 1


def test_a_vendors_form_may_know_the_models(tmp_path: Path) -> None:
    models = "from service_vendors.models import VendorConfig\n"
    _write(tmp_path, "service_vendors/vendors/acme/forms.py", models)
    guarded = f"if TYPE_CHECKING:\n    {models}"
    _write(tmp_path, "service_vendors/vendors/acme/vendor.py", guarded)
    assert list(vendors_that_know_the_database(tmp_path)) == []


def test_the_files_are_found() -> None:
    assert PurePosixPath("service_vendors/vendors/base.py") in files(ROOT)


def _write(root: Path, path: str, text: str) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
