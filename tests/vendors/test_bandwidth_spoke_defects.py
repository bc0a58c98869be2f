"""Every defect of Spoke's Bandwidth vendor, by file and line of Spoke 13.2.0, that is not one here.

B, BM and BS are its index, messaging and setup; BR its settings page; V what calls the vendors.
The closer tests of each are in the files beside this one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service_vendors.exceptions import (
    ConfigurationRejected,
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
    WebhookRejected,
)
from service_vendors.types import InboundMessage, ServiceManagerData
from service_vendors.vendors import loop
from service_vendors.vendors.bandwidth import orders, setup, webhooks
from service_vendors.vendors.bandwidth.vendor import Bandwidth
from service_vendors.vendors.base import HIDDEN
from tests.simulators.bandwidth import callbacks, messages
from tests.simulators.bandwidth.callbacks import DELIVERED, FAILED, RECEIVED, filled
from tests.simulators.bandwidth.company import Refusal
from tests.simulators.bandwidth.furnishing import NUMBERS
from tests.simulators.disturbances import refusing
from tests.vendors.bandwidth_account import CONTACT, AtBandwidth, a_message, at_bandwidth, every

NOTHING_DECIDED = ServiceManagerData()


@pytest.fixture
def there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[AtBandwidth]:
    """A furnished account, and little patience."""
    settings.VENDOR_READ_SECONDS = 0.5
    monkeypatch.setattr(orders, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(orders, "LONGEST_PAUSE_SECONDS", 0.002)
    with at_bandwidth() as there:
        yield there


@pytest.fixture
def new(settings: Any) -> Iterator[AtBandwidth]:
    """An account in which nothing is set up."""
    with at_bandwidth(new=True) as there:
        yield there


def heard(there: AtBandwidth, *events: Any) -> list[Any]:
    """What a proven call says."""
    user, password = there.config["callback_user"], there.config["callback_password"]
    call = callbacks.call(list(events), user, password)
    vendor = there.vendor()
    vendor.verify(call)
    return list(vendor.handle_incoming(call))


# -- crash and spoof ------------------------------------------------------------------------------


def test_an_array_with_null_in_it_ends_nothing(there: AtBandwidth) -> None:
    """B:92, B:95: an authenticated ``[null]`` is an uncaught exception, and the server exits."""
    with pytest.raises(ValueError, match="object"):
        heard(there, None)
    (said,) = heard(there, None, RECEIVED)
    assert isinstance(said, InboundMessage)


def test_neither_a_body_nor_a_tag_picks_the_tenant(there: AtBandwidth) -> None:
    """BM:258-283: the organization of the address is ignored; the tag names it."""
    (said,) = heard(there, filled(DELIVERED, {"tag": "8|12345"}))
    assert said.reference == ""
    call = callbacks.call([RECEIVED], "texting", "of another organization")
    with pytest.raises(WebhookRejected):
        there.vendor().verify(call)


def test_credentials_are_compared_in_constant_time(
    there: AtBandwidth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B:84: compared with an operator that stops at the first difference."""
    compared = []
    genuine = webhooks.hmac.compare_digest

    def note(one: Any, other: Any) -> bool:
        compared.append(one)
        return genuine(one, other)

    monkeypatch.setattr(webhooks.hmac, "compare_digest", note)
    heard(there, RECEIVED)
    assert compared == [b"texting", there.config["callback_password"].encode()]


def test_the_proof_is_asked_for_by_whoever_receives(there: AtBandwidth) -> None:
    """B:57: a verifier that nothing calls."""
    genuine = callbacks.call([RECEIVED], "texting", there.config["callback_password"])
    there.vendor().verify(genuine)
    for headers in ({}, {"authorization": "Basic "}, {"authorization": "Basic dGV4dGluZzp4"}):
        with pytest.raises(WebhookRejected):
            there.vendor().verify(replace(genuine, headers=headers))


def test_no_password_is_derived_from_an_empty_secret(new: AtBandwidth) -> None:
    """BS:48: the password is an HMAC by a secret that may be empty, so everybody can make it."""
    one, other = (loop.run(setup._credentials(new.vendor().account)) for _ in range(2))
    assert one["callback_password"] != other["callback_password"]
    with pytest.raises(WebhookRejected):
        new.vendor(callback_user="texting").verify(callbacks.call([RECEIVED], "texting", ""))


# -- loss -----------------------------------------------------------------------------------------


def test_an_error_is_raised_so_that_the_event_is_kept(there: AtBandwidth) -> None:
    """B:96-101: errors are swallowed and answered with 200; the message is gone."""
    for name in ("id", "from"):
        with pytest.raises(ValueError, match=name):
            heard(there, filled(RECEIVED, {name: None}))


