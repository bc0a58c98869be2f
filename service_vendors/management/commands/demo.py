"""``manage.py demo``: everything in one process, on data of its own, texting nobody."""

from __future__ import annotations

import os
import signal
from threading import Event
from typing import Any

from django.core.management.base import CommandError, CommandParser

from service_vendors.demo import environment, seed, start
from service_vendors.exceptions import ServiceVendorsError
from service_vendors.management.arguments import ExampleCommand


class Command(ExampleCommand):
    help = "Run the whole program for trying it out: nothing to install, nobody is texted."
    example = "DEBUG=on PORT=8080 manage.py demo --fresh"
    # The checks are about a host's own settings, half of which the demo replaces.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1)")
        parser.add_argument(
            "--port",
            type=int,
            default=os.environ.get("PORT") or "8000",
            help="the port to listen on; 0 takes a free one (PORT, or else 8000)",
        )
        parser.add_argument(
            "--data",
            metavar="DIRECTORY",
            help="where data is kept from one run to the next (var/demo)",
        )
        parser.add_argument(
            "--fresh", action="store_true", help="forget what earlier runs have kept"
        )
        parser.add_argument(
            "--use-database-url",
            action="store_true",
            help="write the demo's data into the database of DATABASE_URL",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        directory = environment.data_directory(options["data"])
        self.stdout.write("Starting the demo ...")
        try:
            with start.running(
                options["host"],
                options["port"],
                directory,
                fresh=options["fresh"],
                use_database_url=options["use_database_url"],
            ) as address:
                self._say(address, f"{directory}")
                stop.wait()
                self.stdout.write("Stopping the demo ...")
        except ServiceVendorsError as error:
            raise CommandError(str(error)) from error

    def _say(self, address: str, directory: str) -> None:
        people = ", ".join(seed.PEOPLE)
        self.stdout.write(
            f"\nOpen {address} and log in as owner: the Settings page comes first.\n"
            f"Log-ins: {people}; the password of each is {seed.PASSWORD}.\n"
            f"Data: {directory} (--fresh starts over). Stop with Ctrl-C.\n"
        )
        self.stdout.flush()
