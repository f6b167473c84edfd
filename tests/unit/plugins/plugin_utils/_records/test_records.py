# SPDX-License-Identifier: GPL-3.0-or-later
"""Proposed, applied and seen are three records, and none of them changes another."""

from __future__ import annotations

import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform import (
    records as terraform,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records import (
    Folder,
    RecordError,
    claims_of,
    compare,
    rows,
    seen,
    standing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._claims import (
    addresses_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._in_hand import (
    in_hand,
)

Data = dict[str, t.Any]


def machine(name: str = "web", **changes: t.Any) -> Data:
    return {
        "name": name,
        "vmid": 20000,
        "node": "pve1",
        "cores": 2,
        "sockets": 1,
        "memory_mib": 2048,
        "disks": [{"interface": "scsi0", "size_gib": 20}],
        "nics": [{"address": "192.0.2.5/24", "gateway": "192.0.2.1"}],
        "tags": ["web"],
        "why": [{"field": "cores", "reason": "two", "source": "x", "confidence": 1.0}],
        **changes,
    }


def plan(*machines: Data, **changes: t.Any) -> Data:
    return {
        "deployment": "shop",
        "status": "ready",
        "summary": "shop",
        "environment": "production",
        "machines": list(machines) or [machine()],
        "addons": [],
        "provenance": {"facts_collected_at": "2026-01-01T00:00:00+00:00", "snapshot_sha256": "a"},
        **changes,
    }


def propose(folder: Folder, wanted: Data, text: str = "a web server", at: str = "") -> str:
    return folder.propose(
        plan=wanted,
        request={"text": text},
        snapshot={"guests": []},
        by="ada",
        run="run-1",
        at=at or None,
    )


def apply(folder: Folder, wanted: Data, run: str = "run-2", text: str = "a web server") -> bool:
    return folder.apply(
        plan=wanted, request={"text": text}, snapshot={}, by="bob", run=run, how="apply"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "shop")


def test_the_same_plan_keeps_its_id_when_facts_are_read_again(folder: Folder) -> None:
    first = propose(folder, plan())
    later = plan()
    later["provenance"] = {"facts_collected_at": "2026-02-02T00:00:00+00:00"}
    later["provenance"]["snapshot_sha256"] = "b"
    assert propose(folder, later) == first
    assert propose(folder, plan(machine(memory_mib=4096))) != first
    assert len(folder.proposals()) == 2


@pytest.mark.parametrize(
    ("runs", "askers"),
    [
        ([("ada", False), ("bob", False)], ["ada", "bob"]),
        ([("ada", False), ("bob", True)], ["ada"]),
        ([("ada", True)], ["ada"]),
        ([("ada", False), ("ada", True)], ["ada"]),
    ],
)
def test_who_approves_what_was_asked_for_has_not_asked(
    folder: Folder, runs: list[tuple[str, bool]], askers: list[str]
) -> None:
    said: Data = {"plan": plan(), "request": None, "snapshot": None, "run": "run-1"}
    for by, approves in runs:
        name = folder.propose(**said, by=by, approves=approves)
    assert folder.proposal(name)["askers"] == askers


def test_a_proposal_changes_nothing_that_is_applied(folder: Folder) -> None:
    apply(folder, plan())
    before = (folder.path / "applied.json").read_bytes()
    propose(folder, plan(machine("other")))
    assert (folder.path / "applied.json").read_bytes() == before
    files = [path for path in folder.path.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_what_a_run_goes_on_from(folder: Folder) -> None:
    assert in_hand(folder).plan is None
    propose(folder, plan())
    assert in_hand(folder).applied is None
    apply(folder, plan())
    smaller = plan(machine(memory_mib=1024))
    propose(folder, smaller)
    found = in_hand(folder)
    assert found.plan == smaller and found.applied is not None
    assert in_hand(folder, "a  web server").plan == smaller, "the same sentence"
    assert in_hand(folder, "two web servers").plan == plan(), "another one begins with what is"
    first = folder.applied()
    assert first is not None
    apply(folder, plan(machine(memory_mib=8192)), "run-3")
    assert in_hand(folder).plan == plan(machine(memory_mib=8192)), "older proposals are stale"
    assert in_hand(folder, proposal=first["id"][:6]).plan == plan()
    folder.unapply("run-4")
    emptied = in_hand(folder)
    assert emptied.plan is None and emptied.request == {"text": "a web server"}


@pytest.mark.parametrize(("how", "stays"), [("destroy", False), ("undo", False), ("release", True)])
def test_what_gives_access_goes_with_the_last_machine(
    folder: Folder, how: str, *, stays: bool
) -> None:
    propose(folder, plan())
    apply(folder, plan())
    kept = [folder.path / name for name in ("request.json", "terraform/terraform.tfstate")]
    names = ("kubeconfig", "k3s.token", "docs/index.html", "tide.admin.password")
    access = [folder.path / name for name in names]
    for path in (*kept, *access):
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    folder.unapply("run-4", how=how)
    assert all(path.exists() for path in kept)
    assert {path.exists() for path in access} == {stays}
    folder.unapply("run-5", how=how)


def test_history_keeps_both_sides_of_a_run(folder: Folder) -> None:
    apply(folder, plan(), "run-a")
    assert apply(folder, plan(machine(cores=4)), "run-b")
    assert not apply(folder, plan(machine(cores=4)), "run-c"), "nothing new"
    told = folder.history("run-b")
    assert told["before"]["plan"] == plan() and told["after"]["plan"]["machines"][0]["cores"] == 4
    with pytest.raises(RecordError, match="no applied run run-c"):
        folder.history("run-c")


def test_old_proposals_go_but_never_the_applied_one(folder: Folder) -> None:
    for number in range(5):
        propose(folder, plan(machine(cores=number + 1)), at=f"2020-01-0{number + 1}T00:00:00")
    apply(folder, plan(machine(cores=1)))
    propose(folder, plan(machine(cores=9)))
    cores = {record["plan"]["machines"][0]["cores"] for record in folder.proposals()}
    assert cores == {9}, "older ones went by age when each was made"
    applied = folder.applied()
    assert applied is not None and applied["plan"]["machines"][0]["cores"] == 1


@pytest.mark.parametrize("content", ["", "{", "[1]", "\x00"])
def test_a_damaged_record_is_one_sentence(folder: Folder, content: str) -> None:
    folder.path.mkdir()
    (folder.path / "applied.json").write_text(content)
    with pytest.raises(RecordError, match=r"applied\.json is damaged"):
        folder.applied()


def test_differences_are_machine_field_and_both_values() -> None:
    after = plan(
        machine(memory_mib=4096, why=[], tags=["web", "eol"]),
        machine("new", vmid=20001),
        addons=[{"name": "traefik"}],
    )
    assert rows(plan(), after) == [
        ("new", "machine", "-", "VMID 20001 on pve1, 2 vCPU, 2048 MiB, 20 GiB"),
        ("web", "memory_mib", "2048", "4096"),
        ("web", "tags", "web", "web, eol"),
        ("(all)", "add-ons", "-", "traefik"),
    ]
    assert compare(plan(), plan()) == []
    assert compare(plan(), None)[0] == "web goes: VMID 20000 on pve1, 2 vCPU, 2048 MiB, 20 GiB."


def guest(**changes: t.Any) -> Data:
    return {
        "vmid": 20000,
        "name": "web",
        "node": "pve1",
        "status": "running",
        "cpus": 2,
        "memory_mib": 2048,
        "tags": ["clusterwright", "cw-shop", "web"],
        "template": False,
        **changes,
    }


@pytest.mark.parametrize(
    ("guests", "nodes", "said"),
    [
        ([guest()], [], []),
        ([guest(memory_mib=4096)], [], ["has 4096 MiB, the record says 2048 MiB"]),
        ([guest(name="www")], [], ["is named www, not web"]),
        ([guest(node="pve2")], [], ["is on pve2, the record says pve1"]),
        ([guest(status="stopped")], [], ["is stopped"]),
        ([guest(tags=["web"])], [], ["lacks the tags"]),
        ([], [], ["web (VMID 20000) is not on the cluster"]),
        ([], [{"name": "pve1", "online": False}], ["pve1 is offline; web (20000) is there"]),
        ([guest(), guest(vmid=20009, name="lost")], [], ["lost (VMID 20009 on pve1) carries"]),
    ],
)
def test_what_is_seen_is_compared_with_what_is_applied(
    guests: list[Data], nodes: list[Data], said: list[str]
) -> None:
    told = seen("shop", plan(), {"guests": guests, "nodes": nodes})["differences"]
    assert len(told) == len(said)
    for sentence, words in zip(told, said, strict=True):
        assert words in sentence


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (None, 0),
        ("192.0.2.1", 1),
        ("192.0.2.1-192.0.2.3", 3),
        ("192.0.2.0/30", 4),
        ("10.0.0.0/8", 2),
    ],
)
def test_ranges_are_held_address_by_address(text: str | None, number: int) -> None:
    assert len(addresses_of(text)) == number


def test_everything_that_could_be_shared_is_claimed() -> None:
    wanted = plan(
        machine(pci_mappings=["gpu"], ha={"enabled": True}, group="web"),
        cluster={
            "vip": "192.0.2.9",
            "vip_provider": "keepalived",
            "load_balancer_range": "192.0.2.20-192.0.2.21",
            "pod_cidr": "10.42.0.0/16",
            "service_cidr": "10.43.0.0/16",
        },
    )
    assert [(claim["kind"], claim["value"]) for claim in claims_of(wanted)] == [
        ("address", "192.0.2.9"),
        ("vrrp", "9"),
        ("address", "192.0.2.20"),
        ("address", "192.0.2.21"),
        ("network", "10.42.0.0/16"),
        ("network", "10.43.0.0/16"),
        ("pci", "gpu@pve1"),
        ("ha_rule", "cw-shop-apart-web"),
        ("ha_rule", "cw-shop-pve1"),
    ]


@pytest.mark.parametrize(
    ("recorded", "finished", "kept", "words"),
    [
        (False, None, False, "nothing of it is applied"),
        (False, True, False, "nothing of it is applied"),  # rolled back
        (False, False, False, "an apply of it did not come to its end"),
        (False, True, True, "applied, and the run ended before that was recorded"),
        (True, True, True, "applied 20"),
        (True, False, True, "a later apply did not come to its end"),
    ],
)
def test_what_is_applied_is_told_from_what_is_there(
    tmp_path: Path, recorded: bool, finished: bool | None, kept: bool, words: str
) -> None:
    folder, place = Folder(tmp_path / "shop"), tmp_path / "shop/terraform"
    place.mkdir(parents=True)
    propose(folder, plan())
    if recorded:
        folder.apply(plan=plan(), request=None, snapshot=None, by="me", run="r1", how="apply")
    if finished is not None:
        terraform.write_journal(place, terraform.Journal("0" * 64, 0.0, finished=finished))
    (place / terraform.VARIABLES).write_text('{"machines": {}}')
    if kept:
        terraform.keep_variables(place)
    assert words in standing(folder)
    assert standing(folder).count("apply of") + standing(folder).count("later apply") == (
        finished is False
    )
