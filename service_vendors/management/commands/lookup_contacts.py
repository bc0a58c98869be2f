"""``manage.py lookup_contacts``: find out which of many numbers can be texted."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser

from service_vendors import lookups
from service_vendors.exceptions import ServiceVendorsError
from service_vendors.lookups import Estimate
from service_vendors.management.arguments import (
    ExampleCommand,
    add_confirmation,
    add_organization,
    add_output,
    organization_named,
)
from service_vendors.management.progress import Progress
from service_vendors.models import Campaign, LookupJob, Organization
from service_vendors.types import LookupDetail, LookupStatus

DETAILS: Final = {detail.name.lower(): detail for detail in LookupDetail}
LOOK_AGAIN_SECONDS: Final = 0.25
TURN_SECONDS: Final = 1.0
WORDS: Final = {
    LookupStatus.TEXTABLE: "textable",
    LookupStatus.LANDLINE: "landline",
    LookupStatus.INVALID: "not working",
    LookupStatus.FOREIGN: "outside the country",
    LookupStatus.UNSUBSCRIBED: "unsubscribed",
}


class Command(ExampleCommand):
    help = (
        "Look up the numbers of a campaign, of a CSV file, or of all contacts, as an organization. "
        "The cost is told first; nothing is paid for without --yes or your answer."
    )
    example = "manage.py lookup_contacts 1 --file voters.csv --detail carrier --dry-run"

    def add_arguments(self, parser: CommandParser) -> None:
        add_organization(parser)
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--campaign", type=int, metavar="ID", help="everyone in this campaign")
        which.add_argument(
            "--file", type=Path, metavar="CSV", help="the numbers in this file, of any country"
        )
        which.add_argument(
            "--resume", type=int, metavar="JOB", help="go on with a lookup that stopped"
        )
        parser.add_argument(
            "--detail",
            choices=tuple(DETAILS),
            default="status",
            help="how much to ask: whether it can be texted (status, for free where the vendor "
            "offers that), also the carrier, also the holder's name",
        )
        add_confirmation(parser)
        add_output(parser)

    def handle(self, *_: Any, **options: Any) -> None:
        organization = organization_named(options["organization"])
        try:
            if options["resume"] is not None:
                job = lookups.resume(_job(organization, options["resume"]), actor=None)
            else:
                job = self._prepared(organization, options)
                planned = lookups.estimate(job)
                if options["dry_run"]:
                    lookups.cancel(job, actor=None)
                    return self._say_estimate(job, planned, as_json=options["json"])
                job = self._agreed(job, planned, options)
        except (ServiceVendorsError, OSError) as error:
            raise CommandError(str(error)) from error
        self._follow(job)
        job.refresh_from_db()
        self._say_outcome(job, as_json=options["json"])
        if job.status != LookupJob.Status.DONE:
            raise CommandError(
                f"It is not complete: {job.get_status_display().lower()} after {job.done:,} of "
                f"{job.total:,} numbers. {job.status_reason}".rstrip()
            )
        return None

    def _prepared(self, organization: Organization, options: dict[str, Any]) -> LookupJob:
        detail = DETAILS[options["detail"]]
        if options["campaign"] is not None:
            campaign = organization.campaigns.filter(pk=options["campaign"]).first()
            if campaign is None:
                raise CommandError(_no_such_campaign(organization, options["campaign"]))
            return lookups.prepare_campaign(campaign, detail=detail, actor=None)
        if options["file"] is not None:
            path: Path = options["file"]
            with path.open("rb") as file:
                return lookups.prepare_file(
                    organization, file, name=path.name, detail=detail, actor=None
                )
        return lookups.prepare_contacts(organization, detail=detail, actor=None)

    def _agreed(self, job: LookupJob, planned: Estimate, options: dict[str, Any]) -> LookupJob:
        """Begin a job somebody agreed to. Raises CommandError when nobody does."""
        if not job.is_free and planned.to_ask and not options["yes"]:
            cost = lookups.in_words(planned.cost, job.currency)
            if not (sys.stdin.isatty() and sys.stderr.isatty()):
                lookups.cancel(job, actor=None)
                raise CommandError(
                    f"This asks about {planned.to_ask:,} numbers and may cost {cost}. Add --yes "
                    "to agree to that."
                )
            self.stderr.write(
                f"Ask about {planned.to_ask:,} numbers, for {cost} at most? [y/N] ", ending=""
            )
            if input().strip().lower() not in {"y", "yes"}:
                lookups.cancel(job, actor=None)
                raise CommandError("Nothing was looked up.")
        return lookups.start(job, actor=None, most_cost=planned.cost)

    def _follow(self, job: LookupJob) -> None:
        """Work on the job, or watch whoever does, until it is over."""
        bar = Progress(self.stderr)

        def progress(now: LookupJob) -> None:
            spent = lookups.in_words(now.spent, now.currency)
            bar.show(now.done, now.total, f"{now.done:,} of {now.total:,} numbers, {spent}")

        try:
            while job.status == LookupJob.Status.RUNNING:
                worked = lookups.turn(job.pk, seconds=TURN_SECONDS, progress=progress)
                if worked is None:
                    time.sleep(LOOK_AGAIN_SECONDS)
                job.refresh_from_db()
                progress(job)
        except KeyboardInterrupt:
            lookups.stop(job, "It was interrupted at the command line.")
        bar.end()

    def _say_estimate(self, job: LookupJob, planned: Estimate, *, as_json: bool) -> None:
        cost = None if planned.cost is None else str(planned.cost)
        said: dict[str, Any] = {
            "total": planned.total,
            "known": planned.known,
            "to_ask": planned.to_ask,
            "cost": cost,
            "currency": job.currency,
        }
        if as_json:
            self.stdout.write(json.dumps(said))
            return
        self.stdout.write(
            f"{job.title}: {planned.total:,} numbers, {planned.known:,} known already. Asking "
            f"about {planned.to_ask:,} costs, at most: "
            f"{lookups.in_words(planned.cost, job.currency)}. Nothing was asked."
        )

    def _say_outcome(self, job: LookupJob, *, as_json: bool) -> None:
        found = {
            status: job.found[str(status.value)]
            for status in LookupStatus
            if str(status.value) in job.found
        }
        if as_json:
            self.stdout.write(
                json.dumps(
                    {
                        "job": job.pk,
                        "status": job.status,
                        "total": job.total,
                        "known": job.known,
                        "looked_up": job.looked_up,
                        "failed": job.failed,
                        "in_doubt": job.in_doubt,
                        "found": {status.name.lower(): n for status, n in found.items()},
                        "spent": None if job.spent is None else str(job.spent),
                        "currency": job.currency,
                    }
                )
            )
            return
        counts = [f"{count:,} {WORDS[status]}" for status, count in found.items()]
        counts += [f"{job.failed:,} failed"] if job.failed else []
        counts += [f"{job.in_doubt:,} in doubt"] if job.in_doubt else []
        self.stdout.write(
            f"Lookup {job.pk}, {job.title}: {job.done:,} of {job.total:,} numbers, of which "
            f"{job.known:,} were known. {', '.join(counts) or 'Nothing was found'}; "
            f"{lookups.in_words(job.spent, job.currency)}."
        )


def _job(organization: Organization, job_id: int) -> LookupJob:
    job = LookupJob.objects.filter(organization=organization, pk=job_id).first()
    if job is None:
        raise CommandError(f"{organization} has no lookup {job_id}.")
    return job


def _no_such_campaign(organization: Organization, campaign_id: int) -> str:
    known = ", ".join(
        f"{c.pk} ({c.title})" for c in Campaign.objects.filter(organization=organization)[:10]
    )
    return (
        f"There is no campaign {campaign_id} in {organization}. There are: {known or 'none yet'}."
    )
