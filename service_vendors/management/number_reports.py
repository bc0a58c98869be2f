"""What commands about phone numbers do alike: work on a job to its end, and say how it ended."""

from __future__ import annotations

import json
import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread, current_thread, main_thread
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connection

from service_vendors import inventory
from service_vendors.exceptions import NumbersRefused, VendorError
from service_vendors.management.arguments import (
    ExampleCommand,
    add_organization,
    add_output,
    organization_named,
)
from service_vendors.management.progress import Progress
from service_vendors.models import NumberJob, Organization


class NumbersCommand(ExampleCommand, ABC):
    """A command about an organization's phone numbers. What it refuses is told in one line."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take ORG, and speak to programs; a command adds what else it takes."""
        add_organization(parser)
        add_output(parser)

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it; what the inventory or the vendor refuses is no surprise."""
        try:
            self.act(organization_named(options["organization"]), options)
        except (NumbersRefused, VendorError) as error:
            raise CommandError(str(error)) from error

    @abstractmethod
    def act(self, organization: Organization, options: dict[str, Any]) -> None:
        """What the command does. May raise NumbersRefused and VendorError."""

    def carry_out(self, job: NumberJob, options: dict[str, Any]) -> NumberJob:
        """Work on a job to its end and show how far it is. Ctrl-C cancels it in good order."""
        out = self.stderr if options["json"] else self.stdout
        progress = Progress(out)

        def tell(now: NumberJob) -> None:
            progress.show(now.done + now.failed, now.limit, _words(now))

        with _cancelled_by_ctrl_c(job):
            inventory.follow(job, tell=tell)
        progress.end()
        return job

    def report(self, job: NumberJob, options: dict[str, Any]) -> None:
        """Say how a job ended. Raises CommandError unless all of it was done."""
        if options["json"]:
            self.stdout.write(json.dumps(described(job)))
        if job.state != NumberJob.State.DONE:
            raise CommandError(job.outcome, returncode=2 if job.done else 1)
        if not options["json"]:
            self.stdout.write(job.outcome)


@contextmanager
def _cancelled_by_ctrl_c(job: NumberJob) -> Iterator[None]:
    """Let Ctrl-C ask a job to stop; a second one stops the command, and workers end the job."""

    def cancel() -> None:
        try:
            inventory.cancel(NumberJob.objects.get(pk=job.pk))
        finally:
            connection.close()  # this thread's own

    def wish(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        Thread(target=cancel, name="cancel").start()

    if current_thread() is not main_thread():  # signals are heard there alone
        yield
        return
    before = signal.signal(signal.SIGINT, wish)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _words(job: NumberJob) -> str:
    """How far a job is now."""
    words = f"{job.done} of {job.limit}" if job.limit else "asking the vendor"
    if job.is_open and job.cancel_requested_at:
        words += " (stopping: what is under way is brought to its end first)"
    elif job.is_open and job.outcome:
        words += f" ({job.outcome})"
    return words


def described(job: NumberJob) -> dict[str, Any]:
    """A job for programs."""
    return {
        "reference": str(job.reference),
        "kind": job.kind,
        "state": job.state,
        "area_code": job.area_code,
        "limit": job.limit,
        "done": job.done,
        "outcome": job.outcome,
    }
