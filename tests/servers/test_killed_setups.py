"""Workers that are killed while they set an account up: it is gone on with, nothing made twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service_vendors import configuration, setups
from service_vendors.models import AccountSetup, Organization
from service_vendors.vendors import loop
from service_vendors.vendors.fakeservice import api
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory
from tests.servers.agreement import agree
from tests.servers.conftest import Processes, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

STEPS = ["Account", "Signing secret", "Webhooks"]


@pytest.fixture
def environment(company: FakeServiceServer, settings: Any, live_server: Any) -> dict[str, str]:
    """What this process and the workers must agree on; no signing secret is known yet."""
    company.behave(desk_seconds=1.0)
    return agree(company, settings, live_server.url, SETUP_LEASE_SECONDS="4")


@pytest.mark.parametrize("fatal_step", STEPS)
def test_a_kill_at_any_step_makes_nothing_twice_and_loses_nothing(
    fatal_step: str,
    company: FakeServiceServer,
    environment: dict[str, str],
    processes: Callable[[dict[str, str]], Processes],
) -> None:
    organization: Organization = OrganizationFactory()
    celery = processes(environment)
    worker = celery.worker(threads=1)
    setup = setups.start(organization, "fakeservice", actor=None)

    def made() -> int:
        return int(company.call("GET", "/ledger?limit=0")["secrets_made"])

    def is_in_the_middle() -> bool:
        setup.refresh_from_db()
        # The company made the secret already and has not answered yet.
        return setup.step == fatal_step and (fatal_step != "Signing secret" or made() == 1)

    wait_until(is_in_the_middle, seconds=60, what=f"the step {fatal_step}")
    celery.kill(worker)
    setup.refresh_from_db()
    assert (setup.state, setup.step) == (AccountSetup.State.RUNNING, fatal_step)
    assert setup.steps_done == STEPS[: STEPS.index(fatal_step)]

    celery.beat()
    celery.worker(threads=1)

    def ended() -> bool:
        setup.refresh_from_db()
        return not setup.is_open

    wait_until(ended, seconds=60, what="another worker to go on")
    assert (setup.state, setup.steps_done) == (AccountSetup.State.DONE, STEPS), setup.error
    assert setup.attempts == 2
    assert made() == 1, "a second secret was made"
    account = configuration.vendor_account(organization, "fakeservice")
    hook = {"callback": account.callback("fakeservice")}
    theirs = loop.run(api.call(account, "GET", "/signing-secret", params=hook))
    assert account.config["signing_secret"] == theirs["signing_secret"] != ""
