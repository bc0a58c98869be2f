"""Are the keys there, secret, and those that the database was written with?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from service_vendors import crypto, development_keys, sentinel
from service_vendors.crypto import GENERATE


@register("service_vendors")
def encryption_keys_are_sound(**_: Any) -> list[CheckMessage]:
    """E009: there is a key, and every one of them is a Fernet key."""
    problem = crypto.problem_with_keys()
    if not problem:
        return []
    return [Error(problem, hint=f"Make a key with: {GENERATE}", id="service_vendors.E009")]


@register("service_vendors")
def encryption_key_is_secret(**_: Any) -> list[CheckMessage]:
    """E010: with DEBUG off, no secret is written with a key that everyone knows."""
    keys = crypto.keys()
    if settings.DEBUG or development_keys.FIELD_ENCRYPTION_KEY not in keys:
        return []
    encrypts = keys[0] == development_keys.FIELD_ENCRYPTION_KEY
    return [
        Error(
            "FIELD_ENCRYPTION_KEY contains the development key, which everyone knows.",
            hint=f"Put a key of your own before it, made with: {GENERATE}"
            if encrypts
            else "Run manage.py rotate_secrets, then take the development key out.",
            id="service_vendors.E010",
        )
    ]


@register("service_vendors")
def secret_key_is_secret(**_: Any) -> list[CheckMessage]:
    """E011: with DEBUG off, sessions are not signed with a key that everyone knows."""
    known = development_keys.SECRET_KEY
    if settings.DEBUG or known not in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        return []
    return [
        Error(
            "SECRET_KEY is the development key, which everyone knows: anyone could log in.",
            hint="Set SECRET_KEY to a secret of your own, made with: "
            'python -c "import secrets; print(secrets.token_urlsafe(64))"',
            id="service_vendors.E011",
        )
    ]


@register(Tags.database)
def stored_secrets_can_be_read(
    databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """E015, W005: what the database keeps encrypted was written with one of the keys."""
    problems: list[CheckMessage] = []
    for using in databases or ():
        state = sentinel.state(using)
        if state is sentinel.State.UNREADABLE:
            problems.append(
                Error(
                    f"None of the keys in FIELD_ENCRYPTION_KEY reads the secrets stored in the "
                    f"database {using!r}.",
                    hint="Add the key they were written with at the end of FIELD_ENCRYPTION_KEY, "
                    "run manage.py rotate_secrets, then take it out again.",
                    id="service_vendors.E015",
                )
            )
        elif state is sentinel.State.MISSING:
            problems.append(
                Warning(
                    f"The database {using!r} has no sentinel, so nobody can tell whether "
                    "FIELD_ENCRYPTION_KEY is right.",
                    hint="Run manage.py migrate, which plants one.",
                    id="service_vendors.W005",
                )
            )
    return problems
