"""The operators' pages open, show no secret, and let nobody write what has one writer."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from service_vendors import configuration
from service_vendors.admin import ReadOnlyAdmin
from service_vendors.models import (
    KeySentinel,
    Message,
    Organization,
    Step,
    StoredSecret,
    VendorConfig,
)
from service_vendors.sending import history
from tests import factories
from tests.conftest import ClientFor

SECRET = "Tr0ub4dor&3-battery-staple"
OURS = [model for model in admin.site._registry if model._meta.app_label == "service_vendors"]
READ_ONLY = [model for model in OURS if isinstance(admin.site._registry[model], ReadOnlyAdmin)]


@pytest.fixture
def operator(db: None, client_for: ClientFor) -> Client:
    """An operator's browser."""
    return client_for(factories.UserFactory(is_staff=True, is_superuser=True))


def address(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:service_vendors_{model._meta.model_name}_{page}", args=args)


def row(model: type[Model]) -> Any:
    return getattr(factories, f"{model.__name__}Factory")()


def test_the_sealed_tables_are_not_there() -> None:
    assert StoredSecret not in OURS
    assert KeySentinel not in OURS


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_list_and_every_row_opens(model: type[Model], operator: Client) -> None:
    made = row(model)
    assert operator.get(address(model, "changelist")).status_code == 200
    assert operator.get(address(model, "change", made.pk)).status_code == 200
    assert operator.get(address(model, "changelist"), {"q": "+12125550123"}).status_code == 200


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)
def test_what_has_one_writer_is_for_looking_only(model: type[Model], operator: Client) -> None:
    made = row(model)
    assert operator.get(address(model, "add")).status_code == 403
    assert operator.post(address(model, "change", made.pk), {}).status_code == 403
    assert operator.post(address(model, "delete", made.pk), {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=made.pk).exists()


def test_an_organization_is_not_deleted_here(operator: Client, organization: Organization) -> None:
    response = operator.post(address(Organization, "delete", organization.pk), {"post": "yes"})
    assert response.status_code == 403


def test_settings_of_vendors_show_no_value_at_all(
    operator: Client, organization: Organization, owner: Any, settings: Any
) -> None:
    settings.SERVICE_VENDORS = ["fakeservice"]
    configuration.save_vendor_config(
        organization,
        "fakeservice",
        {"account_sid": "a-name-of-ours", "api_key": SECRET},
        actor=owner,
        check=False,
    )
    saved = VendorConfig.objects.get()
    for page in (address(VendorConfig, "changelist"), address(VendorConfig, "change", saved.pk)):
        text = operator.get(page).content.decode()
        assert organization.name in text
        assert SECRET not in text
        assert "a-name-of-ours" not in text


def test_a_webhooks_headers_and_body_stay_out_of_sight(operator: Client) -> None:
    event = factories.WebhookEventFactory(
        headers={"authorization": SECRET}, body=b"the raw body", query="key=in-the-query"
    )
    text = operator.get(address(type(event), "change", event.pk)).content.decode()
    for hidden in (SECRET, "the raw body", "in-the-query"):
        assert hidden not in text


def test_who_is_no_operator_does_not_get_in(owner: Any, client_for: ClientFor) -> None:
    response = client_for(owner).get("/staff/")
    assert response.status_code == 302
    assert response["Location"].startswith("/staff/login/")


def test_a_messages_history_is_there_in_words(operator: Client) -> None:
    message = factories.MessageFactory(service="nobody", text="Vote!")
    history.add(message, Step.REPORTED, service="nobody", status="DELIVERED")
    message.save()
    page = operator.get(address(Message, "change", message.pk)).content.decode()
    assert "nobody reports: delivered" in page
    assert str(message.reference) in page
