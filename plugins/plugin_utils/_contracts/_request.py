# SPDX-License-Identifier: GPL-3.0-or-later
"""Request: what a person asked for, as one list of things, and nothing more.

Made from a Reading by one pure function, or given as a file (``-e @request.yml``). What was not
said is ``None`` or empty: defaults belong to sizing. Each number stands at the thing that it was
said of; sizes are of one machine, MiB (memory) and GiB (disk). Later stages never change it.
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
    computed_field,
    model_validator,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Bound,
    Question,
    Reading,
    Verb,
)

Environment = t.Literal["production", "staging", "development", "test"]
#: What reading concluded. ``redirect``: off-topic, answered politely without a plan.
Answer = t.Literal["plan", "ask", "refuse", "redirect"]
Scale = t.Literal["small", "medium", "large"]
#: Fields whose number may have a bound: ``bounds: {"memory_mib": "at_least"}``.
Number = t.Literal["count", "cores", "memory_mib", "disk_gib"]

NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
ID_PATTERN = r"^[a-z][a-z0-9]{0,7}$"


class Source(Model):
    """What a machine is made from, as far as it was said."""

    type: t.Literal["template", "iso", "lxc_template", "image"]
    vmid: int | None = None
    name: str | None = None


class Software(Model):
    """One software that runs on a machine, with the loads that were said of it.

    ``component`` is one part of it ("GitLab runners" → gitlab / runner), ``variant`` an edition
    that changes its needs. ``known`` is false when ``family`` holds words that no family bears.
    """

    family: str = Field(min_length=1, max_length=80)
    component: str | None = None
    variant: str | None = None
    version: str | None = None
    known: bool = True
    loads: dict[str, float] = Field(default_factory=dict)  # driver → number


class Machines(Model):
    """A group of equal machines: VMs, containers, or the nodes of one role of a cluster.

    ``software`` runs together on each of them. With ``software`` and no ``count`` the family
    decides how many machines there are, and of which parts.
    """

    kind: t.Literal["vm", "lxc"] | None = None
    part: str | None = None  # "web", "database", "load-balancer" …: without a brand
    purpose: str | None = None  # words for what it is, where nothing of the above is known
    software: tuple[Software, ...] = ()
    loads: dict[str, float] = Field(default_factory=dict)  # said of the machines, not of a software
    count: int | None = None
    cores: int | None = None
    memory_mib: int | None = None
    disk_gib: int | None = None  # system disk
    data_disks_gib: tuple[int, ...] = ()
    bounds: dict[Number, Bound] = Field(default_factory=dict)
    #: Numbers that were said of all of them together.
    totals: dict[Number, float] = Field(default_factory=dict)
    scale: Scale | None = None
    gpu: int | None = None
    ha: bool | None = None
    environment: Environment | None = None  # where it differs from the request's
    names: tuple[str, ...] = ()
    vmids: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()  # CIDR, plain address or "dhcp", in the order of the names
    gateway: str | None = None
    dns_servers: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()  # Proxmox nodes it shall be on
    not_nodes: tuple[str, ...] = ()  # and shall not be on
    storage: str | None = None
    bridge: str | None = None
    vlan: int | None = None
    pool: str | None = None
    tags: tuple[str, ...] = ()
    os: str | None = None
    source: Source | None = None
    #: Settings of the guest that were named ("on_boot", "usb" …): wanted, or not wanted.
    settings: dict[str, bool] = Field(default_factory=dict)

    @property
    def listed(self) -> int:
        """Return how many machines are told apart by a name, VMID or address each."""
        fixed = [address for address in self.addresses if address != "dhcp"]
        return max(len(self.names), len(self.vmids), len(fixed))


class Link(Model):
    """How a thing stands to another one."""

    how: t.Literal["same_machine", "beside", "in_front_of", "uses"]
    thing: str = Field(pattern=ID_PATTERN)


class MachinesThing(Machines):
    """A group of machines of its own."""

    type: t.Literal["machines"] = "machines"
    id: str = Field(pattern=ID_PATTERN)
    links: tuple[Link, ...] = ()

    @property
    def runs(self) -> tuple[Software, ...]:
        """Return the software; what is known by a purpose alone is software that nobody knows."""
        if self.software or self.part or not self.purpose:
            return self.software
        return (Software(family=self.purpose[:80], known=False),)


class ClusterThing(Model):
    """A Kubernetes cluster; ``nodes`` holds what was said of every node, or of nodes in all."""

    type: t.Literal["cluster"] = "cluster"
    id: str = Field(pattern=ID_PATTERN)
    name: str | None = None
    distribution: t.Literal["k3s", "kubernetes"] = "kubernetes"
    version: str | None = None
    cni: str | None = None
    ha: bool | None = None
    environment: Environment | None = None
    workload: str | None = None  # "ml-training", "ci-runner" …
    servers: Machines = Field(default_factory=Machines)
    agents: Machines = Field(default_factory=Machines)
    nodes: Machines = Field(default_factory=Machines)
    vip: str | None = None
    addons: tuple[str, ...] = ()  # names of the catalogue; unknown ones stay as they were said
    addons_excluded: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


class ApplicationThing(Model):
    """An application for Kubernetes (not for machines of its own)."""

    type: t.Literal["application"] = "application"
    id: str = Field(pattern=ID_PATTERN)
    name: str | None = None
    image: str | None = None
    port: int | None = None
    replicas: int | None = None
    stack: tuple[str, ...] = ()  # languages and frameworks
    software: tuple[Software, ...] = ()
    loads: dict[str, float] = Field(default_factory=dict)
    environment: Environment | None = None
    links: tuple[Link, ...] = ()


def machines_of(thing: MachinesThing | ClusterThing | ApplicationThing) -> tuple[Machines, ...]:
    """Return what is said of the machines of a thing; of a cluster, all its nodes come first."""
    if isinstance(thing, ClusterThing):
        return (thing.nodes, thing.servers, thing.agents)
    return (thing,) if isinstance(thing, MachinesThing) else ()


Thing = t.Annotated[MachinesThing | ClusterThing | ApplicationThing, Field(discriminator="type")]


class Target(Model):
    """Which of what exists a change is about; everything named has to fit."""

    role: str | None = None  # "server", "agent", "node", "vm", "container", a part
    family: str | None = None
    addon: str | None = None
    name: str | None = None
    vmid: int | None = None
    node: str | None = None
    everything: bool = False  # "all machines", "the cluster"
    pronoun: bool = False  # "it": the only thing there is


class Change(Model):
    """One change of what the deployment is: verb, target, field and value.

    ``value`` is what to set, add or multiply by; None: said without a number ("smaller").
    ``verb`` keep protects the target from the other changes of the request.
    """

    verb: Verb
    target: Target
    field: str  # a field of Machines or ClusterThing, "addons", "whole"
    value: bool | int | float | str | None = None
    before: float | None = None
    bound: Bound = "exact"
    said: str = Field(default="", max_length=240)  # the words


class Existing(Model):
    """Something that is there already and is not to be made."""

    what: str  # "host" (hardware), a family, "guest", or the words
    count: int | None = None
    cores: int | None = None
    memory_mib: int | None = None
    disk_gib: int | None = None
    name: str | None = None
    said: str = Field(default="", max_length=240)


class Request(Model):
    """A request for infrastructure; the stage after reading, before any number is decided."""

    schema_version: t.Literal[2] = 2
    text: str = Field(default="", max_length=4096)
    language: t.Literal["en", "fr", "de"] = "en"
    answer: Answer = "plan"
    deployment: str | None = Field(default=None, pattern=NAME_PATTERN)
    environment: Environment | None = None
    #: ``things`` are made; ``changes`` alter the applied record. A request may hold both
    #: ("add a redis VM and double the workers' memory").
    things: tuple[Thing, ...] = Field(default=(), max_length=40)
    changes: tuple[Change, ...] = Field(default=(), max_length=60)
    exists: tuple[Existing, ...] = ()
    destroy: bool = False  # the whole deployment shall go
    #: Numbers said of the request as a whole ("for 200 users" of several things).
    loads: dict[str, float] = Field(default_factory=dict)
    #: The most that all of its machines may have together: vCPU, MiB, GiB of all disks.
    limits: dict[Number, float] = Field(default_factory=dict)
    scale: Scale | None = None
    sla: dict[str, float | bool | str] = Field(default_factory=dict)
    backups: tuple[Backup, ...] = ()
    workload: str | None = None
    insist: bool = False  # the person wants the number in spite of a documented minimum
    reply: str | None = None  # ``redirect``: the text to show
    questions: tuple[Question, ...] = ()
    findings: tuple[Finding, ...] = ()
    reading: Reading | None = None  # None: given as a file

    @model_validator(mode="before")
    @classmethod
    def _without_view(cls, data: t.Any) -> t.Any:
        if isinstance(data, dict) and "machines" in data:
            return {name: value for name, value in data.items() if name != "machines"}
        return data

    @computed_field  # type: ignore[prop-decorator]
    @property
    def machines(self) -> list[dict[str, t.Any]]:
        """Return every group of machines in one flat list: a view for reading, made of ``things``.

        Each entry holds the fields of ``Machines`` that were said, with ``role`` ("server",
        "agent", "node", a part, a family, "vm" or "container"), ``node`` (the first of its nodes)
        and ``drivers`` (its loads). It is ignored where a request is given as data.
        """
        rows = []
        for thing in self.things:
            if isinstance(thing, ClusterThing):
                groups = {"server": thing.servers, "agent": thing.agents, "node": thing.nodes}
                rows += [_row(role, group) for role, group in groups.items()]
            elif isinstance(thing, MachinesThing):
                rows.append(_row("", thing))
        return [row for row in rows if len(row) > 1]


def _row(role: str, group: Machines) -> dict[str, t.Any]:
    data = group.model_dump(mode="json")
    row = {name: data[name] for name in Machines.model_fields if data[name] not in (None, [], {})}
    families = [software.family for software in group.software]
    kind = "container" if group.kind == "lxc" else "vm"
    row["role"] = role or group.part or (families[0] if families else kind)
    if group.nodes:
        row["node"] = group.nodes[0]
    loads = dict(group.loads)
    for software in group.software:
        loads |= software.loads
    if loads:
        row["drivers"] = loads
    return row
