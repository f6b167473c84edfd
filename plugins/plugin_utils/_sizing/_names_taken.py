# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the whole cluster that a plan needs, and who has them already."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._cluster_names import (
    job_name,
    mark_of,
    rule_names,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._protection import (
    Backup,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._absent import listed
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._identity import (
    own_vmids,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context


def check_names(
    context: Context, machines: t.Sequence[Machine], backups: t.Sequence[Backup]
) -> None:
    """Report each HA rule, HA group and backup job that would be made and is somebody else's."""
    name, snapshot = context.deployment, context.snapshot
    managed = [(m.node, m.group) for m in machines if m.ha.enabled]
    rules = set(rule_names(name, managed))
    jobs = {job_name(name, job.name) for job in backups}
    there = _foreign_rules(snapshot, name) if snapshot else set()
    _report(context, "HA rules", rules & (there | context.reserved.ha_rules))
    there = _foreign_jobs(context, snapshot) if snapshot else set()
    _report(context, "backup jobs", jobs & (there | context.reserved.backup_jobs))


def _report(context: Context, what: str, taken: set[str]) -> None:
    if taken:
        context.report(
            "names.taken",
            "error",
            "deployment",
            f"This deployment would make the {what} {listed(taken)}, and somebody else's are called"
            " so: give those another name, or plan this as another deployment with"
            " -e deployment=NAME.",
            "facts",
        )


def _foreign_rules(snapshot: Snapshot, deployment: str) -> set[str]:
    """Return the HA rules and groups that do not say that they are the deployment's."""
    ha, mark = snapshot.ha, mark_of(deployment)
    return {name for name in (*ha.rules, *ha.groups) if ha.comments.get(name) != mark}


def _foreign_jobs(context: Context, snapshot: Snapshot) -> set[str]:
    """Return the backup jobs of guests that are not ours; a job has no comment.

    One of a pool or of everything is ours where the deployment has guests, or planned it before:
    a run that died may have made the job and no guest.
    """
    own = own_vmids(context)
    before = context.previous.backups if context.previous else ()
    planned = {job_name(context.deployment, job.name) for job in before}
    found = set()
    for job in snapshot.backup_jobs:
        kind, _colon, listed_vmids = job.selection.partition(":")
        vmids = {int(vmid) for vmid in listed_vmids.split(",") if kind == "vmid" and vmid.isdigit()}
        if not own & vmids if vmids else not own and job.id not in planned:
            found.add(job.id)
    return found
