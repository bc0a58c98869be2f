"""The API's description."""

from __future__ import annotations

import json
import re

import pytest
from django.core.management import call_command
from django.test import Client


def test_the_schema_is_valid_and_made_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json")
    captured = capsys.readouterr()
    schema = json.loads(captured.out)
    assert set(schema["paths"]) == {
        "/api/organizations",
        "/api/organizations/{organization_id}/contacts/{contact_number}",
        "/api/organizations/{organization_id}/contacts/{contact_number}/lookup",
        "/api/organizations/{organization_id}/lookups",
        "/api/organizations/{organization_id}/lookups/{job_id}",
        "/api/organizations/{organization_id}/messages",
        "/api/organizations/{organization_id}/messages/{reference}",
        "/api/organizations/{organization_id}/phone-numbers",
        "/api/organizations/{organization_id}/phone-numbers/area-codes",
        "/api/organizations/{organization_id}/phone-numbers/jobs",
        "/api/organizations/{organization_id}/phone-numbers/jobs/{reference}",
        "/api/organizations/{organization_id}/phone-numbers/jobs/{reference}/cancel",
        "/api/organizations/{organization_id}/phone-numbers/offer",
        "/api/organizations/{organization_id}/phone-numbers/uses",
        "/api/organizations/{organization_id}/vendor",
        "/api/tokens",
        "/api/tokens/{token_id}",
    }
    for path in schema["paths"].values():
        for operation in (o for m, o in path.items() if m in {"get", "post", "delete"}):
            assert operation["summary"]
            assert operation["security"]


def test_the_schema_is_served_to_anyone(client: Client) -> None:
    answer = client.get("/api/schema")
    assert answer.status_code == 200
    assert b"/api/organizations" in answer.content


def test_the_root_leads_to_the_documentation(client: Client) -> None:
    assert client.get("/api/", follow=True).request["PATH_INFO"] == "/api/docs"


def test_the_documentation_page_holds_no_inline_script_or_style(client: Client) -> None:
    page = client.get("/api/docs").content.decode()
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*src=)", page)
    assert (
        client.get("/api/docs?script=").headers["Content-Type"].startswith("application/javascript")
    )
