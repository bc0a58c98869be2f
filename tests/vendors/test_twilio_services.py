"""Messaging services at Twilio: opened, filled, emptied, closed, and pointed at us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from service_vendors.exceptions import (
    ConfigurationRejected,
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.vendors import loop
from service_vendors.vendors.twilio import errors, services
from service_vendors.vendors.twilio.vendor import Twilio
from tests.simulators.disturbances import Handler, hang_up, refusing, saying
from tests.simulators.twilio import mishaps
from tests.simulators.twilio.company import Refusal
from tests.vendors.twilio_account import PUBLIC_ADDRESS, AtTwilio, at_twilio
from tests.vendors.twilio_collecting import every

OURS = f"{PUBLIC_ADDRESS}/twilio/7"
REPORTS = f"{PUBLIC_ADDRESS}/twilio-message-report/7"
NO_SUCH = "MG" + "f" * 32


@pytest.fixture
def there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[AtTwilio]:
    """An account at Twilio with two numbers in a messaging service, and little patience."""
    settings.VENDOR_READ_SECONDS = 0.5
    monkeypatch.setattr(services, "FIRST_PAUSE_SECONDS", 0.01)
    with at_twilio() as there:
        yield there


@pytest.fixture
def vendor(there: AtTwilio) -> Twilio:
    """The vendor of an organization that set everything itself."""
    account = there.vendor().account
    return Twilio(replace(account, own_fields=frozenset(account.config)))


@pytest.fixture
def own(there: AtTwilio) -> str:
    """The account's own messaging service, with two numbers."""
    return there.config["message_service_sid"]


def inside(there: AtTwilio, sid: str) -> list[str]:
    """The ids of the numbers in a messaging service, in truth."""
    return list(there.company.services[sid]["numbers"])


def more_numbers(there: AtTwilio, count: int) -> list[str]:
    """New numbers of the account that are in no service."""
    sids = [there.company.new_sid("PN") for _ in range(count)]
    for index, sid in enumerate(sids):
        there.company.numbers[sid] = {"sid": sid, "phone_number": f"+1216777{index:04}"}
    return sids


# -- opening -------------------------------------------------------------------------------------


def test_a_new_messaging_service_calls_us_with_texts_and_reports(
    there: AtTwilio, vendor: Twilio
) -> None:
    """Spoke: services of their own are never created for campaigns (V:55)."""
    sid = loop.run(vendor.create_messaging_service("Campaign 7"))
    made = there.company.services[sid]
    assert made["friendly_name"] == "Campaign 7"
    assert (made["inbound_request_url"], made["inbound_method"]) == (OURS, "POST")
    assert made["status_callback"] == REPORTS
    assert made["use_inbound_webhook_on_number"] is False


@pytest.mark.parametrize("smart", [True, False])
def test_a_new_messaging_service_encodes_as_we_count(
    there: AtTwilio, vendor: Twilio, settings: Any, smart: bool
) -> None:
    settings.TWILIO_SMART_ENCODED = smart
    sid = loop.run(vendor.create_messaging_service("Campaign 7"))
    assert there.company.services[sid]["smart_encoding"] is smart


def test_a_long_name_is_cut_to_what_twilio_takes(there: AtTwilio, vendor: Twilio) -> None:
    sid = loop.run(vendor.create_messaging_service("A campaign " * 20))
    assert len(there.company.services[sid]["friendly_name"]) == services.LONGEST_NAME


def test_without_a_public_address_nothing_is_opened(there: AtTwilio, vendor: Twilio) -> None:
    nowhere = Twilio(replace(vendor.account, callback_base=""))
    with pytest.raises(VendorNotConfigured, match="BASE_URL"):
        loop.run(nowhere.create_messaging_service("Campaign 7"))
    assert there.company.requests == []


@pytest.mark.parametrize("how", mishaps.LOST)
def test_a_service_whose_creation_got_no_answer_is_found(
    there: AtTwilio, vendor: Twilio, how: str
) -> None:
    loop.run(vendor.create_messaging_service("Another"))
    there.company.disturbance = mishaps.at(
        "POST", "/v1/Services", mishaps.done_and(mishaps.LOST[how]), times=1
    )
    sid = loop.run(vendor.create_messaging_service("Campaign 7"))
    assert there.company.services[sid]["friendly_name"] == "Campaign 7"
    assert len(there.company.services) == 3


