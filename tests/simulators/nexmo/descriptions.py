"""What Vonage says of its own APIs, with what is known to be wrong in its files put right.

The files are older than some of what Vonage's documentation describes today:

- key and secret stand in the header (Basic), not among the fields;
- a message of the Messages API has no field ``message``, though the file insists on one, and is
  posted to the address without a slash at its end;
- a message may hold several files (``content``), or a text alone by MMS.

Account, applications and Identity Insights have no file.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.simulators.openapi import Asked, Descriptions, folder

FOLDER: Final = "vonage"
NAMES: Final = ("sms", "numbers", "number-insight", "messages-olympus")
UNDESCRIBED: Final = ("/account/get-balance", "/v2/applications", "/identity-insights/")


def are_there() -> bool:
    """Whether the files are at hand."""
    return (folder() / FOLDER / "sms.json").is_file()


def complaints(asked: Asked) -> list[str]:
    """What is wrong with a request, by Vonage's own words; nothing where there are none."""
    if asked.path.startswith(UNDESCRIBED) or _is_newer_than_the_files(asked):
        return []
    return _read(folder() / FOLDER).complaints(asked)


def _is_newer_than_the_files(asked: Asked) -> bool:
    if asked.path != "/v1/messages":
        return False
    return json.loads(asked.body).get("message_type") in {"content", "text"}


@cache
def _read(place: Path) -> Descriptions:
    files = {name: place / f"{name}.json" for name in NAMES}
    found = {name: json.loads(file.read_bytes()) for name, file in files.items() if file.is_file()}
    if "sms" in found:
        found["sms"]["components"]["schemas"]["NewMessage"]["required"].remove("api_key")
    if "messages-olympus" in found:
        _mend_messages(found["messages-olympus"])
    return Descriptions(found.values())


def _mend_messages(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["baseMessageType"]["required"].remove("message")
    document["paths"][""] = document["paths"].pop("/")
