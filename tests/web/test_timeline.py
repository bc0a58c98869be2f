"""A message's timeline as a page: who may open it, what it says, where it is linked from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from service_vendors import sending
from service_vendors.models import Message, Organization, Origin, Role, SendStatus, Step
from service_vendors.models.history import line
from service_vendors.sending import doubts, history, send_message
from service_vendors.sending.timeline import is_complete, timeline
from service_vendors.types import DeliveryReport, ReportStatus
from tests.conftest import ClientFor
from tests.factories import (
    MembershipFactory,
    MessageFactory,
    MessagePartFactory,
    OrganizationFactory,
)
from tests.web.markup import Page

pytestmark = pytest.mark.usefixtures("set_up")

ADA = "+12125550101"


@pytest.fixture
def client(admin: Any, client_for: ClientFor) -> Client:
    """An admin's browser."""
    return client_for(admin)


@pytest.fixture
def message(organization: Organization, admin: Any) -> Message:
    """A text that was sent and failed; its vendor reported it."""
    message = send_message(organization, ADA, "Vote!", sender=admin, origin=Origin.PAGE)
    history.add(message, Step.CLAIMED, attempt=1)
    history.add(message, Step.ACCEPTED, service="pigeon", seconds=0.25)
    message.send_status = SendStatus.SENT
    message.save()
    report = DeliveryReport("s", ReportStatus.ERROR, reference=message.reference.hex, error_code=7)
    sending.apply_report(organization, "pigeon", report)
    message.refresh_from_db()
    return message


def address(message: Message) -> str:
    return f"/admin/{message.organization_id}/messages/{message.reference}"


def titles(response: Any) -> list[str]:
    return [heading.text for heading in Page(response).all("h3")]


def test_the_page_tells_each_step_in_words_with_its_time(client: Client, message: Message) -> None:
    response = client.get(address(message))
    assert response.status_code == 200
    page = Page(response)
    assert titles(response) == [
        f"Queued by {message.sender}",
        "A worker took it",
        "Pigeon Post took it",
        "Pigeon Post reports: failed",
    ]
    assert "Try 1." in page.text
    assert "It answered after 0.25 seconds." in page.text
    assert "Code 7:" in page.text
    assert message.reference.hex in page.text
    times = [time for time in page.all("time") if "data-exact" in time.attributes]
    assert len(times) == 4
    assert all(time.get("datetime").endswith("+00:00") for time in times)


def test_a_reference_from_the_log_opens_it_as_well(client: Client, message: Message) -> None:
    base = f"/admin/{message.organization_id}/messages"
    assert client.get(f"{base}/{message.reference.hex}").status_code == 200


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.ADMIN, 200), (Role.SUPERVOLUNTEER, 403), (Role.TEXTER, 403)],
)
def test_only_admins_and_owners_open_it(
    organization: Organization, message: Message, client_for: ClientFor, role: Role, status: int
) -> None:
    member = MembershipFactory(organization=organization, role=role)
    assert client_for(member.user).get(address(message)).status_code == status


def test_nobody_opens_what_belongs_to_others(
    client: Client, message: Message, stranger: Any, client_for: ClientFor
) -> None:
    assert client_for(stranger).get(address(message)).status_code == 404
    theirs = MessageFactory(organization=OrganizationFactory())
    base = f"/admin/{message.organization_id}/messages"
    assert client.get(f"{base}/{theirs.reference}").status_code == 404
    assert client.get(f"{base}/{uuid4()}").status_code == 404


