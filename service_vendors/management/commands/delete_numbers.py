"""``manage.py delete_numbers``: give phone numbers back to the vendor."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from service_vendors import inventory
from service_vendors.management.arguments import add_area_code, add_confirmation, confirm
from service_vendors.management.number_reports import NumbersCommand
from service_vendors.models import Organization, OwnedPhoneNumber


class Command(NumbersCommand):
    help = (
        "Release phone numbers of an area code that serve no campaign and no messaging service. "
        "Ends with 0 when all were released, 2 when some were, 1 when none."
    )
    example = "manage.py delete_numbers 1 212 --limit 10 --dry-run"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_area_code(parser)
        parser.add_argument(
            "--limit", type=int, metavar="N", help="how many at most; all that are free by default"
        )
        add_confirmation(parser)

    def act(self, organization: Organization, options: dict[str, Any]) -> None:
        area_code = inventory.checked_area_code(organization, options["area_code"])
        free = inventory.available(organization, inventory.service_of(organization))
        available = free.filter(area_code=area_code).count()
        limit = available if options["limit"] is None else options["limit"]
        count = max(0, min(limit, available))
        if options["dry_run"]:
            if options["json"]:
                self.stdout.write(
                    json.dumps({"area_code": area_code, "available": available, "release": count})
                )
            else:
                self.stdout.write(
                    f"{available} numbers in {area_code} are free; {count} would be released. "
                    "Nothing was."
                )
            return
        if not count:
            raise CommandError(_why_none(organization, area_code))
        if not options["yes"]:
            confirm(f"Release {count} numbers in {area_code} of {organization}?")
        job = inventory.order_release(organization, area_code, count, actor=None, hand_over=False)
        self.report(self.carry_out(job, options), options)


def _why_none(organization: Organization, area_code: str) -> str:
    words = f"{organization} has no numbers in {area_code} that are free to be released."
    service = inventory.service_of(organization)
    held = OwnedPhoneNumber.objects.filter(
        organization=organization, service=service, area_code=area_code
    ).count()
    if not held:
        return words
    used_by = ", ".join(
        f"{'messaging service' if use.is_pool else 'campaign'} {use.title}"
        for use in inventory.uses(organization, service)
    )
    return (
        f"{words} It has {held} that are in use ({used_by or 'an order is at work'}). An owner "
        "takes them out of use on the Phone numbers page first."
    )
