# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan to files and inventory."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _render
from hypothesis import given
from hypothesis import strategies as st
from unit.plugins.plugin_utils._render.samples import container, iso_vm, machine, plan

GOLDEN = Path(__file__).with_name("golden")
DISK = {"interface": "scsi0", "storage": "ceph-vm", "size_gib": 20, "backup": False}
HTTP = dict.fromkeys(("address", "lock_address", "unlock_address"), "https://state/demo")
JOB = {"schedule": "*/30", "storage": "nas-backup"}
PLANS = {
    "template": plan(machine()),
    "container": plan(container(nesting=True)),
    "iso": plan(iso_vm()),
    "image": plan(machine(source={"type": "image", "volume_id": "local:import/d12.qcow2"})),
    "ha-passthrough-no-backup": plan(
        machine(
            ha={"enabled": True},
            pci_mappings=["gpu0"],
            backup=False,
            pool="lab",
            tags=["Web", "cw-demo"],
            startup={"order": 1},
        )
    ),
    "disks": plan(machine(disks=[DISK, {**DISK, "interface": "virtio1", "ssd": True}])),
    "tags": plan(machine(tags=["Zebra", "env-test", "clusterwright"])),
    "pool": plan(machine(pool="lab"), container(pool="lab")),
    "backup": plan(
        machine(pool="lab"),
        container(backup=False),
        backups=[
            {**JOB, "name": "pool", "guests": "pool", "pool": "lab", "keep": {"last": 3}},
            {**JOB, "name": "all", "guests": "all", "mode": "stop", "keep": {"last": 1}},
            {**JOB, "name": "own", "compression": "none", "enabled": False},
        ],
    ),
    "replication": plan(
        machine(replication=[{"target": "pve2", "rate_mb_per_second": 50}, {"target": "pve3"}]),
        container(replication=[{"target": "pve2", "schedule": "21:00"}]),
    ),
    "servers-apart": plan(
        *(
            machine(
                f"demo-{name}",
                20000 + i,
                node=f"pve{i}",
                role=name,
                group=name,
                ha={"enabled": True},
            )
            for i, name in ((1, "server"), (2, "agent"))
        ),
        machine(
            "demo-s-2", 20003, node="pve2", role="server", group="server", ha={"enabled": True}
        ),
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_golden(name: str) -> None:
    text = _render.render(PLANS[name])[_render.VARIABLES_FILE]
    assert text == (GOLDEN / f"{name}.tfvars.json").read_text(encoding="utf-8")


def test_order_of_machines_does_not_matter() -> None:
    one, two = machine(), machine("demo-web-2", 20002)
    assert _render.render(plan(one, two)) == _render.render(plan(two, one))


def machines_with(**fields: t.Any) -> tuple[dict[str, t.Any], ...]:
    """Two machines, the second with other fields."""
    return machine(), machine(**{"name": "demo-web-2", "vmid": 20002, **fields})


NIC = machine()["nics"][0]
FINDING = {"id": "capacity.memory", "severity": "error", "message": "Too much memory."}


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: plan(status="refused", summary="Too big."), "not ready (status refused): Too"),
        (lambda: plan(status="ask"), "status ask"),
        (lambda: plan(findings=[FINDING]), "capacity.memory: Too much memory."),
        (lambda: plan(*machines_with(vmid=20001, nics=[])), "one VMID to several machines: 20001"),
        (lambda: plan(*machines_with(name="demo-web-1", nics=[])), "one machine name"),
        (lambda: plan(*machines_with(nics=[NIC])), "one address to several machines: 10.77.0.21"),
        (
            lambda: plan(backups=[{**JOB, "name": "own"}] * 2),
            "one backup job name to several backup jobs: own",
        ),
        (
            lambda: plan(machine(backup=False), backups=[{**JOB, "name": "own"}]),
            "The backup job own has no machine",
        ),
    ],
)
def test_refused_plans(made: t.Callable[[], t.Any], words: str) -> None:
    with pytest.raises(_render.RenderError) as error:
        _render.render(made())
    assert words in str(error.value)


@pytest.mark.parametrize("seconds", [4, 3601])
def test_the_agent_is_waited_for_within_bounds(seconds: int) -> None:
    with pytest.raises(_render.RenderError, match=f"agent_timeout_seconds is {seconds}: give"):
        _render.render(plan(), agent_timeout_seconds=seconds)


@pytest.mark.parametrize(
    "key",
    [
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBoEb9wMfxCyGbZ3m3nS0bLkXm5pDyP1\nrunas: root",
        "",
    ],
)
def test_only_public_keys(key: str) -> None:
    settings = {**machine()["cloud_init"], "ssh_public_keys": [key]}
    with pytest.raises(_render.RenderError, match="no public key"):
        _render.render(plan(machine(cloud_init=settings)))


@given(st.text(max_size=200))
def test_free_text_is_data(text: str) -> None:
    rendered = _render.render(plan(machine(description=text)))
    plain = _render.render(plan(machine(description="")))
    found = json.loads(rendered[_render.VARIABLES_FILE])
    shown = found["machines"]["demo-web-1"].pop("description")
    expected = json.loads(plain[_render.VARIABLES_FILE])
    expected["machines"]["demo-web-1"].pop("description")
    assert found == expected
    assert set(shown) <= set(text) and not set(shown) & set("\x1b\u202e\u200b\x00")


