"""``manage.py buy_numbers``: buy phone numbers of an area code from the organization's vendor."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from service_vendors import inventory
from service_vendors.area_codes import nearby
from service_vendors.management.arguments import add_area_code, add_confirmation, confirm
from service_vendors.management.number_reports import NumbersCommand
from service_vendors.models import NumberJob, Organization


class Command(NumbersCommand):
    help = (
        "Buy phone numbers of an area code. Ends with 0 when all were bought, 2 when some were, "
        "1 when none."
    )
    example = "manage.py buy_numbers 1 212 --limit 50 --dry-run"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_area_code(parser)
        parser.add_argument(
            "--limit", type=int, default=1, metavar="N", help="how many at most; one by default"
        )
        add_confirmation(parser)

    def act(self, organization: Organization, options: dict[str, Any]) -> None:
        area_code, limit = options["area_code"], options["limit"]
        offer = inventory.offer(organization, area_code, limit)
        price = f"{offer.total:.2f} {offer.currency} a month" if offer.total else "no price told"
        words = f"{offer.available} of {limit} numbers in {offer.area_code}: {price}."
        if options["dry_run"]:
            if options["json"]:
                self.stdout.write(
                    json.dumps(
                        {
                            "area_code": offer.area_code,
                            "limit": limit,
                            "available": offer.available,
                            "monthly_total": None if offer.total is None else str(offer.total),
                            "currency": offer.currency,
                        }
                    )
                )
            else:
                self.stdout.write(f"{offer.vendor_title} has {words} Nothing was bought.")
            return
        if not offer.available:
            near = ", ".join(one.code for one in nearby(offer.area_code))
            raise CommandError(
                f"{offer.vendor_title} has no numbers in {offer.area_code}."
                + (f" Try a nearby area code: {near}." if near else "")
            )
        if not options["yes"]:
            confirm(f"{offer.vendor_title} has {words} Buy them for {organization}?")
        job = inventory.order_purchase(
            organization,
            area_code,
            limit,
            actor=None,
            price_each=offer.price_each,
            hand_over=False,
        )
        self.report(self.carry_out(job, options), options)

    def report(self, job: NumberJob, options: dict[str, Any]) -> None:
        """Also name the numbers that were bought."""
        if not options["json"]:
            for number in inventory.bought_by(job):
                self.stdout.write(number)
        super().report(job, options)
