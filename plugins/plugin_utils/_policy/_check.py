# SPDX-License-Identifier: GPL-3.0-or-later
"""What policies see of a plan, and the check of one."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._environments import of_tags
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Machine,
    Plan,
    Request,
    Site,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._policy._engine import evaluate

#: What rules can be about; a smaller input is evaluated several times faster.
MACHINE: dict[str, t.Any] = {
    **dict.fromkeys(("name", "vmid", "kind", "role", "group", "node", "address"), True),
    **dict.fromkeys(("cores", "sockets", "memory_mib", "tags", "pool"), True),
    **dict.fromkeys(("protection", "unprivileged", "nesting", "backup", "on_boot"), True),
    "disks": {"__all__": {"storage", "size_gib"}},
    "nics": {"__all__": {"bridge", "vlan", "address", "firewall"}},
    "ha": {"enabled"},
}
REQUEST = {"environment", "things", "changes", "destroy", "loads", "scale", "sla"}
SITE = {"name", "owner", "nodes", "environments", "storages", "vmid_range", "tags", "pool"}
NODE = {"name", "online", "maintenance", "cpus", "memory_mib", "memory_used_mib"}
STORAGE = {"storage", "node", "type", "content", "shared", "enabled", "active", "available_gib"}


def check(
    plan: Plan,
    request: Request,
    site: Site,
    snapshot: Snapshot | None,
    terraform: t.Mapping[str, t.Any] | None = None,
) -> tuple[Finding, ...]:
    """Return the findings of all policies, ours and those of ``site.policy_dirs``.

    Args:
        plan: the plan to judge.
        request: what was asked, for rules about what was stated.
        site: limits per environment.
        snapshot: facts; rules that need them are silent without.
        terraform: data of ``terraform show -json`` of the saved plan, when there is one.

    Raises:
        PolicyError: a policy file cannot be used, or regopy is missing.
    """
    return evaluate(document(plan, request, site, snapshot, terraform), tuple(site.policy_dirs))


def document(
    plan: Plan,
    request: Request,
    site: Site,
    snapshot: Snapshot | None,
    terraform: t.Mapping[str, t.Any] | None = None,
) -> dict[str, t.Any]:
    """Return the input of the policies as plain data."""
    judged = plan.model_dump(
        mode="json", include={"deployment", "environment", "kind", "cluster", "cost"}
    )
    return {
        "plan": {**judged, "machines": [_machine(machine, plan) for machine in plan.machines]},
        "request": request.model_dump(mode="json", include=REQUEST),
        "site": {
            **site.model_dump(mode="json", include=SITE),
            "network": site.network.model_dump(mode="json"),
        },
        "facts": None if snapshot is None else _facts(plan, snapshot),
        "terraform": None if terraform is None else dict(terraform),
    }


def _machine(machine: Machine, plan: Plan) -> dict[str, t.Any]:
    login = machine.cloud_init
    return {
        **machine.model_dump(mode="json", include=MACHINE),
        "address": machine.address,
        "environment": of_tags(machine.tags, otherwise=plan.environment),
        "ssh_keys": None if login is None else len(login.ssh_public_keys),
    }


def _facts(plan: Plan, snapshot: Snapshot) -> dict[str, t.Any]:
    """Return the nodes, and the storages of those that the plan uses."""
    used = {machine.node for machine in plan.machines}
    return {
        "nodes": [node.model_dump(mode="json", include=NODE) for node in snapshot.nodes],
        "storages": [
            state.model_dump(mode="json", include=STORAGE)
            for state in snapshot.storages
            if state.node in used
        ],
    }
