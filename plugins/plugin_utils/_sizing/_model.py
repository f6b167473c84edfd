# SPDX-License-Identifier: GPL-3.0-or-later
"""What sizing passes between its steps: reserved things, groups of equal machines, the context."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Machine,
    Plan,
    Site,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Why
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._proposal import (
    Proposal,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Environment,
    Machines,
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import Knowledge

#: Names of a group's numbers, as they appear in findings, in `Why.field` and in a proposal.
NUMBERS: tuple[t.Literal["count", "cores", "memory_mib", "disk_gib"], ...] = (
    "count",
    "cores",
    "memory_mib",
    "disk_gib",
)
Size = t.Literal["cores", "memory_mib", "disk_gib"]
SIZES: tuple[Size, ...] = ("cores", "memory_mib", "disk_gib")


@dataclass(frozen=True)
class Reserved:
    """What other deployments hold although the facts may not show it yet."""

    vmids: frozenset[int] = frozenset()
    addresses: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    vrrp_router_ids: frozenset[int] = frozenset()
    networks: frozenset[str] = frozenset()  # of pods and services
    pci_mappings: frozenset[str] = frozenset()  # MAPPING@NODE
    ha_rules: frozenset[str] = frozenset()
    backup_jobs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Group:
    """Machines that are sized together.

    ``minimum`` is how far a number may be cut, ``documented`` the numbers whose minimum a document
    names, with that document; ``firm`` holds the part of it that binds whatever the use is, where
    that is less. ``names`` are those that were said or are there, in order; further
    machines get names made from ``base_name``. ``before`` holds the machines of the plan that is
    changed, by the names they have now.
    """

    name: str
    role: str
    count: int
    cores: int
    memory_mib: int
    disk_gib: int
    kind: t.Literal["vm", "lxc"] = "vm"
    data_disks_gib: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    base_name: str = ""
    label: str = ""  # what machines call the group; default: its name
    families: tuple[str, ...] = ()
    thing: str = ""  # the id of the thing of the request that it was made for
    wish: Machines | None = None
    environment: Environment | None = None
    explicit: frozenset[str] = frozenset()
    minimum: t.Mapping[str, int] = field(default_factory=dict)
    documented: t.Mapping[str, str] = field(default_factory=dict)
    firm: t.Mapping[str, int] = field(default_factory=dict)
    options: t.Mapping[str, t.Mapping[str, int]] = field(default_factory=dict)
    spread: bool = False
    fast: bool = False
    follows: frozenset[str] = frozenset()  # loads that a number of the group depends on
    assumed: t.Mapping[str, float] = field(default_factory=dict)  # loads nobody said, by title
    ha: bool = False
    start_order: int = 1
    before: t.Mapping[str, Machine] = field(default_factory=dict)
    why: tuple[Why, ...] = ()

    @property
    def storage_gib(self) -> int:
        """Return the GiB of all disks of one machine."""
        return self.disk_gib + sum(self.data_disks_gib)

    def total(self, number: Size) -> int:
        """Return the number of all machines of the group together."""
        each = self.storage_gib if number == "disk_gib" else int(getattr(self, number))
        return self.count * each

    def because(self, number: str, reason: str, source: str, confidence: float) -> Group:
        """Return the group with this as the reason of a number (replaces an earlier one)."""
        why = Why(field=number, reason=reason, source=source, confidence=confidence)
        return replace(self, why=(*(w for w in self.why if w.field != number), why))

    def with_number(
        self, number: str, value: int, reason: str, source: str, confidence: float
    ) -> Group:
        """Return the group with a number and its reason; what a person said is explicit."""
        changes: dict[str, t.Any] = {number: value}
        if source == "explicit":
            changes["explicit"] = self.explicit | {number}
        return replace(self, **changes).because(number, reason, source, confidence)


def name_prefix(deployment: str, group: str) -> str:
    """Return what the names of a group's machines begin with when none was said.

    A deployment that is called after its only group, with or without a number, says enough.
    """
    base, _dash, number = deployment.rpartition("-")
    same = group == deployment or (group == base and number.isdecimal())
    return deployment if same else f"{deployment}-{group}"


@dataclass
class Context:
    """Everything one sizing looks at, and the findings it collects."""

    request: Request
    snapshot: Snapshot | None
    site: Site
    deployment: str
    environment: Environment
    knowledge: Knowledge
    reserved: Reserved = Reserved()
    proposal: Proposal | None = None
    #: Filled with the sizes that a model may choose among, by group.
    offers: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    previous: Plan | None = None
    previous_request: Request | None = None
    findings: list[Finding] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    #: PCI mappings that machines of this plan have already: (mapping, node).
    devices: set[tuple[str, str]] = field(default_factory=set)

    def report(
        self,
        rule: str,
        severity: t.Literal["info", "warning", "error"],
        where: str,
        message: str,
        source: str = "",
    ) -> None:
        """Add a finding once."""
        finding = Finding(id=rule, severity=severity, field=where, message=message, source=source)
        if finding not in self.findings:
            self.findings.append(finding)

    def ask(self, rule: str, where: str, text: str, choices: tuple[str, ...] = ()) -> None:
        """Add a question; the plan waits for its answer."""
        question = Question(id=rule, text=text, choices=choices)
        if question not in self.questions:
            self.questions.append(question)
        self.report(rule, "error", where, text)

    @property
    def placed(self) -> Plan | None:
        """Return the earlier plan as far as it knows a place: made without facts it knows none."""
        made = self.previous.provenance if self.previous is not None else None
        made_up = made is not None and not made.verified
        return None if made_up and self.snapshot is not None else self.previous

    @property
    def refused(self) -> bool:
        """Return whether a finding stops the request."""
        return any(finding.severity == "error" for finding in self.findings)
