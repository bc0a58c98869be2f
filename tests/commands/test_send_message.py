"""``manage.py send_message``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from threading import Timer

import pytest
from django.core.management.base import CommandError
from django.db import connection

from service_vendors.exceptions import PermanentVendorError
from service_vendors.models import Message, Organization, SendStatus
from tests.commands.conftest import Run
from tests.factories import OptOutFactory, OrganizationFactory
from tests.scripted_vendor import Script

NUMBER = "+12125560001"


def test_a_message_is_left_to_the_workers(organization: Organization, run: Run) -> None:
    said = run("send_message", str(organization.pk), "(212) 556-0001", "Vote!")
    message = Message.objects.get()
    assert said == f"{message.reference}: Queued to {NUMBER}\n"
    assert (message.text, message.send_status) == ("Vote!", SendStatus.QUEUED)


def test_the_organization_may_be_named_and_a_picture_sent_along(
    organization: Organization, run: Run
) -> None:
    url = "https://example.org/a.png"
    run("send_message", organization.name, NUMBER, "--media", url, "--from", "+12125550100")
    message = Message.objects.get()
    assert message.organization == organization
    assert message.media == [{"url": url, "content_type": ""}]
    assert message.user_number == "+12125550100"


def test_it_can_be_sent_from_here_without_a_worker(
    organization: Organization, run: Run, script: Script
) -> None:
    said = run("send_message", str(organization.pk), NUMBER, "Vote!", "--now")
    assert re.search(r"Sent to \+12125560001 from \+12125550100", said)
    assert [message.text for message in script.sent] == ["Vote!"]


def test_a_message_that_fails_is_an_error_in_the_vendors_words(
    organization: Organization, run: Run, script: Script
) -> None:
    script.answer = lambda _: PermanentVendorError("This number is not in service.", code=42)
    with pytest.raises(CommandError, match="not what you hoped for"):
        run("send_message", str(organization.pk), NUMBER, "Vote!", "--now")
    assert Message.objects.get().send_status == SendStatus.ERROR


@pytest.mark.parametrize(
    ("number", "text", "words"), [("12", "Vote!", "12"), (NUMBER, " ", "empty message")]
)
def test_what_cannot_be_sent_is_refused_in_words(
    organization: Organization, run: Run, number: str, text: str, words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        run("send_message", str(organization.pk), number, text)
    assert not Message.objects.exists()


def test_an_opted_out_contact_is_not_texted(organization: Organization, run: Run) -> None:
    OptOutFactory(organization=organization, cell=NUMBER)
    with pytest.raises(CommandError, match="START"):
        run("send_message", str(organization.pk), NUMBER, "Vote!")


@pytest.mark.parametrize("wanted", ["0", "9" * 30, "Nobody", ""])
def test_an_organization_there_is_not_is_told_with_those_there_are(
    organization: Organization, run: Run, wanted: str
) -> None:
    with pytest.raises(CommandError, match=f"{organization.pk} .{organization.name}.") as raised:
        run("send_message", wanted, NUMBER, "Vote!")
    assert repr(wanted) in str(raised.value)


def test_a_name_that_two_share_is_refused(organization: Organization, run: Run) -> None:
    OrganizationFactory(name=organization.name)
    with pytest.raises(CommandError, match="Use an id"):
        run("send_message", organization.name, NUMBER, "Vote!")


def test_a_name_made_of_digits_is_found_too(organization: Organization, run: Run) -> None:
    digits = OrganizationFactory(name="2026")
    run("send_message", "2026", NUMBER, "Vote!")
    assert Message.objects.get().organization == digits


def becomes(status: SendStatus, reason: str) -> None:
    """What a worker does meanwhile, in a process of its own."""
    try:
        Message.objects.update(send_status=status, status_reason=reason)
    finally:
        connection.close()


@pytest.fixture
def meanwhile(transactional_db: None) -> Iterator[list[Timer]]:
    """Timers that a test starts; awaited at its end."""
    timers: list[Timer] = []
    yield timers
    for timer in timers:
        timer.join()


def test_waiting_tells_each_status_until_the_final_one(
    meanwhile: list[Timer], organization: Organization, run: Run
) -> None:
    for seconds, status in ((0.6, SendStatus.SENT), (1.2, SendStatus.DELIVERED)):
        timer = Timer(seconds, becomes, (status, ""))
        timer.start()
        meanwhile.append(timer)
    said = run("send_message", str(organization.pk), NUMBER, "Vote!", "--wait")
    assert re.findall(r": (\w+) to", said) == ["Queued", "Sent", "Delivered"]


def test_waiting_for_what_fails_is_an_error(
    meanwhile: list[Timer], organization: Organization, run: Run
) -> None:
    timer = Timer(0.5, becomes, (SendStatus.NOT_ATTEMPTED, "They opted out."))
    timer.start()
    meanwhile.append(timer)
    with pytest.raises(CommandError, match="They opted out"):
        run("send_message", str(organization.pk), NUMBER, "Vote!", "--wait", "30")


def test_waiting_has_an_end(organization: Organization, run: Run) -> None:
    with pytest.raises(CommandError, match=r"still Queued\. Is a worker"):
        run("send_message", str(organization.pk), NUMBER, "Vote!", "--wait", "0.1")
