"""Which settings hold for an organization, and who may learn a secret."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connections

from service_vendors import configuration
from service_vendors.configuration import (
    ConfigurationConflict,
    active_vendor,
    choose_vendor,
    get_config,
    save_vendor_config,
)
from service_vendors.exceptions import ConfigurationRejected, UnknownVendor
from service_vendors.models import AuditEntry, Organization, StoredSecret, VendorConfig
from service_vendors.vendors import registry
from tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def vendor(settings: Any) -> None:
    """The installation's own account."""
    settings.SERVICE_VENDORS = ["fakeservice"]
    settings.DEFAULT_SERVICE = "fakeservice"
    settings.FAKESERVICE_ACCOUNT_SID = "theirs"
    settings.FAKESERVICE_API_KEY = "the-installations-key"


def save(organization: Organization, **changes: str | None) -> VendorConfig | None:
    return save_vendor_config(organization, "fakeservice", changes, actor=None, check=False)


def held(organization: Organization | None) -> dict[str, str]:
    return dict(registry.get_vendor(organization, "fakeservice").account.config)


def test_the_organizations_choice_of_vendor_goes_before_the_environments(
    organization: Organization, settings: Any
) -> None:
    assert active_vendor(organization).source == "environment"
    choose_vendor(organization, "fakeservice", actor=None)
    settings.DEFAULT_SERVICE = ""
    organization.refresh_from_db()
    assert active_vendor(organization) == configuration.ActiveVendor("fakeservice", "organization")


@pytest.mark.parametrize("name", ["", "nobody"])
def test_a_choice_that_cannot_send_says_what_to_do(
    organization: Organization, settings: Any, name: str
) -> None:
    settings.DEFAULT_SERVICE = name
    with pytest.raises(UnknownVendor, match=r"DEFAULT_SERVICE|SERVICE_VENDORS"):
        active_vendor(organization)


def test_settings_hold_field_by_field(organization: Organization) -> None:
    save(organization, account_sid="ours")
    assert held(organization)["account_sid"] == "ours"
    assert held(organization)["api_key"] == "the-installations-key"
    assert held(None)["account_sid"] == "theirs"
    save(organization, account_sid=None)
    assert held(organization)["account_sid"] == "theirs"


def test_features_stand_between_the_saved_and_the_environment(organization: Organization) -> None:
    organization.features = {"FAKESERVICE_ACCOUNT_SID": "from features"}
    assert get_config("FAKESERVICE_ACCOUNT_SID", organization) == "from features"
    assert held(organization)["account_sid"] == "from features"
    save(organization, account_sid="saved")
    assert get_config("FAKESERVICE_ACCOUNT_SID", organization) == "saved"
    assert get_config("FAKESERVICE_ACCOUNT_SID") == "theirs"


def test_a_secret_is_never_read_from_features(organization: Organization, settings: Any) -> None:
    settings.FAKESERVICE_API_KEY = ""
    organization.features = {"FAKESERVICE_API_KEY": "in the clear"}
    assert held(organization)["api_key"] == ""


def test_a_secret_is_not_handed_out_by_name(organization: Organization) -> None:
    with pytest.raises(LookupError, match="secret"):
        get_config("FAKESERVICE_API_KEY", organization)


def test_an_address_of_ones_own_is_not_told_the_installations_secrets(
    organization: Organization,
) -> None:
    save(organization, api_url="https://collector.example.org")
    assert held(organization)["api_key"] == ""
    states = {s.field.name: s for s in configuration.field_states(organization, "fakeservice")}
    assert states["api_key"].inherited_from == ""
    save(organization, api_key="our-own-key")
    assert held(organization)["api_key"] == "our-own-key"


def test_an_address_in_features_is_not_told_them_either(organization: Organization) -> None:
    organization.features = {"FAKESERVICE_API_URL": "https://collector.example.org"}
    assert held(organization)["api_key"] == ""


def test_no_organization_holds_anothers_settings(organization: Organization) -> None:
    other = OrganizationFactory()
    save(organization, account_sid="ours", api_key="our-own-key")
    assert held(other)["account_sid"] == "theirs"
    stolen = VendorConfig.objects.get(organization=organization).config
    VendorConfig.objects.create(organization=other, service="fakeservice", config=stolen)
    assert held(other)["api_key"] == "the-installations-key", "a reference is worth nothing there"


def test_a_replaced_secret_is_forgotten(organization: Organization) -> None:
    save(organization, api_key="first")
    save(organization, api_key="second")
    assert [row.value for row in StoredSecret.objects.all()] == ["second"]
    save(organization, api_key=None)
    assert not StoredSecret.objects.exists()


def test_saving_what_is_saved_changes_nothing(organization: Organization) -> None:
    save(organization, api_key="first", account_sid="ours")
    assert save(organization, api_key="first", account_sid="ours") is None
    assert AuditEntry.objects.count() == 1


def test_a_setting_the_vendor_does_not_have_is_refused(organization: Organization) -> None:
    with pytest.raises(ConfigurationRejected, match="is_admin"):
        save(organization, is_admin="yes", account_sid="ours")
    assert not VendorConfig.objects.exists()


def test_a_save_based_on_old_settings_is_refused(organization: Organization) -> None:
    save(organization, account_sid="ours")
    with pytest.raises(ConfigurationConflict):
        save_vendor_config(
            organization,
            "fakeservice",
            {"account_sid": "late"},
            actor=None,
            version=0,
            check=False,
        )
    assert held(organization)["account_sid"] == "ours"


@pytest.mark.django_db(transaction=True)
def test_two_owners_saving_different_fields_at_once_both_keep_theirs(
    organization: Organization,
) -> None:
    start = threading.Barrier(2)

    def save_one(**changes: str) -> None:
        start.wait()
        try:
            save(organization, **changes)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=save_one, kwargs=changes)
        for changes in ({"account_sid": "ours"}, {"api_key": "our-own-key"})
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    config = held(organization)
    assert (config["account_sid"], config["api_key"]) == ("ours", "our-own-key")
    assert VendorConfig.objects.get().version == 2
