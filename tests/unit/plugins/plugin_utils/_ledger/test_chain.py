# SPDX-License-Identifier: GPL-3.0-or-later
"""A row of the ledger that was changed, removed, added or cut off is always found."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import (
    Ledger,
    LedgerError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._schema import CHAINED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MACHINE = {"name": "web", "vmid": 20000, "address": "192.0.2.5"}


def fill(ledger: Ledger) -> str:
    """Write something into every table that is chained."""
    run = str(
        ledger.start("demo", config={"intent": "x"}, user="ada", pid=os.getpid())["workflow_id"]
    )
    ledger.stage(run, "size", "PLANNING", inputs={"provider": "none"})
    ledger.reserve("demo", [MACHINE, {"name": "old", "vmid": 20001, "address": None}])
    ledger.approve(run, "a" * 64, "approved", "bob", "as seen")
    ledger.hold("demo", [MACHINE])
    ledger.receive(run, [{"what": "create", "target": "web", "outcome": "happened"}])
    ledger.freeze("site", by="eve", reason="moving house")
    ledger.lift("site", by="eve")
    ledger.retire("demo", "2026-12-31", by="ada", reason="old")
    ledger.note(run, messages=["one machine"], outputs={"create": 1})
    lost = {"seq": 99, "hash": run.replace("-", "")}
    ledger.acknowledge(lost["hash"], by="ada", reason="the disk broke", pins=[lost])
    ledger.finish(run)
    return run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "ledger.sqlite"
    ledger = Ledger(str(file))
    fill(ledger)
    ledger.close()
    return file


def audit(path: Path, key: str = "", pins: t.Sequence[dict[str, t.Any]] = ()) -> tuple[str, ...]:
    ledger = Ledger(str(path), key=key)
    try:
        return ledger.audit(pins).problems
    finally:
        ledger.close()


def execute(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute(statement).rowcount, statement


def test_an_untouched_ledger_holds(path: Path) -> None:
    assert audit(path) == ()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE approvals SET by = 'mallory'", "approvals 1 .* was changed"),
        ("UPDATE workflows SET status = 'REFUSED'", "workflows .* was changed"),
        ("UPDATE agent_executions SET logs = '[]'", "agent_executions 1 .* was changed"),
        ("UPDATE receipts SET outcome = 'not'", "receipts 1 .* was changed"),
        ("UPDATE freezes SET reason = ''", "freezes 1 .* was changed"),
        ("DELETE FROM receipts", "receipts 1 .* was removed"),
        ("DELETE FROM allocations WHERE kind = 'vmid'", "allocations vmid/20000 .* was removed"),
        (
            "INSERT INTO allocations VALUES ('vmid', '20001', 'demo', 'old', 'applied')",
            "allocations vmid/20001 .* was put back",
        ),
        (
            "INSERT INTO allocations VALUES ('vmid', '30000', 'demo', 'x', 'applied')",
            "allocations vmid/30000 was added without an entry",
        ),
        ("DELETE FROM chain WHERE seq = 3", "entry was removed or added before"),
        ("UPDATE chain SET row_sha256 = 'x' WHERE seq = 3", r"\(entry 3\) was changed"),
    ],
)
def test_what_was_touched_is_named(path: Path, statement: str, words: str) -> None:
    execute(path, statement)
    [first, *_more] = audit(path)
    assert re.search(words, first), first


def test_the_first_row_comes_first(path: Path) -> None:
    execute(path, "UPDATE approvals SET by = 'mallory'")
    execute(path, "DELETE FROM retirements")
    assert [text.split()[0] for text in audit(path)] == ["approvals", "retirements"]


def test_a_cut_end_is_found_by_the_head_beside_it_or_elsewhere(path: Path) -> None:
    ledger = Ledger(str(path))
    whole = ledger.audit()
    ledger.close()
    pin = {"seq": whole.entries, "hash": whole.head}
    copy = path.with_name("copy.sqlite")
    shutil.copy(path, copy)
    ledger = Ledger(str(path))
    fill(ledger)
    ledger.close()
    assert audit(path, pins=[pin]) == ()
    newer = Ledger(str(path)).audit()
    shutil.copy(copy, path)  # an older copy is put back
    assert "an older copy was put back" in audit(path)[0]
    path.with_name("ledger.sqlite.head").unlink()
    assert audit(path) == (), "alone it cannot know"
    assert audit(path, pins=[{"seq": newer.entries, "hash": newer.head}])[0]


def test_a_cut_is_found_until_somebody_acknowledges_it(path: Path) -> None:
    before = Ledger(str(path)).audit()
    pins = [{"seq": 2, "hash": "e" * 64}, {"seq": before.entries, "hash": before.head}]
    path.unlink()  # the head beside it stays
    ledger = Ledger(str(path))
    for number in range(before.entries + 2):  # the chain gets longer than the lost one
        ledger.freeze("site", by="eve", reason=f"number {number}")
        lost = ledger.audit(pins)
        assert f"entry {before.entries} with the hash {before.head}" in lost.problems[0]
        assert ledger.audit().missing == ({"seq": before.entries, "hash": before.head},)
    for wrong in (before.head[:11], "0" * 64, "e" * 64):
        with pytest.raises(LedgerError, match="Nothing was acknowledged: the head "):
            ledger.acknowledge(wrong, by="bob", reason="why", pins=pins)
    said: dict[str, t.Any] = {"by": "bob", "reason": "the disk broke", "pins": pins}
    assert ledger.acknowledge(before.head[:12], check=True, **said)
    assert ledger.audit(pins).problems == lost.problems
    assert ledger.acknowledge(before.head[:12], **said)
    assert not ledger.acknowledge(before.head[:12], **said)
    whole = ledger.audit(pins)
    assert whole.holds and whole.head != lost.head
    assert any(before.head in told and "bob" in told for told in whole.acknowledged)
    ledger.lift("site", by="eve")
    assert ledger.audit([*pins, {"seq": 3, "hash": "d" * 64}]).missing == (
        {"seq": 3, "hash": "d" * 64},
    )
    ledger.close()
    execute(path, "UPDATE acknowledgements SET heads = '[]'")
    assert "acknowledgements" in audit(path, pins=pins)[0]


def test_nothing_but_a_cut_is_acknowledged(path: Path) -> None:
    pin = {"seq": 999, "hash": "e" * 64}
    execute(path, "UPDATE approvals SET by = 'mallory'")
    ledger = Ledger(str(path))
    with pytest.raises(LedgerError, match=r"approvals 1 .* was changed"):
        ledger.acknowledge("e" * 64, by="mallory", reason="why", pins=[pin])
    ledger.close()


def test_a_key_is_needed_to_make_a_chain_that_holds(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    ledger = Ledger(str(file), key="secret")
    fill(ledger)
    ledger.close()
    for other in ("other", ""):
        assert "the key is another one" in audit(file, other)[0]
        ledger = Ledger(str(file), key=other)
        with pytest.raises(
            LedgerError, match=r"written with another key than CLUSTERWRIGHT_LEDGER_KEY"
        ):
            fill(ledger)
        ledger.close()
    assert audit(file, "secret") == ()


def test_no_key_is_given_to_a_ledger_that_was_begun_without(path: Path) -> None:
    ledger = Ledger(str(path), key="secret")
    with pytest.raises(LedgerError, match="move the ledger away"):
        fill(ledger)
    ledger.close()
    assert audit(path) == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_any_changed_cell_is_found(path: Path, data: st.DataObject) -> None:
    copy = path.with_name("touched.sqlite")
    shutil.copy(path, copy)
    with sqlite3.connect(copy) as connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name not in ("deployment_locks", "sqlite_sequence")
        ]
        table = data.draw(st.sampled_from(sorted(tables)))
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        rowids = [row[0] for row in connection.execute(f"SELECT rowid FROM {table}")]  # noqa: S608
        column, rowid = data.draw(st.sampled_from(columns)), data.draw(st.sampled_from(rowids))
        quoted = f'"{column}"'
        before = connection.execute(
            f"SELECT {quoted} FROM {table} WHERE rowid = ?",  # noqa: S608
            (rowid,),
        ).fetchone()[0]
        after = 77_777 if isinstance(before, int | float) else '"touched"'
        connection.execute(
            f"UPDATE {table} SET {quoted} = ? WHERE rowid = ?",  # noqa: S608
            (after, rowid),
        )
    assert audit(copy)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data())
def test_any_removed_row_is_found(path: Path, data: st.DataObject) -> None:
    copy = path.with_name("touched.sqlite")
    shutil.copy(path, copy)
    with sqlite3.connect(copy) as connection:
        table = data.draw(st.sampled_from(["chain", *CHAINED]))
        rowids = [row[0] for row in connection.execute(f"SELECT rowid FROM {table}")]  # noqa: S608
        rowid = data.draw(st.sampled_from(rowids))
        head = connection.execute("SELECT seq, hash FROM chain ORDER BY seq DESC").fetchone()
        connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))  # noqa: S608
    assert audit(copy, pins=[dict(zip(("seq", "hash"), head, strict=True))])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(runs=st.integers(1, 3), kept=st.integers(0, 2))
def test_an_older_copy_put_back_is_found_by_its_pin(tmp_path: Path, runs: int, kept: int) -> None:
    """Everything after some run is cut off, rows and chain alike, as no check of the chain sees."""
    file = tmp_path / "ledger.sqlite"
    for old in tmp_path.iterdir():
        old.unlink()
    ledger = Ledger(str(file))
    copies = []
    for _number in range(runs + kept):
        fill(ledger)
        copies.append(file.read_bytes())
    pinned = ledger.audit()
    ledger.close()
    file.with_name(f"{file.name}.head").unlink()
    file.write_bytes(copies[kept])
    pin = {"seq": pinned.entries, "hash": pinned.head}
    assert bool(audit(file, pins=[pin])) == (kept < runs + kept - 1)
    assert audit(file) == ()


def test_a_ledger_from_before_the_chain_begins_one(path: Path) -> None:
    execute(path, "DELETE FROM chain")
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE chain")
        connection.execute("ALTER TABLE allocations DROP COLUMN state")
    path.with_name("ledger.sqlite.head").unlink()
    assert audit(path) == ()
    ledger = Ledger(str(path))
    assert ledger.reserved(but="other")["vmids"] == [20000]
    ledger.close()
