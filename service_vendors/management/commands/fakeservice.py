"""``manage.py fakeservice``: run the fake company by itself."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from service_vendors.vendors.fakeservice.server.command import (
    CannotServe,
    add_arguments,
    serve_as_told,
)


class Command(BaseCommand):
    help = (
        "Run the fake company that texts nobody, until Ctrl-C. "
        "Example: manage.py fakeservice --port 8001 --ledger fakeservice.sqlite3"
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            serve_as_told(options, self._say)
        except CannotServe as error:
            raise CommandError(str(error)) from error

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
