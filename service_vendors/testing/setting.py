"""What all contract tests share: the hooks that a vendor's tests provide, and the fixtures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Final, TypeVar

import pytest
from django.test import override_settings

from service_vendors.references import new_reference
from service_vendors.testing.company import Company
from service_vendors.types import LookupStatus, OutboundMessage, VendorAccount
from service_vendors.vendors import loop
from service_vendors.vendors.base import ServiceVendor

T = TypeVar("T")

CALLBACK_BASE: Final = "http://127.0.0.1:9"  # nobody answers there
ORGANIZATION_ID: Final = 1
READ_SECONDS: Final = 0.5
LONGEST_SECONDS: Final = 30.0


class ContractSetting(ABC):
    """The hooks. One that is missing fails every test."""

    vendor_class: ClassVar[type[ServiceVendor]]
    # The headers, in lower case, without any of which a webhook proves nothing.
    proof_headers: ClassVar[tuple[str, ...]]
    # False only where the company's own scheme does not cover the body (mere Basic authentication).
    proof_covers_body: ClassVar[bool] = True
    # Whom to text, what to buy, and what the stand-in's look-ups say.
    contact_number: ClassVar[str] = "+12125550142"
    area_code: ClassVar[str] = "212"
    lookups: ClassVar[Mapping[str, LookupStatus]] = {}
    # What the free form of a look-up says of those numbers of which it knows less.
    free_lookups: ClassVar[Mapping[str, LookupStatus]] = {}
    # One of the company's numbers, where neither the vendor nor the company picks a sender itself.
    user_number: ClassVar[str | None] = None

    @property
    def managers(self) -> frozenset[str]:
        """The service managers without which the vendor is not ready."""
        return frozenset(self.vendor_class.needs_managers)

    @abstractmethod
    def open_company(self) -> AbstractContextManager[Company]:
        """Run a new stand-in, whose ledger is empty, while the block lasts."""

    @pytest.fixture(autouse=True)
    def short_patience(self) -> Iterator[None]:
        """Wait for silent companies no longer than a test may take."""
        with override_settings(VENDOR_READ_SECONDS=READ_SECONDS, VENDOR_CONNECT_SECONDS=2.0):
            yield

    @pytest.fixture
    def company(self) -> Iterator[Company]:
        """A company on a good day."""
        with self.open_company() as company:
            company.behave()
            yield company

    @pytest.fixture
    def vendor(self, company: Company) -> ServiceVendor:
        """The vendor, bound to an account that works."""
        return self.bound(company.config)

    def bound(self, config: Mapping[str, str]) -> ServiceVendor:
        """The vendor, bound to an account with these settings."""
        return self.vendor_class(
            VendorAccount(
                service=self.vendor_class.name,
                organization_id=ORGANIZATION_ID,
                config=config,
                callback_base=CALLBACK_BASE,
                own_fields=frozenset(config),
            )
        )

    def secrets(self, company: Company) -> list[str]:
        """The values that must never be seen."""
        return [company.config[one.name] for one in self.vendor_class.config_fields if one.secret]

    def message(
        self, text: str = "Hello, can you vote on Tuesday?", **more: Any
    ) -> OutboundMessage:
        """A message to send, with a reference of its own."""
        reference, to = new_reference().hex, self.contact_number
        more.setdefault("user_number", self.user_number)
        return OutboundMessage(reference=reference, contact_number=to, text=text, **more)

    @staticmethod
    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something of the vendor's, as a worker does."""
        return loop.run(coroutine, LONGEST_SECONDS)

    def every(self, found: AsyncIterator[T]) -> list[T]:
        """All that an iterator of the vendor's yields."""

        async def collect() -> list[T]:
            return [one async for one in found]

        return self.run(collect())
