"""Where the vendor calls, shown and set with one click, with and without a script."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_an_owner_points_the_vendor_here_with_one_click(visit: Visit) -> None:
    page = visit("owner", "/admin/1/settings", viewport={"width": 390, "height": 900})
    show = page.get_by_role("button", name="Show where Fakeservice calls now")
    answer = page.locator("#fakeservice-pointing")
    show.click()
    expect(answer).to_contain_text("Fakeservice does not call here.")
    answer.get_by_role("button", name="Point them here").click()
    expect(answer).to_contain_text("Fakeservice calls here.")
    expect(answer.get_by_role("button")).to_have_count(0)
    assert page.url.endswith("/admin/1/settings"), "it happens on the page"
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.reload()
    show.click()
    expect(answer).to_contain_text("Fakeservice calls here.")


def test_it_works_without_a_script(visit: Visit) -> None:
    page = visit("owner", "/admin/1/settings", java_script_enabled=False)
    page.get_by_role("button", name="Show where Fakeservice calls now").click()
    assert page.url.endswith("/settings/fakeservice/webhooks?#fakeservice-webhooks")
    expect(page.locator("#fakeservice-pointing")).to_contain_text("Fakeservice")
