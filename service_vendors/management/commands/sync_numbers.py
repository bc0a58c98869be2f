"""``manage.py sync_numbers``: compare with the vendor's list, then make both the same."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from service_vendors import inventory
from service_vendors.management.arguments import add_confirmation, confirm
from service_vendors.management.number_reports import NumbersCommand, described
from service_vendors.models import NumberJob, Organization


class Command(NumbersCommand):
    help = (
        "Show how the numbers here differ from those at the vendor, then take over what is there."
    )
    example = "manage.py sync_numbers 1 --dry-run"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--adopt",
            action="store_true",
            help="also take numbers that nobody has yet, of an account that several "
            "organizations share",
        )
        add_confirmation(parser)

    def act(self, organization: Organization, options: dict[str, Any]) -> None:
        comparison = inventory.order_comparison(
            organization, actor=None, adopt_shared=options["adopt"], hand_over=False
        )
        self.carry_out(comparison, options)
        found = comparison.details
        difference = {kind: found.get(kind, []) for kind in ("gone", "found", "changed")}
        is_same = not any(difference.values())
        if comparison.state != NumberJob.State.DONE or options["dry_run"] or is_same:
            self._tell(difference, options)
            if options["json"]:
                self.stdout.write(json.dumps(described(comparison) | difference))
                options = options | {"json": False}
                if comparison.state == NumberJob.State.DONE:
                    return
            self.report(comparison, options)
            return
        self._tell(difference, options)
        if not options["yes"]:
            confirm(f"{comparison.outcome} Apply this to {organization}?")
        job = inventory.order_sync(comparison, actor=None, hand_over=False)
        self.report(self.carry_out(job, options), options)

    def _tell(self, difference: dict[str, list[Any]], options: dict[str, Any]) -> None:
        if options["json"]:
            return
        for one in difference["gone"]:
            use = f" (serves {one['use']})" if one["use"] else ""
            self.stdout.write(f"- {one['phone_number']} is here but not there{use}")
        for one in difference["found"]:
            origin = " (bought from here)" if one["bought_here"] else ""
            self.stdout.write(f"+ {one['phone_number']} is there but not here{origin}")
        for number in difference["changed"]:
            self.stdout.write(f"~ {number} is in another messaging service or has another price")
