"""Every page for everyone: on a phone, in the dark, by keyboard, without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE_SECONDS, Visit

pytestmark = pytest.mark.browser

PATIENCE = PATIENCE_SECONDS * 1000
PAGES = (
    "/admin/1/settings",
    "/admin/1/messages",
    "/admin/1/messages?q=nobody",
    "/admin/1/messages/+12125550101",
    "/admin/1/messages/set-aside",
    "/admin/1/contacts",
    "/admin/1/contacts?q=nobody",
    "/admin/1/contacts/+12125550109",
    "/admin/1/contacts/lookups",
    "/admin/1/handset/+12125550101",
    "/admin/1/handset?number=12",
    "/admin/1/phone-numbers",
    "/admin/1/phone-numbers/buy?area_code=212&limit=50",
    "/admin/1/phone-numbers/release?area_code=206&limit=2",
)
LONG = "https://example.org/" + "a-very-long-address-without-any-space/" * 6


@pytest.mark.parametrize(
    ("width", "scheme"), [(320, "light"), (375, "dark"), (768, "light"), (1280, "dark")]
)
def test_no_page_is_wider_than_the_screen(width: int, scheme: str, visit: Visit) -> None:
    page = visit(
        "owner",
        "/admin/1/messages/+12125550101",
        viewport={"width": width, "height": 700},
        color_scheme=scheme,
    )
    page.get_by_label("Text", exact=True).fill(LONG)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("listitem").filter(has_text=LONG).last).to_be_visible()
    for address in PAGES:
        page.goto(address)
        assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
        assert _too_wide(page) == 0, address
    visitor = visit("", "/accounts/login/", viewport={"width": width, "height": 700})
    assert _too_wide(visitor) == 0


def _too_wide(page: Page) -> int:
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(page.evaluate(wide))


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_title_of_the_navigation_runs_into_its_neighbour(width: int, visit: Visit) -> None:
    page = visit("owner", "/admin/1/messages", viewport={"width": width, "height": 700})
    links = page.locator("#pages a")
    assert links.count() == 6
    assert links.evaluate_all("links => links.filter(it => it.scrollWidth > it.clientWidth)") == []
    tops = links.evaluate_all("links => links.map(it => it.getBoundingClientRect().top)")
    assert len(set(tops)) == (1 if width < 992 else 6)


def test_the_newest_text_is_in_view(visit: Visit) -> None:
    page = visit("owner", "/admin/1/messages/+12125550161")
    for n in range(12):
        page.get_by_label("Text", exact=True).fill(f"Text number {n}")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_label("Text", exact=True)).to_have_value("")
    newest = page.get_by_role("listitem").filter(has_text="Text number 11")
    expect(newest).to_be_in_viewport()
    page.reload()
    expect(newest).to_be_in_viewport()
    expect(page.get_by_role("listitem").filter(has_text="Text number 0")).not_to_be_in_viewport()


def test_a_keyboard_is_enough(visit: Visit) -> None:
    page = visit("owner", "/admin/1/messages/+12125550162")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    field = page.get_by_label("Text", exact=True)
    for _ in range(6):
        page.keyboard.press("Tab")
        if field.evaluate("it => it === document.activeElement"):
            break
    expect(field).to_be_focused()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Control+Enter")
    ours = page.get_by_role("listitem").filter(has_text="By keyboard")
    expect(ours).to_contain_text("delivered", timeout=PATIENCE)


def test_everything_but_liveness_works_without_scripts(visit: Visit, complaints: list[str]) -> None:
    page = visit("owner", "/admin/1/settings", java_script_enabled=False)
    trial = page.locator("#test-message")
    trial.get_by_label("To", exact=True).fill("(212) 555-0163")
    trial.get_by_label("Text", exact=True).fill("autorespond")
    trial.get_by_role("button", name="Send test message").click()
    expect(page.locator("#trial-status")).to_contain_text("(212) 555-0163")
    page.get_by_role("link", name="Open the conversation").click()
    _until(page, "Reload to see what is new", "They wrote:")
    page.get_by_label("Text", exact=True).fill("Thank you")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#talk")).to_contain_text("Thank you")
    page.get_by_label("Text", exact=True).fill("")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#compose-text-errors")).to_contain_text("Write a text")
    assert "422" in complaints.pop()


def test_the_handset_works_without_scripts(visit: Visit) -> None:
    page = visit("admin", "/admin/1/handset/+12125550164", java_script_enabled=False)
    page.get_by_label("Answer as the contact").fill("Hello from here")
    page.get_by_role("button", name="Send from the phone").click()
    expect(page.locator("#phone")).to_contain_text("Hello from here")
    _until(page, "Reload to see what is new", "They wrote: Hello from here")
    page.get_by_label("Text", exact=True).fill("Hello to there")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page).to_have_url("/admin/1/handset/+12125550164#compose")
    page.get_by_role("button", name="STOP").click()
    _until(page, "Reload to see what is new", "asked not to be texted")


def _until(page: Page, link: str, text: str) -> None:
    """Follow a link until the page says something."""
    for _ in range(20):
        if text in " ".join(page.locator("main").inner_text().split()):
            return
        page.wait_for_timeout(250)
        page.get_by_role("link", name=link).click()
    pytest.fail(f"The page never said {text!r}.")
