# SPDX-License-Identifier: GPL-3.0-or-later
"""Site profile: everything about one place that no code may know (inventory variable ``site``)."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._protection import (
    Backup,
    ReplicationRule,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Environment,
)


class Template(Model):
    """A template VM that machines are cloned from; by id or by name."""

    vmid: int | None = None
    name: str | None = None
    os: str = "debian 12"
    user: str = "debian"


class Storages(Model):
    """Names of storages by purpose; ``fast`` holds databases and file servers when set."""

    default: str
    fast: str | None = None
    cloud_init: str | None = None  # default: the machine's own storage
    containers: str | None = None


class Network(Model):
    """Where machines are attached. Ranges are ``a-b`` or CIDR strings inside ``subnet``."""

    bridge: str
    vlan: int | None = Field(default=None, ge=1, le=4094)
    subnet: str
    gateway: str
    dns_servers: tuple[str, ...] = ()
    search_domain: str | None = None
    machine_range: str | None = None  # where addresses of machines may come from
    vip_range: str | None = None
    load_balancer_range: str | None = None
    reserved_ranges: tuple[str, ...] = ()  # DHCP and whatever else is not ours
    mtu: int | None = None


class EnvironmentRules(Model):
    """What an environment allows; ``auto_approve`` only ever covers pure creates."""

    auto_approve: bool = False
    #: users who may approve here; empty leaves it to the variable `approvers`
    approvers: tuple[str, ...] = ()
    ha: bool | None = None
    max_machines: int | None = None
    max_cores_per_machine: int | None = None
    max_memory_mib_per_machine: int | None = None
    max_monthly_cost: float | None = None


class Prices(Model):
    """Price table; all in one currency per month."""

    currency: str = "EUR"
    core_month: float = 0.0
    memory_gib_month: float = 0.0
    disk_gib_month: float = 0.0
    node_factors: dict[str, float] = Field(default_factory=dict)


class ClusterDefaults(Model):
    """Defaults for clusters of this site; a request that says otherwise wins."""

    version: str | None = None
    cni: t.Literal["flannel", "calico", "cilium"] = "flannel"
    vip: t.Literal["keepalived", "kube_vip", "external", "none"] = "keepalived"
    pod_cidr: str = "10.42.0.0/16"
    service_cidr: str = "10.43.0.0/16"


class Site(Model):
    """A site profile. Names are checked against the facts before anything is planned."""

    name: str = "default"
    owner: str = "clusterwright"
    nodes: tuple[str, ...] = ()  # empty: all online nodes
    storages: Storages
    network: Network
    template: Template
    lxc_template: str | None = None
    iso: str | None = None
    pool: str | None = None
    tags: tuple[str, ...] = ()
    vmid_range: tuple[int, int] = (20000, 29999)
    user: str | None = None  # cloud-init user; default: the template's
    ssh_public_keys: tuple[str, ...]
    cpu_type: str = "x86-64-v2-AES"
    firewall: bool = False
    on_boot: bool = True
    package_upgrade: bool = False
    backups: tuple[Backup, ...] = ()  # each deployment gets these jobs for its machines
    replication: ReplicationRule | None = None  # of machines whose disks lie on node-local ZFS
    environments: dict[Environment, EnvironmentRules] = Field(default_factory=dict)
    default_environment: Environment = "development"
    cluster: ClusterDefaults = Field(default_factory=ClusterDefaults)
    prices: Prices | None = None
    cpu_overcommit: float = Field(default=4.0, ge=1.0, le=16.0)
    max_facts_age_seconds: int = Field(default=900, ge=30)
    policy_dirs: tuple[str, ...] = ()
    knowledge_dirs: tuple[str, ...] = ()
    catalogue_dirs: tuple[str, ...] = ()  # folders with add-ons of one's own, one file each
    #: add-on → its settings (those of its entry in the catalogue); ``values``: of its chart
    addons: dict[str, dict[str, t.Any]] = Field(default_factory=dict)
