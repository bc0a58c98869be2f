"""What /healthz says, and when it says that something is broken."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from service_vendors.models import KeySentinel
from service_vendors.web import health
from tests.factories import MessageFactory


def test_all_is_well(db: None) -> None:
    response = Client().get("/healthz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "checks": {
            "database": "fine",
            "migrations": "fine",
            "encryption": "fine",
            "workers": "fine",
            "spool": "fine",
        },
    }
    assert "no-store" in response["Cache-Control"]
    assert Client().post("/healthz").status_code == 405


def test_tables_of_an_older_version_are_broken(db: None) -> None:
    MigrationRecorder.Migration.objects.filter(app="service_vendors").delete()
    response = Client().get("/healthz")
    assert response.status_code == 503
    assert "run `manage.py migrate`" in response.json()["checks"]["migrations"]


def test_a_key_that_cannot_read_the_secrets_is_broken(db: None, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEY = [Fernet.generate_key().decode()]
    response = Client().get("/healthz")
    assert response.status_code == 503
    assert "FIELD_ENCRYPTION_KEY lacks the key" in response.json()["checks"]["encryption"]


def test_a_missing_sentinel_is_broken(db: None) -> None:
    KeySentinel.objects.all().delete()
    response = Client().get("/healthz")
    assert response.status_code == 503
    assert "run `manage.py migrate`" in response.json()["checks"]["encryption"]


def test_work_that_nobody_does_is_broken(db: None) -> None:
    MessageFactory(due_at=timezone.now() - timedelta(seconds=310))
    response = Client().get("/healthz")
    assert response.status_code == 503
    assert "see that workers and beat run" in response.json()["checks"]["workers"]


def test_webhooks_that_wait_on_disk_are_told(db: None, settings: Any, tmp_path: Path) -> None:
    settings.WEBHOOK_SPOOL = str(tmp_path)
    (tmp_path / "1.events").write_text("{}")
    response = Client().get("/healthz")
    assert response.status_code == 503
    assert "wait on disk" in response.json()["checks"]["spool"]


def test_a_database_that_is_away_is_broken_and_its_address_is_not_told(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("could not connect to db.internal as user spoke")

    with connection.execute_wrapper(away):
        response = Client().get("/healthz")
    assert response.status_code == 503
    assert response.json()["status"] == "broken"
    assert set(response.json()["checks"]) == {check.__name__ for check in health.CHECKS}
    assert "the log says why" in response.json()["checks"]["database"]
    assert "db.internal" not in response.content.decode()
    assert "db.internal" in caplog.text
