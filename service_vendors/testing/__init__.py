"""The contract tests that every service vendor must pass; shipped, for outside vendors too.

A vendor's tests subclass VendorContract and open a local stand-in of its company (Company):

    class TestAcme(VendorContract):
        vendor_class = Acme
        proof_headers = ("x-acme-signature",)

        @contextmanager
        def open_company(self) -> Iterator[Company]: ...

A built-in vendor does so in a module ``contract`` of its own folder, as a class ``Contract``. The
tests need pytest, a Django configured for it, and no database.
"""

import pytest

# Before they are imported, so that a failing contract says what it compared.
pytest.register_assert_rewrite(
    *(
        f"service_vendors.testing.{module}"
        for module in (
            "company",
            "configuration",
            "declarations",
            "features",
            "sending",
            "webhooks",
        )
    )
)

from service_vendors.testing.company import Company, Taken, Trouble  # noqa: E402
from service_vendors.testing.contract import VendorContract  # noqa: E402

__all__ = ["Company", "Taken", "Trouble", "VendorContract"]
