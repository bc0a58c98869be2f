"""Sending and reading messages over the API."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from service_vendors.models import Message, Organization, Role, SendStatus, Step
from service_vendors.models.history import line, read
from service_vendors.sending import history
from tests.api.conftest import calling_as
from tests.factories import MembershipFactory, MessageFactory, OptOutFactory

AsRole = Callable[[Role], APIClient]

NUMBER = "+12125560001"


def address(organization: Organization, reference: object = "") -> str:
    return f"/api/organizations/{organization.pk}/messages" + (f"/{reference}" if reference else "")


def test_a_message_is_stored_for_sending_and_named_in_the_location(
    organization: Organization, as_role: AsRole
) -> None:
    client = as_role(Role.TEXTER)
    answer = client.post(
        address(organization),
        {"contact_number": "(212) 556-0001", "text": " Vote! ", "media": ["https://a.test/b.png"]},
        format="json",
    )
    assert answer.status_code == 201, answer.content
    body = answer.json()
    message = Message.objects.get(reference=body["reference"])
    assert body["contact_number"] == NUMBER
    assert body["text"] == " Vote! "
    assert body["media"] == [{"url": "https://a.test/b.png", "content_type": ""}]
    assert body["send_status"] == "QUEUED"
    assert body["error"] is None
    assert message.sender is not None
    assert answer["Location"] == address(organization, message.reference)
    assert "Idempotent-Replayed" not in answer
    assert client.get(answer["Location"]).json()["reference"] == body["reference"]


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.SUPERVOLUNTEER, Role.TEXTER])
def test_one_message_comes_with_its_history_for_admins_and_owners(
    organization: Organization, as_role: AsRole, role: Role
) -> None:
    client = as_role(role)
    body = {"contact_number": NUMBER, "text": "Vote on Tuesday!"}
    sent = client.post(address(organization), body, format="json")
    assert "history" not in sent.json()
    message = Message.objects.get()
    message.history = line(history.step(Step.QUEUED, origin="api", by=message.sender_id))
    history.add(message, Step.TRY_LATER, seconds=0.1, code=42, until=message.due_at, reason="Busy.")
    message.save()
    told = client.get(sent["Location"]).json()["history"]
    if not role.at_least(Role.ADMIN):
        assert told is None
        return
    assert [one["step"] for one in told] == ["queued", "try_later"]
    assert told[0]["title"] == f"Queued by {message.sender}"
    assert told[0]["detail"] == "It came over the API."
    assert (told[1]["title"], told[1]["detail"]) == ("Scripted did not take it", "Busy.")
    assert told[1]["error"]["code"] == 42
    assert told[1]["until"] is not None and told[1]["occurred_at"] is None
    assert NUMBER not in str(told) and body["text"] not in str(told)


def test_what_came_over_the_api_says_so(organization: Organization, as_role: AsRole) -> None:
    body = {"contact_number": NUMBER, "text": "Vote!"}
    as_role(Role.TEXTER).post(address(organization), body, format="json")
    message = Message.objects.get()
    queued = read(message.history)[0]
    assert (queued["origin"], queued["by"]) == ("api", str(message.sender_id))


def test_a_repeated_key_sends_once_and_says_that_it_was_a_repeat(
    organization: Organization, as_role: AsRole
) -> None:
    client = as_role(Role.TEXTER)
    body = {"contact_number": NUMBER, "text": "Vote!"}
    first = client.post(address(organization), body, format="json", HTTP_IDEMPOTENCY_KEY="a-1")
    again = client.post(address(organization), body, format="json", HTTP_IDEMPOTENCY_KEY="a-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again["Idempotent-Replayed"] == "true"
    assert again.json()["reference"] == first.json()["reference"]
    assert Message.objects.count() == 1


def test_a_key_that_was_used_for_something_else_is_refused_with_words(
    organization: Organization, as_role: AsRole
) -> None:
    client = as_role(Role.TEXTER)
    body = {"contact_number": NUMBER, "text": "Vote!"}
    client.post(address(organization), body, format="json", HTTP_IDEMPOTENCY_KEY="a-1")
    body["text"] = "Do not vote!"
    answer = client.post(address(organization), body, format="json", HTTP_IDEMPOTENCY_KEY="a-1")
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert "new key" in answer.json()["detail"]
    assert Message.objects.count() == 1


def test_two_people_may_choose_the_same_key(organization: Organization, as_role: AsRole) -> None:
    body = {"contact_number": NUMBER, "text": "Vote!"}
    for _ in range(2):
        answer = as_role(Role.TEXTER).post(
            address(organization), body, format="json", HTTP_IDEMPOTENCY_KEY="a-1"
        )
        assert answer.status_code == 201
    assert Message.objects.count() == 2


@pytest.mark.parametrize("key", ["", "k" * 201, "schlüssel"])
def test_a_key_nobody_could_compare_is_refused(
    organization: Organization, as_role: AsRole, key: str
) -> None:
    answer = as_role(Role.TEXTER).post(
        address(organization),
        {"contact_number": NUMBER, "text": "Vote!"},
        format="json",
        HTTP_IDEMPOTENCY_KEY=key,
    )
    assert answer.status_code == 400
    assert "Idempotency-Key must be" in answer.json()["detail"]
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_request_many_times_at_once_sends_one_message(
    organization: Organization,
) -> None:
    user = MembershipFactory(organization=organization, role=Role.TEXTER).user

    def post(_: int) -> Any:
        try:
            return calling_as(user).post(
                address(organization),
                {"contact_number": NUMBER, "text": "Vote!"},
                format="json",
                HTTP_IDEMPOTENCY_KEY="a-1",
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["reference"] for answer in answers}) == 1
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        ({"text": "Vote!"}, 400, "invalid", "contact_number"),
        ({"contact_number": NUMBER}, 422, "message_refused", "empty message"),
        ({"contact_number": "12", "text": "x"}, 400, "invalid_phone_number", ""),
        ({"contact_number": NUMBER, "media": ["ftp://a"]}, 422, "message_refused", "https://"),
        ({"contact_number": NUMBER, "media": [["a"]]}, 400, "invalid", "media"),
        ({"contact_number": NUMBER, "text": "a\x00b"}, 400, "invalid", "text"),
        ({"contact_number": NUMBER, "text": "x", "send_before": "soon"}, 400, "invalid", "send"),
        (
            {"contact_number": NUMBER, "text": "x", "send_before": "2001-01-01T00:00:00Z"},
            422,
            "message_refused",
            "passed",
        ),
        ([1], 400, "invalid", "dictionary"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_words_and_stored_nowhere(
    organization: Organization, as_role: AsRole, body: Any, status: int, code: str, words: str
) -> None:
    answer = as_role(Role.TEXTER).post(address(organization), body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert words in str(answer.json())
    assert not Message.objects.exists()


def test_an_opted_out_contact_is_not_texted(organization: Organization, as_role: AsRole) -> None:
    OptOutFactory(organization=organization, cell=NUMBER)
    answer = as_role(Role.OWNER).post(
        address(organization), {"contact_number": NUMBER, "text": "Vote!"}, format="json"
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == "contact_opted_out"
    assert "START" in answer.json()["detail"]


def test_without_a_vendor_it_says_what_to_set(
    organization: Organization, as_role: AsRole, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = ""
    answer = as_role(Role.OWNER).post(
        address(organization), {"contact_number": NUMBER, "text": "Vote!"}, format="json"
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "no_vendor")
    assert "DEFAULT_SERVICE" in answer.json()["detail"]


def test_broken_json_is_answered_in_the_same_shape(
    organization: Organization, as_role: AsRole
) -> None:
    answer = as_role(Role.TEXTER).post(address(organization), "{", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_an_oversized_request_is_not_read(organization: Organization, as_role: AsRole) -> None:
    body = {"contact_number": NUMBER, "text": "x" * 300_000}
    answer = as_role(Role.TEXTER).post(address(organization), body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_texters_see_what_they_sent_and_others_see_everything(organization: Organization) -> None:
    texter = MembershipFactory(organization=organization, role=Role.TEXTER).user
    higher = MembershipFactory(organization=organization, role=Role.SUPERVOLUNTEER).user
    mine = MessageFactory(organization=organization, sender=texter)
    other = MessageFactory(organization=organization, sender=higher)
    elsewhere = MessageFactory(sender=texter)
    assert listed(calling_as(texter), address(organization)) == [str(mine.reference)]
    assert listed(calling_as(higher), address(organization)) == [
        str(other.reference),
        str(mine.reference),
    ]
    assert calling_as(texter).get(address(organization, mine.reference)).status_code == 200
    for message in (other, elsewhere):
        answer = calling_as(texter).get(address(organization, message.reference))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def listed(client: APIClient, url: str, **query: str) -> list[str]:
    answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    return [message["reference"] for message in answer.json()["results"]]


def test_messages_are_filtered_by_number_status_and_direction(
    organization: Organization, as_role: AsRole
) -> None:
    client, url = as_role(Role.ADMIN), address(organization)
    sent = MessageFactory(organization=organization, contact_number=NUMBER)
    reply = MessageFactory(organization=organization, contact_number=NUMBER, is_from_contact=True)
    failed = MessageFactory(organization=organization, send_status=SendStatus.ERROR)
    references = {m: str(m.reference) for m in (sent, reply, failed)}
    both = [references[reply], references[sent]]
    assert listed(client, url, contact_number="(212) 556-0001") == both
    assert listed(client, f"{url}?contact_number={NUMBER}") == both  # the plus not encoded
    assert listed(client, url, send_status="ERROR") == [references[failed]]
    assert listed(client, url, is_from_contact="true") == [references[reply]]
    assert listed(client, url, is_from_contact="false", contact_number=NUMBER) == [references[sent]]


@pytest.mark.parametrize(
    ("name", "value"),
    [("contact_number", "x"), ("send_status", "LOST"), ("is_from_contact", "perhaps")],
)
def test_a_filter_that_makes_no_sense_is_refused_by_name(
    organization: Organization, as_role: AsRole, name: str, value: str
) -> None:
    answer = as_role(Role.ADMIN).get(address(organization), {name: value})
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [name]


def test_pages_stay_put_while_new_messages_come_in(
    organization: Organization, as_role: AsRole
) -> None:
    client = as_role(Role.ADMIN)
    old = [MessageFactory(organization=organization) for _ in range(5)]
    first = client.get(address(organization), {"page_size": 2}).json()
    MessageFactory(organization=organization)
    second = client.get(first["next"]).json()
    seen = [m["reference"] for m in first["results"] + second["results"]]
    assert seen == [str(m.reference) for m in old[:0:-1]]
    assert first["previous"] is None
    assert second["previous"]


def test_a_failure_is_told_in_the_vendors_words(
    organization: Organization, as_role: AsRole
) -> None:
    message = MessageFactory(
        organization=organization,
        service="scripted",
        send_status=SendStatus.ERROR,
        error_code=42,
        status_reason="It failed.",
    )
    body = as_role(Role.ADMIN).get(address(organization, message.reference)).json()
    assert body["error"] == {
        "code": 42,
        "description": "The answer was not what you hoped for.",
        "link": "",
    }
    assert body["status_reason"] == "It failed."


@pytest.mark.parametrize(("service", "code"), [("a vendor of the past", 42), ("scripted", None)])
def test_a_failure_nobody_can_look_up_is_told_in_our_own_words(
    organization: Organization, as_role: AsRole, service: str, code: int | None
) -> None:
    message = MessageFactory(
        organization=organization,
        service=service,
        send_status=SendStatus.ERROR,
        error_code=code,
        status_reason="Gave up after 8 tries.",
    )
    body = as_role(Role.ADMIN).get(address(organization, message.reference)).json()
    assert body["error"] == {"code": code, "description": "Gave up after 8 tries.", "link": ""}


def test_listing_costs_the_same_however_many_there_are(
    organization: Organization, as_role: AsRole, django_assert_num_queries: Any
) -> None:
    client = as_role(Role.ADMIN)
    for _ in range(20):
        MessageFactory(organization=organization, send_status=SendStatus.ERROR, error_code=42)
    with django_assert_num_queries(2):  # the membership, the messages
        assert len(listed(client, address(organization))) == 20