def test_a_service_that_cannot_be_found_either_is_uncertain(
    there: AtTwilio, vendor: Twilio
) -> None:
    there.company.disturbance = mishaps.at("POST", "/v1/Services", hang_up)
    with pytest.raises(SendUncertain):
        loop.run(vendor.create_messaging_service("Campaign 7"))
    there.company.disturbance = saying("?")
    with pytest.raises(SendUncertain):
        loop.run(vendor.create_messaging_service("Campaign 7"))


def test_a_service_of_the_same_name_that_is_in_use_is_not_taken_for_the_lost_one(
    there: AtTwilio, vendor: Twilio
) -> None:
    sid = loop.run(vendor.create_messaging_service("Campaign 7"))
    loop.run(vendor.add_numbers_to_messaging_service(sid, more_numbers(there, 1)))
    there.company.disturbance = mishaps.at("POST", "/v1/Services", hang_up, times=1)
    with pytest.raises(SendUncertain):
        loop.run(vendor.create_messaging_service("Campaign 7"))


# -- filling -------------------------------------------------------------------------------------


def test_numbers_join_in_order_and_doing_it_again_changes_nothing(
    there: AtTwilio, vendor: Twilio
) -> None:
    """Spoke: adding numbers fails on a name that does not exist (T:746)."""
    sid = loop.run(vendor.create_messaging_service("Campaign 7"))
    new = more_numbers(there, 3)
    for _ in range(2):
        loop.run(vendor.add_numbers_to_messaging_service(sid, [*new, new[0]]))
        assert inside(there, sid) == new


def test_numbers_move_over_from_the_accounts_own_service_and_from_no_other(
    there: AtTwilio, vendor: Twilio, own: str
) -> None:
    first, second = inside(there, own)
    campaign = loop.run(vendor.create_messaging_service("Campaign 7"))
    loop.run(vendor.add_numbers_to_messaging_service(campaign, [first]))
    assert (inside(there, own), inside(there, campaign)) == ([second], [first])
    other = loop.run(vendor.create_messaging_service("Campaign 8"))
    for account in (vendor, there.vendor(message_service_sid="")):
        with pytest.raises(PermanentVendorError, match="another messaging service"):
            loop.run(account.add_numbers_to_messaging_service(other, [first]))
    assert inside(there, campaign) == [first]


def test_a_move_that_broke_off_is_completed_by_doing_it_again(
    there: AtTwilio, vendor: Twilio, own: str
) -> None:
    first, second = inside(there, own)
    campaign = loop.run(vendor.create_messaging_service("Campaign 7"))
    left = False

    async def fail_after_leaving(request: Any) -> Any:
        if left:
            raise Refusal(403, 20403)
        return await mishaps.as_usual(request)

    async def leave(request: Any) -> Any:
        nonlocal left
        left = True
        return await mishaps.as_usual(request)

    async def both(request: Any) -> Any:
        return await (leave if request.method == "DELETE" else fail_after_leaving)(request)

    there.company.disturbance = both
    with pytest.raises(VendorNotConfigured):
        loop.run(vendor.add_numbers_to_messaging_service(campaign, [first, second]))
    there.company.disturbance = None
    loop.run(vendor.add_numbers_to_messaging_service(campaign, [first, second]))
    assert inside(there, campaign) == [first, second]


def test_more_than_400_numbers_are_refused_before_anything_changes(
    there: AtTwilio, vendor: Twilio, own: str
) -> None:
    before = inside(there, own)
    new = more_numbers(there, 399)
    with pytest.raises(PermanentVendorError, match="400") as raised:
        loop.run(vendor.add_numbers_to_messaging_service(own, new))
    assert raised.value.code == errors.POOL_FULL
    assert inside(there, own) == before
    there.company.services[own]["numbers"] += new[:398]
    loop.run(vendor.add_numbers_to_messaging_service(own, [*before, *new[:398]]))
    assert len(inside(there, own)) == services.MOST_NUMBERS


