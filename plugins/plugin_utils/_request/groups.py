# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of machines ("3 masters", "five 4-core workers") and which sizes belong to them."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import numerals
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.sizes import (
    Run,
    negative,
    skip,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.tokens import Token

CLUSTER_ROLES = ("server", "agent", "node")


@dataclasses.dataclass
class Head:
    """A noun that stands for machines. ``count`` is None when no number was said."""

    role: str
    index: int
    end: int
    count: float | None = None
    rest: bool = False  # "the rest workers"
    host: bool = False  # Proxmox nodes that exist, not machines to make
    small: bool = False  # hosts that are small computers
    of_them: bool = False  # part of a total that was said
    total: bool = False
    all_of_them: bool = False  # "3 nodes, all of them servers"
    more: int = 0
    driver: bool = False  # a load ("that carries 800 agents"), not machines to make
    article: bool = False
    elliptic: bool = False  # "one with …", "the second with …": no noun of its own
    beside: bool = False  # a machine beside the cluster, not a part of it
    family: str | None = None  # the software that it is for
    runs: list[Run] = dataclasses.field(default_factory=list)
    number: int | None = None
    name: str | None = None  # "web-01 with 2 cores and db-01 with 4"


_ROLES = {
    "role.server": "server",
    "role.worker": "agent",
    "role.node": "node",
    "kind.vm": "vm",
    "kind.lxc": "container",
    "kind.dockerhost": "vm",
    "kind.server_word": "vm",
    "kind.instance": "vm",
    "kind.host": "vm",
    "word.small_host": "vm",
}


_NONE = frozenset({"no", "without", "zero", "sans", "ohne", "kein", "keine", "keinen", "aucun"})
_SECOND = frozenset({"second", "a second", "zweiter", "zweite", "zweiten", "deuxieme"})
_ANOTHER = frozenset({"another", "autre", "weiteren", "weiterer", "zusatzlichen"})


def role_of(token: Token, cluster: bool) -> str | None:
    """Return the role that a noun stands for; "server" is a k3s role only in a cluster."""
    if token.concept == "kind.server_word" and cluster:
        return "server"
    if token.concept.startswith("part."):
        name = token.concept.partition(".")[2]
        return {"database": "database", "web": "web"}.get(name, name)
    if token.concept == "addon.traefik" and "balanc" in token.word and not cluster:
        return "load-balancer"
    if token.concept == "addon.traefik" and "proxy" in token.word and not cluster:
        return "proxy"
    return _ROLES.get(token.concept)


def find_heads(tokens: list[Token], sized: set[int], cluster: bool) -> list[Head]:
    """Return the groups in order; ``sized`` holds the indexes of numbers that are sizes."""
    heads: list[Head] = []
    for index, token in enumerate(tokens):
        if token.has("word.home_host") and any(
            t.word in {"on", "auf", "sur"} for t in tokens[max(index - 3, 0) : index]
        ):
            heads.append(Head("vm", index, index + 1, count=1.0, host=True, small=True))
            continue
        role = role_of(token, cluster)
        alone = _is_beside(tokens, index) if cluster else _is_machine(tokens, index, sized)
        if role is None and alone:
            role = "software"
        if role is None:
            grouped = _bare_group(tokens, index, sized) or _named(tokens, index, cluster)
            grouped = grouped or (None if cluster else _counted_noun(tokens, index, sized))
            if grouped is None and not cluster and heads:
                grouped = _elliptic(tokens, index, sized, heads[-1])
            if grouped is not None:
                heads.append(grouped)
            continue
        if heads and heads[-1].elliptic and token.has("part.") and index - heads[-1].end <= 2:
            heads[-1].role, heads[-1].end = role, index + 1
            continue
        head = Head(role, index, index + 1)
        if token.software is not None and role == "software":
            head.role = head.family = token.software.family
        _count(tokens, head, sized)
        _cues(tokens, head)
        if heads and _same_noun(heads[-1], head, tokens):
            previous = heads[-1]
            if previous.role in {"vm", "container"} or head.role not in {"vm", "container"}:
                previous.role = head.role if previous.role in {"vm"} else previous.role
            previous.end = head.end
            previous.count = previous.count if previous.count is not None else head.count
            continue
        heads.append(head)
    _count_last(tokens, heads, sized)
    return _listed(tokens, _resolve_subsets(tokens, heads, sized))


def _listed(tokens: list[Token], heads: list[Head]) -> list[Head]:
    """Drop the sum in "4 VMs: two web servers, one database and one redis"."""
    if len(heads) < 3 or heads[0].role != "vm" or heads[0].count is None:
        return heads
    following = tokens[heads[0].end] if heads[0].end < len(tokens) else None
    listed = [head.count or 1 for head in heads[1:]]
    opened = following is not None and following.word in {":", "(", "-", ","}
    return heads[1:] if opened and sum(listed) == heads[0].count else heads


def _count_last(tokens: list[Token], heads: list[Head], sized: set[int]) -> None:
    """Read "agents with 8 GB, 3 of them": the number at the end counts the last noun."""
    if len(tokens) < 2 or not heads or not tokens[-1].has("word.of_them"):
        return
    number = tokens[-2]
    counted = number.kind == "num" and len(tokens) - 2 not in sized
    if counted and heads[-1].count is None:
        heads[-1].count, heads[-1].number = number.value, heads[-1].index


_MACHINE_NAME = re.compile(r"[a-z][a-z0-9]*-[a-z0-9-]*\d|[a-z]{2,}\d{1,3}")


def _named(tokens: list[Token], index: int, cluster: bool) -> Head | None:
    """Read a name that sizes follow ("db-01 with 4 cores", "db-01 (4 cores)") as a machine."""
    token = tokens[index]
    known = token.kind != "word" or token.concept or token.driver or token.software
    if cluster or known or not _MACHINE_NAME.fullmatch(token.word) or index + 1 >= len(tokens):
        return None
    following = tokens[index + 1]
    if not (following.has("cue.with") or following.word in {":", "(", "="}):
        return None
    return Head("vm", index, index + 1, count=1.0, name=token.word, number=index, article=True)


def _is_machine(tokens: list[Token], index: int, sized: set[int]) -> bool:
    """Tell whether a name of software is the noun of a machine of its own ("one mariadb with 16
    GB"): other software is named as well, a number or an article stands before, sizes follow."""
    token = tokens[index]
    families = {t.software.family for t in tokens if t.software and not t.software.stack}
    others = len(families) > 1 or any(t.has("part.") for t in tokens if t is not token)
    if token.software is None or token.software.stack or not others or index == 0:
        return False
    following = tokens[index + 1 : index + 4]
    nouns = ("kind.", "part.", "role.")
    if following and (following[0].has(*nouns) or following[0].software is not None):
        return False
    before = tokens[index - 1]
    counted = before.word in numerals.ARTICLES or (
        before.kind == "num" and index - 1 not in sized and before.value <= 50
    )
    sizes = any(index + 1 + at in sized for at in range(len(following)))
    opened = before.has("cue.and", "op.create") or before.word in {",", ":", "+"}
    return counted or (sizes and opened)


def _counted_noun(tokens: list[Token], index: int, sized: set[int]) -> Head | None:
    """Read an unknown noun with a number and sizes ("5 load generators with 8 cores")."""
    token, end = tokens[index], index + 1
    if token.kind != "num" or index in sized or not 2 <= token.value <= 1000:
        return None
    while end < len(tokens) and tokens[end].kind == "word" and not _means(tokens[end]):
        end += 1
    nouns = 0 < end - index - 1 <= 3 and tokens[end - 1].word.endswith("s")
    linked = end + 1 < len(tokens) and tokens[end].has("cue.with")
    if not nouns or not linked or not sized & {end + 1, end + 2}:
        return None
    return Head("vm", end - 1, end, count=token.value, number=index)


def _means(token: Token) -> bool:
    return bool(token.concept or token.driver or token.software or token.mib is not None)


def _is_beside(tokens: list[Token], index: int) -> bool:
    """Tell whether software beside a cluster has a machine ("a separate NFS server")."""
    token = tokens[index]
    if token.software is None or token.software.stack or token.has("addon."):
        return False
    lead = tokens[max(index - 2, 0) : index]
    return token.word.endswith(("server", "serveur")) or any(t.has("word.separate") for t in lead)


def _elliptic(tokens: list[Token], index: int, sized: set[int], before: Head) -> Head | None:
    """Read "one with PostgreSQL", "the second with 8 GB" after a noun for machines."""
    token = tokens[index]
    article = token.word in numerals.ARTICLES - {"a", "an"}
    counted = article or (token.kind == "num" and token.value <= 50 and index not in sized)
    if not (counted or token.has("word.first", "word.second")) or index + 1 >= len(tokens):
        return None
    following = tokens[index + 1]
    if not (following.has("cue.with", "cue.for") or following.word in {"(", ":"}):
        return None
    role = before.role if before.role in ("vm", "container") else "vm"
    head = Head(role, index, index + 1, number=index, elliptic=True, article=not counted)
    head.count = token.value if token.kind == "num" else 1.0
    software = next((t.software for t in tokens[index + 2 : index + 4] if t.software), None)
    head.family = software.family if software else None
    return head


def _bare_group(tokens: list[Token], index: int, sized: set[int]) -> Head | None:
    """Read "3x(4c/8g)" and "3 x 4c/8g" without a noun, and "cluster of 5"."""
    token = tokens[index]
    if token.kind == "num" and index not in sized and index + 2 < len(tokens):
        times = tokens[index + 1]
        after = skip(tokens, index + 2, 1, words="( [")
        if times.word in {"x", "*", "mal"} and after in sized:
            closing = after
            while closing < len(tokens) and closing - after < 14:
                if tokens[closing].has("role.", "kind.vm", "kind.lxc", "part."):
                    return None
                if tokens[closing].word in {",", ";", ")"} or tokens[closing].has("cue.and"):
                    nxt = tokens[closing + 1] if closing + 1 < len(tokens) else None
                    if (
                        tokens[closing].word == ")"
                        and nxt is not None
                        and nxt.has("role.", "kind.vm", "kind.lxc")
                    ):
                        return None
                    break
                closing += 1
            return Head("node", index, index + 1, count=token.value, number=index)
    if token.kind == "num" and index not in sized and index >= 2:
        of, cluster = tokens[index - 1], tokens[index - 2]
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        ends = following is None or following.kind == "mark" or following.has("cue.")
        if of.has("cue.of", "rel.as") and cluster.has("kind.cluster") and ends:
            return Head("node", index, index + 1, count=token.value, number=index)
    return None


def _same_noun(previous: Head, head: Head, tokens: list[Token]) -> bool:
    """Tell whether both nouns name one thing: "web VM", "worker node machines", "node VMs"."""
    gap = tokens[previous.end : head.index]
    counted = head.count is not None and head.number != previous.number
    return not counted and (not gap or (len(gap) == 1 and gap[0].word == "-"))


def _count(tokens: list[Token], head: Head, sized: set[int]) -> None:
    """Find the number of a noun before it (over sizes and adjectives) or after a colon."""
    index, unknown = head.index - 1, 0
    while index >= 0 and head.index - index < 12:
        token = tokens[index]
        if token.kind == "num" and index not in sized:
            head.count, head.number = token.value, index
            if negative(tokens, index):
                head.count = -token.value
            return
        if token.has("cue.not") and token.word in _NONE and index == head.index - 1:
            if head.role in ("server", "agent"):
                head.count, head.number = 0.0, index
            return
        if token.word in _ANOTHER or (token.word in _SECOND and index == head.index - 1):
            head.count, head.number, head.more = 1.0, index, 1
            return
        if (
            index in sized
            or token.mib is not None
            or token.has("unit.core", "noun.memory", "noun.disk", "unit.gpu")
        ):
            index -= 1
            continue
        if token.has("word.rest"):
            head.rest = True
            return
        if token.word in numerals.ARTICLES and not _place(tokens, index):
            head.count, head.article = 1.0, True
            head.number = index
            return
        if not _transparent(token):
            unknown += 1
            stops = token.kind == "mark" or token.concept or token.driver
            if stops or unknown > 2:
                break
        if token.has("word.of_them") and unknown:
            break
        index -= 1
    _count_after(tokens, head, sized)


def _place(tokens: list[Token], index: int) -> bool:
    """Tell whether a German dative article says where ("in einem Cluster"), not how many."""
    listed = index > 0 and tokens[index - 1].has("cue.with", "cue.and")
    return tokens[index].word in {"einer", "einem"} and not listed


def _transparent(token: Token) -> bool:
    """Tell whether a number may stand before this token and still count the noun after it."""
    return (
        token.word
        in {"-", "x", "/", "(", ")", "*", "of", "the", "les", "die", "der", "'", '"', "+"}
        or token.word in {"are", "being", "sind", "sont", "run", "runs", "act", "as"}
        or token.has(
            "size.",
            "env.",
            "word.more",
            "word.of_them",
            "word.ha",
            "kind.k3s",
            "kind.k8s",
            "word.existing",
            "word.proxmox",
            "part.",
            "tendency.",
            "cue.carries",
            "word.separate",
            "addon.traefik",
        )
        or token.software is not None
    )


def _count_after(tokens: list[Token], head: Head, sized: set[int]) -> None:
    at = head.end
    if at < len(tokens) and tokens[at].word in {":", "=", "x"}:
        at += 1
        negative = at < len(tokens) and tokens[at].word == "-"
        at += negative
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        ends = (
            following is None or following.kind == "mark" or following.has("cue.", "word.", "noun.")
        )
        if at < len(tokens) and tokens[at].kind == "num" and at not in sized and ends:
            head.count = -tokens[at].value if negative else tokens[at].value
            head.number = at


def _cues(tokens: list[Token], head: Head) -> None:
    start = head.number if head.number is not None else head.index
    before = tokens[max(start - 3, 0) : start]
    inside = tokens[start : head.index]
    after = tokens[head.end : head.end + 3]
    head.of_them = any(token.has("word.of_them") for token in [*before[-2:], *inside])
    head.all_of_them = head.count is None and any(
        token.has("word.all_of_them") for token in [*before, *inside]
    )
    head.total = any(token.has("word.total") for token in [*before, *inside, *after[:2]])
    if any(token.has("word.more") for token in [*before[-1:], *inside, *after[:1]]):
        head.more = 1
    head.small = tokens[head.index].has("word.small_host")
    proxmox = any(token.has("word.proxmox", "word.home") for token in [*inside, *after[:2]])
    place = any(
        token.word
        in {"on", "auf", "sur", "my", "our", "meinem", "mon", "unserem", "notre", "meinen", "mes"}
        for token in before
    )
    at_home = any(token.has("word.home", "word.proxmox") for token in before)
    noun = tokens[head.index]
    made = head.count is not None and (not before or before[-1].has("op.create"))
    made = made and bool(after) and after[0].has("cue.with")  # "4 desktops with 8 GB each"
    named_host = noun.has("kind.host") and (at_home or (place and head.count is not None))
    of_proxmox = head.role in {"node", "vm"} and proxmox
    upon = any(token.word in {"on", "auf", "sur"} for token in tokens[max(start - 4, 0) : start])
    of_proxmox = of_proxmox or (head.role == "node" and at_home and place and upon)
    if (
        named_host
        or (head.small and not made)
        or (of_proxmox and (place or noun.has("role.node", "kind.host")))
    ):
        head.host = True


def _resolve_subsets(tokens: list[Token], heads: list[Head], sized: set[int]) -> list[Head]:
    """Read "3 of the 8 nodes are control planes": the 3 belongs to the next uncounted role."""
    for position, head in enumerate(heads):
        if head.role != "node" or head.number is None:
            continue
        at = skip(tokens, head.number - 1, -1, "cue.of", "rel.as", words="the of les des den der")
        if at < head.number - 1 and at >= 0 and tokens[at].kind == "num" and at not in sized:
            following = next(
                (h for h in heads[position + 1 :] if h.role in {"server", "agent"}), None
            )
            if following is not None and following.count is None:
                following.count, following.of_them, following.number = tokens[at].value, True, at
    return heads
