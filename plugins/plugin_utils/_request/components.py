# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests for one part of a platform ("a k3s server for 800 agents") and what loads it."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.checks import (
    MAX_MACHINES,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.groups import Head
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.meaning import (
    Meaning,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.tokens import Token


@dataclasses.dataclass(frozen=True)
class Component:
    """A part of a platform; ``component`` None means the software as a whole."""

    family: str
    component: str | None
    index: int  # token index of the noun, -1 when the part is not a role of the cluster


_PLATFORMS = {"rke2": "rke2", "openshift": "openshift", "kubeadm": "kubernetes"}
_DATABASE = r"(?:database|datastore|sql|db|datenbank|base de donnees)"
_EXTERNAL = r"(?:external|externe[rsn]?|dedicated|dedizierte[rsn]?|dediee?)"
_SQL = r"(?:mysql|mariadb|postgresql|postgres|sql)"
_MACHINE = r"(?:host|machine|server|rechner|vm)"
_ARTICLE = r"(?:the |a |an |my |our |its |den |einen )?"
_DATASTORE = re.compile(
    rf"\b{_EXTERNAL}\b.{{0,24}}\b{_DATABASE}\b"
    rf"|\bdatastore\b|\bdatabase {_MACHINE}\b.{{0,24}}\bcluster\b"
    rf"|\bcluster ?: {_ARTICLE}(?:sql )?(?:database|datenbank)"
    rf"|\b(?:database|datenbank|db)[ -]?{_MACHINE}? (?:for|of|behind|fur|von)"
    rf" {_ARTICLE}(?:k3s|rancher|rke2)\b"
    rf"|\b{_SQL} (?:{_MACHINE} |serveur )?{_EXTERNAL} (?:for|pour|fur)\b"
    rf"|\b{_EXTERNAL} (?:\S+ )?{_SQL}"
    rf" (?:{_MACHINE} |database )?(?:for|fur|pour) {_ARTICLE}(?:k3s|k8s|rancher)\b"
)
_CARRIES = re.compile(
    r"\b(?:size|how (?:big|much|large|many cores)|wie gross|quelle taille)\b"
    r".{0,24}\b(?:servers?|nodes?|machines?|masters?|serveur|knoten)\b"
    r"|\b(?:hang(?:en|t)?|angebunden|angeschlossen|verbunden|raccordes?|rattaches?)\b"
    r"|\b(?:joined|carry|carries|manag(?:e|es|ed|ing)|connected|standard workload|verwaltet|gere)\b"
    r"|\b(?:for|pour|fur) (?:\S+ ){0,5}?(?:clusters?|nodes|agents|workers|knoten|noeuds)\b"
    r"|\b(?:for|pour|fur) (?:a |an |the |une? |eine? )?(?:home|lab|homelab)\b"
    r"|\bof (?:an?|the|my|our) (?:\w+ )?cluster\b|\bthat (?:only runs|provides?|exceeds)\b"
)
_SMALLEST = re.compile(
    r"\b(?:smallest|minimum|minimal|bare minimum|vendor|kleinste[rsn]?|plus petite?)\b"
)


def find_component(
    tokens: list[Token], clusterish: bool, meaning: Meaning, sized: bool
) -> Component | None:
    """Return the part of a platform that is to be sized, None when something else is asked.

    The part is the head of the sentence; a cluster appears only as what it serves. ``sized``:
    sizes were said, so machines are asked for.
    """
    said = " ".join(token.word for token in tokens)
    named = [entry.family for _at, entry in meaning.software]
    platform = next((_PLATFORMS[name] for name in named if name in _PLATFORMS), None)
    family = platform or ("k3s" if re.search(r"\bk3s\b", said) else "kubernetes")
    own = {*_PLATFORMS, "etcd"} if platform else set(_PLATFORMS)
    others = [entry for _at, entry in meaning.software if entry.family not in own]
    aliased = [e.family for _at, e in meaning.software if e.component == "datastore"]
    if aliased:
        return Component(aliased[0], "datastore", -1)
    if clusterish and _DATASTORE.search(said):
        kept = [entry for entry in others if not (entry.stack or entry.store)]
        served = kept[0].family if kept else family
        return Component(served, "datastore", -1)
    index = next(
        (
            position
            for position, token in enumerate(tokens)
            if token.has("role.", "kind.cluster", "kind.server_word")
        ),
        None,
    )
    if index is None or tokens[index].has("kind.cluster"):
        return None
    first = min((at for at, entry in meaning.software if entry in others), default=len(tokens))
    other_asked = platform is None and (sized or not clusterish)
    if other_asked or first < index or not _is_sized_alone(tokens, index, said, platform):
        return None
    worker = tokens[index].has("role.worker")
    if others and worker:
        return Component(others[0].family, others[0].component, index)
    return Component(family, "agent" if worker else "server", index)


def _is_sized_alone(tokens: list[Token], index: int, said: str, platform: str | None) -> bool:
    """Tell whether the sentence sizes the role itself instead of asking for a cluster."""
    before = " ".join(token.word for token in tokens[:index])
    after = " ".join(token.word for token in tokens[index + 1 :])
    if re.search(r"\bcluster\b", before):
        return False
    if _CARRIES.search(after):
        return True
    later = tokens[index + 1 :]
    if platform is not None or _estimates(later, rough=not _counted(tokens, index)):
        return True
    return bool(_SMALLEST.search(said)) and "cluster" not in said


def _estimates(tokens: list[Token], *, rough: bool) -> bool:
    """Tell whether machines are counted beyond what can be ordered, or roughly: they exist."""
    for index, token in enumerate(tokens):
        following = tokens[index + 1 : index + 3]
        if token.kind != "num" or not any(t.has("role.worker", "role.node") for t in following):
            continue
        about = index > 0 and tokens[index - 1].has("cue.about", "cue.about.")
        if (about and rough) or token.value > MAX_MACHINES:
            return True
    return False


def find_loads(
    tokens: list[Token],
    heads: list[Head],
    component: Component | None,
    meaning: Meaning,
    *,
    clusterish: bool,
) -> dict[int, str]:
    """Mark the nouns that are loads of what is asked for, not machines to make.

    Returns token index of the noun → driver, for nodes, agents, workers and clusters.
    """
    brands = [index for index, entry in meaning.software if not entry.stack]
    carrying = any(token.has("cue.carries") for token in tokens)
    loads: dict[int, str] = {
        index: "clusters"
        for index, token in enumerate(tokens)
        if token.has("kind.cluster") and (brands or carrying or component is not None)
    }
    many = any(_counted(tokens, index) for index in loads) or any(
        token.driver == "clusters" for token in tokens
    )
    for head in heads:
        name = _load_name(tokens[head.index]) or _watched(tokens, head, clusterish)
        if not name or head.host:
            continue
        if component is not None:
            load = _loads_component(tokens, head, component)
        else:
            load = _after_carrying(tokens, head) or any(
                _serves(tokens, brand, head) for brand in brands if brand < head.index
            )
            load = load or (many and bool(brands) and head.count is not None)
            load = load or name == "devices"
            load = load or (bool(brands) and not clusterish and _crowd(tokens, head, brands))
        if load:
            head.driver = True
            loads[head.index] = name
    return loads


def _watched(tokens: list[Token], head: Head, clusterish: bool) -> str:
    """Read "monitoring for 200 servers": machines that are there and are looked after."""
    if clusterish or head.count is None or head.number is None or head.number < 2:
        return ""
    if not tokens[head.index].has("kind."):
        return ""
    before = tokens[: head.number - 1]
    subject = any(t.software or t.has("addon.", "part.") for t in before)
    plural = tokens[head.index].word.endswith(("s", "n"))
    return "devices" if subject and plural and tokens[head.number - 1].has("cue.for") else ""


def _crowd(tokens: list[Token], head: Head, brands: list[int]) -> bool:
    """Tell whether the noun counts who uses a software: its agents, members, thousands of nodes."""
    if head.count is None or head.index - 1 in brands or head.index + 1 in brands:
        return False
    between = tokens[head.number or head.index : head.index]
    if any(token.software for token in between):
        return False
    noun = tokens[head.index]
    people = noun.has("role.worker") or noun.word.startswith("member")
    clustered = any(
        t.has("kind.cluster") or (t.software and t.software.kind == "vm") for t in tokens
    )
    if noun.word.startswith("member") and clustered:
        return False
    return people or head.count > MAX_MACHINES


def _counted(tokens: list[Token], index: int) -> bool:
    return any(token.kind == "num" for token in tokens[max(index - 2, 0) : index])


def _load_name(token: Token) -> str:
    if token.word.startswith("member"):
        return "users"
    if token.has("role.worker"):
        return "agents" if token.word.startswith("agent") else "workers"
    if token.has("role.node") or token.word in {"machines", "maschinen", "hosts"}:
        return "nodes"
    return ""


def _loads_component(tokens: list[Token], head: Head, component: Component) -> bool:
    """Every other role is a load; the first noun itself is the machine that is sized."""
    if head.index == component.index:
        return False
    agent = tokens[head.index].has("role.worker")
    return head.count is not None and not (agent and component.component == "agent")


def _after_carrying(tokens: list[Token], head: Head) -> bool:
    start = (head.number if head.number is not None else head.index) - 4
    return any(token.has("cue.carries") for token in tokens[max(start, 0) : head.index])


def _serves(tokens: list[Token], brand: int, head: Head) -> bool:
    """Tell whether "for/in/behind/of a … cluster" or "for 80 nodes" leads to the noun."""
    for at in range(brand + 1, head.index):
        token = tokens[at]
        if not (token.has("cue.for", "cue.behind") or token.word in {"in", "dans", "im"}):
            continue
        way = tokens[at + 1 : head.index + 2]
        cluster = any(t.has("kind.cluster", "kind.k8s", "kind.k3s") for t in way)
        passed = ("cue.about", "cue.about.", "kind.k8s", "kind.k3s")
        direct = all(
            t.kind == "num" or t.has(*passed) or t.word == "-" for t in tokens[at + 1 : head.index]
        )
        if cluster or direct:
            return True
    return False