def test_no_word_suppresses_a_text(there: AtBandwidth) -> None:
    """BM:112: magic words keep real texts from being sent."""
    words = ["bandwidthapitest", "autorespond", "error4470"]
    for text in words:
        there.send(text)
    assert [one["text"] for one in there.company.messages] == words


def test_the_way_of_an_error_is_no_error_itself(there: AtBandwidth) -> None:
    """BM:198: the handler of a failed send throws, and the message stays in SENDING."""
    answers = (Refusal(400, fields=("to[0]",)), Refusal(403), Refusal(429), Refusal(500))
    expected = (PermanentVendorError, VendorNotConfigured, TransientVendorError, SendUncertain)
    for answer, error in zip(answers, expected, strict=True):
        there.company.disturbance = refusing(answer)
        with pytest.raises(error):
            there.send()


def test_a_tag_of_any_form_is_read(there: AtBandwidth) -> None:
    """BM:275: a tag without a pipe throws."""
    for tag in ("", "no pipe", "a|b|c", None):
        (said,) = heard(there, filled(DELIVERED, {"tag": tag}))
        assert said.service_id


def test_a_report_needs_no_message_of_ours(there: AtBandwidth) -> None:
    """BM:262: a report about a message that is not there throws."""
    (said,) = heard(there, FAILED)
    assert (said.reference, said.error_code) == ("", 4432)


def test_nobody_waits_forever(there: AtBandwidth) -> None:
    """BM:39: without a time limit, a silent company holds the worker."""
    there.company.disturbance = messages.SILENT
    with pytest.raises(SendUncertain):
        there.send()


# -- duplicates and state -------------------------------------------------------------------------


def test_a_send_is_awaited_and_writes_nothing_beside(there: AtBandwidth) -> None:
    """BM:206, BM:190: after the send a contact is written, unawaited, and two of these collide.

    This test has no database: whatever wrote to it would fail here.
    """

    async def send_all() -> list[Any]:
        sends = (there.vendor().send_message(a_message(f"{n}")) for n in range(20))
        return await asyncio.gather(*sends)

    receipts = loop.run(send_all())
    assert len({one.service_id for one in receipts}) == 20 == len(there.company.messages)


def test_a_time_limit_is_kept(there: AtBandwidth) -> None:
    """BM:104: a message that must not be sent any more is sent."""
    with pytest.raises(PermanentVendorError):
        there.send(send_before=datetime.now(UTC) - timedelta(minutes=1))
    there.send(send_before=datetime.now(UTC) + timedelta(minutes=1))
    assert [one["expiration"] is not None for one in there.company.messages] == [True]


# -- numbers and lookups --------------------------------------------------------------------------


def buy(there: AtBandwidth, area_code: str, limit: int = 2) -> list[str]:
    found = every(there.vendor().buy_numbers_in_area_code(area_code, limit, f"for {area_code}"))
    return [one.phone_number for one in found]


def test_numbers_are_bought_of_any_area_and_what_came_is_counted(there: AtBandwidth) -> None:
    """BS:178: only 800 is bought; all else is none, and counts as complete."""
    for area_code in ("212", "800", "888"):
        assert [one[2:5] for one in buy(there, area_code)] == [area_code] * 2
    there.company.stock = 1
    assert len(buy(there, "917", limit=5)) == 1


