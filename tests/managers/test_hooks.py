"""Service managers: found by name, asked in order, told what happens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

import pytest
from django.test import Client

from service_vendors import configuration, optouts, receiving, sending
from service_vendors.managers import registry
from service_vendors.managers.base import ServiceManager
from service_vendors.models import Campaign, Message, Organization, SendStatus, WebhookEvent
from service_vendors.sending import send_message
from service_vendors.types import DeliveryReport, Keyword, ReportStatus, ServiceManagerData
from tests.factories import CampaignFactory
from tests.scripted_vendor import Script

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER, OURS = "+12125550123", "+12125550100"
HERE = "tests.managers.test_hooks"


class Watcher(ServiceManager):
    """Decides what ``decides`` says and remembers what it was told."""

    name = "watcher"
    title = "Watcher"
    decides: ClassVar[ServiceManagerData | None] = None
    told: ClassVar[list[tuple[Any, ...]]] = []

    def on_message_send(self, message: Message) -> ServiceManagerData | None:
        return self.decides

    def on_delivery_report(self, message: Message, report: DeliveryReport) -> None:
        self.told.append(("report", message.contact_number, report.status))

    def on_message_received(self, message: Message) -> None:
        self.told.append(("received", message.text))

    def on_opt_out(self, organization: Organization, cell: str, keyword: Keyword) -> None:
        self.told.append((keyword, cell))

    def on_vendor_service_fully_configured(
        self, organization: Organization, service: str
    ) -> ServiceManagerData | None:
        return self.decides

    def on_organization_service_vendor_setup(
        self, organization: Organization, service: str, fields: Sequence[str]
    ) -> None:
        self.told.append(("setup", service, *fields))

    def on_buy_phone_numbers(
        self, organization: Organization, service: str, area_code: str, limit: int
    ) -> ServiceManagerData | None:
        return self.decides

    def on_campaign_start(self, campaign: Campaign) -> ServiceManagerData | None:
        return self.decides


class First(Watcher):
    """Goes first."""

    decides = ServiceManagerData(user_number="+12125550101", messageservice_sid="pool-1")


class Second(Watcher):
    """Goes second, and decides one thing."""

    decides = ServiceManagerData(user_number="+12125550102", force_mms=True)


class Unready(Watcher):
    """Is not ready."""

    decides = ServiceManagerData(fully_configured=False)


class Plain(ServiceManager):
    """Has no opinion."""

    name = "plain"
    title = "Plain"


@pytest.fixture(autouse=True)
def nothing_handed_over(script: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)
    monkeypatch.setattr(Watcher, "told", [])


def use(settings: Any, *names: str) -> None:
    settings.SERVICE_MANAGERS = [f"{HERE}.{name}" for name in names]


def test_later_managers_win_field_by_field(
    script: Script, organization: Organization, settings: Any
) -> None:
    use(settings, "First", "Plain", "Second")
    sending.dispatch([send_message(organization, NUMBER, "Hello").pk])
    (asked,) = script.sent
    assert asked.user_number == "+12125550102"
    assert asked.messageservice_sid == "pool-1"
    assert asked.force_mms


def test_the_organizations_own_list_goes_before_the_environments(
    script: Script, organization: Organization, settings: Any
) -> None:
    use(settings, "Second")
    organization.features = {"SERVICE_MANAGERS": f"{HERE}.First"}
    organization.save()
    sending.dispatch([send_message(organization, NUMBER, "Hello").pk])
    assert script.sent[0].user_number == "+12125550101"


def test_a_manager_that_is_not_ready_leaves_messages_queued(
    script: Script, organization: Organization, settings: Any
) -> None:
    use(settings, "Unready")
    message = send_message(organization, NUMBER, "Hello")
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert (message.send_status, message.attempts) == (SendStatus.QUEUED, 0)
    assert not script.sent


@pytest.mark.parametrize("name", ["no-such", f"{HERE}.NoSuch", f"{HERE}.NUMBER", "no.such.Thing"])
def test_a_name_that_is_not_there_is_logged_and_left_out(
    organization: Organization, settings: Any, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    settings.SERVICE_MANAGERS = [name, f"{HERE}.First"]
    assert [manager.__class__.__name__ for manager in registry.managers_of(organization)] == [
        "First"
    ]
    assert name in caplog.text


@pytest.mark.parametrize("listed", [7, {"a": 1}, [1], True])
def test_features_that_list_no_names_count_as_an_empty_list(
    organization: Organization, settings: Any, caplog: pytest.LogCaptureFixture, listed: Any
) -> None:
    use(settings, "First")
    organization.features = {"SERVICE_MANAGERS": listed}
    assert list(registry.managers_of(organization)) == []
    assert "no list of names" in caplog.text


def test_a_manager_of_another_package_is_found_by_its_entry_point(
    organization: Organization, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = {
        "first": EntryPoint("first", f"{HERE}:First", registry.ENTRY_POINT_GROUP),
        "broken": EntryPoint("broken", f"{HERE}:Nothing", registry.ENTRY_POINT_GROUP),
        "sticky-sender": EntryPoint("sticky-sender", f"{HERE}:Second", registry.ENTRY_POINT_GROUP),
    }
    monkeypatch.setattr(registry, "outside", lambda: offered)
    settings.SERVICE_MANAGERS = ["first", "broken", "sticky-sender"]
    found = [type(manager).__name__ for manager in registry.managers_of(organization)]
    assert found == ["First", "Manager"], "built-in names win"
    assert registry.title_of("first") == "Watcher"
    assert registry.title_of("broken") == "broken"


def test_managers_decide_in_order_about_buying_and_about_a_campaigns_start(
    organization: Organization, settings: Any
) -> None:
    use(settings, "First", "Plain", "Second")
    expected = ServiceManagerData("+12125550102", "pool-1", force_mms=True)
    assert registry.decide_on_buying(organization, "scripted", "212", 5) == expected
    campaign = CampaignFactory(organization=organization)
    assert registry.decide_on_campaign_start(campaign) == expected


def test_managers_hear_which_settings_were_saved_and_never_their_values(
    organization: Organization, settings: Any
) -> None:
    use(settings, "First", "Plain")
    changes = {"token": "a secret", "account": "mine"}
    configuration.save_vendor_config(organization, "scripted", changes, actor=None)
    assert Watcher.told == [("setup", "scripted", "account", "token")]


def test_the_hooks_of_a_campaign_are_there_and_do_nothing(organization: Organization) -> None:
    campaign, plain = CampaignFactory(organization=organization), Plain()
    assert plain.get_campaign_data(campaign) == {}
    assert plain.on_campaign_start(campaign) is None
    plain.on_campaign_update_signal(campaign, {})
    plain.on_campaign_contact_load(campaign, [])
    plain.on_campaign_archive(campaign)
    plain.on_campaign_unarchive(campaign)


def test_managers_hear_of_reports_replies_and_opt_outs(
    organization: Organization, settings: Any
) -> None:
    use(settings, "First", "Plain")
    message = send_message(organization, NUMBER, "Hello")
    sending.dispatch([message.pk])
    report = DeliveryReport("x", ReportStatus.DELIVERED, reference=message.reference.hex)
    sending.apply_report(organization, "scripted", report)
    said = {"kind": "message", "service_id": "1", "contact_number": NUMBER, "user_number": OURS}
    Client().post(
        f"/scripted/{organization.pk}",
        json.dumps([said | {"text": "stop"}]),
        "application/json",
        headers={"x-word": "open sesame"},
    )
    receiving.apply([WebhookEvent.objects.get().pk])
    optouts.start(organization, NUMBER)
    assert Watcher.told == [
        ("report", NUMBER, ReportStatus.DELIVERED),
        (Keyword.STOP, NUMBER),
        ("received", "stop"),
        (Keyword.START, NUMBER),
    ]


def test_an_opt_out_that_was_in_force_is_not_told_again(
    organization: Organization, settings: Any
) -> None:
    use(settings, "First")
    assert optouts.stop(organization, NUMBER)
    assert not optouts.stop(organization, NUMBER)
    assert optouts.is_opted_out(organization, NUMBER)
    assert optouts.start(organization, NUMBER)
    assert not optouts.start(organization, NUMBER)
    assert not optouts.is_opted_out(organization, NUMBER)
    assert Watcher.told == [(Keyword.STOP, NUMBER), (Keyword.START, NUMBER)]


def test_a_vendor_hears_which_managers_were_asked(
    organization: Organization, settings: Any
) -> None:
    assert registry.decide_on_readiness(organization, "fakeservice").managers == frozenset()
    use(settings, "Watcher", "Plain")
    decided = registry.decide_on_readiness(organization, "fakeservice")
    assert decided.managers == {"watcher", "plain"}
