"""The company's command line, shared by ``python -m ...server`` and the management command."""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service_vendors.vendors.fakeservice.server.service import DEFAULT_PORT, run


class CannotServe(Exception):
    """The server could not start; the text says why and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of both commands."""
    parser.add_argument("--host", default="127.0.0.1", help="Where to listen (127.0.0.1).")
    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help=f"The port to listen at; 0 takes a free one ({DEFAULT_PORT}).",
    )
    parser.add_argument(
        "--ledger",
        type=Path,
        default=None,
        metavar="FILE",
        help="Keep what was sent in this SQLite file; without it, in memory.",
    )


def serve_as_told(options: dict[str, Any], say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises CannotServe."""
    host, port, ledger = options["host"], options["port"], options["ledger"]
    try:
        run(host, port, ledger, say)
    except (OSError, OverflowError) as error:
        raise CannotServe(
            f"Cannot listen at {host}:{port}: {error}. Choose another port with --port."
        ) from error
    except sqlite3.Error as error:
        raise CannotServe(f"Cannot keep the ledger in {ledger}: {error}.") from error
