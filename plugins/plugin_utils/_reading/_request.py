# SPDX-License-Identifier: GPL-3.0-or-later
"""A reading into a Request: one pure function, and what is refused or asked on its way."""

from __future__ import annotations

import collections
import dataclasses
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
    Link,
    Machines,
    MachinesThing,
    Request,
    Software,
    Source,
    Thing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._changed import (
    absent,
    changes,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load
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

_KINDS = {"vm": "vm", "container": "lxc"}
_CLUSTER = {"cluster": "kubernetes", "kubernetes": "kubernetes", "k3s": "k3s"}
_ROLES = {"server": "servers", "agent": "agents", "node": "nodes"}
_NUMBERS = ("count", "cores", "memory_mib", "disk_gib")
_PLAIN = ("gateway", "bridge", "vlan", "pool", "storage", "os", "gpu", "scale", "ha")
_LISTS = {"name": "names", "vmid": "vmids", "address": "addresses", "node": "nodes"}
_LISTS |= {"dns_server": "dns_servers", "tag": "tags", "data_disk_gib": "data_disks_gib"}

REDIRECT = (
    "This plans machines, clusters and applications on Proxmox VE. Say what shall run, for how"
    ' many people, and how large if you know, for example "GitLab for 20 developers".'
)


@dataclasses.dataclass
class _Draft:
    """The statements of one thing, and those of the sum that it is a part of."""

    id: str
    own: list[Statement]
    known: frozenset[str] = frozenset()  # families that the knowledge or the words hold
    whole: _Draft | None = None
    parts: float = 0  # how many of it are things of their own

    def said(self, topic: str, about: str = "") -> list[Statement]:
        """Return what was said of a topic; of the sum when nothing was said of the part."""
        own = [s for s in self.own if s.topic == topic and s.about == about]
        inherited = topic not in ("name", "vmid", "count", "link", "address")
        if own or self.whole is None or not inherited:
            return own
        return self.whole.said(topic, about)

    def values(self, topic: str, about: str = "") -> list[t.Any]:
        """Return the values of a topic."""
        return [s.value for s in self.said(topic, about)]


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
        if s.topic == "thing" and s.kind == "wish" and s.value in _CLUSTER
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
    drafts = _drafts(reading, _known(vocabulary))
    environments = {str(s.value) for s in reading.statements if s.topic == "environment"}
    shared = len(environments) == 1 and _all_share(reading, drafts)
    loads: dict[str, float] = collections.defaultdict(float)
    for statement in reading.statements:
        if statement.kind == "load" and statement.topic == "driver" and not statement.thing:
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


def _all_share(reading: Reading, drafts: dict[str, _Draft]) -> bool:
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


def _drafts(reading: Reading, known: frozenset[str]) -> dict[str, _Draft]:
    drafts: dict[str, _Draft] = {}
    for statement in reading.statements:
        mine = statement.kind == "wish" or (statement.kind == "load" and statement.thing)
        if mine and statement.thing:
            draft = drafts.setdefault(statement.thing, _Draft(statement.thing, [], known))
            draft.own.append(statement)
    for draft in drafts.values():
        for link in draft.values("link", "part_of"):
            draft.whole = drafts.get(str(link))
    for draft in drafts.values():
        if draft.whole is not None:
            draft.whole.parts += float((draft.values("count") or [1])[0] or 0)
    return drafts


def _things(reading: Reading, drafts: dict[str, _Draft], previous: Record | None) -> list[Thing]:
    things: list[Thing] = []
    cluster: dict[str, t.Any] | None = None
    place = 0
    merged = _merged(drafts)
    for draft in drafts.values():
        kinds = {str(value) for value in draft.values("thing")}
        if draft.id in merged:
            continue
        if kinds & set(_CLUSTER) or kinds & set(_ROLES):
            if cluster is None:
                cluster = {"id": draft.id, "addons": [], "links": _links(draft)}
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


def _merged(drafts: dict[str, _Draft]) -> dict[str, str]:
    """Return the things that run on the machine of another one."""
    return {
        draft.id: str(link)
        for draft in drafts.values()
        for link in draft.values("link", "same_machine")
        if str(link) in drafts
    }


def _links(draft: _Draft) -> tuple[Link, ...]:
    return tuple(
        Link(how=s.about, thing=str(s.value))  # type: ignore[arg-type]
        for s in draft.own
        if s.topic == "link" and s.about in ("beside", "in_front_of", "uses")
    )


def _into_cluster(cluster: dict[str, t.Any], draft: _Draft, kinds: set[str]) -> None:
    role = next((_ROLES[kind] for kind in _ROLES if kind in kinds), None)
    if role is not None:
        whole = draft.whole is not None and draft.whole.parts
        fields = _fields(draft, sum_of_parts=role != "nodes" or not whole)
        fields["count"] = fields["count"] if role != "nodes" else _count(draft, plain=True)
        cluster[role] = fields if role not in cluster else {**cluster[role], **_set(fields)}
        if draft.values("whole", "all_nodes"):  # "all three are masters": no agents beside them
            cluster.setdefault("agents", {})["count"] = 0
        for name in ("version", "cni"):
            cluster[name] = cluster.get(name) or next(iter(draft.values(name)), None)
        return
    cluster["id"] = draft.id
    cluster["distribution"] = "k3s" if "k3s" in kinds else cluster.get("distribution", "kubernetes")
    nodes = _fields(draft)
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
    draft: _Draft,
    drafts: dict[str, _Draft],
    merged: dict[str, str],
    previous: Record | None,
) -> MachinesThing | None:
    """Return the machines of a draft; None when all of them are things of their own."""
    together = [drafts[i] for i, other in merged.items() if other == draft.id]
    count = _count(draft)
    if count == 0 and draft.parts:
        return None
    fields = _fields(draft)
    for other in together:
        fields["software"] = (*fields["software"], *_software(other))
    fields["count"] = count if count is not None else fields["count"]
    _times(draft, drafts, fields, previous)
    _runners(drafts, fields)
    return MachinesThing.model_validate({"id": draft.id, "links": _links(draft), **fields})


