# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines say about themselves against the plan, and the result over all checks."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.weights import (
    DEGRADED,
    HEALTHY,
    weight_of,
)

if t.TYPE_CHECKING:
    Data = dict[str, t.Any]

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


def summarise(checks: t.Sequence[Data], simulated_reason: str = "") -> Data:
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
    return {"status": status, "score": score, "advice": advice(checks)}


def advice(checks: t.Sequence[Data]) -> list[Data]:
    """Return cause and command for each failed check, what is worth most first."""
    failed = [check for check in checks if check["status"] == "failed"]
    ranked = sorted(failed, key=lambda check: -weight_of(check["name"]).points)
    return [
        {
            "check": check["name"],
            "detail": check["detail"],
            "cause": weight_of(check["name"]).cause,
            "mend": weight_of(check["name"]).mend,
        }
        for check in ranked
    ]
