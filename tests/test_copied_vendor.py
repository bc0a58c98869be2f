"""A vendor made by copying a folder and replacing its name works, with no other file touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("service_vendors", "spoke_project", "templates", "tests", "manage.py", "pyproject.toml")

SEND = """
import time

import django

django.setup()

from django.core.management import call_command

from service_vendors.configuration import choose_vendor, save_vendor_config
from service_vendors.demo import runtime
from service_vendors.models import Message, Organization
from service_vendors.sending import send_message
from service_vendors.vendors.acme.server import AcmeServer

call_command("migrate", verbosity=0)
organization = Organization.objects.create(name="Copies")
site = runtime.bind("127.0.0.1", int("{port}"))
with AcmeServer() as server, runtime.serving(site):
    server.behave(report_seconds=0.1, reply_seconds=0.1)
    save_vendor_config(organization, "acme", server.account(), actor=None)
    choose_vendor(organization, "acme", actor=None)
    message = send_message(organization, "+12125550142", "hello, autorespond")
    deadline = time.monotonic() + 20
    messages = Message.objects.filter(organization=organization).order_by("pk")
    while [one.send_status for one in messages.all()] != ["DELIVERED", "DELIVERED"]:
        assert time.monotonic() < deadline, [(m.send_status, m.status_reason) for m in messages]
        time.sleep(0.05)
    sent, reply = messages.all()
    assert (sent.service, reply.service) == ("acme", "acme")
    assert reply.is_from_contact
    assert [one["reference"] for one in server.sent()] == [sent.reference.hex]
site.server_close()
print("sent and answered")
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository with a second vendor in it, made as the documentation says."""
    root = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        source, target = ROOT / name, root / name
        if source.is_dir():
            shutil.copytree(
                source, target, ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3*")
            )
        else:
            shutil.copy(source, target)
    vendors = root / "service_vendors" / "vendors"
    shutil.copytree(vendors / "fakeservice", vendors / "acme")
    for file in (vendors / "acme").rglob("*.py"):
        text = file.read_text()
        for old, new in (
            ("FakeService", "Acme"),
            ("fakeservice", "acme"),
            ("Fakeservice", "Acme"),
            ("FAKESERVICE", "ACME"),
        ):
            text = text.replace(old, new)
        file.write_text(text)
    return root


def _python(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "COVERAGE"))}
    settings = {
        "SERVICE_VENDORS": "fakeservice,acme",
        "DJANGO_SETTINGS_MODULE": "spoke_project.settings",
        "DEBUG": "on",
        "LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(root),
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env={**inherited, **settings, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_it_passes_its_contract(copy: Path) -> None:
    done = _python(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/vendors/test_contract.py",
        "-k", "acme", DJANGO_SETTINGS_MODULE="tests.settings",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    passed = int(done.stdout.rpartition(" passed")[0].split()[-1])
    assert passed > 80
    assert "skipped" not in done.stdout


def test_it_sends_and_hears_through_the_app(copy: Path, unused_tcp_port: int) -> None:
    (copy / "send.py").write_text(SEND.replace("{port}", str(unused_tcp_port)))
    done = _python(
        copy,
        "send.py",
        DATABASE_URL=f"sqlite:///{copy / 'copy.sqlite3'}",
        BASE_URL=f"http://127.0.0.1:{unused_tcp_port}",
        CELERY_TASK_ALWAYS_EAGER="on",
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    assert done.stdout == "sent and answered\n"


def test_its_commands_and_checks_know_it(copy: Path) -> None:
    done = _python(copy, "manage.py", "check")
    assert done.returncode == 0, done.stderr
    done = _python(copy, "-m", "service_vendors.vendors.acme.server", "--help")
    assert "--ledger" in done.stdout
