"""What the fake company remembers: one SQLite file of its own, or memory.

A row is written when the statement returns, so a message that was answered is in the ledger
whatever happens to the process. Secrets are never written down here.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from zlib import crc32

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    callback TEXT NOT NULL,
    from_contact INTEGER NOT NULL,
    reference TEXT NOT NULL,
    contact TEXT NOT NULL,
    number TEXT NOT NULL,
    pool TEXT NOT NULL,
    text TEXT NOT NULL,
    media TEXT NOT NULL,
    status TEXT NOT NULL,
    error_code INTEGER,
    at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS by_reference ON messages (reference, account);
CREATE INDEX IF NOT EXISTS by_contact ON messages (contact, account, seq);
CREATE TABLE IF NOT EXISTS numbers (
    phone_number TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    reference TEXT NOT NULL,
    pool TEXT NOT NULL DEFAULT '',
    bought_at REAL NOT NULL,
    released_at REAL
);
CREATE INDEX IF NOT EXISTS by_account ON numbers (account) WHERE released_at IS NULL;
CREATE TABLE IF NOT EXISTS pools (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS accounts (
    account TEXT PRIMARY KEY,
    callback TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS lookups (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    number TEXT NOT NULL,
    paid INTEGER NOT NULL,
    at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    callback TEXT NOT NULL,
    body BLOB NOT NULL,
    due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS by_due ON events (due);
"""

# What an account sends from while it has bought nothing; toll-free, so never for sale.
STANDARD_NUMBERS: Final = tuple(f"+1833555{last:04d}" for last in range(100, 105))

Row = sqlite3.Row


