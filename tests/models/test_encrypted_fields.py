"""The traps of django-encrypted-model-fields 0.6.5, each closed."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError, ValidationError
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.forms import modelform_factory

from service_vendors import crypto
from service_vendors.crypto import DecryptionError
from service_vendors.models import Organization, StoredSecret, VendorConfig
from tests.factories import OrganizationFactory

ROOT = Path(__file__).resolve().parents[2]
ONE, TWO = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def organization(db: None) -> Organization:
    return OrganizationFactory()


def secret(organization: Organization, value: str) -> StoredSecret:
    return StoredSecret.objects.create(
        organization=organization, service="any", name="token", value=value
    )


def raw(pk: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM service_vendors_storedsecret WHERE id = %s", [pk])
        return str(cursor.fetchone()[0])


def test_the_database_holds_a_token_and_python_the_text(organization: Organization) -> None:
    row = secret(organization, "s3cret ☎")
    assert "s3cret" not in raw(row.pk)
    row.refresh_from_db()
    assert row.value == "s3cret ☎"


def test_json_comes_back_as_it_went(organization: Organization) -> None:
    config = {"sid": "AC1", "token": {"secret": "12"}, "n": [1, None, True]}
    VendorConfig.objects.create(organization=organization, service="any", config=config)
    assert VendorConfig.objects.get().config == config


def test_bulk_update_writes_each_row_its_own_secret(organization: Organization) -> None:
    mine, theirs = secret(organization, "mine"), secret(OrganizationFactory(), "theirs")
    mine.value, theirs.value = "mine 2", "theirs 2"
    StoredSecret.objects.bulk_update([mine, theirs], ["value"])
    assert StoredSecret.objects.get(pk=mine.pk).value == "mine 2"
    assert StoredSecret.objects.get(pk=theirs.pk).value == "theirs 2"
    assert "mine" not in raw(mine.pk)


def test_bulk_create_and_update_encrypt(organization: Organization) -> None:
    StoredSecret.objects.bulk_create(
        [StoredSecret(organization=organization, service="a", name="b", value="one")]
    )
    StoredSecret.objects.update(value="two")
    row = StoredSecret.objects.get()
    assert row.value == "two"
    assert "two" not in raw(row.pk)


def test_a_wrong_key_raises_and_never_reads_as_ciphertext(
    organization: Organization, settings: Any
) -> None:
    settings.FIELD_ENCRYPTION_KEY = [ONE]
    row = secret(organization, "s3cret")
    token = raw(row.pk)
    settings.FIELD_ENCRYPTION_KEY = [TWO]
    with pytest.raises(DecryptionError, match="FIELD_ENCRYPTION_KEY") as caught:
        StoredSecret.objects.get(pk=row.pk)
    assert token not in str(caught.value)
    assert raw(row.pk) == token


def test_tampered_tokens_raise(organization: Organization) -> None:
    row = secret(organization, "s3cret")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE service_vendors_storedsecret SET value = 'gAAAAAplain'")
    with pytest.raises(DecryptionError):
        StoredSecret.objects.get(pk=row.pk)


def test_pasted_ciphertext_is_not_decrypted(organization: Organization) -> None:
    token = raw(secret(organization, "somebody's secret").pk)
    form_class = modelform_factory(StoredSecret, fields=["value"])
    form = form_class({"value": token})
    assert form.is_valid()
    assert form.cleaned_data["value"] == token
    row = secret(organization, token)
    assert row.value == token
    row.full_clean()
    assert row.value == token
    row.refresh_from_db()
    assert row.value == token


def test_saving_what_was_read_encrypts_once(organization: Organization) -> None:
    row = StoredSecret.objects.get(pk=secret(organization, "s3cret").pk)
    row.save()
    assert crypto.decrypt_text(raw(row.pk)) == "s3cret"


@pytest.mark.parametrize("lookup", ["value", "value__contains", "value__in", "value__startswith"])
def test_a_secret_cannot_be_filtered(organization: Organization, lookup: str) -> None:
    value = ["s"] if lookup.endswith("in") else "s"
    with pytest.raises(FieldError, match="encrypted"):
        StoredSecret.objects.filter(**{lookup: value}).exists()


def test_whether_there_is_a_secret_can_be_asked(organization: Organization) -> None:
    secret(organization, "s")
    assert StoredSecret.objects.filter(value__isnull=False).count() == 1


def test_a_column_cannot_be_copied_into_a_secret_in_the_clear(organization: Organization) -> None:
    secret(organization, "s")
    StoredSecret.objects.update(value=F("name"))
    with pytest.raises(DecryptionError):
        StoredSecret.objects.get()


def test_a_dump_holds_no_secret(organization: Organization) -> None:
    secret(organization, "s3cret")
    out = StringIO()
    with pytest.raises(Exception, match="--exclude"):
        call_command("dumpdata", "service_vendors.StoredSecret", stdout=out)
    assert "s3cret" not in out.getvalue()


def test_what_json_cannot_say_is_refused(organization: Organization) -> None:
    with pytest.raises(ValidationError, match="JSON"):
        VendorConfig(organization=organization, service="x", config={"a": object()}).full_clean()


def test_keys_rotate_without_a_moment_of_blindness(
    organization: Organization, settings: Any
) -> None:
    settings.FIELD_ENCRYPTION_KEY = [ONE]
    row = secret(organization, "s3cret")
    settings.FIELD_ENCRYPTION_KEY = [TWO, ONE]
    assert StoredSecret.objects.get(pk=row.pk).value == "s3cret"
    assert not crypto.is_current(raw(row.pk))
    token = crypto.rotated(raw(row.pk))
    settings.FIELD_ENCRYPTION_KEY = [TWO]
    assert crypto.is_current(token)
    assert crypto.decrypt_text(token) == "s3cret"


@pytest.mark.parametrize("key", ["not a key", ""])
def test_a_malformed_key_stops_the_start_with_words_that_help(key: str) -> None:
    environment = {"DEBUG": "on", "FIELD_ENCRYPTION_KEY": key, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "FIELD_ENCRYPTION_KEY" in done.stderr
    assert "Make" in done.stderr
    if key:
        assert key not in done.stderr.splitlines()[-1]


def test_form_field_of_json_is_json(organization: Organization) -> None:
    form = modelform_factory(VendorConfig, fields=["config"])({"config": json.dumps({"a": 1})})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["config"] == {"a": 1}