@pytest.mark.parametrize("sid", [NO_SUCH, "", "MG/../../v1", "PN" + "a" * 32])
def test_a_service_that_is_not_there_is_said_to_be_missing(
    there: AtTwilio, vendor: Twilio, sid: str
) -> None:
    with pytest.raises(PermanentVendorError, match="no such messaging service"):
        loop.run(vendor.add_numbers_to_messaging_service(sid, more_numbers(there, 1)))


# -- emptying and closing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mishap",
    [
        *(mishaps.LOST[how] for how in ("silent", "hangs up", "breaks", "mumbles")),
        refusing(Refusal(429, 20429, retry_after=0)),
    ],
)
def test_a_service_is_emptied_with_as_many_tries_as_it_takes(
    there: AtTwilio, vendor: Twilio, own: str, mishap: Handler
) -> None:
    """Spoke: the function that empties a service is called by nobody's name (T:752)."""
    path = r"/PhoneNumbers/PN\w+"
    for handler, times in ((mishap, 1), (mishaps.done_and(mishap), 1)):
        there.company.services[own]["numbers"] = more_numbers(there, 3)
        there.company.disturbance = mishaps.at("DELETE", path, handler, times=times)
        loop.run(vendor.clear_messaging_service_phones(own))
        assert inside(there, own) == []
    loop.run(vendor.clear_messaging_service_phones(own))
    loop.run(vendor.clear_messaging_service_phones(NO_SUCH))


def test_a_twilio_that_never_recovers_is_given_up_after_some_tries(
    there: AtTwilio, vendor: Twilio, own: str
) -> None:
    there.company.disturbance = mishaps.at("DELETE", r"/PN\w+", refusing(Refusal(503, 20503)))
    with pytest.raises(TransientVendorError):
        loop.run(vendor.clear_messaging_service_phones(own))
    assert sum(one.method == "DELETE" for one in there.company.requests) == services.TRIES


def test_a_twilio_that_asks_for_a_long_pause_is_left_alone(
    there: AtTwilio, vendor: Twilio, own: str
) -> None:
    there.company.disturbance = mishaps.at(
        "DELETE", r"/PN\w+", refusing(Refusal(429, 20429, retry_after=600))
    )
    with pytest.raises(TransientVendorError) as raised:
        loop.run(vendor.clear_messaging_service_phones(own))
    assert raised.value.retry_after_seconds == 600
    assert sum(one.method == "DELETE" for one in there.company.requests) == 1


def test_a_closed_service_leaves_its_numbers_to_the_account(
    there: AtTwilio, vendor: Twilio, own: str
) -> None:
    loop.run(vendor.delete_messaging_service(own))
    assert own not in there.company.services and len(there.company.numbers) == 2
    loop.run(vendor.delete_messaging_service(own))
    before = len(there.company.requests)
    loop.run(vendor.delete_messaging_service("../Services"))
    assert len(there.company.requests) == before


# -- listing -------------------------------------------------------------------------------------


def test_every_service_is_listed_with_twilios_page_about_it(
    there: AtTwilio, vendor: Twilio, own: str
) -> None:
    for index in range(60):
        sid = there.company.new_sid("MG")
        there.company.services[sid] = {
            "sid": sid,
            "account_sid": there.company.account_sid,
            "friendly_name": f"Campaign {index}" if index else "",
            "numbers": [],
        }
    found = every(vendor.list_messaging_services())
    assert [one.messageservice_sid for one in found] == list(there.company.services)
    assert found[0].name == "Everyone" and found[0].link == services.CONSOLE + own
    assert found[1].name == found[1].messageservice_sid, "a service without a name has its SID"


def test_messages_go_through_the_accounts_own_service(vendor: Twilio, own: str) -> None:
    assert vendor.get_message_service_sid("+12125550142", "Hello") == own


# -- where Twilio calls --------------------------------------------------------------------------


