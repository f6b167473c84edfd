# SPDX-License-Identifier: GPL-3.0-or-later
"""A write is announced, received, or looked up before anything is tried again."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger

ROOT = Path(__file__).resolve().parents[5]
WEB, DB = "web (VMID 20000)", "db (VMID 20001)"
Row = dict[str, t.Any]


def write(what: str, target: str = WEB, before: t.Any = None, after: t.Any = None) -> Row:
    return {"what": what, "target": target, "before": before or {}, "after": after or {}}


def grow(before: str, after: str) -> Row:
    return write("update", WEB, {"memory.dedicated": before}, {"memory.dedicated": after})


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(str(tmp_path / "ledger.sqlite"))
    yield ledger
    ledger.close()


def start(ledger: Ledger, deployment: str = "demo") -> str:
    run = ledger.start(deployment, config={}, user="ada", pid=os.getpid())
    return str(run["workflow_id"])


def outcomes(ledger: Ledger, run: str) -> dict[str, str]:
    return {f"{row['what']} {row['target']}": row["outcome"] for row in ledger.receipts(run)}


def test_what_is_received_takes_the_place_of_what_was_announced(ledger: Ledger) -> None:
    run = start(ledger)
    ledger.announce(run, [grow("2048", "4096"), write("create", DB)])
    assert set(outcomes(ledger, run).values()) == {"unknown"}
    ledger.receive(run, [{**grow("2048", "4096"), "outcome": "happened", "seconds": 3.5}])
    ledger.receive(run, [{**write("tags"), "outcome": "happened"}])
    assert outcomes(ledger, run) == {
        f"update {WEB}": "happened",
        f"create {DB}": "unknown",
        f"tags {WEB}": "happened",
    }
    first = ledger.receipts(run)[0]
    assert first["before"] == {"memory.dedicated": "2048"} and first["seconds"] == 3.5
    assert ledger.audit().holds


#: what was announced, what Terraform would do now, what exists -> what came of it
CAME_OF: list[tuple[Row, list[Row], list[str], str]] = [
    (write("create"), [write("create")], [], "not"),
    (write("create"), [], [WEB], "happened"),
    (write("create"), [write("replace")], [WEB], "happened"),
    (write("delete"), [write("delete")], [WEB], "not"),
    (write("delete"), [], [WEB], "not"),
    (write("delete"), [], [], "happened"),
    (write("delete"), [write("create")], [], "happened"),
    (grow("2048", "4096"), [grow("2048", "4096")], [WEB], "not"),
    (grow("2048", "4096"), [grow("2048", "8192")], [WEB], "not"),
    (grow("2048", "4096"), [grow("4096", "2048")], [WEB], "happened"),
    (grow("2048", "4096"), [], [WEB], "happened"),
    (grow("2048", "4096"), [], [], "unknown"),
    (write("replace"), [write("replace")], [WEB], "not"),
    (write("replace"), [], [WEB], "happened"),
    (write("import"), [], [WEB], "happened"),
    (write("import"), [], [], "not"),
]


@pytest.mark.parametrize(("announced", "pending", "there", "came"), CAME_OF)
def test_a_write_of_a_dead_run_is_looked_up(
    ledger: Ledger, announced: Row, pending: list[Row], there: list[str], came: str
) -> None:
    dead = start(ledger)
    ledger.announce(dead, [announced])
    ledger.finish(dead, "FAILED", error="killed")
    run = start(ledger)
    ledger.announce(run, [write("create", DB)])
    told = ledger.look_up(run, "terraform", pending, there=there)
    assert [row["outcome"] for row in told] == ([] if came == "unknown" else [came])
    assert set(outcomes(ledger, dead).values()) == {came}
    assert outcomes(ledger, run) == {f"create {DB}": "unknown"}, "its own are not looked up"
    assert len(ledger.look_up(run, "terraform", pending, there=there)) == 0


OURS, BARE = {"tags": ["clusterwright", "cw-demo"]}, {"tags": []}


@pytest.mark.parametrize(
    ("now", "came"), [(OURS, "not"), (BARE, "happened"), ({"tags": ["nas"]}, "unknown")]
)
def test_tags_of_a_dead_run_are_compared(ledger: Ledger, now: Row, came: str) -> None:
    dead = start(ledger)
    ledger.announce(dead, [write("tags", WEB, OURS, BARE), write("tags", DB, OURS, BARE)])
    ledger.finish(dead, "FAILED", error="killed")
    run = start(ledger)
    seen = [write("tags", WEB, now, BARE)]
    told = ledger.look_up(run, "tags", seen, only=[WEB])
    assert [row["outcome"] for row in told] == ([] if came == "unknown" else [came])
    assert outcomes(ledger, dead) == {f"tags {WEB}": came, f"tags {DB}": "unknown"}


@pytest.mark.parametrize(
    ("writer", "only", "found"),
    [
        ("helm release", ["team/shop"], {"helm release team/shop": "happened"}),
        ("helm release", ["team/other"], {}),
        ("helm remove", [], {"helm remove team/shop": "happened"}),
        ("k3s cluster", [], {"k3s cluster start s1": "not", "k3s cluster write s1": "happened"}),
        ("k3s reset", [], {"k3s reset wipe s1": "happened"}),
        ("terraform", [], {f"create {WEB}": "not"}),
    ],
)
def test_each_writer_looks_up_its_own(
    ledger: Ledger, writer: str, only: list[str], found: dict[str, str]
) -> None:
    dead, other = start(ledger), start(ledger, "other")
    writes = [
        write("helm release", "team/shop"),
        write("helm remove", "team/shop"),
        write("k3s cluster start", "s1"),
        write("k3s cluster write", "s1"),
        write("k3s reset wipe", "s1"),
        write("create"),
    ]
    for run in (dead, other):
        ledger.announce(run, writes)
        ledger.finish(run, "FAILED", error="killed")
    pending = [write("k3s cluster start", "s1")]
    told = ledger.look_up(start(ledger), writer, pending, only=only)
    assert {f"{row['what']} {row['target']}": row["outcome"] for row in told} == found
    assert set(outcomes(ledger, other).values()) == {"unknown"}


#: A controller that announces a write, says so, and waits to be killed.
CONTROLLER = """
import os, sys
sys.path.insert(0, "build/collections")
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger
ledger = Ledger(sys.argv[1])
run = ledger.start("demo", config={}, user="ada", pid=os.getpid())["workflow_id"]
ledger.announce(run, [{"what": "create", "target": "web (VMID 20000)"}])
print(run, flush=True)
sys.stdin.readline()
"""


def test_a_killed_controller_leaves_what_nobody_knows(ledger: Ledger, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CONTROLLER, str(tmp_path / "ledger.sqlite")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    dead = process.stdout.readline().strip()
    process.kill()
    process.communicate()
    assert outcomes(ledger, dead) == {f"create {WEB}": "unknown"}
    run = start(ledger)
    [told] = ledger.look_up(run, "terraform", [], there=[WEB])
    assert (told["workflow_id"], told["outcome"], told["looked_up_by"]) == (dead, "happened", run)
    assert ledger.audit().holds
