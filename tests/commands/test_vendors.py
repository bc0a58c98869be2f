"""``manage.py vendors``."""

from __future__ import annotations

import json
from typing import Any

from service_vendors.types import Feature
from tests.commands.conftest import Run
from tests.scripted_vendor import Script


def test_the_table_has_a_column_a_vendor_and_a_line_a_feature(run: Run, script: Script) -> None:
    lines = run("vendors").splitlines()
    assert lines[0].split() == ["scripted", "(default)"]
    cells = {line[:18].strip(): line[18:].strip() for line in lines[1:]}
    assert cells["mms"] == "yes"
    assert cells["numbers"] == "-"
    assert set(cells) == {feature.value for feature in Feature}


def test_programs_get_the_same_as_json(run: Run, script: Script) -> None:
    (vendor,) = json.loads(run("vendors", "--json"))
    assert (vendor["name"], vendor["title"], vendor["default"]) == ("scripted", "Scripted", True)
    assert vendor["features"]["find message"] is True
    assert vendor["features"]["lookup"] is False
    assert vendor["webhooks"] == ["/scripted"]


def test_without_a_vendor_it_says_what_to_do(run: Run, settings: Any) -> None:
    settings.SERVICE_VENDORS = []
    settings.DEFAULT_SERVICE = ""
    assert "SERVICE_VENDORS" in run("vendors")


def test_the_settings_are_printed_as_a_document(run: Run) -> None:
    said = run("vendors", "--docs")
    assert said.startswith("## The app\n")
    assert "| `SEND_BATCH_SIZE` | whole number | `250` |" in said
    assert "| `FAKESERVICE_API_KEY` | API key | yes | yes |" in said
