"""Hosts of a test's own: network namespaces, each with a cable that can be pulled.

What is not delivered is swallowed, as by a broken network: nobody is told that a connection ended.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Self

import pytest


class Centre:
    """Where all hosts find what they share: an address of this machine, routed to by every host.

    The range is the one that RFC 2544 sets aside for tests of networks.
    """

    def __init__(self) -> None:
        if os.geteuid() != 0 or shutil.which("ip") is None:
            pytest.skip("Hosts of a test's own need root and iproute2.")
        self._part = os.getpid() % 250 + 1
        self.address = f"198.18.{self._part}.254"
        self._hosts: list[Host] = []

    def __enter__(self) -> Self:
        _ip("address", "add", f"{self.address}/32", "dev", "lo")
        return self

    def __exit__(self, *_: object) -> None:
        for host in self._hosts:
            _ip("netns", "delete", host.name)
        _ip("address", "delete", f"{self.address}/32", "dev", "lo")

    def host(self) -> Host:
        """One more host, connected."""
        number = len(self._hosts)
        host = Host(f"sv{os.getpid()}-{number}", f"198.18.{self._part}", 4 * number, self.address)
        self._hosts.append(host)
        return host


class Host:
    """A network of its own, which reaches the centre and nothing else."""

    def __init__(self, name: str, net: str, first: int, centre: str) -> None:
        self.name, self._cable = name, f"{name}-c"
        self.inside = ("ip", "netns", "exec", name)
        _ip("netns", "add", name)
        _ip("link", "add", self._cable, "type", "veth", "peer", "eth0", "netns", name)
        _ip("address", "add", f"{net}.{first + 1}/30", "dev", self._cable)
        _ip("link", "set", self._cable, "up")
        here = ("-n", name)
        _ip(*here, "link", "set", "lo", "up")
        _ip(*here, "address", "add", f"{net}.{first + 2}/30", "dev", "eth0")
        _ip(*here, "link", "set", "eth0", "up")
        _ip(*here, "route", "add", centre, "via", f"{net}.{first + 1}")

    def cut(self) -> None:
        """Pull the cable: from the broker, the database and the vendor at once."""
        _ip("link", "set", self._cable, "down")

    def mend(self) -> None:
        """Plug it in again."""
        _ip("link", "set", self._cable, "up")


@contextmanager
def passed_on(address: str, to: tuple[str, int]) -> Iterator[int]:
    """Serve at an address what listens elsewhere; the port."""
    ends: list[socket.socket] = []
    threads: list[Thread] = []

    def begin(do: Callable[..., None], *arguments: socket.socket) -> None:
        threads.append(Thread(target=do, args=arguments, daemon=True))
        threads[-1].start()

    def take() -> None:
        with suppress(OSError):  # the door is closed
            while True:
                near, _ = door.accept()
                far = socket.create_connection(to)
                ends.extend((near, far))
                begin(_pass_on, near, far)
                begin(_pass_on, far, near)

    with socket.create_server((address, 0)) as door:
        begin(take)
        yield door.getsockname()[1]
        _hang_up(door, *ends)
        for thread in threads:
            thread.join()
        for end in ends:
            end.close()


def _pass_on(near: socket.socket, far: socket.socket) -> None:
    with suppress(OSError):
        while said := near.recv(65_536):
            far.sendall(said)
    _hang_up(near, far)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
