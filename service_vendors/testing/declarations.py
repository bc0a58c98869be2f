"""What a vendor says of itself is whole and true."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.utils.module_loading import import_string

from service_vendors.managers import registry as managers
from service_vendors.testing.setting import ContractSetting
from service_vendors.types import Feature, WebhookKind
from service_vendors.web.vendor_forms import VendorConfigForm

SLUG = r"[a-z][a-z0-9_]*"


class Declarations(ContractSetting):
    """Names, settings, webhooks, codes and prices."""

    def test_it_has_a_name_and_a_title(self) -> None:
        cls = self.vendor_class
        assert re.fullmatch(SLUG, cls.name)
        assert cls.title.strip()
        assert cls.max_text_characters > 0
        assert not cls.documentation_url or re.match(r"https?://", cls.documentation_url)

    def test_its_metadata_say_the_same(self) -> None:
        cls = self.vendor_class
        metadata = cls.get_metadata()
        assert (metadata.name, metadata.title) == (cls.name, cls.title)
        assert metadata.features == cls.supports
        assert metadata.supports_org_config == cls.supports_org_config()

    def test_it_supports_features_that_there_are(self) -> None:
        assert self.vendor_class.supports <= frozenset(Feature)

    def test_the_service_managers_it_needs_are_there(self) -> None:
        needed = self.vendor_class.needs_managers
        assert len(set(needed)) == len(needed)
        assert all(managers.find(name) for name in needed)

    def test_its_settings_are_declared_once_each(self) -> None:
        fields = self.vendor_class.config_fields
        assert fields, "a vendor needs to know whose account it speaks for"
        assert len({field.name for field in fields}) == len(fields)
        assert len({field.env for field in fields}) == len(fields)
        for field in fields:
            assert re.fullmatch(SLUG, field.name)
            assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", field.env)
            assert field.title.strip()
            assert not (field.secret and field.default), f"everyone would know {field.name}"
            if re.search(r"(key|secret|token|password)$", field.name):
                assert field.secret, f"{field.name} sounds like a secret"
        assert any(field.secret for field in fields), "without a secret nothing can be proven"

    def test_its_form_asks_for_its_settings_and_nothing_else(self) -> None:
        form: Any = import_string(self.vendor_class.config_form)
        assert issubclass(form, forms.ModelForm)
        assert form._meta.model.__name__ == "VendorConfig"
        assert form.vendor_class is self.vendor_class
        shared = set[str]().union(
            *(getattr(base, "base_fields", {}) for base in form.__mro__ if base is not form)
        )
        asked = {name: field for name, field in form.base_fields.items() if name not in shared}
        declared = {field.name: field for field in self.vendor_class.config_fields}
        if issubclass(form, VendorConfigForm):  # it adds what is not declared
            assert asked.keys() <= declared.keys()
        else:
            assert asked.keys() == declared.keys()
        for name, setting in declared.items():
            asks = asked.get(name)
            assert setting.help or (asks and asks.help_text), f"say where {name} is found"
            if asks and setting.secret:
                assert asks.widget.format_value("a secret") is None, f"{name} would be shown"

    def test_its_webhooks_have_addresses_of_their_own(self) -> None:
        webhooks = self.vendor_class.webhooks
        addresses = [webhook.address for webhook in webhooks]
        assert addresses and len(set(addresses)) == len(addresses)
        for webhook in webhooks:
            assert re.fullmatch(r"[a-z0-9_-]+", webhook.address)
            assert webhook.methods and set(webhook.methods) <= {"GET", "POST"}
            assert webhook.help.strip()
        kinds = {webhook.kind for webhook in webhooks}
        assert WebhookKind.ANY in kinds or {WebhookKind.MESSAGES, WebhookKind.REPORTS} <= kinds

    def test_a_known_error_code_is_explained(self) -> None:
        known = self.vendor_class.error_descriptions
        assert known, "say at least what the most frequent codes mean"
        for code, words in known.items():
            description = self.vendor_class.error_description(code)
            assert (description.code, description.description) == (code, words)
            assert words.strip().endswith("."), f"{code} wants a sentence"
            assert not description.link or re.match(r"https?://", description.link)

    @pytest.mark.parametrize("code", [-1, 0, 999_999_999])
    def test_an_unknown_error_code_gets_a_sentence_too(self, code: int) -> None:
        description = self.vendor_class.error_description(code)
        assert description.code == code
        assert str(code) in description.description

    def test_its_prices_say_what_when_and_where(self) -> None:
        prices = self.vendor_class.cost_data("+12125550100")
        assert re.fullmatch(r"[A-Z]{3}", prices.currency)
        assert prices.sms_segment >= Decimal(0)
        assert re.match(r"https?://", prices.source)
        assert date(2026, 1, 1) <= prices.checked_on <= date.today()  # noqa: DTZ011 - a day
        for feature, price in ((Feature.MMS, prices.mms_message), (Feature.LOOKUP, prices.lookup)):
            if feature in self.vendor_class.supports:
                assert price is not None and price >= Decimal(0)
