# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody changes guests while a plan waits for its approval: no change of theirs is lost.

The cluster is the simulated one, over HTTP; Terraform is played by a few lines, so that a
thousand races take seconds.
"""

from __future__ import annotations

import json
import random
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import (
    Connection,
    connect,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform import changes
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.cluster import (
    ClusterGuests,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.deployment import (
    Deployment,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guards import (
    Approval,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.process import (
    Completed,
    Terraform,
)
from lab.pve import PveServer, load_cluster
from lab.pve.clusters import Guest

RACES = 1000
LIST = "/cluster/resources"
VMIDS = (20001, 20002, 20003)
NIC = "virtio=BC:24:11:00:00:01,bridge=vmbr0"
#: Fields of the provider, how Proxmox VE calls them, and values that somebody may set.
FIELDS: dict[str, tuple[str, tuple[t.Any, ...]]] = {
    "memory.dedicated": ("memory", (512, 1024, 2048, 4096)),
    "cpu.cores": ("cores", (1, 2, 3, 4)),
    "description": ("description", ("a", "b", "c", "d")),
    "on_boot": ("onboot", (0, 1)),
    "startup.order": ("startup", ("order=1", "order=2", "order=3")),
    "network_device.0": (
        "net0",
        tuple(f"virtio=BC:24:11:00:00:01,bridge=vmbr0,tag={n}" for n in (5, 6, 7)),
    ),
}


@dataclass
class Cluster:
    """The simulated cluster with three guests of ours, and a person who clicks."""

    pve: PveServer
    connection: Connection

    def __post_init__(self) -> None:
        self.api = connect(self.connection)

    def path(self, vmid: int) -> str:
        """Path of a guest's configuration."""
        return f"/nodes/pve1/qemu/{vmid}/config"

    def config(self, vmid: int) -> dict[str, t.Any]:
        """Configuration of a guest, read inside the simulation."""
        return dict(self.guest(vmid).config)

    def guest(self, vmid: int) -> t.Any:
        """A guest of the simulation."""
        return next(vm for vm in self.pve.state.vms if vm.vmid == vmid)

    def click(self, vmid: int, key: str, value: t.Any) -> None:
        """Change one value as a person does in the web interface."""
        self.api.put(self.path(vmid), {key: value})


@dataclass
class Hands:
    """Plays Terraform: refreshes, plans what differs from ``wanted``, and writes that."""

    cluster: Cluster
    wanted: dict[int, dict[str, t.Any]] = field(default_factory=dict)
    deleting: tuple[int, ...] = ()
    while_planning: t.Callable[[], None] = lambda: None
    serial: int = 0

    def __call__(
        self, arguments: list[str], *, directory: str, environment: dict[str, str]
    ) -> Completed:
        step = arguments[1]
        if step == "plan":
            self.while_planning()
            out = next(a for a in arguments if a.startswith("-out=")).removeprefix("-out=")
            going = "-destroy" in arguments
            found = [self._change(v, going) for v in VMIDS]
            Path(out).write_text(json.dumps({"resource_changes": found}), encoding="utf-8")
        if step == "show":
            file = Path(arguments[-1])
            text = file.read_text(encoding="utf-8") if file.suffix == ".tfplan" else "{}"
            return Completed(0, text if file.suffix == ".tfplan" else json.dumps(self._state()), "")
        if step == "state":
            return Completed(0, json.dumps({"serial": self.serial, "lineage": "x"}), "")
        if step == "apply":
            self.serial += 1
            for change in json.loads(Path(arguments[-1]).read_text())["resource_changes"]:
                vmid = change["change"]["before"]["vm_id"]
                for name, value in self.wanted.get(vmid, {}).items():
                    self.cluster.click(vmid, FIELDS[name][0], value)
        return Completed(0, "", "")

    def _state(self) -> dict[str, t.Any]:
        resources = [
            {
                "type": "proxmox_virtual_environment_vm",
                "name": "machine",
                "index": f"web{v}",
                "values": {"vm_id": v},
            }
            for v in VMIDS
        ]
        return {"values": {"root_module": {"resources": resources}}}

    def _change(self, vmid: int, going: bool) -> dict[str, t.Any]:
        """Return a resource as Terraform lists each one that it has, changed or not."""
        now = self.cluster.config(vmid)
        wanted = self.wanted.get(vmid, {})
        # One value a field; startup is a text there and here.
        after = {n: x for n, x in wanted.items() if str(now.get(FIELDS[n][0])) != str(x)}
        action = "delete" if going else "update" if after else "no-op"
        ours = {"vm_id": vmid, "node_name": "pve1"}
        before = {name: now.get(FIELDS[name][0]) for name in after}
        return {
            "address": f'proxmox_virtual_environment_vm.machine["web{vmid}"]',
            "type": "proxmox_virtual_environment_vm",
            "name": "machine",
            "index": f"web{vmid}",
            "mode": "managed",
            "change": {
                "actions": [action],
                "before": {**ours, **_nested(before)},
                "after": None if going else {**ours, **_nested(after)},
            },
        }


