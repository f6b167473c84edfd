# SPDX-License-Identifier: GPL-3.0-or-later
"""What sizing passes between its steps: reserved things, groups of equal machines, the context."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Plan,
    Request,
    Site,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Why
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Environment,
    MachineWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import Knowledge

#: Names of a group's numbers, as they appear in findings, in `Why.field` and in a proposal.
NUMBERS: tuple[t.Literal["count", "cores", "memory_mib", "disk_gib"], ...] = (
    "count",
    "cores",
    "memory_mib",
    "disk_gib",
)


@dataclass(frozen=True)
class Reserved:
    """What other deployments hold although the facts may not show it yet."""

    vmids: frozenset[int] = frozenset()
    addresses: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Proposal:
    """Numbers that a model proposes, per group; checked, never trusted.

    ``groups`` maps a group's name to some of count, cores, memory_mib and disk_gib,
    ``reasons`` a group's name to one sentence. ``families`` says which known family the words of
    unknown software mean, ``drivers`` numbers that go with it and that the request did not state.
    """

    groups: t.Mapping[str, t.Mapping[str, int]] = field(default_factory=dict)
    reasons: t.Mapping[str, str] = field(default_factory=dict)
    families: t.Mapping[str, str] = field(default_factory=dict)
    drivers: t.Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Machines that are sized together; ``minimum`` is how far a number may be cut."""

    name: str
    role: str
    count: int
    cores: int
    memory_mib: int
    disk_gib: int
    kind: t.Literal["vm", "lxc"] = "vm"
    base_name: str = ""
    wish: MachineWish | None = None
    explicit: frozenset[str] = frozenset()
    minimum: t.Mapping[str, int] = field(default_factory=dict)
    spread: bool = False
    fast: bool = False
    ha: bool = False
    start_order: int = 1
    why: tuple[Why, ...] = ()

    def total(self, number: t.Literal["cores", "memory_mib", "disk_gib"]) -> int:
        """Return the number of all machines of the group together."""
        return self.count * int(getattr(self, number))

    def because(self, number: str, reason: str, source: str, confidence: float) -> Group:
        """Return the group with this as the reason of a number (replaces an earlier one)."""
        why = Why(field=number, reason=reason, source=source, confidence=confidence)
        return replace(self, why=(*(w for w in self.why if w.field != number), why))


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
    previous: Plan | None = None
    findings: list[Finding] = field(default_factory=list)

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
