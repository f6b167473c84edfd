# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines say about themselves against the plan, and the result over all checks."""

from __future__ import annotations

import typing as t

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
    if said.get("unreachable") or "hostname" not in said:
        return "failed", f"{name} does not answer by SSH: {str(said.get('msg', '')).strip()}"
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
    """Return status and score over all checks.

    A score is the share of checks that passed, and only given when every check ran for real.
    """
    ran = [check for check in checks if check["status"] != "not_run"]
    passed = [check for check in checks if check["status"] == "passed"]
    if simulated_reason:
        return {"status": "SIMULATED", "score": None}
    if any(check["critical"] and check["status"] == "failed" for check in checks):
        status = "unhealthy"
    elif len(passed) == len(checks) > 0:
        status = "healthy"
    else:
        status = "degraded" if len(ran) == len(checks) > 0 else "incomplete"
    complete = len(ran) == len(checks) > 0
    return {"status": status, "score": round(100 * len(passed) / len(checks)) if complete else None}
