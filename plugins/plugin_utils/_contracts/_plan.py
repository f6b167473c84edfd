# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan: machines, placement, addresses, cluster and add-ons, each number with its reason.

The only input of rendering. A plan whose findings hold an error is shown but never rendered.
"""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._finding import (
    Finding,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._protection import (
    Backup,
    Replication,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    NAME_PATTERN,
    Environment,
)

STORAGE_PATTERN = r"^[A-Za-z][A-Za-z0-9._-]{0,99}$"


class Why(Model):
    """Why a number is what it is."""

    field: str  # "memory_mib", "cores", "count", "node" …
    reason: str  # one sentence a person can read
    source: str  # rule id and citation, "explicit", "site" or "model"
    confidence: float = Field(ge=0.0, le=1.0)


class Disk(Model):
    """One disk; ``interface`` is scsiN, virtioN, sataN or ideN (containers: rootfs, mpN).

    ``aio``, ``cache``, ``queues`` and ``serial`` are those of Proxmox VE; None is its default.
    """

    interface: str = Field(
        pattern=r"^(scsi([12]?\d|30)|virtio(1[0-5]|\d)|sata[0-5]|ide[0-3]|mp\d{1,2}|rootfs)$"
    )
    storage: str = Field(pattern=STORAGE_PATTERN)
    size_gib: int = Field(ge=1, le=65536)
    ssd: bool = False
    discard: bool = True
    iothread: bool = True
    backup: bool = True
    mount_path: str | None = None  # containers: where mpN is mounted
    aio: t.Literal["native", "threads"] | None = None  # None: io_uring
    cache: t.Literal["directsync", "writethrough", "writeback", "unsafe"] | None = None
    queues: int | None = Field(default=None, ge=2, le=1024)
    replicate: bool = True
    serial: str | None = Field(default=None, max_length=60)


class EfiDisk(Model):
    """Where the firmware OVMF keeps its settings; 2m and 4m are its two sizes."""

    storage: str = Field(pattern=STORAGE_PATTERN)
    type: t.Literal["2m", "4m"] = "4m"
    pre_enrolled_keys: bool = False


class TpmState(Model):
    """State of a trusted platform module."""

    storage: str = Field(pattern=STORAGE_PATTERN)
    version: t.Literal["v1.2", "v2.0"] = "v2.0"


class Nic(Model):
    """One network interface; ``address`` is CIDR notation, ``dhcp`` or ``manual``.

    Nothing is said to the guest about an interface that is ``manual``.
    """

    bridge: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,14}$")
    model: t.Literal["virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"] = "virtio"
    vlan: int | None = Field(default=None, ge=1, le=4094)
    mtu: int | None = Field(default=None, ge=576, le=65520)
    firewall: bool = False
    mac_address: str | None = None
    address: str = "dhcp"
    gateway: str | None = None
    queues: int | None = Field(default=None, ge=1, le=64)
    rate_mb_per_second: float | None = Field(default=None, gt=0)
    trunks: tuple[str, ...] = ()  # VLANs or ranges of them that the guest may use
    connected: bool = True


class Source(Model):
    """What a machine is made from."""

    type: t.Literal["template", "iso", "lxc_template", "image", "existing"]
    vmid: int | None = None  # template
    node: str | None = None  # node that holds the template
    #: ISO, container template or image, "local:iso/x.iso"; of an existing VM its own first disk
    volume_id: str | None = None
    full_clone: bool = True


class CloudInit(Model):
    """First-boot settings. There is no password: access is by key only."""

    user: str = Field(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")
    ssh_public_keys: tuple[str, ...]
    dns_servers: tuple[str, ...] = ()
    search_domain: str | None = None
    storage: str = Field(pattern=STORAGE_PATTERN)
    interface: str = Field(default="ide2", pattern=r"^(ide[0-3]|sata[0-5]|scsi([12]?\d|30))$")
    package_upgrade: bool = False


class Ha(Model):
    """High availability of the Proxmox cluster for one machine."""

    enabled: bool = False
    max_restart: int = 1
    max_relocate: int = 1


class Startup(Model):
    """Order at boot of the host."""

    order: int
    up_delay_seconds: int = 0


class Machine(Model):
    """One VM or container, complete; vCPU = ``cores`` x ``sockets``."""

    name: str = Field(pattern=NAME_PATTERN)
    vmid: int = Field(ge=100, le=999_999_999)
    kind: t.Literal["vm", "lxc"] = "vm"
    role: str  # "server", "agent", "vm", "container" or a component
    group: str  # machines sized together; anti-affinity works inside a group
    node: str = Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$")
    description: str = ""
    cores: int = Field(ge=1, le=1024)
    sockets: int = Field(default=1, ge=1, le=8)
    cpu_type: str = "x86-64-v2-AES"
    cpu_flags: tuple[str, ...] = ()  # "+aes", "-pcid"
    numa: bool = False
    memory_mib: int = Field(ge=16, le=16_777_216)
    balloon_mib: int = Field(default=0, ge=0)  # 0: no ballooning
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    source: Source
    cloud_init: CloudInit | None = None
    os_type: str = "l26"
    bios: t.Literal["seabios", "ovmf"] = "seabios"
    machine_type: str | None = None  # None: q35 with PCI devices, else pc
    efi_disk: EfiDisk | None = None  # None with ovmf: 4m on the storage of the first disk
    tpm: TpmState | None = None
    scsi_hardware: str = "virtio-scsi-single"
    serial: bool = True
    agent: bool = True
    agent_type: t.Literal["virtio", "isa"] = "virtio"
    agent_trim: bool = False  # trim after a disk was cloned or moved
    hotplug: str = "network,disk,usb"
    boot_order: tuple[str, ...] = ()
    pool: str | None = None
    tags: tuple[str, ...] = ()
    on_boot: bool = True
    protection: bool = False
    startup: Startup | None = None
    ha: Ha = Field(default_factory=Ha)
    pci_mappings: tuple[str, ...] = ()
    backup: bool = True
    replication: tuple[Replication, ...] = ()
    unprivileged: bool = True  # containers
    nesting: bool = False  # containers
    swap_mib: int = 0  # containers
    software: str | None = None  # id in the knowledge of what the machine is for
    why: tuple[Why, ...] = ()

    @property
    def address(self) -> str | None:
        """Return the fixed address of the first interface without prefix, None for DHCP."""
        first = self.nics[0].address if self.nics else "dhcp"
        return None if first in ("dhcp", "manual") else first.partition("/")[0]


class Cluster(Model):
    """A k3s cluster made of machines of the plan, by name."""

    name: str = Field(pattern=NAME_PATTERN)
    version: str
    servers: tuple[str, ...]
    agents: tuple[str, ...]
    vip: str | None  # None: one server, its own address is the endpoint
    vip_provider: t.Literal["keepalived", "kube_vip", "external", "none"]
    cni: t.Literal["flannel", "calico", "cilium"]
    pod_cidr: str
    service_cidr: str
    load_balancer_range: str | None = None
    disabled_components: tuple[str, ...] = ()
    why: tuple[Why, ...] = ()


class Addon(Model):
    """One add-on of the catalogue, pinned there; ``settings`` are those of its entry.

    ``values`` are values of its chart that a person gave; they win. Neither holds a secret.
    """

    name: str
    settings: dict[str, t.Any] = Field(default_factory=dict)
    values: dict[str, t.Any] = Field(default_factory=dict)
    why: str


class Alternative(Model):
    """Another plan that would do, in one line."""

    label: str  # "smaller", "highly available", "cheaper"
    summary: str
    cores: int
    memory_mib: int
    disk_gib: int
    monthly_cost: float | None = None


class Round(Model):
    """One cycle of the review: why something was done, what was done, what came of it.

    The prompt is kept as it was sent: opaque ids instead of names, secrets taken out.
    """

    number: int
    reason: str
    act: str
    observe: str = ""
    findings: tuple[Finding, ...] = ()
    prompt: str | None = None  # None: no model was asked in this cycle
    prompt_sha256: str | None = None
    form_sha256: str | None = None  # canonical JSON of the schema that the answer had to have


class Cost(Model):
    """What the plan costs by the price table of the site."""

    currency: str
    monthly: float
    by_machine: dict[str, float]


class Provenance(Model):
    """Who decided and on what basis; digests are sha256 of the canonical JSON."""

    provider: str  # "none", "gemini" …
    model: str | None = None
    request_sha256: str
    snapshot_sha256: str
    site_sha256: str
    facts_collected_at: str
    verified: bool  # False: planned without facts of a real cluster, apply is blocked
    knowledge: tuple[str, ...] = ()  # ids of the entries used


class Plan(Model):
    """The whole answer to a request."""

    schema_version: t.Literal[1] = 1
    deployment: str = Field(pattern=NAME_PATTERN)
    status: t.Literal["ready", "ask", "refused", "failed"]
    summary: str
    environment: Environment
    kind: t.Literal["vm", "lxc", "cluster", "app"]
    machines: tuple[Machine, ...] = ()
    cluster: Cluster | None = None
    addons: tuple[Addon, ...] = ()
    backups: tuple[Backup, ...] = ()
    findings: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()  # status ask: what has to be answered first
    alternatives: tuple[Alternative, ...] = ()
    rounds: tuple[Round, ...] = ()
    cost: Cost | None = None
    confidence: float = Field(default=1.0, ge=0.0, le=1.0)
    provenance: Provenance | None = None
