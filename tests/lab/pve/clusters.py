# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster that a simulated Proxmox VE begins with, described by a YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

HERE = Path(__file__).parent / "clusters"
StorageType = Literal[
    "dir", "nfs", "cifs", "cephfs", "btrfs", "lvm", "lvmthin", "zfspool", "rbd", "pbs"
]
Mib = Annotated[int, Field(gt=0)]


class ClusterError(Exception):
    """A cluster file cannot be read; the message is one plain sentence."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bridge(_Part):
    name: str
    type: Literal["bridge", "OVSBridge"] = "bridge"
    cidr: str | None = None
    gateway: str | None = None
    ports: tuple[str, ...] = ()
    vlan_aware: bool = False
    mtu: int | None = None


class Node(_Part):
    name: str
    address: str
    cores: Annotated[int, Field(gt=0)]
    memory_mib: Mib
    disk_gib: Annotated[int, Field(gt=0)] = 100
    cpu_model: str = "Simulated CPU"
    online: bool = True
    maintenance: bool = False
    bridges: tuple[Bridge, ...] = ()


class Volume(_Part):
    """A file on a storage: an ISO, a container template, a cloud image, a backup."""

    name: str
    size_mib: int
    virtual_size_gib: int | None = None
    nodes: tuple[str, ...] = ()


class Storage(_Part):
    name: str
    type: StorageType
    content: tuple[str, ...]
    total_gib: int
    used_gib: int = 0
    shared: bool = False
    nodes: tuple[str, ...] = ()
    options: dict[str, Any] = Field(default_factory=dict)
    volumes: tuple[Volume, ...] = ()


class Guest(_Part):
    """A virtual machine or container that exists when the cluster starts."""

    vmid: Annotated[int, Field(ge=100, le=999_999_999)]
    name: str
    node: str
    kind: Literal["qemu", "lxc"] = "qemu"
    running: bool = False
    template: bool = False
    pool: str | None = None
    address: str | None = None
    memory_mib_used: int = 0
    cpu_fraction: float = 0.0
    config: dict[str, Any] = Field(default_factory=dict)


class PciMapping(_Part):
    id: str
    description: str = ""
    map: tuple[str, ...]


class Sdn(_Part):
    """Zones, vnets and subnets that are applied when the cluster starts."""

    zones: tuple[dict[str, Any], ...] = ()
    vnets: tuple[dict[str, Any], ...] = ()
    subnets: tuple[dict[str, Any], ...] = ()


class Cluster(_Part):
    """The whole description; `load_cluster` reads it from a file."""

    name: str
    nodes: Annotated[tuple[Node, ...], Field(min_length=1)]
    storages: tuple[Storage, ...] = ()
    pools: dict[str, str] = Field(default_factory=dict)
    guests: tuple[Guest, ...] = ()
    backup_jobs: tuple[dict[str, Any], ...] = ()
    pci_mappings: tuple[PciMapping, ...] = ()
    sdn: Sdn = Sdn()
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_exist(self) -> Cluster:
        nodes = {node.name for node in self.nodes}
        for guest in self.guests:
            if guest.node not in nodes:
                raise ValueError(
                    f"guest {guest.vmid} is on node '{guest.node}', which is not listed"
                )
            if guest.pool and guest.pool not in self.pools:
                raise ValueError(
                    f"guest {guest.vmid} is in pool '{guest.pool}', which is not listed"
                )
        vmids = [guest.vmid for guest in self.guests]
        double = {vmid for vmid in vmids if vmids.count(vmid) > 1}
        if double:
            raise ValueError(f"guest {min(double)} is listed twice")
        for storage in self.storages:
            unknown = set(storage.nodes) - nodes
            if unknown:
                raise ValueError(
                    f"storage '{storage.name}' names node '{min(unknown)}', which is not listed"
                )
        return self

    @model_validator(mode="after")
    def _addresses_are_used_once(self) -> Cluster:
        holders: dict[str, str] = {}
        for node in self.nodes:
            for bridge in node.bridges:
                address = (bridge.cidr or "").partition("/")[0]
                if address and holders.setdefault(address, node.name) != node.name:
                    raise ValueError(
                        f"node '{node.name}' has the address {address} of '{holders[address]}'"
                    )
        return self


def load_cluster(source: str | Path) -> Cluster:
    """Read a cluster file; a bare name ("default") is one of those in `clusters/`.

    Raises:
        ClusterError: the file is missing, no YAML, or does not describe a cluster.
    """
    path = Path(source)
    if path.suffix not in (".yml", ".yaml") and not path.exists():
        path = HERE / f"{source}.yml"
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ClusterError(f"The cluster file {path} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise ClusterError(f"The cluster file {path} is no valid YAML.") from error
    try:
        return Cluster.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the top"
        text = first["msg"].removeprefix("Value error, ")
        raise ClusterError(f"The cluster file {path} is wrong at {place}: {text}.") from error
