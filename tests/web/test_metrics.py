"""/metrics: who may read it, and what the figures are."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from service_vendors import backlog, metrics
from service_vendors.models import Organization, SendStatus, WebhookEvent
from service_vendors.sending import breaker
from tests.factories import MessageFactory, OrganizationFactory, WebhookEventFactory
from tests.trouble import account_of, open_the_breaker

TOKEN = {"Authorization": "Bearer open-sesame"}


@pytest.fixture
def organization(db: None, settings: Any) -> Organization:
    """An organization; figures may be read."""
    settings.METRICS_TOKEN = "open-sesame"
    return OrganizationFactory()


def figures() -> dict[str, float]:
    response = Client().get("/metrics", headers=TOKEN)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    found = re.findall(r"^(service_vendors_\S+) (\S+)$", response.content.decode(), re.MULTILINE)
    return {name: float(value) for name, value in found}


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Basic open-sesame", "Bearer ü"])
def test_without_the_token_there_is_no_such_page(organization: Organization, header: str) -> None:
    assert Client().get("/metrics", headers={"Authorization": header}).status_code == 404


def test_while_no_token_is_set_nobody_reads_it(db: None, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    assert Client().get("/metrics").status_code == 404


def test_breakers_that_are_not_closed_are_counted_by_vendor(
    organization: Organization, settings: Any
) -> None:
    settings.SERVICE_VENDORS = ["fakeservice"]
    settings.DEFAULT_SERVICE = "fakeservice"
    of = 'service_vendors_breakers{service="fakeservice",state="%s"}'
    opened = 'service_vendors_breaker_openings_total{service="fakeservice"}'
    before = figures()
    assert (before[of % "open"], before[of % "half-open"]) == (0, 0)
    open_the_breaker(organization)
    told = figures()
    assert (told[of % "open"], told[of % "half-open"]) == (1, 0)
    assert told[opened] == before.get(opened, 0) + 1
    breaker.probe_now(account_of(organization))
    told = figures()
    assert (told[of % "open"], told[of % "half-open"]) == (0, 1)


def test_the_queues_are_counted_with_how_long_they_have_waited(organization: Organization) -> None:
    now = timezone.now()
    MessageFactory(organization=organization, due_at=now - timedelta(seconds=90))
    MessageFactory(organization=organization, due_at=now - timedelta(seconds=10))
    MessageFactory(organization=organization, due_at=now + timedelta(hours=1))
    MessageFactory(organization=organization, send_status=SendStatus.SENDING)
    MessageFactory(organization=organization, send_status=SendStatus.UNKNOWN)
    MessageFactory(organization=organization, send_status=SendStatus.UNKNOWN, due_at=None)
    MessageFactory(organization=organization, send_status=SendStatus.DELIVERED)
    WebhookEventFactory(due_at=now - timedelta(seconds=30))
    WebhookEventFactory(status=WebhookEvent.Status.SET_ASIDE)
    WebhookEventFactory(status=WebhookEvent.Status.APPLIED)
    told = figures()
    assert told["service_vendors_messages_due"] == 2
    assert told["service_vendors_messages_due_seconds"] >= 90
    assert told["service_vendors_messages_sending"] == 1
    assert told["service_vendors_messages_unknown"] == 2
    assert told["service_vendors_messages_in_doubt"] == 1
    assert told["service_vendors_events_due"] == 1
    assert told["service_vendors_events_due_seconds"] >= 30
    assert told["service_vendors_events_set_aside"] == 1
    assert backlog.read().oldest_seconds >= 90


def test_webhooks_that_wait_on_disk_are_told(
    organization: Organization, settings: Any, tmp_path: Path
) -> None:
    settings.WEBHOOK_SPOOL = str(tmp_path)
    assert figures()["service_vendors_spool_bytes"] == 0
    (tmp_path / "1.events").write_text("12345")
    assert figures()["service_vendors_spool_bytes"] == 5


def test_what_was_counted_is_told(organization: Organization) -> None:
    def told(name: str) -> float:
        return figures().get(name, 0.0)

    sends = 'service_vendors_sends_total{outcome="Accepted",service="pigeon"}'
    hooks = 'service_vendors_webhooks_total{outcome="forbidden",service="fakeservice"}'
    before = told(sends), told(hooks)
    metrics.count_send("pigeon", "Accepted", 3)
    address = f"/fakeservice/{organization.pk}"
    Client().post(address, b"{}", content_type="application/json")
    assert (told(sends), told(hooks)) == (before[0] + 3, before[1] + 1)


def test_no_secret_and_no_number_is_told(organization: Organization) -> None:
    MessageFactory(organization=organization, contact_number="+12125550123")
    told = Client().get("/metrics", headers=TOKEN).content.decode()
    assert "open-sesame" not in told
    assert not re.search(r"\+1\d{10}", told)


@pytest.mark.django_db
def test_figures_take_few_queries(
    organization: Organization, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(3):
        figures()