def test_it_is_live_until_nothing_more_can_happen(client: Client, message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(send_status=SendStatus.SENT)
    (live,) = [e for e in Page(client.get(address(message))).all("section") if e.get("hx-get")]
    htmx = {"HX-Request": "true"}
    assert client.get(live.get("hx-get"), headers=htmx).status_code == 204
    report = DeliveryReport("s", ReportStatus.DELIVERED, reference=message.reference.hex)
    sending.apply_report(message.organization, "pigeon", report)
    news = client.get(live.get("hx-get"), headers=htmx)
    assert titles(news)[-1] == "Pigeon Post reports: delivered"
    assert not [e for e in Page(news).all("section") if e.get("hx-get")]


def linked(response: Any) -> list[str]:
    return [link.get("href") for link in Page(response).all("a") if "Timeline" in link.text]


def test_bubbles_lead_to_it_for_those_who_may_open_it(
    client: Client, organization: Organization, message: Message, client_for: ClientFor
) -> None:
    conversation = f"/admin/{organization.pk}/messages/{ADA}"
    assert linked(client.get(conversation)) == [address(message)]
    htmx = {"HX-Request": "true"}
    assert linked(client.get(f"{conversation}/updates", headers=htmx)) == [address(message)]
    other = MembershipFactory(organization=organization, role=Role.SUPERVOLUNTEER)
    assert linked(client_for(other.user).get(conversation)) == []


def test_the_lists_of_troubled_texts_lead_to_it(
    client: Client, organization: Organization, message: Message, client_for: ClientFor
) -> None:
    base = f"/admin/{organization.pk}/messages"
    assert linked(client.get(f"{base}?show=failed")) == [address(message)]
    assert linked(client.get(base)) == []
    other = MembershipFactory(organization=organization, role=Role.SUPERVOLUNTEER)
    assert linked(client_for(other.user).get(f"{base}?show=failed")) == []
    Message.objects.filter(pk=message.pk).update(send_status=SendStatus.UNKNOWN, due_at=None)
    assert linked(client.get(f"{base}/set-aside")) == [address(message)]


def test_a_text_that_was_sent_again_and_the_new_one_lead_to_each_other(
    client: Client, message: Message, admin: Any
) -> None:
    Message.objects.filter(pk=message.pk).update(send_status=SendStatus.UNKNOWN, due_at=None)
    again = doubts.send_again(message, admin)
    assert again is not None
    for here, there in ((message, again), (again, message)):
        links = [e for e in Page(client.get(address(here))).all("a") if e.text == "The other text"]
        assert [link.get("href") for link in links] == [address(there)]


def test_a_contacts_text_says_when_it_and_its_parts_came(
    client: Client, organization: Organization
) -> None:
    came = MessageFactory(
        organization=organization,
        is_from_contact=True,
        service="pigeon",
        sent_at=timezone.now() - timedelta(minutes=1),
    )
    for index in (1, 2):
        MessagePartFactory(
            organization=organization, service="pigeon", message=came, index=index, group=str(index)
        )
    response = client.get(address(came))
    assert titles(response) == ["Part 1 of 2 came", "Part 2 of 2 came", "It came over Pigeon Post"]
    assert "By the vendor’s clock" in Page(response).text


def test_a_text_older_than_timelines_says_so(
    client: Client, organization: Organization, admin: Any
) -> None:
    old = MessageFactory(organization=organization, service="pigeon", sender=admin)
    assert not is_complete(old)
    response = client.get(address(old))
    assert titles(response) == [f"Queued by {admin}"]
    assert "not all that happened to it was kept" in Page(response).text


DETAILS: dict[Step, dict[str, Any]] = {
    Step.CLAIMED: {"attempt": 2},
    Step.DECIDED: {"user_number": "+1212•••••23", "messageservice_sid": "pool"},
    Step.REPORTED: {"status": "ERROR", "code": 7, "opted_out": True, "late": True},
    Step.FOUND: {"status": "DELIVERED"},
    Step.SENT_AGAIN: {"by": "0", "reference": uuid4().hex},
    Step.MARKED_SENT: {"by": "0"},
    Step.LEFT_OUT: {"times": 7},
    Step.PART: {"index": 1, "total": 2},
}


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("service", ["pigeon", "nobody"])
def test_every_step_has_words_whatever_became_of_its_vendor(
    organization: Organization, step: Step, service: str
) -> None:
    details = {"service": service, **DETAILS.get(step, {})}
    message = MessageFactory(
        organization=organization,
        history=line(history.step(Step.QUEUED)) + line(history.step(step, **details)),
    )
    entry = timeline(message)[-1]
    assert entry.step == step
    assert entry.title
    assert (entry.error is not None) == ("code" in details)


def test_the_page_takes_few_queries(
    client: Client, message: Message, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(15):
        client.get(address(message))
