"""Is this installation able to work? For machines; says nothing a stranger may not know."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from service_vendors import backlog, conf, sentinel
from service_vendors.receiving import spool as webhook_spool

logger = logging.getLogger(__name__)

FINE = "fine"


def database() -> str:
    """Whether the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return FINE


def migrations() -> str:
    """Whether the tables are those that this version of the code expects."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} not applied: run `manage.py migrate`" if missing else FINE


def encryption() -> str:
    """Whether the secrets in the database can be read with FIELD_ENCRYPTION_KEY."""
    state = sentinel.state(DEFAULT_DB_ALIAS)
    if state is sentinel.State.READABLE:
        return FINE
    if state is sentinel.State.UNREADABLE:
        return "FIELD_ENCRYPTION_KEY lacks the key that the secrets were encrypted with"
    return "the sentinel is missing: run `manage.py migrate`"


def workers() -> str:
    """Whether somebody does what is due."""
    waited = backlog.read().oldest_seconds
    if waited < conf.seconds("HEALTH_WAIT_SECONDS"):
        return FINE
    return f"work has been due for {waited:.0f} seconds: see that workers and beat run"


def spool() -> str:
    """Whether the webhooks that came to this machine are all in the database."""
    if webhook_spool.is_empty():
        return FINE
    return f"{webhook_spool.size()} bytes of webhooks wait on disk for the database"


CHECKS: tuple[Callable[[], str], ...] = (database, migrations, encryption, workers, spool)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when all is well, else 503; either way each check in words."""
    checks = {}
    for check in CHECKS:
        try:
            checks[check.__name__] = check()
        except DatabaseError as error:
            # The text may name hosts and users: it is for the log, not for whoever asks.
            logger.error("The health check %s failed: %s", check.__name__, error)
            checks[check.__name__] = "the database cannot be used; the log says why"
    well = all(said == FINE for said in checks.values())
    return JsonResponse(
        {"status": "ok" if well else "broken", "checks": checks}, status=200 if well else 503
    )


urlpatterns = [path("healthz", healthz, name="healthz")]
