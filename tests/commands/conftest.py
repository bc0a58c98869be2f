"""An organization on the scripted vendor, and commands whose words are caught."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from tests.scripted_fixtures import organization, script

__all__ = ["organization", "script"]

Run = Callable[..., str]


@pytest.fixture
def run() -> Run:
    """A runner of commands; gives what they say on standard output."""

    def run(name: str, *arguments: str, **options: Any) -> str:
        said = StringIO()
        call_command(name, *arguments, stdout=said, **options)
        return said.getvalue()

    return run
