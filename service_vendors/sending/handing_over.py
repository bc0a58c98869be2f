"""Handing messages to the workers: replies one by one, bulks by turns."""

from __future__ import annotations

from collections.abc import Iterable

from service_vendors import broker, conf
from service_vendors.models import Message, Priority, SendStatus
from service_vendors.sending.bulks import hand_over_bulks


def hand_over(messages: Iterable[Message]) -> None:
    """Give messages to the workers; what the broker does not take is left to the sweeper."""
    replies: list[int] = []
    organizations: set[int] = set()
    for message in messages:
        if message.priority == Priority.REPLY:
            replies.append(message.pk)
        else:
            organizations.add(message.organization_id)
    batch_size = conf.whole("SEND_BATCH_SIZE")
    if replies and not broker.hand_over("send_replies", replies, batch_size=batch_size):
        Message.objects.filter(pk__in=replies, send_status=SendStatus.QUEUED).update(
            dispatched_at=None
        )
    hand_over_bulks(organizations)
