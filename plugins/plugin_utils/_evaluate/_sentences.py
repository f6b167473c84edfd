# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of reading: each sentence is planned, and the whole plan is judged."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._answer import (
    Provider,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._cases import Case
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._verdict import (
    Judged,
    judge,
    summarised,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._partner import spent_in
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size_data

Data = dict[str, t.Any]
#: A wide, empty place: what a sentence becomes shall not depend on what fits.
SITE: Data = {
    "storages": {"default": "local"},
    "network": {"bridge": "vmbr0", "subnet": "10.0.0.0/14", "gateway": "10.0.0.1"},
    "template": {"vmid": 9000},
    "lxc_template": "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
    "ssh_public_keys": [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
    ],
}
DEPLOYMENT = "t"
#: Findings that tell that a model was asked and the rules decided alone.
FALLBACKS = frozenset({"model.failed", "review.no-progress", "review.limit"})


def facts_of(given: t.Mapping[str, t.Any] | None) -> Data:
    """Return the facts of idle hosts with a Debian template; a case without facts has none.

    ``given``: ``{"nodes": names or a number, "memory_gib": 128, "cpus": 32, "guests": […]}``.
    """
    if not given:
        return {}
    nodes = given.get("nodes") or 3
    names = [f"pve{i}" for i in range(1, nodes + 1)] if isinstance(nodes, int) else list(nodes)
    memory_mib = int(given.get("memory_gib", 128) * 1024)
    size = {"cpus": given.get("cpus", 32), "memory_mib": memory_mib, "memory_used_mib": 1024}
    storage = {
        "storage": "local",
        "type": "lvmthin",
        "content": ["images", "rootdir", "vztmpl"],
        "shared": True,
        "total_gib": 8192.0,
        "available_gib": 8000.0,
    }
    template = {
        "vmid": 9000,
        "name": "debian-12",
        "type": "qemu",
        "node": names[0],
        "status": "stopped",
        "cpus": 2,
        "memory_mib": 2048,
        "template": True,
        "disk_gib": 3.0,
    }
    return {
        "source": {
            "endpoint": "https://pve.example:8006",
            "collected_at": "2026-11-21T08:00:00Z",
        },
        "cluster": "test",
        "quorate": True,
        "version": {"version": "9.1.8", "release": "9.1", "major": 9},
        "nodes": [{"name": name, "online": True, **size} for name in names],
        "storages": [{**storage, "node": name} for name in names],
        "guests": [template, *given.get("guests", ())],
        "volumes": [
            {
                "volume_id": SITE["lxc_template"],
                "storage": "local",
                "content": "vztmpl",
                "node": name,
            }
            for name in names
        ],
        "bridges": [{"name": "vmbr0", "type": "bridge", "node": name} for name in names],
    }


def read_all(
    cases: t.Sequence[Case],
    provider: Provider,
    knowledge_dirs: tuple[str, ...] = (),
    progress: Callable[[str], None] | None = None,
) -> Data:
    """Return verdicts by the rules alone and, with a provider, by rules and model.

    ``{"cases", "rules": {…}, NAME: {…}}``; each part has ``summary`` per language, ``per_case``,
    ``failures``: how many cases the rules had to decide alone because the model failed, and
    ``used``: requests to the model, their tokens and seconds.
    """
    result: Data = {
        "cases": len(cases),
        "rules": _part(cases, Provider(), knowledge_dirs, progress),
    }
    if provider.name != "none":
        result[provider.name] = _part(cases, provider, knowledge_dirs, progress)
    return result


def _part(
    cases: t.Sequence[Case],
    provider: Provider,
    knowledge_dirs: tuple[str, ...],
    progress: Callable[[str], None] | None,
) -> Data:
    bases: dict[str, Data] = {}
    judged: dict[str, Judged] = {}
    alone = 0
    used = {"requests": 0.0, "input_tokens": 0.0, "output_tokens": 0.0, "seconds": 0.0}
    for number, case in enumerate(cases, start=1):
        answer = _planned(case, provider, knowledge_dirs, bases)
        findings = (answer.get("plan") or {}).get("findings", ())
        alone += any(finding["id"] in FALLBACKS for finding in findings)
        _add(used, answer)
        judged[case["id"]] = found = judge(case, answer)
        if progress is not None:
            progress(f"{provider.name} {number}/{len(cases)} {case['id']}: {found.verdict}")
    return {
        "summary": summarised(judged, {case["id"]: case["lang"] for case in cases}),
        "failures": alone,
        "used": used,
        "per_case": [_row(case, judged[case["id"]]) for case in cases],
    }


def _add(used: dict[str, float], answer: Data) -> None:
    """Add what the model used for the plan of a case."""
    for cycle in (answer.get("plan") or {}).get("rounds", ()):
        call = spent_in(cycle["act"])
        if call is not None:
            used["requests"] += 1
            used["input_tokens"] += call.input_tokens
            used["output_tokens"] += call.output_tokens
            used["seconds"] += call.seconds


def _planned(
    case: Case, provider: Provider, knowledge_dirs: tuple[str, ...], bases: dict[str, Data]
) -> Data:
    """Return request and plan of a case as data, or the error that ended it."""
    site = {**SITE, **(case.get("site") or {}), "knowledge_dirs": list(knowledge_dirs)}
    given: Data = {
        "site": site,
        "snapshot": facts_of(case.get("facts")),
        "deployment": DEPLOYMENT,
        "provider": provider.name,
        "provider_settings": provider.settings,
    }
    answer: Data = {}
    try:
        if case.get("base"):
            key = json.dumps([case["base"], given["site"], given["snapshot"]], sort_keys=True)
            if key not in bases:
                bases[key] = _based(case["base"], given)
            base = bases[key]
            answer = {"base_request": base["request"], "base_plan": base["plan"]}
            given |= {"previous_request": base["request"], "previous_plan": base["plan"]}
        answer |= _sized(intent=case["text"], **given)
    except Exception as error:  # a crash is a result, too
        answer["error"] = f"{type(error).__name__}: {error}"
    return answer


def _based(text: str, given: Data) -> Data:
    """Return what is there before a change; it is no case, so the rules plan it if they can."""
    base = _sized(**{**given, "intent": text, "provider": "none"})
    if base["plan"]["status"] == "ready" or given["provider"] == "none":
        return base
    return _sized(intent=text, **given)


def _sized(**given: t.Any) -> Data:
    request, plan = size_data(**given)
    return {"request": to_data(request), "plan": to_data(plan)}


def _row(case: Case, judged: Judged) -> Data:
    return {
        "id": case["id"],
        "lang": case["lang"],
        "verdict": judged.verdict,
        "note": judged.note,
        "differences": [
            {
                "kind": difference.kind,
                "what": difference.what,
                "want": difference.want,
                "got": difference.got,
                "named": named,
            }
            for difference, named in judged.differences
        ],
    }