def _nested(values: dict[str, t.Any]) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    for path, value in values.items():
        first, _, rest = path.partition(".")
        if rest == "0":
            found[first] = [{"vlan_id": value}]
        else:
            found[first] = [{rest: value}] if rest else value
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    known = load_cluster("default")
    ours = [
        Guest(
            vmid=vmid,
            name=f"web{vmid}",
            node="pve1",
            config={
                "tags": "clusterwright;cw-demo",
                "memory": "256",
                "net0": "virtio,bridge=vmbr0",
            },
        )
        for vmid in VMIDS
    ]
    with PveServer(known.model_copy(update={"guests": [*known.guests, *ours]})) as pve:
        identity, _, secret = pve.make_token().partition("=")
        connection = Connection.from_options(
            {
                "api_host": pve.endpoint,
                "api_token_id": identity,
                "api_token_secret": secret,
                "ca_path": str(pve.ca_file),
                "validate_certs": True,
            }
        )
        yield Cluster(pve, connection)


@pytest.fixture
def hands(cluster: Cluster) -> Hands:
    return Hands(cluster)


@pytest.fixture
def deployment(cluster: Cluster, hands: Hands, tmp_path: Path) -> Deployment:
    machines = {f"web{vmid}": {"vmid": vmid, "disks": []} for vmid in VMIDS}
    (tmp_path / "terraform.tfvars.json").write_text(
        json.dumps({"deployment": "demo", "machines": machines})
    )
    (tmp_path / ".terraform/providers").mkdir(parents=True)
    (tmp_path / ".terraform.lock.hcl").touch()
    guests = ClusterGuests(partial(connect, cluster.connection))
    return Deployment(Terraform(hands, "terraform", tmp_path, {}), guests)


def _anything(chance: random.Random) -> tuple[int, str, t.Any]:
    key, values = FIELDS[chance.choice(list(FIELDS))]
    return chance.choice(VMIDS), key, chance.choice(values)


def _wish(chance: random.Random, cluster: Cluster) -> dict[int, dict[str, t.Any]]:
    """Return other values than there are, of one to three guests."""
    found: dict[int, dict[str, t.Any]] = {}
    for vmid in chance.sample(VMIDS, chance.randint(1, len(VMIDS))):
        now = cluster.config(vmid)
        for name in chance.sample(list(FIELDS), chance.randint(1, 2)):
            key, values = FIELDS[name]
            found.setdefault(vmid, {})[name] = chance.choice(
                [value for value in values if str(now.get(key)) != str(value)]
            )
    return found


def test_no_change_of_somebody_else_is_lost(
    cluster: Cluster, hands: Hands, deployment: Deployment
) -> None:
    chance = random.Random(20261130)  # noqa: S311
    refused = 0
    for _race in range(RACES):
        hands.wanted = _wish(chance, cluster)
        vmid, key, value = _anything(chance)
        moment = chance.choice(("never", "while planning", "while it waits"))
        was = cluster.config(vmid).get(key)
        hands.while_planning = (
            partial(cluster.click, vmid, key, value) if moment == "while planning" else lambda: None
        )
        planned = deployment.planned()
        touched = {machine["vmid"] for machine in planned["summary"]["machines"]}
        if moment == "while it waits":
            cluster.click(vmid, key, value)
        changed = moment != "never" and str(was) != str(value)
        if changed and vmid in touched:
            before = {v: cluster.config(v) for v in VMIDS}
            with pytest.raises(TerraformError) as error:
                deployment.applied(Approval(planned["plan_sha256"]))
            assert f"{key}: approved with" in str(error.value)
            assert str(value) in str(error.value)
            assert {v: cluster.config(v) for v in VMIDS} == before
            refused += 1
            continue
        deployment.applied(Approval(planned["plan_sha256"]))
        for wished, fields in hands.wanted.items():
            now = cluster.config(wished)
            assert all(str(now[FIELDS[n][0]]) == str(x) for n, x in fields.items())
        if changed and vmid not in hands.wanted:
            assert str(cluster.config(vmid)[key]) == str(value)
    assert refused > RACES // 10


def test_each_touched_guest_is_asked_once(
    cluster: Cluster, hands: Hands, deployment: Deployment
) -> None:
    def asked() -> list[str]:
        reads = [c.path for c in cluster.pve.calls if c.method == "GET"]
        return sorted(path for path in reads if path not in ("/version", LIST))

    first, second, _ = VMIDS
    hands.wanted = {first: {"description": "e"}, second: {"description": "f"}}
    cluster.pve.clear_calls()
    sha256 = deployment.planned()["plan_sha256"]
    assert asked() == sorted(map(cluster.path, VMIDS)), "planning reads what is ours, once"
    cluster.pve.clear_calls()
    deployment.applied(Approval(sha256))
    assert asked() == sorted(map(cluster.path, (first, second)))


def test_what_changed_since_its_end_was_agreed_to_stays(
    cluster: Cluster, deployment: Deployment
) -> None:
    seen = changes.absent(deployment, [], check=True)
    vmid = VMIDS[1]
    cluster.click(vmid, "description", "I need this one until Friday")
    with pytest.raises(TerraformError, match=rf"web{vmid}.*description: approved with .*Friday"):
        changes.absent(deployment, seen["destructive"], approved=seen["guests"])


def test_a_guest_that_moved_is_another_guest(
    cluster: Cluster, hands: Hands, deployment: Deployment
) -> None:
    vmid = VMIDS[0]
    hands.wanted = {vmid: {"description": "g"}}
    sha256 = deployment.planned()["plan_sha256"]
    cluster.guest(vmid).node = "pve2"
    with pytest.raises(TerraformError, match="node: approved with pve1, now pve2"):
        deployment.applied(Approval(sha256))
