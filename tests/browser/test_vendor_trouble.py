"""A vendor that fails, seen by its organization's owner, who does not want to wait."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.factories import a_number
from tests.test_demo import Demo, started, until

pytestmark = pytest.mark.browser

ERRORS = 5


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that loses its patience sooner, for it is made to fail."""
    running = started(
        tmp_path_factory.mktemp("trouble-demo"),
        *("--port", "0"),
        BREAKER_ERRORS=str(ERRORS),
        BREAKER_PAUSE_SECONDS="300",
        FALLBACK_SERVICES="twilio,nexmo",
    )
    yield running
    running.stop()


def behave(owner: requests.Session, demo: Demo, **knobs: Any) -> None:
    """Have the company behave like this."""
    vendor = owner.get(f"{demo.address}/api/organizations/1/vendor", timeout=10).json()
    request = Request(  # a local server's address
        f"{vendor['settings']['api_url']}/behaviour",
        method="PUT",
        data=json.dumps(knobs).encode(),
    )
    build_opener(ProxyHandler({})).open(request, timeout=10).close()


def test_an_owner_sees_the_trouble_and_has_it_tried_again(visit: Visit, troubled: Demo) -> None:
    owner = troubled.browser("owner")
    behave(owner, troubled, faults={"refuse": 1})
    messages = f"{troubled.address}/api/organizations/1/messages"
    headers = {"X-CSRFToken": owner.cookies["csrftoken"], "Referer": troubled.address}
    for n in range(ERRORS + 3):
        body = {"contact_number": a_number(n), "text": "Will you vote?"}
        assert owner.post(messages, json=body, headers=headers, timeout=10).status_code == 201

    vendor = f"{troubled.address}/api/organizations/1/vendor"
    until(lambda: owner.get(vendor, timeout=10).json()["trouble"], 30)
    page = visit("", viewport={"width": 390, "height": 900})
    cookies = [
        {"name": one.name, "value": one.value or "", "url": troubled.address}
        for one in owner.cookies
    ]
    page.context.add_cookies(cookies)
    page.goto(f"{troubled.address}/admin/1/settings")
    trouble = page.locator("#fakeservice-trouble")
    expect(trouble).to_contain_text("Fakeservice has trouble")
    expect(trouble).to_contain_text("takes no requests now (503)")
    expect(page.locator(".sv-vendor")).to_contain_text("trouble")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    behave(owner, troubled)
    trouble.get_by_role("button", name="Try again now").click()
    expect(page.get_by_text("A few texts try Fakeservice now.")).to_be_visible()

    def all_delivered() -> bool:
        found = owner.get(messages, timeout=10).json()["results"]
        ours = [one for one in found if one["text"] == "Will you vote?"]
        return len(ours) == ERRORS + 3 and {one["send_status"] for one in ours} == {"DELIVERED"}

    until(all_delivered, 60)
    page.reload()
    expect(trouble).to_contain_text("No trouble at Fakeservice")
    expect(page.locator(".sv-vendor")).to_contain_text("ready")
    expect(page.get_by_text("Had Fakeservice tried again at once")).to_be_visible()
