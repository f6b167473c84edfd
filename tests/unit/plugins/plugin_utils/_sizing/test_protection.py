# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup jobs and replication of a plan."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    Plan,
    Snapshot,
)
from unit.plugins.plugin_utils._sizing.builders import (
    change,
    changes,
    finding_ids,
    plan,
    request,
    site,
    snapshot,
    storage,
)

NIGHTLY = {"name": "nightly", "storage": "nas", "schedule": "21:00", "keep": {"last": 3}}
ALL = {"name": "all", "storage": "nas", "schedule": "21:00", "guests": "all", "mode": "stop"}
NODES = ("pve1", "pve2", "pve3")


def facts(**nas: t.Any) -> Snapshot:
    """Three nodes with a shared backup storage `nas`."""
    kind = {"type": "nfs", "content": ["backup"], "shared": True, **nas}
    rows = [storage("tank", on) for on in NODES] + [storage("nas", on, **kind) for on in NODES]
    return snapshot(storages=rows, pools=["lab"])


def zfs(*nodes: str) -> Snapshot:
    """Node-local ZFS on some of three nodes."""
    return snapshot(storages=[storage("tank", on, type="zfspool") for on in nodes])


def one_vm(**fields: t.Any) -> t.Any:
    """A request for one VM."""
    return request(kind="vm", machines=[{"role": "vm", "cores": 2}], **fields)


def names(of: Plan) -> list[str]:
    """Names of the backup jobs."""
    return [job.name for job in of.backups]


def test_a_request_wins_over_the_deployment_over_the_site() -> None:
    at = site(backups=[NIGHTLY])
    first = plan(one_vm(), facts(), at)
    assert names(first) == ["nightly"] and not finding_ids(first, "error")
    asked = plan(one_vm(backups=[ALL]), facts(), at)
    assert names(asked) == ["all"]
    later = plan(changes(change("set", "cores", 4)), facts(), at, previous=asked)
    assert names(later) == ["all"]
    assert names(plan(one_vm(), facts())) == []


@pytest.mark.parametrize(
    ("job", "state", "finding", "severity"),
    [
        ({**NIGHTLY, "storage": "gone"}, {}, "unknown.storage", "error"),
        (NIGHTLY, {"content": ["iso"]}, "storage.content", "error"),
        (NIGHTLY, {"active": False}, "storage.down", "error"),
        (NIGHTLY, {"enabled": False}, "storage.disabled", "error"),
        ({**NIGHTLY, "guests": "pool", "pool": "none"}, {}, "unknown.pool", "error"),
        (NIGHTLY, {"type": "dir", "shared": False}, "backup.target", "warning"),
        (NIGHTLY, {"type": "cephfs"}, "backup.target", "warning"),
    ],
)
def test_jobs_are_checked_against_the_facts(
    job: dict[str, t.Any], state: dict[str, t.Any], finding: str, severity: str
) -> None:
    found = plan(one_vm(backups=[job]), facts(**state))
    assert finding in finding_ids(found, severity)
    assert found.status == ("refused" if severity == "error" else "ready")


def test_a_target_has_to_be_where_the_machines_are() -> None:
    rows = [storage("tank", on) for on in NODES] + [storage("nas", "pve3", content=["backup"])]
    found = plan(one_vm(backups=[NIGHTLY]), snapshot(storages=rows))
    assert finding_ids(found, "error") == {"backup.storage"}
    assert "on pve1 as well" in found.summary and "used on pve3" in found.summary


def test_a_target_that_holds_the_disks_is_warned_of() -> None:
    rows = [
        storage("tank", on, type="nfs", shared=True, content=["images", "backup"]) for on in NODES
    ]
    found = plan(one_vm(backups=[{**NIGHTLY, "storage": "tank"}]), snapshot(storages=rows))
    warned = [f.message for f in found.findings if f.id == "backup.target"]
    assert len(warned) == 1 and warned[0].startswith("tank holds the disks")


def test_a_good_target_is_not_warned_of() -> None:
    assert "backup.target" not in finding_ids(plan(one_vm(backups=[NIGHTLY]), facts()))


def test_the_site_declares_no_jobs_over_guests_of_others() -> None:
    found = plan(one_vm(), facts(), site(backups=[ALL]))
    assert found.status == "refused" and "backup.site" in finding_ids(found, "error")


def test_two_jobs_of_one_name_are_refused() -> None:
    found = plan(one_vm(backups=[NIGHTLY, NIGHTLY]), facts())
    assert "backup.name" in finding_ids(found, "error")


@pytest.mark.parametrize("job", [{**NIGHTLY, "guests": "pool"}, {**NIGHTLY, "pool": "lab"}])
def test_a_pool_is_named_by_jobs_of_a_pool_only(job: dict[str, t.Any]) -> None:
    with pytest.raises(ContractError, match="names that pool"):
        one_vm(backups=[job])


def test_every_machine_is_replicated_to_another_node_that_has_its_storage() -> None:
    at = site(replication={"schedule": "*/30", "rate_mb_per_second": 50})
    asked = request(kind="vm", machines=[{"role": "vm", "count": 3}])
    found = plan(asked, zfs("pve1", "pve2", "pve3"), at)
    assert found.status == "ready"
    for machine in found.machines:
        (job,) = machine.replication
        assert job.target in NODES and job.target != machine.node
        assert (job.schedule, job.rate_mb_per_second) == ("*/30", 50)


@pytest.mark.parametrize("state", [zfs("pve1"), facts()])
def test_what_cannot_be_replicated_is_said(state: Snapshot) -> None:
    found = plan(one_vm(), state, site(replication={}))
    assert found.status == "ready" and not found.machines[0].replication
    assert "replication.impossible" in finding_ids(found, "warning")


def test_nothing_is_replicated_unasked() -> None:
    assert not plan(one_vm(), zfs(*NODES)).machines[0].replication


@pytest.mark.parametrize(("place", "refused"), [("tank", False), ("iso", True)])
def test_highly_available_machines_leave_nothing_on_a_node(place: str, *, refused: bool) -> None:
    rows = [storage("tank", on, shared=True) for on in NODES]
    rows += [storage("iso", on) for on in NODES]
    at = site(storages={"default": "tank", "cloud_init": place})
    found = plan(one_vm(ha=True), snapshot(storages=rows), at)
    assert ("ha.cloud-init" in finding_ids(found, "error")) is refused
    assert (found.status == "refused") is refused
    assert refused or found.machines[0].ha.enabled
