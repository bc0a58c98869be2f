"""Programs that send over the REST API, and do not give up while the site is away."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, Self

from knox.models import get_token_model

from service_vendors.models import Organization, Role
from tests.factories import MembershipFactory

PAUSE_SECONDS = 0.2


class Callers:
    """Threads that send messages, each message again with its own key until it is accepted.

    ``answers`` maps each accepted key to the reference that the site gave. Whatever answer is
    neither an acceptance nor a fault of the site is kept in ``refusals``.
    """

    def __init__(self, organization: Organization, port: int, *, threads: int = 4) -> None:
        member = MembershipFactory(organization=organization, role=Role.TEXTER)
        _, token = get_token_model().objects.create(member.user)
        self._address = "127.0.0.1", port
        self._path = f"/api/organizations/{organization.pk}/messages"
        self._headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        self._waiting: SimpleQueue[tuple[str, Mapping[str, Any]]] = SimpleQueue()
        self._end = Event()
        self._threads = [Thread(target=self._call, daemon=True) for _ in range(threads)]
        self.answers: dict[str, str] = {}
        self.refusals: list[str] = []
        self.retries = 0

    def send(self, messages: Mapping[str, Mapping[str, Any]]) -> None:
        """Send these, each by its key."""
        for one in messages.items():
            self._waiting.put(one)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        connection = HTTPConnection(*self._address, timeout=20)
        while not self._end.is_set():
            try:
                key, message = self._waiting.get(timeout=PAUSE_SECONDS)
            except Empty:
                continue
            while not self._end.is_set() and not self._accepted(connection, key, message):
                self.retries += 1
                time.sleep(PAUSE_SECONDS)
        connection.close()

    def _accepted(self, connection: HTTPConnection, key: str, message: Mapping[str, Any]) -> bool:
        """Whether this message is over, accepted or refused; False when nobody can know."""
        headers = self._headers | {"Idempotency-Key": key}
        try:
            connection.request("POST", self._path, json.dumps(message), headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException):
            connection.close()
            return False
        if answer.status in {200, 201}:
            self.answers[key] = json.loads(body)["reference"]
        elif answer.status < 500:
            self.refusals.append(f"{answer.status} {body[:200]!r}")
        return answer.status < 500
