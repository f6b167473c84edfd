# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model gets to see: the sentence and numbers with opaque ids, nothing else of the site."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Plan,
    Request,
    Site,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterThing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._redact import redact
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import clean

MAX_PROMPT_BYTES = 24_576
MAX_SENTENCE = 4096
MAX_ROWS = 32
MAX_FINDINGS = 24
MAX_MESSAGE = 300
#: Number words of a group whose value has its reason in the request.
NUMBERS = ("count", "cores", "memory_mib", "disk_gib")
_ADDRESS = re.compile(
    r"\b(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?\b"
    r"|(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:/\d{1,3})?(?![\w:])",
    re.IGNORECASE,
)
_LINK = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+|\b[\w.+-]+@[\w-]+\.[\w.-]+", re.IGNORECASE)


@dataclass(frozen=True)
class GroupDraft:
    """A group of equal machines of the rules' draft under its opaque id."""

    id: str
    name: str
    role: str
    numbers: dict[str, int]
    said: tuple[str, ...]


def groups_of(plan: Plan, roles: t.Collection[str]) -> list[GroupDraft]:
    """Return the groups of a plan in order; a role that is no word of ours becomes 'machine'."""
    members: dict[str, list[t.Any]] = {}
    for machine in plan.machines:
        members.setdefault(machine.group, []).append(machine)
    found = []
    for index, (name, machines) in enumerate(members.items(), start=1):
        first = machines[0]
        numbers = {
            "count": len(machines),
            "cores": first.cores * first.sockets,
            "memory_mib": first.memory_mib,
            "disk_gib": first.disks[0].size_gib,
        }
        said = tuple(w.field for w in first.why if w.source == "explicit" and w.field in NUMBERS)
        role = first.role if first.role in roles else "machine"
        found.append(GroupDraft(f"g{index}", name, role, numbers, said))
    return found


class Aliases:
    """Replaces what belongs to the site by opaque ids, in any text."""

    def __init__(
        self,
        site: Site,
        snapshot: Snapshot | None,
        plan: Plan,
        groups: t.Sequence[GroupDraft],
        *,
        words: t.Collection[str],
        secrets: t.Iterable[str] = (),
    ) -> None:
        self.secrets = tuple(secrets)
        nodes, held = set(site.nodes), set(_storages(site))
        if snapshot is not None:
            nodes |= {node.name for node in snapshot.nodes}
            held |= {state.storage for state in snapshot.storages}
        self.nodes = {name: f"n{index}" for index, name in enumerate(sorted(nodes), start=1)}
        self.storages = {name: f"s{index}" for index, name in enumerate(sorted(held), start=1)}
        own = {**self.storages, **self.nodes}
        others = dict.fromkeys(_others(site, snapshot), "x")
        planned = {**dict.fromkeys((plan.deployment, *(m.name for m in plan.machines)), "x")}
        named = {group.name: group.id for group in groups}
        self._all = _Replacer({**others, **planned, **own, **named})
        # A guest may be called "web"; in the sentence that is a word and no name.
        names = {name: alias for name, alias in others.items() if not name.isalpha()}
        self._foreign = _Replacer(
            {n: alias for n, alias in {**names, **own}.items() if n.lower() not in words}
        )

    def sentence(self, text: str) -> str:
        """Return the person's sentence; words of the field stay although a guest has that name."""
        return self._clean(self._foreign(text))[:MAX_SENTENCE]

    def message(self, text: str) -> str:
        """Return the text of a finding."""
        return self._clean(self._all(text))[:MAX_MESSAGE]

    def _clean(self, text: str) -> str:
        text = _LINK.sub("a link", redact(text, self.secrets))
        return _ADDRESS.sub("an address", text)


class _Replacer:
    def __init__(self, names: t.Mapping[str, str]) -> None:
        self.names = {name.lower(): alias for name, alias in names.items() if name}
        parts = sorted(map(re.escape, self.names), key=len, reverse=True)
        self.pattern = re.compile(
            rf"(?<![\w-])(?:{'|'.join(parts)})(?![\w-])" if parts else r"(?!)", re.IGNORECASE
        )

    def __call__(self, text: str) -> str:
        return self.pattern.sub(lambda found: self.names.get(found.group().lower(), "x"), text)


def _storages(site: Site) -> t.Iterator[str]:
    purposes = site.storages
    for name in (purposes.default, purposes.fast, purposes.cloud_init, purposes.containers):
        if name:
            yield name


def _others(site: Site, snapshot: Snapshot | None) -> t.Iterator[str]:
    """Yield names of the site that are neither nodes nor storages."""
    yield from (site.name, site.owner, site.network.bridge, site.pool or "", site.user or "")
    yield from (site.template.name or "", site.lxc_template or "", site.iso or "")
    yield from (site.network.search_domain or "", *site.tags)
    if snapshot is not None:
        yield re.sub(r"^\w+://|[:/].*$", "", snapshot.source.endpoint)
        yield snapshot.cluster or ""
        yield from (guest.name for guest in snapshot.guests)
        yield from (tag for guest in snapshot.guests for tag in guest.tags)
        yield from (bridge.name for bridge in snapshot.bridges)
        yield from snapshot.pools


def room(snapshot: Snapshot | None, aliases: Aliases) -> dict[str, t.Any]:
    """Return what is free on nodes and storages, by opaque id."""
    if snapshot is None:
        return {"nodes": [], "storages": []}
    nodes = [
        {
            "id": aliases.nodes[node.name],
            "cpus": node.cpus,
            "memory_mib": node.memory_mib,
            "memory_free_mib": max(
                0, node.memory_mib - max(node.memory_used_mib, node.committed_memory_mib)
            ),
        }
        for node in snapshot.nodes
        if node.online and not node.maintenance
    ]
    free: dict[str, float] = {}
    for state in snapshot.storages:
        name = aliases.storages[state.storage]
        free[name] = max(free.get(name, 0.0), state.available_gib)
    storages = [{"id": name, "free_gib": int(gib)} for name, gib in sorted(free.items())]
    return {"nodes": nodes[:MAX_ROWS], "storages": storages[:MAX_ROWS]}


def all_loads(request: Request) -> dict[str, float]:
    """Return every load that was said, of whatever thing."""
    loads = dict(request.loads)
    for thing in request.things:
        if not isinstance(thing, ClusterThing):
            for software in thing.software:
                loads = {**software.loads, **loads}
            loads = {**thing.loads, **loads}
    return loads


def build_prompt(
    request: Request,
    aliases: Aliases,
    body: t.Mapping[str, t.Any],
    findings: t.Iterable[Finding],
) -> str:
    """Return the prompt: one JSON document of at most ``MAX_PROMPT_BYTES``."""
    sentence = clean(request.text).body
    document: dict[str, t.Any] = {
        "request": aliases.sentence(" ".join(sentence.split())),
        "environment": request.environment or "not said",
        "loads": dict(sorted(all_loads(request).items())),
        **body,
        "findings": [
            {
                "id": finding.id,
                "severity": finding.severity,
                "field": aliases.message(finding.field.replace(".", " . ")).replace(" . ", "."),
                "message": aliases.message(finding.message),
            }
            for finding in list(findings)[:MAX_FINDINGS]
        ],
    }
    text = json.dumps(document, ensure_ascii=False, sort_keys=True)
    for part in ("families", "nodes", "storages", "findings"):
        if len(text.encode()) <= MAX_PROMPT_BYTES:
            break
        if isinstance(document.get(part), list):
            document[part] = document[part][: MAX_ROWS // 8]
        text = json.dumps(document, ensure_ascii=False, sort_keys=True)
    return text
