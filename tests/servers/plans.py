"""How many rows PostgreSQL reads for the statements that a piece of code executes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection

_EXPLAINED: Final = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, its plan, and how many rows of tables were looked at for it."""

    sql: str
    plan: str
    rows: int

    def __str__(self) -> str:
        return f"{self.rows} rows are read by {self.sql}\n{self.plan}"


@dataclass
class Plans:
    """The statements that were executed in a transaction."""

    statements: list[Statement] = field(default_factory=list)
    _is_explaining: bool = False

    def reading_more_than(self, rows: int) -> list[str]:
        """The statements that look at more rows than these, each with its plan."""
        return [str(statement) for statement in self.statements if statement.rows > rows]

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,
        context: Mapping[str, Any],
    ) -> Any:
        """Execute a statement, after it was explained: executed, too, and taken back."""
        if not self._is_explaining and not many and _EXPLAINED.match(sql):
            self._is_explaining = True
            try:
                self._explain(sql, params)
            finally:
                self._is_explaining = False
        return execute(sql, params, many, context)

    def _explain(self, sql: str, params: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT explained")
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", params)
            (explained,) = cursor.fetchone()
            cursor.execute("ROLLBACK TO SAVEPOINT explained")
        plan = explained[0]["Plan"]
        self.statements.append(Statement(sql, json.dumps(plan, indent=1), _rows_read(plan)))


@contextmanager
def plans() -> Iterator[Plans]:
    """Explain everything that is executed meanwhile. Must run in a transaction."""
    found = Plans()
    with connection.execute_wrapper(found):
        yield found


def _rows_read(node: Mapping[str, Any]) -> int:
    """Rows that a node and those below it took from tables, those they threw away among them."""
    read = sum(_rows_read(below) for below in node.get("Plans", ()))
    if "Relation Name" in node and node["Node Type"] != "ModifyTable":
        removed = sum(number for name, number in node.items() if name.startswith("Rows Removed"))
        read += round((node["Actual Rows"] + removed) * node["Actual Loops"])
    return read
