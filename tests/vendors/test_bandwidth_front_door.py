"""Bandwidth's calls through our front door: whose they are, kept, and applied once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from service_vendors import configuration, receiving
from service_vendors.models import Message, Organization, SendStatus, WebhookEvent
from service_vendors.vendors import registry
from tests.factories import MessageFactory, OrganizationFactory
from tests.simulators.bandwidth import callbacks
from tests.simulators.bandwidth.callbacks import DELIVERED, FAILED, RECEIVED, filled

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tenants(
    settings: Any, organization: Organization, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Any]]:
    """Two organizations with credentials of their own; the company agrees to all of them."""
    # The tests themselves decide when work is done.
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)
    settings.SERVICE_VENDORS = ["bandwidth"]
    settings.DEFAULT_SERVICE = "bandwidth"
    registry.reset()
    other = OrganizationFactory()
    for one, password in ((organization, "password-of-one"), (other, "password-of-the-other")):
        configuration.save_vendor_config(
            one,
            "bandwidth",
            {
                "account_id": "9900902",
                "application_id": "93de2206-9669-4e07-948d-329f4b722ee2",
                "callback_user": "texting",
                "callback_password": password,
            },
            actor=owner,
            check=False,
        )
    yield {"one": organization, "other": other}
    registry.reset()


def post(organization: Organization | None, password: str, events: Any) -> Any:
    """Call us as Bandwidth does."""
    request = callbacks.call(events, "texting", password)
    address = "/bandwidth" if organization is None else f"/bandwidth/{organization.pk}"
    return Client().post(
        address,
        request.body,
        content_type="application/json",
        headers={"Authorization": request.headers["authorization"]},
    )


def apply_all() -> None:
    receiving.apply(list(WebhookEvent.objects.values_list("pk", flat=True)))


def test_a_proven_call_becomes_a_message_of_its_organization(tenants: dict[str, Any]) -> None:
    answer = post(tenants["one"], "password-of-one", [RECEIVED])
    assert answer.status_code == 200
    apply_all()
    message = Message.objects.get()
    assert (message.text, message.organization) == ("Hey, check out this SMS!", tenants["one"])


def test_one_organizations_password_opens_no_others_door(tenants: dict[str, Any]) -> None:
    """Spoke: whose it is, is not asked (BM:258-283)."""
    assert post(tenants["other"], "password-of-one", [RECEIVED]).status_code == 403
    assert post(None, "password-of-one", [RECEIVED]).status_code == 403
    assert not WebhookEvent.objects.exists()


def test_garbage_from_bandwidth_itself_is_kept_for_people_to_see(tenants: dict[str, Any]) -> None:
    """Spoke: errors are swallowed and answered 200 (B:96-101); ``[null]`` ends it (B:92)."""
    for events in ([None], {}, [[]], []):
        assert post(tenants["one"], "password-of-one", events).status_code == 200
    apply_all()
    assert not Message.objects.exists()
    assert WebhookEvent.objects.count() == 4


def test_a_repeated_call_is_applied_once(tenants: dict[str, Any]) -> None:
    """Bandwidth documents that it repeats calls."""
    for _ in range(3):
        assert post(tenants["one"], "password-of-one", [RECEIVED]).status_code == 200
    apply_all()
    assert Message.objects.count() == 1


def test_a_report_about_nobodys_message_changes_nothing(tenants: dict[str, Any]) -> None:
    """Spoke: a message that is not there throws (BM:262)."""
    assert post(tenants["one"], "password-of-one", [DELIVERED]).status_code == 200
    apply_all()
    assert not Message.objects.exists()


def test_a_report_of_one_organization_touches_no_others_message(tenants: dict[str, Any]) -> None:
    """Spoke: the tag picks the tenant (BM:258-283)."""
    message = MessageFactory(
        organization=tenants["other"],
        service="bandwidth",
        service_id=DELIVERED["message"]["id"],
        send_status=SendStatus.SENT,
    )
    event = filled(FAILED, {"tag": message.reference.hex})
    assert post(tenants["one"], "password-of-one", [event, DELIVERED]).status_code == 200
    apply_all()
    message.refresh_from_db()
    assert message.send_status == SendStatus.SENT