class Ledger:
    """The tables and the questions asked of them. Used by one thread."""

    def __init__(self, path: Path | None = None) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # Survives the end of the process; only a power cut could lose the last moments.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Everything written in this block is written at once, or not at all."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # -- messages -----------------------------------------------------------------------------

    def add_message(self, **columns: Any) -> None:
        """Write down a message, in either direction."""
        columns["media"] = json.dumps(columns["media"])
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        self._db.execute(
            f"INSERT INTO messages ({names}) VALUES ({marks})",  # noqa: S608 - our own names
            tuple(columns.values()),
        )

    def find(self, account: str, reference: str) -> Row | None:
        """The account's first message with this reference."""
        return self._one(
            "SELECT * FROM messages WHERE reference = ? AND account = ? AND NOT from_contact"
            " ORDER BY seq LIMIT 1",
            reference,
            account,
        )

    def phone_of(self, account: str, callback: str, contact: str, limit: int) -> list[Row]:
        """The newest messages on a contact's phone, oldest first."""
        rows = self._all(
            "SELECT * FROM messages WHERE contact = ? AND account = ? AND callback = ?"
            " AND status <> 'failed' AND at <= ? ORDER BY seq DESC LIMIT ?",
            contact,
            account,
            callback,
            time.time(),
            limit,
        )
        return rows[::-1]

    def sent(self, after: int, limit: int, reference: str) -> list[Row]:
        """Messages that were accepted, in order; all, or those of one reference."""
        chosen = "AND reference = ?" if reference else "AND ? = ''"
        return self._all(
            f"SELECT * FROM messages WHERE seq > ? AND NOT from_contact {chosen}"  # noqa: S608
            " ORDER BY seq LIMIT ?",
            after,
            reference,
            limit,
        )

    def count(self) -> tuple[int, int]:
        """How many messages were accepted, and how many different references they have."""
        row = self._all(
            "SELECT count(*), count(DISTINCT account || ' ' || reference) FROM messages"
            " WHERE NOT from_contact"
        )[0]
        return row[0], row[1]

    def repeated(self, limit: int) -> list[Row]:
        """References accepted more than once, and how often."""
        return self._all(
            "SELECT reference, count(*) AS times FROM messages WHERE NOT from_contact"
            " GROUP BY account, reference HAVING count(*) > 1 LIMIT ?",
            limit,
        )

    # -- numbers ------------------------------------------------------------------------------

    def number_for(self, account: str, contact: str, pool: str) -> str | None:
        """What to text a contact from: the number of last time, while it is still among them.

        None when the pool has no number.
        """
        choice = [row["phone_number"] for row in self.numbers(account, pool=pool)]
        choice = choice or ([] if pool else list(STANDARD_NUMBERS))
        if not choice:
            return None
        last = self._one(
            "SELECT number FROM messages WHERE contact = ? AND account = ?"
            " ORDER BY seq DESC LIMIT 1",
            contact,
            account,
        )
        if last is not None and last["number"] in choice:
            return str(last["number"])
        return str(choice[crc32(contact.encode()) % len(choice)])

    def numbers(self, account: str, *, pool: str = "") -> list[Row]:
        """The numbers an account owns, all or those in one pool."""
        chosen = "AND pool = ?" if pool else "AND ? = ''"
        return self._all(
            f"SELECT * FROM numbers WHERE account = ? AND released_at IS NULL {chosen}"  # noqa: S608
            " ORDER BY phone_number",
            account,
            pool,
        )

    def ever_sold(self, prefix: str) -> set[str]:
        """Numbers beginning like this that were sold once, released ones too."""
        rows = self._all(
            "SELECT phone_number FROM numbers WHERE phone_number >= ? AND phone_number < ?",
            prefix,
            prefix + ":",  # the character after "9"
        )
        return {row["phone_number"] for row in rows}

    def number(self, phone_number: str) -> Row | None:
        """A number that was sold once."""
        return self._one("SELECT * FROM numbers WHERE phone_number = ?", phone_number)

    def sell(self, phone_number: str, number_id: str, account: str, reference: str) -> None:
        """Give a number to an account."""
        self._db.execute(
            "INSERT INTO numbers (phone_number, id, account, reference, bought_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (phone_number, number_id, account, reference, time.time()),
        )

    def release(self, account: str, number_id: str) -> bool:
        """Take a number back; False when the account does not have it."""
        return self._changed(
            "UPDATE numbers SET released_at = ?, pool = ''"
            " WHERE id = ? AND account = ? AND released_at IS NULL",
            time.time(),
            number_id,
            account,
        )

    # -- pools --------------------------------------------------------------------------------

    def add_pool(self, pool_id: str, account: str, name: str) -> None:
        """Open an empty pool."""
        self._db.execute("INSERT INTO pools VALUES (?, ?, ?)", (pool_id, account, name))

    def pools(self, account: str) -> list[Row]:
        """The account's pools: id and name."""
        return self._all("SELECT id, name FROM pools WHERE account = ? ORDER BY id", account)

    def has_pool(self, account: str, pool_id: str) -> bool:
        """Whether the account has this pool."""
        row = self._one("SELECT 1 FROM pools WHERE id = ? AND account = ?", pool_id, account)
        return row is not None

    def delete_pool(self, account: str, pool_id: str) -> bool:
        """Close a pool; False when there is none. Its numbers stay the account's."""
        self.empty_pool(account, pool_id)
        return self._changed("DELETE FROM pools WHERE id = ? AND account = ?", pool_id, account)

    def fill_pool(self, account: str, pool_id: str, number_ids: Iterable[str]) -> int:
        """Put numbers into a pool; how many of them the account has."""
        return sum(
            self._changed(
                "UPDATE numbers SET pool = ? WHERE id = ? AND account = ? AND released_at IS NULL",
                pool_id,
                number_id,
                account,
            )
            for number_id in number_ids
        )

    def empty_pool(self, account: str, pool_id: str) -> None:
        """Take every number out of a pool."""
        self._changed(
            "UPDATE numbers SET pool = '' WHERE account = ? AND pool = ?", account, pool_id
        )

    # -- accounts -----------------------------------------------------------------------------

    def set_callback(self, account: str, callback: str) -> None:
        """Call an account there whose messages name no callback."""
        self._db.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?)", (account, callback))

    def callback_of(self, account: str) -> str:
        """Where such an account is called, or ""."""
        row = self._one("SELECT callback FROM accounts WHERE account = ?", account)
        return row["callback"] if row else ""

    # -- lookups ------------------------------------------------------------------------------

    def add_lookup(self, account: str, number: str, *, paid: bool) -> None:
        """Write a lookup down; a paid one is on the bill."""
        self._db.execute(
            "INSERT INTO lookups (account, number, paid, at) VALUES (?, ?, ?, ?)",
            (account, number, int(paid), time.time()),
        )

    def lookups(self) -> dict[str, int]:
        """How many lookups were paid for, of how many different numbers, and how many free."""
        row = self._all(
            "SELECT coalesce(sum(paid), 0) AS paid, coalesce(sum(1 - paid), 0) AS free,"
            " count(DISTINCT CASE WHEN paid THEN account || ' ' || number END) AS different"
            " FROM lookups"
        )[0]
        return {"paid": row["paid"], "different": row["different"], "free": row["free"]}

    # -- events -------------------------------------------------------------------------------

    def add_event(self, callback: str, body: bytes, due: float) -> None:
        """Note that a callback is to be told something at a time."""
        self._db.execute(
            "INSERT INTO events (callback, body, due) VALUES (?, ?, ?)", (callback, body, due)
        )

    def take_events(self, now: float, until: float, limit: int) -> list[Row]:
        """Events that are due; each is due again at ``until`` unless it is finished before."""
        due = self._all("SELECT * FROM events WHERE due <= ? ORDER BY due LIMIT ?", now, limit)
        for event in due:
            self._db.execute(
                "UPDATE events SET due = ?, attempts = attempts + 1 WHERE seq = ?",
                (until, event["seq"]),
            )
        return due

    def next_due(self) -> float | None:
        """When the next event is due."""
        due: float | None = self._all("SELECT min(due) AS due FROM events")[0]["due"]
        return due

    def postpone_event(self, seq: int, due: float) -> None:
        """Tell it later."""
        self._db.execute("UPDATE events SET due = ? WHERE seq = ?", (due, seq))

    def finish_event(self, seq: int) -> None:
        """It was told, or will never be."""
        self._db.execute("DELETE FROM events WHERE seq = ?", (seq,))

    def waiting_events(self) -> int:
        """How many events are still to be told."""
        return int(self._all("SELECT count(*) FROM events")[0][0])

    # -- SQLite -------------------------------------------------------------------------------

    def _all(self, statement: str, *values: Any) -> list[Row]:
        return self._db.execute(statement, values).fetchall()

    def _one(self, statement: str, *values: Any) -> Row | None:
        row: Row | None = self._db.execute(statement, values).fetchone()
        return row

    def _changed(self, statement: str, *values: Any) -> bool:
        return self._db.execute(statement, values).rowcount > 0
