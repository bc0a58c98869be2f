"""Who asked an organization to stop texting them: the keywords, the record, the check."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from service_vendors.managers.registry import managers_of
from service_vendors.models import Message, OptOut, Organization, OrganizationContact
from service_vendors.models.among import Among
from service_vendors.types import Keyword

# What a trigger takes when an opt-out is committed (migration "opt_outs_wait_for_calls").
LOCK: Final = 5_932_180_441

# The CTIA's Messaging Principles and the FCC's 2025 revocation rule (47 CFR 64.1200(a)(10)).
KEYWORDS: Final = {
    **dict.fromkeys(
        (
            "stop",
            "stopall",
            "stop all",
            "unsubscribe",
            "cancel",
            "end",
            "quit",
            "revoke",
            "optout",
            "opt out",
            "opt-out",
        ),
        Keyword.STOP,
    ),
    **dict.fromkeys(("start", "unstop", "subscribe"), Keyword.START),
    **dict.fromkeys(("help", "info"), Keyword.HELP),
}


def keyword_in(text: str) -> Keyword | None:
    """What a contact's text asks for, when it is nothing but a keyword; else None.

    Case, surrounding space, quotes and punctuation do not matter: ``"Stop!"`` is STOP.
    """
    words = re.sub(r"\s+", " ", re.sub(r"[^\w\s-]", "", text)).strip().lower()
    return KEYWORDS.get(words)


def is_opted_out(organization: Organization, cell: str) -> bool:
    """Whether a contact's opt-out is in force."""
    return cell in opted_out(organization, [cell])


def opted_out(organization: Organization, cells: Collection[str]) -> set[str]:
    """Those of the numbers whose opt-out is in force."""
    return set(
        OptOut.objects.filter(
            Among("cell", cells), organization=organization, ended_at__isnull=True
        ).values_list("cell", flat=True)
    )


def in_force(asked: Collection[tuple[int, str]]) -> set[tuple[int, str]]:
    """The same for numbers of several organizations, each with its organization's id."""
    found = OptOut.objects.filter(
        Among("cell", {cell for _, cell in asked}),
        organization__in={organization for organization, _ in asked},
        ended_at__isnull=True,
    )
    return set(found.values_list("organization", "cell")) & set(asked)


def hold_up(seconds: float) -> None:
    """Let no opt-out be committed until this transaction ends: those before it are seen by its
    next statement.

    It waits for those that are being committed now, ``seconds`` at most, and a transaction that
    then does nothing for so long is broken off. Raises DatabaseError. On SQLite a transaction
    that began as IMMEDIATE is all it takes.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for limit in ("lock_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute("SELECT set_config(%s, %s, true)", (limit, f"{seconds:.0f}s"))
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", (LOCK,))


def stop(
    organization: Organization,
    cell: str,
    *,
    source: OptOut.Source = OptOut.Source.KEYWORD,
    message: Message | None = None,
) -> bool:
    """Record that a contact wants no more texts; False when that was already in force."""
    with transaction.atomic():
        _, created = OptOut.objects.get_or_create(
            organization=organization,
            cell=cell,
            ended_at=None,
            defaults={"source": source, "message": message},
        )
        _set_subscribe_status(organization, cell, OrganizationContact.SubscribeStatus.UNSUBSCRIBED)
        if created:
            for manager in managers_of(organization):
                manager.on_opt_out(organization, cell, Keyword.STOP)
    return created


def start(organization: Organization, cell: str) -> bool:
    """Record that a contact wants texts again; False when no opt-out was in force."""
    with transaction.atomic():
        ended = OptOut.objects.filter(
            organization=organization, cell=cell, ended_at__isnull=True
        ).update(ended_at=timezone.now())
        _set_subscribe_status(organization, cell, OrganizationContact.SubscribeStatus.SUBSCRIBED)
        if ended:
            for manager in managers_of(organization):
                manager.on_opt_out(organization, cell, Keyword.START)
    return bool(ended)


def _set_subscribe_status(
    organization: Organization, cell: str, status: OrganizationContact.SubscribeStatus
) -> None:
    OrganizationContact.objects.update_or_create(
        organization=organization, contact_number=cell, defaults={"subscribe_status": status}
    )
