# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshot: the Proxmox VE cluster in numbers and ids, as ``proxmox_facts`` returns it.

The module builds plain data of exactly this shape (``ansible_facts.proxmox``); the controller
validates it here. Memory is MiB, disk GiB, CPU load a fraction 0 to 1 of the node.
"""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._finding import (
    Finding,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
)


class SnapshotSource(Model):
    """Where and when the facts came from; ``verified`` is False for planning without Proxmox."""

    endpoint: str
    collected_at: str  # RFC 3339, UTC
    seconds: float = 0.0
    calls: int = 0
    depth: t.Literal["basic", "addresses"] = "basic"
    verified: bool = True


class Version(Model):
    """Version of the API: ``release`` "9.1", ``version`` "9.1.8"."""

    version: str
    release: str
    major: int


class StorageState(Model):
    """One storage as one node sees it; ``shared`` ones repeat on each node."""

    storage: str
    node: str
    type: str
    content: tuple[str, ...]
    shared: bool
    enabled: bool = True
    active: bool = True
    total_gib: float = 0.0
    used_gib: float = 0.0
    available_gib: float = 0.0


class BridgeState(Model):
    """A bridge or an SDN vnet that guests can use; ``node`` is None for vnets.

    A vnet is where its ``zone`` is: on ``nodes``, empty when the facts do not tell.
    """

    name: str
    type: t.Literal["bridge", "ovs_bridge", "vnet"]
    node: str | None = None
    cidr: str | None = None
    vlan_aware: bool = False
    ports: tuple[str, ...] | None = None  # of a bridge; None: not told
    zone: str | None = None
    nodes: tuple[str, ...] = ()
    tag: int | None = None


class NodeState(Model):
    """One Proxmox host. Offline nodes carry only name and ``online=False``."""

    name: str
    online: bool
    cpus: int = 0
    cpu_load: float = 0.0
    memory_mib: int = 0
    memory_used_mib: int = 0
    uptime_seconds: int = 0
    cpu_model: str | None = None
    sockets: int | None = None
    address: str | None = None
    committed_cpus: int = 0  # vCPU of all its guests, running or not (templates excluded)
    committed_memory_mib: int = 0
    committed_disk_gib: float = 0.0
    maintenance: bool = False


class GuestDisk(Model):
    """One disk of a guest as its configuration tells it; GiB may be broken numbers."""

    interface: str
    storage: str
    size_gib: float
    ssd: bool = False
    discard: bool = False
    iothread: bool = False
    backup: bool = True
    mount_path: str | None = None  # of a container
    aio: str | None = None
    cache: str | None = None
    queues: int | None = None
    replicate: bool = True
    serial: str | None = None


class GuestNic(Model):
    """One network interface of a guest; ``addresses`` are as written, with prefix or ``dhcp``."""

    slot: int
    model: str
    bridge: str | None = None
    vlan: int | None = None
    mtu: int | None = None
    firewall: bool = False
    addresses: tuple[str, ...] = ()
    gateway: str | None = None
    queues: int | None = None
    rate_mb_per_second: float | None = None
    trunks: tuple[str, ...] = ()
    connected: bool = True


class GuestEfi(Model):
    """The EFI disk of a guest."""

    storage: str
    type: str
    pre_enrolled_keys: bool = False


class GuestTpm(Model):
    """The TPM state of a guest."""

    storage: str
    version: str


class Hardware(Model):
    """What a guest is made of: of templates, and of guests with our tag.

    The first of ``disks`` is the one that it boots from. ``volumes`` are files that every clone
    shares with it (ISOs, files for cloud-init), ``odd`` what a clone cannot have. Of a template's
    files for cloud-init ``absent`` are not there, ``unseen`` those that nobody could look for.
    """

    bios: str = "seabios"
    machine_type: str = "pc"
    scsi_hardware: str = "virtio-scsi-single"
    os_type: str = "l26"
    boot_order: tuple[str, ...] = ()
    disks: tuple[GuestDisk, ...] = ()
    cdroms: tuple[str, ...] = ()  # interfaces of drives with a medium
    cloud_init: str | None = None  # interface of the cloud-init drive
    cloud_init_storage: str | None = None
    cloud_init_files: dict[str, str] = Field(default_factory=dict)  # user, vendor … -> volume
    dns_servers: tuple[str, ...] = ()
    search_domain: str | None = None
    password: bool = False
    efi_disk: GuestEfi | None = None
    tpm: GuestTpm | None = None
    nics: tuple[GuestNic, ...] = ()
    serial: bool = False
    numa: bool = False
    cpu_type: str | None = None  # None: its configuration says none
    cpu_flags: tuple[str, ...] = ()
    hotplug: str | None = None  # None: as Proxmox VE does by default
    agent_type: str = "virtio"
    agent_trim: bool = False
    vga: str | None = None
    volumes: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


class GuestState(Model):
    """One guest, ours or not. Addresses are CIDR-less IPv4/IPv6 strings."""

    vmid: int
    name: str
    type: t.Literal["qemu", "lxc"]
    node: str
    status: str
    template: bool = False
    cpus: int = 0
    cpu_load: float = 0.0
    memory_mib: int = 0
    memory_used_mib: int = 0
    disk_gib: float = 0.0
    tags: tuple[str, ...] = ()
    pool: str | None = None
    lock: str | None = None
    ha: str | None = None
    on_boot: bool | None = None
    addresses: tuple[str, ...] = ()
    address_source: t.Literal["agent", "config", "interfaces", "none"] = "none"
    mac_addresses: tuple[str, ...] = ()
    pci_mappings: tuple[str, ...] = ()  # whose devices it has
    protection: bool | None = None  # None: its configuration was not read
    hardware: Hardware | None = None  # None: not read, or neither a template nor ours


class Volume(Model):
    """A file on a storage that machines are made from: ISO, container template, disk image."""

    volume_id: str
    storage: str
    node: str | None = None
    content: t.Literal["iso", "vztmpl", "import"]
    size_gib: float = 0.0


class PciMapping(Model):
    """A PCI resource mapping and the nodes that have it."""

    id: str
    nodes: tuple[str, ...]
    description: str | None = None


class BackupJob(Model):
    """A scheduled backup job."""

    id: str
    enabled: bool
    schedule: str
    storage: str
    mode: str = "snapshot"
    selection: str = "all"  # "all", "pool:NAME" or "vmid:100,101"


class HaState(Model):
    """High availability: what is managed and by which groups (8) or rules (9)."""

    manager_status: str | None = None
    resources: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    comments: dict[str, str] = Field(default_factory=dict)  # of groups and rules, by name


class CredentialEnd(Model):
    """When a credential of ours ends, as RFC 3339."""

    identity: str  # user@realm!token
    ends: str


class Snapshot(Model):
    """The whole cluster at one moment; ``missing`` says per item what could not be read."""

    schema_version: t.Literal[1] = 1
    source: SnapshotSource
    cluster: str | None
    quorate: bool
    version: Version
    nodes: tuple[NodeState, ...]
    storages: tuple[StorageState, ...]
    guests: tuple[GuestState, ...]
    bridges: tuple[BridgeState, ...] = ()
    pools: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    pci_mappings: tuple[PciMapping, ...] = ()
    backup_jobs: tuple[BackupJob, ...] = ()
    ha: HaState = Field(default_factory=HaState)
    privileges: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # path -> privileges
    credentials: tuple[CredentialEnd, ...] = ()  # those that end some day
    next_vmid: int | None = None
    missing: tuple[Finding, ...] = ()
