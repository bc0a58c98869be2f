"""The cases: what the engine does a second, from start to end, deployed as the guide says."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import redis
from django.db import connection, transaction
from django.db.models import QuerySet

from benchmarks import large, load
from benchmarks.servers import SECRET, Servers, get_json
from service_vendors.models import Message, Organization, SendStatus, WebhookEvent
from service_vendors.receiving import intake
from service_vendors.sending import MessageDraft, send_messages
from service_vendors.types import WebhookRequest

ACCEPTED: Final = 100_000
SENT: Final = 10_000
WEBHOOKS: Final = 10_000
CONNECTIONS: Final = 32
STEADY_PER_SECOND: Final = 200
WARM: Final = 500


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure, what should be reached, and the ceiling it is held against."""

    name: str
    title: str
    run: Callable[[Servers], float]
    reach: float
    ceiling: str
    unit: str = "/s"


# -- out -----------------------------------------------------------------------------------------


def outbound_accepted(servers: Servers) -> float:
    """A bulk of drafts is checked, stored as QUEUED, committed and handed to the workers."""
    organization = fresh_organization()
    drafts = _drafts(ACCEPTED)
    started = time.perf_counter()
    accepted = len(send_messages(organization, drafts).accepted)
    seconds = time.perf_counter() - started
    must_be(accepted, ACCEPTED, "messages accepted")
    return ACCEPTED / seconds


def outbound_sent(
    latency_seconds: float, service: str = "fakeservice"
) -> Callable[[Servers], float]:
    """Committed messages are handed over, claimed, sent over HTTP and recorded by the workers."""

    def run(servers: Servers) -> float:
        organization = fresh_organization(DEFAULT_SERVICE=service)
        with servers.vendor(latency_seconds) as url, servers.workers():
            send_messages(organization, _drafts(WARM))
            servers.wait_until(lambda: not _unsent().exists(), "the first messages to be sent")
            with transaction.atomic():
                send_messages(organization, _drafts(SENT))
                started = time.perf_counter()
            servers.wait_until(lambda: not _unsent().exists(), "all messages to be sent", 300)
            seconds = time.perf_counter() - started
            said = get_json(url)
            must_be(said["taken"], SENT + WARM, "messages at the vendor")
            must_be(said["different"], SENT + WARM, "different messages at the vendor")
            must_be(_sent().count(), SENT + WARM, "messages recorded as sent")
        return SENT / seconds

    return run


# -- in ------------------------------------------------------------------------------------------


def webhook_accepted(servers: Servers) -> float:
    """Signed webhooks are verified, committed to the inbox and answered, over 32 connections."""
    posted = _post_texts(servers, WEBHOOKS)
    return WEBHOOKS / posted.seconds


def webhook_answer(servers: Servers) -> float:
    """The slowest answer but one in a hundred, in milliseconds, while 200 a second come."""
    posted = _post_texts(servers, STEADY_PER_SECOND * 10, per_second=STEADY_PER_SECOND)
    return posted.p99 * 1000


def webhook_saved(servers: Servers) -> float:
    """Webhooks come in and are applied by the workers at the same time, to the last message."""
    organization = fresh_organization()
    with servers.workers(), servers.site() as port:
        _post(organization, port, load.texts(WARM, "warm"))
        servers.wait_until(lambda: not _unapplied().exists(), "the first webhooks to be applied")
        calls = _signed(organization, load.texts(WEBHOOKS, "run"))
        started = time.perf_counter()
        load.post(calls, port, connections=CONNECTIONS)
        servers.wait_until(lambda: not _unapplied().exists(), "all webhooks to be applied", 300)
        seconds = time.perf_counter() - started
    must_be(Message.objects.count(), WEBHOOKS + WARM, "messages saved")
    return WEBHOOKS / seconds


def reports_applied(servers: Servers) -> float:
    """Delivery reports that stand in the inbox are applied to their messages by the workers."""
    organization = fresh_organization()
    with transaction.atomic():
        send_messages(organization, _drafts(WEBHOOKS + WARM))
        Message.objects.update(send_status=SendStatus.SENT, due_at=None)
    references = [found.hex for found in Message.objects.values_list("reference", flat=True)]
    redis.Redis.from_url(os.environ["REDIS_URL"]).flushdb()
    events = [
        _stored(organization, body) for body in load.reports(references, str(organization.pk))
    ]
    WebhookEvent.objects.bulk_create(events, batch_size=1_000)
    ids = [event.pk for event in events]
    with servers.workers():
        intake.hand_over(ids[:WARM])
        servers.wait_until(lambda: _unapplied().count() == WEBHOOKS, "the first to be applied")
        started = time.perf_counter()
        intake.hand_over(ids[WARM:])
        servers.wait_until(lambda: not _unapplied().exists(), "all reports to be applied", 300)
        seconds = time.perf_counter() - started
    delivered = Message.objects.filter(send_status=SendStatus.DELIVERED).count()
    must_be(delivered, WEBHOOKS + WARM, "messages delivered")
    return WEBHOOKS / seconds


