"""Where webhooks wait while the database is away: files on this machine's disk.

A file holds the events of one moment, a line each, and is complete once it has its name. Storing
the same event twice changes nothing, so any process may replay any file, at any time, again.
"""

from __future__ import annotations

import base64
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from django.db import DatabaseError, InterfaceError, OperationalError

from service_vendors import conf
from service_vendors.models import WebhookEvent
from service_vendors.references import new_reference

logger = logging.getLogger(__name__)

_KEPT: Final = ("service", "organization_id", "event_key", "address", "method", "url", "query")
# What the database raises when it is not there, rather than when it does not like what it is told.
AWAY: Final = (OperationalError, InterfaceError)

_FULL: Final = ".events"
_BAD: Final = ".unreadable"

Store = Callable[[Sequence[WebhookEvent]], Any]


class NowhereToKeep(Exception):
    """The database is away, and there is no spool, or it is full, or its disk fails."""


def keep(events: Sequence[WebhookEvent]) -> None:
    """Write events down so that they outlast this process and the machine. Raises NowhereToKeep."""
    folder = _folder()
    if folder is None:
        raise NowhereToKeep("The database is away and WEBHOOK_SPOOL names no folder.")
    text = "".join(json.dumps(_as_json(event)) + "\n" for event in events).encode()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        used = size()
        if used + len(text) > conf.whole("WEBHOOK_SPOOL_BYTES"):
            logger.critical("The spool of webhooks is full (%d bytes): %s", used, folder)
            raise NowhereToKeep("The spool is full.")
        _write(folder / f"{new_reference().hex}{_FULL}", text)
    except OSError as error:
        logger.critical("The spool of webhooks cannot be written: %s", error)
        raise NowhereToKeep("The spool cannot be written.") from error
    logger.error(
        "The database is away: %d webhooks were spooled, %d bytes by now.",
        len(events),
        used + len(text),
    )


def replay(store: Store) -> int:
    """Store what waits, oldest first, until the database is away again; how many events."""
    replayed = 0
    for file in _files():
        try:
            events = [_from_json(line) for line in file.read_bytes().splitlines()]
        except FileNotFoundError:
            continue  # another process was quicker
        except (ValueError, KeyError) as error:
            logger.critical("%s cannot be read (%s); it is kept.", file, type(error).__name__)
            file.rename(file.with_suffix(_BAD))
            continue
        try:
            left = _store(events, store)
        except AWAY as error:
            logger.warning("The spool waits on: %s", type(error).__name__)
            break
        if left:
            logger.critical("%d webhooks in %s cannot be stored; it is kept.", left, file)
            file.rename(file.with_suffix(_BAD))
        else:
            file.unlink(missing_ok=True)
        replayed += len(events) - left
    if replayed:
        logger.warning("%d spooled webhooks are in the inbox now.", replayed)
    return replayed


def size() -> int:
    """How many bytes wait, unreadable files among them."""
    folder = _folder()
    if folder is None or not folder.is_dir():
        return 0
    total = 0
    for entry in os.scandir(folder):
        try:
            total += entry.stat().st_size
        except FileNotFoundError:
            continue
    return total


def is_empty() -> bool:
    """Whether nothing waits to be replayed."""
    return next(_files(), None) is None


def _folder() -> Path | None:
    name = conf.text("WEBHOOK_SPOOL")
    return Path(name) if name else None


def _files() -> Iterator[Path]:
    """The complete files; their names are in the order of time."""
    folder = _folder()
    if folder is not None and folder.is_dir():
        yield from sorted(folder.glob(f"*{_FULL}"))


def _write(file: Path, text: bytes) -> None:
    """Write a file that is either there with all of its text, on disk, or not there at all."""
    unfinished = file.with_suffix(f".{uuid4().hex}")
    with open(unfinished, "wb", opener=_for_us_alone) as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    unfinished.rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _store(events: Sequence[WebhookEvent], store: Store) -> int:
    """Store a file's events; where one cannot be stored, each by itself. How many could not be:
    those of an organization that is gone, say. Raises what the database raises when it is away.
    """
    try:
        store(events)
    except AWAY:
        raise
    except DatabaseError:
        if len(events) == 1:
            return 1
        return sum(_store([event], store) for event in events)
    return 0


def _as_json(event: WebhookEvent) -> dict[str, Any]:
    return {
        **{name: getattr(event, name) for name in _KEPT},
        "headers": event.headers,
        "body": base64.b64encode(event.body).decode(),
        "received_at": event.received_at.isoformat(),
    }


def _from_json(line: bytes) -> WebhookEvent:
    """Raises ValueError, KeyError."""
    kept = json.loads(line)
    return WebhookEvent(
        **{name: kept[name] for name in _KEPT},
        headers=kept["headers"],
        body=base64.b64decode(kept["body"]),
        received_at=datetime.fromisoformat(kept["received_at"]),
    )
