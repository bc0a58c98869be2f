"""What failed messages teach about their contacts, remembered for the next time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service_vendors import lookups, optouts
from service_vendors.models import Message, OptOut
from service_vendors.types import LookupStatus


@dataclass(frozen=True, slots=True)
class Lesson:
    """One failed message, with the vendor's code and what that code says of the number."""

    message: Message
    code: int | None
    opted_out: bool = False
    contact_status: LookupStatus | None = None

    @property
    def error(self) -> lookups.NumberError:
        """What it says of the number."""
        return lookups.NumberError(
            organization_id=self.message.organization_id,
            contact_number=self.message.contact_number,
            service=self.message.service,
            code=self.code,
            status=self.contact_status,
        )


def learn(lessons: Sequence[Lesson]) -> None:
    """Remember lessons. Must run in a transaction."""
    lookups.learn_from_errors(lesson.error for lesson in lessons)
    for lesson in lessons:
        if lesson.opted_out:
            optouts.stop(
                lesson.message.organization,
                lesson.message.contact_number,
                source=OptOut.Source.VENDOR,
                message=lesson.message,
            )
