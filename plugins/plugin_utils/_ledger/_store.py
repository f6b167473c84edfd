# SPDX-License-Identifier: GPL-3.0-or-later
"""The database of the ledger: opening, transactions, and writes that extend the chain."""

from __future__ import annotations

import datetime
import fcntl
import json
import os
import typing as t
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import _chain
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._rules import (
    LedgerError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._schema import (
    CHAINED,
    tables,
)

Row = dict[str, t.Any]
Mark = tuple[int, str]  # place and hash of an entry
KEY_VARIABLE = "CLUSTERWRIGHT_LEDGER_KEY"
#: Any number that no other program locks: writers of one PostgreSQL ledger queue up behind it.
_ADVISORY_LOCK = 0x636C7572


def now() -> str:
    """Return the time as the ledger writes it: RFC 3339, UTC, milliseconds."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def _reason(error: Exception) -> str:
    """Return the database's own words, without statement and parameters."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0].rstrip(".")


class Store:
    """One SQLAlchemy URL; a plain path means SQLite (mode 0600)."""

    def __init__(self, url: str, *, key: str | None = None) -> None:
        """Open ``url``; the tables are made when missing.

        Args:
            url: path or SQLAlchemy URL.
            key: of the chain's HMAC; by default from the environment, none makes plain hashes.
        """
        try:
            import sqlalchemy as sa
        except ImportError as error:
            raise LedgerError(
                f"The ledger needs the Python package SQLAlchemy ({error});"
                " install it with pip install sqlalchemy."
            ) from None
        self._sa = sa
        self._t = tables()
        self._key = (os.environ.get(KEY_VARIABLE, "") if key is None else key).encode()
        self._head_file: Path | None = None
        if "://" not in url:
            path = self._private_file(Path(url))
            self._head_file = path.with_name(f"{path.name}.head")
            url = f"sqlite:///{path}"
        self._shown = sa.engine.make_url(url).render_as_string(hide_password=True)
        try:
            self._engine = sa.create_engine(url)
            if self._engine.dialect.name == "sqlite":
                self._serialize_writers()
            self._make_tables()
        except sa.exc.SQLAlchemyError as error:
            raise LedgerError(
                f"The ledger at {self._shown} cannot be opened: {_reason(error)}."
            ) from None

    def _make_tables(self) -> None:
        inspector = self._sa.inspect(self._engine)
        there = set(inspector.get_table_names())
        for attempt in range(2):
            try:
                self._t.metadata.create_all(self._engine)
                break
            except (self._sa.exc.IntegrityError, self._sa.exc.ProgrammingError):
                # Another controller was making them; now they are there.
                if attempt:
                    raise
        if there:
            self._add_columns(inspector, there)
        if there and "chain" not in there:
            self._begin_chain()

    def _add_columns(self, inspector: t.Any, there: set[str]) -> None:
        """Give tables of an older ledger the columns that came since; they are empty there."""
        for table in self._t.metadata.sorted_tables:
            if table.name not in there:
                continue
            known = {column["name"] for column in inspector.get_columns(table.name)}
            for column in table.columns:
                if column.name not in known:
                    kind = column.type.compile(self._engine.dialect)
                    with self._engine.begin() as c:
                        c.execute(
                            self._sa.text(
                                f'ALTER TABLE {table.name} ADD COLUMN "{column.name}" {kind}'
                            )
                        )

    def _begin_chain(self) -> None:
        """Bring a ledger from before the chain into it: what is there is what counts."""
        with self._transaction() as c:
            for name in CHAINED:
                table = self._t.metadata.tables[name]
                for row in c.execute(self._sa.select(table)).mappings().all():
                    self._entry(c, table, dict(row), "put")

    @staticmethod
    def _private_file(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)
        return path.resolve()

    def _serialize_writers(self) -> None:
        """Begin SQLite transactions with the write lock, so that two runs queue up."""
        event = self._sa.event

        @event.listens_for(self._engine, "connect")
        def _connect(connection: t.Any, _record: t.Any) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA busy_timeout = 30000")

        @event.listens_for(self._engine, "begin")
        def _begin(connection: t.Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> t.Iterator[t.Any]:
        self._head: Row | None = None
        accounted: set[Mark] = set()
        try:
            with self._engine.begin() as connection:
                if self._engine.dialect.name == "postgresql":
                    connection.execute(
                        self._sa.text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
                    )
                yield connection
                if self._head is not None:
                    accounted = self._accounted(connection)
        except self._sa.exc.IntegrityError:
            raise LedgerError(
                "Another run took the same at this very moment; run this again."
            ) from None
        except self._sa.exc.SQLAlchemyError as error:
            raise LedgerError(
                f"The ledger at {self._shown} cannot be used: {_reason(error)}."
            ) from None
        self._write_head(accounted)

    # -- writes, each with its entry in the chain

    def _put(self, c: t.Any, table: t.Any, values: Row) -> tuple[t.Any, ...]:
        """Insert a row; return its primary key."""
        done = c.execute(self._sa.insert(table).values(**values))
        key = tuple(done.inserted_primary_key)
        self._record(c, table, key)
        return key

    def _change(self, c: t.Any, table: t.Any, condition: t.Any, values: Row) -> None:
        """Change the rows that fulfil a condition."""
        keys = self._keys(c, table, condition)
        c.execute(self._sa.update(table).where(condition).values(**values))
        for key in keys:
            self._record(c, table, key)

    def _drop(self, c: t.Any, table: t.Any, condition: t.Any) -> None:
        """Remove the rows that fulfil a condition."""
        rows = c.execute(self._sa.select(table).where(condition)).mappings().all()
        c.execute(self._sa.delete(table).where(condition))
        for row in rows:
            self._entry(c, table, dict(row), "drop")

    def _keys(self, c: t.Any, table: t.Any, condition: t.Any) -> list[tuple[t.Any, ...]]:
        columns = list(table.primary_key.columns)
        return [tuple(row) for row in c.execute(self._sa.select(*columns).where(condition))]

    def _record(self, c: t.Any, table: t.Any, key: tuple[t.Any, ...]) -> None:
        columns = list(table.primary_key.columns)
        same = [column == value for column, value in zip(columns, key, strict=True)]
        row = c.execute(self._sa.select(table).where(*same)).mappings().one()
        self._entry(c, table, dict(row), "put")

    def _entry(self, c: t.Any, table: t.Any, row: Row, op: str) -> None:
        chain = self._t.chain
        newest = (
            c.execute(self._sa.select(chain).order_by(chain.c.seq.desc()).limit(1))
            .mappings()
            .first()
        )
        if newest and self._head is None and _chain.link(newest, self._key) != newest["hash"]:
            raise LedgerError(
                f"Nothing is written to the ledger at {self._shown}: its newest entry was changed,"
                f" or written with another key than {KEY_VARIABLE} has now. Give it the key that"
                " the ledger was begun with; where there is none, move the ledger away, and a new"
                " one is made from the folders."
            )
        entry: Row = {
            "seq": (newest["seq"] if newest else 0) + 1,
            "at": now(),
            "table": table.name,
            "key": key_of(table, row),
            "op": op,
            "row_sha256": _chain.digest_of(row) if op == "put" else _chain.GONE,
            "prev": newest["hash"] if newest else _chain.START,
        }
        entry["hash"] = _chain.link(entry, self._key)
        c.execute(self._sa.insert(chain).values(**entry))
        self._head = {"seq": entry["seq"], "hash": entry["hash"], "at": entry["at"]}

    def _accounted(self, c: t.Any) -> set[Mark]:
        """Return those of the heads beside an SQLite file that the chain holds."""
        chain = self._t.chain
        return {
            _mark(head)
            for head in self._known_heads()
            if c.execute(self._sa.select(chain.c.hash).where(chain.c.seq == head["seq"])).scalar()
            == head["hash"]
        }

    def _write_head(self, accounted: set[Mark]) -> None:
        """Keep the newest head beside an SQLite file, so that a cut chain is noticed.

        It takes the place of those that the chain holds; others stay, however long the chain gets.
        """
        if self._head is None or self._head_file is None:
            return
        handle = os.open(self._head_file, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            others = [head for head in _parsed(file.read()) if _mark(head) not in accounted]
            file.seek(0)
            file.truncate()
            file.writelines(json.dumps(head) + "\n" for head in (*others, self._head))

    # -- audit

    def audit(self, pins: t.Sequence[Row] = ()) -> _chain.Audit:
        """Verify the chain and every row it speaks of, and that the pinned heads are in it."""
        sa, chain = self._sa, self._t.chain
        rows: dict[tuple[str, str], str] = {}
        # Read first: an entry is in the chain before its head is kept.
        heads = [*self._known_heads(), *pins]
        with self._transaction() as c:
            entries = c.execute(sa.select(chain).order_by(chain.c.seq)).mappings().all()
            for name in CHAINED:
                table = self._t.metadata.tables[name]
                for row in c.execute(sa.select(table)).mappings():
                    rows[name, key_of(table, row)] = _chain.digest_of(row)
            told = c.execute(sa.select(self._t.acknowledgements)).mappings().all()
        return _chain.verify(entries, rows, self._key, heads, told)

    def export(self) -> Row:
        """Return the chain and all rows it speaks of, as plain data."""
        sa = self._sa
        with self._transaction() as c:
            return {
                name: [
                    dict(row)
                    for row in c.execute(
                        sa.select(self._t.metadata.tables[name]).order_by(
                            *self._t.metadata.tables[name].primary_key.columns
                        )
                    ).mappings()
                ]
                for name in ("chain", *CHAINED)
            }

    def _known_heads(self) -> list[Row]:
        if self._head_file is None or not self._head_file.is_file():
            return []
        return _parsed(self._head_file.read_text(encoding="utf-8"))


def key_of(table: t.Any, row: t.Mapping[str, t.Any]) -> str:
    """Return the primary key of a row as text."""
    return "/".join(str(row[column.name]) for column in table.primary_key.columns)


def _mark(head: Row) -> Mark:
    return head["seq"], head["hash"]


def _parsed(text: str) -> list[Row]:
    """Return the heads of a text, one a line; a line that is none is left out."""
    found = []
    for line in text.splitlines():
        try:
            head = json.loads(line)
            found.append({**head, "seq": int(head["seq"]), "hash": str(head["hash"])})
        except (ValueError, KeyError, TypeError):
            continue
    return found
