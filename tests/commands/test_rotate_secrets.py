"""``manage.py rotate_secrets``: new keys, without losing anything or stopping anyone."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management.base import CommandError
from django.db import connection

from service_vendors import crypto, rotation
from service_vendors.configuration import save_vendor_config, vendor_account
from service_vendors.models import KeySentinel, Organization, StoredSecret, VendorConfig
from tests.commands.conftest import Run
from tests.factories import OrganizationFactory

SECRETS = "service_vendors_storedsecret"


def a_key() -> str:
    return Fernet.generate_key().decode()


def tokens(table: str = SECRETS) -> list[str]:
    """What the database really holds."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT value FROM {table} ORDER BY id")  # noqa: S608 - our own names
        return [row[0] for row in cursor.fetchall()]


def token_of(organization: Organization) -> str:
    return vendor_account(organization, "scripted").config["token"]


@pytest.fixture
def saved(organization: Organization) -> Organization:
    save_vendor_config(organization, "scripted", {"token": "hush", "account": "AC1"}, actor=None)
    return organization


def test_every_encrypted_column_is_known(db: None) -> None:
    assert {str(column) for column in rotation.columns("default")} == {
        "service_vendors_vendorconfig.config",
        "service_vendors_storedsecret.value",
        "service_vendors_keysentinel.value",
    }


def test_afterwards_the_new_key_alone_reads_everything(
    saved: Organization, run: Run, settings: Any
) -> None:
    old, new = settings.FIELD_ENCRYPTION_KEY, a_key()
    settings.FIELD_ENCRYPTION_KEY = [new, *old]
    said = run("rotate_secrets")
    assert f"{SECRETS}.value: 1 values, 1 encrypted anew" in said
    assert "may be taken out" in said
    settings.FIELD_ENCRYPTION_KEY = [new]
    assert token_of(saved) == "hush"
    assert VendorConfig.objects.get().config["account"] == "AC1"
    assert KeySentinel.objects.get().value == KeySentinel.PLAINTEXT
    settings.FIELD_ENCRYPTION_KEY = old
    with pytest.raises(crypto.DecryptionError):
        token_of(saved)


def test_a_dry_run_counts_and_writes_nothing(saved: Organization, run: Run, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEY = [a_key(), *settings.FIELD_ENCRYPTION_KEY]
    before = tokens()
    said = run("rotate_secrets", "--dry-run")
    assert f"{SECRETS}.value: 1 values, 1 to encrypt anew" in said
    assert "Nothing was written" in said
    assert tokens() == before


def test_what_is_up_to_date_is_left_alone(saved: Organization, run: Run) -> None:
    before = tokens()
    said = run("rotate_secrets")
    assert "1 values, 0 encrypted anew" in said
    assert "one key" in said
    assert tokens() == before


def test_an_interrupted_rotation_goes_on_where_it_stopped(
    organization: Organization, run: Run, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    for n in range(5):
        StoredSecret.objects.create(
            organization=organization, service="scripted", name="token", value=f"hush {n}"
        )
    settings.FIELD_ENCRYPTION_KEY = [a_key(), *settings.FIELD_ENCRYPTION_KEY]
    (column,) = (c for c in rotation.columns("default") if c.table == SECRETS)

    def interrupt(so_far: rotation.Rotation) -> None:
        if so_far.read == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(column, progress=interrupt)
    assert sum(crypto.is_current(token) for token in tokens()) == 4
    assert "5 values, 1 encrypted anew" in run("rotate_secrets")
    assert [secret.value for secret in StoredSecret.objects.order_by("pk")] == [
        f"hush {n}" for n in range(5)
    ]


def test_what_is_saved_meanwhile_is_not_overwritten(
    saved: Organization, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FIELD_ENCRYPTION_KEY = [a_key(), *settings.FIELD_ENCRYPTION_KEY]
    (column,) = (c for c in rotation.columns("default") if c.table == SECRETS)
    rotated = crypto.rotated

    def rotated_while_an_owner_saves(token: str) -> str:
        StoredSecret.objects.update(value="newer")
        return rotated(token)

    monkeypatch.setattr(crypto, "rotated", rotated_while_an_owner_saves)
    assert rotation.rotate(column).renewed == 0
    assert StoredSecret.objects.get().value == "newer"


def test_a_value_no_key_reads_is_counted_and_left_and_no_key_may_go(
    saved: Organization, run: Run, settings: Any
) -> None:
    lost = Fernet(a_key()).encrypt(b"hush").decode()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE service_vendors_storedsecret SET value = %s", [lost])
    settings.FIELD_ENCRYPTION_KEY = [a_key(), *settings.FIELD_ENCRYPTION_KEY]
    with pytest.raises(CommandError, match="Keep every key") as raised:
        run("rotate_secrets")
    assert "1 of the values" in str(raised.value)
    assert tokens() == [lost]
    assert crypto.is_current(tokens("service_vendors_keysentinel")[0])


def test_several_old_keys_may_go_at_once(saved: Organization, run: Run, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEY = [a_key(), a_key(), *settings.FIELD_ENCRYPTION_KEY]
    assert "The 2 keys after the first may be taken out" in run("rotate_secrets")


def test_no_secret_and_no_key_is_said_aloud(saved: Organization, run: Run, settings: Any) -> None:
    new = a_key()
    settings.FIELD_ENCRYPTION_KEY = [new, *settings.FIELD_ENCRYPTION_KEY]
    said = run("rotate_secrets")
    for secret in ("hush", *settings.FIELD_ENCRYPTION_KEY, *tokens()):
        assert secret not in said


def test_a_long_rotation_tells_how_far_it_is(
    organization: Organization, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service_vendors.management.commands import rotate_secrets

    monkeypatch.setattr(rotation, "BATCH", 1)
    monkeypatch.setattr(rotate_secrets, "SAY_EVERY_SECONDS", 0.0)
    for other in (organization, OrganizationFactory()):
        StoredSecret.objects.create(
            organization=other, service="scripted", name="token", value="hush"
        )
    said = run("rotate_secrets")
    assert f"{SECRETS}.value: 1 of 2 ..." in said
    assert f"{SECRETS}.value: 2 of 2 ..." in said
