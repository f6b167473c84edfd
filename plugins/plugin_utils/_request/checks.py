# SPDX-License-Identifier: GPL-3.0-or-later
"""What is impossible, contradictory, hostile or missing in a request, and the answer to it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Finding
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterWish,
    MachineWish,
    Question,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._pins import pin

MIN_MEMORY_MIB = 16
#: No node of a cluster starts with less.
MIN_NODE_MEMORY_MIB = 256
_CLUSTER_MACHINES = frozenset({"machines.server", "machines.agent", "machines.node"})
MAX_CORES = 768
MAX_MEMORY_MIB = 16 * 1024 * 1024
MAX_DISK_GIB = 65536
MAX_MACHINES = 1000
QUORUM = (1, 3, 5)
MAX_SERVERS = 5  # what a plan can hold
#: No host is larger than this: what is asked of stated hosts beyond it cannot fit.
HOST_THREADS, HOST_MEMORY_MIB, CPU_OVERCOMMIT = 1024, 24 * 1024 * 1024, 4
#: The same of a mini PC, a laptop or the like: threads, MiB.
SMALL_HOST = (64, 512 * 1024)

Answer = t.Literal["plan", "ask", "refuse_invalid", "refuse_limit", "redirect"]


@dataclasses.dataclass
class Verdict:
    """Findings and questions; the strongest answer wins."""

    findings: list[Finding] = dataclasses.field(default_factory=list)
    questions: list[Question] = dataclasses.field(default_factory=list)
    invalid: bool = False
    over_limit: bool = False
    redirect: bool = False

    @property
    def answer(self) -> Answer:
        """Return what reading concludes."""
        if self.invalid:
            return "refuse_invalid"
        if self.over_limit:
            return "refuse_limit"
        if self.redirect:
            return "redirect"
        return "ask" if self.questions else "plan"

    def note(self, rule: str, field: str, message: str) -> None:
        """Say how something was taken."""
        self.findings.append(
            Finding(id=f"request.{rule}", severity="info", field=field, message=message)
        )

    def warn(self, rule: str, field: str, message: str) -> None:
        """Note something the person should know."""
        self.findings.append(
            Finding(id=f"request.{rule}", severity="warning", field=field, message=message)
        )

    def refuse(self, rule: str, field: str, message: str) -> None:
        """Refuse the request as invalid."""
        self.invalid = True
        self.findings.append(
            Finding(id=f"request.{rule}", severity="error", field=field, message=message)
        )

    def limit(self, rule: str, field: str, message: str) -> None:
        """Refuse the request as over a limit."""
        self.over_limit = True
        self.findings.append(
            Finding(id=f"request.{rule}", severity="error", field=field, message=message)
        )

    def ask(self, field: str, text: str) -> None:
        """Ask for one thing."""
        if all(question.field != field for question in self.questions):
            self.questions.append(Question(field=field, text=text))


def check_size(verdict: Verdict, where: str, dimension: str, value: float) -> float | None:
    """Return the value when a machine can have it, else None with a question or a refusal."""
    unit, low, high = {
        "cores": ("cores", 1.0, float(MAX_CORES)),
        "memory_mib": ("MiB of memory", float(MIN_MEMORY_MIB), float(MAX_MEMORY_MIB)),
        "disk_gib": ("GiB of disk", 1.0, float(MAX_DISK_GIB)),
        "gpu": ("GPUs", 1.0, 16.0),
    }[dimension]
    if dimension == "memory_mib" and where in _CLUSTER_MACHINES:
        low = float(MIN_NODE_MEMORY_MIB)
    field = f"{where}.{dimension}"
    if value < 0:
        verdict.refuse(
            "negative", field, f"{_plain(value)} {unit} is negative; say a size above 0."
        )
        return None
    if value < low:
        whole = dimension == "memory_mib" and value >= 1
        hint = f" Is {_plain(value)} GB meant?" if whole else ""
        said = _plain(value) if value == 0 or value >= 1 else "Less than 1"
        verdict.ask(
            field,
            f"{said} {unit} is impossible; at least {_plain(low)} is needed."
            f"{hint or ' How much is meant?'}",
        )
        return None
    if dimension in ("cores", "gpu") and value != int(value):
        verdict.ask(field, f"{_plain(value)} {unit} is not a whole number; how many are meant?")
        return None
    if value > high:
        verdict.limit(
            "limit",
            field,
            f"{_plain(value)} {unit} is over the limit of {_plain(high)} per machine.",
        )
        return None
    return value


def _plain(value: float) -> str:
    return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"


def check_count(verdict: Verdict, field: str, count: float) -> int | None:
    """Return the count when it is a number of machines that can be."""
    if count < 0 or count != int(count):
        verdict.refuse("count", field, f"{count:g} machines is impossible; say a whole number.")
        return None
    if count > MAX_MACHINES:
        verdict.limit(
            "limit",
            field,
            f"{_plain(count)} machines are over the limit of {MAX_MACHINES} per request.",
        )
    return int(min(count, 1e9))


def check_cluster(verdict: Verdict, cluster: ClusterWish, ha: bool | None) -> None:
    """Check quorum and the arithmetic of a total and its parts."""
    servers = cluster.servers
    if servers == 0:
        verdict.refuse(
            "quorum", "cluster.servers", "A cluster needs at least one server; use 1, 3 or 5."
        )
    elif (
        servers is not None and servers > MAX_SERVERS and (servers % 2 or servers > MAX_SERVERS + 1)
    ):
        verdict.limit(
            "quorum",
            "cluster.servers",
            f"{servers} control planes are over the limit of {MAX_SERVERS}: every member more"
            " slows etcd down; use 1, 3 or 5.",
        )
    elif servers is not None and servers not in QUORUM:
        verdict.warn(
            "quorum",
            "cluster.servers",
            f"{servers} control planes cannot be used: etcd needs 1, 3 or 5 members"
            f" ({servers} survive no more failures than {max(servers - 1, 1)}).",
        )
    elif servers == 1 and ha:
        verdict.warn(
            "quorum",
            "cluster.servers",
            "One control plane is not highly available; high availability needs 3 or 5.",
        )
    if None not in (servers, cluster.agents, cluster.total_nodes):
        parts = (servers or 0) + (cluster.agents or 0)
        if parts != cluster.total_nodes:
            verdict.ask(
                "cluster.total_nodes",
                f"{servers} control planes and {cluster.agents} workers are {parts} nodes,"
                f" but {cluster.total_nodes} were said; which numbers are right?",
            )


def check_version(verdict: Verdict, version: str | None) -> None:
    """Refuse a minor version of Kubernetes that is newer than any pinned release."""
    if version is None:
        return
    releases = [str(name) for name in pin("k3s.releases")]
    newest = max(int(name.split(".")[1]) for name in releases)
    if int(version.split(".")[1].split("-")[0].split("+")[0]) > newest:
        verdict.refuse(
            "version",
            "cluster.version",
            f"There is no Kubernetes {version}; the releases are {', '.join(sorted(releases))}.",
        )


def check_hosts(
    verdict: Verdict,
    hosts: int | None,
    machines: t.Sequence[tuple[int, MachineWish]],
    *,
    small: bool = False,
) -> None:
    """Refuse what no cluster of the stated number of hosts can hold; ``small``: they are PCs."""
    if not hosts:
        return
    cores = sum(count * (machine.cores or 0) for count, machine in machines)
    memory = sum(count * (machine.memory_mib or 0) for count, machine in machines)
    threads, memory_mib = SMALL_HOST if small else (HOST_THREADS, HOST_MEMORY_MIB)
    most_cores = hosts * threads * CPU_OVERCOMMIT
    most_memory = hosts * memory_mib
    if cores > most_cores or memory > most_memory:
        verdict.findings.append(
            Finding(
                id="capacity.stated_hosts",
                severity="error",
                field="hosts",
                message=f"{cores} vCPUs and {memory // 1024} GiB of memory cannot run on {hosts}"
                f" hosts; no {hosts} hosts have more than {most_cores} vCPUs and"
                f" {most_memory // 1024} GiB.",
            )
        )
