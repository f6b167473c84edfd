# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup jobs, replication and machines apart: made as declared, unchanged, gone at the end."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _render
from integration.terraform.conftest import Lab
from lab.pve import PveServer
from lab.pve.clusters import Storage, load_cluster
from unit.plugins.plugin_utils._render.samples import container, machine, plan

ZFS = {"interface": "scsi0", "storage": "tank", "size_gib": 20}
REPLICA = {"target": "pve2", "schedule": "*/30", "rate_mb_per_second": 50}
CLOUD_INIT = {**machine()["cloud_init"], "storage": "tank"}
VM = machine(disks=[ZFS], cloud_init=CLOUD_INIT, replication=[REPLICA, {"target": "pve3"}])
UNSAVED = machine("demo-web-3", 20003, backup=False)
POOL = {
    "name": "half-hourly",
    "guests": "pool",
    "pool": "lab",
    "schedule": "*/30",
    "storage": "nas-backup",
    "keep": {"last": 3},
}
ALL = {
    "name": "nightly",
    "guests": "all",
    "schedule": "21:00",
    "mode": "stop",
    "storage": "nas-backup",
    "keep": {"last": 1},
}
OWN = {
    "name": "own",
    "schedule": "mon..fri 02:30",
    "storage": "nas-backup",
    "compression": "none",
    "enabled": False,
}
SETTINGS = (
    *("schedule", "mode", "compress", "prune-backups", "storage", "enabled"),
    *("pool", "vmid", "all"),
)


@pytest.fixture(params=["8.4", "9.1"])
def pve(request: pytest.FixtureRequest) -> Iterator[PveServer]:
    """A simulated cluster with a node-local ZFS storage on every node."""
    cluster = load_cluster("default")
    tank = Storage(name="tank", type="zfspool", content=("images", "rootdir"), total_gib=2000)
    cluster = cluster.model_copy(update={"storages": (*cluster.storages, tank)})
    with PveServer(cluster, version=request.param) as server:
        yield server


def render(lab: Lab, *machines: dict[str, t.Any], **fields: t.Any) -> None:
    """Write the files of a plan that has more than machines."""
    directory = lab.render(*machines)
    files = _render.render(plan(*machines, **fields), pve_major=int(lab.pve.state.series[0]))
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")


def unchanged(lab: Lab) -> None:
    """Assert that a second plan and a look for drift find nothing."""
    again = lab.run("planned")
    assert not again.get("failed"), again["msg"]
    assert not any(again["summary"]["counts"].values()), again["summary"]["text"]
    assert lab.run("drift")["severity"] == "none"


def test_backup_jobs_come_out_as_declared(lab: Lab) -> None:
    before = dict(lab.pve.state.backup_jobs)
    render(lab, machine(pool="lab"), container(), UNSAVED, backups=[POOL, ALL, OWN])
    lab.apply()
    jobs = {name: job for name, job in lab.pve.state.backup_jobs.items() if name not in before}
    assert {
        name.removeprefix("cw-demo-"): {key: str(job.get(key, "")) for key in SETTINGS}
        for name, job in jobs.items()
    } == {
        "half-hourly": {
            "schedule": "*/30",
            "mode": "snapshot",
            "compress": "zstd",
            "prune-backups": "keep-last=3",
            "storage": "nas-backup",
            "enabled": "1",
            "pool": "lab",
            "vmid": "",
            "all": "",
        },
        "nightly": {
            "schedule": "21:00",
            "mode": "stop",
            "compress": "zstd",
            "prune-backups": "keep-last=1",
            "storage": "nas-backup",
            "enabled": "1",
            "pool": "",
            "vmid": "",
            "all": "1",
        },
        "own": {
            "schedule": "mon..fri 02:30",
            "mode": "snapshot",
            "compress": "0",
            "prune-backups": "keep-all=1",
            "storage": "nas-backup",
            "enabled": "0",
            "pool": "",
            "vmid": "20001,20011",
            "all": "",
        },
    }
    unchanged(lab)
    gone = lab.run("absent", consent=["demo-web-1", "demo-ct-1", "demo-web-3"])
    assert not gone.get("failed"), gone["msg"]
    assert lab.pve.state.backup_jobs == before


def test_a_job_follows_the_machines_of_its_deployment(lab: Lab) -> None:
    render(lab, machine(), backups=[OWN])
    lab.apply()
    render(lab, machine(), machine("demo-web-2", 20002), backups=[OWN])
    planned = lab.run("planned")
    assert planned["summary"]["counts"] == {"create": 1, "update": 0, "replace": 1, "delete": 0}
    lab.apply()
    assert lab.pve.state.backup_jobs["cw-demo-own"]["vmid"] == "20001,20002"
    unchanged(lab)
    render(lab, machine(), backups=[OWN])
    lab.apply(consent=["demo-web-2"])
    assert lab.pve.state.backup_jobs["cw-demo-own"]["vmid"] == "20001"
    unchanged(lab)


