"""The handset in a real browser: a visitor plays the contact, the conversation follows."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.sync_api import Error, Locator, Page, Route, expect

from tests.browser.conftest import PATIENCE_SECONDS, Visit

pytestmark = pytest.mark.browser

PATIENCE = PATIENCE_SECONDS * 1000


def phone_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Texts on this phone").get_by_role("listitem")


def talk_of(page: Page) -> Locator:
    return page.locator("#talk").get_by_role("listitem")


def test_a_text_arrives_on_the_phone_and_the_answer_in_the_conversation(visit: Visit) -> None:
    page = visit("admin", "/admin/1/handset/+12125550151")
    page.get_by_label("Text", exact=True).fill("Will you vote on Tuesday?")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(phone_of(page)).to_contain_text(["Will you vote on Tuesday?"], timeout=PATIENCE)
    answer = page.get_by_label("Answer as the contact")
    answer.fill("I voted already!")
    answer.press("Enter")
    expect(phone_of(page).nth(1)).to_contain_text("I voted already!")
    expect(answer).to_have_value("")
    expect(answer).to_be_focused()
    expect(talk_of(page).nth(1)).to_contain_text("I voted already!", timeout=PATIENCE)
    expect(page.locator("#phone-news")).to_contain_text("Will you vote on Tuesday?")


def test_stop_closes_the_conversation_and_start_opens_it_again(visit: Visit) -> None:
    page = visit("owner", "/admin/1/handset/+12125550152")
    field = page.get_by_label("Text", exact=True)
    page.get_by_role("button", name="STOP").click()
    expect(page.get_by_text("asked not to be texted").first).to_be_visible(timeout=PATIENCE)
    expect(field).to_be_disabled()
    page.get_by_role("button", name="START").click()
    expect(field).to_be_enabled(timeout=PATIENCE)
    expect(page.locator(".sv-opted-out")).to_have_count(0)


def test_a_picture_is_seen_on_both_sides(visit: Visit) -> None:
    page = visit("owner", "/admin/1/handset/+12125550153")
    page.get_by_role("button", name="Send a picture").click()
    for side in (phone_of(page), talk_of(page)):
        picture = side.get_by_role("img")
        expect(picture).to_be_visible(timeout=PATIENCE)
        picture.scroll_into_view_if_needed()
        page.wait_for_function("it => it.naturalWidth > 0", arg=picture.element_handle())


def test_a_picture_from_elsewhere_is_not_loaded(visit: Visit) -> None:
    page = visit("owner", "/admin/1/messages/+12125550154")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Text", exact=True).fill("autorespondPicture")
    page.get_by_role("button", name="Send", exact=True).click()
    link = talk_of(page).get_by_role("link", name="Picture (image/png) at 127.0.0.1")
    expect(link).to_be_visible(timeout=PATIENCE)
    origin = page.evaluate("location.origin")
    assert [url for url in asked if not url.startswith(origin)] == []


def test_another_phone_is_picked_up_by_its_number_or_its_owners_name(visit: Visit) -> None:
    page = visit("owner", "/admin/1/handset")
    page.get_by_role("link", name="Grace Hopper").click()
    expect(page.get_by_role("heading", name="Grace Hopper’s phone")).to_be_visible()
    page.get_by_label("or a number").fill("(212) 555-0155")
    page.get_by_role("button", name="Pick up").click()
    expect(page).to_have_url("/admin/1/handset/+12125550155")


def test_a_texter_has_no_handset(visit: Visit, complaints: list[str]) -> None:
    page = visit("texter", "/admin/1/messages")
    expect(page.get_by_role("link", name="Handset")).to_have_count(0)
    answer = page.goto("/admin/1/handset")
    assert answer is not None
    assert answer.status == 403
    assert "403" in complaints.pop()


def test_news_that_are_overtaken_by_a_reply_are_dropped(visit: Visit) -> None:
    page = visit("owner", "/admin/1/handset/+12125550156")

    def slowly(route: Route) -> None:
        page.wait_for_timeout(700)
        with suppress(Error):  # the page gave this request up meanwhile
            route.continue_()

    page.route("**/updates*", slowly)
    for text in ("one", "two", "three"):
        page.get_by_label("Answer as the contact").fill(text)
        page.get_by_role("button", name="Send from the phone").click()
        expect(phone_of(page).last).to_contain_text(text, timeout=PATIENCE)
        page.wait_for_timeout(1_000)
    page.unroute_all(behavior="ignoreErrors")
