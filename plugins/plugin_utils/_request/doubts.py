# SPDX-License-Identifier: GPL-3.0-or-later
"""Two answers to one question of a machine: hosts, disks, systems, sizes; the person is asked."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import checks
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import Reading


def doubt(reading: Reading, cluster: ClusterWish | None, verdict: checks.Verdict) -> None:
    """Ask about everything that was said of a machine in two ways."""
    _hosts(reading, cluster, verdict)
    _disks(reading, verdict)
    _systems(reading, verdict)
    _contradictions(reading, verdict)


def _hosts(reading: Reading, cluster: ClusterWish | None, verdict: checks.Verdict) -> None:
    """Ask which of several hosts is meant; machines that are several are spread by the plan."""
    entities = reading.entities
    if entities.avoided_nodes and entities.node is None:
        avoided = " and ".join(entities.avoided_nodes)
        verdict.ask(
            "machines.node",
            f"A plan cannot keep away from {avoided} alone; on which host shall it run?",
        )
    if not entities.other_nodes:
        return
    named = " and ".join([str(entities.node), *entities.other_nodes])
    counts = [head.count or 1 for head in reading.heads if not (head.host or head.driver)]
    entities.node = None
    if cluster is not None or max(counts, default=1) > 1 or len(entities.names) > 1:
        verdict.note(
            "hosts",
            "machines.node",
            f"The hosts {named} were said; machines of one group are spread over the hosts by the"
            " plan, not one by one.",
        )
    else:
        verdict.ask("machines.node", f"Both {named} were said; on which host shall it run?")


def _disks(reading: Reading, verdict: checks.Verdict) -> None:
    """Ask when a machine shall have several disks: a plan gives each machine one."""
    number = max(reading.drivers.get("disks", 0), _sized_disks(reading))
    if number > 1 and not reading.meaning.software and not reading.following:
        verdict.ask(
            "machines.disk_gib",
            f"{number:g} disks were said, a plan gives a machine one; how large shall it be?",
        )


def _sized_disks(reading: Reading) -> float:
    """Return how many disks of one size were said ("two 500 GB disks"), 0 for none."""
    tokens = reading.tokens
    for size in reading.sizes:
        before = tokens[size.number - 1] if size.number else None
        plural = tokens[size.end - 1].word.endswith(("s", "en", "es"))
        counted = (
            before is not None and before.kind == "num" and size.number - 1 not in reading.taken
        )
        if size.dimension == "disk_gib" and plural and counted and before is not None:
            return before.value
    return 0.0


def _systems(reading: Reading, verdict: checks.Verdict) -> None:
    """Ask when several operating systems were said: the machines of one request have one."""
    entities = reading.entities
    if entities.os and entities.other_systems:
        named = " and ".join(dict.fromkeys([entities.os, *entities.other_systems]))
        verdict.ask("machines.os", f"{named} were said; which operating system shall it be?")


def _contradictions(reading: Reading, verdict: checks.Verdict) -> None:
    """Ask when one machine is said to have two different sizes ("4 cores and 8 cores")."""
    if reading.mentions("cue.correction", "op.scale", "op.resize", "cue.about", "rel."):
        return
    for sizes in [reading.global_runs, *(head.runs for head in reading.heads)]:
        for dimension in ("memory_mib", "cores"):
            said = [s.value for run in sizes for s in run.sizes if s.dimension == dimension]
            distinct = list(dict.fromkeys(value for value in said if value > 0))
            if len(distinct) > 1:
                label = "MiB of memory" if dimension == "memory_mib" else dimension
                verdict.ask(
                    f"machines.{dimension}",
                    f"Both {distinct[0]:g} and {distinct[1]:g} {label} were said for one machine;"
                    " which is right?",
                )
