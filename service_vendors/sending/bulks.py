"""Bulks take turns: a batch of one organization's, then a batch of the next one's.

However large a bulk is, its organization has one ticket in the queue. The worker that takes it
claims a batch, puts the ticket back at the end of the queue and sends. So the share of each
organization is the same, and no list of ids goes through the broker.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Final

from celery import current_app
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from service_vendors import broker, conf
from service_vendors.models import BulkTurn, Message
from service_vendors.models.rows import take
from service_vendors.sending import ledger
from service_vendors.sending.dispatch import dispatch_claimed

# So many organizations may begin together: most have only a few messages whose time has come.
TOGETHER: Final = 10

Ticket = Sequence[int]  # the organization's id and the number of its turn


def hand_over_bulks(organization_ids: Collection[int]) -> None:
    """See that each of the organizations has a ticket in the queue.

    One that nobody took for long may be lost: it is handed over once more. Only one is of use.
    """
    if not organization_ids:
        return
    now = timezone.now()
    long_ago = now - timedelta(seconds=conf.seconds("REDISPATCH_SECONDS"))
    BulkTurn.objects.bulk_create(
        [BulkTurn(organization_id=pk) for pk in sorted(organization_ids)], ignore_conflicts=True
    )
    absent = Q(handed_over_at__isnull=True) | Q(handed_over_at__lte=long_ago)
    with transaction.atomic():
        turns = take(
            BulkTurn.objects.filter(absent, organization__in=organization_ids), handed_over_at=now
        )
    _hand_over(turns, TOGETHER)


def send_bulks(tickets: Sequence[Ticket]) -> None:
    """Take the turns of some organizations: send a batch, a part of it for each.

    Those that have more to send are back in the queue before that.
    """
    while tickets:
        turns = _taken(tickets)
        share = max(1, conf.whole("SEND_BATCH_SIZE") // max(1, len(turns)))
        batch: list[Message] = []
        more: list[BulkTurn] = []
        for turn in turns:
            messages = ledger.claim_bulk(turn.organization_id, share)
            batch += messages
            if len(messages) == share:
                more.append(turn)
        _end([turn for turn in turns if turn not in more])
        tickets = []
        if current_app.conf.task_always_eager:  # there is no queue: go on here
            tickets = _tickets(more)
        else:
            _hand_over(more, 1)
        dispatch_claimed(batch)


def _taken(tickets: Sequence[Ticket]) -> list[BulkTurn]:
    """The turns that nobody took before; from now on their next number counts."""
    wanted = reduce(or_, (Q(organization=pk, number=number) for pk, number in tickets))
    with transaction.atomic():
        chosen = BulkTurn.objects.filter(wanted)
        return take(chosen, number=F("number") + 1, handed_over_at=timezone.now())


def _hand_over(turns: Sequence[BulkTurn], together: int) -> None:
    if turns and not broker.hand_over("send_bulks", _tickets(turns), batch_size=together):
        _end(turns)


def _end(turns: Sequence[BulkTurn]) -> None:
    """Take tickets out of the queue; who still has messages gets one when the sweeper looks."""
    if turns:
        still = reduce(or_, (Q(organization=t.organization_id, number=t.number) for t in turns))
        BulkTurn.objects.filter(still).update(handed_over_at=None)


def _tickets(turns: Sequence[BulkTurn]) -> list[Ticket]:
    return [(turn.organization_id, turn.number) for turn in turns]
