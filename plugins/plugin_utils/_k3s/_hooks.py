# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of the user before or after steps of the role."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._keys import near

#: every action a plan can hold; each has a task file
ACTIONS = [
    "token",
    "forget",
    "packages",
    "binary",
    "images",
    "firewall",
    "swap",
    "write",
    "kernel",
    "vip",
    "drop_vip",
    "drop_kube_vip",
    "start",
    "label",
    "verify",
    "hold",
    "cordon",
    "drain",
    "uncordon",
    "remove",
    "stop",
    "snapshot",
    "fetch",
    "stage_binary",
    "switch",
    "back",
    "upload",
    "restore",
    "only",
    "wipe",
    "rotate_token",
    "rotate_certificates",
    "rotate_keys",
    "reset",
]
_KEYS = {"before", "after", "tasks"}

Hook = t.Mapping[str, t.Any]


def hook_problems(hooks: t.Sequence[Hook]) -> list[str]:
    """Return a sentence for each hook that could never run."""
    problems = []
    for number, hook in enumerate(hooks, 1):
        where = [key for key in ("before", "after") if hook.get(key)]
        strange = sorted(set(hook) - _KEYS)
        if strange:
            problems.append(f"k3s_hooks, entry {number}: {', '.join(strange)} is not known.")
        if len(where) != 1:
            problems.append(f"k3s_hooks, entry {number}: say before or after, one of them.")
        for key in where:
            if hook[key] not in ACTIONS:
                name = hook[key]
                problems.append(f"k3s_hooks, entry {number}: no step {name}{near(name, ACTIONS)}.")
        if not Path(str(hook.get("tasks", ""))).is_file():
            problems.append(
                f"k3s_hooks, entry {number}: the task file {hook.get('tasks')} does not exist; "
                "give its absolute path."
            )
    return problems


def with_hooks(
    stages: t.Sequence[dict[str, t.Any]], hooks: t.Sequence[Hook]
) -> list[dict[str, t.Any]]:
    """Return the stages with the user's own around those that they name."""
    result: list[dict[str, t.Any]] = []
    for stage in stages:
        result += [_stage(hook, stage) for hook in hooks if hook.get("before") == stage["action"]]
        result.append(stage)
        result += [_stage(hook, stage) for hook in hooks if hook.get("after") == stage["action"]]
    return result


def _stage(hook: Hook, stage: dict[str, t.Any]) -> dict[str, t.Any]:
    return {**stage, "action": "hook", "hook": str(hook["tasks"])}
