"""A secret that an owner saved is found nowhere but in the vendor's hands."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.signals import before_task_publish
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from service_vendors import sending
from service_vendors.models import AuditEntry, Message, Organization, SendStatus, VendorConfig
from service_vendors.vendors import registry
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.conftest import ClientFor

pytestmark = pytest.mark.django_db(transaction=True)

API_KEY = "sk-Zq7XvT2mN9pLwR4c"
SIGNING_SECRET = "wh-K8sYb3JdF6hGu1Vt"
SECRETS = (API_KEY, SIGNING_SECRET)


@pytest.fixture
def published() -> Iterator[list[str]]:
    """Everything that was handed to the broker, headers and body."""
    seen: list[str] = []

    def keep(sender: str = "", body: object = None, headers: object = None, **_: object) -> None:
        seen.append(f"{sender} {body} {headers}")

    before_task_publish.connect(keep)
    yield seen
    before_task_publish.disconnect(keep)


@pytest.fixture
def company(settings: Any) -> Iterator[FakeServiceServer]:
    """The vendor's side; this installation knows none of its secrets."""
    with FakeServiceServer() as server:
        settings.SERVICE_VENDORS = ["fakeservice"]
        settings.DEFAULT_SERVICE = "fakeservice"
        settings.FAKESERVICE_API_URL = server.url
        yield server


def save_secrets(client: Client, organization: Organization) -> None:
    page = f"/admin/{organization.pk}/settings"
    response = client.post(
        f"{page}/fakeservice",
        {
            "version": "0",
            "account_sid": "ours",
            "api_key": API_KEY,
            "signing_secret": SIGNING_SECRET,
        },
    )
    assert response.status_code == 302, response.content.decode()
    assert VendorConfig.objects.get(organization=organization).version == 1


def the_vendor_has_it(organization: Organization) -> bool:
    account = registry.get_vendor(organization).account
    return account.config["api_key"] == API_KEY


def database_text() -> str:
    """Every cell of every table, and where the database is a file of ours, the file."""
    cells = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            cells.extend(str(row) for row in cursor.fetchall())
    if connection.vendor == "sqlite":
        name = Path(str(connection.settings_dict["NAME"]))
        files = name.parent.glob(f"{name.name}*")
        cells.extend(file.read_bytes().decode("latin-1") for file in files)
    return "\n".join(cells)


def assert_no_secret(text: str, where: str) -> None:
    for secret in SECRETS:
        assert secret not in text, f"a secret stands in {where}"
        assert secret[:12] not in text, f"the beginning of a secret stands in {where}"


def test_a_saved_secret_is_found_nowhere(
    organization: Organization,
    owner: Any,
    admin: Any,
    company: FakeServiceServer,
    client_for: ClientFor,
    published: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    connection.force_debug_cursor = True
    caplog.set_level(logging.DEBUG)
    client = client_for(owner)
    base = f"/admin/{organization.pk}"
    save_secrets(client, organization)
    assert the_vendor_has_it(organization)

    number = "+12125550142"
    client.post(f"{base}/settings/fakeservice/test-connection")
    client.post(f"{base}/settings/test-message", {"number": number, "text": "Hello"})
    message = Message.objects.get()
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.SENT
    refused = client.post(
        f"{base}/settings/fakeservice",
        {"version": "0", "account_sid": "ours", "api_key": f"{API_KEY}-wrong"},
    )
    assert refused.status_code in {200, 400, 409, 422}
    assert_no_secret(refused.content.decode(), "the form that was refused")

    operator = get_user_model().objects.create_superuser("operator", password="demo")
    config = VendorConfig.objects.get()
    pages = [
        (client, f"{base}/settings"),
        (client, f"{base}/messages"),
        (client, f"{base}/messages/{number}"),
        (client, f"{base}/handset"),
        (client, f"/api/organizations/{organization.pk}/vendor"),
        (client, f"/api/organizations/{organization.pk}/messages"),
        (client, "/api/organizations"),
        (client, "/api/schema"),
        (client_for(admin), f"/api/organizations/{organization.pk}/vendor"),
        (client, "/healthz"),
        (client_for(operator), "/staff/"),
        (client_for(operator), "/staff/service_vendors/auditentry/"),
        (client_for(operator), "/staff/service_vendors/vendorconfig/"),
        (client_for(operator), f"/staff/service_vendors/vendorconfig/{config.pk}/change/"),
    ]
    for visitor, address in pages:
        response = visitor.get(address, follow=True)
        assert response.status_code == 200, address
        assert_no_secret(response.content.decode(), address)

    assert published
    assert_no_secret("\n".join(published), "the Celery messages")
    assert_no_secret(caplog.text, "the log")
    assert_no_secret(database_text(), "the database")
    audit = "\n".join(str(vars(entry)) for entry in AuditEntry.objects.all())
    assert "api_key" in audit
    assert_no_secret(audit, "the audit trail")
    vendor = registry.get_vendor(organization)
    assert_no_secret(repr(vendor) + repr(vendor.account), "a repr")


def test_a_blank_secret_keeps_the_stored_one(
    organization: Organization,
    owner: Any,
    company: FakeServiceServer,
    client_for: ClientFor,
) -> None:
    client = client_for(owner)
    save_secrets(client, organization)
    page = f"/admin/{organization.pk}/settings/fakeservice"
    client.post(page, {"version": "1", "account_sid": "theirs", "api_key": ""})
    account = registry.get_vendor(organization).account
    assert account.config["account_sid"] == "theirs"
    assert account.config["api_key"] == API_KEY
