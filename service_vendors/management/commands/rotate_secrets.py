"""``manage.py rotate_secrets``: write what is encrypted anew with the first key."""

from __future__ import annotations

import time
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from service_vendors import crypto, rotation
from service_vendors.management.arguments import ExampleCommand

SAY_EVERY_SECONDS: Final = 1.0


class Command(ExampleCommand):
    help = "Encrypt every stored secret anew with the first key of FIELD_ENCRYPTION_KEY."
    example = "FIELD_ENCRYPTION_KEY=new,old manage.py rotate_secrets --dry-run"
    # It is the remedy for what the checks complain of.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count, write nothing")
        parser.add_argument(
            "--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help="which one"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        keys, write = crypto.keys(), not options["dry_run"]
        done = [self._column(c, write=write) for c in rotation.columns(options["database"])]
        unreadable = sum(one.unreadable for one in done)
        if unreadable:
            raise CommandError(
                f"No key in FIELD_ENCRYPTION_KEY reads {unreadable} of the values. Keep every key "
                "there is, add the missing one at the end, and run this again."
            )
        if not write:
            self.stdout.write("Nothing was written.")
        elif len(keys) > 1:
            self.stdout.write(
                f"The {len(keys) - 1} keys after the first may be taken out of "
                "FIELD_ENCRYPTION_KEY, once every process runs with the new one."
                if len(keys) > 2
                else "The second key may be taken out of FIELD_ENCRYPTION_KEY, once every process "
                "runs with the first."
            )
        else:
            self.stdout.write("Everything is written with the one key of FIELD_ENCRYPTION_KEY.")

    def _column(self, column: rotation.Column, *, write: bool) -> rotation.Rotation:
        total, said = rotation.count(column), time.monotonic()

        def progress(so_far: rotation.Rotation) -> None:
            nonlocal said
            if time.monotonic() - said >= SAY_EVERY_SECONDS:
                said = time.monotonic()
                self.stdout.write(f"{column}: {so_far.read} of {total} ...")

        done = rotation.rotate(column, write=write, progress=progress)
        verb = "encrypted anew" if write else "to encrypt anew"
        self.stdout.write(
            f"{column}: {done.read} values, {done.renewed} {verb}"
            + (f", {done.unreadable} unreadable" if done.unreadable else "")
        )
        return done
