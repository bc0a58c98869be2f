"""Everything that makes the fake company behave specially because of what it is given.

Only the stand-in does this. Nothing outside of this file knows a trigger word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# ==== The trigger words: they stand here and nowhere else =========================================

_AUTORESPOND: Final = re.compile(r"autorespond(picture)?", re.IGNORECASE)  # the contact replies
_ERROR: Final = re.compile(r"error(\d{1,6})", re.IGNORECASE)  # taken, then not delivered: this code
_REFUSE: Final = re.compile(r"refuse(\d{1,6})", re.IGNORECASE)  # not taken, with this code
_WRONG_KEY: Final = "wrong"  # an API key that contains this is refused; every other one works
_LANDLINES: Final = "9"  # a number that ends in this digit is a landline
_INTERNET: Final = "8"  # a number that ends in this digit is an internet phone

REPLY: Final = "Thank you for your message! This reply was sent by the fake company."
REPLY_WITH_PICTURE: Final = "Here is a picture for you."

# ==================================================================================================


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a text makes the company and the contact's phone do."""

    refuse_code: int | None = None
    error_code: int | None = None
    reply: str = ""
    reply_with_picture: bool = False


def reaction_to(text: str) -> Reaction:
    """What the words of a text ask for."""
    refuse, error, answer = _REFUSE.search(text), _ERROR.search(text), _AUTORESPOND.search(text)
    picture = bool(answer and answer[1])
    return Reaction(
        refuse_code=int(refuse[1]) if refuse else None,
        error_code=int(error[1]) if error else None,
        reply=(REPLY_WITH_PICTURE if picture else REPLY) if answer else "",
        reply_with_picture=picture,
    )


def is_refused_key(api_key: str) -> bool:
    """Whether the company does not accept this API key."""
    return not api_key or _WRONG_KEY in api_key.lower()


def line_type(number: str) -> str:
    """``landline``, ``voip`` or ``mobile``, by the number's last digit."""
    return {_LANDLINES: "landline", _INTERNET: "voip"}.get(number[-1:], "mobile")
