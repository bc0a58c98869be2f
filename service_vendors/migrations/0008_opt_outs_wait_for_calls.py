"""An opt-out is committed before a call begins or after it has begun, and never in between.

The trigger is deferred: it fires when the transaction is committed, whoever stored the opt-out, and
so its lock is held for no longer than that takes. Whoever lets calls begin holds the same lock,
shared (``optouts.hold_up``). SQLite has one writer at a time anyway.
"""

from typing import Any

from django.db import migrations

LOCK = 5_932_180_441

CREATE = f"""
CREATE FUNCTION sv_opt_out_waits_for_calls() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({LOCK});
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER sv_opt_out_waits_for_calls
    AFTER INSERT OR UPDATE ON service_vendors_optout
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.ended_at IS NULL)
    EXECUTE FUNCTION sv_opt_out_waits_for_calls();
"""
DROP = """
DROP TRIGGER sv_opt_out_waits_for_calls ON service_vendors_optout;
DROP FUNCTION sv_opt_out_waits_for_calls();
"""


def create(apps: Any, schema_editor: Any) -> None:
    """On PostgreSQL only."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE, params=None)


def drop(apps: Any, schema_editor: Any) -> None:
    """On PostgreSQL only."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP, params=None)


class Migration(migrations.Migration):
    dependencies = [("service_vendors", "0007_fallbacks")]

    operations = [migrations.RunPython(create, drop)]
