# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the stages of reading together: text in, the facts of one sentence out."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.binding import (
    bind,
    has_each,
    of_every_node,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clean import (
    clean,
    expand_ligatures,
    fold,
    template_syntax,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.components import (
    Component,
    find_component,
    find_loads,
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
    Lexicon,
    Vocabulary,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.meaning import (
    Meaning,
    understand,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.relations import (
    bind_parts,
    set_apart,
    size_by_others,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.sizes import (
    Run,
    Size,
    describe,
    find_runs,
    find_sizes,
    values,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.tokens import (
    Token,
    tokenise,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.typos import repair
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.unknown import (
    Name,
    unknown_software,
    unread_extras,
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
    taken: set[int]  # indexes of the numbers that mean something
    drivers: dict[str, float]
    exceeded: frozenset[str]  # drivers that lie above their number
    levels: dict[str, float | bool | str]
    clusterish: bool
    following: bool  # a follow-up that speaks of an earlier request
    component: Component | None  # one part of a platform is to be sized
    unknown: Name | None  # software that is asked for and that no word list holds
    unread: list[Name]  # extras that were not understood
    lexicon: Lexicon
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
        made = [h for h in self.heads if not (h.host or h.driver or h.beside)]
        return [h for h in made if h.role == role]


_TEMPLATE_CHUNKS = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\$\{.*?\}|%\{.*?\}|\$\(.*?\)|`[^`\n]*`"
)


def scan(text: str, vocabulary: Vocabulary, previous: Request | None = None) -> Reading:
    """Read a text into its facts; never raises for any text.

    ``previous`` is what a follow-up speaks of: after a cluster, "servers" are its servers.
    """
    cleaned, findings = clean(text)
    language = detect(fold(cleaned))
    template = template_syntax(cleaned)
    kept, injected = drop_injections(expand_ligatures(cleaned))
    lexicon = load(vocabulary)
    hidden = _hidden_names(cleaned, injected)
    entities = extract(repair(kept, lexicon), lexicon, vocabulary)
    entities.bad_names += hidden
    body = _TEMPLATE_CHUNKS.sub(lambda m: " " * len(m.group(0)), entities.text)
    tokens = tokenise(body, language, lexicon)
    _members(tokens)
    meaning = understand(tokens)
    sizes = find_sizes(tokens)
    if meaning.operation not in ("create", "add") or previous is not None:
        describe(tokens, sizes)
    runs = find_runs(tokens, sizes)
    after_cluster = previous is not None and previous.kind == "cluster"
    clusterish = after_cluster or _clusterish(tokens, entities, meaning)
    component = None if previous else find_component(tokens, clusterish, meaning, bool(sizes))
    sized = {size.number for size in sizes}
    heads = bind_parts(tokens, find_heads(tokens, sized, clusterish))
    told = (component, meaning.software, meaning.parts, meaning.workload, meaning.addons, previous)
    unknown = None if clusterish or any(told) else unknown_software(tokens)
    if clusterish and component is None and previous is None:
        set_apart(tokens, heads)
        _leave_apart(tokens, heads, meaning)
    loads = find_loads(tokens, heads, component, meaning, clusterish=clusterish)
    shares = _user_shares(tokens, runs, heads)
    runs = [run for run in runs if run not in shares]
    everything, common, totals = bind(tokens, runs, [h for h in heads if not h.driver])
    size_by_others(tokens, heads)
    taken = set(sized)
    taken.update(h.number for h in heads if h.number is not None and not h.driver)
    drivers, levels, exceeded = find_drivers(tokens, taken, loads)
    for run in shares:
        drivers.update({f"{name}_per_user": value for name, value in values([run]).items()})
    if meaning.software and component is None and sum(bool(h.runs) for h in heads) < 2:
        _logical_cores(tokens, sizes, drivers)
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
        taken=taken,
        drivers=drivers,
        exceeded=exceeded,
        levels=levels,
        clusterish=clusterish,
        following=previous is not None,
        component=component,
        unknown=unknown,
        unread=[name for name in unread_extras(tokens) if name != unknown],
        lexicon=lexicon,
        findings=list(findings),
        template=template,
        injected=injected,
    )


def _members(tokens: list[Token]) -> None:
    """Read "our club, 120 members" as people: members without a cluster are no machines."""
    clustered = ("kind.cluster", "kind.k3s", "kind.k8s", "role.server", "role.worker")
    if any(token.has(*clustered) or token.software for token in tokens):
        return
    for token in tokens:
        if token.has("role.node") and token.word.startswith("memb"):
            token.concept, token.driver = "", "users"


def _hidden_names(text: str, injected: tuple[str, ...]) -> list[str]:
    """Return orders that stand where a name belongs (``named "web; rm -rf /"``)."""
    cue = re.compile(r"\b(?:named|called|name|namens|nommee?)\s*[:=]?\s*$")
    return [clause for clause in injected if cue.search(fold(text[: text.find(clause)]))]


def _clusterish(tokens: list[Token], entities: Entities, meaning: Meaning) -> bool:
    """Tell whether the sentence is about a Kubernetes cluster at all."""
    names = " ".join(filter(None, [entities.cluster_name, entities.target_name]))
    if re.search(r"\b(?:k3s|k8s|kube|rke2)", names) or entities.version:
        return True
    strong = ("kind.k3s", "kind.k8s", "role.server", "cni.", "word.single_node")
    everything = tokens
    tokens = [token for i, token in enumerate(tokens) if i not in meaning.negated]
    if any(token.has(*strong) for token in tokens):
        return True
    cluster = next(
        (i for i, token in enumerate(everything) if token.has("kind.cluster")), len(everything)
    )
    # "cluster with rancher" names an add-on, "rancher for 150 clusters" a software.
    many = any(token.driver == "clusters" for token in everything)
    branded = any(
        not software.stack and (many or not (at > cluster and everything[at].has("addon.")))
        for at, software in meaning.software
    )
    leads = cluster < min((at for at, _entry in meaning.software), default=len(everything))
    workers = any(token.has("role.worker") for token in tokens)
    if workers and (not branded or (leads and not many)):
        return True
    parts = [i for i, t in enumerate(everything) if i and t.has("kind.cluster")]
    if parts and all(everything[i - 1].has("part.") for i in parts) and not workers:
        return False  # "a database cluster with 3 nodes"
    plain_cluster = any(token.has("kind.cluster") for token in tokens) or entities.cluster_name
    if plain_cluster and not branded:
        return True
    machines = any(token.has("kind.vm", "kind.lxc", "kind.server_word") for token in tokens)
    nodes = any(
        token.has("role.node") and not _is_host(tokens, index) for index, token in enumerate(tokens)
    )
    return nodes and not machines and not branded


def _leave_apart(tokens: list[Token], heads: list[Head], meaning: Meaning) -> None:
    """Take what runs on a machine beside the cluster out of what the cluster shall run."""
    beside = {
        index
        for head in heads
        if head.beside
        for index in range(max((head.number or head.index), head.index - 4), head.end + 4)
    }
    if not beside or not any(token.has("kind.cluster", "kind.k3s", "kind.k8s") for token in tokens):
        for head in heads:
            head.beside = False
        return
    meaning.software = [pair for pair in meaning.software if pair[0] not in beside]
    for name in list(meaning.addons):
        at = {i for i, token in enumerate(tokens) if token.concept == f"addon.{name}"}
        if at and at <= beside:
            meaning.addons.remove(name)


STORE_PARTS = ("part.database", "part.cache", "part.queue")


def describes_store(reading: Reading, index: int) -> bool:
    """Tell whether a part is only a word for the software beside it ("PostgreSQL database")."""
    stores = [at for at, entry in reading.meaning.software if entry.store]
    return any(abs(index - at) <= 3 for at in stores)


def _user_shares(tokens: list[Token], runs: list[Run], heads: list[Head]) -> list[Run]:
    """Return the sizes that each user gets ("30 students, one gigabyte each")."""
    shares: list[Run] = []
    for run in runs:
        if not has_each(tokens, run) or of_every_node(tokens, run):
            continue
        people = [i for i, token in enumerate(tokens[: run.start]) if "users" in token.driver]
        machines = [head.index for head in heads if head.index < run.start]
        per = [
            i for i, token in enumerate(tokens[run.end : run.end + 3]) if "users" in token.driver
        ]
        if per or (people and people[-1] > max(machines, default=-1)):
            shares.append(run)
    return shares


def _logical_cores(tokens: list[Token], sizes: list[Size], drivers: dict[str, float]) -> None:
    for size in sizes:
        if size.dimension == "cores" and not size.more:
            drivers["cores"] = size.value
            if any(token.word.startswith("logical") for token in tokens[size.start : size.end]):
                drivers["lcores"] = size.value


def _is_host(tokens: list[Token], index: int) -> bool:
    around = [*tokens[max(index - 2, 0) : index], *tokens[index + 1 : index + 3]]
    return any(token.has("word.proxmox", "word.home") for token in around)
