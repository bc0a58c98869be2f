"""Auto-configure makes an account ready from nothing, step by step, and nothing of it twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from service_vendors.exceptions import (
    ConfigurationRejected,
    SendUncertain,
    TransientVendorError,
)
from service_vendors.types import ServiceManagerData, SetupStep
from service_vendors.vendors import loop
from service_vendors.vendors.bandwidth import setup
from service_vendors.vendors.bandwidth.vendor import Bandwidth
from tests.simulators.bandwidth import callbacks
from tests.simulators.bandwidth.company import ACT, Refusal
from tests.simulators.disturbances import hang_up, refusing
from tests.vendors.bandwidth_account import (
    CONTACT,
    PUBLIC_ADDRESS,
    AtBandwidth,
    a_message,
    at_bandwidth,
    dies_at,
    every,
)

ONCE = {"sites": 1, "locations": 1, "applications": 1, "orders": 0, "numbers": 0}
DECIDED = ServiceManagerData(managers=frozenset(Bandwidth.needs_managers))
ADDRESS = f"{PUBLIC_ADDRESS}/bandwidth/7"


@pytest.fixture
def there(settings: Any) -> Iterator[AtBandwidth]:
    """An account of today."""
    settings.VENDOR_READ_SECONDS = 2.0
    with at_bandwidth(new=True) as there:
        yield there


async def go_through(there: AtBandwidth, saved: dict[str, str]) -> None:
    """Auto-configure, saving what each step learned before the next one begins."""
    async for step in there.vendor(**saved).auto_configure():
        saved.update(step.config)


def refuse(there: AtBandwidth, method: str, ending: str, answer: Any) -> None:
    """Answer one kind of request like this, and all others as on a good day."""

    async def disturb(request: web.Request) -> web.StreamResponse:
        if request.method == method and request.path.endswith(ending):
            told: web.StreamResponse = await answer(request)
            return told
        good: web.StreamResponse = await request[ACT](request)
        return good

    there.company.disturbance = disturb


def is_ready(there: AtBandwidth, saved: dict[str, str]) -> None:
    """Whether an account can be texted from, judged from the company's side."""
    (application,) = there.company.applications.values()
    (peer,) = there.company.peers.values()
    assert there.company.made() == ONCE
    assert peer["application"] == saved["application_id"]
    assert (peer["sms"], peer["mms"]) != (None, None)
    for direction in ("Inbound", "Outbound"):
        assert application[f"{direction}CallbackUrl"] == ADDRESS
        assert application[f"{direction}CallbackCreds"] == {
            "UserId": saved["callback_user"],
            "Password": saved["callback_password"],
        }


def test_an_empty_account_becomes_ready_and_texts(there: AtBandwidth) -> None:
    bare = there.vendor()
    assert not bare.fully_configured(DECIDED)
    steps = every(bare.auto_configure())
    assert [step.title for step in steps if step.done] == list(setup.STEPS)
    assert {step.total for step in steps} == {len(setup.STEPS)}
    saved = {name: value for step in steps for name, value in step.config.items()}
    is_ready(there, saved)
    ready = there.vendor(**saved)
    assert ready.fully_configured(DECIDED)
    assert not ready.fully_configured(ServiceManagerData())
    (bought,) = every(ready.buy_numbers_in_area_code("212", 1, "first"))
    message = a_message(user_number=bought.phone_number)
    receipt = loop.run(ready.send_message(message))
    assert there.company.messages[0]["to"] == [CONTACT]
    report = callbacks.filled(
        callbacks.DELIVERED, {"id": receipt.service_id, "tag": message.reference}
    )
    call = callbacks.call([report], saved["callback_user"], saved["callback_password"])
    ready.verify(call)
    assert [one.reference for one in ready.handle_incoming(call)] == [message.reference]


def test_what_it_makes_is_recognized_in_bandwidths_dashboard(there: AtBandwidth) -> None:
    saved: dict[str, str] = {}
    loop.run(go_through(there, saved))
    (site,), (peer,) = there.company.sites.values(), there.company.peers.values()
    assert site["Name"] == peer["name"] and len(site["Name"]) <= 10
    assert ADDRESS in site["Description"]
    assert peer["default"]
    assert site["Address"]["Country"] == "US"
    other = Bandwidth(there.vendor().account.__class__("bandwidth", 8, {}, PUBLIC_ADDRESS))
    assert setup._name(other.account) != site["Name"]


@pytest.mark.parametrize("acted", [True, False], ids=["acted", "did not act"])
def test_killed_at_every_request_it_makes_nothing_twice(there: AtBandwidth, acted: bool) -> None:
    """Spoke: a retry makes more sub-accounts (BS:264), each save an application (BS:141)."""
    for nth in range(1, 50):
        for kept in (there.company.sites, there.company.peers, there.company.applications):
            kept.clear()
        saved: dict[str, str] = {}
        if not dies_at(there, nth, lambda: go_through(there, saved), acted=acted):  # noqa: B023
            assert nth > len(setup.STEPS)
            break
        loop.run(go_through(there, saved))
        is_ready(there, saved)
    else:
        raise AssertionError("It never comes to an end.")


