"""Work on a job in a process of its own that is killed the hard way, at any step one likes.

A step is where what is visible outside the process differs from before: right before each statement
that changes the database, and right before and right after each call of the vendor. (Right after a
statement is as right before it, for it is rolled back, or as right before the next one.)
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

from service_vendors.inventory import jobs
from service_vendors.models import NumberJob
from service_vendors.vendors import http


class Steps:
    """Counts steps, and kills this process at one of them (0: never)."""

    def __init__(self, last: int = 0) -> None:
        self.last = last
        self.taken = 0

    def step(self) -> None:
        """One more; perhaps the last."""
        self.taken += 1
        if self.taken == self.last:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)  # until the kernel gets to it

    def around_query(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        """A statement to the database; the first argument is its SQL."""
        if str(arguments[0]).startswith(("INSERT", "UPDATE", "DELETE")):
            self.step()
        return execute(*arguments)

    def around_calls(self) -> None:
        """Count this process's calls of the vendor, from now on."""
        ask = http.request

        async def request(*arguments: Any, **options: Any) -> Any:
            self.step()
            answer = await ask(*arguments, **options)
            self.step()
            return answer

        http.request = request


def work_in_a_process(job: NumberJob, *, last_step: int = 0, seconds: float | None = None) -> bool:
    """Work on a job in a process that is killed at a step, or after some time.

    Whether it was killed before it was done.
    """
    _close_connections()
    child = os.fork()
    if child == 0:
        _work_and_leave(job.pk, last_step)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the process broke"
    return os.WIFSIGNALED(status)


def steps_of(job: NumberJob) -> int:
    """Work on a job here; how many steps that takes."""
    steps = Steps()
    ask = http.request
    steps.around_calls()
    try:
        with connection.execute_wrapper(steps.around_query):
            while jobs.take_turn(job.pk):
                pass
    finally:
        http.request = ask
    return steps.taken


def lease_runs_out(job: NumberJob, *, quiet_seconds: float = 0.05) -> None:
    """As if the dead worker had been silent for long enough: its last call has come to its end."""
    time.sleep(quiet_seconds)
    NumberJob.objects.filter(pk=job.pk, state=NumberJob.State.RUNNING).update(due_at=job.created_at)
    jobs.free_silent()


def _work_and_leave(job_id: int, last_step: int) -> None:
    """The child's whole life."""
    code = 1
    try:
        steps = Steps(last_step)
        steps.around_calls()
        with connection.execute_wrapper(steps.around_query):
            while jobs.take_turn(job_id):
                pass
        code = 0
    finally:
        os._exit(code)


def _close_connections() -> None:
    """A child must not speak over its parent's connections."""
    connections.close_all()
    if close_pool := getattr(connection, "close_pool", None):
        close_pool()
