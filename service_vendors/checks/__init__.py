"""System checks: what is wrong with the settings, and how to mend it.

``E`` stops Django, ``W`` does not. Those that need the database run with
``manage.py check --database default`` and with every ``migrate``.
"""

from service_vendors.checks import deployment, keys, managers, organizations, values, vendors

__all__ = ["deployment", "keys", "managers", "organizations", "values", "vendors"]
