"""Looking a file of numbers up in a real browser: the cost, the word, the bar, the results."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE_SECONDS, Visit
from tests.factories import a_number

pytestmark = pytest.mark.browser

PATIENCE = 6 * PATIENCE_SECONDS * 1000


def written(folder: Path, numbers: range) -> Path:
    file = folder / "voters.csv"
    file.write_text("name,cell\n" + "".join(f"Ada,{a_number(n)}\n" for n in numbers))
    return file


def choose(page: Page, file: Path, what: str) -> None:
    page.get_by_role("link", name="Look up many").click()
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label(what).check()
    page.get_by_role("button", name="See what it costs").click()


def test_a_file_is_looked_up_with_a_bar_that_survives_a_reload(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit("owner", "/admin/1/contacts")
    choose(page, written(tmp_path, range(300)), "Also the carrier")
    expect(page.get_by_role("main")).to_contain_text("At most 1.50 USD")
    page.get_by_label("Fakeservice may charge").check()
    page.get_by_role("button", name="Pay and look up").click()
    bar = page.get_by_role("progressbar")
    expect(bar).not_to_have_attribute("value", "0", timeout=PATIENCE)
    page.reload()
    expect(bar).to_be_visible()
    heading = page.get_by_role("heading", name="300 of 300 numbers")
    expect(heading).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("main")).to_contain_text("1.50 USD so far")
    expect(page.locator("#lookup-news")).to_contain_text("Done: 300 of 300")
    with page.expect_download() as loading:
        page.get_by_role("link", name="Download the results").click()
    with Path(loading.value.path()).open(newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == 300
    assert sum(row["status"] == "Landline" for row in found) == 30
    page.get_by_role("link", name="Contacts", exact=True).first.click()
    page.get_by_role("link", name="Landline", exact=True).click()
    expect(page.get_by_role("row")).to_have_count(1 + 31)  # the demo has one of its own


def test_a_lookup_is_cancelled(visit: Visit, tmp_path: Path) -> None:
    page = visit("owner", "/admin/1/contacts")
    choose(page, written(tmp_path, range(1_000, 6_000)), "Whether it can be texted")
    page.get_by_role("button", name="Look up for free").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("main")).to_contain_text("cancelled", timeout=PATIENCE)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_without_scripts_a_file_is_looked_up_too(visit: Visit, tmp_path: Path) -> None:
    page = visit("admin", "/admin/1/contacts", java_script_enabled=False)
    page.get_by_role("link", name="Look up many").click()
    page.get_by_label("The numbers in a CSV file").check()
    page.get_by_label("File", exact=True).set_input_files(written(tmp_path, range(7_000, 7_020)))
    page.get_by_role("button", name="See what it costs").click()
    page.get_by_role("button", name="Look up for free").click()
    for _ in range(40):
        if "20 of 20" in page.get_by_role("main").inner_text():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.get_by_role("heading", name="20 of 20 numbers")).to_be_visible()


def test_a_bad_file_is_told_by_line(visit: Visit, tmp_path: Path, complaints: list[str]) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("cell\n12\n")
    page = visit("owner", "/admin/1/contacts")
    choose(page, bad, "Whether it can be texted")
    alert = page.get_by_role("alert").first
    expect(alert).to_contain_text("Line 2: '12' is not a phone number")
    expect(alert).to_be_focused()
    assert "422" in complaints.pop()
