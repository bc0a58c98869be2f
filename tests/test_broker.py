"""Handing work over to a broker that may be away."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from service_vendors import broker
from service_vendors.absence import Absence

ROOT = Path(__file__).resolve().parent.parent

ACCEPT_ONE = """
from service_vendors.models import Message, Organization
from service_vendors.sending import send_message

message = send_message(Organization.objects.create(name="x"), "+12125550123", "Hello")
message.refresh_from_db()
print("kept:", Message.objects.count(), message.send_status, message.dispatched_at)
"""


def test_work_goes_over_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[list[int]] = []
    monkeypatch.setattr("service_vendors.tasks.send_replies.delay", batches.append)
    assert broker.hand_over("send_replies", [1, 2, 3, 4, 5], batch_size=2)
    assert batches == [[1, 2], [3, 4], [5]]


def test_a_broker_that_fails_is_told_apart_from_one_that_took_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("service_vendors.tasks.send_replies.delay", away)
    assert not broker.hand_over("send_replies", [1], batch_size=2)


def test_a_broker_that_was_away_just_now_holds_up_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[object] = []

    def away(ids: object) -> None:
        tries.append(ids)
        raise ConnectionRefusedError

    monkeypatch.setattr("service_vendors.tasks.send_replies.delay", away)
    assert not broker.hand_over("send_replies", [1], batch_size=2)
    assert not broker.hand_over("send_replies", [2], batch_size=2)
    assert tries == [[1]]
    monkeypatch.setattr(broker, "away", Absence(seconds=0.0))
    assert not broker.hand_over("send_replies", [3], batch_size=2)
    assert not broker.hand_over("send_replies", [4], batch_size=2)
    assert tries == [[1], [3], [4]], "it was not asked again"


def test_a_message_accepted_while_redis_is_away_is_left_to_the_sweeper(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    accept_one_without(f"redis://127.0.0.1:{port}/0", tmp_path)


def accept_one_without(broker_url: str, folder: Path) -> None:
    """Accept a message in a process whose broker is of no use."""
    environment = {
        **os.environ,
        "DEBUG": "on",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "REDIS_URL": broker_url,
    }
    for arguments in (("migrate", "-v0"), ("shell", "-v0", "-c", ACCEPT_ONE)):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
    assert "kept: 1 QUEUED None" in done.stdout
    assert "broker" in done.stderr
