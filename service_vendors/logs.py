"""What must not be in a log: secrets, and the phone numbers of the people who are texted.

Nothing here writes one on purpose. But an exception's text may hold whatever broke, and so may a
library's.
"""

from __future__ import annotations

import logging
import re
import traceback
from typing import Final

# E.164, and not the tail of a word, a time zone's offset or a longer number.
_NUMBER: Final = re.compile(r"(?<![\w.:+])(\+[1-9][0-9]{1,3})[0-9]{5,10}([0-9]{2})(?![0-9])")


def masked(text: str) -> str:
    """The text with the middle of every phone number hidden: ``+1212•••••23``."""
    return _NUMBER.sub(r"\1•••••\2", text)


class MaskNumbers(logging.Filter):
    """Hides phone numbers in a record's message and traceback; lets every record pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Called by the handler it is set on, before the record is written."""
        record.msg, record.args = masked(record.getMessage()), None
        if record.exc_info and record.exc_info[0] is not None:
            told = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            record.exc_text, record.exc_info = masked(told), None
        return True


def log_fault(logger: logging.Logger, who: str, error: BaseException) -> None:
    """Tell of a fault's kind and of where it happened; its text may hold anything, a secret too."""
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed unexpectedly with %s\n%s", who, type(error).__name__, where)
