"""A vendor in trouble, as people see it; and an owner's button to try again now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from service_vendors.models import AuditEntry, Message, Organization, SendStatus
from service_vendors.sending import breaker, dispatch, send_message
from service_vendors.sending.circuit import State
from service_vendors.sending.outcomes import Uncertain
from service_vendors.vendors.registry import get_vendor
from tests.conftest import ClientFor
from tests.factories import MessageFactory, OrganizationFactory, a_number
from tests.trouble import LAST_ERROR, account_of, open_the_breaker
from tests.web.markup import Page
from tests.web.pigeons import Pigeon

pytestmark = pytest.mark.usefixtures("set_up")


@pytest.fixture
def url(base: str) -> str:
    return f"{base}/pigeon/try-again"


def badge(page: Page) -> str:
    return next(e.text for e in page.elements if "sv-vendor" in e.get("class").split())


def item(page: Page) -> str:
    return next(e.text for e in page.elements if e.get("id") == "pigeon-trouble")


def listed(page: Page) -> list[str]:
    """The vendors that take over."""
    return [e.text for e in page.elements if e.name == "li" and "fallbacks" in e.inside]


# -- what is shown -------------------------------------------------------------------------------


def test_while_all_is_well_the_page_says_so(owner_client: Client, base: str) -> None:
    page = Page(owner_client.get(base))
    assert "No trouble at Pigeon Post Its circuit breaker is closed" in item(page)
    assert "Try again now" not in page.text
    assert badge(page).startswith("Pigeon Post ready")


def test_errors_that_did_not_open_it_are_counted_with_the_last_one(
    organization: Organization, owner_client: Client, base: str
) -> None:
    permit = breaker.Permit(account_of(organization))
    breaker.learn([(permit, Uncertain("No answer."))])
    text = item(Page(owner_client.get(base)))
    assert "1 call failed of late; the last error was: No answer." in text


def test_an_open_breaker_says_since_when_why_and_when_it_is_tried_again(
    organization: Organization, owner_client: Client, base: str
) -> None:
    open_the_breaker(organization)
    page = Page(owner_client.get(base))
    said = item(page)
    assert "Pigeon Post has trouble" in said
    assert "opened just now, because too many calls failed." in said
    assert f"The last error was: {LAST_ERROR}" in said
    assert "A few try again in less than a minute" in said
    assert "Pigeon Post has trouble. See why" in page.text
    assert "Ready to text through" not in page.text
    assert badge(page).startswith("Pigeon Post trouble")
    assert LAST_ERROR in badge(page)


def test_a_half_open_breaker_says_that_a_few_try(
    organization: Organization, owner_client: Client, base: str
) -> None:
    open_the_breaker(organization)
    breaker.probe_now(account_of(organization))
    assert "It is half open: a few texts try now" in item(Page(owner_client.get(base)))


def test_on_other_pages_everybody_reads_that_texts_wait_and_admins_why(
    organization: Organization, admin: Any, texter: Any, client_for: ClientFor
) -> None:
    open_the_breaker(organization)
    address = f"/admin/{organization.pk}/messages"
    seen_by_texter = Page(client_for(texter).get(address))
    assert "Too many calls failed: texts wait or go through another vendor" in seen_by_texter.text
    assert LAST_ERROR not in seen_by_texter.text
    assert badge(seen_by_texter).startswith("Pigeon Post trouble")
    assert LAST_ERROR in Page(client_for(admin).get(address)).text


def test_a_vendor_that_is_not_in_use_shows_its_trouble_as_well(
    organization: Organization, owner_client: Client, base: str, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = "owl"
    open_the_breaker(organization, "pigeon")
    page = Page(owner_client.get(base))
    assert "not in use, in trouble" in page.text
    assert "Pigeon Post has trouble" in item(page)


def test_who_takes_over_is_shown_in_order_with_what_is_left_out(
    organization: Organization, owner_client: Client, base: str, settings: Any
) -> None:
    assert "goes through no other vendor" in Page(owner_client.get(base)).text
    settings.FALLBACK_SERVICES = ["owl"]
    assert "installation’s setting FALLBACK_SERVICES says so" in Page(owner_client.get(base)).text
    organization.features = {"FALLBACK_SERVICES": ["pigeon", "swallow", "owl"]}
    organization.save()
    page = Page(owner_client.get(base))
    assert listed(page) == ["swallow unknown, so left out", "Owl Mail not set up, so left out"]
    settings.DEFAULT_SERVICE = "owl"
    page = Page(owner_client.get(base))
    assert listed(page) == ["Pigeon Post ready", "swallow unknown, so left out"]
    assert "FALLBACK_SERVICES in your organization’s features says so." in page.text


# -- trying again --------------------------------------------------------------------------------


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids that were handed to workers."""
    ids: list[int] = []
    monkeypatch.setattr(
        "service_vendors.broker.hand_over", lambda _, given, **__: ids.extend(given) or True
    )
    return ids


