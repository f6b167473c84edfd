# SPDX-License-Identifier: GPL-3.0-or-later
"""Request: what the person asked, read from a sentence, a survey or JSON, and nothing more.

Every field that was not said is ``None`` or empty: defaults belong to sizing, not to reading.
Sizes are MiB (memory) and GiB (disk). Later stages never change a request.
"""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._finding import (
    Finding,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._protection import (
    Backup,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
)

Kind = t.Literal["vm", "lxc", "cluster", "app"]
Environment = t.Literal["production", "staging", "development", "test"]
Operation = t.Literal["create", "scale", "resize", "change", "destroy"]
#: What reading concluded. ``redirect``: off-topic, answered politely without a plan.
Answer = t.Literal["plan", "ask", "refuse_invalid", "refuse_limit", "redirect"]

NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"


class SourceWish(Model):
    """What a machine is made from, as far as it was said."""

    type: t.Literal["template", "iso", "lxc_template", "image"]
    vmid: int | None = None
    name: str | None = None


class MachineWish(Model):
    """What was said of one machine or one group of equal machines."""

    # "server", "agent", "node" (every node of the cluster), "vm", "container", or a component
    # such as "web"
    role: str
    name: str | None = None
    count: int | None = None
    cores: int | None = None
    memory_mib: int | None = None
    disk_gib: int | None = None
    source: SourceWish | None = None
    os: str | None = None
    node: str | None = None
    storage: str | None = None
    bridge: str | None = None
    vlan: int | None = None
    address: str | None = None  # CIDR, plain address or "dhcp"
    pool: str | None = None
    tags: tuple[str, ...] = ()
    gpu: int | None = None
    relative_to: str | None = None  # name of the machine that `factor` relates to
    factor: float | None = None
    factor_of: t.Literal["cores", "memory_mib", "disk_gib"] | None = None  # None: every size
    tendency: t.Literal["smaller", "larger"] | None = None  # change: said without a number
    count_delta: int | None = None  # change: "one more", "remove two web servers"
    cores_delta: int | None = None  # change: "two more cores"
    memory_delta_mib: int | None = None
    disk_delta_gib: int | None = None
    vmid: int | None = None
    gateway: str | None = None
    dns_servers: tuple[str, ...] = ()


class ClusterWish(Model):
    """What was said of a Kubernetes cluster."""

    name: str | None = None
    distribution: t.Literal["k3s", "kubernetes"] = "kubernetes"
    version: str | None = None
    cni: str | None = None
    servers: int | None = None
    agents: int | None = None
    agents_delta: int | None = None  # scale: +3 or -1 workers
    servers_delta: int | None = None
    total_nodes: int | None = None
    vip: str | None = None
    addons: tuple[str, ...] = ()  # catalogue names: prometheus, traefik, metrics-server …
    addons_excluded: tuple[str, ...] = ()


class AppWish(Model):
    """One named software with the drivers of its size that were said."""

    family: str  # id in the knowledge, or the cleaned words when unknown
    component: str | None = None
    known: bool = True
    count: int | None = None
    drivers: dict[str, float] = Field(default_factory=dict)  # users, rps, series, data_gib …


class Question(Model):
    """One thing that is missing; ``field`` is the path in the request that the answer fills."""

    field: str
    text: str


class Request(Model):
    """A request for infrastructure; the stage after reading, before any number is decided."""

    schema_version: t.Literal[1] = 1
    text: str = Field(max_length=4096)
    language: t.Literal["en", "fr", "de"] = "en"
    answer: Answer
    operation: Operation = "create"
    kind: Kind | None = None
    deployment: str | None = Field(default=None, pattern=NAME_PATTERN)
    environment: Environment | None = None
    ha: bool | None = None
    workload: str | None = None  # "ml-training", "ci-runner", "payment service" …
    cluster: ClusterWish | None = None
    machines: tuple[MachineWish, ...] = ()
    apps: tuple[AppWish, ...] = ()
    #: What sizes the whole request: users, concurrent_users, rps, qps_peak, series, data_gib …
    #: (the names are the keys of ``drivers`` in ``_request/lexicon.yml``).
    drivers: dict[str, float] = Field(default_factory=dict)
    #: Sizes of all machines together, when said so: cores, memory_mib, disk_gib.
    totals: dict[str, float] = Field(default_factory=dict)
    components: tuple[str, ...] = ()  # parts of an application without a brand: web, load-balancer
    scale: t.Literal["small", "medium", "large"] | None = None  # "light use", "a big …"
    platform: t.Literal["proxmox", "kubernetes"] | None = None
    platform_tier: t.Literal["explicit", "implied", "unknown"] = "unknown"
    image: str | None = None  # container image of an application for Kubernetes
    port: int | None = None
    hosts: int | None = None  # number of Proxmox nodes that the person says there are
    reply: str | None = None  # ``redirect``: the text to show
    backups: tuple[Backup, ...] = ()  # said in JSON; none: those of the site
    sla: dict[str, float | bool | str] = Field(default_factory=dict)
    explicit: tuple[str, ...] = ()  # dotted paths of values the person said: never changed silently
    questions: tuple[Question, ...] = ()
    findings: tuple[Finding, ...] = ()
