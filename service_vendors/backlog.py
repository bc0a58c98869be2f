"""What waits in the database, and for how long: the queues of this program, read at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q
from django.utils import timezone

from service_vendors.models import Message, SendStatus, WebhookEvent


@dataclass(frozen=True, slots=True)
class Queue:
    """So many that are due, the first of them for so many seconds."""

    count: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Backlog:
    """All queues. Each is counted through the partial index that its workers use, too."""

    messages: Queue  # to be sent now
    sending: int  # with a vendor at this moment
    unknown: int  # nobody knows yet whether they were sent
    in_doubt: int  # nobody will find out; an admin decides
    events: Queue  # to be applied now
    set_aside: int  # could not be applied; an admin decides

    @property
    def oldest_seconds(self) -> float:
        """For how long the first of anything has been due."""
        return max(self.messages.oldest_seconds, self.events.oldest_seconds)


def read() -> Backlog:
    """The queues at this moment, of all organizations."""
    now = timezone.now()
    waiting = (SendStatus.QUEUED, SendStatus.SENDING, SendStatus.UNKNOWN)
    queued = Q(send_status=SendStatus.QUEUED, due_at__lte=now)
    unknown = Q(send_status=SendStatus.UNKNOWN)
    messages = Message.objects.filter(send_status__in=waiting).aggregate(
        due=Count("pk", filter=queued),
        first=Min("due_at", filter=queued),
        sending=Count("pk", filter=Q(send_status=SendStatus.SENDING)),
        unknown=Count("pk", filter=unknown),
        in_doubt=Count("pk", filter=unknown & Q(due_at__isnull=True)),
    )
    pending = WebhookEvent.objects.filter(status=WebhookEvent.Status.PENDING, due_at__lte=now)
    events = pending.aggregate(due=Count("pk"), first=Min("due_at"))
    set_aside = WebhookEvent.objects.filter(status=WebhookEvent.Status.SET_ASIDE).count()
    return Backlog(
        messages=_queue(messages["due"], messages["first"], now),
        sending=messages["sending"],
        unknown=messages["unknown"],
        in_doubt=messages["in_doubt"],
        events=_queue(events["due"], events["first"], now),
        set_aside=set_aside,
    )


def _queue(count: int, first: datetime | None, now: datetime) -> Queue:
    return Queue(count, (now - first).total_seconds() if first else 0.0)