@pytest.mark.parametrize(
    ("backend", "settings", "expected"),
    [
        ("local", {}, {"path": "terraform.tfstate"}),
        ("pg", {}, {"schema_name": "clusterwright_demo"}),
        (
            "s3",
            {"bucket": "b", "key": "demo", "region": "eu"},
            {"bucket": "b", "key": "demo", "region": "eu", "use_lockfile": True, "encrypt": True},
        ),
        ("http", HTTP, HTTP),
    ],
)
def test_backends(backend: str, settings: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    files = _render.render(PLANS["template"], backend=backend, backend_settings=settings)
    found = json.loads(files[_render.BACKEND_FILE])
    assert found == {"terraform": {"backend": {backend: expected}}}


@pytest.mark.parametrize(
    ("backend", "settings", "words"),
    [
        ("gcs", {}, "no state backend gcs"),
        ("pg", {"conn_str": "postgres://u:p@h/d"}, "credentials come from PG_CONN_STR"),
        ("s3", {"bucket": "b", "key": "k", "region": "r", "secret_key": "x"}, "no setting secret"),
        ("s3", {"bucket": "b"}, "needs the setting(s) key, region"),
        ("http", {}, "needs the setting(s) address"),
        ("http", {"address": "https://u:p@state/demo"}, "user name or password"),
        ("http", {"address": HTTP["address"]}, "has no lock_address and no unlock_address"),
        ("http", {**HTTP, "unlock_address": ""}, "has no unlock_address: without a lock two runs"),
    ],
)
def test_refused_backends(backend: str, settings: dict[str, t.Any], words: str) -> None:
    with pytest.raises(_render.RenderError) as error:
        _render.backend_configuration("demo", backend, settings)
    assert words in str(error.value)


def outputs(*machines: dict[str, t.Any], **changed: t.Any) -> dict[str, t.Any]:
    """What Terraform puts out for these machines."""
    return {
        "machines": {
            m["name"]: {
                "kind": m.get("kind", "vm"),
                "vmid": m["vmid"],
                "node": m["node"],
                "address": m["nics"][0]["address"].partition("/")[0],
                **changed,
            }
            for m in machines
        }
    }


def test_inventory_equals_outputs() -> None:
    machines = [
        machine("k-s-1", 20001, role="server"),
        machine("k-a-1", 20002, role="agent"),
        container("k-c-1", 20003),
        machine("k-w-1", 20004, role="web-front"),
    ]
    found = _render.inventory_from(plan(*machines, deployment="k-1"), outputs(*machines))
    groups = found["all"]["children"]["cw_k_1"]["children"]
    assert {name: list(group["hosts"]) for name, group in groups.items()} == {
        "agents": ["k-a-1"],
        "containers": ["k-c-1"],
        "servers": ["k-s-1"],
        "web_front": ["k-w-1"],
    }
    assert groups["servers"]["hosts"]["k-s-1"] == {
        "ansible_host": "10.77.0.21",
        "ansible_user": "debian",
        "cw_deployment": "k-1",
        "cw_role": "server",
        "node": "pve1",
        "vmid": 20001,
    }
    assert groups["containers"]["hosts"]["k-c-1"]["ansible_user"] == "root"


@pytest.mark.parametrize(
    ("planned", "applied", "words"),
    [
        (plan(machine()), {}, "differ in the machine(s) demo-web-1"),
        (plan(machine()), outputs(machine(), vmid=1), "differ in vmid of demo-web-1"),
        (plan(machine()), outputs(machine(), node="pve9"), "differ in node"),
        (plan(machine()), outputs(machine(), address=None), "told none within 90 seconds"),
        (
            plan(machine()),
            outputs(machine(), address="{{ 7 * 7 }}"),
            "No address of demo-web-1 (20001 on pve1)",
        ),
        (plan(iso_vm()), outputs(iso_vm(), address=None), "has no QEMU guest agent"),
        (plan(container()), outputs(container(), address=None), "the container's console"),
        (
            plan(machine(role="{{ lookup('pipe', 'id') }}")),
            outputs(machine()),
            "cannot name a group",
        ),
    ],
)
def test_refused_inventories(planned: t.Any, applied: dict[str, t.Any], words: str) -> None:
    with pytest.raises(_render.RenderError) as error:
        _render.inventory_from(planned, applied, agent_timeout_seconds=90)
    assert words in str(error.value)


def test_foreign_terraform_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs.auto.tfvars").write_text('deployment = "x"')
    with pytest.raises(_render.RenderError, match=r"theirs\.auto\.tfvars"):
        _render.changes(tmp_path, {})


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    wanted = {**_render.static_files("bpg"), **_render.render(PLANS["template"])}
    assert [c.name for c in _render.changes(tmp_path / "new", wanted)] == sorted(wanted)
    for name, text in wanted.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert _render.changes(tmp_path, wanted) == []
    grown = _render.render(plan(machine(), machine("demo-web-2", 20002)))
    assert [c.name for c in _render.changes(tmp_path, wanted | grown)] == [_render.VARIABLES_FILE]
