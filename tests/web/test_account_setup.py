"""Auto-configure on the Settings page, from the button to the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.test import Client
from django.utils import timezone

from service_vendors import conf, setups
from service_vendors.exceptions import ConfigurationRejected
from service_vendors.models import AccountSetup, AuditEntry, Organization
from service_vendors.types import Feature, SetupStep
from service_vendors.vendors.base import ServiceVendor
from tests.conftest import ClientFor
from tests.web.conftest import Setup
from tests.web.markup import Element, Page
from tests.web.pigeons import Pigeon, values

pytestmark = pytest.mark.usefixtures("nests", "set_up")

HTMX = {"HX-Request": "true"}
State = AccountSetup.State


@pytest.fixture
def nests(pigeons: type[Pigeon], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first vendor builds nests; nobody works on what is handed over."""
    monkeypatch.setattr(Pigeon, "supports", frozenset({Feature.AUTO_CONFIGURE}))
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)


@pytest.fixture
def url(base: str) -> str:
    return f"{base}/pigeon/auto-configure"


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have the vendor tell these steps, or raise."""

    def builds(*steps: SetupStep | Exception) -> None:
        async def auto_configure(vendor: ServiceVendor) -> AsyncIterator[SetupStep]:
            for step in steps:
                await asyncio.sleep(0)
                if isinstance(step, Exception):
                    raise step
                yield step

        monkeypatch.setattr(Pigeon, "auto_configure", auto_configure)

    return builds


TWIGS = SetupStep("Twigs", total=2), SetupStep("Twigs", done=True, total=2)
NEST = SetupStep("Nest"), SetupStep("Nest", done=True, config={"basket": "tin"})


def panel(response: Any) -> str:
    return Page(response).by_id("pigeon-setup-panel").text


def within(page: Page, name: str) -> list[Element]:
    """The elements of this name in the vendor's panel."""
    return [element for element in page.all(name) if "pigeon-setup-panel" in element.inside]


def test_only_a_vendor_that_can_offers_it(owner_client: Client, base: str) -> None:
    page = Page(owner_client.get(base))
    assert [button.text for button in within(page, "button")] == ["Auto-configure"]
    assert not page.all("div", id="owl-setup")
    for address in ("owl/auto-configure", "owl/auto-configure/status", "dodo/auto-configure"):
        assert owner_client.get(f"{base}/{address}").status_code == 404


def test_the_button_begins_and_the_page_says_so_after_a_reload(
    owner_client: Client, owner: AbstractBaseUser, organization: Organization, base: str, url: str
) -> None:
    response = owner_client.post(url, follow=True)
    assert response.redirect_chain[0][0] == f"{base}#pigeon-setup"
    setup = AccountSetup.objects.get()
    assert (setup.organization, setup.service, setup.state) == (organization, "pigeon", "WAITING")
    for shown in (response, owner_client.get(base)):
        text = panel(shown)
        assert "Waiting for a worker to begin." in text
        assert f"Started by {owner.get_username()}" in text
        assert "Reload to see how far it is" in text
        assert not within(Page(shown), "button")
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert entry.summary == "Began the auto-configuration of Pigeon Post."


def test_its_end_is_shown_with_every_step(
    owner_client: Client, organization: Organization, base: str, url: str, builds: Any
) -> None:
    builds(*TWIGS, *NEST)
    owner_client.post(url)
    setups.run([AccountSetup.objects.get().pk])
    page = Page(owner_client.get(base))
    assert "The account is set up: 2 of 2 steps done." in page.text
    assert [item.text for item in within(page, "li")] == ["Done: Twigs", "Done: Nest"]
    assert [button.text for button in within(page, "button")] == ["Auto-configure again"]
    assert values(organization)["basket"] == "tin"


