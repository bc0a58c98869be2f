"""Phone numbers in a real browser: fifty are bought and watched, then given back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE_SECONDS, Visit

pytestmark = pytest.mark.browser

PATIENCE = PATIENCE_SECONDS * 1000
AN_ORDER = 60_000
NUMBERS = "/admin/1/phone-numbers"


def order(page: Page, area_code: str, count: int) -> None:
    """Ask for the price and confirm it."""
    page.get_by_label("Area code", exact=True).fill(area_code)
    page.get_by_label("How many", exact=True).fill(str(count))
    page.get_by_role("button", name="See the price").click()
    expect(page.get_by_text(f"{count}.00 USD every month")).to_be_visible()
    page.get_by_role("button", name=f"Buy {count} numbers for {count}.00 USD a month").click()


def release_all(page: Page, area_code: str, count: int) -> None:
    """Give an area code's numbers back, as the page asks for it."""
    page.get_by_role("link", name=f"Release numbers in {area_code}").click()
    confirm = page.get_by_role("button", name=f"Release {count} numbers")
    confirm.click()
    expect(page.get_by_text("Nothing was released.")).to_be_visible()
    page.get_by_label(f"Type {area_code} to confirm").fill(area_code)
    confirm.click()


def job_of(page: Page, title: str) -> Any:
    return page.locator(".sv-job").filter(has=page.get_by_role("heading", name=title)).first


def test_fifty_numbers_are_bought_watched_over_a_reload_and_released(
    visit: Visit, complaints: list[str]
) -> None:
    page = visit("owner", NUMBERS)
    expect(page.get_by_role("link", name="Phone numbers")).to_have_attribute("aria-current", "page")
    order(page, "212", 50)
    bought = job_of(page, "Buying 50 numbers in 212")
    bar = bought.get_by_role("progressbar")
    expect(bar).to_have_attribute("value", re.compile(r"^([1-9]|[1-4]\d)$"), timeout=AN_ORDER)
    before = int(bar.get_attribute("value") or 0)
    page.reload()
    # It goes on where it was, or is over already.
    if bar.count():
        assert int(bar.get_attribute("value") or 0) >= before
    expect(bought).to_contain_text("Bought 50 in 212.", timeout=AN_ORDER)
    expect(bought.get_by_role("progressbar")).to_have_count(0)
    area = page.get_by_role("row").filter(has=page.get_by_role("link", name="212", exact=True))
    expect(area).to_contain_text("New York")
    expect(area.get_by_role("cell").first).to_have_text("50")
    assert "403" not in complaints

    release_all(page, "212", 50)
    assert "422" in complaints.pop()
    released = job_of(page, "Releasing 50 numbers in 212")
    expect(released).to_contain_text("Released 50 in 212.", timeout=AN_ORDER)
    expect(page.get_by_role("link", name="212", exact=True)).to_have_count(0)


def test_an_order_can_be_cancelled_and_says_how_far_it_came(visit: Visit) -> None:
    page = visit("owner", NUMBERS)
    order(page, "415", 60)
    job = job_of(page, "Buying 60 numbers in 415")
    job.get_by_role("button", name="Cancel").click()
    expect(job).to_contain_text(re.compile(r"Bought \d+ of 60 in 415, then it was cancelled\."))


def test_an_order_works_without_javascript(visit: Visit) -> None:
    page = visit("owner", NUMBERS, java_script_enabled=False)
    order(page, "503", 3)
    job = job_of(page, "Buying 3 numbers in 503")
    for _ in range(100):
        reload = job.get_by_role("link", name="Reload to see how far it is")
        if not reload.count():
            break
        reload.click()
        page.wait_for_timeout(100)
    expect(job).to_contain_text("Bought 3 in 503.")


def test_an_admin_sees_the_numbers_and_nothing_to_press(visit: Visit) -> None:
    page = visit("admin", NUMBERS)
    expect(page.get_by_role("heading", name="By area code")).to_be_visible()
    main = page.get_by_role("main")
    expect(main.get_by_role("button", name=re.compile("Buy|Release|Sync|price"))).to_have_count(0)
    expect(main.get_by_role("link", name=re.compile("Release"))).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    "path", ["", "/buy?area_code=206&limit=5", "/release?area_code=206&limit=2"]
)
def test_nothing_is_wider_than_the_screen(visit: Visit, width: int, path: str) -> None:
    page = visit("owner", NUMBERS + path, viewport={"width": width, "height": 844})
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
