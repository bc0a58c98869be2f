"""What was measured, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.cases import Case
    from benchmarks.ceilings import Ceiling


@dataclass
class Results:
    """Every figure of one run of the benchmarks."""

    runs: int
    ceilings: dict[Ceiling, list[float]] = field(default_factory=dict)
    cases: dict[Case, list[float]] = field(default_factory=dict)

    def table(self) -> str:
        """Medians, the spread, and how much of the ceiling and of the aim each case reaches."""
        rows = [("case", "median", "least to most", "of its ceiling", "to reach")]
        for ceiling, figures in self.ceilings.items():
            rows.append(
                (ceiling.title, f"{in_words(median(figures))} /s", _spread(figures), "", "")
            )
        for case, figures in self.cases.items():
            height = self._height(case)
            rows.append(
                (
                    case.title,
                    f"{in_words(median(figures))} {case.unit}",
                    _spread(figures),
                    f"{median(figures) / height:.2f} of {case.ceiling}" if height else "",
                    f"{in_words(case.reach)} {case.unit}",
                )
            )
        widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
        lines = [
            "| "
            + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            + " |"
            for row in rows
        ]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join([*lines, "", self._machine()])

    def as_json(self) -> str:
        """Everything, to be compared with another day's."""
        figured: list[tuple[Ceiling | Case, list[float]]]
        figured = [*self.ceilings.items(), *self.cases.items()]
        measured: list[dict[str, Any]] = [
            {
                "name": one.name,
                "title": one.title,
                "unit": getattr(one, "unit", "/s"),
                "median": median(figures),
                "figures": figures,
            }
            for one, figures in figured
        ]
        return json.dumps({"machine": self._machine(), "measured": measured}, indent=2) + "\n"

    def _height(self, case: Case) -> float | None:
        return next(
            (median(f) for ceiling, f in self.ceilings.items() if ceiling.name == case.ceiling),
            None,
        )

    def _machine(self) -> str:
        load = os.getloadavg()[0]
        return (
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {load:.1f}, "
            f"Python {platform.python_version()}, {self.runs} runs each"
        )


def _spread(figures: Sequence[float]) -> str:
    return f"{in_words(min(figures))} to {in_words(max(figures))}"


def in_words(figure: float) -> str:
    """A figure with as many digits as it is worth."""
    return f"{figure:,.0f}" if figure >= 10 else f"{figure:.2f}"
