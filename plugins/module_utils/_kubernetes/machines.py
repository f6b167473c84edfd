# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines say about themselves against the plan, and the result over all checks."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.weights import (
    DEGRADED,
    HEALTHY,
    weight_of,
)

if t.TYPE_CHECKING:
    Data = dict[str, t.Any]

PLACEHOLDER = re.compile(r"\{(kubectl|apply|drift|user|address|node|vmid|tool)\}")
#: States of cloud-init in which a machine is as its template and its plan want it.
FINISHED = ("done", "absent", "disabled")


def check_machine(name: str, address: str, said: Data) -> tuple[str, str]:
    """Return status and detail of one machine.

    ``said`` is what C(k3s_host_info) returned there, with ``unreachable`` or ``failed`` when it
    could not; empty when nobody asked.
    """
    if not said:
        return "not_run", "Nobody asked the machine."
    reason = str(said.get("msg", "")).strip()
    if said.get("unreachable"):
        return "failed", f"{name} does not answer by SSH: {reason}"
    if "hostname" not in said:
        return "failed", f"{name} answers by SSH, but looking at it failed: {reason}"
    problems = []
    if said["hostname"] != name:
        problems.append(f"its host name is {said['hostname']}")
    if not said["interface"]:
        problems.append(f"no interface carries {address}")
    if said["cloud_init"] not in FINISHED:
        problems.append(f"cloud-init says {said['cloud_init']}")
    if problems:
        return "failed", f"{name}: {', '.join(problems)}."
    return (
        "passed",
        f"Answers at {address} on {said['interface']}, cloud-init {said['cloud_init']}.",
    )


def summarise(
    checks: t.Sequence[Data], simulated_reason: str = "", names: Names | None = None
) -> Data:
    """Return status, score and advice over all checks.

    The score is the share of the points of the checks that passed, and only given when every check
    ran for real. Advice is ranked by what a failed check is worth.
    """
    if simulated_reason:
        return {"status": "SIMULATED", "score": None, "advice": []}
    points = {True: 0, False: 0}
    for check in checks:
        points[check["status"] == "passed"] += weight_of(check["name"]).points
    complete = bool(checks) and all(check["status"] != "not_run" for check in checks)
    score = round(100 * points[True] / (points[True] + points[False])) if complete else None
    broken = any(check["critical"] and check["status"] == "failed" for check in checks)
    if broken or (score is not None and score < DEGRADED):
        status = "unhealthy"
    elif score is None:
        status = "incomplete"
    else:
        failed = any(check["status"] == "failed" for check in checks)
        status = "degraded" if failed or score < HEALTHY else "healthy"
    return {"status": status, "score": score, "advice": advice(checks, names or Names())}


@dataclass(frozen=True)
class Names:
    """What the placeholders of mending commands stand for.

    ``commands`` are whole commands by placeholder, ``machines`` words by machine.
    """

    commands: t.Mapping[str, str] = field(default_factory=dict)
    machines: t.Mapping[str, Data] = field(default_factory=dict)

    def filled(self, command: str, check: str) -> str:
        """Return a command without placeholders; unknown ones stand in capital letters."""
        about = check.partition(" ")[2]
        first = next(iter(self.machines.values()), {})
        known = {**self.commands, **self.machines.get(about, first)}
        return PLACEHOLDER.sub(lambda found: str(known.get(found[1], found[1].upper())), command)


def names_of(
    machines: t.Sequence[Data],
    addresses: t.Mapping[str, str],
    kubeconfig: str,
    commands: t.Mapping[str, str],
) -> Names:
    """Return the names for mending commands; ``machines`` are those of the plan."""
    planned = {machine["name"]: machine for machine in machines}
    return Names(
        {
            "apply": "ansible-playbook clusterwright.proxmox.apply",
            "drift": "ansible-playbook clusterwright.proxmox.drift",
            **commands,
            "kubectl": f"kubectl --kubeconfig {kubeconfig or 'KUBECONFIG'}",
        },
        {name: _words(planned.get(name, {}), address) for name, address in addresses.items()},
    )


def _words(machine: Data, address: str) -> Data:
    words = {"address": address, "tool": "pct" if machine.get("kind") == "lxc" else "qm"}
    words |= {key: str(machine[key]) for key in ("node", "vmid") if machine.get(key)}
    user = (machine.get("cloud_init") or {}).get("user")
    return words | ({"user": user} if user else {})


def advice(checks: t.Sequence[Data], names: Names) -> list[Data]:
    """Return cause and command for each failed check, what is worth most first."""
    failed = [check for check in checks if check["status"] == "failed"]
    ranked = sorted(failed, key=lambda check: -weight_of(check["name"]).points)
    found = []
    for check in ranked:
        weight = weight_of(check["name"])
        mend = check.get("mend") or weight.mend
        found.append(
            {
                "check": check["name"],
                "detail": check["detail"],
                "cause": check.get("cause") or weight.cause,
                "mend": names.filled(mend, check["name"]),
            }
        )
    return found
