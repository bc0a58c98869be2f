"""Two hosts send one campaign; one of them is cut off from everything and comes back later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from service_vendors.models import Message, Organization, SendStatus
from service_vendors.sending import MessageDraft, send_messages
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory, a_number
from tests.servers.brokers import Broker
from tests.servers.conftest import Processes, text_over, wait_until
from tests.servers.hosts import Centre, passed_on

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

CAMPAIGN, LATER = 400, 60
LOCK_ALL = """
import time
from django.db import transaction
from service_vendors.models import Message
with transaction.atomic():
    print("locked", len(Message.objects.select_for_update()), flush=True)
    time.sleep(600)
"""


@pytest.fixture
def centre() -> Iterator[Centre]:
    """What both hosts reach."""
    with Centre() as centre:
        yield centre


@pytest.fixture
def company(centre: Centre) -> Iterator[FakeServiceServer]:
    """Takes each message half a second before whoever sends it learns so, and reports nothing."""
    with FakeServiceServer(host=centre.address) as server:
        server.behave(faults={"hang": 1}, hang_seconds=0.5, reports=False)
        yield server


@pytest.fixture
def environment(
    centre: Centre, company: FakeServiceServer, tmp_path: Path, settings: Any
) -> Iterator[dict[str, str]]:
    """The configuration of whoever works for the centre."""
    database = connection.settings_dict
    near = database["HOST"] or "127.0.0.1", int(database["PORT"] or 5432)
    login = f"{database['USER']}:{database['PASSWORD']}"
    broker = Broker(tmp_path, host=centre.address)
    chosen = text_over(company, settings)
    settings.BASE_URL = ""
    with passed_on(centre.address, near) as port:
        address = f"{login}@{centre.address}:{port}/{database['NAME']}"
        yield chosen | {
            "REDIS_URL": broker.url,
            "DATABASE_URL": f"postgres://{address}",
            "DATABASE_STUCK_SECONDS": "8",
        }
    broker.kill()


def test_what_a_host_that_is_cut_off_leaves_the_other_finishes(
    centre: Centre,
    company: FakeServiceServer,
    environment: dict[str, str],
    processes: Callable[[dict[str, str]], Processes],
) -> None:
    organization: Organization = OrganizationFactory()
    elsewhere = processes(environment)
    elsewhere.beat()
    lost, left = centre.host(), centre.host()
    # Each has its own configuration and files, as hosts have; what they share is the centre.
    on_lost = processes(environment | {"WEBHOOK_SPOOL": "spool-of-the-lost"})
    on_left = processes(environment | {"WEBHOOK_SPOOL": "spool-of-the-left"})
    on_lost.inside, on_left.inside = lost.inside, left.inside

    send_campaign(organization, CAMPAIGN)
    on_lost.worker()
    wait_until(lambda: taken(company) > 0, seconds=60, what="the first host to send")
    worker = on_left.worker()
    wait_until(lambda: taken(company) > CAMPAIGN // 8, seconds=60, what="the campaign to go on")
    lost.cut()
    doubted: set[int] = set()

    def rest_is_done() -> bool:
        unknown = Message.objects.filter(send_status=SendStatus.UNKNOWN)
        doubted.update(unknown.values_list("pk", flat=True))
        return not unfinished().exists()

    assert unfinished().count() > CAMPAIGN // 4, "the campaign was over before the cable was pulled"
    wait_until(rest_is_done, seconds=180, what="the other host to finish the campaign")
    assert doubted, "the host was cut off while it sent nothing"
    each_once(company)

    lost.mend()
    on_left.kill(worker)
    send_campaign(organization, LATER)
    wait_until(lambda: not unfinished().exists(), seconds=180, what="the host that came back")
    sent = each_once(company)
    settled = Message.objects.exclude(send_status=SendStatus.UNKNOWN)
    assert {one.hex for one in settled.values_list("reference", flat=True)} <= sent
    assert Message.objects.count() == CAMPAIGN + LATER


def test_rows_that_a_lost_host_had_locked_come_free(
    centre: Centre,
    company: FakeServiceServer,
    environment: dict[str, str],
    processes: Callable[[dict[str, str]], Processes],
) -> None:
    """The database does not learn that the host is gone: to it, the host says nothing."""
    host = centre.host()
    on_host, elsewhere = processes(environment), processes(environment)
    on_host.inside = host.inside
    send_campaign(OrganizationFactory(), LATER)
    on_host.script(LOCK_ALL)
    wait_until(
        lambda: "locked" in on_host.log.read_text(), seconds=60, what="the rows to be locked"
    )
    host.cut()
    elsewhere.beat()
    elsewhere.worker()
    wait_until(lambda: not unfinished().exists(), seconds=120, what="the rows to come free")
    each_once(company)


def send_campaign(organization: Organization, messages: int) -> None:
    drafts = [MessageDraft(a_number(n), "Vote!") for n in range(messages)]
    assert len(send_messages(organization, drafts).accepted) == messages


def unfinished() -> Any:
    """What a worker has yet to do something about."""
    return Message.objects.exclude(send_status__in=(SendStatus.SENT, SendStatus.DELIVERED)).exclude(
        send_status=SendStatus.UNKNOWN, due_at__isnull=True
    )


def taken(company: FakeServiceServer) -> int:
    return int(company.call("GET", "/ledger?limit=1")["count"])


def each_once(company: FakeServiceServer) -> set[str]:
    """The references that the vendor took, none of them twice."""
    sent = Counter(row["reference"] for row in company.sent())
    assert set(sent.values()) == {1}, "somebody was texted twice"
    return set(sent)
