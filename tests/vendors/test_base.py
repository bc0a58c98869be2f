"""What every vendor has from the base class, seen at one that adds nothing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

import pytest

from service_vendors.exceptions import PermanentVendorError, UnsupportedFeature
from service_vendors.types import (
    Feature,
    ServiceManagerData,
    VendorAccount,
    WebhookAnswer,
    WebhookRequest,
)
from service_vendors.vendors import loop
from tests.vendors.bare_vendor import BareContract, BareVendor

CONFIG = {"api_url": "http://127.0.0.1:9", "account_sid": "us", "api_key": "s3cr3t"}


def _vendor(config: Mapping[str, str] = CONFIG, own: frozenset[str] = frozenset()) -> BareVendor:
    return BareVendor(VendorAccount("bare", 1, config, own_fields=own))


class TestContractOfBare(BareContract):
    """The contract holds for vendors without any feature: each is refused loudly."""


BEYOND_TEXTS = [
    feature for feature in Feature if feature not in {Feature.MMS, Feature.FIND_MESSAGE}
]


@pytest.mark.parametrize("feature", BEYOND_TEXTS)
def test_a_feature_that_is_declared_and_not_there_breaks_the_contract(
    feature: Feature, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BareVendor, "supports", frozenset({feature}))
    with pytest.raises(AssertionError, match="declared, and no"):
        BareContract().test_a_feature_it_does_not_declare_is_refused(_vendor(), feature)


def test_declared_pictures_and_searches_that_are_not_there_break_the_contract(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(BareVendor, "supports", frozenset({Feature.MMS, Feature.FIND_MESSAGE}))
    contract = BareContract()
    with contract.open_company() as company:
        vendor = contract.bound(company.config)
        with pytest.raises(PermanentVendorError):
            contract.test_pictures_travel_along_or_are_refused(company, vendor)
        with pytest.raises(UnsupportedFeature):
            contract.test_a_doubtful_send_can_be_found_again(company, vendor)


def test_an_unknown_code_is_explained_in_general() -> None:
    described = BareVendor.error_description(7)
    assert described.description == "Bare refused or lost this message (error 7)."
    assert described.link == ""


def test_settings_that_the_organization_set_itself_can_be_told_apart() -> None:
    vendor = _vendor(own=frozenset({"account_sid", "api_key"}))
    assert vendor.get_service_config(restrict_to_org_features=True) == {
        "account_sid": "us",
        "api_key": "<Hidden>",
    }


def test_the_checklist_names_each_required_setting_and_its_remedy() -> None:
    vendor = _vendor({**CONFIG, "api_key": ""})
    items = {item.title: item for item in vendor.readiness(ServiceManagerData())}
    assert [title for title, item in items.items() if not item.ready] == ["Key"]
    assert items["Key"].remedy == "Fill in Key below, or set BARE_KEY."


def test_by_default_the_vendor_wants_to_hear_nothing_special() -> None:
    request = WebhookRequest("bare", "POST", "https://x/bare")
    assert _vendor().webhook_answer(request) == WebhookAnswer("", "text/plain", 200)
    assert _vendor().get_message_service_sid("+12125550142", "hi") == ""


def test_a_blocking_call_runs_in_a_thread_of_its_own() -> None:
    def blocks(number: int, *, more: int) -> tuple[int, str]:
        return number + more, threading.current_thread().name

    total, thread = loop.run(_vendor().in_thread(blocks, 1, more=2))
    assert total == 3
    assert thread not in {"vendor-loop", threading.current_thread().name}


def test_an_account_tells_nothing_of_its_values() -> None:
    vendor = _vendor()
    for told in (repr(vendor), repr(vendor.account), repr(replace(vendor.account))):
        assert "s3cr3t" not in told


@pytest.mark.parametrize(
    ("decided", "missing"),
    [
        (ServiceManagerData(), "picker and sticker"),
        (ServiceManagerData(managers=frozenset({"sticker"})), "picker"),
        (ServiceManagerData(managers=frozenset({"picker", "sticker", "x"})), ""),
        (ServiceManagerData(fully_configured=True), ""),
    ],
)
def test_a_vendor_is_not_ready_without_the_managers_it_needs(
    decided: ServiceManagerData, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Spoke BM:294 asked service manager data that was undefined; BS:149 took everyone for ready.
    monkeypatch.setattr(BareVendor, "needs_managers", ("picker", "sticker"))
    item = _vendor().readiness(decided)[-1]
    assert (item.title, item.ready) == ("Service managers", not missing)
    assert _vendor().fully_configured(decided) is not bool(missing)
    if missing:
        assert item.remedy == f"Enable {missing}: Bare needs them to text."


def test_a_vendor_that_needs_no_managers_says_nothing_of_them() -> None:
    titles = [item.title for item in _vendor().readiness(ServiceManagerData())]
    assert "Service managers" not in titles
