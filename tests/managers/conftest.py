"""The engine's rules are tried with a vendor whose every answer the test decides."""

from tests.scripted_fixtures import organization, script

__all__ = ["organization", "script"]