CASES: Final = (
    Case("accepted", "outbound accepted (bulk of 100,000)", outbound_accepted, 20_000, "rows"),
    Case("sent", "outbound sent, vendor of 0 ms", outbound_sent(0.0), 3_000, "sender"),
    Case("sent-slow", "outbound sent, vendor of 100 ms", outbound_sent(0.1), 3_000, "sender-slow"),
    Case(
        "twilio",
        "twilio, over its SDK and TLS, 0 ms",
        outbound_sent(0.0, "twilio"),
        1_500,
        "sender",
    ),
    Case(
        "twilio-slow",
        "twilio, over its SDK and TLS, 100 ms",
        outbound_sent(0.1, "twilio"),
        1_500,
        "sender-slow",
    ),
    Case("webhook", "webhook accepted (32 connections)", webhook_accepted, 5_000, "probe"),
    Case("answer", "webhook answer p99 at 200/s", webhook_answer, 50, "", "ms"),
    Case("saved", "webhook to saved message", webhook_saved, 2_500, "probe"),
    Case("reports", "delivery reports applied", reports_applied, 5_000, "rows"),
    Case(
        "table",
        "claim, record, report and sweep, 10 million messages against 10,000",
        large.how_many_times_slower,
        1.5,
        "",
        "x",
    ),
    Case("pages", "pages p95, 1 million messages, 10,000 numbers", large.slow_page, 150, "", "ms"),
)


# -- what they share -----------------------------------------------------------------------------


def fresh_organization(**features: str) -> Organization:
    """One organization in an empty installation."""
    with connection.cursor() as cursor:
        # A bulk of the case before may be large: its leftovers are not this case's burden.
        cursor.execute(
            "TRUNCATE service_vendors_message, service_vendors_webhookevent,"
            " service_vendors_organization CASCADE"
        )
    redis.Redis.from_url(os.environ["REDIS_URL"]).flushdb()
    return Organization.objects.create(name="Benchmark", features=features)


def must_be(found: int, wanted: int, what: str) -> None:
    """A figure counts only if everything happened, once. Raises RuntimeError."""
    if found != wanted:
        raise RuntimeError(f"{found} instead of {wanted} {what}.")


def _drafts(count: int) -> list[MessageDraft]:
    return [
        MessageDraft(f"+1212{2_000_000 + n:07d}", f"Hi! Will you vote on Tuesday? ({n})")
        for n in range(count)
    ]


def _unsent() -> QuerySet[Message]:
    return Message.objects.filter(send_status__in=(SendStatus.QUEUED, SendStatus.SENDING))


def _sent() -> QuerySet[Message]:
    return Message.objects.filter(send_status=SendStatus.SENT)


def _unapplied() -> QuerySet[WebhookEvent]:
    return WebhookEvent.objects.filter(status=WebhookEvent.Status.PENDING)


def _post_texts(servers: Servers, count: int, per_second: float | None = None) -> load.Posted:
    """Bring so many texts to a site that nobody else uses."""
    organization = fresh_organization()
    with servers.site() as port:
        _post(organization, port, load.texts(WARM, "warm"))
        calls = _signed(organization, load.texts(count, "run"))
        posted = load.post(calls, port, connections=CONNECTIONS, per_second=per_second)
    must_be(WebhookEvent.objects.count(), count + WARM, "webhooks stored")
    return posted


def _post(organization: Organization, port: int, bodies: load.Bodies) -> None:
    load.post(_signed(organization, bodies), port, connections=CONNECTIONS)


def _signed(organization: Organization, bodies: load.Bodies) -> list[bytes]:
    return load.signed(bodies, f"/fakeservice/{organization.pk}", SECRET)


def _stored(organization: Organization, body: bytes) -> WebhookEvent:
    """An event as the site would have stored it."""
    request = WebhookRequest("fakeservice", "POST", "http://127.0.0.1/fakeservice", body=body)
    return WebhookEvent(
        service="fakeservice",
        organization=organization,
        event_key=intake.event_key(request),
        address="fakeservice",
        method="POST",
        url=request.url,
        headers={"content-type": "application/json"},
        body=body,
    )
