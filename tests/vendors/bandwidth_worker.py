"""A process that works at Bandwidth and may be killed at any time; what it learned is in a file.

    python -m tests.vendors.bandwidth_worker FILE setup|buy|release

The file holds the account's settings and what was recorded, and is replaced as a whole, as a
database commits.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from service_vendors.types import VendorAccount
from service_vendors.vendors import loop
from service_vendors.vendors.bandwidth.vendor import Bandwidth
from tests.vendors.bandwidth_account import ORGANIZATION_ID, PUBLIC_ADDRESS

WANTED = 3
REFERENCE = "the one order of this test"


class State:
    """What survives the process."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.kept: dict[str, Any] = json.loads(file.read_text())

    @property
    def vendor(self) -> Bandwidth:
        """The vendor with the settings of now."""
        config = self.kept["config"]
        own = frozenset(config)
        return Bandwidth(
            VendorAccount("bandwidth", ORGANIZATION_ID, config, PUBLIC_ADDRESS, own_fields=own)
        )

    def commit(self) -> None:
        """Keep everything, or nothing of it."""
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(self.kept))
        new.replace(self._file)


async def set_up(state: State) -> None:
    """Auto-configure, saving what each step learned before the next one begins."""
    async for step in state.vendor.auto_configure():
        state.kept["config"] |= step.config
        state.commit()


async def buy(state: State) -> None:
    """Buy numbers, recording each."""
    found = state.vendor.buy_numbers_in_area_code("212", WANTED, REFERENCE)
    async for number in found:
        if number.service_id not in state.kept["numbers"]:
            state.kept["numbers"].append(number.service_id)
            state.commit()


async def release(state: State) -> None:
    """Give every recorded number back."""
    for number in list(state.kept["numbers"]):
        await state.vendor.release_number(number)
        state.kept["numbers"].remove(number)
        state.commit()


if __name__ == "__main__":
    works = {"setup": set_up, "buy": buy, "release": release}
    loop.run(works[sys.argv[2]](State(Path(sys.argv[1]))))
