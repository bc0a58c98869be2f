"""How the contract tests reach a stand-in; each company adds what it says of messages."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from service_vendors.testing import Company, Taken, Trouble
from tests.simulators.company import SimulatedCompany
from tests.simulators.disturbances import Handler
from tests.simulators.network import Switch


class StandIn(Company):
    """A company that was opened, in the words of the contract tests."""

    troubles: ClassVar[Mapping[Trouble, Handler]]

    def __init__(
        self,
        company: SimulatedCompany,
        switch: Switch,
        config: Mapping[str, str],
        numbers: tuple[str, str],
    ) -> None:
        self._company: Any = company
        self._switch, self._config, self._numbers = switch, config, numbers

    @property
    def config(self) -> Mapping[str, str]:
        """An account there, furnished."""
        return self._config

    @property
    def numbers(self) -> tuple[str, str]:
        """The account's own."""
        return self._numbers

    def taken(self) -> Sequence[Taken]:
        """The messages of the account, without those it received."""
        return [self.read(one) for one in self._company.messages]

    @abstractmethod
    def read(self, message: Mapping[str, Any]) -> Taken:
        """A message, as the company keeps it."""

    def calls(self) -> int:
        """How often somebody asked to send."""
        return sum(
            one.method == "POST" and self.is_for_sending(one.path) for one in self._company.requests
        )

    @abstractmethod
    def is_for_sending(self, path: str) -> bool:
        """Whether what is posted to this path is a message to send."""

    def behave(self) -> None:
        """All is well."""
        self._company.disturbance = None

    def misbehave(self, trouble: Trouble) -> None:
        """Answer like this from now on."""
        self._company.disturbance = self.troubles[trouble]

    def close(self) -> None:
        """Go away."""
        self._switch.stop()
