"""``manage.py list_numbers``: an organization's phone numbers, by area code or one by one."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from service_vendors import inventory
from service_vendors.management.number_reports import NumbersCommand
from service_vendors.models import Organization, OwnedPhoneNumber


class Command(NumbersCommand):
    help = "List an organization's phone numbers."
    example = "manage.py list_numbers 1 --area-code 212 --available"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--area-code", default="", metavar="CODE", help="only those of one")
        parser.add_argument("--available", action="store_true", help="only those that are free")
        parser.add_argument("--counts", action="store_true", help="only count them, by area code")

    def act(self, organization: Organization, options: dict[str, Any]) -> None:
        service = inventory.service_of(organization)
        if options["counts"]:
            self._count(inventory.counts(organization, service), options)
            return
        numbers = inventory.owned(
            organization,
            service,
            area_code=options["area_code"],
            is_available=options["available"] or None,
        )
        rows = numbers.order_by("area_code", "phone_number").iterator(chunk_size=1_000)
        if options["json"]:
            self.stdout.write(json.dumps([self._described(row) for row in rows]))
            return
        count = 0
        for row in rows:
            count += 1
            serves = f"  {row.allocated_to} {row.allocated_to_id}" if row.allocated_to else ""
            self.stdout.write(f"{row.phone_number}  {row.service_id}{serves}")
        self.stdout.write(f"{count} number{'' if count == 1 else 's'}.")

    def _count(self, counts: list[inventory.AreaCount], options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    [
                        {
                            "area_code": one.area.code,
                            "region": one.area.region,
                            "total": one.total,
                            "available": one.available,
                        }
                        for one in counts
                    ]
                )
            )
            return
        for one in counts:
            self.stdout.write(
                f"{one.area.code or 'others'}  {one.total} ({one.available} available)  "
                f"{one.area.region}".rstrip()
            )
        self.stdout.write(f"{sum(one.total for one in counts)} numbers.")

    def _described(self, row: OwnedPhoneNumber) -> dict[str, Any]:
        return {
            "phone_number": row.phone_number,
            "service_id": row.service_id,
            "area_code": row.area_code,
            "messageservice_sid": row.messageservice_sid,
            "allocated_to": row.allocated_to,
            "allocated_to_id": row.allocated_to_id,
            "monthly_price": None if row.monthly_price is None else str(row.monthly_price),
            "created_at": row.created_at.isoformat(),
        }
