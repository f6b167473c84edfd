# SPDX-License-Identifier: GPL-3.0-or-later
"""From the facts of a sentence to a Request."""

from __future__ import annotations

import dataclasses
import math
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    AppWish,
    ClusterWish,
    MachineWish,
    SourceWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import checks
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.groups import Head
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.kinds import (
    Target,
    decide,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Vocabulary,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import (
    Reading,
    values,
)

REPLY = {
    "en": "I can plan machines, containers, k3s clusters and named software on Proxmox VE. Say what"
    " you need, for example: HA cluster with monitoring.",
    "fr": "Je peux préparer des machines, des conteneurs, des clusters k3s et des logiciels sur"
    " Proxmox VE. Dites ce qu'il vous faut, par exemple : cluster HA avec supervision.",
    "de": "Ich plane Maschinen, Container, k3s-Cluster und bekannte Software auf Proxmox VE. Sagen"
    " Sie, was Sie brauchen, zum Beispiel: hochverfügbarer Cluster mit Monitoring.",
}


def build(reading: Reading, vocabulary: Vocabulary) -> Request:
    """Return the Request of one sentence."""
    target = decide(reading)
    verdict = checks.Verdict(findings=list(reading.findings))
    _hostile(reading, verdict)
    cluster = _cluster(reading, target, verdict)
    machines = _machines(reading, target, cluster, verdict)
    apps = _apps(reading, target, cluster)
    operation = _operation(reading, target)
    request = Request(
        text=reading.text,
        language=reading.language,
        answer="plan",
        operation=operation,
        kind=target.kind,
        deployment=_deployment(reading, cluster, machines),
        environment=t.cast("t.Any", reading.meaning.environment),
        ha=reading.meaning.ha,
        workload=_workload(reading, target),
        cluster=cluster,
        machines=tuple(machines),
        apps=tuple(apps),
        drivers=reading.drivers,
        totals={key: value for key, value in values(reading.total_runs).items()},
        components=_components(reading, target),
        platform=target.platform,
        platform_tier=target.tier,
        image=reading.entities.image,
        port=reading.entities.port,
        hosts=_hosts(reading),
        sla=reading.levels,
    )
    _contradictions(reading, verdict)
    _addons(reading, request, verdict, vocabulary)
    _capacity(request, verdict)
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


def _cluster(reading: Reading, target: Target, verdict: checks.Verdict) -> ClusterWish | None:
    if target.kind != "cluster":
        return None
    servers = _sum(reading.counted("server"), verdict, "cluster.servers")
    agents = _sum(reading.counted("agent"), verdict, "cluster.agents")
    total = _total(reading, verdict)
    if reading.meaning.single_node and total in (None, 1):
        servers = 1 if servers is None else servers
        agents = 0 if agents is None else agents
        total = None
    elif total == 1 and servers is None and agents is None:
        servers, agents, total = 1, 0, None
    rest = next((head for head in reading.heads if head.rest), None)
    if total is not None:
        if rest is not None or any(h.of_them for h in reading.counted("server")):
            agents = total - servers if servers is not None and agents is None else agents
        if any(h.of_them for h in reading.counted("agent")) or (rest and rest.role == "server"):
            servers = total - agents if agents is not None and servers is None else servers
    more_agents = [h for h in reading.counted("agent") if h.count is not None]
    delta = _delta(reading, more_agents)
    delta_servers = _delta(reading, [h for h in reading.counted("server") if h.count is not None])
    if delta is None and agents is None and servers is None and total is not None:
        delta = _delta(reading, reading.counted("node"))
        total = None if delta is not None else total
    entities = reading.entities
    name = entities.cluster_name or (entities.names[0] if entities.names else None)
    if name is None and _operation(reading, target) != "create":
        name = entities.target_name
    k3s = reading.mentions("kind.k3s") or bool(re.search(r"\bk3s", name or ""))
    cluster = ClusterWish(
        name=name,
        distribution="k3s" if k3s else "kubernetes",
        version=entities.version,
        cni=reading.meaning.cni,
        servers=None if delta_servers is not None else servers,
        agents=None if delta is not None else agents,
        agents_delta=delta,
        servers_delta=delta_servers,
        total_nodes=total,
        vip=entities.vip,
        addons=tuple(_wanted(reading)),
        addons_excluded=tuple(_unwanted(reading)),
    )
    if delta is None and delta_servers is None:
        checks.check_cluster(verdict, cluster, reading.meaning.ha)
    return cluster


def _wanted(reading: Reading) -> list[str]:
    wanted = [name for name in reading.meaning.addons if name not in reading.meaning.excluded]
    if "ingress-nginx" in wanted and "traefik" in wanted:
        wanted.remove("traefik")
    return wanted


def _unwanted(reading: Reading) -> list[str]:
    denied = [name for name in reading.meaning.excluded if name not in reading.meaning.addons]
    if (
        "traefik" in denied
        and "ingress-nginx" not in denied
        and "ingress-nginx" not in reading.meaning.addons
    ):
        denied.append("ingress-nginx")
    return denied


def _sum(heads: list[Head], verdict: checks.Verdict, field: str) -> int | None:
    counts = [head.count for head in heads if head.count is not None and not head.more]
    more = [head.count for head in heads if head.count is not None and head.more]
    chosen = counts or more
    if not chosen:
        return None
    distinct = set(chosen)
    sized = [head for head in heads if head.count is not None and head.runs]
    if len(distinct) > 1 and len(sized) < 2:
        verdict.ask(
            field,
            f"Both {chosen[0]:g} and {chosen[1]:g} were said; which number is right?",
        )
    value = sum(chosen) if len(sized) > 1 else chosen[-1]
    return checks.check_count(verdict, field, value)


def _total(reading: Reading, verdict: checks.Verdict) -> int | None:
    counts = [h.count for h in reading.counted("node") if h.count is not None]
    counts += [h.count for h in reading.counted("vm") if h.count is not None and not h.article]
    if not counts:
        return None
    return checks.check_count(verdict, "cluster.total_nodes", counts[0])


def _delta(reading: Reading, heads: list[Head]) -> int | None:
    """Return how many more or fewer machines are asked for, None when an end state is said."""
    operation = reading.meaning.operation
    existing = reading.entities.target_name or reading.entities.cluster_name
    removing = operation in {"remove", "destroy", "smaller"}
    adding = operation == "add" or any(head.more for head in heads)
    if not heads or not (removing or adding):
        return None
    if adding and not removing and operation == "create" and not existing:
        return None
    to_end = reading.tokens and any(
        token.has("word.to") or token.word == "to"
        for token in reading.tokens[
            max((heads[0].number or heads[0].index) - 1, 0) : heads[0].number or heads[0].index
        ]
    )
    if to_end:
        return None
    count = sum(int(head.count or 0) for head in heads)
    return -count if removing else count


def _operation(reading: Reading, target: Target) -> t.Any:
    said = reading.meaning.operation
    existing = bool(reading.entities.target_name or reading.entities.cluster_name)
    existing = existing or reading.mentions("word.existing") or bool(reading.entities.vmid)
    roles = [h for h in reading.heads if h.role in ("agent", "server", "node") and not h.host]
    if said == "create":
        return "create"
    if said in {"add", "remove"}:
        if roles and target.kind == "cluster":
            return "scale"
        if said == "remove":
            return "destroy" if existing and not reading.sizes else "change"
        named_more = any(size.more for size in reading.sizes) or existing
        return ("resize" if reading.sizes else "change") if named_more else "create"
    if said == "scale":
        return "scale" if roles or not reading.sizes else "resize"
    if said in {"resize", "smaller", "larger"}:
        if roles and not reading.sizes and any(h.count is not None for h in roles):
            return "scale"
        return "resize" if existing or reading.sizes or reading.meaning.tendency else "create"
    if said == "destroy":
        return "destroy"
    if said == "change":
        if not existing:
            return "change" if not reading.sizes else "resize"
        return "resize" if reading.sizes else "change"
    return "create"


def _machines(
    reading: Reading, target: Target, cluster: ClusterWish | None, verdict: checks.Verdict
) -> list[MachineWish]:
    common = values([*reading.global_runs, *reading.common_runs])
    if cluster is not None:
        return _cluster_machines(reading, cluster, common, verdict)
    heads = [
        h
        for h in reading.heads
        if not h.host
        and not h.driver
        and not (h.role == "node" and target.kind != "app" and reading.clusterish)
    ]
    heads = [h for h in heads if h.role not in {"app"} or h.runs]
    return _plain_machines(reading, target, heads, common, verdict)


def _cluster_machines(
    reading: Reading, cluster: ClusterWish, common: dict[str, float], verdict: checks.Verdict
) -> list[MachineWish]:
    machines: list[MachineWish] = []
    shared = dict(common)
    for head in [*reading.counted("node"), *reading.counted("vm"), *reading.counted("container")]:
        for key, value in values(head.runs).items():
            shared.setdefault(key, value)
    extras = _extras(reading)
    for role in ("server", "agent"):
        own = values(run for head in reading.counted(role) for run in head.runs)
        tendency = _tendency(reading, role)
        if own or tendency:
            count = cluster.servers if role == "server" else cluster.agents
            sizes = _checked(verdict, f"machines.{role}", own)
            machines.append(
                MachineWish(role=role, count=count, tendency=tendency, **sizes, **extras)
            )
    sizes = _checked(verdict, "machines.node", shared)
    tendency = _tendency(reading, "node")
    if sizes or tendency or (any(extras.values()) and not machines):
        machines.insert(
            0,
            MachineWish(
                role="node", count=cluster.total_nodes, tendency=tendency, **sizes, **extras
            ),
        )
    return machines


def _tendency(reading: Reading, role: str) -> t.Any:
    tendency = reading.meaning.tendency
    if tendency is None or reading.sizes:
        return None
    roles = {h.role for h in reading.heads if h.role in ("server", "agent")}
    return tendency if role in roles or (role == "node" and not roles) else None


def _checked(verdict: checks.Verdict, where: str, sizes: dict[str, float]) -> dict[str, t.Any]:
    """Return the sizes that a machine can have, whole numbers (disks rounded up)."""
    result: dict[str, t.Any] = {}
    for dimension, value in sizes.items():
        checked = checks.check_size(verdict, where, dimension, value)
        if checked is not None:
            result[dimension] = math.ceil(checked) if dimension != "memory_mib" else round(checked)
    return result


def _extras(reading: Reading) -> dict[str, t.Any]:
    """Return what was said of places and networks, the same for every machine."""
    entities = reading.entities
    source = None
    if entities.template_id is not None or entities.template_name:
        source = SourceWish(type="template", vmid=entities.template_id, name=entities.template_name)
    elif entities.iso:
        source = SourceWish(type="iso", name=entities.iso)
    elif entities.lxc_template:
        source = SourceWish(type="lxc_template", name=entities.lxc_template)
    found: dict[str, t.Any] = {
        "source": source,
        "os": entities.os,
        "node": entities.node,
        "storage": entities.storage,
        "bridge": entities.bridge,
        "vlan": entities.vlan,
        "pool": entities.pool,
        "tags": entities.tags,
        "gateway": entities.gateway,
        "dns_servers": tuple(entities.dns_servers),
        "relative_to": None,
    }
    factor, dimension = _relative(reading)
    if factor is not None:
        found.update(relative_to=entities.relative_to, factor=factor, factor_of=dimension)
    return found


def _relative(reading: Reading) -> tuple[float | None, t.Any]:
    if reading.entities.relative_to is None:
        return None, None
    factor = 1.0
    for index, token in enumerate(reading.tokens):
        if token.has("rel.twice"):
            factor = 2.0
        elif token.has("rel.triple"):
            factor = 3.0
        elif token.has("rel.half"):
            factor = 0.5
        elif token.has("rel.times") and index and reading.tokens[index - 1].kind == "num":
            factor = reading.tokens[index - 1].value
    dimensions = [
        name
        for name, concept in (
            ("memory_mib", "noun.memory"),
            ("cores", "unit.core"),
            ("disk_gib", "noun.disk"),
        )
        if reading.mentions(concept) and not any(size.dimension == name for size in reading.sizes)
    ]
    only = dimensions[0] if len(dimensions) == 1 and factor != 1.0 else None
    return factor, only


def _plain_machines(
    reading: Reading,
    target: Target,
    heads: list[Head],
    common: dict[str, float],
    verdict: checks.Verdict,
) -> list[MachineWish]:
    extras = _extras(reading)
    names = list(reading.entities.names)
    if not names and reading.entities.target_name and reading.meaning.operation != "create":
        names = [reading.entities.target_name]
    default = "container" if target.kind == "lxc" else "vm"
    groups: list[tuple[str, float | None, dict[str, float], bool]] = []
    for head in heads:
        own = values(head.runs)
        role = (
            head.role
            if head.role not in ("server", "agent", "node")
            else _part_role(reading, default)
        )
        groups.append((role, head.count, own, head.article))
    merged = _merge_groups(groups, reading, default)
    if not merged and (common or names or any(v for v in extras.values())):
        merged = [(_part_role(reading, default), None, {})]
    if (
        target.kind == "app"
        and not any(own or (count or 0) > 1 for _, count, own in merged)
        and not (common or names)
    ):
        return []
    machines: list[MachineWish] = []
    addresses = list(reading.entities.addresses)
    delta = _deltas(reading)
    for role, count, own in merged:
        sizes = _checked(
            verdict, f"machines.{role}", {**common, **own} if len(merged) == 1 or not own else own
        )
        number = (
            checks.check_count(verdict, f"machines.{role}.count", count)
            if count is not None
            else None
        )
        if number == 0:
            verdict.ask(
                f"machines.{role}.count", f"0 {role} machines were said; how many are meant?"
            )
        mine = names if len(merged) == 1 else names[:1]
        names = names[len(mine) :]
        base = {
            **extras,
            **sizes,
            **(delta if len(merged) == 1 else {}),
            "role": role,
            "tendency": _plain_tendency(reading),
        }
        if len(mine) > 1:
            for name in mine:
                machines.append(
                    MachineWish(
                        name=name, count=1, address=addresses.pop(0) if addresses else None, **base
                    )
                )
            if number is not None and number != len(mine):
                verdict.ask(
                    "machines.count",
                    f"{number} machines but {len(mine)} names were said; which is right?",
                )
            continue
        machines.append(
            MachineWish(
                name=mine[0] if mine else None,
                count=number,
                address=addresses.pop(0) if addresses else None,
                vmid=reading.entities.vmid,
                **base,
            )
        )
    return machines


def _plain_tendency(reading: Reading) -> t.Any:
    return reading.meaning.tendency if not reading.sizes else None


def _deltas(reading: Reading) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    adding = reading.meaning.operation == "add" and reading.entities.target_name
    for size in reading.sizes:
        sign = size.more or (1 if adding else 0)
        if not sign:
            continue
        key = {
            "cores": "cores_delta",
            "memory_mib": "memory_delta_mib",
            "disk_gib": "disk_delta_gib",
            "bytes": "memory_delta_mib",
        }.get(size.dimension)
        if key:
            found[key] = sign * math.ceil(size.value)
            if adding:
                size.more = 1
    return found


def _merge_groups(
    groups: list[tuple[str, float | None, dict[str, float], bool]], reading: Reading, default: str
) -> list[tuple[str, float | None, dict[str, float]]]:
    """Join nouns that speak of the same machines ("a VM … the machine"), keep distinct ones."""
    kept: list[tuple[str, float | None, dict[str, float]]] = []
    for role, count, own, article in groups:
        same = next((i for i, (other, _, _) in enumerate(kept) if other == role), None)
        plain = role == default
        if same is not None:
            other, number, sizes = kept[same]
            if sizes and own and count is not None:
                kept.append((role, count, own))
            else:
                kept[same] = (other, number if number is not None else count, {**own, **sizes})
        elif plain and len(kept) == 1 and not own and (count is None or article):
            continue
        elif (
            not plain
            and len(kept) == 1
            and kept[0][0] == default
            and (count is None or article)
            and not own
        ):
            kept[0] = (role, kept[0][1], kept[0][2])
        else:
            kept.append((role, count, own))
    return [
        (_part_role(reading, default) if role == default and len(kept) == 1 else role, count, own)
        for role, count, own in kept
    ]


def _part_role(reading: Reading, default: str) -> str:
    parts = [part for part in dict.fromkeys(reading.meaning.parts) if part not in {"app"}]
    return parts[0] if len(parts) == 1 and default == "vm" else default


def _apps(reading: Reading, target: Target, cluster: ClusterWish | None) -> list[AppWish]:
    if reading.component is not None:
        family, component = reading.component
        count = next(
            (
                h.count
                for h in reading.heads
                if h.count is not None and not h.driver and not h.article
            ),
            None,
        )
        return [
            AppWish(
                family=family, component=component, count=_whole(count), drivers=reading.drivers
            )
        ]
    lexicon = load(None)
    apps: dict[tuple[str, str | None], AppWish] = {}
    main = [(index, entry) for index, entry in reading.meaning.software]
    for index, entry in main:
        token = reading.tokens[index]
        if cluster is not None and token.has("addon."):
            continue
        key = (entry.family, entry.component)
        if key not in apps:
            apps[key] = AppWish(family=entry.family, component=entry.component)
    if not apps and cluster is None:
        for name in [*reading.meaning.addons]:
            if name in lexicon.addon_families and not any(
                t_.has("addon.traefik") for t_ in reading.tokens
            ):
                apps[(name, None)] = AppWish(family=lexicon.addon_families[name])
    found = _specific(list(apps.values()))
    if len(found) == 1:
        count = next(
            (
                h.count
                for h in reading.heads
                if h.count is not None
                and not h.driver
                and not h.host
                and not h.article
                and h.role in ("node", "vm", "server")
            ),
            None,
        )
        found[0] = found[0].model_copy(
            update={"drivers": dict(reading.drivers), "count": _whole(count)}
        )
    return found


def _whole(count: float | None) -> int | None:
    return int(count) if count is not None and 0 < count < 1e9 else None


def _specific(apps: list[AppWish]) -> list[AppWish]:
    """Drop a family that is only the context of its own component (GitLab and its Gitaly)."""
    named = {app.family for app in apps if app.component is not None}
    return [app for app in apps if app.component is not None or app.family not in named]


def _components(reading: Reading, target: Target) -> tuple[str, ...]:
    if target.kind == "cluster" or reading.component is not None:
        return ()
    found = [entry.family for _, entry in reading.meaning.software]
    found += [
        part for part in reading.meaning.parts if part != "app" or len(reading.meaning.parts) == 1
    ]
    if reading.mentions("addon.traefik"):
        found.append("load-balancer")
    distinct = tuple(dict.fromkeys(found))
    return distinct


def _workload(reading: Reading, target: Target) -> str | None:
    if reading.meaning.workload:
        return reading.meaning.workload
    match = re.search(
        r"\b((?:[a-z]+[ -]){1,3}?)(service|microservice|shop|portal|portail|dienst)\b",
        reading.folded,
    )
    if match and target.kind == "app":
        words = [word for word in re.split(r"[ -]", match.group(1)) if word and word not in _LEAD]
        return " ".join([*words, match.group(2)]) if words else None
    return None


_LEAD = frozenset(
    "a an the our my new deploy create build run need want i we please set up setup for of with un une le"
    " la ein eine der die das fur production prod small large critical host".split()
)


def _deployment(
    reading: Reading, cluster: ClusterWish | None, machines: list[MachineWish]
) -> str | None:
    if cluster is not None:
        return cluster.name
    names = [machine.name for machine in machines if machine.name]
    return names[0] if len(names) == 1 else None


def _hosts(reading: Reading) -> int | None:
    counts = [head.count for head in reading.heads if head.host and head.count]
    return int(counts[0]) if counts and 0 < counts[0] <= 10000 else None


def _contradictions(reading: Reading, verdict: checks.Verdict) -> None:
    for problem in reading.meaning.contradictions:
        verdict.ask("contradiction", f"The request says that {problem}; which is meant?")
    both = set(reading.meaning.addons) & set(reading.meaning.excluded)
    for name in sorted(both):
        verdict.ask(f"addons.{name}", f"{name} is both asked for and declined; which is meant?")


def _addons(
    reading: Reading, request: Request, verdict: checks.Verdict, vocabulary: Vocabulary
) -> None:
    if reading.meaning.ingress_nginx_named and request.cluster is not None:
        verdict.warn(
            "retired",
            "cluster.addons",
            "ingress-nginx was retired in March 2026 and gets no more fixes; traefik is the default.",
        )


def _capacity(request: Request, verdict: checks.Verdict) -> None:
    groups: list[tuple[int, MachineWish]] = []
    for machine in request.machines:
        count = machine.count or 1
        if request.cluster is not None and machine.role == "node" and machine.count is None:
            count = (request.cluster.servers or 0) + (request.cluster.agents or 0) or 1
        groups.append((count, machine))
    checks.check_hosts(verdict, request.hosts, groups)


def _missing(reading: Reading, target: Target, request: Request, verdict: checks.Verdict) -> None:
    if target.conflict is not None:
        verdict.ask(
            "platform",
            f"{target.conflict} do not go together; shall it be a workload in Kubernetes or a"
            " virtual machine?",
        )
        return
    if target.kind is None:
        if (
            reading.injected
            or reading.template
            or reading.mentions("op.")
            and not reading.mentions("off.")
        ):
            verdict.ask(
                "purpose", "What shall be made: a VM, a container, a k3s cluster or named software?"
            )
        else:
            verdict.redirect = True
        return
    if request.operation in {"scale", "resize", "change", "destroy"}:
        named = request.deployment or any(m.name or m.vmid for m in request.machines)
        if not named:
            verdict.ask("name", "Which existing machine or cluster is meant?")
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


def _missing_machine(reading: Reading, request: Request, verdict: checks.Verdict) -> None:
    sized = any(m.cores or m.memory_mib or m.disk_gib or m.relative_to for m in request.machines)
    purpose = bool(
        request.apps
        or reading.meaning.parts
        or request.workload
        or request.drivers
        or request.environment
    )
    if sized or purpose or reading.sizes:
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