def test_an_order_is_not_lost_for_being_slow(
    there: AtBandwidth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BS:194: who asked for ten seconds gives up, and what is paid for is known to nobody."""
    monkeypatch.setattr(orders, "PATIENCE_SECONDS", 0.02)
    there.company.looks_until_done = 1_000_000
    with pytest.raises(SendUncertain):
        buy(there, "212")
    there.company.looks_until_done = 0
    assert len(buy(there, "212")) == 2
    assert len(there.company.orders) == 1


def test_a_bought_number_is_nobodys_yet(there: AtBandwidth) -> None:
    """BS:204: it is said to be allocated when it was not."""
    (bought,) = every(there.vendor().buy_numbers_in_area_code("212", 1, "one"))
    assert bought.messageservice_sid == ""


def test_a_sync_tells_what_is_there_now(there: AtBandwidth) -> None:
    """BS:218: what is gone is never taken out."""
    there.company.numbers.pop(NUMBERS[0].removeprefix("+1"))
    listed = every(there.vendor().list_owned_numbers())
    assert [one.phone_number for one in listed] == [NUMBERS[1]]


def test_a_release_releases(there: AtBandwidth) -> None:
    """BS:257: deleting does nothing; the number is paid for on and on."""
    loop.run(there.vendor().release_number(NUMBERS[0]))
    assert NUMBERS[0].removeprefix("+1") not in there.company.numbers


def test_the_free_lookup_works(there: AtBandwidth) -> None:
    """BM:294: it reads a variable that there is not."""
    messages.past(there.company, CONTACT, status="DELIVERED", carrier="Verizon")
    found = loop.run(there.vendor().get_free_contact_info(CONTACT))
    assert found.carrier == "Verizon"


def test_a_messaging_service_is_created(there: AtBandwidth) -> None:
    """V:55: a wrong variable, so that Bandwidth's are never created."""
    sid = loop.run(there.vendor().create_messaging_service("Volunteers"))
    assert there.company.applications[sid]["AppName"] == "Volunteers"


# -- secrets and settings -------------------------------------------------------------------------


def test_what_is_shown_is_never_saved_as_a_secret(there: AtBandwidth) -> None:
    """BS:77, BR:246: "<Hidden>" is saved in a secret's place; fields are not masked."""
    shown = there.vendor().get_service_config()
    assert shown["client_secret"] == shown["callback_password"] == HIDDEN
    for field in Bandwidth.config_fields:
        assert field.secret is field.name.endswith(("secret", "password"))


def test_every_setting_has_one_name(there: AtBandwidth) -> None:
    """BS:115: a password under the name "bandwdithPassword" is never found. BR:62: the location's
    ID is shown as the sub-account's.
    """
    names = [field.name for field in Bandwidth.config_fields]
    assert len(set(names)) == len(names)
    config = there.vendor().account.config
    assert config["site_id"] != config["sip_peer_id"]
    assert set(config) <= set(names)


def test_nothing_personal_or_secret_is_logged(
    there: AtBandwidth, caplog: pytest.LogCaptureFixture
) -> None:
    """BS:20: the whole config is logged. BM:226, BM:261, BM:321: numbers and texts are."""
    caplog.set_level(logging.DEBUG)
    there.send("what nobody else reads")
    heard(there, RECEIVED, None, filled(DELIVERED, {"tag": "x"}))
    with pytest.raises(PermanentVendorError):
        there.send(user_number="+12125550199")
    every(there.vendor().auto_configure())
    secrets = [there.config[one.name] for one in Bandwidth.config_fields if _is_set(there, one)]
    numbers = [CONTACT, *NUMBERS, "+12345678901", "+12125550199"]
    for told in [*secrets, *numbers, *(one[2:] for one in numbers), "what nobody else reads"]:
        assert told not in caplog.text
    assert not any(token in caplog.text for token in there.company.tokens)


def _is_set(there: AtBandwidth, field: Any) -> bool:
    return field.secret and bool(there.config.get(field.name))


def test_saving_makes_nothing_at_bandwidth(there: AtBandwidth) -> None:
    """BS:141, BS:149: each save makes another application, whatever the condition says. BS:127:
    which of two values counts is an accident.
    """
    before = there.company.made()
    for _ in range(3):
        loop.run(there.vendor().update_config(there.config, there.config, NOTHING_DECIDED))
    changed = {**there.config, "city": "Elsewhere"}
    loop.run(there.vendor().update_config(there.config, changed, NOTHING_DECIDED))
    assert there.company.made() == before
    assert not [one for one in there.company.requests if one.method not in {"GET", "POST"}]


def test_bad_credentials_are_refused_in_words_that_help(there: AtBandwidth) -> None:
    """BS:155: they are saved, and Bandwidth's raw error is shown."""
    wrong = {**there.config, "client_secret": "wrong"}
    with pytest.raises(ConfigurationRejected) as raised:
        loop.run(there.vendor().update_config(there.config, wrong, NOTHING_DECIDED))
    assert list(raised.value.field_errors) == ["client_secret"]
    assert "Check the client ID and secret" in str(raised.value)


def test_only_declared_settings_are_taken(there: AtBandwidth) -> None:
    """BS:112, BS:85: whatever is posted becomes config, and is echoed."""
    vendor = there.vendor(is_admin="yes", __proto__="x")
    assert set(vendor.get_service_config()) <= {one.name for one in Bandwidth.config_fields}


def test_a_retry_of_setting_up_makes_nothing_twice(new: AtBandwidth) -> None:
    """BS:264: each retry makes another sub-account."""
    new.company.disturbance = None
    for _ in range(3):  # nobody saved what was learned
        every(new.vendor().auto_configure())
    made = new.company.made()
    assert (made["sites"], made["locations"], made["applications"]) == (1, 1, 1)


def test_the_kind_of_a_picture_is_not_guessed(there: AtBandwidth) -> None:
    """BM:236: guessed by the end of its address."""
    (said,) = heard(there, callbacks.RECEIVED_PICTURE)
    assert [one.content_type for one in said.media] == [""]
