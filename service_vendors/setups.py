"""Setting an organization's account up at its vendor, step by step, in the background.

What a step learned is saved before the next one begins, and each step of a vendor first looks for
what an earlier try made. So whatever dies in between, going on makes nothing a second time.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from service_vendors import broker, conf, configuration
from service_vendors.exceptions import (
    ConfigurationRejected,
    ServiceVendorsError,
    TransientVendorError,
    UnsupportedFeature,
)
from service_vendors.logs import log_fault
from service_vendors.models import AccountSetup, Organization
from service_vendors.types import Feature, SetupStep
from service_vendors.vendors import loop, registry

logger = logging.getLogger(__name__)

State = AccountSetup.State
OPEN: Final = Q(state__in=(State.WAITING, State.RUNNING))
# A worker that dies so often over one account is killed by it.
MOST_ATTEMPTS: Final = 5
ROUND: Final = 100


class _ClaimLost(Exception):
    """Somebody else works on it by now."""


def start(
    organization: Organization, service: str, *, actor: AbstractBaseUser | None
) -> AccountSetup:
    """Begin setting the organization's account up, or go on where it failed; how it stands.

    One that is under way already is left alone. Raises UnknownVendor, UnsupportedFeature, and
    ConfigurationRejected where organizations have no account of their own.
    """
    vendor_class = registry.vendor_class(service)
    if Feature.AUTO_CONFIGURE not in vendor_class.supports:
        raise UnsupportedFeature(f"{vendor_class.title} does not set accounts up by itself.")
    if not vendor_class.supports_org_config():
        raise ConfigurationRejected(
            f"The operators of this installation set {vendor_class.title} up for everybody."
        )
    with transaction.atomic():
        # The organization's row is the lock: two owners may press the button at once.
        Organization.objects.select_for_update().get(pk=organization.pk)
        setup = latest(organization, vendor_class.name)
        if setup is not None and setup.is_open:
            return setup
        resumed = setup is not None and setup.state == State.FAILED
        if setup is None or not resumed:
            setup = AccountSetup(organization=organization, service=vendor_class.name)
        setup.state, setup.error, setup.attempts = State.WAITING, "", 0
        setup.started_by_id = actor.pk if actor else None
        setup.started_by_name = actor.get_username() if actor else "the system"
        setup.due_at, setup.finished_at = _in(conf.seconds("REDISPATCH_SECONDS")), None
        setup.save()
        configuration.record(
            organization,
            actor,
            "auto-configure",
            f"{'Went on with' if resumed else 'Began'} the auto-configuration of "
            f"{vendor_class.title}.",
            service=vendor_class.name,
        )
        ids = [setup.pk]
        transaction.on_commit(lambda: _hand_over(ids), robust=True)
    return setup


def latest(organization: Organization, service: str) -> AccountSetup | None:
    """The organization's newest auto-configuration of a vendor."""
    setups = AccountSetup.objects.filter(organization=organization, service=service)
    return setups.order_by("-pk").first()


def run(setup_ids: Sequence[int]) -> None:
    """Work on those that wait or whose worker fell silent. Repeating it is safe."""
    for pk in setup_ids:
        setup = _claim(pk)
        if setup is not None:
            _work(setup)


def sweep() -> None:
    """Hand over (again) what no worker took, and what a worker left lying."""
    now = timezone.now()
    due = AccountSetup.objects.filter(OPEN, due_at__lte=now).order_by("due_at")
    ids = list(due.values_list("pk", flat=True)[:ROUND])
    AccountSetup.objects.filter(pk__in=ids, state=State.WAITING).update(
        due_at=_in(conf.seconds("REDISPATCH_SECONDS"))
    )
    AccountSetup.objects.filter(
        pk__in=ids, state=State.RUNNING, due_at__lte=now, attempts__gte=MOST_ATTEMPTS
    ).update(
        state=State.FAILED,
        claim_token=None,
        due_at=None,
        finished_at=now,
        error=f"The program stopped {MOST_ATTEMPTS} times while it worked on this step. "
        "Tell the operators of this installation, then try again.",
    )
    if ids:
        _hand_over(ids)


