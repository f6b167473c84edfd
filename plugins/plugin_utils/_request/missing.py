# SPDX-License-Identifier: GPL-3.0-or-later
"""What is missing in a request, as questions."""

from __future__ import annotations

import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import checks
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.kinds import Target
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import Reading

PURPOSE = "What shall be made: a VM, a container, a k3s cluster or named software?"
#: A question about the world asks for no infrastructure.
_CHAT = re.compile(
    r"\W*(?:who|what|whats|why|when|where|whose|which|how|tell me|do you|are you|can you explain"
    r"|explain|qui|que|quoi|pourquoi|quand|comment|quel(?:le)?s?|raconte|explique"
    r"|wer|was|warum|wieso|wann|wo|wie|welche[rsn]?|erklare|erzahl)\b"
)
HOW_MUCH = {
    "scale": ("cluster.agents", "How many workers shall the cluster have?"),
    "resize": ("cores, memory or disk", "Which cores, memory or disk shall it have?"),
}


def ask_missing(
    reading: Reading, target: Target, request: Request, verdict: checks.Verdict
) -> None:
    if target.conflict is not None:
        verdict.ask(
            "platform",
            f"{target.conflict} do not go together; shall it be a workload in Kubernetes or a"
            " virtual machine?",
        )
        return
    if reading.following:
        return
    if target.kind is None:
        if (
            reading.injected
            or reading.template
            or (reading.mentions("op.") and not reading.mentions("off."))
        ):
            verdict.ask("purpose", PURPOSE)
        else:
            verdict.redirect = True
            if not (reading.mentions("off.") or _CHAT.match(reading.folded)):
                verdict.ask("purpose", PURPOSE)
        return
    if request.operation in {"scale", "resize", "change", "destroy"}:
        named = request.deployment or any(m.name or m.vmid for m in request.machines)
        if not named:
            verdict.ask("name", "Which existing machine or cluster is meant?")
        elif request.operation in ("scale", "resize") and not _says_how_much(reading, request):
            verdict.ask(*HOW_MUCH[request.operation])
        return
    if target.platform == "kubernetes":
        _missing_kubernetes(reading, request, verdict)
    elif target.kind in ("vm", "lxc"):
        _missing_machine(reading, request, verdict)
    elif target.kind == "app" and not (
        request.drivers or request.machines or request.sla or reading.component
    ):
        verdict.warn(
            "assumed_scale",
            "drivers",
            "No number of users, rate or size was said; the smallest usual scale is assumed.",
        )


def _says_how_much(reading: Reading, request: Request) -> bool:
    """Tell whether a change of size or count says what it shall be afterwards."""
    cluster = request.cluster
    counts = () if cluster is None else (cluster.servers, cluster.agents, cluster.total_nodes)
    deltas = () if cluster is None else (cluster.servers_delta, cluster.agents_delta)
    sized = reading.sizes or any(m.tendency or m.factor for m in request.machines)
    counted = any(number is not None for number in (*counts, *deltas))
    return bool(sized or counted or reading.meaning.tendency or request.questions)


def _missing_machine(reading: Reading, request: Request, verdict: checks.Verdict) -> None:
    sized = any(m.cores or m.memory_mib or m.disk_gib or m.relative_to for m in request.machines)
    purpose = bool(
        request.apps
        or reading.meaning.parts
        or request.workload
        or request.drivers
        or request.environment
    )
    made = any(m.name and (m.source or m.os) for m in request.machines)
    if sized or purpose or made or reading.sizes:
        return
    missing = ["purpose or size"]
    if not any(m.name for m in request.machines):
        missing.append("name")
    if not any(m.source or m.os for m in request.machines):
        missing.append("template")
    verdict.ask(
        ", ".join(missing),
        f"To plan this machine I still need: {', '.join(missing)}.",
    )


def _missing_kubernetes(reading: Reading, request: Request, verdict: checks.Verdict) -> None:
    if (
        any(not app.known or app.family for app in request.apps if app.family not in {"docker"})
        and not request.image
    ):
        return
    missing = []
    if not (reading.entities.names or request.workload):
        missing.append("name")
    if not request.image:
        missing.append("image")
    if request.port is None:
        missing.append("port")
    if missing:
        verdict.ask(
            ", ".join(missing), f"To run this in Kubernetes I still need: {', '.join(missing)}."
        )