def _times(
    draft: _Draft,
    drafts: dict[str, _Draft],
    fields: dict[str, t.Any],
    previous: Record | None,
) -> None:
    """Take sizes that were said as a share of those of another thing, or of one that is there."""
    for statement in draft.own:
        if statement.verb != "multiply":
            continue
        other = drafts.get(statement.about)
        group = previous.group_of(statement.about) if previous else None
        theirs = _fields(other) if other else group.sizes if group else {}
        for topic in _NUMBERS[1:] if statement.topic == "whole" else (statement.topic,):
            if fields[topic] is None and theirs.get(topic) is not None:
                fields[topic] = max(1, int(theirs[topic] * float(statement.value or 1)))
        if group is not None and group.software and not fields["software"]:
            fields["software"] = (Software(family=group.software),)


def _runners(drafts: dict[str, _Draft], fields: dict[str, t.Any]) -> None:
    """Say whose runners or build agents machines are."""
    if fields["part"] != "runner" or fields["software"]:
        return
    listed = load("software.yml")["runners"]
    said = [s for draft in drafts.values() for s in draft.own if s.topic == "software"]
    for family in dict.fromkeys(str(s.value) for s in said):
        if family in listed:
            name, component = listed[family]
            fields["software"] = (Software(family=name, component=component),)
            return


def _count(draft: _Draft, *, plain: bool = False) -> int | None:
    """Return how many machines a draft is, those taken out as things of their own left out."""
    said = draft.said("count")
    if not said or said[0].value is None:
        return None
    return int(float(said[0].value) - (0 if plain else draft.parts))


def _fields(draft: _Draft, *, sum_of_parts: bool = True) -> dict[str, t.Any]:
    """Return the fields of ``Machines`` that a draft says."""
    kinds = [str(value) for value in draft.values("thing")]
    said = [k for k in kinds if k not in {*_KINDS, *_CLUSTER, *_ROLES, "application"}]
    parts = [k for k in said if k in _parts()]
    fields: dict[str, t.Any] = {
        "kind": next((_KINDS[k] for k in reversed(kinds) if k in _KINDS), None),
        "part": parts[0] if parts else None,
        "purpose": next((k for k in said if k not in parts), None),
        "software": _software(draft),
        "count": _count(draft, plain=not sum_of_parts),
        "bounds": {},
        "totals": {},
    }
    for topic in _NUMBERS[1:]:
        _number(draft, topic, fields)
    for name in _PLAIN:
        fields[name] = next(iter(draft.values(name)), None)
    for topic, name in _LISTS.items():
        fields[name] = tuple(dict.fromkeys(draft.values(topic)))
    fields["nodes"] = tuple(dict.fromkeys(s.value for s in draft.said("node") if s.kind == "wish"))
    fields["environment"] = next(iter(draft.values("environment")), None)
    fields["source"] = _source(draft)
    fields["loads"] = {} if fields["software"] else _loads(draft, None)
    if fields["count"] is None and len(fields["names"]) > 1:
        fields["count"] = len(fields["names"])
    return fields