def test_a_failure_says_where_why_and_what_to_do_and_is_gone_on_with(
    owner_client: Client, base: str, url: str, builds: Any
) -> None:
    builds(*TWIGS, NEST[0], ConfigurationRejected("The tree is full. Pick another tree."))
    owner_client.post(url)
    setup = AccountSetup.objects.get()
    setups.run([setup.pk])
    page = Page(owner_client.get(base))
    assert "Stopped at “Nest”, 1 of 2 steps done." in page.text
    assert "The tree is full. Pick another tree." in page.text
    assert [item.text for item in within(page, "li")] == ["Done: Twigs", "Failed: Nest"]
    assert [button.text for button in within(page, "button")] == ["Try again"]
    builds(*TWIGS, *NEST)
    owner_client.post(url)
    setups.run([setup.pk])
    assert AccountSetup.objects.get().state == State.DONE


def test_htmx_is_answered_with_the_panel_and_a_sentence_for_those_who_listen(
    owner_client: Client, url: str, builds: Any
) -> None:
    builds(*TWIGS, *NEST)
    page = Page(owner_client.post(url, headers=HTMX))
    shown = page.one("div", id="pigeon-setup-panel")
    assert shown.get("hx-trigger") == "every 1s"
    heard = page.one("span", hx_swap_oob="innerHTML:#pigeon-setup-news")
    assert heard.text == "Waiting for a worker to begin."
    same = owner_client.get(shown.get("hx-get"))
    assert (same.status_code, same.content) == (204, b"")
    setups.run([AccountSetup.objects.get().pk])
    news = Page(owner_client.get(shown.get("hx-get")))
    assert "The account is set up" in news.one("div", id="pigeon-setup-panel").text
    assert "hx-get" not in news.one("div", id="pigeon-setup-panel").attributes
    assert news.one("a").text == "Show the settings as they are now"


def test_while_it_runs_a_bar_counts_the_steps(owner_client: Client, base: str, url: str) -> None:
    owner_client.post(url)
    AccountSetup.objects.update(
        state=State.RUNNING, steps_done=["Twigs"], step="Nest", steps_total=3
    )
    page = Page(owner_client.get(base))
    bar = page.one("progress")
    assert (bar.get("value"), bar.get("max")) == ("1", "3")
    assert "1 of 3 steps done. Now: Nest." in panel(owner_client.get(base))
    AccountSetup.objects.update(steps_total=0)
    assert "1 step done. Now: Nest." in panel(owner_client.get(base))
    assert "value" not in Page(owner_client.get(base)).one("progress").attributes


@pytest.mark.parametrize(("age_seconds", "pace"), [(0, 1), (90, 3), (3_600, 15)])
def test_the_page_asks_ever_less_often(
    owner_client: Client, base: str, url: str, age_seconds: int, pace: int
) -> None:
    owner_client.post(url)
    AccountSetup.objects.update(created_at=timezone.now() - timedelta(seconds=age_seconds))
    shown = Page(owner_client.get(base)).one("div", id="pigeon-setup-panel")
    assert shown.get("hx-trigger") == f"every {pace}s"


def test_a_second_press_begins_nothing(owner_client: Client, url: str) -> None:
    owner_client.post(url)
    owner_client.post(url)
    assert AccountSetup.objects.count() == 1


def test_an_organization_sees_and_begins_only_its_own(
    owner_client: Client, stranger: Any, client_for: ClientFor, url: str
) -> None:
    owner_client.post(url)
    other = stranger.organization_memberships.get().organization
    shown = client_for(stranger).get(f"/admin/{other.pk}/settings")
    assert "Waiting" not in panel(shown)


def test_whom_the_operators_set_up_is_not_offered_it(
    owner_client: Client, base: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = conf.Setting("PIGEONS_PER_ORGANIZATION", bool, False, "Whether they may.")
    monkeypatch.setattr(Pigeon, "org_config_setting", switch)
    assert not Page(owner_client.get(base)).all("div", id="pigeon-setup")
    assert owner_client.post(url).status_code == 404


@pytest.mark.parametrize("who", ["admin", "texter"])
def test_nobody_but_an_owner_begins(
    who: str, request: pytest.FixtureRequest, client_for: ClientFor, url: str, set_up: Setup
) -> None:
    client = client_for(request.getfixturevalue(who))
    assert client.post(url).status_code == client.get(f"{url}/status").status_code == 403
    assert not AccountSetup.objects.exists()
