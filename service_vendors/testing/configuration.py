"""Settings are checked with the company, and secrets stay secret."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from service_vendors.exceptions import (
    ConfigurationRejected,
    TransientVendorError,
    VendorError,
    WebhookRejected,
)
from service_vendors.testing.company import Company, Trouble
from service_vendors.testing.setting import ContractSetting
from service_vendors.types import InboundMessage, ServiceManagerData
from service_vendors.vendors.base import HIDDEN, ServiceVendor

NOTHING_DECIDED = ServiceManagerData()


class Configuration(ContractSetting):
    """check_connection, update_config, readiness and get_service_config."""

    def test_settings_that_work_are_accepted(self, company: Company, vendor: ServiceVendor) -> None:
        sentence = self.run(vendor.check_connection())
        assert sentence.strip().endswith(".")
        self.run(vendor.update_config({}, company.config, NOTHING_DECIDED))
        assert company.calls() == 0, "a check must not send"

    def test_credentials_that_the_company_refuses_are_rejected(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        company.misbehave(Trouble.LOCKS_OUT)
        names = {field.name for field in self.vendor_class.config_fields}
        for check in self._checks(company, vendor):
            with pytest.raises(ConfigurationRejected) as raised:
                self.run(check)
            assert str(raised.value).strip()
            assert raised.value.field_errors.keys() <= names

    def test_a_company_that_cannot_be_reached_rejects_nothing(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        company.close()
        for check in self._checks(company, vendor):
            with pytest.raises(TransientVendorError):
                self.run(check)

    def test_it_is_ready_when_what_it_needs_is_there(self, company: Company) -> None:
        vendor = self.bound(company.config)
        decided = ServiceManagerData(managers=self.managers)
        assert all(item.ready for item in vendor.readiness(decided))
        assert vendor.fully_configured(decided)
        assert not vendor.fully_configured(replace(decided, fully_configured=False))
        assert bool(self.managers) is not vendor.fully_configured(NOTHING_DECIDED)

    def test_it_is_not_ready_while_something_is_missing(self, company: Company) -> None:
        for field in self.vendor_class.config_fields:
            if not field.required:
                continue
            config = {name: value for name, value in company.config.items() if name != field.name}
            vendor = self.bound(config)
            decided = ServiceManagerData(managers=self.managers)
            missing = [item for item in vendor.readiness(decided) if not item.ready]
            assert missing, f"it would be ready without {field.name}"
            assert all(item.title and item.remedy for item in missing)
            assert not vendor.fully_configured(decided)

    def test_its_settings_are_shown_without_their_secrets(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        shown = vendor.get_service_config()
        secret = {field.name for field in self.vendor_class.config_fields if field.secret}
        assert shown.keys() == {name for name, value in company.config.items() if value}
        assert {shown[name] for name in secret} == {HIDDEN}
        assert vendor.get_service_config(obscure_sensitive_information=False) == company.config

    def test_no_secret_and_no_contact_is_ever_told(
        self, company: Company, vendor: ServiceVendor, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        message = self.message("the text of a message")
        told = [repr(vendor), repr(vendor.account), str(vendor)]
        self.run(vendor.send_message(message))
        webhook = company.incoming(InboundMessage("i", self.contact_number, "+12125550100", "x"))
        vendor.verify(webhook)
        told.append(repr(webhook))
        for trouble in Trouble:
            company.misbehave(trouble)
            told.append(self._failure(vendor.send_message(message)))
            if trouble is Trouble.LOCKS_OUT:
                told += [self._failure(check) for check in self._checks(company, vendor)]
        company.close()
        told.append(self._failure(vendor.send_message(message)))
        told += [self._failure(check) for check in self._checks(company, vendor)]
        with pytest.raises(WebhookRejected) as rejected:
            self.bound({}).verify(webhook)
        told += [str(rejected.value), repr(rejected.value)]
        everything = "\n".join([*told, caplog.text])
        for secret in self.secrets(company):
            assert secret and secret not in everything
        assert message.text not in caplog.text
        assert self.contact_number not in caplog.text
        assert self.contact_number[1:] not in caplog.text

    def _checks(
        self, company: Company, vendor: ServiceVendor
    ) -> tuple[Coroutine[Any, Any, object], ...]:
        return (
            vendor.check_connection(),
            vendor.update_config({}, company.config, NOTHING_DECIDED),
        )

    def _failure(self, coroutine: Coroutine[Any, Any, object]) -> str:
        """All that the error says which must come of this."""
        with pytest.raises(VendorError) as raised:
            self.run(coroutine)
        error = raised.value
        return f"{error!s} {error!r} {getattr(error, 'field_errors', '')} {error.__cause__!r}"
