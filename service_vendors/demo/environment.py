"""Points this process at the demo's own data, broker and addresses, before anything is opened."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from celery import Celery
from django.conf import settings
from django.db import connections
from django.utils.log import configure_logging

from service_vendors.exceptions import ServiceVendorsError

DATABASE_NAME: Final = "demo.sqlite3"
LEDGER_NAME: Final = "ledger.sqlite3"
LOCK_NAME: Final = "lock"


class DemoRefused(ServiceVendorsError):
    """The demo does not run here; the text says why, and what to do."""


def refuse_what_is_not_a_trial(*, use_database_url: bool) -> None:
    """Raise DemoRefused where a demo could do harm: in production, or on somebody's database."""
    if not settings.DEBUG:
        raise DemoRefused(
            "The demo runs with DEBUG on only: everyone knows its passwords. "
            "Set DEBUG=on, on a machine of your own."
        )
    if os.environ.get("DATABASE_URL") and not use_database_url:
        raise DemoRefused(
            "DATABASE_URL is set, and the demo would write its organization and log-ins there. "
            "Unset it, or add --use-database-url if that database is for trying out."
        )


def data_directory(given: str | None) -> Path:
    """Where the demo keeps its data: ``given``, else ``var/demo`` beside ``manage.py``."""
    base = Path(getattr(settings, "BASE_DIR", Path.cwd()))
    return Path(given).absolute() if given else base / "var" / "demo"


@contextmanager
def claimed(directory: Path, *, fresh: bool) -> Iterator[None]:
    """Keep a second demo away from a data directory; with ``fresh`` empty it first.

    Raises DemoRefused when another demo is using it, or when it cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / LOCK_NAME).open("w")
    except OSError as error:
        raise DemoRefused(
            f"The demo cannot write to {directory} ({error.strerror}). "
            "Name another directory with --data."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoRefused(
                f"Another demo is using {directory}. Stop it, or name another directory with "
                "--data."
            ) from error
        if fresh:
            _empty(directory)
        yield


def _empty(directory: Path) -> None:
    """Delete what a demo left, and nothing that a demo did not make."""
    for name in (DATABASE_NAME, LEDGER_NAME):
        for path in directory.glob(f"{name}*"):
            path.unlink()


def use_own_database(directory: Path) -> None:
    """Make the default database a SQLite file in the demo's directory. Call it before any query."""
    own = connections["default"]
    if own.vendor != "sqlite":
        raise DemoRefused("The demo keeps its data in SQLite: unset DATABASE_URL.")
    name = str(directory / DATABASE_NAME)
    connections.settings["default"]["NAME"] = own.settings_dict["NAME"] = name


def use_own_broker(app: Celery) -> None:
    """Hand work over inside this process, whatever broker the environment names."""
    app.conf.update(
        broker_url="memory://",
        broker_transport_options={"polling_interval": 0.02},
        task_always_eager=False,
    )


def quieten(*loggers: str) -> None:
    """Let these loggers speak of errors only. A worker sets up logging anew: hence in LOGGING."""
    logging: dict[str, Any] = {"version": 1, **settings.LOGGING}
    quiet = {name: {"level": "ERROR"} for name in loggers}
    use_setting("LOGGING", {**logging, "loggers": {**logging.get("loggers", {}), **quiet}})
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)


def speak_to_this_machine_directly() -> None:
    """Keep calls between the demo's own parts away from a proxy."""
    for name in ("NO_PROXY", "no_proxy"):
        listed = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join([*listed, "127.0.0.1", "::1", "localhost"])


def use_setting(name: str, value: Any) -> None:
    """Let this process read a setting as ``value``."""
    setattr(settings, name, value)
