"""Starts everything the demo is made of, in the order in which one thing needs the other."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from celery import current_app
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer

from service_vendors import conf, sentinel
from service_vendors.demo import environment, runtime, seed
from service_vendors.demo.environment import DemoRefused
from service_vendors.vendors import http, loop
from service_vendors.vendors.fakeservice.server import FakeServiceServer

STAND_IN: Final = "fakeservice"
NUMBER_SECONDS: Final = 0.1
EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104


@contextmanager
def running(
    host: str, port: int, directory: Path, *, fresh: bool, use_database_url: bool
) -> Iterator[str]:
    """Run the demo for as long as the block lasts; gives the site's address.

    Port 0 takes a free one. Raises DemoRefused, and VendorError when the stand-in cannot be
    reached.
    """
    environment.refuse_what_is_not_a_trial(use_database_url=use_database_url)
    server = _bound(host, port)
    with ExitStack() as parts:
        parts.callback(server.server_close)
        parts.enter_context(environment.claimed(directory, fresh=fresh))
        address = _address(host, int(server.server_port))
        _prepare(directory, address, use_database_url=use_database_url)
        company = parts.enter_context(FakeServiceServer(ledger=directory / environment.LEDGER_NAME))
        # As long as a real company takes: an order is something to watch.
        company.behave(number_seconds=NUMBER_SECONDS)
        environment.use_setting("FAKESERVICE_API_URL", company.url)
        parts.callback(lambda: loop.run(http.close()))
        account = {k: v for k, v in company.account().items() if k != "api_url"}
        # The company calls back while it is being asked, so the site answers first.
        parts.enter_context(runtime.serving(server))
        seed.seed(STAND_IN, account)
        parts.enter_context(runtime.working(current_app))
        parts.enter_context(runtime.sweeping())
        yield address


def _bound(host: str, port: int) -> ThreadedWSGIServer:
    try:
        return runtime.bind(host, port)
    except (OSError, OverflowError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        raise DemoRefused(
            f"Port {port} is taken. Stop what uses it, or choose another: PORT={port + 1}"
            if taken
            else f"Cannot listen at {host}, port {port}: {error}."
        ) from error


def _address(host: str, port: int) -> str:
    """Where a browser on this machine finds the site."""
    near = EVERYWHERE.get(host, host)
    return f"http://{f'[{near}]' if ':' in near else near}:{port}"


def _prepare(directory: Path, address: str, *, use_database_url: bool) -> None:
    """Point this process at the demo's data and broker, and bring its tables up to date."""
    environment.quieten("django.server", "django.request", "celery", "kombu")
    environment.speak_to_this_machine_directly()
    environment.use_own_broker(current_app)
    environment.use_setting("BASE_URL", address)
    environment.use_setting("DEFAULT_SERVICE", STAND_IN)
    environment.use_setting("PHONE_INVENTORY", True)
    # The one worker also sends: texts do not wait for an order of numbers.
    environment.use_setting("NUMBERS_SLICE_SECONDS", 0.5)
    listed = conf.words("SERVICE_VENDORS")
    environment.use_setting("SERVICE_VENDORS", [*listed, *({STAND_IN} - set(listed))])
    if not use_database_url:
        environment.use_own_database(directory)
    call_command("migrate", verbosity=0, interactive=False)
    if sentinel.state("default") is sentinel.State.UNREADABLE:
        raise DemoRefused(
            "The demo's data was written with another FIELD_ENCRYPTION_KEY. Set that one again, "
            "or start over with --fresh."
        )
