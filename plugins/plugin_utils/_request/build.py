# SPDX-License-Identifier: GPL-3.0-or-later
"""From the facts of a sentence to a Request."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterWish,
    MachineWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import checks
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.apps import (
    app_wishes,
    component_names,
    workload_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clusters import (
    cluster_wish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.kinds import (
    Target,
    decide,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Vocabulary,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.machines import (
    machine_wishes,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.operations import (
    operation_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import (
    Reading,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.sizes import values

REPLY = {
    "en": "I can plan machines, containers, k3s clusters and named software on Proxmox VE. Say what"
    " you need, for example: HA cluster with monitoring.",
    "fr": "Je peux préparer des machines, des conteneurs, des clusters k3s et des logiciels sur"
    " Proxmox VE. Dites ce qu'il vous faut, par exemple : cluster HA avec supervision.",
    "de": "Ich plane Maschinen, Container, k3s-Cluster und bekannte Software auf Proxmox VE. Sagen"
    " Sie, was Sie brauchen, zum Beispiel: hochverfügbarer Cluster mit Monitoring.",
}


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


def build(reading: Reading, vocabulary: Vocabulary, target: Target | None = None) -> Request:
    """Return the Request of one sentence; ``target`` is known when it follows up another."""
    target = target or decide(reading)
    verdict = checks.Verdict(findings=list(reading.findings))
    _hostile(reading, verdict)
    cluster = cluster_wish(reading, target, verdict)
    machines = machine_wishes(reading, target, cluster, verdict)
    request = Request(
        text=reading.text,
        language=reading.language,
        answer="plan",
        operation=operation_of(reading, target),
        kind=target.kind,
        deployment=_deployment(reading, target, cluster, machines),
        environment=t.cast("t.Any", reading.meaning.environment),
        ha=reading.meaning.ha,
        workload=workload_of(reading, target),
        cluster=cluster,
        machines=tuple(machines),
        apps=tuple(app_wishes(reading, target)),
        drivers=reading.drivers,
        totals=dict(values(reading.total_runs)),
        components=component_names(reading, target),
        platform=target.platform,
        platform_tier=target.tier,
        image=reading.entities.image,
        port=reading.entities.port,
        hosts=_hosts(reading),
        scale=t.cast("t.Any", reading.meaning.scale),
        sla=reading.levels,
    )
    _contradictions(reading, verdict)
    _beside(reading, target, verdict)
    _unknown(reading, target, request, verdict)
    _left_out(reading, verdict)
    _together(reading, request, verdict)
    _addons(reading, request, verdict, vocabulary)
    _capacity(reading, request, verdict)
    _missing(reading, target, request, verdict)
    answer = verdict.answer
    return request.model_copy(
        update={
            "answer": answer,
            "findings": tuple(verdict.findings),
            "questions": tuple(verdict.questions),
            "reply": REPLY[reading.language] if answer == "redirect" else None,
            "explicit": explicit_paths(request),
        }
    )


def _hostile(reading: Reading, verdict: checks.Verdict) -> None:
    if reading.template is not None:
        verdict.refuse(
            "template_syntax",
            "text",
            f"Template, HCL or shell syntax ({reading.template}) is not accepted; write plain"
            " words and names of a-z, 0-9 and hyphens.",
        )
    for clause in reading.injected:
        verdict.warn(
            "injection",
            "text",
            f"This part was left out because it gives orders to the tool: {clause[:120]}",
        )
    for name in reading.entities.bad_names:
        verdict.refuse(
            "name",
            "name",
            f"The name {name[:80]} is not valid; names have a-z, 0-9 and hyphens, begin and end"
            " with a letter or digit and have at most 63 characters.",
        )
    for field, problem in reading.entities.problems:
        verdict.refuse(field, field, f"{problem}.")
    if any(finding.severity == "error" for finding in reading.findings):
        verdict.invalid = True


def _deployment(
    reading: Reading, target: Target, cluster: ClusterWish | None, machines: list[MachineWish]
) -> str | None:
    if cluster is not None:
        return cluster.name
    if target.platform == "kubernetes" and reading.entities.names:
        return reading.entities.names[0]
    names = [machine.name for machine in machines if machine.name]
    return names[0] if len(names) == 1 else None


def _hosts(reading: Reading) -> int | None:
    counts = [head.count for head in reading.heads if head.host and head.count]
    return int(counts[0]) if counts and 0 < counts[0] <= 10000 else None


def _contradictions(reading: Reading, verdict: checks.Verdict) -> None:
    meaning, name = reading.meaning, reading.entities.target_name
    removes = any(t.has("op.destroy", "op.remove") for t in reading.tokens[5:])
    if meaning.operation == "create" and removes and name and not reading.following:
        verdict.ask("operation", f"To make something and to remove {name} are two requests; which?")
    for problem in reading.meaning.contradictions:
        verdict.ask("contradiction", f"The request says that {problem}; which is meant?")
    both = set(reading.meaning.addons) & set(reading.meaning.excluded)
    for name in sorted(both):
        verdict.ask(f"addons.{name}", f"{name} is both asked for and declined; which is meant?")


def _addons(
    reading: Reading, request: Request, verdict: checks.Verdict, vocabulary: Vocabulary
) -> None:
    known = sorted({*_known_addons(reading), *vocabulary.addons})
    for name in _unknown_addons(reading, set(known)):
        verdict.refuse(
            "addon",
            "cluster.addons",
            f"There is no add-on {name[:60]}; the add-ons are {', '.join(known)}.",
        )
    if reading.meaning.ingress_nginx_named and request.cluster is not None:
        verdict.warn(
            "retired",
            "cluster.addons",
            "ingress-nginx was retired in March 2026 and gets no more fixes; traefik is the"
            " default.",
        )


def _unknown(reading: Reading, target: Target, request: Request, verdict: checks.Verdict) -> None:
    """Name what was not understood: it is sized without knowledge, or left out."""
    if target.kind is None:
        return
    for app in request.apps:
        if not app.known:
            verdict.warn(
                "unknown_software",
                "apps",
                f"{app.family[:60]} is not known; it is sized by the category table, the last"
                " resort.",
            )
    listed = set(_unknown_addons(reading, set()))
    for name in reading.unread:
        if not listed.intersection(name.words.split()):
            verdict.warn(
                "not_understood",
                "text",
                f"{name.words[:60]!r} was not understood and is not in this plan.",
            )


def _left_out(reading: Reading, verdict: checks.Verdict) -> None:
    """Say what a plan does not hold: swap, another network than the site's."""
    if reading.entities.subnet:
        verdict.note(
            "subnet",
            "machines.address",
            f"Addresses come from the network of the site profile, not from"
            f" {reading.entities.subnet} of the sentence.",
        )
    wanted = [i for i, token in enumerate(reading.tokens) if token.has("noun.swap") and i]
    if any(reading.tokens[index - 1].mib is not None for index in wanted):
        verdict.warn("swap", "machines", "Swap is not part of a plan; set it in the guest.")