@pytest.mark.parametrize("told", range(2 * len(setup.STEPS)))
def test_killed_before_a_step_was_saved_it_makes_nothing_twice(
    there: AtBandwidth, told: int
) -> None:
    saved: dict[str, str] = {}

    async def stop_short() -> None:
        steps = there.vendor().auto_configure()
        for _ in range(told):
            saved.update((await anext(steps)).config)
        await anext(steps)  # and dies with what this one told
        await steps.aclose()  # type: ignore[attr-defined]  # it is a generator

    loop.run(stop_short())
    loop.run(go_through(there, saved))
    is_ready(there, saved)


@pytest.mark.parametrize(
    ("method", "ending"),
    [
        ("POST", "/sites"),
        ("POST", "/sippeers"),
        ("POST", "/sms"),
        ("POST", "/mms"),
        ("POST", "/applications"),
    ],
)
def test_a_lost_answer_is_doubt_that_the_next_try_settles(
    there: AtBandwidth, method: str, ending: str
) -> None:
    async def act_and_hang_up(request: web.Request) -> web.StreamResponse:
        await request[ACT](request)
        return await hang_up(request)

    refuse(there, method, ending, act_and_hang_up)
    saved: dict[str, str] = {}
    with pytest.raises(SendUncertain):
        loop.run(go_through(there, saved))
    there.company.disturbance = None
    loop.run(go_through(there, saved))
    is_ready(there, saved)


def test_what_is_there_is_left_alone(there: AtBandwidth) -> None:
    saved: dict[str, str] = {}
    loop.run(go_through(there, saved))
    before = dict(saved)
    there.company.requests.clear()
    loop.run(go_through(there, saved))
    assert saved == before
    # Our application is told once more whom to call, and what to show.
    assert {one.method for one in there.company.requests} == {"GET", "PATCH"}
    is_ready(there, saved)


def test_an_application_of_an_earlier_try_shows_the_password_of_this_one(
    there: AtBandwidth,
) -> None:
    """What the earlier try had made up was lost with it."""
    loop.run(go_through(there, {}))
    saved: dict[str, str] = {}
    loop.run(go_through(there, saved))
    is_ready(there, saved)


def test_pasted_ids_are_used_and_not_made_again(settings: Any) -> None:
    with at_bandwidth() as there:
        before = there.company.made()
        steps = every(there.vendor(callback_user="", callback_password="").auto_configure())
        assert there.company.made() == before
        learned = {name for step in steps for name in step.config}
        assert learned == {"callback_user", "callback_password"}
        (application,) = there.company.applications.values()
        assert application["InboundCallbackUrl"] == ADDRESS


def test_a_location_in_a_sub_account_that_has_a_default_one_is_no_default(settings: Any) -> None:
    with at_bandwidth() as there:
        every(there.vendor(sip_peer_id="", application_id="").auto_configure())
        assert [peer["default"] for peer in there.company.peers.values()] == [True, False]


# -- failures -------------------------------------------------------------------------------------

STEPS_AND_THEIR_REQUESTS = [
    (setup.SUB_ACCOUNT, "POST", "/sites"),
    (setup.LOCATION, "POST", "/sippeers"),
    (setup.TEXTS, "POST", "/sms"),
    (setup.PICTURES, "POST", "/mms"),
    (setup.APPLICATION, "POST", "/applications"),
    (setup.ASSOCIATION, "PUT", "/applicationSettings"),
]


