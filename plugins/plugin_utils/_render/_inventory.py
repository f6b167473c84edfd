# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan + Terraform outputs → an Ansible inventory.

Ansible evaluates text of an inventory file as templates, so each value is a number or matches a
pattern that no template can have.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Plan,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._errors import (
    RenderError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._variables import (
    AGENT_TIMEOUT_SECONDS,
)

_ROLE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_PLURALS = {"server": "servers", "agent": "agents", "vm": "vms", "container": "containers"}


def inventory_from(
    plan: Plan,
    outputs: t.Mapping[str, t.Any],
    *,
    agent_timeout_seconds: int = AGENT_TIMEOUT_SECONDS,
) -> dict[str, t.Any]:
    """Return an inventory in the shape of Ansible's ``yaml`` inventory plug-in.

    Groups are ``servers``, ``agents``, ``vms``, ``containers`` or the role with ``_`` for ``-``,
    all below the group ``cw_<deployment>``.

    Args:
        plan: the plan that was applied.
        outputs: {name: value} of the root module's outputs.
        agent_timeout_seconds: how long Terraform waited for the address of a VM on DHCP.

    Raises:
        RenderError: outputs and plan differ, machines have no address yet (all are named), or a
            role cannot be the name of a group.
    """
    applied = dict(outputs.get("machines") or {})
    planned = {machine.name: machine for machine in plan.machines}
    _refuse_difference(planned, applied)
    _refuse_unaddressed(planned, applied, agent_timeout_seconds)
    groups: dict[str, dict[str, t.Any]] = {}
    for name, machine in sorted(planned.items()):
        group = groups.setdefault(_group(machine), {"hosts": {}})
        group["hosts"][name] = _variables(machine, applied[name], plan.deployment)
    top = f"cw_{plan.deployment.replace('-', '_')}"
    return {"all": {"children": {top: {"children": dict(sorted(groups.items()))}}}}


def _refuse_difference(planned: dict[str, Machine], applied: dict[str, dict[str, t.Any]]) -> None:
    if set(planned) != set(applied):
        names = ", ".join(sorted(set(planned) ^ set(applied)))
        raise RenderError(
            f"Plan and Terraform outputs differ in the machine(s) {names}: apply the plan first."
        )
    for name, machine in planned.items():
        for field in ("vmid", "node", "kind"):
            if applied[name].get(field) != getattr(machine, field):
                raise RenderError(
                    f"Plan and Terraform outputs differ in {field} of {name} "
                    f"({getattr(machine, field)} and {applied[name].get(field)}): "
                    "apply the plan first."
                )


def _group(machine: Machine) -> str:
    if not _ROLE.fullmatch(machine.role):
        raise RenderError(
            f"The role of {machine.name} cannot name a group: use lower-case letters, digits, "
            "_ and - only."
        )
    return _PLURALS.get(machine.role, machine.role.replace("-", "_"))


def _variables(machine: Machine, applied: dict[str, t.Any], deployment: str) -> dict[str, t.Any]:
    variables: dict[str, t.Any] = {
        "ansible_host": _address(applied),
        "cw_deployment": deployment,
        "cw_role": machine.role,
        "node": machine.node,
        "vmid": machine.vmid,
    }
    if machine.kind == "lxc":
        variables["ansible_user"] = "root"
    elif machine.cloud_init is not None:
        variables["ansible_user"] = machine.cloud_init.user
    return variables


def _address(applied: t.Mapping[str, t.Any]) -> str | None:
    try:
        return str(ipaddress.ip_address(str(applied.get("address"))))
    except ValueError:
        return None


def _refuse_unaddressed(
    planned: dict[str, Machine], applied: dict[str, dict[str, t.Any]], waited_seconds: int
) -> None:
    reasons: dict[str, list[str]] = {}
    for name, machine in sorted(planned.items()):
        if _address(applied[name]) is None:
            where = f"{name} ({machine.vmid} on {machine.node})"
            reasons.setdefault(_why_unaddressed(machine, waited_seconds), []).append(where)
    if reasons:
        raise RenderError(
            " ".join(
                f"No address of {', '.join(names)} is known: {why}"
                for why, names in reasons.items()
            )
        )


def _why_unaddressed(machine: Machine, waited_seconds: int) -> str:
    if machine.kind == "lxc":
        return (
            "see in the container's console that DHCP gave it one and run again, or give it a "
            "fixed address."
        )
    if not machine.agent:
        return "it has no QEMU guest agent to tell it; give it a fixed address."
    return (
        f"the QEMU guest agent told none within {waited_seconds} seconds. See in the VM's console "
        "that the agent runs and that DHCP gave it an address and run again, or give it a fixed "
        "address, or more time (agent_timeout_seconds)."
    )
