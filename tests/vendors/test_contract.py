"""Every vendor there is keeps the contract: those in our folders and those that are active.

A vendor's contract is a class ``Contract`` in a module ``contract``: beside the vendor, or in
``tests/simulators/<name>`` where the stand-in of its company is of use to these tests alone.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

import pytest

from service_vendors.testing import VendorContract
from service_vendors.vendors import registry
from service_vendors.vendors.base import ServiceVendor


def _vendors() -> dict[str, type[ServiceVendor]]:
    names = sorted(registry.built_in_names() | set(registry.available()))
    return {name: cls for name in names if (cls := registry.find(name)) is not None}


def _contract_of(vendor_class: type[ServiceVendor]) -> type[VendorContract] | None:
    beside = vendor_class.__module__.rpartition(".")[0]
    for package in (beside, f"tests.simulators.{vendor_class.name}"):
        if package and _is_there(package) and find_spec(f"{package}.contract") is not None:
            contract: type[VendorContract] = import_module(f"{package}.contract").Contract
            return contract
    return None


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


for _name, _vendor_class in _vendors().items():
    if (_contract := _contract_of(_vendor_class)) is not None:
        setattr(
            sys.modules[__name__],
            f"TestContractOf{_name.capitalize()}",
            type(f"TestContractOf{_name.capitalize()}", (_contract,), {"__module__": __name__}),
        )


@pytest.mark.parametrize("name", list(_vendors()))
def test_every_vendor_has_a_contract_that_is_about_it(name: str) -> None:
    vendor_class = _vendors()[name]
    contract = _contract_of(vendor_class)
    assert contract is not None, f"write {name}/contract.py; see service_vendors.testing"
    assert issubclass(contract, VendorContract)
    assert contract.vendor_class is vendor_class
    assert hasattr(sys.modules[__name__], f"TestContractOf{name.capitalize()}")


def test_a_contract_without_its_hooks_fails() -> None:
    class Hookless(VendorContract):
        """Provides nothing."""

    with pytest.raises(TypeError, match="open_company"):
        Hookless()  # type: ignore[abstract]  # that is the point