@pytest.mark.django_db(transaction=True)
def test_the_button_has_a_few_texts_tried_at_once_and_the_others_soon(
    organization: Organization,
    owner_client: Client,
    owner: Any,
    base: str,
    url: str,
    handed: list[int],
) -> None:
    open_the_breaker(organization)
    texts = [send_message(organization, a_number(n), "Hello") for n in range(10)]
    dispatch([text.pk for text in texts])
    held = Message.objects.filter(send_status=SendStatus.QUEUED, due_at__gt=timezone.now())
    assert held.count() == 10
    handed.clear()

    after = owner_client.post(url, follow=True)
    assert after.redirect_chain[0][0] == f"{base}#pigeon-trouble"
    assert (
        "A few texts try Pigeon Post now. When they succeed, the others follow." in Page(after).text
    )
    assert len(handed) == 3
    soon = timezone.now() + timedelta(seconds=5)
    assert not Message.objects.filter(due_at__gt=soon).exists()
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.action, entry.actor_name, entry.service) == (
        "tried again",
        owner.username,
        "pigeon",
    )
    dispatch(handed)
    assert breaker.standing(account_of(organization)).is_closed
    assert Message.objects.filter(send_status=SendStatus.SENT).count() == 3


def test_it_moves_nothing_that_waits_for_another_reason_or_is_somebody_elses(
    organization: Organization, owner_client: Client, url: str
) -> None:
    open_the_breaker(organization)
    soon = timezone.now() + timedelta(seconds=20)
    other = OrganizationFactory()
    held = {"due_at": soon, "status_reason": breaker.held_because(get_vendor(organization))}
    ours = {"organization": organization, "service": "pigeon"}
    untouched = [
        MessageFactory(**ours, due_at=soon, attempts=2, status_reason="Slower, please."),
        MessageFactory(**ours, due_at=soon, status_reason="It is outside the texting hours."),
        MessageFactory(**held, organization=organization, service="owl"),
        MessageFactory(**held, organization=other, service="pigeon"),
        MessageFactory(**held, **ours, send_status=SendStatus.UNKNOWN),
    ]
    moved = MessageFactory(**held, **ours, attempts=1)
    owner_client.post(url)
    for message in untouched:
        before = message.due_at
        message.refresh_from_db()
        assert message.due_at == before
    moved.refresh_from_db()
    assert moved.due_at <= timezone.now()


def test_when_it_is_closed_nothing_is_done_or_noted(
    organization: Organization, owner_client: Client, url: str
) -> None:
    page = Page(owner_client.post(url, follow=True))
    assert "Nothing waits for Pigeon Post any more." in page.text
    assert not AuditEntry.objects.filter(action="tried again").exists()


def test_looking_at_the_address_changes_nothing(
    organization: Organization, owner_client: Client, url: str
) -> None:
    open_the_breaker(organization)
    assert owner_client.get(url).status_code == 302
    assert breaker.standing(account_of(organization)).state is State.OPEN


def test_a_vendor_that_is_not_there_cannot_be_tried(owner_client: Client, base: str) -> None:
    assert owner_client.post(f"{base}/swallow/try-again").status_code == 404


def test_nobody_but_an_owner_may(
    organization: Organization, admin: Any, stranger: Any, client_for: ClientFor, url: str
) -> None:
    open_the_breaker(organization)
    assert client_for(admin).post(url).status_code == 403
    assert client_for(stranger).post(url).status_code == 404
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(url).status_code == 403
    assert breaker.standing(account_of(organization)).state is State.OPEN
    assert Pigeon.asked == []
