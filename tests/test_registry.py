"""Which vendors there are, and which object speaks for an account."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service_vendors.exceptions import UnknownVendor
from service_vendors.models import Organization
from service_vendors.types import VendorAccount
from service_vendors.vendors import registry
from service_vendors.vendors.registry import VendorBroken
from tests.factories import OrganizationFactory

VENDOR = """
from service_vendors.vendors.base import ServiceVendor

class Outside(ServiceVendor):
    name = {name!r}
    title = "Outside"
    send_message = verify = handle_incoming = check_connection = cost_data = None
    __abstractmethods__ = frozenset()

nothing = 5
"""

Install = Callable[[str, str], None]


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    registry.reset()
    yield
    registry.reset()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package from outside: a module, and an entry point that names something in it."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name: str, target: str, vendor_name: str | None = None) -> None:
        (tmp_path / "outside_vendor.py").write_text(VENDOR.format(name=vendor_name or name))
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[service_vendors]\n{name} = {target}\n")

    yield install
    sys.modules.pop("outside_vendor", None)


def test_the_listed_vendors_are_active_in_their_order(install: Install, settings: Any) -> None:
    install("outside", "outside_vendor:Outside")
    settings.SERVICE_VENDORS = ["outside", "fakeservice"]
    assert list(registry.available()) == ["outside", "fakeservice"]
    settings.SERVICE_VENDORS = ["fakeservice", "outside"]
    assert list(registry.available()) == ["fakeservice", "outside"]


def test_a_vendor_that_is_not_listed_is_not_active(install: Install, settings: Any) -> None:
    install("outside", "outside_vendor:Outside")
    settings.SERVICE_VENDORS = ["fakeservice"]
    assert list(registry.available()) == ["fakeservice"]
    assert registry.find("outside") is not None
    with pytest.raises(UnknownVendor, match=r"'outside'.*activates: fakeservice\."):
        registry.vendor_class("outside")


def test_a_listed_name_that_nobody_provides_is_left_out(settings: Any) -> None:
    settings.SERVICE_VENDORS = ["nobody"]
    assert registry.available() == {}
    assert registry.find("nobody") is None
    with pytest.raises(UnknownVendor, match="activates: none"):
        registry.vendor_class("nobody")


def test_a_built_in_name_wins(install: Install, settings: Any) -> None:
    install("fakeservice", "outside_vendor:Outside")
    settings.SERVICE_VENDORS = ["fakeservice"]
    assert registry.available()["fakeservice"].__module__.startswith("service_vendors.vendors.")


def test_every_folder_with_a_vendor_is_built_in() -> None:
    for name in registry.built_in_names():
        found = registry.find(name)
        assert found is not None
        assert found.name == name


@pytest.mark.parametrize(
    ("target", "name", "says"),
    [
        ("outside_vendor:nothing", "outside", "no ServiceVendor"),
        ("outside_vendor:Outside", "another", "names the vendor 'another'"),
    ],
)
def test_an_entry_point_that_names_no_such_vendor_is_an_error(
    install: Callable[..., None], target: str, name: str, says: str
) -> None:
    install("outside", target, name)
    with pytest.raises(VendorBroken, match=says):
        registry.find("outside")


def test_a_folder_without_its_vendor_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "hollow"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "vendor.py").write_text(
        "from service_vendors.vendors.fakeservice.vendor import FakeService\n"
    )
    monkeypatch.setattr(registry.vendors, "__path__", [*registry.vendors.__path__, str(tmp_path)])
    registry.reset()
    try:
        with pytest.raises(VendorBroken, match="'hollow'"):
            registry.find("hollow")
    finally:
        for module in [name for name in sys.modules if ".vendors.hollow" in name]:
            del sys.modules[module]


def test_an_address_leads_to_its_vendor(settings: Any) -> None:
    found = registry.webhook_at("fakeservice")
    assert found is not None
    assert found[0] == "fakeservice"
    assert found[1].address == "fakeservice"
    assert registry.webhook_at("nobody") is None
    settings.SERVICE_VENDORS = []
    assert registry.webhook_at("fakeservice") is None


# -- objects --------------------------------------------------------------------------------------

ACCOUNT = VendorAccount("fakeservice", 1, {"api_key": "key"}, "https://x")


def test_an_account_keeps_its_object_until_it_changes() -> None:
    first = registry.bind(ACCOUNT)
    assert registry.bind(replace(ACCOUNT, config={"api_key": "key"})) is first
    changed = registry.bind(replace(ACCOUNT, config={"api_key": "another"}))
    assert changed is not first
    assert changed.config("api_key") == "another"


def test_each_organization_has_an_object_of_its_own() -> None:
    theirs = replace(ACCOUNT, organization_id=2)
    environments = replace(ACCOUNT, organization_id=None)
    bound = [registry.bind(one) for one in (ACCOUNT, theirs, environments)]
    assert len({id(one) for one in bound}) == 3
    assert [registry.bind(one) for one in (ACCOUNT, theirs, environments)] == bound


def test_objects_are_forgotten_rather_than_kept_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "_MOST_BOUND", 3)
    for organization_id in range(10):
        registry.bind(replace(ACCOUNT, organization_id=organization_id))
        assert len(registry._bound) <= 3


def test_a_vendor_that_is_no_longer_active_is_not_bound(settings: Any) -> None:
    registry.bind(ACCOUNT)
    settings.SERVICE_VENDORS = []
    with pytest.raises(UnknownVendor):
        registry.bind(ACCOUNT)


def test_an_organizations_object_is_bound_to_its_settings(
    organization: Organization, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = "fakeservice"
    settings.FAKESERVICE_API_KEY = "from the environment"
    vendor = registry.get_vendor(organization)
    assert vendor.account.organization_id == organization.pk
    assert vendor.config("api_key") == "from the environment"
    assert registry.get_vendor(organization) is vendor
    assert registry.get_vendor(None).account.organization_id is None
    assert registry.get_vendor(OrganizationFactory()) is not vendor
