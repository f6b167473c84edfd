# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import stat
import subprocess
import sys
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import (
    ACTIVE,
    FINAL,
    Ledger,
    LedgerError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._result import (
    result_of,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def ledger(tmp_path: Path) -> t.Iterator[Ledger]:
    opened = Ledger(str(tmp_path / "ledger.sqlite"))
    yield opened
    opened.close()


def start(ledger: Ledger, deployment: str = "demo", pid: int | None = None) -> str:
    run = ledger.start(deployment, config={"intent": "x"}, user="ada", pid=pid or os.getpid())
    return str(run["workflow_id"])


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_file_is_private(tmp_path: Path) -> None:
    Ledger(str(tmp_path / "new" / "ledger.sqlite")).close()
    assert stat.S_IMODE((tmp_path / "new" / "ledger.sqlite").stat().st_mode) == 0o600


def test_a_run_is_recorded_stage_by_stage(ledger: Ledger) -> None:
    run_id = start(ledger)
    ledger.stage(run_id, "facts", "PLANNING")
    ledger.stage(run_id, "apply", "PROVISIONING", outputs={"nodes": 3})
    ledger.finish(run_id, stage_outputs={"create": 6}, outputs={"vip": "192.0.2.9"})

    shown = result_of(ledger.run(run_id))
    assert shown["status"] == "COMPLETED"
    assert [(s["stage"], s["status"], s["changed"]) for s in shown["stages"]] == [
        ("facts", "COMPLETED", {"nodes": 3}),
        ("apply", "COMPLETED", {"create": 6}),
    ]
    assert all(stage["seconds"] >= 0 for stage in shown["stages"])
    assert ledger.run(run_id)["outputs"] == {"vip": "192.0.2.9"}


def test_a_second_run_is_refused_while_the_first_lives(ledger: Ledger) -> None:
    first = start(ledger)
    with pytest.raises(LedgerError, match=f"demo is in use by run {first}"):
        start(ledger)
    start(ledger, "other")
    ledger.finish(first)
    start(ledger)


def test_the_hold_of_a_dead_controller_is_taken_over(ledger: Ledger) -> None:
    dead = start(ledger, pid=ended_process())
    ledger.stage(dead, "k3s", "CONFIGURING")
    assert ledger.run(dead)["interrupted"]

    run = ledger.start("demo", config={}, user="ada", pid=os.getpid())
    assert run["resumed_from"] == "k3s"
    closed = ledger.run(dead)
    assert closed["status"] == "FAILED"
    assert "controller process ended" in closed["stages"][0]["error_message"]


def test_the_hold_of_a_machine_that_is_gone_is_taken_over_by_name(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start(ledger)
    with pytest.raises(LedgerError) as here:
        ledger.start("demo", config={}, user="ada", pid=os.getpid(), takeover=first)
    assert "takeover" not in str(here.value), "a run of this machine is alive"
    monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
    with pytest.raises(LedgerError, match=f"go on with -e takeover={first}"):
        start(ledger)
    second = ledger.start("demo", config={}, user="ada", pid=os.getpid(), takeover=first)
    assert ledger.run(first)["status"] == "FAILED"
    with pytest.raises(LedgerError, match=second["workflow_id"]):
        ledger.start("demo", config={}, user="ada", pid=os.getpid(), takeover=first)


def test_a_failed_run_names_its_stage_and_reason(ledger: Ledger) -> None:
    run_id = start(ledger)
    ledger.stage(run_id, "apply", "PROVISIONING")
    ledger.finish(run_id, "FAILED", error="VMID 100 is taken.")
    stage = ledger.run(run_id)["stages"][0]
    assert (stage["status"], stage["error_message"]) == ("FAILED", "VMID 100 is taken.")
    assert ledger.start("demo", config={}, user="a", pid=os.getpid())["resumed_from"] == "apply"


@pytest.mark.parametrize(
    ("status", "stage", "message"),
    [("REFUSED", "REFUSED", "It is off-topic."), ("DEFERRED", "COMPLETED", None)],
)
def test_refused_and_deferred_runs_have_not_failed(
    ledger: Ledger, status: str, stage: str, message: str | None
) -> None:
    run_id = start(ledger)
    ledger.stage(run_id, "size", "PLANNING")
    ledger.finish(run_id, status, error="It is off-topic.")
    run = ledger.run(run_id)
    assert (run["status"], run["errors"]) == (status, ["It is off-topic."])
    assert (run["stages"][0]["status"], run["stages"][0]["error_message"]) == (stage, message)
    assert ledger.start("demo", config={}, user="a", pid=os.getpid())["resumed_from"] is None


@pytest.mark.parametrize("final", FINAL)
def test_an_ended_run_stays_ended(ledger: Ledger, final: str) -> None:
    run_id = start(ledger)
    ledger.finish(run_id, final)
    with pytest.raises(LedgerError, match=f"cannot go from {final} to PLANNING"):
        ledger.stage(run_id, "facts", "PLANNING")


@given(order=st.permutations(ACTIVE))
def test_statuses_never_go_back(tmp_path_factory: pytest.TempPathFactory, order: list[str]) -> None:
    ledger = Ledger(str(tmp_path_factory.mktemp("ledger") / "ledger.sqlite"))
    run_id, reached = start(ledger), 0
    for status in order:
        position = ACTIVE.index(status)
        if position < reached:
            with pytest.raises(LedgerError, match="cannot go from"):
                ledger.stage(run_id, status, status)
        else:
            ledger.stage(run_id, status, status)
            reached = position
    ledger.close()


def machine(name: str, vmid: int, address: str | None = None) -> dict[str, t.Any]:
    return {"name": name, "vmid": vmid, "address": address}


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (machine("b", 20000), "Vmid 20000 was taken by deployment one"),
        (machine("a", 20001), "Name a was taken by deployment one"),
        (machine("b", 20001, "192.0.2.5"), "Address 192.0.2.5 was taken by deployment one"),
    ],
)
def test_ids_belong_to_one_deployment(ledger: Ledger, wanted: dict[str, t.Any], said: str) -> None:
    ledger.reserve("one", [machine("a", 20000, "192.0.2.5")])
    with pytest.raises(LedgerError, match=said):
        ledger.reserve("two", [machine("free", 20009), wanted])
    assert not any(ledger.reserved(but="one").values())
    held = {kind: values for kind, values in ledger.reserved(but="two").items() if values}
    assert held == {"vmids": [20000], "addresses": ["192.0.2.5"], "names": ["a"]}
    ledger.release("one")
    ledger.reserve("two", [wanted])


def test_parallel_runs_never_share_an_id(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.sqlite")

    def compete(number: int) -> bool:
        ledger = Ledger(path)
        try:
            ledger.reserve(f"deployment-{number}", [machine(f"m{number}", 20000)])
        except LedgerError:
            return False
        finally:
            ledger.close()
        return True

    Ledger(path).close()
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(compete, range(8))) == 1


def test_parallel_runs_of_one_deployment_start_once(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.sqlite")

    def compete(_number: int) -> bool:
        ledger = Ledger(path)
        try:
            start(ledger)
        except LedgerError:
            return False
        finally:
            ledger.close()
        return True

    Ledger(path).close()
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(compete, range(8))) == 1


def test_a_ledger_that_cannot_be_opened_is_one_sentence_without_password() -> None:
    with pytest.raises(LedgerError) as error:
        Ledger("postgresql+psycopg://ada:canary@127.0.0.1:1/none")
    assert "cannot be opened" in str(error.value)
    assert "canary" not in str(error.value)
    assert "\n" not in str(error.value)


def test_deployments_show_their_last_run_and_machines(ledger: Ledger) -> None:
    for name in ("b", "a"):
        ledger.finish(start(ledger, name))
    for name in ("a", "credentials"):
        run = ledger.start(name, user="ada", config={"playbook": "doctor"}, pid=os.getpid())
        ledger.finish(run["workflow_id"], "FAILED")
    ledger.reserve("a", [machine("a-1", 1), machine("a-2", 2)])
    assert [(row["deployment"], row["machines"]) for row in ledger.deployments()] == [
        ("a", ["a-1", "a-2"]),
        ("b", []),
    ]


#: what a deployment does -> VMIDs that others may not have afterwards
LIVES: dict[str, tuple[list[tuple[str, list[int]]], list[int]]] = {
    "a proposal replaces the one before": ([("reserve", [1]), ("reserve", [2])], [2]),
    "an apply that may have begun keeps its values": ([("begin", [1]), ("reserve", [2])], [1, 2]),
    "what is applied stays beside a proposal": ([("hold", [1]), ("reserve", [2])], [1, 2]),
    "an apply gives back what it took away": ([("hold", [1, 2]), ("hold", [2])], [2]),
    "an apply that ended settles what it began": ([("begin", [1, 2]), ("hold", [1])], [1]),
    "what is gone is free": ([("hold", [1]), ("begin", [2]), ("release", [])], []),
}


@pytest.mark.parametrize("life", LIVES)
def test_a_value_is_free_only_when_it_is_gone(ledger: Ledger, life: str) -> None:
    steps, kept = LIVES[life]
    for step, vmids in steps:
        machines = [machine(f"m{vmid}", vmid) for vmid in vmids]
        getattr(ledger, step)("mine", *([machines] if step != "release" else []))
    assert ledger.reserved(but="other")["vmids"] == kept
