"""How the contract tests reach a stand-in; each company adds what it says of messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from service_vendors.testing import Company, Trouble
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

    def behave(self) -> None:
        """All is well."""
        self._company.disturbance = None

    def misbehave(self, trouble: Trouble) -> None:
        """Answer like this from now on."""
        self._company.disturbance = self.troubles[trouble]

    def close(self) -> None:
        """Go away."""
        self._switch.stop()
