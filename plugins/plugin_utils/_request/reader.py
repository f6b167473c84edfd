# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the stages of reading together: text in, the facts of one sentence out."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Finding
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clean import (
    clean,
    expand_ligatures,
    fold,
    template_syntax,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.drivers import (
    find_drivers,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.entities import (
    Entities,
    extract,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.groups import (
    Head,
    bind,
    find_heads,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.injection import (
    drop_injections,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.language import (
    Language,
    detect,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Vocabulary,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.meaning import (
    Meaning,
    understand,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.sizes import (
    Run,
    Size,
    find_runs,
    find_sizes,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.tokens import (
    Token,
    tokenise,
)


@dataclasses.dataclass
class Reading:
    """Everything that was found in one text, before it becomes a Request."""

    text: str
    language: Language
    tokens: list[Token]
    entities: Entities
    meaning: Meaning
    sizes: list[Size]
    heads: list[Head]
    global_runs: list[Run]
    common_runs: list[Run]
    total_runs: list[Run]
    drivers: dict[str, float]
    levels: dict[str, float | bool | str]
    clusterish: bool
    component: tuple[str, str] | None  # (family, component): size one part of a platform
    findings: list[Finding]
    template: str | None
    injected: tuple[str, ...]

    @property
    def folded(self) -> str:
        """Return the text that was read, folded."""
        return fold(self.text)

    def mentions(self, *concepts: str) -> bool:
        """Tell whether one of the concepts occurs and is not denied."""
        return any(
            token.has(*concepts) and index not in self.meaning.negated
            for index, token in enumerate(self.tokens)
        )

    def counted(self, role: str) -> list[Head]:
        """Return the heads of a role that stand for machines to make."""
        return [h for h in self.heads if h.role == role and not h.host and not h.driver]


_TEMPLATE_CHUNKS = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\$\{.*?\}|%\{.*?\}|\$\(.*?\)|`[^`\n]*`"
)


def scan(text: str, vocabulary: Vocabulary) -> Reading:
    """Read a text into its facts; never raises for any text."""
    cleaned, findings = clean(text)
    language = detect(fold(cleaned))
    template = template_syntax(cleaned)
    kept, injected = drop_injections(expand_ligatures(cleaned))
    lexicon = load(vocabulary)
    entities = extract(kept, lexicon, vocabulary)
    body = _TEMPLATE_CHUNKS.sub(lambda m: " " * len(m.group(0)), entities.text)
    tokens = tokenise(body, language, lexicon)
    meaning = understand(tokens)
    sizes = find_sizes(tokens)
    runs = find_runs(tokens, sizes)
    clusterish = _clusterish(tokens, entities, meaning)
    component = _component(tokens, clusterish)
    sized = {size.number for size in sizes}
    heads = find_heads(tokens, sized, clusterish)
    loads = _loads(tokens, heads, component, meaning)
    everything, common, totals = bind(tokens, runs, [h for h in heads if not h.driver])
    taken = set(sized)
    taken.update(h.number for h in heads if h.number is not None and not h.driver)
    drivers, levels = find_drivers(tokens, taken, loads)
    return Reading(
        text=cleaned,
        language=language,
        tokens=tokens,
        entities=entities,
        meaning=meaning,
        sizes=sizes,
        heads=heads,
        global_runs=everything,
        common_runs=common,
        total_runs=totals,
        drivers=drivers,
        levels=levels,
        clusterish=clusterish,
        component=component,
        findings=list(findings),
        template=template,
        injected=injected,
    )


def _clusterish(tokens: list[Token], entities: Entities, meaning: Meaning) -> bool:
    """Tell whether the sentence is about a Kubernetes cluster at all."""
    names = " ".join(filter(None, [entities.cluster_name, entities.target_name]))
    if re.search(r"\b(?:k3s|k8s|kube|rke2)", names) or entities.version:
        return True
    strong = ("kind.k3s", "kind.k8s", "role.server", "role.worker", "cni.", "word.single_node")
    if any(token.has(*strong) for token in tokens):
        return True
    branded = any(not software.stack for _, software in meaning.software)
    plain_cluster = any(token.has("kind.cluster") for token in tokens) or entities.cluster_name
    if plain_cluster and not branded:
        return True
    machines = any(token.has("kind.vm", "kind.lxc", "kind.server_word") for token in tokens)
    nodes = any(
        token.has("role.node") and not _is_host(tokens, index) for index, token in enumerate(tokens)
    )
    return nodes and not machines and not branded


def _is_host(tokens: list[Token], index: int) -> bool:
    around = [*tokens[max(index - 2, 0) : index], *tokens[index + 1 : index + 3]]
    return any(token.has("word.proxmox", "word.home") for token in around)


_PLATFORMS = {
    "rke2": "rke2",
    "openshift": "openshift",
    "kubeadm": "kubernetes",
    "etcd": "etcd",
}
_SINGULAR = frozenset({"machine", "vm", "node", "host", "box", "member", "server"})


def _component(tokens: list[Token], clusterish: bool) -> tuple[str, str] | None:
    """Tell whether one part of a platform is to be sized: "k3s server for 800 agents".

    The part is the head of the sentence; a cluster appears only after "for", "of", "behind",
    "in", or as a load that it carries.
    """
    folded = " ".join(token.word for token in tokens)
    family = "k3s" if re.search(r"\bk3s\b", folded) else "kubernetes"
    for token in tokens:
        if token.software is not None and token.software.family in _PLATFORMS:
            family = _PLATFORMS[token.software.family]
            break
    datastore = re.search(
        r"\b(?:external|externe?r?|dedicated)\b.{0,24}\b(?:database|datastore|sql|db|datenbank)\b|\bdatastore\b|\bdatabase host\b",
        folded,
    )
    if datastore and clusterish:
        return family, "datastore"
    first = next(
        (
            index
            for index, token in enumerate(tokens)
            if token.has("role.", "kind.cluster", "kind.server_word")
        ),
        None,
    )
    if first is None:
        return None
    head = tokens[first]
    if head.has("kind.cluster") or (head.has("kind.server_word") and not clusterish):
        return None
    if family == "etcd":
        return None
    rest = " ".join(token.word for token in tokens[first + 1 :])
    carries = re.search(
        r"\b(?:joined|carry|carries|manag\w+|connected|standard workload)\b|\bfor (?:a |an |at most |up to |about |roughly )?(?:\w+ ){0,4}(?:cluster|nodes|agents|workers)\b"
        r"|\bfor (?:a |the )?(?:home|lab)\b|\b(?:with|for) \S+ agents\b|\bfor \S+ nodes\b|\bof a kubernetes cluster\b|\bthat only runs\b|\bthat provide\b",
        rest,
    )
    sizing = re.search(
        r"\b(?:smallest|minimum|minimal|bare minimum|vendor)\b", folded
    ) and not re.search(r"\bcluster\b", folded)
    platform = family in {"rke2", "openshift"} and not re.match(
        r".*\bcluster\b", folded[: folded.find(head.word)]
    )
    plain = re.search(r"\bkubeadm\b", folded)
    if not (carries or sizing or platform or plain):
        return None
    if not clusterish and family == "kubernetes":
        return None
    role = (
        "server"
        if head.has("role.server", "kind.server_word")
        else "agent"
        if head.has("role.worker")
        else "server"
    )
    return family, role


def _loads(
    tokens: list[Token], heads: list[Head], component: tuple[str, str] | None, meaning: Meaning
) -> dict[int, str]:
    """Return which role nouns are loads (token index → driver) and mark their heads."""
    loads: dict[int, str] = {}
    software = any(not entry.stack for _, entry in meaning.software)
    carrying = [i for i, token in enumerate(tokens) if token.has("cue.carries")]
    machines_seen = False
    for head in heads:
        token = tokens[head.index]
        driver = _load_name(token)
        contextual = component is not None and machines_seen
        before = tokens[max((head.number or head.index) - 8, 0) : head.index]
        load = any(t.has("cue.carries") for t in before)
        if software and not head.host and component is None:
            load = load or any(
                t.has("cue.for", "cue.of", "kind.cluster") or t.word in {"in", "a"} for t in before
            )
        if driver and (load or (contextual and token.has("role.", "kind.vm"))):
            if component is not None and not machines_seen and not load:
                machines_seen = True
                continue
            head.driver = True
            loads[head.index] = driver
        elif token.has("role.", "kind.server_word", "kind.vm"):
            machines_seen = True
    for index, token in enumerate(tokens):
        if token.has("kind.cluster") and (software or carrying):
            loads.setdefault(index, "clusters")
    return loads


def _load_name(token: Token) -> str:
    if token.has("role.worker"):
        return "agents" if token.word.startswith("agent") else "workers"
    if token.has("role.node"):
        return "nodes"
    if token.has("kind.vm") and token.word in {"machines", "maschinen"}:
        return "nodes"
    return ""


def values(runs: t.Iterable[Run]) -> dict[str, float]:
    """Return the sizes of runs by dimension; an undescribed amount is memory first, then disk."""
    result: dict[str, float] = {}
    for run in runs:
        described = {size.dimension for size in run.sizes}
        for size in run.sizes:
            if size.more:
                continue
            if size.dimension != "bytes":
                result.setdefault(size.dimension, size.value)
            elif (
                "memory_mib" not in result
                and "memory_mib" not in described
                and size.value < 1024**2 * 4
            ):
                result["memory_mib"] = size.value
            else:
                result.setdefault("disk_gib", size.value / 1024)
    return result
