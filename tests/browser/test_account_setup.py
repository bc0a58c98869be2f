"""Auto-configure in a real browser: pressed, watched, failed, tried again, and without scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE_SECONDS, Visit

pytestmark = pytest.mark.browser

PATIENCE = PATIENCE_SECONDS * 1000
SETTINGS = "/admin/1/settings"

Behave = Callable[..., None]


@pytest.fixture
def behave(visit: Visit) -> Iterator[Behave]:
    """Have the demo's company behave like this; afterwards, as it did."""
    page = visit("owner", SETTINGS)
    said = page.locator("#fakeservice .sv-state").filter(has_text="http").first.inner_text()
    (address,) = re.findall(r"http://[\w.]+:\d+", said)
    opener = build_opener(ProxyHandler({}))

    def call(method: str, value: Any = None) -> Any:
        data = None if value is None else json.dumps(value).encode()
        request = Request(f"{address}/behaviour", method=method, data=data)
        with opener.open(request, timeout=10) as answer:
            return json.loads(answer.read())

    before = call("GET")
    yield lambda **knobs: call("PUT", {**before, **knobs})
    call("PUT", before)


def panel_of(page: Page) -> Locator:
    return page.locator("#fakeservice-setup-panel")


def button_of(page: Page) -> Locator:
    return panel_of(page).get_by_role("button")


def test_an_owner_watches_the_account_being_set_up(visit: Visit, behave: Behave) -> None:
    behave(desk_seconds=2.0)
    page = visit("owner", SETTINGS)
    button_of(page).click()
    bar = panel_of(page).get_by_role("progressbar")
    expect(bar).to_be_visible()
    expect(panel_of(page)).to_contain_text("2 of 3 steps done. Now: Webhooks.", timeout=PATIENCE)
    expect(page.locator("#fakeservice-setup-news")).to_contain_text("2 of 3 steps done.")
    page.reload()
    expect(panel_of(page).get_by_role("progressbar")).to_be_visible()
    expect(panel_of(page)).to_contain_text("The account is set up", timeout=PATIENCE * 2)
    expect(panel_of(page).get_by_role("listitem")).to_have_count(3)
    expect(bar).to_have_count(0)
    expect(page.locator("#fakeservice-setup-news")).to_contain_text("The account is set up")
    expect(button_of(page)).to_have_text("Auto-configure again")


def test_a_failure_is_shown_and_tried_again(visit: Visit, behave: Behave) -> None:
    behave(refuse_credentials=True)
    page = visit("owner", SETTINGS)
    button_of(page).click()
    expect(panel_of(page)).to_contain_text("Stopped at “Account”", timeout=PATIENCE)
    expect(panel_of(page)).to_contain_text("Check the Account SID and the API key.")
    expect(page.locator("#fakeservice-setup-news")).to_contain_text("Stopped at “Account”")
    expect(button_of(page)).to_have_text("Try again")
    behave()
    button_of(page).click()
    expect(panel_of(page)).to_contain_text("The account is set up", timeout=PATIENCE)
    page.get_by_role("link", name="Show the settings as they are now").click()
    expect(page.get_by_text("The auto-configuration of Fakeservice is done.").first).to_be_visible()


def test_it_works_without_scripts(visit: Visit) -> None:
    page = visit("owner", SETTINGS, java_script_enabled=False)
    button_of(page).click()
    for _ in range(20):
        if "The account is set up" in panel_of(page).inner_text():
            return
        page.wait_for_timeout(250)
        page.goto("about:blank")
        page.goto(f"{SETTINGS}#fakeservice-setup")
    pytest.fail("The page never said that the account is set up.")


@pytest.mark.parametrize("width", [320, 1280])
def test_the_panel_fits_the_screen(width: int, visit: Visit, behave: Behave) -> None:
    behave(refuse_credentials=True)
    page = visit("owner", SETTINGS, viewport={"width": width, "height": 800})
    button_of(page).click()
    expect(button_of(page)).to_have_text("Try again", timeout=PATIENCE)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0
