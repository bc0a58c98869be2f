"""The company's error codes: numbers and what they mean, as its manual lists them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

BAD_REQUEST: Final = 100
BAD_NUMBER: Final = 101
BAD_TEXT: Final = 102
BAD_MEDIA: Final = 103
UNKNOWN_POOL: Final = 104
NOT_IN_SERVICE: Final = 404
UNSUBSCRIBED: Final = 610

DESCRIPTIONS: Final = MappingProxyType(
    {
        BAD_REQUEST: "The request could not be read.",
        BAD_NUMBER: "This is not a phone number that can be texted. Check the number.",
        BAD_TEXT: "The text is empty or too long. Shorten it.",
        BAD_MEDIA: "A picture could not be taken: send at most 10, by http or https addresses.",
        UNKNOWN_POOL: "There is no such pool of numbers, or it is empty. Put a number into it.",
        NOT_IN_SERVICE: "The number is not in service. Correct it or leave it out.",
        410: "The phone has been switched off for days. Try again another day.",
        430: "The carrier took the text for spam. Reword it, and leave out shortened links.",
        451: "The number is a landline, which takes no texts.",
        UNSUBSCRIBED: "The contact unsubscribed from this number. Do not text them again.",
    }
)
