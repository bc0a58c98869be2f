"""What Vonage is told of a message, and what its answers mean."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorError,
    VendorNotConfigured,
)
from service_vendors.types import LookupStatus, ReportStatus
from service_vendors.vendors import loop
from service_vendors.vendors.nexmo.vendor import Nexmo
from tests.simulators.disturbances import refusing, saying
from tests.simulators.nexmo import descriptions, messages
from tests.simulators.nexmo.company import Refusal
from tests.simulators.openapi import FORM, Asked
from tests.vendors.nexmo_account import CONTACT, OURS, PUBLIC_ADDRESS, AtNexmo, a_message, at_nexmo

PICTURE = "https://example.org/poster.png"


@pytest.fixture
def there() -> Iterator[AtNexmo]:
    """An account at Vonage."""
    with at_nexmo() as there:
        yield there


# -- a text ----------------------------------------------------------------------------------------


def test_a_text_says_who_to_whom_under_which_reference_and_where_to_report(there: AtNexmo) -> None:
    message = a_message()
    receipt = loop.run(there.vendor().send_message(message))
    (post,) = there.posts()
    assert (post.host, post.path) == ("rest.nexmo.com", "/sms/json")
    assert post.form == {
        "from": OURS[1:],
        "to": CONTACT[1:],
        "text": "Will you vote?",
        "type": "text",
        "client-ref": message.reference,
        "callback": f"{PUBLIC_ADDRESS}/nexmo-message-report/7",
    }
    assert receipt.service_id == there.company.messages[0]["id"]
    assert (receipt.user_number, receipt.status) == (OURS, ReportStatus.SENT)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Vote on 7 June, 9–17h", "unicode"),
        ("Vote on 7 June, 9-17h for 5 €", "text"),
        ("It’s time", "unicode"),
        ("Grüße, señor [x] ~ {y}", "text"),
        ("投票", "unicode"),
        ("🗳️", "unicode"),
    ],
)
def test_a_text_is_called_unicode_exactly_when_it_is(there: AtNexmo, text: str, kind: str) -> None:
    there.send(text)
    assert there.posts()[0].form["type"] == kind
    assert there.company.messages[0]["text"] == text


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(codec="utf-8", exclude_characters="["), min_size=1, max_size=400))
def test_whatever_is_written_arrives(there: AtNexmo, text: str) -> None:
    there.send(text)
    assert there.company.messages[-1]["text"] == text


def test_without_a_public_address_vonage_reports_where_its_dashboard_says(there: AtNexmo) -> None:
    loop.run(there.vendor(callback_base="").send_message(a_message()))
    loop.run(there.vendor(callback_base="https://" + "x" * 100).send_message(a_message()))
    assert all("callback" not in post.form for post in there.posts())
    assert len(there.company.messages) == 2


def test_a_last_time_to_be_sent_limits_for_how_long_vonage_tries(there: AtNexmo) -> None:
    there.send(send_before=datetime.now(UTC) + timedelta(minutes=15))
    assert 890_000 < int(there.posts()[0].form["ttl"]) <= 900_000
    there.send(send_before=datetime.now(UTC) + timedelta(days=30))
    assert "ttl" not in there.posts()[1].form, "more than Vonage's own 72 hours is not asked for"


@pytest.mark.parametrize("left", [timedelta(seconds=-5), timedelta(0), timedelta(seconds=15)])
def test_what_is_too_late_is_not_sent(there: AtNexmo, left: timedelta) -> None:
    """Spoke: a negative validity is sent (T:315)."""
    with pytest.raises(PermanentVendorError, match="too late"):
        there.send(send_before=datetime.now(UTC) + left)
    assert there.posts() == []


def test_without_a_number_to_send_from_it_says_so(there: AtNexmo) -> None:
    with pytest.raises(VendorNotConfigured, match="numpicker-basic"):
        there.send(user_number=None)
    assert there.posts() == []


# -- what its answers mean -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "means"),
    [
        ("1", TransientVendorError),
        ("10", TransientVendorError),
        ("2", PermanentVendorError),
        ("3", PermanentVendorError),
        ("4", VendorNotConfigured),
        ("5", SendUncertain),
        ("6", PermanentVendorError),
        ("7", PermanentVendorError),
        ("8", VendorNotConfigured),
        ("9", VendorNotConfigured),
        ("12", PermanentVendorError),
        ("14", VendorNotConfigured),
        ("15", PermanentVendorError),
        ("29", PermanentVendorError),
        ("33", PermanentVendorError),
        ("77", PermanentVendorError),
    ],
)
def test_each_status_means_what_vonage_says(
    there: AtNexmo, status: str, means: type[VendorError]
) -> None:
    there.company.refusals[CONTACT[1:]] = status
    with pytest.raises(means) as raised:
        there.send()
    assert raised.value.code == int(status)
    assert str(raised.value) == Nexmo.error_description(int(status)).description or status == "77"
    assert len(there.posts()) == 1


def test_a_number_that_was_given_up_is_learned(there: AtNexmo) -> None:
    there.company.refusals[CONTACT[1:]] = "33"
    with pytest.raises(PermanentVendorError) as raised:
        there.send()
    assert raised.value.contact_status is LookupStatus.INVALID


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        "null",
        "<html>",
        '{"messages": []}',
        '{"messages": {}}',
        '{"messages": [null]}',
        '{"messages": [{"status": "0"}]}',
        '{"messages": [{"status": "0", "message-id": ""}]}',
        '{"messages": [{"status": "soon"}]}',
        '{"messages": [{}]}',
        "[" * 50_000,
    ],
)
def test_an_answer_that_cannot_be_read_leaves_it_open(there: AtNexmo, body: str) -> None:
    """Spoke: an invalid answer is passed over (N:265)."""
    there.company.disturbance = saying(body)
    with pytest.raises(SendUncertain):
        there.send()
    assert len(there.posts()) == 1


def test_a_status_that_is_a_number_is_read_as_well(there: AtNexmo) -> None:
    there.company.disturbance = saying(
        '{"message-count": 1, "messages": [{"status": 0, "message-id": "0A"}]}'
    )
    assert there.send().service_id == "0A"


# -- the parts of a long text ----------------------------------------------------------------------


def test_a_long_text_is_one_message_with_one_id(there: AtNexmo) -> None:
    receipt = there.send("x" * 400)
    (taken,) = there.company.messages
    assert len(taken["ids"]) == 3
    assert receipt.service_id == taken["ids"][0]
    assert receipt.status is ReportStatus.SENT


@pytest.mark.parametrize(
    ("statuses", "first_taken", "code"),
    [(["0", "1", "0"], 0, 1), (["0", "0", "9"], 0, 9), (["5", "0", "0"], 1, 5)],
)
def test_a_text_of_which_a_part_was_taken_is_never_sent_again(
    there: AtNexmo, statuses: list[str], first_taken: int, code: int
) -> None:
    """Whatever a part was refused for: a second try would text the contact a part twice."""
    there.company.part_statuses[CONTACT[1:]] = statuses
    receipt = there.send("x" * 400)
    assert receipt.status is ReportStatus.ERROR
    assert receipt.error_code == code
    assert receipt.service_id == there.company.messages[0]["ids"][first_taken]
    assert len(there.posts()) == 1


def test_a_text_whose_every_part_was_refused_may_be_tried_again(there: AtNexmo) -> None:
    there.company.part_statuses[CONTACT[1:]] = ["1", "1", "1"]
    with pytest.raises(TransientVendorError):
        there.send("x" * 400)
    assert there.company.messages == []


def test_a_text_with_one_part_in_doubt_and_none_taken_is_in_doubt(there: AtNexmo) -> None:
    there.company.part_statuses[CONTACT[1:]] = ["1", "5", "1"]
    with pytest.raises(SendUncertain):
        there.send("x" * 400)
    there.company.part_statuses[CONTACT[1:]] = ["1", "7", "1"]
    with pytest.raises(PermanentVendorError):
        there.send("x" * 400)


# -- pictures --------------------------------------------------------------------------------------


def test_a_picture_goes_through_the_messages_api(there: AtNexmo) -> None:
    message = a_message("Come!", media=(PICTURE,))
    receipt = loop.run(there.vendor().send_message(message))
    (post,) = there.posts()
    assert (post.host, post.path) == ("api.nexmo.com", "/v1/messages")
    assert post.json == {
        "channel": "mms",
        "from": OURS[1:],
        "to": CONTACT[1:],
        "message_type": "image",
        "image": {"url": PICTURE, "caption": "Come!"},
        "client_ref": message.reference,
        "webhook_url": f"{PUBLIC_ADDRESS}/nexmo-message-report/7",
        "webhook_version": "v1",
    }
    assert receipt.service_id == there.company.messages[0]["id"]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://example.org/a.jpg?x=1.vcf", "image"),
        ("https://example.org/a", "image"),
        ("https://example.org/Ada.VCF", "vcard"),
        ("https://example.org/a.mp3", "audio"),
        ("https://example.org/a.mp4#t=3", "video"),
    ],
)
def test_a_file_is_called_what_it_is(there: AtNexmo, url: str, kind: str) -> None:
    there.send("", media=(url,))
    assert there.posts()[0].json["message_type"] == kind
    assert there.posts()[0].json[kind] == {"url": url}


def test_several_pictures_are_one_message(there: AtNexmo) -> None:
    """Spoke: one picture a message (MS:22)."""
    others = ("https://example.org/b.jpg", "https://example.org/c.vcf")
    there.send("Come!", media=(PICTURE, *others))
    said = there.posts()[0].json
    assert said["message_type"] == "content"
    assert said["content"] == [
        {"type": "image", "url": PICTURE, "caption": "Come!"},
        {"type": "image", "url": others[0]},
        {"type": "vcard", "url": others[1]},
    ]
    with pytest.raises(PermanentVendorError, match="10 at most"):
        there.send(media=(PICTURE,) * 11)


def test_a_picture_that_is_written_into_a_text_is_taken_out_of_it(there: AtNexmo) -> None:
    there.send(f"Come! [{PICTURE}]")
    (taken,) = there.company.messages
    assert (taken["text"], taken["media"]) == ("Come!", [PICTURE])


def test_a_manager_may_have_a_text_sent_by_mms(there: AtNexmo) -> None:
    there.send("x" * 500, force_mms=True)
    assert there.posts()[0].json["message_type"] == "text"
    assert there.company.messages[0]["channel"] == "mms"


def test_pictures_have_their_own_last_time(there: AtNexmo) -> None:
    there.send(media=(PICTURE,), send_before=datetime.now(UTC) + timedelta(minutes=15))
    assert 890 < there.posts()[0].json["ttl"] <= 900
    with pytest.raises(PermanentVendorError, match="too late"):
        there.send(media=(PICTURE,), send_before=datetime.now(UTC) + timedelta(seconds=200))


def test_a_picture_needs_an_application(there: AtNexmo) -> None:
    for missing in ("application_id", "private_key"):
        with pytest.raises(VendorNotConfigured, match="Application ID"):
            loop.run(there.vendor(**{missing: ""}).send_message(a_message(media=(PICTURE,))))
    bad = there.vendor(private_key="-----BEGIN PRIVATE KEY-----")
    with pytest.raises(VendorNotConfigured, match="cannot be read"):
        loop.run(bad.send_message(a_message(media=(PICTURE,))))
    assert there.posts() == []


def test_a_private_key_from_the_environment_may_have_its_line_ends_written_out(
    there: AtNexmo,
) -> None:
    vendor = there.vendor(private_key=there.config["private_key"].replace("\n", "\\n"))
    loop.run(vendor.send_message(a_message(media=(PICTURE,))))
    assert len(there.company.messages) == 1


@pytest.mark.parametrize(
    ("refusal", "means", "code"),
    [
        (messages.refusal_of_message(1000, 429), TransientVendorError, 1000),
        (messages.refusal_of_message(1020), PermanentVendorError, 1020),
        (messages.refusal_of_message(1240), PermanentVendorError, 1240),
        (messages.refusal_of_message(1420), PermanentVendorError, 1420),
        (Refusal(402, {"title": "Low balance"}), VendorNotConfigured, 1070),
        (Refusal(401, {"title": "Unauthorized"}), VendorNotConfigured, 4),
        (Refusal(422, {"title": "1120"}), PermanentVendorError, 1120),
        (Refusal(422, {"title": "?"}), PermanentVendorError, None),
        (Refusal(500, {"title": "Internal error"}), SendUncertain, None),
        (Refusal(503, {}), SendUncertain, None),
    ],
)
def test_the_messages_apis_refusals_mean_what_vonage_says(
    there: AtNexmo, refusal: Refusal, means: type[VendorError], code: int | None
) -> None:
    there.company.disturbance = refusing(refusal)
    with pytest.raises(means) as raised:
        there.send(media=(PICTURE,))
    assert raised.value.code == code
    assert len(there.posts()) == 1
    if code == 1240:
        assert isinstance(raised.value, PermanentVendorError) and raised.value.opted_out


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"message_uuid": 3}', '{"message_uuid": ""}'])
def test_a_picture_without_an_id_is_in_doubt(there: AtNexmo, body: str) -> None:
    there.company.disturbance = saying(body, 202)
    with pytest.raises(SendUncertain):
        there.send(media=(PICTURE,))


def test_every_token_is_used_once(there: AtNexmo) -> None:
    """The stand-in takes none twice, as Vonage does not."""
    for _ in range(3):
        there.send(media=(PICTURE,))
    assert len(there.company.messages) == 3


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/sms/json", "application/json", b"{}"),
        ("/sms/json", FORM, b"from=1&to=12125550142&status-report-req=1"),
        ("/sms/json", FORM, b"from=1&to=12125550142&status-report-req=true&ttl=5"),
        ("/number/buy", FORM, b"country=US"),
        ("/v1/messages", "application/json", b'{"channel": "mms", "message_type": "image"}'),
    ],
)
def test_requests_are_held_against_vonages_own_files_where_these_are(
    path: str, kind: str, body: bytes
) -> None:
    """Each of these is wrong; without the files nothing is said of any."""
    host = "api.nexmo.com" if path.startswith("/v1") else "rest.nexmo.com"
    asked = Asked("POST", host, path, (), kind, body)
    assert bool(descriptions.complaints(asked)) is descriptions.are_there()
