"""A real Chromium in front of the real demo, and an ear for everything it complains about."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from tests.test_demo import Demo, started

PATIENCE_SECONDS = 5.0

Visit = Callable[..., Page]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last.

    Playwright keeps an event loop running in this thread until the session ends; Django would
    refuse to touch a database in every test after it.
    """
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium; without its sandbox, which the root of a container cannot have."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("Browser tests need Chromium: apt-get install chromium.")
    return {
        **browser_type_launch_args,
        "executable_path": chromium,
        # What runs here speaks to nobody else: no proxy, no look-ups.
        "args": ["--no-sandbox", "--no-proxy-server"],
    }


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, in a process of its own, on a port and with data of its own."""
    running = started(tmp_path_factory.mktemp("browser-demo"), "--port", "0")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def base_url(demo: Demo) -> str:
    """Where pages are: ``page.goto("/admin/1/messages")``."""
    return demo.address


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the browser complained about; a test that expects something takes it out."""
    heard: list[str] = []
    yield heard
    assert heard == []


def _note(said: ConsoleMessage, origin: str, complaints: list[str]) -> None:
    """Remember an error or a warning on one of our pages; other sites' are not ours to mend."""
    if said.type in {"error", "warning"} and said.location["url"].startswith(origin):
        complaints.append(said.text)


@pytest.fixture
def visit(new_context: Callable[..., BrowserContext], demo: Demo, complaints: list[str]) -> Visit:
    """Open a browser that is logged in as someone (or as nobody), watched for complaints."""

    def visit(username: str, address: str = "", **options: Any) -> Page:
        context = new_context(**options)
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        context.on("console", lambda said: _note(said, demo.address, complaints))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        if username:
            cookies = demo.browser(username).cookies
            context.add_cookies(
                [
                    {"name": cookie.name, "value": cookie.value or "", "url": demo.address}
                    for cookie in cookies
                ]
            )
        page = context.new_page()
        if address:
            page.goto(address)
        return page

    return visit