def test_replication_jobs_come_out_as_declared(lab: Lab) -> None:
    render(lab, VM)
    lab.apply()
    assert {
        name: (job["source"], job["target"], job["schedule"], str(job.get("rate", "")))
        for name, job in lab.pve.state.replication_jobs.items()
    } == {
        "20001-0": ("pve1", "pve2", "*/30", "50"),
        "20001-1": ("pve1", "pve3", "*/15", ""),
    }
    unchanged(lab)
    gone = lab.run("absent", consent=["demo-web-1"])
    assert not gone.get("failed"), gone["msg"]
    assert lab.pve.state.replication_jobs == {}


def test_servers_of_a_cluster_stay_apart(lab: Lab) -> None:
    ha = {"enabled": True}
    servers = [
        machine(f"demo-s-{i}", 20000 + i, node=f"pve{i}", role="server", group="server", ha=ha)
        for i in (1, 2, 3)
    ]
    worker = machine("demo-a-1", 20004, role="agent", group="agent", ha=ha)
    render(lab, *servers, worker)
    lab.apply()
    apart = {
        name: (rule["affinity"], rule["resources"])
        for name, rule in lab.pve.state.ha_rules.items()
        if rule["type"] == "resource-affinity"
    }
    since_9 = {"cw-demo-apart-server": ("negative", "vm:20001,vm:20002,vm:20003")}
    assert apart == (since_9 if lab.pve.state.series[0] == "9" else {})
    unchanged(lab)
    names = [m["name"] for m in (*servers, worker)]
    assert lab.run("absent", consent=names)["changed"]
    assert not lab.pve.state.ha_rules and not lab.pve.state.ha_groups


def test_a_missing_privilege_is_named(lab: Lab) -> None:
    before = dict(lab.pve.state.backup_jobs)
    privileges = {*lab.pve.state.access.roles["Administrator"]} - {"Sys.Modify"}
    lab.token = lab.pve.make_token("few@pve", privileges=privileges)
    render(lab, machine(), backups=[OWN])
    planned = lab.run("planned")
    failed = lab.run("applied", approved_sha256=planned["plan_sha256"])
    assert failed["failed"] and "lacks the privilege Sys.Modify on /" in failed["msg"]
    assert lab.pve.state.backup_jobs == before
    lab.token = lab.pve.make_token("all@pve", privileges=privileges | {"Sys.Modify"})
    lab.apply()
    assert "cw-demo-own" in lab.pve.state.backup_jobs


def test_jobs_survive_that_a_machine_is_made_anew(lab: Lab) -> None:
    render(lab, VM, backups=[OWN])
    lab.apply()
    render(lab, {**VM, "vmid": 20009}, backups=[OWN])
    lab.apply(consent=["demo-web-1"])
    assert lab.pve.state.backup_jobs["cw-demo-own"]["vmid"] == "20009"
    assert set(lab.pve.state.replication_jobs) == {"20009-0", "20009-1"}
    unchanged(lab)


def test_ha_and_firewall_survive_that_a_machine_is_made_anew(lab: Lab) -> None:
    nic = {**container()["nics"][0], "firewall": True}
    made = container(ha={"enabled": True}, nics=[nic], unprivileged=False)
    render(lab, made, machine())
    lab.apply()
    render(lab, {**made, "unprivileged": True}, machine())
    applied = lab.apply(consent=["demo-ct-1"])
    assert applied["summary"]["counts"]["replace"] >= 3, applied["summary"]["text"]
    assert set(lab.pve.state.ha_resources) == {"ct:20011"}
    unchanged(lab)


def test_what_others_changed_is_told_and_put_right(lab: Lab) -> None:
    render(lab, VM, backups=[OWN])
    lab.apply()
    lab.pve.state.backup_jobs["cw-demo-own"]["enabled"] = 1
    lab.pve.state.replication_jobs["20001-0"]["schedule"] = "06:00"
    found = lab.run("drift")
    assert not found.get("failed"), found["msg"]
    assert {(d["name"], d["what"]) for d in found["drift"]} == {
        ("own", "changed"),
        ("demo-web-1-pve2", "changed"),
    }
    lab.apply()
    assert str(lab.pve.state.backup_jobs["cw-demo-own"]["enabled"]) == "0"
    assert lab.pve.state.replication_jobs["20001-0"]["schedule"] == "*/30"
    unchanged(lab)
