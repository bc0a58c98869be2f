"""``manage.py vendors``: what each vendor can do, and every setting there is."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from service_vendors.management import reference
from service_vendors.management.arguments import ExampleCommand
from service_vendors.types import Feature


class Command(ExampleCommand):
    help = "Show what each active vendor can do."
    example = "manage.py vendors --json"

    def add_arguments(self, parser: CommandParser) -> None:
        shape = parser.add_mutually_exclusive_group()
        shape.add_argument("--json", action="store_true", help="print it for programs")
        shape.add_argument(
            "--docs", action="store_true", help="print the generated part of docs/settings.md"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["docs"]:
            self.stdout.write(reference.settings_document(), ending="")
        elif options["json"]:
            self.stdout.write(json.dumps(reference.matrix(), indent=2))
        else:
            self._table()

    def _table(self) -> None:
        """A column a vendor, a line a feature."""
        vendors = reference.matrix()
        if not vendors:
            self.stdout.write("No vendor is active. List some in SERVICE_VENDORS.")
            return
        first = max(len(feature.value) for feature in Feature)
        heads = [v["name"] + (" (default)" if v["default"] else "") for v in vendors]
        self._line("", first, heads, heads)
        for feature in Feature:
            cells = ["yes" if v["features"][feature.value] else "-" for v in vendors]
            self._line(feature.value, first, cells, heads)

    def _line(self, title: str, width: int, cells: list[str], heads: list[str]) -> None:
        padded = (cell.ljust(len(head)) for cell, head in zip(cells, heads, strict=True))
        self.stdout.write(f"{title.ljust(width)}  {'  '.join(padded)}".rstrip())
