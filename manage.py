#!/usr/bin/env python
"""Django's command line."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spoke_project.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "Django is not installed here. Install it with: pip install -r requirements/base.txt"
        ) from error
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        missing = "environment variable" in str(error)
        hint = ". For trying things out, DEBUG=on has a default for it." if missing else ""
        raise SystemExit(f"{error}{hint}") from None


if __name__ == "__main__":
    main()
