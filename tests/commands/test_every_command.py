"""What holds for every command of this app."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = sorted(name for name, app in get_commands().items() if app == "service_vendors")


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "DEBUG": "on", **environment},
        capture_output=True,
        text=True,
    )


def test_the_commands_of_the_design_are_there() -> None:
    assert {"demo", "fakeservice", "rotate_secrets", "send_message", "vendors"} <= set(OURS)
    assert {"buy_numbers", "delete_numbers", "sync_numbers", "list_numbers"} <= set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_help_says_what_it_is_for_and_ends_with_an_example(name: str) -> None:
    done = manage(name, "--help")
    assert done.returncode == 0, done.stderr
    assert f"manage.py {name} " in re.split("[Ee]xample:", " ".join(done.stdout.split()))[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo", "--port", "http"),
        ("send_message",),
        ("vendors", "--nonsense"),
        ("rotate_secrets", "x"),
        ("buy_numbers", "1", "212", "--limit", "many"),
        ("delete_numbers", "1"),
    ],
)
def test_bad_arguments_are_told_in_one_line_and_a_code_that_is_not_zero(
    arguments: tuple[str, ...],
) -> None:
    done = manage(*arguments)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "error:" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [("send_message", "1", "+12125550123", "Hi"), ("rotate_secrets",), ("list_numbers", "1")],
)
def test_a_database_without_tables_is_told_in_one_line(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    done = manage(*arguments, DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "manage.py migrate" in line


def test_a_setting_that_does_not_convert_is_named_in_one_line() -> None:
    done = manage("vendors", PORT="abc")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("PORT cannot be used")


def test_a_missing_setting_is_told_in_one_line() -> None:
    done = manage("vendors", DEBUG="off", SECRET_KEY="", FIELD_ENCRYPTION_KEY="")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
