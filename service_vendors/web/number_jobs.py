"""A job about phone numbers as the pages show it: how far it came, and how it ended."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from zlib import crc32

from django.http import Http404
from django.utils import timezone

from service_vendors.area_codes import Area, nearby
from service_vendors.models import OPEN_STATES, NumberJob, Organization
from service_vendors.web import time_left

# How often the page asks: eagerly at first, then less.
_PACES: Final = ((timedelta(minutes=2), 1), (timedelta(minutes=15), 3), (timedelta(days=1), 15))
RECENT: Final = timedelta(hours=1)
MOST_RECENT: Final = 3
MOST_EARLIER: Final = 10
MOST_READ: Final = 20
# A job that nobody takes for so long is waiting for a worker that does not run.
PATIENCE: Final = timedelta(seconds=30)

_DOING: Final = {
    NumberJob.Kind.BUY: "Buying",
    NumberJob.Kind.RELEASE: "Releasing",
    NumberJob.Kind.COMPARE: "Comparing with the vendor",
    NumberJob.Kind.SYNC: "Syncing with the vendor",
}
_SIGNS: Final = {
    NumberJob.State.QUEUED: ("waiting", "secondary", "…"),
    NumberJob.State.RUNNING: ("running", "info", "↻"),
    NumberJob.State.DONE: ("done", "success", "✓"),
    NumberJob.State.PARTLY: ("partly done", "warning", "!"),
    NumberJob.State.FAILED: ("failed", "danger", "✕"),
    NumberJob.State.CANCELLED: ("cancelled", "secondary", "–"),
}


@dataclass(frozen=True, slots=True)
class ShownJob:
    """A job as it stands now."""

    job: NumberJob

    @property
    def title(self) -> str:
        """What it is about, in a few words."""
        job = self.job
        doing = _DOING[NumberJob.Kind(job.kind)]
        if job.kind not in {NumberJob.Kind.BUY, NumberJob.Kind.RELEASE}:
            return doing
        numbers = f"{job.limit} number{'' if job.limit == 1 else 's'}"
        return f"{doing} {numbers}" + (f" in {job.area_code}" if job.area_code else "")

    @property
    def look(self) -> tuple[str, str, str]:
        """Its state: a word, a colour and a sign."""
        return _SIGNS[NumberJob.State(self.job.state)]

    @property
    def counts(self) -> bool:
        """Whether there is anything to count."""
        return self.job.kind in {NumberJob.Kind.BUY, NumberJob.Kind.RELEASE}

    @property
    def dealt_with(self) -> int:
        """How many of its numbers are done, or were tried in vain."""
        return min(self.job.limit, self.job.done + self.job.failed)

    @property
    def percent(self) -> int:
        """How far it came."""
        return 100 * self.dealt_with // self.job.limit if self.job.limit else 0

    @property
    def time_left(self) -> str:
        """About how long it still takes, in words; "" while that cannot be told."""
        job = self.job
        if not (job.is_open and job.started_at and self.dealt_with >= 3):
            return ""
        so_far = (timezone.now() - job.started_at).total_seconds()
        seconds = so_far / self.dealt_with * (job.limit - self.dealt_with)
        return time_left.in_words(seconds)

    @property
    def can_cancel(self) -> bool:
        """Whether asking it to stop would do anything."""
        return self.job.is_open and self.job.cancel_requested_at is None

    @property
    def counted(self) -> str:
        """How many are done, in words."""
        return f"{self.job.done:,} of {self.job.limit:,}"

    @property
    def note(self) -> str:
        """What stands beside the count: how long it takes, or that it is being stopped."""
        if self.is_stopping:
            return "Stopping: what is under way is brought to its end first."
        return self.time_left

    @property
    def title_id(self) -> str:
        """The id of its title on the page."""
        return f"job-{self.job.reference}-title"

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to stop and has not yet."""
        return self.job.is_open and self.job.cancel_requested_at is not None

    @property
    def poll_seconds(self) -> int | None:
        """How long to wait before asking again; None when it is over."""
        if not self.job.is_open:
            return None
        age = timezone.now() - self.job.created_at
        return next((pace for limit, pace in _PACES if age < limit), 60)

    @property
    def words(self) -> str:
        """How it ended, or why it takes longer."""
        job = self.job
        if job.state == NumberJob.State.QUEUED and not (job.outcome or job.started_at):
            waited = timezone.now() - job.created_at
            if waited > PATIENCE:
                return "No worker has taken it yet. Ask an operator whether one is running."
        return job.outcome

    @property
    def seen(self) -> str:
        """What the page shows, in one word: as long as it is the same, nothing needs saying."""
        job = self.job
        words = f"{job.state} {job.done} {job.failed} {self.words} {job.cancel_requested_at}"
        return f"{crc32(words.encode()):x}-{self.percent // 25}"

    def is_news(self, seen: str) -> bool:
        """Whether it came so far since ``seen`` that screen readers should say so."""
        return not self.job.is_open or seen.rpartition("-")[2] != str(self.percent // 25)

    @property
    def nearby(self) -> list[Area]:
        """Area codes to try instead, when the vendor had too few numbers."""
        short = {NumberJob.State.PARTLY, NumberJob.State.FAILED}
        if self.job.kind != NumberJob.Kind.BUY or self.job.state not in short:
            return []
        return nearby(self.job.area_code)

    @property
    def missing(self) -> int:
        """How many numbers it fell short."""
        return max(1, self.job.limit - self.job.done)

    @property
    def difference(self) -> dict[str, Any] | None:
        """What a comparison found, as long as there is something to apply."""
        job = self.job
        if job.kind != NumberJob.Kind.COMPARE or job.state != NumberJob.State.DONE:
            return None
        kinds = ("gone", "found", "changed")
        return job.details if any(job.details.get(kind) for kind in kinds) else None


@dataclass(frozen=True, slots=True)
class JobBoard:
    """The jobs that the page shows: what is under way or just ended, and earlier ones."""

    current: list[ShownJob]
    earlier: list[ShownJob]


def job_board(organization: Organization, asked: str) -> JobBoard:
    """The newest jobs; ``asked`` is the reference of one that is shown in any case."""
    newest = list(NumberJob.objects.filter(organization=organization)[:MOST_READ])
    since = timezone.now() - RECENT
    recent = [job for job in newest if job.is_open or (job.finished_at and job.finished_at > since)]
    applied = {str(job.details.get("comparison")) for job in newest}
    current = [
        job
        for job in recent
        if job.reference.hex not in applied
        and (job.is_open or job in recent[:MOST_RECENT] or str(job.reference) == asked)
    ]
    if asked and not any(str(job.reference) == asked for job in current):
        current += [job for job in newest if str(job.reference) == asked]
    shown = {job.pk for job in current}
    earlier = [job for job in newest if job.pk not in shown and job.state not in OPEN_STATES]
    return JobBoard(
        [ShownJob(job) for job in current], [ShownJob(job) for job in earlier[:MOST_EARLIER]]
    )


def job_or_404(organization: Organization, reference: uuid.UUID) -> NumberJob:
    """The organization's job. Raises Http404."""
    job = NumberJob.objects.filter(organization=organization, reference=reference).first()
    if job is None:
        raise Http404("The organization has no such order.")
    return job