def test_one_click_points_the_messaging_service_here(
    there: AtTwilio, vendor: Twilio, own: str
) -> None:
    service = there.company.services[own]
    service["inbound_request_url"] = "https://elsewhere.example/twilio"
    service["use_inbound_webhook_on_number"] = False
    texts, reports = loop.run(vendor.webhook_targets())
    assert (texts.url, texts.points_here) == ("https://elsewhere.example/twilio", False)
    assert (reports.url, reports.points_here) == ("", False)
    loop.run(vendor.point_webhooks_here())
    texts, reports = loop.run(vendor.webhook_targets())
    assert (texts.url, texts.points_here) == (OURS, True)
    assert (reports.url, reports.points_here) == (REPORTS, True)
    assert service["friendly_name"] == "Everyone", "nothing else of the service changes"


def test_a_service_that_leaves_calls_to_its_numbers_does_not_point_here(
    there: AtTwilio, vendor: Twilio, own: str
) -> None:
    """Whatever address is written in it: Twilio does not use it."""
    there.company.services[own].update(
        inbound_request_url=OURS, status_callback=REPORTS, use_inbound_webhook_on_number=True
    )
    texts, reports = loop.run(vendor.webhook_targets())
    assert not texts.points_here and reports.points_here
    loop.run(vendor.point_webhooks_here())
    assert all(one.points_here for one in loop.run(vendor.webhook_targets()))


@pytest.mark.parametrize("own_fields", [{"account_sid", "auth_token"}, set()])
def test_the_installations_messaging_service_calls_for_every_organization(
    there: AtTwilio, vendor: Twilio, own: str, own_fields: set[str]
) -> None:
    """Spoke: what is said to one organization's address is taken for another's (T:361)."""
    everybodys = Twilio(replace(vendor.account, own_fields=frozenset(own_fields)))
    assert everybodys.shares_webhooks() and not vendor.shares_webhooks()
    loop.run(everybodys.point_webhooks_here())
    assert there.company.services[own]["inbound_request_url"] == f"{PUBLIC_ADDRESS}/twilio"
    assert all(one.points_here for one in loop.run(everybodys.webhook_targets()))
    shared = replace(vendor.account, own_fields=frozenset({"message_service_sid"}))
    assert not Twilio(shared).shares_webhooks(), "a service of its own in a shared account"
    the_installations = Twilio(replace(vendor.account, organization_id=None))
    assert not the_installations.shares_webhooks()
    assert all(one.points_here for one in loop.run(the_installations.webhook_targets()))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"message_service_sid": ""}, "No messaging service is set"),
        ({"message_service_sid": NO_SUCH}, "no such messaging service"),
        ({"message_service_sid": "MG/../Services"}, "no such messaging service"),
        ({"auth_token": "wrong", "api_key_sid": "", "api_key_secret": ""}, "credentials"),
        ({"auth_token": "", "api_key_sid": "", "api_key_secret": ""}, "Account SID"),
    ],
)
def test_what_keeps_webhooks_from_being_set_up_is_said(
    there: AtTwilio, changes: dict[str, str], words: str
) -> None:
    vendor = there.vendor(**changes)
    for use in (vendor.webhook_targets, vendor.point_webhooks_here):
        with pytest.raises(ConfigurationRejected, match=words):
            loop.run(use())


def test_nothing_is_pointed_at_an_installation_without_an_address(
    there: AtTwilio, vendor: Twilio
) -> None:
    nowhere = Twilio(replace(vendor.account, callback_base=""))
    with pytest.raises(ConfigurationRejected, match="BASE_URL"):
        loop.run(nowhere.point_webhooks_here())
    assert there.company.requests == []
    assert not any(one.points_here for one in loop.run(nowhere.webhook_targets()))


@pytest.mark.parametrize("mishap", [saying("<html>"), refusing(Refusal(503, 1))])
def test_a_twilio_out_of_order_is_not_the_settings_fault(
    there: AtTwilio, vendor: Twilio, mishap: Handler
) -> None:
    there.company.disturbance = mishap
    for use in (vendor.webhook_targets, vendor.point_webhooks_here):
        with pytest.raises(TransientVendorError):
            loop.run(use())
