"""The vendor's form on the Settings page, against the running company."""

from __future__ import annotations

from typing import Any

import pytest

from service_vendors.configuration import saved_fields
from service_vendors.models import Organization
from service_vendors.vendors import registry
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from service_vendors.web.vendor_forms import form_for


def _form(organization: Organization, data: dict[str, str]) -> Any:
    version = saved_fields(organization, "fakeservice")[2]
    return form_for(organization, "fakeservice", {"version": str(version), **data})


def test_an_account_that_works_is_saved(
    organization: Organization, owner: Any, server: FakeServiceServer
) -> None:
    account = server.account("our-union")
    form = _form(organization, account)
    assert form.is_valid(), form.errors
    assert form.save_as(owner), form.errors
    assert dict(registry.get_vendor(organization, "fakeservice").account.config) == account
    for secret in ("api_key", "signing_secret"):
        assert account[secret] not in form_for(organization, "fakeservice").as_p()


def test_a_key_that_the_company_refuses_is_not_saved_and_said_so_at_its_field(
    organization: Organization, owner: Any, server: FakeServiceServer
) -> None:
    form = _form(organization, {**server.account(), "api_key": "wrong"})
    assert form.is_valid(), form.errors
    assert not form.save_as(owner)
    assert "does not accept" in str(form.errors["api_key"])
    assert saved_fields(organization, "fakeservice") == ({}, set(), 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api_url", "no address"),
        ("api_url", "ftp://127.0.0.1"),
        ("account_sid", "a:b"),
        ("account_sid", "a b"),
        ("api_key", "k" * 201),
    ],
)
def test_what_cannot_work_is_said_before_the_company_is_asked(
    organization: Organization, name: str, value: str
) -> None:
    account = {"api_url": "http://127.0.0.1:9", "account_sid": "us", "api_key": "key"}
    form = _form(organization, {**account, name: value})
    assert not form.is_valid()
    assert list(form.errors) == [name]