def _claim(pk: int) -> AccountSetup | None:
    """Take one that may be worked on now; nobody else can take it meanwhile."""
    token, now = uuid4(), timezone.now()
    free = Q(state=State.WAITING) | Q(state=State.RUNNING, due_at__lte=now)
    taken = AccountSetup.objects.filter(free, pk=pk).update(
        state=State.RUNNING, claim_token=token, attempts=F("attempts") + 1, due_at=_lease()
    )
    if not taken:
        return None
    setups = AccountSetup.objects.select_related("organization", "started_by")
    return setups.filter(pk=pk, claim_token=token).first()


def _work(setup: AccountSetup) -> None:
    """Go through the vendor's steps, and write down how that ended."""
    title = setup.service
    try:
        vendor = configuration.vendor_of(setup.organization, setup.service)
        title = vendor.title
        _go_through(setup, vendor.auto_configure())
    except _ClaimLost:
        logger.warning("Another worker took over %s.", setup)
    except TimeoutError:
        _fail(
            setup,
            f"{title} did not answer in time, so nobody knows whether this step took effect. "
            "Trying again looks first, and makes nothing twice.",
        )
    except TransientVendorError as error:
        _fail(setup, f"{error} Try again in a few minutes.")
    except ServiceVendorsError as error:
        _fail(setup, str(error))
    except Exception as error:  # noqa: BLE001 - its text may hold anything, a secret too
        log_fault(logger, "Setting up", error)
        _fail(
            setup,
            f"The program failed here ({type(error).__name__}). Try again; if it stays like this, "
            "tell the operators of this installation.",
        )
    else:
        _finish(setup, title)


def _go_through(setup: AccountSetup, steps: AsyncIterator[SetupStep]) -> None:
    limit = conf.call_seconds("SETUP_LEASE_SECONDS")
    try:
        while (step := loop.run(_next(steps), limit)) is not None:
            _note(setup, step)
    finally:
        with suppress(Exception):  # the reason why it ended matters, not how it took that
            loop.run(_close(steps), limit)


async def _next(steps: AsyncIterator[SetupStep]) -> SetupStep | None:
    return await anext(steps, None)


async def _close(steps: AsyncIterator[SetupStep]) -> None:
    close = getattr(steps, "aclose", None)
    if close is not None:
        await close()


def _note(setup: AccountSetup, step: SetupStep) -> None:
    """Save what a step learned together with how far we are. Raises _ClaimLost."""
    title = step.title[:200]
    with transaction.atomic():
        held = _held(setup)
        row = held.select_for_update().first()
        if row is None:
            raise _ClaimLost
        if step.config:
            configuration.save_vendor_config(
                setup.organization,
                setup.service,
                dict(step.config),
                actor=setup.started_by,
                check=False,
            )
        done = list(row.steps_done)
        if step.done and title not in done:
            done.append(title)
        held.update(
            steps_done=done,
            step="" if step.done else title,
            steps_total=step.total or row.steps_total,
            due_at=_lease(),
        )


def _finish(setup: AccountSetup, title: str) -> None:
    with transaction.atomic():
        if _end(setup, State.DONE, ""):
            configuration.record(
                setup.organization,
                setup.started_by,
                "auto-configure",
                f"The auto-configuration of {title} is done.",
                service=setup.service,
            )


def _fail(setup: AccountSetup, error: str) -> None:
    """``step`` says where it was; a vendor may have said so as well."""
    step = _held(setup).values_list("step", flat=True).first()
    _end(setup, State.FAILED, error.removeprefix(f"{step}: "))


def _end(setup: AccountSetup, state: AccountSetup.State, error: str) -> bool:
    """End it, unless somebody else works on it by now."""
    ended = _held(setup).update(
        state=state, error=error, claim_token=None, due_at=None, finished_at=timezone.now()
    )
    return bool(ended)


def _held(setup: AccountSetup) -> QuerySet[AccountSetup]:
    return AccountSetup.objects.filter(pk=setup.pk, claim_token=setup.claim_token)


def _hand_over(ids: list[int]) -> None:
    broker.hand_over("set_up_accounts", ids, batch_size=1)


def _lease() -> datetime:
    return _in(conf.seconds("SETUP_LEASE_SECONDS"))


def _in(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)
