# SPDX-License-Identifier: GPL-3.0-or-later
"""Site profile: everything about one place that no code may know (inventory variable ``site``).

The descriptions, examples and units of the fields are what docs/reference/site.md shows.
"""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._environment import (
    EnvironmentRules,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._keys import key
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._protection import (
    Backup,
    ReplicationRule,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Model,
    model_validator,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Environment,
)


class Template(Model):
    """A template VM that machines are cloned from; by id or by name."""

    vmid: int | None = key(
        "VMID of the template; say this or `name`.", 9000, default=None, ge=100, le=999_999_999
    )
    name: str | None = key(
        "Name of the template VM; say this or `vmid`.", "debian-12-cloud", default=None
    )
    os: str = key(
        "Operating system in the template. A request that names another one is refused.",
        "debian 12",
        default="debian 12",
    )
    user: str = key(
        "User that cloud-init makes in the template and that the keys may log in as; not root.",
        "debian",
        default="debian",
    )


class Credential(Model):
    """An API token of Proxmox VE whose secret is alone in a private file."""

    token_id: str = key(
        "The token as `user@realm!name`.",
        "clusterwright-reader@pve!provision",
        pattern=r"^[^\s!@]+@[^\s!@]+![^\s!@]+$",
    )
    secret_file: str = key(
        "File that holds its secret and nothing else, mode 0600; a relative path is from the"
        " inventory's folder.",
        ".clusterwright/reader.secret",
    )


class Credentials(Model):
    """Who looks and who changes something; the playbook ``doctor`` makes both."""

    reader: Credential = key(
        "Reads everything and changes nothing: facts, plans, drift, status, verification.",
        {
            "token_id": "clusterwright-reader@pve!provision",
            "secret_file": ".clusterwright/reader.secret",
        },
    )
    writer: Credential = key(
        "Makes, changes and destroys machines in `pool`, and can do nothing to other guests.",
        {
            "token_id": "clusterwright-writer@pve!provision",
            "secret_file": ".clusterwright/writer.secret",
        },
    )


class Storages(Model):
    """Names of storages by purpose; ``fast`` holds databases and file servers when set."""

    default: str = key(
        "Where disks of machines go. A shared storage lets clones go to any node.", "ceph-vm"
    )
    fast: str | None = key(
        "Preferred for databases and file servers; without it they go to `default`.",
        "ceph-nvme",
        default=None,
    )
    cloud_init: str | None = key(
        "Where the cloud-init drive goes; without it, beside the machine's own disk.",
        "ceph-vm",
        default=None,
    )
    containers: str | None = key(
        "Where root disks of containers go; without it, to `default`.", "local-zfs", default=None
    )


class Network(Model):
    """Where machines are attached. Ranges are ``a-b`` or CIDR strings inside ``subnet``."""

    bridge: str = key("Bridge or SDN vnet that machines are attached to.", "vmbr0")
    vlan: int | None = key("VLAN tag of the interface.", 10, default=None, ge=1, le=4094)
    subnet: str = key("Network of the machines with its prefix length.", "192.168.0.0/16")
    gateway: str = key("Router of the machines, an address of `subnet`.", "192.168.0.1")
    dns_servers: tuple[str, ...] = key(
        "Name servers of the machines; empty means those of the node.",
        ["192.168.0.1"],
        default=(),
    )
    search_domain: str | None = key(
        "Domain that short names of machines belong to.", "home.example.com", default=None
    )
    machine_range: str | None = key(
        "Where addresses of machines come from; used and reserved ones are skipped. Without it,"
        " all of `subnet`.",
        "192.168.1.10-192.168.1.99",
        default=None,
    )
    vip_range: str | None = key(
        "Where the virtual addresses of clusters with several servers come from; without it,"
        " `machine_range`.",
        "192.168.1.100-192.168.1.109",
        default=None,
    )
    load_balancer_range: str | None = key(
        "Addresses that services of type LoadBalancer get; each cluster has a part of them.",
        "192.168.1.200-192.168.1.250",
        default=None,
    )
    reserved_ranges: tuple[str, ...] = key(
        "What others hand out, and is never proposed: DHCP, printers, routers.",
        ["192.168.0.10-192.168.0.245"],
        default=(),
    )
    mtu: int | None = key(
        "Largest packet of the interface; without it, that of the bridge.",
        1450,
        unit="bytes",
        default=None,
        ge=576,
        le=65520,
    )


class Prices(Model):
    """Price table; all in one currency per month."""

    currency: str = key("Name of the currency.", "EUR", default="EUR")
    core_month: float = key("Price of a vCPU.", 2.5, unit="currency a month", default=0.0)
    memory_gib_month: float = key(
        "Price of a GiB of memory.", 1.2, unit="currency a month", default=0.0
    )
    disk_gib_month: float = key(
        "Price of a GiB of disk.", 0.05, unit="currency a month", default=0.0
    )
    node_factors: dict[str, float] = key(
        "Nodes whose machines cost more or less, each with its factor.",
        {"pve3": 1.5},
        default_factory=dict,
    )


class ClusterDefaults(Model):
    """Defaults for clusters of this site; a request that says otherwise wins."""

    version: str | None = key(
        "Release of k3s; without it, the one that the collection pins.",
        "v1.34.2+k3s1",
        default=None,
    )
    cni: t.Literal["flannel", "calico", "cilium"] = key(
        "Network of the pods.", "flannel", default="flannel"
    )
    vip: t.Literal["keepalived", "kube_vip", "external", "none"] = key(
        "Who holds the virtual address of a cluster with several servers.",
        "keepalived",
        default="keepalived",
    )
    pod_cidr: str | None = key(
        "Addresses of pods, of the family of `subnet`; nothing else in your network may use them."
        " Without it, 10.42.0.0/16, and fd00:42::/56 for an IPv6 subnet.",
        "10.42.0.0/16",
        default=None,
    )
    service_cidr: str | None = key(
        "Addresses of services, of the family of `subnet`; nothing else in your network may use"
        " them. Without it, 10.43.0.0/16, and fd00:43::/112 for an IPv6 subnet.",
        "10.43.0.0/16",
        default=None,
    )


class Software(Model):
    """What installs a software on the machines that are made for it: a role or a playbook."""

    role: str | None = key(
        "Role that is run on each of the machines, as root. Its variables belong in"
        " `group_vars/software_NAME.yml` of the inventory.",
        "geerlingguy.postgresql",
        default=None,
    )
    playbook: str | None = key(
        "Absolute path of a playbook that is run for the group `software_NAME`, with your"
        " inventory and that of the deployment.",
        "/srv/ansible/postgresql.yml",
        default=None,
    )

    @model_validator(mode="after")
    def _one_is_named(self) -> Software:
        if (self.role is None) == (self.playbook is None):
            raise ValueError("a software of the site names either a role or a playbook")
        return self


class Site(Model):
    """A site profile. Names are checked against the facts before anything is planned."""

    name: str = key("Name of the place, for reports.", "home", default="default")
    owner: str = key(
        "Who the machines belong to, for policies of your own.",
        "platform team",
        default="clusterwright",
    )
    credentials: Credentials | None = key(
        "Two API tokens, one that looks and one that writes, used together in each run; the"
        " playbook `doctor` makes them. Without it, the one credential of `proxmox_api_*` does"
        " both.",
        {"reader": {"token_id": "clusterwright-reader@pve!provision"}},
        default=None,
    )
    nodes: tuple[str, ...] = key(
        "Nodes that may carry our machines; empty means all that are online.",
        ["pve1", "pve2", "pve3"],
        default=(),
    )
    storages: Storages = key("Storages by purpose.", {"default": "ceph-vm"})
    network: Network = key("Where machines are attached.", {"bridge": "vmbr0"})
    template: Template = key("What machines are cloned from.", {"name": "debian-12-cloud"})
    lxc_template: str | None = key(
        "What containers are made from, as `pveam list STORAGE` prints it; only containers need"
        " it.",
        "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
        default=None,
    )
    iso: str | None = key(
        "Image that a machine boots from when the request wants an installation from a medium.",
        "local:iso/debian-12.9.0-amd64-netinst.iso",
        default=None,
    )
    pool: str | None = key(
        "Resource pool that machines join, and where the writer of `credentials` writes; it has to"
        " exist, and the playbook `doctor` makes it.",
        "clusterwright",
        default=None,
    )
    tags: tuple[str, ...] = key(
        "Further tags of every machine, in small letters.", ["home"], default=()
    )
    vmid_range: tuple[int, int] = key(
        "First and last VMID that are ours to use.", [20000, 29999], default=(20000, 29999)
    )
    user: str | None = key(
        "User that cloud-init makes; without it, the template's. Not root.", "ops", default=None
    )
    ssh_public_keys: tuple[str, ...] = key(
        "Public keys that may log in. There are no passwords.",
        ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI… you@laptop"],
    )
    cpu_type: str | None = key(
        "CPU that guests see. `host` is fastest and cannot move between unlike nodes. Without it,"
        " the template's, and x86-64-v2-AES where that says none.",
        "x86-64-v2-AES",
        default=None,
    )
    firewall: bool = key(
        "Whether the firewall of Proxmox VE filters the interfaces of machines.",
        False,
        default=False,
    )
    on_boot: bool = key("Whether machines start with their node.", True, default=True)
    package_upgrade: bool = key(
        "Whether cloud-init upgrades the packages at the first start, which takes minutes.",
        False,
        default=False,
    )
    backups: tuple[Backup, ...] = key(
        "Backup jobs that each deployment gets for its own machines. They need the privilege"
        " Sys.Modify.",
        [{"name": "nightly", "storage": "nas-backup", "schedule": "02:30"}],
        default=(),
    )
    replication: ReplicationRule | None = key(
        "Copies machines whose disks lie on node-local ZFS to another node. It needs the"
        " privilege VM.Replicate (on Proxmox VE 8 Datastore.Allocate).",
        {"schedule": "*/15"},
        default=None,
    )
    software: dict[str, Software] = key(
        "What installs a software on the machines that a request for it makes; without an entry"
        " the machines are made and nothing is installed on them.",
        {"postgresql": {"role": "geerlingguy.postgresql"}},
        default_factory=dict,
    )
    environments: dict[Environment, EnvironmentRules] = key(
        "What is allowed in production, staging, development and test.",
        {"development": {"auto_approve": True}},
        default_factory=dict,
    )
    default_environment: Environment = key(
        "Environment of requests that name none.", "development", default="development"
    )
    cluster: ClusterDefaults = key(
        "Defaults of Kubernetes clusters.", {"cni": "flannel"}, default_factory=ClusterDefaults
    )
    prices: Prices | None = key(
        "Price table, for the cost of a plan; without it no cost is told.",
        {"core_month": 2.5, "memory_gib_month": 1.2, "disk_gib_month": 0.05},
        default=None,
    )
    cpu_overcommit: float = key(
        "How many vCPU may share a hardware thread of a node.",
        4.0,
        unit="vCPU a thread",
        default=4.0,
        ge=1.0,
        le=16.0,
    )
    max_facts_age_seconds: int = key(
        "How old the facts behind a plan may be when it makes machines.",
        900,
        unit="seconds",
        default=900,
        ge=30,
    )
    policy_dirs: tuple[str, ...] = key(
        "Folders with Rego policies of your own.", ["/srv/policies"], default=()
    )
    knowledge_dirs: tuple[str, ...] = key(
        "Folders with sizing knowledge of your own.", ["/srv/knowledge"], default=()
    )
    catalogue_dirs: tuple[str, ...] = key(
        "Folders with add-ons of your own, one file each.", ["/srv/addons"], default=()
    )
    addons: dict[str, dict[str, t.Any]] = key(
        "Settings of add-ons, as the entry in the catalogue names them; `values` are those of its"
        " chart.",
        {"prometheus": {"values": {"grafana": {"enabled": False}}}},
        default_factory=dict,
    )