@pytest.mark.parametrize(("title", "method", "ending"), STEPS_AND_THEIR_REQUESTS)
def test_a_refusal_says_which_step_it_was_and_what_bandwidth_answered(
    there: AtBandwidth, title: str, method: str, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Spoke: raw errors are shown (BS:155), and the config is logged (BS:20)."""
    caplog.set_level(logging.DEBUG)
    words = f"Not with {there.company.client_secret} of +12125550199, nor on a Tuesday."
    refuse(there, method, ending, refusing(Refusal(400, 13999, words)))
    saved: dict[str, str] = {}
    with pytest.raises(ConfigurationRejected) as raised:
        loop.run(go_through(there, saved))
    told = str(raised.value)
    assert told.startswith(f"{title}: ") and "nor on a Tuesday" in told and "13999" in told
    everything = f"{told} {raised.value.__cause__!r} {caplog.text}"
    for secret in (there.company.client_secret, saved.get("callback_password", "?"), "5550199"):
        assert secret not in everything
    there.company.disturbance = None
    loop.run(go_through(there, saved))
    is_ready(there, saved)


@pytest.mark.parametrize(("title", "method", "ending"), STEPS_AND_THEIR_REQUESTS)
def test_what_may_pass_says_which_step_it_was(
    there: AtBandwidth, title: str, method: str, ending: str
) -> None:
    refuse(there, method, ending, refusing(Refusal(429, retry_after=9)))
    with pytest.raises(TransientVendorError, match=f"^{title}: ") as raised:
        loop.run(go_through(there, {}))
    assert raised.value.retry_after_seconds == 9


def test_the_words_for_known_refusals_say_what_to_do(there: AtBandwidth) -> None:
    refuse(there, "POST", "/sms", refusing(Refusal(400, 13609, "Can't create.")))
    with pytest.raises(ConfigurationRejected, match="Ask Bandwidth to switch it on"):
        loop.run(go_through(there, {}))


def test_an_address_is_wanted_only_for_a_new_sub_account(there: AtBandwidth) -> None:
    with pytest.raises(ConfigurationRejected) as raised:
        every(there.vendor(city="", zip=" ").auto_configure())
    assert list(raised.value.field_errors) == ["city", "zip"]
    assert "City, ZIP code" in str(raised.value)
    assert there.company.made() == {**ONCE, "sites": 0, "locations": 0, "applications": 0}


def test_what_is_wrong_with_an_address_is_told(there: AtBandwidth) -> None:
    with pytest.raises(ConfigurationRejected, match='City : "WASHINGTUN" Valid value'):
        every(there.vendor(city="WASHINGTUN").auto_configure())


@pytest.mark.parametrize(
    ("field", "title"),
    [
        ("site_id", setup.SUB_ACCOUNT),
        ("sip_peer_id", setup.LOCATION),
        ("application_id", setup.APPLICATION),
    ],
)
def test_a_pasted_id_that_is_nobodys_is_told_at_its_field(
    settings: Any, field: str, title: str
) -> None:
    with at_bandwidth() as there:
        before = there.company.made()
        with pytest.raises(ConfigurationRejected, match=f"^{title}: ") as raised:
            every(there.vendor(**{field: "999"}).auto_configure())
        assert list(raised.value.field_errors) == [field]
        assert there.company.made() == before


def test_a_location_that_speaks_smpp_is_not_changed(settings: Any) -> None:
    with at_bandwidth() as there:
        (peer,) = there.company.peers.values()
        peer["sms"] = {"SipPeerSmsFeatureSettings": {"Protocol": "SMPP"}}
        with pytest.raises(ConfigurationRejected, match="SMPP") as raised:
            every(there.vendor().auto_configure())
        assert list(raised.value.field_errors) == ["sip_peer_id"]


def test_without_a_public_address_nothing_is_made(there: AtBandwidth) -> None:
    account = there.vendor().account
    with pytest.raises(ConfigurationRejected, match="BASE_URL"):
        every(Bandwidth(account.__class__("bandwidth", 7, account.config)).auto_configure())
    assert there.company.requests == []


# -- the credentials that Bandwidth shows ---------------------------------------------------------


def test_each_organization_gets_credentials_of_its_own_that_nobody_can_derive(
    there: AtBandwidth,
) -> None:
    """Spoke: derived from a secret that may be empty (BS:48)."""
    made = [loop.run(setup._credentials(there.vendor().account)) for _ in range(2)]
    assert made[0]["callback_password"] != made[1]["callback_password"]
    assert len(made[0]["callback_password"]) >= 43


def test_an_application_of_ones_own_does_not_show_the_installations_password(
    there: AtBandwidth,
) -> None:
    shared = {"callback_user": "shared", "callback_password": "of-the-whole-installation"}
    account = there.vendor(**shared).account
    inherited = Bandwidth(
        account.__class__("bandwidth", 7, account.config, PUBLIC_ADDRESS, own_fields=frozenset())
    )
    steps = every(inherited.auto_configure())
    learned = {name: value for step in steps for name, value in step.config.items()}
    assert learned["callback_password"] != shared["callback_password"]
    (application,) = there.company.applications.values()
    assert application["InboundCallbackCreds"]["Password"] == learned["callback_password"]


def test_an_application_that_is_shared_is_not_pointed_at_one_organization(settings: Any) -> None:
    with at_bandwidth() as there:
        account = there.vendor().account
        inherited = Bandwidth(
            account.__class__(
                "bandwidth", 7, account.config, PUBLIC_ADDRESS, own_fields=frozenset()
            )
        )
        every(inherited.auto_configure())
        assert there.company.asked("PATCH", "") == []


def test_a_step_never_shows_what_it_learned() -> None:
    step = SetupStep("Callback user and password", config={"callback_password": "secret"})
    assert "secret" not in repr(step)