def _together(reading: Reading, request: Request, verdict: checks.Verdict) -> None:
    """Say that software that shall share one machine gets machines of its own."""
    heads = [head for head in reading.heads if head.role in ("vm", "container") and not head.host]
    each = reading.mentions("word.each", "word.per")
    one = len(heads) == 1 and heads[0].count == 1 and not heads[0].elliptic and not each
    if one and request.cluster is None and len(request.apps) > 1:
        names = ", ".join(app.family for app in request.apps)
        verdict.warn(
            "one_machine",
            "machines.count",
            f"One machine was said for {names}; the plan gives each a machine of its own.",
        )


def _beside(reading: Reading, target: Target, verdict: checks.Verdict) -> None:
    """Say that a machine beside a cluster is left out; one request is for one deployment."""
    if target.kind != "cluster":
        return
    for head in reading.heads:
        if head.beside:
            start = head.number if head.number is not None else head.index
            said = " ".join(token.word for token in reading.tokens[start : head.end])
            verdict.warn(
                "beside",
                "machines",
                f"A machine beside the cluster ({said}) is not in this plan; ask for it in a"
                " request of its own.",
            )


_ADDON_LIST = re.compile(
    r"\badd-?ons?\b(?:\s*[:=]\s*|\s+(?:called|named|namens|nomme)?\s*)"
    r"(?P<list>[a-z0-9][\w-]*(?:\s*(?:,|\band\b|\bet\b|\bund\b)\s*[a-z0-9][\w-]*)*)"
)
_ADDON_NAME = re.compile(r"\b(?P<name>[a-z0-9][\w-]*) add-?ons?\b")


def _known_addons(reading: Reading) -> set[str]:
    concepts = reading.lexicon.concepts.values()
    return {name.partition(".")[2] for name in concepts if name.startswith("addon.")}


def _unknown_addons(reading: Reading, known: set[str]) -> list[str]:
    """Return names said to be add-ons that none is."""
    text = fold(reading.entities.text)
    said: list[str] = []
    for match in _ADDON_LIST.finditer(text):
        if match.group("list").split()[0] not in reading.lexicon.not_a["addon"]:
            said += re.split(r"\s*(?:,|\band\b|\bet\b|\bund\b)\s*", match.group("list"))
    said += [match.group("name") for match in _ADDON_NAME.finditer(text)]
    words = {name for name in said if name and name not in reading.lexicon.not_a["addon"]}
    concepts = reading.lexicon.concepts
    return sorted(
        word
        for word in words
        if word not in known
        and tuple(word.replace("-", " ").split()) not in concepts
        and not any(token.word == word and token.concept for token in reading.tokens)
    )


def _capacity(reading: Reading, request: Request, verdict: checks.Verdict) -> None:
    groups: list[tuple[int, MachineWish]] = []
    for machine in request.machines:
        count = machine.count or 1
        if request.cluster is not None and machine.role == "node" and machine.count is None:
            count = (request.cluster.servers or 0) + (request.cluster.agents or 0) or 1
        groups.append((count, machine))
    small = any(head.small for head in reading.heads)
    checks.check_hosts(verdict, request.hosts, groups, small=small)


def _missing(reading: Reading, target: Target, request: Request, verdict: checks.Verdict) -> None:
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


def explicit_paths(request: Request) -> tuple[str, ...]:
    """Return the dotted path of everything the person said."""
    paths: list[str] = []
    for name in ("kind", "environment", "ha", "workload", "image", "port", "hosts", "deployment"):
        if getattr(request, name) is not None:
            paths.append(name)
    if request.cluster is not None:
        data = request.cluster.model_dump()
        paths += [
            f"cluster.{key}" for key, value in data.items() if value not in (None, (), "kubernetes")
        ]
    for machine in request.machines:
        label = machine.name or machine.role
        for key, value in machine.model_dump().items():
            if key != "role" and value not in (None, ()):
                paths.append(f"machines.{label}.{key}")
    for app in request.apps:
        paths.append(f"apps.{app.family}")
    paths += [f"drivers.{key}" for key in request.drivers]
    paths += [f"sla.{key}" for key in request.sla]
    paths += [f"totals.{key}" for key in request.totals]
    return tuple(dict.fromkeys(paths))
