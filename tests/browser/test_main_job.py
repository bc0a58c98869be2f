"""The main job in a real browser: a text goes out, the report and the reply come back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE_SECONDS, Visit

pytestmark = pytest.mark.browser

PATIENCE = PATIENCE_SECONDS * 1000


def log_in(page: Page, username: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Log in").click()


def test_an_owner_sends_a_test_message_and_sees_it_delivered_and_answered(visit: Visit) -> None:
    page = visit("")
    log_in(page, "owner")
    expect(page).to_have_url("/admin/1/settings")
    expect(page.get_by_role("heading", name="Settings", exact=True)).to_be_visible()
    trial = page.locator("#test-message")
    trial.get_by_label("To", exact=True).fill("(212) 555-0141")
    trial.get_by_label("Text", exact=True).fill("Hello, please autorespond")
    trial.get_by_role("button", name="Send test message").click()
    expect(page.locator("#trial-status")).to_contain_text("delivered", timeout=PATIENCE)
    page.get_by_role("link", name="Open the conversation").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("(212) 555-0141")
    reply = page.get_by_role("listitem").filter(has_text="They wrote:")
    expect(reply).to_contain_text("Thank you for your message!", timeout=PATIENCE)


def test_an_admin_is_refused_the_settings(visit: Visit, complaints: list[str]) -> None:
    page = visit("")
    log_in(page, "admin")
    expect(page).to_have_url("/admin/1/messages")
    expect(page.get_by_role("link", name="Settings")).to_have_count(0)
    answer = page.goto("/admin/1/settings")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("heading", level=1)).to_have_text("You may not open this page")
    assert "403" in complaints.pop()


def test_a_conversation_is_live(visit: Visit) -> None:
    page = visit("texter", "/admin/1/messages/+12125550142")
    expect(page.get_by_text("No texts yet").first).to_be_visible()
    page.get_by_label("Text", exact=True).fill("Can you autorespond, please?")
    expect(page.locator("#compose-segments")).to_contain_text("1 segment · 28 characters")
    page.get_by_role("button", name="Send").click()
    ours = page.get_by_role("listitem").filter(has_text="You wrote:")
    expect(ours).to_contain_text("delivered", timeout=PATIENCE)
    expect(page.get_by_label("Text", exact=True)).to_have_value("")
    expect(page.get_by_label("Text", exact=True)).to_be_focused()
    theirs = page.get_by_role("listitem").filter(has_text="They wrote:")
    expect(theirs).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#talk-news")).to_contain_text("Thank you for your message!")
    expect(page.locator("#talk-state")).to_contain_text("They had the last word")


def test_a_half_written_text_survives_what_arrives(visit: Visit) -> None:
    page = visit("owner", "/admin/1/messages/+12125550143")
    field = page.get_by_label("Text", exact=True)
    field.fill("autorespond")
    field.press("Control+Enter")
    expect(field).to_have_value("")
    field.fill("Half a sent")
    theirs = page.get_by_role("listitem").filter(has_text="They wrote:")
    expect(theirs).to_be_visible(timeout=PATIENCE)
    expect(field).to_have_value("Half a sent")
    expect(field).to_be_focused()


def test_a_failure_says_what_it_means_and_what_to_do(visit: Visit) -> None:
    page = visit("owner", "/admin/1/messages/+12125550144")
    page.get_by_label("Text", exact=True).fill("error404")
    page.get_by_role("button", name="Send").click()
    ours = page.get_by_role("listitem").filter(has_text="You wrote:")
    expect(ours).to_contain_text("failed", timeout=PATIENCE)
    expect(ours).to_contain_text("Code 404: The number is not in service. Correct it")
    link = ours.get_by_role("link", name="What the vendor says about 404")
    with page.context.expect_page() as opened:
        link.click(modifiers=["Control"])
    expect(opened.value.locator("body")).to_contain_text("404")


def test_the_list_shows_a_new_text_by_itself(visit: Visit) -> None:
    watching = visit("owner", "/admin/1/messages")
    writing = visit("admin", "/admin/1/messages/+12125550145")
    writing.get_by_label("Text", exact=True).fill("Look at the list")
    writing.get_by_role("button", name="Send").click()
    line = watching.get_by_role("link").filter(has_text="Look at the list")
    expect(line).to_contain_text("delivered", timeout=2 * PATIENCE)
    line.click()
    expect(watching).to_have_url("/admin/1/messages/+12125550145")


def test_a_number_is_found_however_it_is_typed(visit: Visit) -> None:
    page = visit("admin", "/admin/1/messages")
    page.get_by_label("A contact’s number").fill("212.555.0146")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Text (212) 555-0146").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("(212) 555-0146")
