"""What a vendor declares it can do, it does; what it does not declare, it refuses loudly."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from service_vendors.exceptions import (
    PermanentVendorError,
    UnsupportedFeature,
    VendorNotConfigured,
)
from service_vendors.testing.company import Company
from service_vendors.testing.setting import ContractSetting
from service_vendors.types import Feature, LookupStatus, PurchasedNumber
from service_vendors.vendors.base import ServiceVendor

GONE = "there-is-no-such-thing"


class Features(ContractSetting):
    """Numbers, messaging services, lookups and the handset."""

    @pytest.mark.parametrize(
        "feature", [one for one in Feature if one not in {Feature.MMS, Feature.FIND_MESSAGE}]
    )
    def test_a_feature_it_does_not_declare_is_refused(
        self, vendor: ServiceVendor, feature: Feature
    ) -> None:
        methods = self._methods(vendor)[feature]
        for method, use in methods.items():
            if feature in self.vendor_class.supports:
                own = getattr(self.vendor_class, method)
                assert own is not getattr(ServiceVendor, method), f"declared, and no {method}"
            else:
                with pytest.raises(UnsupportedFeature):
                    use()

    def test_numbers_for_sale_are_real_distinct_and_of_the_area(
        self, vendor: ServiceVendor
    ) -> None:
        if Feature.NUMBERS not in self.vendor_class.supports:
            return  # the test above saw it refused
        found = [one.phone_number for one in self.every(vendor.search_numbers(self.area_code, 5))]
        assert 1 <= len(found) <= 5 and len(set(found)) == len(found)
        assert all(re.fullmatch(rf"\+1{self.area_code}\d{{7}}", one) for one in found)

    def test_a_bought_number_is_listed_until_it_is_released(self, vendor: ServiceVendor) -> None:
        if Feature.NUMBERS not in self.vendor_class.supports:
            return
        bought = self.every(vendor.buy_numbers_in_area_code(self.area_code, 3, "order-1"))
        assert len({one.phone_number for one in bought}) == 3
        assert len({one.service_id for one in bought}) == 3
        assert {one.reference for one in bought} == {"order-1"}
        assert self._owned(vendor) >= {(one.phone_number, one.service_id) for one in bought}
        assert self._bought_under(vendor, "order-1") == {
            (one.phone_number, one.service_id, "order-1") for one in bought
        }
        assert self._bought_under(vendor, "order-of-nobody") == set()
        listed = {
            one.phone_number: one.reference for one in self.every(vendor.list_owned_numbers())
        }
        assert {listed[one.phone_number] for one in bought} <= {"order-1", ""}
        for_sale = {
            one.phone_number for one in self.every(vendor.search_numbers(self.area_code, 50))
        }
        assert not for_sale & {one.phone_number for one in bought}
        for one in bought:
            self.run(vendor.release_number(one.service_id))
        assert self._bought_under(vendor, "order-1") == set()
        assert not self._owned(vendor) & {(one.phone_number, one.service_id) for one in bought}

    def test_buying_again_under_the_same_reference_goes_on_and_never_buys_twice(
        self, vendor: ServiceVendor
    ) -> None:
        if Feature.NUMBERS not in self.vendor_class.supports:
            return

        def buy(limit: int, reference: str) -> set[str]:
            bought = self.every(vendor.buy_numbers_in_area_code(self.area_code, limit, reference))
            return {one.phone_number for one in bought}

        first = buy(2, "job-1")
        assert len(first) == 2 and buy(2, "job-1") == first
        more = buy(3, "job-1")
        assert len(more) == 3 and more > first
        assert not buy(1, "job-2") & more
        assert len(self._owned(vendor)) >= 4

    def test_a_number_that_is_gone_counts_as_released(self, vendor: ServiceVendor) -> None:
        if Feature.NUMBERS not in self.vendor_class.supports:
            return
        (bought,) = self.every(vendor.buy_numbers_in_area_code(self.area_code, 1, "order-2"))
        self.run(vendor.release_number(bought.service_id))
        self.run(vendor.release_number(bought.service_id))
        self.run(vendor.release_number(GONE))

    def test_a_messaging_service_sends_from_its_own_numbers(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        if Feature.MESSAGING_SERVICES not in self.vendor_class.supports:
            return
        sid = self.run(vendor.create_messaging_service("Volunteers"))
        inside, outside = self._two_numbers(vendor)
        self.run(vendor.add_numbers_to_messaging_service(sid, [inside.service_id]))
        assert (sid, "Volunteers") in self._pools(vendor)
        # A company that picks no number itself is told one of the pool's.
        sender = self.user_number and inside.phone_number
        message = self.message(messageservice_sid=sid, user_number=sender)
        receipt = self.run(vendor.send_message(message))
        assert receipt.messageservice_sid == sid
        assert company.taken()[0].user_number == inside.phone_number != outside.phone_number
        self.run(vendor.clear_messaging_service_phones(sid))
        with pytest.raises((PermanentVendorError, VendorNotConfigured)):
            self.run(vendor.send_message(message))
        self.run(vendor.delete_messaging_service(sid))
        self.run(vendor.delete_messaging_service(sid))
        assert (sid, "Volunteers") not in self._pools(vendor)

    def test_the_company_can_be_told_to_call_us(self, vendor: ServiceVendor) -> None:
        if Feature.WEBHOOK_SETUP not in self.vendor_class.supports:
            return
        before = self.run(vendor.webhook_targets())
        ours = {vendor.account.callback(webhook.address) for webhook in vendor.webhooks}
        assert before and {target.expected for target in before} <= ours
        self.run(vendor.point_webhooks_here())
        after = self.run(vendor.webhook_targets())
        assert after and all(target.title and target.points_here for target in after)

    def test_an_account_is_set_up_step_by_step_and_nothing_is_made_twice(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        if Feature.AUTO_CONFIGURE not in self.vendor_class.supports:
            return
        steps = self.every(vendor.auto_configure())
        done = [step.title for step in steps if step.done]
        assert done and len(set(done)) == len(done)
        assert [step.title for step in steps if not step.done] == done
        learned = {name: value for step in steps for name, value in step.config.items()}
        assert learned.keys() <= {field.name for field in self.vendor_class.config_fields}
        again = self.bound({**company.config, **learned})
        assert not any(step.config for step in self.every(again.auto_configure()))

    def test_lookups_tell_landlines_from_phones_that_take_texts(
        self, vendor: ServiceVendor
    ) -> None:
        offered = {Feature.LOOKUP, Feature.FREE_LOOKUP} & self.vendor_class.supports
        if not offered:
            return
        expected = {LookupStatus.TEXTABLE, LookupStatus.LANDLINE}
        assert expected <= set(self.lookups.values()), "say which numbers the stand-in knows"
        for number, status in self.lookups.items():
            if Feature.LOOKUP in offered:
                nameless = self.run(vendor.get_contact_info(number, lookup_name=False))
                named = self.run(vendor.get_contact_info(number, lookup_name=True))
                assert {nameless.contact_number, named.contact_number} == {number}
                assert nameless.status is named.status is status
                assert not nameless.lookup_name
            if Feature.FREE_LOOKUP in offered:
                free = self.run(vendor.get_free_contact_info(number))
                told = self.free_lookups.get(number, status)
                assert (free.contact_number, free.status) == (number, told)

    def test_a_handset_shows_both_sides_of_the_conversation(
        self, company: Company, vendor: ServiceVendor
    ) -> None:
        if Feature.HANDSET not in self.vendor_class.supports:
            return
        self.run(vendor.send_message(self.message("question")))
        ours = company.taken()[0].user_number
        self.run(vendor.handset_reply(self.contact_number, ours, "answer"))
        shown = self.run(vendor.handset_messages(self.contact_number))
        assert [(one.text, one.outgoing) for one in shown] == [
            ("question", False),
            ("answer", True),
        ]
        assert {one.user_number for one in shown} == {ours}
        assert self.run(vendor.handset_messages("+12125550199")) == []

    def _owned(self, vendor: ServiceVendor) -> set[tuple[str, str]]:
        owned = self.every(vendor.list_owned_numbers())
        return {(one.phone_number, one.service_id) for one in owned}

    def _bought_under(self, vendor: ServiceVendor, reference: str) -> set[tuple[str, str, str]]:
        bought = self.every(vendor.list_bought_numbers(reference))
        return {(one.phone_number, one.service_id, one.reference) for one in bought}

    def _pools(self, vendor: ServiceVendor) -> set[tuple[str, str]]:
        listed = self.every(vendor.list_messaging_services())
        return {(one.messageservice_sid, one.name) for one in listed}

    def _two_numbers(self, vendor: ServiceVendor) -> list[PurchasedNumber]:
        return self.every(vendor.buy_numbers_in_area_code(self.area_code, 2, "order-3"))

    def _methods(self, vendor: ServiceVendor) -> dict[Feature, dict[str, Callable[[], Any]]]:
        """How each feature's methods are used."""
        run, every, number = self.run, self.every, self.contact_number
        return {
            Feature.NUMBERS: {
                "search_numbers": lambda: every(vendor.search_numbers("212", 1)),
                "buy_numbers_in_area_code": lambda: every(
                    vendor.buy_numbers_in_area_code("212", 1, "r")
                ),
                "release_number": lambda: run(vendor.release_number(GONE)),
                "list_owned_numbers": lambda: every(vendor.list_owned_numbers()),
            },
            Feature.MESSAGING_SERVICES: {
                "create_messaging_service": lambda: run(vendor.create_messaging_service("x")),
                "delete_messaging_service": lambda: run(vendor.delete_messaging_service(GONE)),
                "add_numbers_to_messaging_service": lambda: run(
                    vendor.add_numbers_to_messaging_service(GONE, [])
                ),
                "clear_messaging_service_phones": lambda: run(
                    vendor.clear_messaging_service_phones(GONE)
                ),
                "list_messaging_services": lambda: every(vendor.list_messaging_services()),
            },
            Feature.LOOKUP: {
                "get_contact_info": lambda: run(vendor.get_contact_info(number, lookup_name=True)),
            },
            Feature.FREE_LOOKUP: {
                "get_free_contact_info": lambda: run(vendor.get_free_contact_info(number)),
            },
            Feature.WEBHOOK_SETUP: {
                "webhook_targets": lambda: run(vendor.webhook_targets()),
                "point_webhooks_here": lambda: run(vendor.point_webhooks_here()),
            },
            Feature.AUTO_CONFIGURE: {
                "auto_configure": lambda: every(vendor.auto_configure()),
            },
            Feature.HANDSET: {
                "handset_messages": lambda: run(vendor.handset_messages(number)),
                "handset_reply": lambda: run(vendor.handset_reply(number, "+12125550100", "x")),
            },
        }
