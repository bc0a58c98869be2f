"""``manage.py send_message``: text one number from the command line."""

from __future__ import annotations

import time
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser

from service_vendors import sending
from service_vendors.exceptions import ServiceVendorsError
from service_vendors.management.arguments import (
    ExampleCommand,
    add_organization,
    organization_named,
)
from service_vendors.models import FINAL_STATUSES, Message, Origin, SendStatus
from service_vendors.phone import InvalidPhoneNumber

LOOK_AGAIN_SECONDS: Final = 0.25


class Command(ExampleCommand):
    help = "Send a text to one number, as an organization."
    example = 'manage.py send_message 1 "+1 206 555 0123" "The polls close at 8" --wait'

    def add_arguments(self, parser: CommandParser) -> None:
        add_organization(parser)
        parser.add_argument("number", metavar="NUMBER", help="the number to text")
        parser.add_argument("text", metavar="TEXT", nargs="?", default="", help="what to say")
        parser.add_argument(
            "--media",
            action="append",
            default=[],
            metavar="URL",
            help="a picture to send along, by its address; may be repeated",
        )
        parser.add_argument(
            "--from", dest="user_number", default="", metavar="NUMBER", help="the number to use"
        )
        parser.add_argument(
            "--now",
            action="store_true",
            help="send it from here instead of leaving it to a worker",
        )
        parser.add_argument(
            "--wait",
            nargs="?",
            type=float,
            const=60.0,
            metavar="SECONDS",
            help="wait until it is delivered or has failed, 60 seconds if no number is given",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        organization = organization_named(options["organization"])
        try:
            message = sending.send_message(
                organization,
                options["number"],
                options["text"],
                media=options["media"],
                user_number=options["user_number"],
                origin=Origin.COMMAND,
            )
        except (ServiceVendorsError, InvalidPhoneNumber) as error:
            raise CommandError(str(error)) from error
        if options["now"]:
            sending.dispatch([message.pk])
        message.refresh_from_db()
        self._say(message)
        if options["wait"] is not None:
            self._follow(message, options["wait"])
        if message.send_status in {SendStatus.ERROR, SendStatus.NOT_ATTEMPTED}:
            raise CommandError(f"It was not sent. {message.status_reason}")

    def _follow(self, message: Message, seconds: float) -> None:
        """Say each new status until it is final. Raises CommandError after so many seconds."""
        end, seen = time.monotonic() + seconds, message.send_status
        while message.send_status not in FINAL_STATUSES:
            if time.monotonic() > end:
                raise CommandError(
                    f"After {seconds:g} seconds it is still {message.get_send_status_display()}. "
                    f"{message.status_reason or 'Is a worker running?'}"
                )
            time.sleep(LOOK_AGAIN_SECONDS)
            message.refresh_from_db()
            if message.send_status != seen:
                seen = message.send_status
                self._say(message)

    def _say(self, message: Message) -> None:
        via = f" from {message.user_number}" if message.user_number else ""
        status = message.get_send_status_display()
        self.stdout.write(f"{message.reference}: {status} to {message.contact_number}{via}")
