"""``python -m service_vendors.vendors.fakeservice.server --port 8001``."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from service_vendors.vendors.fakeservice.server.command import (
    CannotServe,
    add_arguments,
    serve_as_told,
)


def main() -> None:
    """Run the fake company until Ctrl-C."""
    parser = argparse.ArgumentParser(
        description="Run the fake company that texts nobody, until Ctrl-C.",
        epilog="Example: --port 8001 --ledger fakeservice.sqlite3",
    )
    add_arguments(parser)
    try:
        serve_as_told(vars(parser.parse_args()), partial(print, flush=True))
    except CannotServe as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
