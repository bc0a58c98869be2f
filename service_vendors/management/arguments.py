"""What commands take on their command line, and how they say what it is for."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
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