def _number(draft: _Draft, topic: str, fields: dict[str, t.Any]) -> None:
    """Set a size, its bound and its total; a further disk is a data disk."""
    for statement in draft.said(topic):
        if statement.value is None or statement.verb == "multiply":
            continue
        value = float(statement.value)
        if statement.total:
            fields["totals"][topic] = value
        elif fields.get(topic) is None or fields["bounds"].get(topic, "exact") != "exact":
            fields[topic] = int(value) if value >= 1 else value
            fields["bounds"].pop(topic, None)
            if statement.bound != "exact":
                fields["bounds"][topic] = statement.bound
    fields.setdefault(topic, None)
    if isinstance(fields[topic], float) and fields[topic] < 1:
        fields[topic] = 0


def _software(draft: _Draft) -> tuple[Software, ...]:
    said = [s for s in draft.own if s.topic == "software"]  # whichever part of it is meant
    said = said or ([s for s in draft.whole.own if s.topic == "software"] if draft.whole else [])
    families = dict.fromkeys((str(s.value), s.about or None) for s in said)
    found = []
    for words, component in families:
        if _stack(words):
            continue
        family = _by_its_id(words, draft.known)
        loads = _loads(draft, family, component) if len(families) == 1 else {}
        version = next((str(v) for v in draft.values("version")), None)
        known = family in draft.known
        found.append(
            Software(family=family, component=component, known=known, loads=loads, version=version)
        )
    if len(found) > 1:
        found[0] = found[0].model_copy(update={"loads": _loads(draft, found[0].family)})
    return tuple(found)


def _by_its_id(words: str, known: frozenset[str]) -> str:
    """Return the family whose name is an everyday word, where the word stands for software."""
    name = words.lower().replace(" ", "-")
    return name if name in known else words


def _known(vocabulary: Vocabulary) -> frozenset[str]:
    return vocabulary.words.families


def _parts() -> frozenset[str]:
    concepts = load("words.yml")["concepts"]
    return frozenset(name[5:] for name in concepts if name.startswith("part."))


def _stack(family: str) -> bool:
    return family in load("software.yml")["stacks"]


def _loads(draft: _Draft, family: str | None, component: str | None = None) -> dict[str, float]:
    """Return the loads of a draft by the names that the knowledge of the family has for them."""
    renamed = load("software.yml")["renamed_loads"]
    names = {**renamed.get(family, {}), **renamed.get(f"{family}.{component}", {})}
    loads: dict[str, float] = {}
    for statement in draft.own:
        if statement.kind == "load" and statement.topic == "driver":
            name = names.get(statement.about, statement.about)
            loads[name] = loads.get(name, 0.0) + float(statement.value or 0)
    return loads


def _source(draft: _Draft) -> Source | None:
    for statement in draft.said("template") + draft.said("template", "lxc"):
        value = str(statement.value)
        lxc = statement.about == "lxc"
        if value.lstrip("-").isdigit():
            return Source(type="template", vmid=int(value))
        return Source(type="lxc_template" if lxc else "template", name=value)
    for topic in ("iso", "image"):
        for value in draft.values(topic):
            return Source(type=topic, name=str(value))  # type: ignore[arg-type]
    return None


def _application(draft: _Draft) -> Thing:
    families = [str(s.value) for s in draft.own if s.topic == "software"]
    stack = tuple(family for family in families if _stack(family))
    image = next((str(v) for v in draft.values("image")), None)
    in_cluster = image is not None or bool(draft.said("port"))
    if not in_cluster and "kubernetes" not in draft.values("link", "uses"):
        fields = _fields(draft)
        purpose = ", ".join(stack) or None
        fields |= {"part": fields["part"] or "app", "purpose": purpose}
        return MachinesThing.model_validate({"id": draft.id, "links": _links(draft), **fields})
    return ApplicationThing(
        id=draft.id,
        name=next(iter(draft.values("name")), None),
        image=image,
        port=next(iter(draft.values("port")), None),
        replicas=_count(draft),
        stack=stack,
        software=_software(draft),
        loads=_loads(draft, None),
        links=_links(draft),
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
