"""What commands take on their command line, what they ask, and how they say what it is for."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)
from django.db import OperationalError, ProgrammingError

from service_vendors.models import Organization


class _LinesAsWritten(RawDescriptionHelpFormatter, DjangoHelpFormatter):
    """Django's order of options; an example's lines are not reflowed."""


class ExampleCommand(BaseCommand):
    """A command whose ``--help`` ends with an example, and which needs a usable database."""

    example: ClassVar[str]

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run it; a database that is away or not migrated is told in one line."""
        try:
            return super().execute(*args, **options)
        except (OperationalError, ProgrammingError) as error:
            why = str(error).strip().partition("\n")[0]
            raise CommandError(
                f"The database cannot be used: {why}. See that it runs, that DATABASE_URL names "
                "it, and that manage.py migrate was run."
            ) from error

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """The parser, with the example below its options."""
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=f"example:\n  {self.example}",
            formatter_class=_LinesAsWritten,
            **kwargs,
        )


def add_organization(parser: CommandParser) -> None:
    """Let a command take ORG as its first argument."""
    parser.add_argument("organization", metavar="ORG", help="the organization: its id or its name")


def add_area_code(parser: CommandParser) -> None:
    """Let a command take AREA_CODE."""
    parser.add_argument("area_code", metavar="AREA_CODE", help="where, for example 212")


def add_output(parser: CommandParser) -> None:
    """Let a command speak to programs."""
    parser.add_argument("--json", action="store_true", help="say it in JSON on standard output")


def add_confirmation(parser: CommandParser) -> None:
    """Let a command be tried without effect, or run without being asked."""
    parser.add_argument(
        "--dry-run", action="store_true", help="only say what would be done and what it costs"
    )
    parser.add_argument("--yes", action="store_true", help="do it without asking first")


def confirm(question: str, *, ask: Callable[[str], str] = input) -> None:
    """Ask on the terminal. Raises CommandError when the answer is no, or nobody is there."""
    if not sys.stdin.isatty():
        raise CommandError("Nobody is there to confirm this. Add --yes to do it without asking.")
    if ask(f"{question} [y/N] ").strip().lower() not in {"y", "yes"}:
        raise CommandError("Nothing was done.")


def organization_named(wanted: str) -> Organization:
    """The organization with this id or name. Raises CommandError when there is not exactly one."""
    if wanted.isdecimal():
        by_id = Organization.objects.filter(pk=wanted).first() if len(wanted) < 19 else None
        if by_id:
            return by_id
    found = list(Organization.objects.filter(name=wanted)[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f"Several organizations are named {wanted!r}. Use an id.")
    known = ", ".join(f"{o.pk} ({o.name})" for o in Organization.objects.order_by("pk")[:10])
    raise CommandError(f"There is no organization {wanted!r}. There are: {known or 'none yet'}.")
