# SPDX-License-Identifier: GPL-3.0-or-later
"""A reading into a Request: one pure function, and what is refused or asked on its way."""

from __future__ import annotations

import collections
import math
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Finding
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._protection import (
    Backup,
    Keep,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Reading,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ApplicationThing,
    Change,
    ClusterThing,
    Existing,
    Machines,
    MachinesThing,
    Request,
    Thing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._changed import (
    absent,
    changes,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._drafts import (
    CLUSTER,
    ROLES,
    Draft,
    count_of,
    drafts_of,
    drivers_of,
    fields_of,
    is_stack,
    known_families,
    links,
    loads_of,
    name_runners,
    on_one_machine,
    software_of,
    take_shares,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._limits import (
    check,
    without_impossible,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._literals import (
    calendar_event,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import Record
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
)

REDIRECT = (
    "This plans machines, clusters and applications on Proxmox VE. Say what shall run, for how"
    ' many people, and how large if you know, for example "GitLab for 20 developers".'
)


def request(
    reading: Reading,
    vocabulary: Vocabulary,
    previous: Record | None = None,
    *,
    accept: bool = False,
) -> Request:
    """Return the Request of a reading whose account was made.

    ``accept``: what is left over is set aside; a contradiction still stops.
    """
    findings = list(reading.findings)
    questions = list(reading.questions)
    if accept:
        left = [q for q in questions if q.id.startswith("open.")]
        questions = [q for q in questions if q not in left]
        findings += [
            Finding(
                id="reading.left",
                severity="warning",
                field="text",
                message=f'"{q.quote.text if q.quote else q.text}" was not understood; it was left'
                " out as you accepted.",
            )
            for q in left
        ]
        reading = reading.model_copy(update={"accepted": True})
    wanted = _wanted(reading, vocabulary, previous)
    findings += _several_clusters(reading)
    changed, unknown = changes(reading, previous)
    questions += unknown
    missing = absent(changed, previous)
    findings += missing
    wanted = wanted.model_copy(update={"changes": changed, "reading": reading})
    noted, asked = check(wanted, vocabulary, previous)
    findings += noted
    wanted = without_impossible(wanted)
    questions += [q for q in asked if q.text not in {other.text for other in questions}]
    return wanted.model_copy(
        update={
            "questions": tuple(questions),
            "findings": tuple(dict.fromkeys(findings)),
            "answer": _answer(reading, wanted, questions, findings),
            "reply": REDIRECT if reading.off_topic else None,
        }
    )


def _several_clusters(reading: Reading) -> list[Finding]:
    """Refuse several clusters at once, by the words that ask for them."""
    kinds = {
        s.thing
        for s in reading.statements
        if s.topic == "thing" and s.kind == "wish" and s.value in CLUSTER
    }
    return [
        Finding(
            id="cluster.second",
            severity="error",
            field="text",
            message=f'"{s.quote.text}": a deployment holds one cluster; plan each cluster as a'
            " deployment of its own, with -e deployment=NAME.",
        )
        for s in reading.statements
        if s.topic == "count" and s.thing in kinds and not s.about and float(s.value or 0) > 1
    ]


def _answer(
    reading: Reading, wanted: Request, questions: list[Question], findings: list[Finding]
) -> t.Literal["plan", "ask", "refuse", "redirect"]:
    if reading.off_topic:
        return "redirect"
    if any(f.severity == "error" and not f.id.startswith("reading.") for f in findings):
        return "refuse"
    failed = any(f.severity == "error" for f in findings)
    return "ask" if questions or failed else "plan"


def _wanted(reading: Reading, vocabulary: Vocabulary, previous: Record | None) -> Request:
    drafts = drafts_of(reading, known_families(vocabulary))
    environments = {str(s.value) for s in reading.statements if s.topic == "environment"}
    shared = len(environments) == 1 and _all_share(reading, drafts)
    loads: dict[str, float] = collections.defaultdict(float)
    for statement in drivers_of(reading.statements):
        if not statement.thing:
            loads[statement.about] += float(statement.value or 0)
    things = _things(reading, drafts, previous)
    workload = _free(reading, "thing", "workload")
    return Request(
        text=reading.text,
        language=reading.language,
        environment=next(iter(environments)) if shared else None,  # type: ignore[arg-type]
        things=tuple(things),
        exists=tuple(_exists(reading)),
        loads=dict(loads),
        limits=_limits(reading),
        scale=_free(reading, "scale"),
        sla={
            s.about: s.value for s in reading.statements if s.topic == "sla" and s.value is not None
        },
        backups=_backups(reading, vocabulary),
        workload=workload,
        insist=any(s.topic == "whole" and s.about == "insist" for s in reading.statements),
        deployment=next(
            (str(s.value) for s in reading.statements if s.about == "deployment_name"), None
        ),
        destroy=any(s.about == "deployment" and s.verb == "remove" for s in reading.statements),
    )


def _free(reading: Reading, topic: str, about: str = "") -> t.Any:
    """Return what was said of no thing in particular."""
    said = [s for s in reading.statements if s.topic == topic and s.about == about]
    return next((s.value for s in said if s.kind == "wish" and not s.thing), None)


def _limits(reading: Reading) -> dict[t.Any, float]:
    """Return the most that all machines may have together."""
    limits: dict[t.Any, float] = {}
    for s in reading.statements:
        of_all = s.kind == "wish" and not s.thing and s.total and s.bound == "at_most"
        if of_all and s.topic in ("cores", "memory_mib", "disk_gib") and s.value is not None:
            limits[s.topic] = min(float(s.value), limits.get(s.topic, math.inf))
    return limits


def _all_share(reading: Reading, drafts: dict[str, Draft]) -> bool:
    """Tell whether the only environment said is that of every thing."""
    said = [s for s in reading.statements if s.topic == "environment"]
    things = {s.thing for s in said}
    roots = [d for d in drafts.values() if d.whole is None]
    return (
        "" in things
        or len(roots) == 1
        or things >= {d.id for d in roots}
        or (len(said) == 1 and not any(d.whole for d in drafts.values()))
    )


def _things(reading: Reading, drafts: dict[str, Draft], previous: Record | None) -> list[Thing]:
    things: list[Thing] = []
    cluster: dict[str, t.Any] | None = None
    place = 0
    merged = on_one_machine(drafts)
    for draft in drafts.values():
        kinds = {str(value) for value in draft.values("thing")}
        if draft.id in merged:
            continue
        if kinds & set(CLUSTER) or kinds & set(ROLES):
            if cluster is None:
                cluster = {"id": draft.id, "addons": [], "links": links(draft)}
                place = len(things)
            _into_cluster(cluster, draft, kinds)
        elif "application" in kinds:
            things.append(_application(draft))
        else:
            group = _group(draft, drafts, merged, previous)
            if group is not None:
                things.append(group)
    addons = [s for s in reading.statements if s.topic == "addon" and s.kind in ("wish", "exclude")]
    if cluster is None and not things and any(s.kind == "wish" for s in addons):
        cluster = {"id": "t1", "addons": []}
    if cluster is not None:
        things.insert(place, _cluster(reading, cluster, addons))
    return _with_exclusions(reading, things)


def _into_cluster(cluster: dict[str, t.Any], draft: Draft, kinds: set[str]) -> None:
    role = next((ROLES[kind] for kind in ROLES if kind in kinds), None)
    if role is not None:
        whole = draft.whole is not None and draft.whole.parts
        fields = fields_of(draft, sum_of_parts=role != "nodes" or not whole)
        fields["count"] = fields["count"] if role != "nodes" else count_of(draft, plain=True)
        cluster[role] = fields if role not in cluster else {**cluster[role], **_set(fields)}
        if draft.values("whole", "all_nodes"):  # "all three are masters": no agents beside them
            cluster.setdefault("agents", {})["count"] = 0
        for name in ("version", "cni"):
            cluster[name] = cluster.get(name) or next(iter(draft.values(name)), None)
        return
    cluster["id"] = draft.id
    cluster["distribution"] = "k3s" if "k3s" in kinds else cluster.get("distribution", "kubernetes")
    nodes = fields_of(draft)
    names = nodes.pop("names", ())
    nodes["count"] = next((int(v) for v in draft.values("count", "nodes")), None)
    if nodes["count"] == 1:  # a cluster of one node is one server
        cluster.setdefault("servers", {})["count"] = 1
        cluster.setdefault("agents", {})["count"] = 0
    cluster["name"] = names[0] if names else cluster.get("name")
    cluster["ha"] = nodes.pop("ha", None) if nodes.get("ha") is not None else cluster.get("ha")
    scale = nodes.pop("scale", None)
    cluster["workload"] = next(iter(draft.values("thing", "workload")), None)
    for name in ("version", "cni", "vip"):
        cluster[name] = cluster.get(name) or next(iter(draft.values(name)), None)
    cluster["environment"] = nodes.pop("environment")
    cluster["nodes"] = {**cluster.get("nodes", {}), **_set(nodes)}
    if scale is not None:
        cluster["nodes"]["scale"] = scale


def _set(fields: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in fields.items() if value not in (None, (), {})}


def _cluster(reading: Reading, cluster: dict[str, t.Any], addons: list[Statement]) -> ClusterThing:
    wished = [str(s.value) for s in addons if s.kind == "wish"]
    excluded = [str(s.value) for s in addons if s.kind == "exclude"]
    fields = {**_set(cluster), "addons": tuple(dict.fromkeys(wished))}
    fields["addons_excluded"] = tuple(dict.fromkeys(excluded))
    for name in ("version", "cni", "ha", "vip"):
        said = [s for s in reading.statements if s.topic == name and s.kind == "wish"]
        if fields.get(name) is None and said and not said[0].about:
            fields[name] = said[0].value
    if fields.get("workload") is None:
        fields["workload"] = _free(reading, "thing", "workload")
    version = fields.get("version")
    fields["version"] = str(version).removeprefix("v") if version else None
    environments = {str(s.value) for s in reading.statements if s.topic == "environment"}
    if len(environments) < 2:
        fields.pop("environment", None)
    return ClusterThing.model_validate(fields)


def _group(
    draft: Draft,
    drafts: dict[str, Draft],
    merged: dict[str, str],
    previous: Record | None,
) -> MachinesThing | None:
    """Return the machines of a draft; None when all of them are things of their own."""
    together = [drafts[i] for i, other in merged.items() if other == draft.id]
    count = count_of(draft)
    if count == 0 and draft.parts:
        return None
    fields = fields_of(draft)
    for other in together:
        fields["software"] = (*fields["software"], *software_of(other))
    fields["count"] = count if count is not None else fields["count"]
    take_shares(draft, drafts, fields, previous)
    name_runners(drafts, fields)
    return MachinesThing.model_validate({"id": draft.id, "links": links(draft), **fields})


def _application(draft: Draft) -> Thing:
    families = [str(s.value) for s in draft.own if s.topic == "software"]
    stack = tuple(family for family in families if is_stack(family))
    image = next((str(v) for v in draft.values("image")), None)
    in_cluster = image is not None or bool(draft.said("port"))
    if not in_cluster and "kubernetes" not in draft.values("link", "uses"):
        fields = fields_of(draft)
        purpose = ", ".join(stack) or None
        fields |= {"part": fields["part"] or "app", "purpose": purpose}
        return MachinesThing.model_validate({"id": draft.id, "links": links(draft), **fields})
    return ApplicationThing(
        id=draft.id,
        name=next(iter(draft.values("name")), None),
        image=image,
        port=next(iter(draft.values("port")), None),
        replicas=count_of(draft),
        stack=stack,
        software=software_of(draft),
        loads=loads_of(draft, None),
        links=links(draft),
    )


def _with_exclusions(reading: Reading, things: list[Thing]) -> list[Thing]:
    """Keep things off the nodes that were excluded."""
    off = [s for s in reading.statements if s.kind == "exclude" and s.topic == "node"]
    if not off:
        return things
    result: list[Thing] = []
    for thing in things:
        names = tuple(dict.fromkeys(str(s.value) for s in off if s.thing in ("", thing.id)))
        if isinstance(thing, ClusterThing):
            nodes = thing.nodes.model_copy(update={"not_nodes": names})
            result.append(thing.model_copy(update={"nodes": nodes}))
        elif isinstance(thing, MachinesThing):
            result.append(thing.model_copy(update={"not_nodes": names}))
        else:
            result.append(thing)
    return result


def _exists(reading: Reading) -> t.Iterator[Existing]:
    groups: dict[str, list[Statement]] = collections.defaultdict(list)
    for statement in reading.statements:
        if statement.kind == "exists":
            groups[statement.thing].append(statement)
    for group in groups.values():
        named = [str(s.value) for s in group if s.topic in ("software", "thing") and s.value]
        sizes = {s.about: s.value for s in group if s.topic == "hardware" and s.about}
        count = next((s.value for s in group if s.topic == "count"), None)
        whole = max((s.quote.text for s in group), key=len)
        hosts = not named or named[0] in ("host", "hardware", "server_word", "node")
        said: dict[str, t.Any] = {
            name: int(sizes[name] or 0)
            for name in ("cores", "memory_mib", "disk_gib")
            if name in sizes
        }
        said["count"] = int(count) if count is not None else None
        yield Existing(what="host" if hosts else named[0], said=whole, **said)


def _backups(reading: Reading, vocabulary: Vocabulary) -> tuple[Backup, ...]:
    """Return the backup job that was said, where its storage is clear."""
    said = [s for s in reading.statements if s.topic == "backup" and s.kind == "wish"]
    rhythms = [s for s in said if s.about == "schedule"]
    made_for = [s for s in vocabulary.storages if "backup" in s.lower() or "pbs" in s.lower()]
    if not rhythms or len(made_for) != 1:
        return ()
    keep = next((_keep(str(s.value)) for s in said if s.about == "keep"), Keep())
    event = calendar_event(str(rhythms[0].value or ""))
    return (Backup(name="said", storage=made_for[0], schedule=event, keep=keep),)


def _keep(words: str) -> Keep:
    number = int("".join(c for c in words if c.isdigit()) or 0)
    unit = words.lstrip("0123456789 ")
    if number < 1:
        return Keep()
    if unit[:3] in ("mon", "moi"):
        return Keep(monthly=number)
    return Keep(weekly=number) if unit[:1] in "ws" else Keep(daily=number)


__all__ = ["Change", "Machines", "request"]
