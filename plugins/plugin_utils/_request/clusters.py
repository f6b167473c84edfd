# SPDX-License-Identifier: GPL-3.0-or-later
"""What was said of a Kubernetes cluster: counts, totals with parts, differences, add-ons."""

from __future__ import annotations

import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import checks
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.groups import Head
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.kinds import (
    Target,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.operations import (
    operation_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import (
    Reading,
)


def cluster_wish(reading: Reading, target: Target, verdict: checks.Verdict) -> ClusterWish | None:
    if target.kind != "cluster":
        return None
    corrected = reading.mentions("cue.correction")
    servers = _sum(reading.counted("server"), verdict, "cluster.servers", corrected)
    agents = _sum(reading.counted("agent"), verdict, "cluster.agents", corrected)
    total = _total(reading, verdict)
    _check_shared(reading, servers, agents, total, verdict)
    pair = re.search(r"(?<![\d.])(\d{1,3}) ?\+ ?(\d{1,4})(?![\d.]| ?[a-z]b)", reading.folded)
    if pair is not None and servers is None and agents is None:  # "k3s 3+2"
        servers, agents = int(pair[1]), int(pair[2])
    if reading.meaning.single_node and total in (None, 1):
        servers = 1 if servers is None else servers
        agents = 0 if agents is None else agents
        total = None
    elif total == 1 and servers is None and agents is None:
        servers, agents, total = 1, 0, None
    if total is not None and servers is None and agents is None:
        servers, agents = _all_alike(reading, total)
    rest = next((head for head in reading.heads if head.rest), None)
    if total is not None:
        if rest is not None or any(h.of_them for h in reading.counted("server")):
            agents = total - servers if servers is not None and agents is None else agents
        if any(h.of_them for h in reading.counted("agent")) or (rest and rest.role == "server"):
            servers = total - agents if agents is not None and servers is None else servers
    if reading.meaning.operation == "scale" and servers is None and agents is None:
        servers, agents = _scaled_to(reading)
    more_agents = _counted(reading, "agent")
    delta = _delta(reading, more_agents)
    delta_servers = _delta(reading, [h for h in reading.counted("server") if h.count is not None])
    if delta is None and agents is None and servers is None:
        delta = _delta(reading, _counted(reading, "node"))
        total = None if delta is not None else total
    entities = reading.entities
    name = entities.cluster_name or (entities.names[0] if entities.names else None)
    if name is None and operation_of(reading, target) != "create":
        name = entities.target_name
    k3s = reading.mentions("kind.k3s") or bool(re.search(r"\bk3s", name or ""))
    k3s = k3s or any(token.word.startswith("k3s ") for token in reading.tokens)
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
    checks.check_version(verdict, cluster.version)
    if delta is None and delta_servers is None:
        checks.check_cluster(verdict, cluster, reading.meaning.ha)
    return cluster


def _check_shared(
    reading: Reading,
    servers: int | None,
    agents: int | None,
    total: int | None,
    verdict: checks.Verdict,
) -> None:
    """Ask about "3 masters, 2 of them workers"."""
    shared = any(head.of_them for head in reading.counted("agent"))
    if total is None and servers and agents and shared:
        verdict.ask(
            "cluster.servers",
            f"{agents} of {servers} control planes cannot be workers at the same time; how many of"
            " each shall there be?",
        )


def _scaled_to(reading: Reading) -> tuple[int | None, int | None]:
    """Read "scale the workers of k3s-prod to 10": the number at the end counts the role before."""
    tokens = reading.tokens
    ends = len(tokens) > 2 and tokens[-1].kind == "num" and tokens[-2].has("word.to")
    role = next((h.role for h in reading.heads if h.role in ("server", "agent")), None)
    if not ends or role is None:
        return None, None
    number = int(tokens[-1].value)
    return (number, None) if role == "server" else (None, number)


def _all_alike(reading: Reading, total: int) -> tuple[int | None, int | None]:
    """Read "3 nodes, all of them servers"; workers need a server, so all of them is no answer."""
    heads = [head for head in reading.counted("server") if head.all_of_them]
    return (total, 0) if heads else (None, None)


def _counted(reading: Reading, role: str) -> list[Head]:
    """Return the heads with a number; "remove a worker" and "remove worker" are one."""
    heads = reading.counted(role)
    if reading.meaning.operation in {"add", "remove"} and all(h.count is None for h in heads):
        for head in heads:
            if not reading.tokens[head.index].word.endswith("s"):
                head.count = 1.0
    return [head for head in heads if head.count is not None]


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


def _sum(heads: list[Head], verdict: checks.Verdict, field: str, corrected: bool) -> int | None:
    counts = [head.count for head in heads if head.count is not None and not head.more]
    more = [head.count for head in heads if head.count is not None and head.more]
    chosen = counts or more
    if not chosen:
        return None
    distinct = set(chosen)
    sized = [head for head in heads if head.count is not None and head.runs]
    if len(distinct) > 1 and len(sized) < 2 and not corrected:
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


#: "Scale up by five workers", "um fünf Worker", "de cinq agents".
_BY = frozenset({"by", "um", "de"})


def _delta(reading: Reading, heads: list[Head]) -> int | None:
    """Return how many more or fewer machines are asked for, None when an end state is said."""
    operation = reading.meaning.operation
    existing = reading.following or reading.entities.target_name or reading.entities.cluster_name
    removing = operation in {"remove", "destroy", "smaller"}
    adding = operation == "add" or any(head.more for head in heads)
    by = [reading.tokens[(head.number or head.index) - 1].word for head in heads]
    adding = adding or (operation in {"larger", "scale"} and bool(_BY.intersection(by)))
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
