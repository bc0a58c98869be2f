"""One vendor account fails under several workers: it is left alone, and others go on texting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from service_vendors import configuration, shared_state
from service_vendors.models import Message, Organization, SendStatus
from service_vendors.sending import MessageDraft, another_try, breaker, send_messages
from service_vendors.sending.circuit import State
from service_vendors.sending.outcomes import Accepted, Uncertain
from service_vendors.types import SendReceipt
from service_vendors.vendors import registry
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import MessageFactory, OrganizationFactory, UserFactory, a_number
from tests.servers.conftest import Processes, text_over, wait_until
from tests.trouble import account_of

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

MESSAGES, WORKERS, THREADS, BATCH = 400, 3, 2, 20
AT_ONCE = 8


@pytest.fixture
def company() -> Iterator[FakeServiceServer]:
    """The company that everybody texts over who has no account elsewhere."""
    with FakeServiceServer() as server:
        yield server


@pytest.fixture
def failing() -> Iterator[FakeServiceServer]:
    """Another company, which takes no message at all."""
    with FakeServiceServer() as server:
        server.behave(faults={"refuse": 1})
        yield server


def statuses(organization: Organization) -> Counter[str]:
    sent = Message.objects.filter(organization=organization)
    return Counter(sent.values_list("send_status", flat=True))


def taken(company: FakeServiceServer) -> Counter[str]:
    return Counter(row["reference"] for row in company.sent())


def send(organization: Organization) -> None:
    drafts = [MessageDraft(a_number(n), f"Message {n}") for n in range(MESSAGES)]
    assert len(send_messages(organization, drafts).accepted) == MESSAGES


def test_an_account_that_fails_is_left_alone_by_all_workers_and_others_go_on_texting(
    company: FakeServiceServer,
    failing: FakeServiceServer,
    settings: Any,
    processes: Callable[[dict[str, str]], Processes],
) -> None:
    # No probe is made before an owner wants one: so all calls can be counted.
    environment = text_over(company, settings) | {"BREAKER_PAUSE_SECONDS": "600"}
    settings.BREAKER_PAUSE_SECONDS = 600
    unlucky, lucky = OrganizationFactory(), OrganizationFactory()
    configuration.save_vendor_config(
        unlucky, "fakeservice", failing.account(), actor=None, check=False
    )
    celery = processes(environment)
    celery.beat()
    for _ in range(WORKERS):
        celery.worker(threads=THREADS)
    send(unlucky)
    send(lucky)

    wait_until(
        lambda: statuses(lucky) == {SendStatus.DELIVERED: MESSAGES},
        seconds=120,
        what=f"the other organization's texts: {statuses(lucky)}",
    )
    wait_until(
        lambda: breaker.standing(account_of(unlucky)).state is State.OPEN,
        seconds=60,
        what="the breaker to open",
    )
    assert breaker.standing(account_of(lucky)).is_closed
    assert max(taken(company).values()) == 1
    held = Message.objects.filter(organization=unlucky, status_reason__contains="has trouble")
    wait_until(lambda: held.count() == MESSAGES, seconds=60, what="all others to be held back")
    calls = sum(Message.objects.filter(organization=unlucky).values_list("attempts", flat=True))
    print(f"\n{calls} calls for {MESSAGES} texts before the account was left alone")  # noqa: T201
    assert 50 <= calls <= 50 + WORKERS * THREADS * BATCH, "what was under way when it opened"
    assert taken(failing) == {}

    failing.behave()
    assert another_try.try_again(unlucky, "fakeservice", UserFactory())
    wait_until(
        lambda: statuses(unlucky) == {SendStatus.DELIVERED: MESSAGES},
        seconds=120,
        what=f"what was held back to go out: {statuses(unlucky)}",
    )
    assert breaker.standing(account_of(unlucky)).is_closed
    assert len(taken(failing)) == MESSAGES and max(taken(failing).values()) == 1


# -- one breaker for all processes ---------------------------------------------------------------


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """What so many threads get who all begin at the same moment."""
    barrier = Barrier(AT_ONCE)

    def begin(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(begin, range(AT_ONCE)))


@pytest.fixture
def organization(redis_url: str, company: FakeServiceServer, settings: Any) -> Organization:
    """An organization whose breaker Redis keeps."""
    text_over(company, settings)
    settings.REDIS_URL = redis_url
    return OrganizationFactory()


def test_every_error_counts_once_whoever_sees_it(organization: Organization) -> None:
    account = account_of(organization)
    failed = breaker.Permit(account), Uncertain("No answer.")
    at_once(lambda _: [breaker.learn([failed]) for _ in range(6)])
    assert breaker.standing(account).errors == 48
    breaker.learn([failed])
    assert breaker.standing(account).is_closed
    breaker.learn([failed])
    assert breaker.standing(account).state is State.OPEN
    assert breaker.census() == {("fakeservice", State.OPEN): 1}


def test_of_all_workers_one_makes_the_probes(organization: Organization) -> None:
    account, vendor = account_of(organization), registry.get_vendor(organization)
    messages = [MessageFactory(organization=organization) for _ in range(10)]
    breaker.learn([(breaker.Permit(account), Uncertain("No answer."))] * 50)
    assert breaker.probe_now(account)
    admitted = at_once(lambda _: breaker.admit(vendor, messages))
    assert sorted(len(messages) - len(held) for _, held in admitted) == [0] * (AT_ONCE - 1) + [3]
    permit = next(permit for permit, held in admitted if len(held) < len(messages))
    breaker.learn([(permit, Accepted(SendReceipt("it-works")))])
    assert breaker.standing(account).is_closed
    assert not breaker.census()


def test_a_flushed_redis_costs_the_breakers_and_nothing_else(organization: Organization) -> None:
    account = account_of(organization)
    breaker.learn([(breaker.Permit(account), Uncertain("No answer."))] * 50)
    assert not breaker.standing(account).is_closed
    redis = shared_state.client()
    assert redis is not None
    redis.flushdb()
    assert breaker.standing(account).is_closed
    assert not breaker.census()
