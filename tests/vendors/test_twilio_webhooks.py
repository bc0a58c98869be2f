"""What Twilio's calls say, read truly; and what none of them may say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_vendors.types import (
    DeliveryReport,
    InboundMessage,
    Keyword,
    LookupStatus,
    Media,
    ReportStatus,
    VendorAccount,
    WebhookRequest,
)
from service_vendors.vendors.twilio import statuses, webhooks
from service_vendors.vendors.twilio.vendor import Twilio
from tests.simulators.twilio import callbacks
from tests.simulators.twilio.company import TwilioCompany
from tests.vendors.twilio_account import CONTACT, PUBLIC_ADDRESS

OURS = "+12125550100"
SERVICE = "MG" + "a" * 32
MESSAGES = f"{PUBLIC_ADDRESS}/twilio/7"
REPORTS = f"{PUBLIC_ADDRESS}/twilio-message-report/7"
REFERENCE = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def company() -> TwilioCompany:
    """An account at Twilio."""
    return TwilioCompany()


@pytest.fixture
def vendor(company: TwilioCompany) -> Twilio:
    """The vendor, bound to the account."""
    return bound(company)


def bound(company: TwilioCompany, organization_id: int | None = 7, token: str = "") -> Twilio:
    config = {"account_sid": company.account_sid, "auth_token": token or company.auth_token}
    return Twilio(VendorAccount("twilio", organization_id, config, PUBLIC_ADDRESS))


def read(vendor: Twilio, call: callbacks.Call) -> Any:
    """The one thing that a proven call says."""
    request = call.request(vendor.account.organization_id)
    vendor.verify(request)
    (said,) = vendor.handle_incoming(request)
    return said


def incoming(company: TwilioCompany, **changes: str) -> dict[str, str]:
    fields = callbacks.incoming_fields(company, contact=CONTACT, number=OURS, text="Yes!")
    return fields | changes


def report(company: TwilioCompany, status: str = "delivered", **changes: str) -> dict[str, str]:
    taken = {"sid": "SM1", "to": CONTACT, "from": OURS, "messaging_service_sid": SERVICE}
    return callbacks.report_fields(company, taken, status) | changes


# -- messages of contacts -------------------------------------------------------------------------


def test_a_message_is_read_whole(company: TwilioCompany, vendor: Twilio) -> None:
    fields = incoming(company, MessagingServiceSid=SERVICE, Body="Yes! ✊\nWhen?", New="field")
    said = read(vendor, callbacks.posted(MESSAGES, fields, company.auth_token))
    assert said == InboundMessage(
        fields["MessageSid"], CONTACT, OURS, "Yes! ✊\nWhen?", messageservice_sid=SERVICE
    )


@pytest.mark.parametrize("how", ["GET", "JSON"])
def test_the_same_message_may_come_otherwise(
    company: TwilioCompany, vendor: Twilio, how: str
) -> None:
    fields, token = incoming(company, Body="äé ✊ & = + %"), company.auth_token
    make = callbacks.got if how == "GET" else callbacks.posted_json
    said = read(vendor, make(MESSAGES, fields, token))  # type: ignore[operator]
    assert said == read(vendor, callbacks.posted(MESSAGES, fields, token))
    assert said.text == "äé ✊ & = + %"


def test_what_is_exchanged_in_twilios_console_is_read_all_the_same(
    company: TwilioCompany, vendor: Twilio
) -> None:
    token = company.auth_token
    assert isinstance(
        read(vendor, callbacks.posted(REPORTS, incoming(company), token)), InboundMessage
    )
    assert isinstance(
        read(vendor, callbacks.posted(MESSAGES, report(company), token)), DeliveryReport
    )


@pytest.mark.parametrize(
    ("sender", "means"),
    [
        ("+12125550142", "+12125550142"),
        ("+442079460018", "+442079460018"),
        ("12345", "12345"),
        ("262966", "262966"),
        ("Our Union", "Our Union"),
        ("AMAZON", "AMAZON"),
    ],
)
def test_short_codes_and_names_send_too(
    company: TwilioCompany, vendor: Twilio, sender: str, means: str
) -> None:
    """Spoke: a short code becomes "" (T:568)."""
    fields = incoming(company, From=sender, To="262966")
    said = read(vendor, callbacks.posted(MESSAGES, fields, company.auth_token))
    assert (said.contact_number, said.user_number) == (means, "262966")


@pytest.mark.parametrize(
    "changes",
    [
        {"From": ""},
        {"To": ""},
        {"From": "whatsapp:+12125550142"},
        {"From": "anonymous or longer"},
        {"To": "rcs:our_union"},
        {"MessageSid": "", "SmsSid": "", "SmsMessageSid": ""},
        {"MessageSid": "SM1\x00"},
        {"MessageSid": "S" * 256},
        {"NumMedia": "many"},
        {"NumMedia": "-1"},
        {"NumMedia": "1", "MediaUrl0": "javascript:alert(1)"},
        {"NumMedia": "1", "MediaUrl0": "file:///etc/passwd"},
        {"NumMedia": "1", "MediaUrl0": "https://example.org/" + "x" * 2_000},
    ],
    ids=" ".join,
)
def test_what_cannot_be_filed_is_an_error_that_repeats_nothing(
    company: TwilioCompany, vendor: Twilio, changes: dict[str, str]
) -> None:
    """Spoke: after a nonsensical payload it goes on (T:564)."""
    request = callbacks.posted(MESSAGES, incoming(company, **changes), company.auth_token)
    with pytest.raises(ValueError, match=r"\.$") as raised:
        vendor.handle_incoming(request.request(7))
    for told in (CONTACT, "Yes!", *(value for value in changes.values() if len(value) > 3)):
        assert told not in str(raised.value)


def test_a_name_with_two_values_says_nothing(company: TwilioCompany, vendor: Twilio) -> None:
    """Their order is not signed: whoever passes the call on could choose between them."""
    twice = [*incoming(company).items(), ("Body", "no")]
    request = callbacks.posted(MESSAGES, twice, company.auth_token).request(7)
    vendor.verify(request)
    with pytest.raises(ValueError, match="Body"):
        vendor.handle_incoming(request)
    same = [*incoming(company).items(), ("Body", "Yes!")]
    assert read(vendor, callbacks.posted(MESSAGES, same, company.auth_token)).text == "Yes!"


@pytest.mark.parametrize("claimed", ["0", "", "2", "10", "11", "99", "9" * 4_000])
def test_files_are_counted_to_ten_whatever_is_claimed(
    company: TwilioCompany, vendor: Twilio, claimed: str
) -> None:
    """Spoke: the number of files is whatever the call says (T:200)."""
    files = [Media(f"https://api.twilio.com/m/{n}", "image/png") for n in range(12)]
    fields = incoming(company)
    for index, file in enumerate(files):
        fields |= {f"MediaUrl{index}": file.url, f"MediaContentType{index}": file.content_type}
    fields["NumMedia"] = claimed[:200]
    said = read(vendor, callbacks.posted(MESSAGES, fields, company.auth_token))
    assert said.media == tuple(files[: min(10, int(claimed[:200] or 0))])


def test_a_picture_without_text_and_a_missing_file_are_read(
    company: TwilioCompany, vendor: Twilio
) -> None:
    fields = incoming(company, NumMedia="3", Body="")
    fields |= {"MediaUrl0": "https://e.org/a", "MediaContentType0": "image/png"}
    fields |= {"MediaUrl2": "https://e.org/c"}
    said = read(vendor, callbacks.posted(MESSAGES, fields, company.auth_token))
    assert said.text == ""
    assert said.media == (Media("https://e.org/a", "image/png"), Media("https://e.org/c"))


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("STOP", Keyword.STOP),
        ("START", Keyword.START),
        ("HELP", Keyword.HELP),
        ("stop", Keyword.STOP),
        ("", None),
        ("ANOTHER", None),
    ],
)
def test_what_twilio_made_of_a_keyword_counts(
    company: TwilioCompany, vendor: Twilio, said: str, means: Keyword | None
) -> None:
    fields = incoming(company, OptOutType=said, Body="please no more of this")
    read_back = read(vendor, callbacks.posted(MESSAGES, fields, company.auth_token))
    assert read_back.keyword is means


# -- reports --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("word", "means"), statuses.OF_TWILIO.items())
def test_every_status_has_a_meaning(
    company: TwilioCompany, vendor: Twilio, word: str, means: ReportStatus
) -> None:
    for fields in (report(company, word), report(company, word.upper())):
        said = read(vendor, callbacks.posted(REPORTS, fields, company.auth_token))
        assert (said.status, said.service_id, said.user_number) == (means, "SM1", OURS)


def test_a_status_of_tomorrow_is_no_news_and_no_failure(
    company: TwilioCompany, vendor: Twilio
) -> None:
    request = callbacks.posted(REPORTS, report(company, "teleported"), company.auth_token)
    assert list(vendor.handle_incoming(request.request(7))) == []


@pytest.mark.parametrize(
    ("code", "status", "opted_out"),
    [
        (30003, None, False),
        (30004, None, False),
        (30005, LookupStatus.INVALID, False),
        (30006, LookupStatus.LANDLINE, False),
        (30007, None, False),
        (30008, None, False),
        (21610, None, True),
        (99_999, None, False),
    ],
)
def test_a_failure_says_why_and_what_it_teaches(
    company: TwilioCompany,
    vendor: Twilio,
    code: int,
    status: LookupStatus | None,
    opted_out: bool,
) -> None:
    for word in ("undelivered", "failed"):
        fields = report(company, word, ErrorCode=str(code))
        said = read(vendor, callbacks.posted(REPORTS, fields, company.auth_token))
        assert (said.status, said.error_code) == (ReportStatus.ERROR, code)
        assert (said.contact_status, said.opted_out) == (status, opted_out)


@pytest.mark.parametrize("code", ["", "0", "none", "-30003", "3" * 10, "³"])
def test_a_code_that_is_none_is_left_out(company: TwilioCompany, vendor: Twilio, code: str) -> None:
    fields = report(company, "failed", ErrorCode=code)
    said = read(vendor, callbacks.posted(REPORTS, fields, company.auth_token))
    assert (said.status, said.error_code) == (ReportStatus.ERROR, None)


def test_a_code_beside_a_delivery_is_an_old_story(company: TwilioCompany, vendor: Twilio) -> None:
    fields = report(company, "delivered", ErrorCode="30003")
    said = read(vendor, callbacks.posted(REPORTS, fields, company.auth_token))
    assert (said.status, said.error_code, said.contact_status) == (
        ReportStatus.DELIVERED,
        None,
        None,
    )


def test_a_report_of_another_channel_counts_without_its_sender(
    company: TwilioCompany, vendor: Twilio
) -> None:
    fields = report(company, "read", From="rcs:our_union_agent", To="rcs:+12125550142")
    said = read(vendor, callbacks.posted(REPORTS, fields, company.auth_token))
    assert (said.status, said.user_number) == (ReportStatus.DELIVERED, "")


# -- our reference --------------------------------------------------------------------------------


def callback(company: TwilioCompany, organization_id: int | None = 7) -> str:
    """The address that Twilio is told along with a message."""
    tenant = "" if organization_id is None else f"/{organization_id}"
    url = f"{PUBLIC_ADDRESS}/twilio-message-report{tenant}"
    return webhooks.callback_with(url, REFERENCE, [company.auth_token], organization_id)


@pytest.mark.parametrize("organization_id", [7, None])
def test_a_report_brings_our_reference_back(
    company: TwilioCompany, organization_id: int | None
) -> None:
    """Spoke: a report that comes before the id updates nothing (MC:194)."""
    call = callbacks.posted(callback(company, organization_id), report(company), company.auth_token)
    assert read(bound(company, organization_id), call).reference == REFERENCE


def test_a_reference_that_we_did_not_name_ourselves_is_none(
    company: TwilioCompany, vendor: Twilio
) -> None:
    """Whoever may send through the account chooses the address that Twilio signs."""
    genuine = callback(company)
    other = genuine.replace(REFERENCE, "f" * 32)
    unproven, empty = genuine.partition("&proof")[0], genuine.partition("proof=")[0] + "proof="
    for url in (other, unproven, empty, f"{genuine}0", callback(company, 8)):
        here = f"{REPORTS}?{urlsplit(url).query}"
        said = read(vendor, callbacks.posted(here, report(company), company.auth_token))
        assert (said.reference, said.service_id) == ("", "SM1")


def test_a_reference_named_before_the_token_changed_is_still_ours(company: TwilioCompany) -> None:
    rotating = bound(company, token=f"new, {company.auth_token}")
    call = callbacks.posted(callback(company), report(company), "new")
    assert read(rotating, call).reference == REFERENCE


def test_without_a_token_no_reference_is_told() -> None:
    assert webhooks.callback_with(REPORTS, REFERENCE, [], 7) == REPORTS


def test_the_proof_gives_no_token_away(company: TwilioCompany) -> None:
    assert company.auth_token not in callback(company)


# -- whatever comes -------------------------------------------------------------------------------


def test_the_answer_is_an_empty_document(vendor: Twilio) -> None:
    answer = vendor.webhook_answer(WebhookRequest("twilio", "POST", MESSAGES))
    assert (answer.status, answer.content_type) == (200, "text/xml")
    assert answer.body == '<?xml version="1.0" encoding="UTF-8"?><Response/>'


NAMES = st.sampled_from(
    [*webhooks.SIDS, "From", "To", "Body", "NumMedia", "MediaUrl0", "MessageStatus", "ErrorCode"]
)


@given(st.lists(st.tuples(NAMES, st.text(max_size=40)), max_size=12), st.sampled_from("PG"))
def test_no_call_breaks_more_than_itself(fields: list[tuple[str, str]], how: str) -> None:
    vendor = Twilio(VendorAccount("twilio", 7, {"auth_token": "t"}, PUBLIC_ADDRESS))
    make = callbacks.posted if how == "P" else callbacks.got
    request = make(MESSAGES, fields, "t").request(7)
    vendor.verify(request)
    try:
        said = vendor.handle_incoming(request)
    except ValueError:
        return
    for one in said:
        assert isinstance(one, InboundMessage | DeliveryReport) and one.service_id
        assert "\x00" not in one.service_id
    again = replace(request, body=urlencode(fields).encode()) if how == "P" else request
    assert list(vendor.handle_incoming(again)) == list(said)
