"""``manage.py demo``, run the way a person runs it: a process of its own, spoken to over HTTP."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.fernet import Fernet

from service_vendors.demo import seed

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
NOT_OURS = {"DATABASE_URL", "REDIS_URL", "PORT", "FIELD_ENCRYPTION_KEY", "DJANGO_SETTINGS_MODULE"}


@dataclass
class Demo:
    """A running demo."""

    process: subprocess.Popen[str]
    address: str
    data: Path

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """End it; its exit code and what else it had to say."""
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=START_SECONDS)
        return self.process.returncode, said

    def browser(self, username: str) -> requests.Session:
        """A browser that is logged in."""
        browser = requests.Session()
        browser.trust_env = False
        page = browser.get(f"{self.address}/accounts/login/", timeout=10)
        assert page.status_code == 200
        answer = browser.post(
            f"{self.address}/accounts/login/",
            {
                "username": username,
                "password": "demo",
                "csrfmiddlewaretoken": browser.cookies["csrftoken"],
            },
            timeout=10,
            allow_redirects=False,
        )
        assert answer.status_code == 302, answer.text
        return browser


def command(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """``manage.py demo`` on this machine, as if nothing had been set."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo", *arguments],
        cwd=ROOT,
        env={**kept, "DEBUG": "on", "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def started(data: Path, *arguments: str, **environment: str) -> Demo:
    process = command("--data", str(data), *arguments, **environment)
    said = []
    for line in process.stdout or ():
        said.append(line)
        if found := re.search(r"Open (http://\S+) and log in as owner", line):
            return Demo(process, found[1], data)
    pytest.fail("The demo did not start:\n" + "".join(said))


def refusal(*arguments: str, **environment: str) -> str:
    """What the demo says when it does not want to run: one line."""
    process = command(*arguments, **environment)
    said, _ = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 1, said
    lines = [line for line in said.splitlines() if line != "Starting the demo ..."]
    assert len(lines) == 1, said
    return lines[0]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for the tests that only look."""
    running = started(tmp_path_factory.mktemp("demo"), "--port", "0")
    yield running
    running.stop()


def until(condition: Callable[[], Any], seconds: float) -> Any:
    """What the condition gives once it is true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not so within {seconds} seconds"
        time.sleep(0.1)
    return value


def test_it_answers_once_it_is_up(demo: Demo) -> None:
    assert requests.get(f"{demo.address}/healthz", timeout=10).status_code == 200


def test_the_owner_begins_at_the_settings_and_an_admin_is_refused_there(demo: Demo) -> None:
    owner = demo.browser("owner").get(demo.address, timeout=10)
    assert owner.url == f"{demo.address}/admin/1/settings"
    assert owner.status_code == 200
    for name in ("admin", "texter"):
        refused = demo.browser(name).get(f"{demo.address}/admin/1/settings", timeout=10)
        assert refused.status_code == 403


def test_a_text_is_delivered_and_answered_within_five_seconds(demo: Demo) -> None:
    browser = demo.browser("owner")
    messages = f"{demo.address}/api/organizations/1/messages"
    number = seed.CONTACTS[0][2]
    sent = browser.post(
        messages,
        json={"contact_number": number, "text": "please autorespond"},
        headers={"X-CSRFToken": browser.cookies["csrftoken"], "Referer": demo.address},
        timeout=10,
    )
    assert sent.status_code == 201, sent.text

    def both() -> Any:
        outcome = browser.get(f"{messages}/{sent.json()['reference']}", timeout=10).json()
        replies = browser.get(messages, params={"is_from_contact": "true"}, timeout=10).json()
        return outcome["send_status"] == "DELIVERED" and replies["results"]

    replies = until(both, 5)
    assert [(r["contact_number"], r["send_status"]) for r in replies] == [(number, "DELIVERED")]


def test_the_vendor_is_ready_and_its_secrets_are_in_no_file(demo: Demo) -> None:
    browser = demo.browser("owner")
    vendor = browser.get(f"{demo.address}/api/organizations/1/vendor", timeout=10).json()
    assert vendor["ready"] is True
    assert vendor["settings"]["api_key"] == "<Hidden>"
    kept = b"".join(path.read_bytes() for path in demo.data.iterdir())
    assert seed.ORGANIZATION.encode() in kept
    secrets = stored(demo, "StoredSecret", "value")
    assert len(secrets) == 2
    for secret in secrets:
        assert secret.encode() not in kept


def test_static_files_are_served(demo: Demo) -> None:
    answer = requests.get(f"{demo.address}/static/service_vendors/api_docs.css", timeout=10)
    assert answer.status_code == 200


def test_it_can_be_stopped_and_goes_on_where_it_was(tmp_path: Path) -> None:
    first = started(tmp_path, "--port", "0")
    numbers = stored(first, "OwnedPhoneNumber", "phone_number")
    assert len(set(numbers)) == seed.NUMBERS
    code, said = first.stop(signal.SIGINT)
    assert code == 0, said
    assert "Traceback" not in said
    assert said.strip().endswith("Stopping the demo ...")
    again = started(tmp_path, "--port", "0")
    assert stored(again, "OwnedPhoneNumber", "phone_number") == numbers
    again.stop()
    fresh = started(tmp_path, "--port", "0", "--fresh")
    assert stored(fresh, "AuditEntry", "summary") == ["Changed the settings of Fakeservice."]
    fresh.stop()


def manage(database: Path, *arguments: str, **environment: str) -> str:
    """What a command says about the demo's database, while the demo may be running."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "DEBUG": "on",
            "DJANGO_SETTINGS_MODULE": "spoke_project.settings",
            "DATABASE_URL": f"sqlite:///{database}",
            **environment,
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def stored(demo: Demo, model: str, field: str) -> list[str]:
    """A column of the demo's own database."""
    script = (
        f"import json; from service_vendors.models import {model} as M;"
        f"print(json.dumps([row.{field} for row in M.objects.order_by('pk')]))"
    )
    said = manage(demo.data / "demo.sqlite3", "shell", "--no-imports", "-c", script)
    return list(json.loads(said))


def test_it_refuses_to_run_with_debug_off(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    said = refusal("--data", str(tmp_path), DEBUG="off", SECRET_KEY="own", FIELD_ENCRYPTION_KEY=key)
    assert "DEBUG=on" in said
    assert "DEBUG=on" in refusal("--data", str(tmp_path), DEBUG="off")
    assert not list(tmp_path.iterdir())


def test_it_keeps_its_hands_off_a_database_that_was_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'precious.sqlite3'}"
    said = refusal("--data", str(tmp_path / "data"), DATABASE_URL=url)
    assert "--use-database-url" in said
    assert not list(tmp_path.iterdir())


def test_it_uses_a_database_that_it_was_told_to_use(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trial.sqlite3'}"
    running = started(tmp_path / "data", "--port", "0", "--use-database-url", DATABASE_URL=url)
    running.stop()
    assert (tmp_path / "trial.sqlite3").stat().st_size > 0
    assert not (tmp_path / "data" / "demo.sqlite3").exists()


def test_a_taken_port_is_told_in_one_line_and_nothing_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal("--data", str(tmp_path), PORT=str(port))
    assert f"Port {port} is taken" in said
    assert f"PORT={port + 1}" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [("--port", "70000"), ("--host", "no.such.host.invalid")])
def test_an_address_that_cannot_be_is_told_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert "Cannot listen at" in refusal("--data", str(tmp_path), *arguments)


def test_two_demos_do_not_share_their_data(demo: Demo) -> None:
    said = refusal("--port", "0", "--data", str(demo.data), "--fresh")
    assert "Another demo is using" in said
    assert requests.get(f"{demo.address}/healthz", timeout=10).status_code == 200


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot write" in refusal("--port", "0", "--data", str(tmp_path / "file" / "demo"))


def test_data_of_another_key_is_not_touched(tmp_path: Path) -> None:
    database = tmp_path / "demo.sqlite3"
    manage(database, "migrate", FIELD_ENCRYPTION_KEY=Fernet.generate_key().decode())
    before = database.read_bytes()
    assert "--fresh" in refusal("--port", "0", "--data", str(tmp_path))
    assert database.read_bytes() == before
    assert not (tmp_path / "ledger.sqlite3").exists()
