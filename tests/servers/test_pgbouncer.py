"""A campaign through PgBouncer in transaction mode: every statement may meet another connection."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from django.db import connection

from benchmarks.servers import free_port, wait_for_port
from service_vendors.models import Message, Organization, SendStatus
from service_vendors.sending import MessageDraft, send_messages
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory, OwnedPhoneNumberFactory, a_number
from tests.servers.conftest import ROOT, Processes, text_over, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

MESSAGES, ANSWERED, NUMBERS = 200, 40, 1_500
# Fewer connections than threads want: they take turns.
CONNECTIONS = 3


@pytest.fixture
def bouncer() -> Iterator[str]:
    """The address of this test's database behind PgBouncer, set up as the guide says."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.fail("Install PgBouncer: apt-get install pgbouncer")
    database, port = connection.settings_dict, free_port()
    host, near = database["HOST"] or "127.0.0.1", database["PORT"] or 5432
    login = f"user={database['USER']}"
    if database["PASSWORD"]:
        login += f" password={database['PASSWORD']}"
    folder = Path(mkdtemp(prefix="service-vendors-pgbouncer."))
    folder.chmod(0o755)  # PgBouncer refuses to run as root
    told = folder / "pgbouncer.ini"
    told.write_text(
        f"[databases]\n{database['NAME']} = host={host} port={near} {login}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\npool_mode = transaction\ndefault_pool_size = {CONNECTIONS}\n"
        "ignore_startup_parameters = options\nidle_transaction_timeout = 60\n"
    )
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program, "--quiet", *user, str(told)])
    try:
        wait_for_port(port)
        yield f"postgres://{database['USER']}:@127.0.0.1:{port}/{database['NAME']}"
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def behind(bouncer: str) -> dict[str, str]:
    """What the guide tells to set."""
    return {
        "DATABASE_URL": bouncer,
        "DATABASE_BEHIND_PGBOUNCER": "on",
        "DATABASE_POOL_MIN": "0",
    }


def test_a_campaign_and_its_answers_go_through_pgbouncer(
    bouncer: str, processes: Callable[[dict[str, str]], Processes], settings: Any
) -> None:
    organization: Organization = OrganizationFactory()
    with FakeServiceServer() as company:
        chosen = text_over(company, settings) | behind(bouncer)
        company.behave(reply_seconds=0.1)
        running = processes(chosen)
        running.environment["BASE_URL"] = f"http://127.0.0.1:{running.site()}"
        running.beat()
        running.worker(threads=4)
        send_messages(
            organization,
            [
                MessageDraft(a_number(n), "Vote! " + ("autorespond" if n < ANSWERED else ""))
                for n in range(MESSAGES)
            ],
        )
        answers = Message.objects.filter(is_from_contact=True)
        delivered = Message.objects.filter(is_from_contact=False, send_status=SendStatus.DELIVERED)
        wait_until(
            lambda: (delivered.count(), answers.count()) == (MESSAGES, ANSWERED),
            seconds=120,
            what="every message to be delivered and every answer to come in",
        )
        sent = Counter(row["reference"] for row in company.sent())
    assert (len(sent), set(sent.values())) == (MESSAGES, {1})


def test_a_long_list_is_read_through_pgbouncer(
    bouncer: str, processes: Callable[[dict[str, str]], Processes]
) -> None:
    """Longer than what Django fetches at once; a cursor of the server would be lost in between."""
    organization = OrganizationFactory()
    OwnedPhoneNumberFactory.create_batch(NUMBERS, organization=organization)
    environment = processes(behind(bouncer) | {"PHONE_INVENTORY": "on"}).environment
    done = subprocess.run(
        [sys.executable, "manage.py", "list_numbers", str(organization.pk)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("+1") >= NUMBERS
