"""The guide's SQL for partitions, as it stands there: what is stored once stays stored once."""

from __future__ import annotations

import re

import pytest
from django.db import connection

from service_vendors import receiving
from service_vendors.models import WebhookEvent
from service_vendors.receiving import intake
from tests.factories import OrganizationFactory, WebhookEventFactory
from tests.servers.conftest import ROOT

# PostgreSQL takes tables back with the transaction that this test is.
pytestmark = [pytest.mark.servers, pytest.mark.django_db]


def sql_of_the_guide() -> str:
    guide = (ROOT / "docs" / "deploy.md").read_text()
    found = re.search(r"### Partitions.*?```sql\nBEGIN;\n(.*?)COMMIT;\n```", guide, re.DOTALL)
    assert found
    return found[1]


def test_the_inbox_is_partitioned_as_the_guide_says() -> None:
    if connection.vendor != "postgresql":
        pytest.fail("Tests marked `servers` need DATABASE_URL to name a PostgreSQL database.")
    with connection.cursor() as cursor:
        cursor.execute(sql_of_the_guide())
    organization = OrganizationFactory()
    events = [
        WebhookEventFactory.build(organization=organization, event_key=str(n % 3)) for n in range(5)
    ]
    assert len(intake.store(events)) == 3, "two keys came twice"
    assert intake.store([WebhookEventFactory.build(organization=organization, event_key="1")]) == []
    beyond = WebhookEventFactory(organization=organization, event_key="x", pk=50_000_001)
    receiving.apply([beyond.pk])
    beyond.refresh_from_db()
    assert beyond.attempts == 1
    assert set(WebhookEvent.objects.values_list("event_key", flat=True)) == {"0", "1", "2", "x"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM webhookevent_2")
        assert cursor.fetchone() == (1,)
