"""The frame of every page: what it shows to whom, and that everyone can use it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from django.contrib import messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from service_vendors.models import Organization, Role, SendStatus, WebhookEvent
from service_vendors.templatetags.service_vendors import STATUS_LOOKS
from tests.conftest import ClientFor
from tests.factories import (
    AuditEntryFactory,
    CampaignFactory,
    MembershipFactory,
    MessageFactory,
    OptOutFactory,
    OrganizationFactory,
    UserFactory,
    WebhookEventFactory,
)
from tests.web.markup import Page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pigeons")]


def navigation(page: Page) -> list[str]:
    return [link.text for link in page.all("a") if "pages" in link.inside]


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.TEXTER, ["Messages"]),
        (Role.SUPERVOLUNTEER, ["Messages"]),
        (Role.ADMIN, ["Messages", "Contacts", "Set aside"]),
        (Role.OWNER, ["Messages", "Contacts", "Set aside", "Settings"]),
    ],
)
def test_the_navigation_shows_what_a_role_may_open(
    role: Role, seen: list[str], organization: Organization, client_for: ClientFor
) -> None:
    member = MembershipFactory(organization=organization, role=role)
    page = Page(client_for(member.user).get(f"/admin/{organization.pk}/messages"))
    assert navigation(page) == seen


def test_the_handset_shows_when_the_vendor_has_one(
    organization: Organization, owner: Any, client_for: ClientFor
) -> None:
    client = client_for(owner)
    organization.features = {"DEFAULT_SERVICE": "owl"}
    organization.save()
    page = Page(client.get(f"/admin/{organization.pk}/settings"))
    assert navigation(page) == ["Messages", "Contacts", "Handset", "Set aside", "Settings"]


def test_the_open_page_is_marked_and_no_other(
    organization: Organization, owner: Any, client_for: ClientFor
) -> None:
    page = Page(client_for(owner).get(f"/admin/{organization.pk}/messages/set-aside"))
    assert [link.text for link in page.all("a", aria_current="page")] == ["Set aside"]


def test_the_badge_tells_an_owner_what_is_missing_and_leads_there(
    organization: Organization, owner: Any, client_for: ClientFor
) -> None:
    page = Page(client_for(owner).get(f"/admin/{organization.pk}/messages"))
    badge = page.one(
        "a", href=f"/admin/{organization.pk}/settings#ready", class_=_badge(ready=False)
    )
    assert badge.text.startswith("Pigeon Post not ready")
    assert "Auth token" in badge.text
    assert "Pigeon Post is not ready." in page.text


def test_the_badge_tells_a_texter_that_an_owner_must_act_but_no_details(
    organization: Organization, texter: Any, client_for: ClientFor
) -> None:
    page = Page(client_for(texter).get(f"/admin/{organization.pk}/messages"))
    badge = page.one("span", class_=_badge(ready=False))
    assert "until an owner has completed the settings" in badge.text
    assert "PIGEON_TOKEN" not in badge.text


def test_the_badge_tells_an_admin_the_details_too(
    organization: Organization, admin: Any, client_for: ClientFor
) -> None:
    page = Page(client_for(admin).get(f"/admin/{organization.pk}/messages"))
    assert "PIGEON_TOKEN" in page.one("span", class_=_badge(ready=False)).text


@pytest.mark.usefixtures("set_up")
def test_a_ready_vendor_is_ready_for_everyone(
    organization: Organization, texter: Any, client_for: ClientFor
) -> None:
    page = Page(client_for(texter).get(f"/admin/{organization.pk}/messages"))
    assert page.one("span", class_=_badge(ready=True)).text == "Pigeon Post ready"
    assert "not ready" not in page.text


def _badge(*, ready: bool) -> str:
    return f"sv-vendor {'sv-vendor-ready' if ready else 'sv-vendor-not-ready'}"


def test_the_menu_leads_to_the_persons_other_organizations_and_no_others(
    organization: Organization, owner: Any, client_for: ClientFor
) -> None:
    other = MembershipFactory(user=owner, organization__name="The Others", role=Role.TEXTER)
    MembershipFactory(user=owner, organization__name="The Closed", role=Role.SUSPENDED)
    OrganizationFactory(name="The Strangers")
    page = Page(client_for(owner).get(f"/admin/{organization.pk}/settings"))
    link = page.one("a", href=f"/admin/{other.organization_id}/messages")
    assert link.text == "The Others"
    everything = page.one("body").text
    assert "The Closed" not in everything
    assert "The Strangers" not in everything


def test_the_operators_pages_are_offered_to_operators_alone(
    organization: Organization, owner: Any, client_for: ClientFor
) -> None:
    page = f"/admin/{organization.pk}/settings"
    assert not Page(client_for(owner).get(page)).all("a", href="/staff/")
    owner.is_staff = True
    owner.save()
    assert Page(client_for(owner).get(page)).all("a", href="/staff/")


def test_logging_out_takes_a_press_of_a_button(
    organization: Organization, owner: Any, client_for: ClientFor
) -> None:
    client = client_for(owner)
    page = Page(client.get(f"/admin/{organization.pk}/settings"))
    assert page.one("form", action="/accounts/logout/").get("method") == "post"
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
    assert client.get(f"/admin/{organization.pk}/settings").status_code == 302


# -- everyone can use it ---------------------------------------------------------------------------


@pytest.fixture
def full(
    organization: Organization, owner: Any, client_for: ClientFor, set_up: Any
) -> dict[str, Any]:
    """Every page of ours, with something on it, by what it is."""
    client = client_for(owner)
    CampaignFactory(organization=organization, is_started=True)
    AuditEntryFactory.create_batch(25, organization=organization)
    message = MessageFactory(organization=organization, send_status=SendStatus.ERROR, error_code=7)
    WebhookEventFactory(organization=organization, status=WebhookEvent.Status.SET_ASIDE)
    OptOutFactory(organization=organization, cell=message.contact_number)
    base = f"/admin/{organization.pk}/settings"
    listed = f"/admin/{organization.pk}/messages"
    return {
        "messages": client.get(listed),
        "nobody found": client.get(listed, {"q": "nobody"}),
        "conversation": client.get(f"{listed}/{message.contact_number}"),
        "not sent": client.post(f"{listed}/+12125550101", {"text": ""}),
        "set aside": client.get(f"{listed}/set-aside"),
        **_handsets(organization, client),
        "settings": client.get(f"{base}?test={message.reference}"),
        "refused": client.post(f"{base}/pigeon", {"version": 1, "account": "", "token": "new"}),
        "choice": client.post(f"{base}/choose", {"service": "owl"}),
        "trial": client.post(f"{base}/test-message", {"number": "1", "text": ""}),
        "log-in": Client().get("/accounts/login/"),
        "log-in refused": Client().post("/accounts/login/", {"username": "x", "password": "y"}),
        "forbidden": client_for(MembershipFactory(organization=organization).user).get(base),
        "not found": client.get("/admin/0/settings"),
        "nowhere": client_for(UserFactory()).get("/"),
    }


def _handsets(organization: Organization, client: Client) -> dict[str, Any]:
    """The handset without a vendor that has one, and with one."""
    base = f"/admin/{organization.pk}/handset"
    without = client.get(base)
    organization.features = {"DEFAULT_SERVICE": "owl"}
    organization.save()
    pages = {
        "no handset": without,
        "whose handset": client.get(base, {"number": "1"}),
        "handset": client.get(f"{base}/+12125550101"),
    }
    organization.features = {}
    organization.save()
    return pages


PAGES = [
    "messages",
    "nobody found",
    "conversation",
    "not sent",
    "set aside",
    "no handset",
    "whose handset",
    "handset",
    "settings",
    "refused",
    "choice",
    "trial",
    "log-in",
    "log-in refused",
    "forbidden",
    "not found",
    "nowhere",
]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_well_made(name: str, full: dict[str, Any]) -> None:
    page = Page(full[name])
    ids = [element.get("id") for element in page.elements if element.get("id")]
    assert len(ids) == len(set(ids)), "an id stands twice"
    assert page.one("html").get("lang") == "en"
    assert page.one("title").text
    assert page.one("main").get("id") == "content"
    assert page.all("a", href="#content"), "nothing leads past the navigation"
    for element in page.elements:
        for reference in ("aria-describedby", "aria-labelledby", "for", "data-copy"):
            for id_ in element.get(reference).split():
                assert id_ in ids, f"{reference}={id_} of <{element.name}> leads nowhere"
        if element.name == "a" and element.get("href").startswith("#"):
            assert element.get("href")[1:] in ids, f"{element.get('href')} leads nowhere"


@pytest.mark.parametrize("name", PAGES)
def test_headings_come_in_their_order(name: str, full: dict[str, Any]) -> None:
    levels = [int(e.name[1]) for e in Page(full[name]).elements if re.fullmatch("h[1-6]", e.name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


@pytest.mark.parametrize("name", PAGES)
def test_every_field_has_a_label_and_every_button_a_name(name: str, full: dict[str, Any]) -> None:
    page = Page(full[name])
    labels = {label.get("for"): label.text for label in page.all("label")}
    for element in page.elements:
        if element.name in {"input", "select", "textarea"} and element.get("type") != "hidden":
            assert labels.get(element.get("id")), f"no label: {element.attributes}"
        if element.name in {"button", "summary"}:
            assert element.text or element.get("aria-label")


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(
    name: str, full: dict[str, Any]
) -> None:
    page = Page(full[name])
    assert not page.all("style")
    for element in page.elements:
        assert not element.get("style")
        assert not [key for key in element.attributes if key.startswith(("on", "hx-on"))]
    for script in page.all("script"):
        assert script.get("src").startswith("/static/")
        assert not script.text
    for link in page.all("link"):
        assert link.get("href").startswith("/static/")
    policy = full[name]["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_htmx_may_neither_style_nor_evaluate(full: dict[str, Any]) -> None:
    content = Page(full["settings"]).one("meta", name="htmx-config").get("content")
    assert '"includeIndicatorStyles": false' in content
    assert '"allowEval": false' in content


def test_the_page_for_a_broken_program_needs_nothing_of_it() -> None:
    page = Page(_Rendered(Template("{% include '500.html' %}").render(Context())))
    assert "Something broke on our side" in page.text


class _Rendered:
    def __init__(self, text: str) -> None:
        self.content = text.encode()


def test_a_wrong_password_is_said_so_and_never_shown_again(owner: Any) -> None:
    response = Client().post(
        "/accounts/login/", {"username": owner.username, "password": "sesame", "next": "/x"}
    )
    page = Page(response)
    assert "do not belong together" in page.text
    assert "sesame" not in response.content.decode()
    assert page.one("input", name="username").get("value") == owner.username
    assert page.one("input", name="next").get("value") == "/x"


# -- the tag library -------------------------------------------------------------------------------


def rendered(source: str, **context: Any) -> str:
    return Template("{% load service_vendors %}" + source).render(Context(context)).strip()


@pytest.mark.parametrize("status", SendStatus)
def test_every_status_has_a_word_a_colour_and_a_sign(status: SendStatus) -> None:
    text = rendered("{% status_badge message %}", message=MessageFactory.build(send_status=status))
    look = STATUS_LOOKS[status]
    assert look.word in text
    assert f"sv-status-{look.colour}" in text
    assert look.sign in text


def test_an_incoming_message_was_received() -> None:
    message = MessageFactory.build(is_from_contact=True)
    assert "received" in rendered("{% status_badge message %}", message=message)


def test_a_failure_shows_the_vendors_code_and_what_it_means() -> None:
    message = MessageFactory.build(service="pigeon", error_code=12, status_reason="Refused.")
    text = rendered("{% status_reason message %}", message=message)
    assert "Refused." in text
    assert "Code 12: Pigeon Post refused or lost this message (error 12)." in text


def test_a_failure_of_a_vendor_that_is_gone_still_shows_its_code() -> None:
    message = MessageFactory.build(service="raven", error_code=12)
    text = rendered("{% status_reason message %}", message=message)
    assert "Code 12" in text
    assert "no longer in use" in text


def test_what_comes_from_outside_is_escaped() -> None:
    message = MessageFactory.build(service="pigeon", status_reason="<script>alert(1)</script>")
    for tag in ("status_badge", "status_reason"):
        assert "<script>" not in rendered("{% " + tag + " message %}", message=message)
    assert "<b>" not in rendered("{{ number|national }}", number="<b>")
    assert "<b>" not in rendered("{% phone_number number %}", number="<b>")


def test_a_page_may_call_something_of_its_own_messages(
    organization: Organization, owner: Any, client_for: ClientFor
) -> None:
    request = RequestFactory().get("/")
    request.session = client_for(owner).session
    storage = FallbackStorage(request)
    request._messages = storage
    storage.add(messages.SUCCESS, "Done.")
    source = "{% include 'service_vendors/notices.html' %}"
    text = rendered(source, request=request, messages=["<a text>"])
    assert "Done." in text
    assert "a text" not in text


def test_a_number_is_shown_in_national_form_and_copied_as_e164() -> None:
    assert rendered("{{ number|national }}", number="+12125550123") == "(212) 555-0123"
    text = rendered("{% phone_number number %}", number="+12125550123")
    assert 'data-copy-as="+12125550123"' in text
    assert "(212) 555-0123" in text


def test_a_time_is_how_long_ago_with_the_exact_one_on_hover() -> None:
    moment = timezone.now() - timezone.timedelta(minutes=5)
    text = rendered("{% time_ago moment %}", moment=moment)
    assert "5\xa0minutes ago" in text
    assert moment.astimezone(timezone.get_fixed_timezone(0)).strftime("%H:%M:%S UTC") in text
    assert "just now" in rendered("{% time_ago moment %}", moment=timezone.now())
    assert rendered("{% time_ago moment %}", moment=None) == ""
