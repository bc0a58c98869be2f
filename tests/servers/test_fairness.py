"""Nobody waits for the end of somebody else's campaign.

As large a campaign as CI has time for. CAMPAIGN=100000 sends as many as a national one does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from service_vendors.models import Message, Organization, SendStatus
from service_vendors.sending import MessageDraft, send_message, send_messages
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory, a_number
from tests.servers.conftest import Processes, text_over, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

CAMPAIGN = int(os.environ.get("CAMPAIGN", "3000"))
REPLIES = 5
OURS = "+12125550100"


@pytest.fixture
def company(settings: Any, live_server: Any) -> Iterator[FakeServiceServer]:
    """A vendor that takes a while for each text and reports nothing."""
    with FakeServiceServer() as server:
        server.behave(latency_seconds=0.1, reports=False)
        yield server


@pytest.fixture
def start(
    company: FakeServiceServer,
    processes: Callable[[dict[str, str]], Processes],
    settings: Any,
) -> Callable[..., Processes]:
    """Start beat and workers, one of them for what somebody waits for, as the guide does."""

    def start(**environment: str) -> Processes:
        chosen = text_over(company, settings) | {"LOG_LEVEL": "WARNING"} | environment
        settings.BASE_URL = ""
        running = processes(chosen)
        settings.SEND_BATCH_SIZE = int(chosen["SEND_BATCH_SIZE"])
        running.beat()
        running.worker(threads=2, queues="replies,due")
        running.worker(threads=2)
        return running

    return start


def campaign(organization: Organization, count: int) -> None:
    drafts = [MessageDraft(a_number(n), f"Vote! ({n})", user_number=OURS) for n in range(count)]
    send_messages(organization, drafts)


def sent(organization: Organization) -> int:
    return Message.objects.filter(organization=organization, send_status=SendStatus.SENT).count()


def until_sent(message: Message) -> float:
    """Wait until it is; after how many seconds that was."""
    began = time.monotonic()
    found = Message.objects.filter(pk=message.pk, send_status=SendStatus.SENT)
    wait_until(found.exists, seconds=60, what="a reply to be sent")
    return time.monotonic() - began


def test_replies_are_sent_while_most_of_anothers_campaign_waits(
    start: Callable[..., Processes],
) -> None:
    start()
    busy, other = OrganizationFactory(), OrganizationFactory()
    campaign(busy, CAMPAIGN)
    wait_until(lambda: sent(busy) > 0, seconds=60, what="the campaign to begin")
    waits = [
        until_sent(send_message(other, a_number(50_000 + n), "Yes, we do.", user_number=OURS))
        for n in range(REPLIES)
    ]
    done = sent(busy)
    print(f"\n{done} of {CAMPAIGN} were sent; replies took {[round(one, 2) for one in waits]} s")  # noqa: T201
    assert done < CAMPAIGN * 0.8, "the campaign was nearly over before the replies were sent"
    wait_until(lambda: sent(busy) == CAMPAIGN, seconds=60 + CAMPAIGN / 50, what="the campaign")


def test_a_second_campaign_does_not_wait_for_the_end_of_the_first(
    start: Callable[..., Processes],
) -> None:
    start()
    first, second = OrganizationFactory(), OrganizationFactory()
    campaign(first, CAMPAIGN)
    wait_until(lambda: sent(first) > 0, seconds=60, what="the first campaign to begin")
    campaign(second, CAMPAIGN // 10)
    wait_until(
        lambda: sent(second) == CAMPAIGN // 10,
        seconds=60 + CAMPAIGN / 50,
        what="the second campaign",
    )
    done = sent(first)
    print(f"\n{done} of {CAMPAIGN} were sent when the second campaign was over")  # noqa: T201
    assert done < CAMPAIGN * 0.8, "the second campaign waited for the first"


def test_a_reply_goes_before_the_campaign_that_waits_for_the_same_slow_number(
    start: Callable[..., Processes],
) -> None:
    start(SEND_RATE_LONG_CODE="20")
    organization = OrganizationFactory()
    campaign(organization, 200)
    wait_until(lambda: sent(organization) > 5, seconds=60, what="the campaign to begin")
    wait = until_sent(send_message(organization, a_number(50_000), "Yes!", user_number=OURS))
    done = sent(organization)
    print(f"\n{done} of 201 were sent; the reply took {wait:.2f} s")  # noqa: T201
    assert done < 150
    wait_until(lambda: sent(organization) == 201, seconds=120, what="the campaign")
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}
