# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens into chunks: things with their counts, sizes, loads, literals, flags and cues."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._loads import (
    Load,
    load_at,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sizes import (
    Size,
    size_at,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token

Kind = t.Literal["head", "size", "load", "literal", "flag", "number", "name", "cue", "word", "mark"]
GENERIC = frozenset({"vm", "lxc", "server_word", "dockerhost", "host"})
_ROLES = {"role.server": "server", "role.agent": "agent", "role.node": "node"}
_KINDS = {
    "thing.vm": "vm",
    "thing.lxc": "lxc",
    "thing.server_word": "server_word",
    "thing.host": "host",
    "thing.hardware": "hardware",
    "thing.cluster": "cluster",
    "thing.k3s": "k3s",
    "thing.k8s": "k8s",
    "thing.dockerhost": "dockerhost",
}
_FLAGS = (
    *("env.", "ha", "scale.", "cni.", "work.", "set.", "unset."),
    *("word.zero_downtime", "word.single_node"),
)
#: Names or ids of a row that are written out; nobody means more, and a person is asked.
MAX_NAMES = 1000


@dataclasses.dataclass
class Chunk:
    """A stretch of tokens with one meaning.

    ``what``: of a head "vm", "lxc", "cluster", "k3s", "k8s", "server", "agent", "node",
    "part.web" … or "" (software alone); of a flag or cue its concept; of a literal its topic.
    """

    kind: Kind
    start: int
    end: int
    what: str = ""
    value: t.Any = None
    software: list[tuple[Token, int]] = dataclasses.field(default_factory=list)
    count: float | None = None
    count_at: tuple[int, int] | None = None  # tokens of the number
    size: Size | None = None
    load: Load | None = None
    plural: bool = False
    vague: bool = False  # "several VMs"
    definite: bool = False
    more: bool = False
    nodes: float | None = None  # "5 node cluster"
    clustered: bool = False  # "postgres cluster"
    others: list[tuple[int, int]] = dataclasses.field(default_factory=list)  # "k3s HA *cluster*"

    def has(self, *concepts: str) -> bool:
        """Tell whether a flag or cue is one of these."""
        return self.kind in ("flag", "cue") and any(
            self.what.startswith(name) if name.endswith(".") else self.what == name
            for name in concepts
        )

    def role(self) -> bool:
        """Tell whether the head is a part of a Kubernetes cluster."""
        return self.kind == "head" and self.what in ("server", "agent", "node")

    def is_lone_node(self) -> bool:
        """Tell whether the head is one node ("a node with 2 cores"): a machine, and no cluster."""
        return self.what == "node" and not self.plural and self.count in (None, 1)

    def generic(self) -> bool:
        """Tell whether the head says nothing of what it is for."""
        return self.kind == "head" and self.what in GENERIC and not self.software


def chunks(tokens: list[Token]) -> list[Chunk]:
    """Return the chunks of tokens; heads have their counts, phrases are joined."""
    found: list[Chunk] = []
    index = 0
    while index < len(tokens):
        chunk = _chunk_at(tokens, index, _taken(found))
        while found and found[-1].start >= chunk.start:  # a noun before its number
            found.pop()
        found.append(chunk)
        index = chunk.end
    return _counted(_joined(tokens, _named_in_a_row(tokens, found)), tokens)


def is_repeated(found: t.Sequence[Chunk], place: int) -> bool:
    """Tell whether a factor behind software says how often it is wished ("Pi-hole twice, …")."""
    if not found[place].has("rel.twice", "rel.triple") or place == 0:
        return False
    before, after = found[place - 1], found[place + 1 : place + 2]
    named = before.kind == "head" and bool(before.software) and before.count is None
    return named and all(c.kind == "mark" or c.has("cue.for", "cue.with") for c in after)


def names_between(first: str, last: str) -> tuple[str, ...]:
    """Return the names from one to another ("web1" to "web4"); none when they are no range.

    A range of millions is not written out: no more than one name above ``MAX_NAMES``.
    """
    low, high = (re.fullmatch(r"(.*?)(\d+)", name) for name in (first, last))
    if low is None or high is None or high[1] not in ("", low[1]):
        return ()
    begin = int(low[2])
    end = min(int(high[2]), begin + MAX_NAMES)
    width = len(low[2])
    return tuple(f"{low[1]}{number:0{width}d}" for number in range(begin, end + 1))


def names_in_braces(text: str) -> tuple[str, ...]:
    """Return the names of "web{1,2}" and "web{1..3}"; none where there are no braces."""
    found = re.fullmatch(r"([\w-]+)\{(\d+)(?:\.\.(\d+)|((?:,\d+)+))\}", text)
    if found is None:
        return ()
    stem, first, last, listed = found.groups()
    if last is not None:
        return names_between(f"{stem}{first}", f"{stem}{last}")
    return tuple(f"{stem}{number}" for number in (first, *listed[1:].split(",")))


def ids_said(text: str) -> tuple[int, ...]:
    """Return the ids of "210-212" or "ids 210 to 212", or the one id."""
    ends = re.findall(r"(?<!\d)-?\d+", text)
    return tuple(map(int, names_between(*ends) if len(ends) == 2 else ends))


def _named_in_a_row(tokens: list[Token], found: list[Chunk]) -> list[Chunk]:
    """Join "web1 to web4" to one chunk whose value is all of the names."""
    result: list[Chunk] = []
    for chunk in found:
        first = result[-2] if len(result) > 1 else None
        between = result[-1] if result else None
        named = first is not None and (first.kind == "name" or first.what == "name")
        ends = chunk.kind in ("name", "number") or chunk.what == "name"
        if named and ends and first is not None and between is not None:
            word = " ".join(token.word for token in tokens[between.start : between.end])
            value = tokens[chunk.start].word if chunk.kind == "number" else str(chunk.value)
            names = names_between(str(first.value).lower(), value.lower())
            if len(names) > 1 and (
                word in function_words()["through"] or (word == "-" and not first.what)
            ):
                first.value, first.end, first.kind, first.what = names, chunk.end, "name", ""
                result.pop()
                continue
        result.append(chunk)
    return result


def _chunk_at(tokens: list[Token], index: int, taken: int) -> Chunk:
    token = tokens[index]
    if token.literal is not None:
        topic = token.literal.topic
        return Chunk("literal", index, index + 1, topic, token.literal.value)
    loaded = load_at(tokens, index)
    if loaded is not None:
        start = index if loaded.start is None else loaded.start
        return Chunk("load", start, loaded.end, loaded.driver, loaded.value, load=loaded)
    size = size_at(tokens, index, taken)
    if size is not None:
        return Chunk("size", size.start, size.end, size.topic, size.value, size=size)
    ahead = index + 1
    while ahead + 1 < len(tokens) and tokens[ahead].has("scale."):
        ahead += 1  # "eine kleine für …"
    following = tokens[ahead] if ahead < len(tokens) else None
    leads = following is not None and (
        following.has("cue.for", "cue.with", "word.of_them", "cue.more")
        or following.of("of_size")
        or following.of("likes")
    )
    pronoun = leads and token.of("ones")
    if token.kind == "num" or pronoun:
        return Chunk("number", index, index + 1, value=token.value or 1.0)
    return _word(tokens, index)


def _taken(found: list[Chunk]) -> int:
    """Return the index behind the last chunk that a size may take no word from."""
    ends = (c.end for c in reversed(found) if c.kind not in ("cue", "mark", "word", "number"))
    return next(ends, 0)


def _word(tokens: list[Token], index: int) -> Chunk:
    token = tokens[index]
    definite = index > 0 and tokens[index - 1].of("pointing")
    definite = definite or token.word.split()[0] in function_words()["pointing"]  # "la base"
    either = token.of("either_number")
    several = index > 0 and tokens[index - 1].kind == "num" and tokens[index - 1].value > 1
    plural = (definite or several) if either else _is_plural(token.word)
    if token.software is not None and not token.has("work.", "addon.longhorn.x"):
        head = Chunk("head", index, index + 1, definite=definite)
        head.software = [(token, index)]
        if token.has("part."):
            head.what = ""
        return head
    if describes(tokens, index):
        return Chunk("word", index, index + 1, token.word)
    if token.concept in _ROLES or token.concept in _KINDS or token.has("part."):
        what = _ROLES.get(token.concept) or _KINDS.get(token.concept) or token.concept
        return Chunk("head", index, index + 1, what, plural=plural, definite=definite)
    kind: Kind = "word"
    what = token.concept or token.word
    value: str | tuple[str, ...] | None = None
    if token.has("addon.", *_FLAGS):
        kind = "flag"
        value = token.concept.partition(".")[2] or token.concept
    elif token.concept:
        kind, value = "cue", token.word
    elif token.name:
        kind, what, value = "name", "", names_in_braces(token.word) or token.word
    elif token.kind == "mark":
        kind = "mark"
    return Chunk(kind, index, index + 1, what, value)


def describes(tokens: t.Sequence[Token], index: int) -> bool:
    """Tell whether a word is only the first part of an unknown compound ("agent-packages")."""
    hyphen = tokens[index + 1 : index + 3]
    joined = len(hyphen) == 2 and hyphen[0].word == "-" and hyphen[0].glued and hyphen[1].glued
    known = joined and (hyphen[1].concept or hyphen[1].software or hyphen[1].kind != "word")
    return joined and not known and tokens[index].has("role.", "thing.", "unit.", "noun.")


def _is_plural(word: str) -> bool:
    """Tell whether a noun has an ending that its singular has not ("VMs", and not "VPS")."""
    known = _nouns()
    return any(word.removesuffix(end) in known - {word} for end in ("s", "es", "en", "n", "ern"))


@functools.lru_cache(maxsize=1)
def _nouns() -> frozenset[str]:
    concepts = load("words.yml")["concepts"]
    named = [e["words"] for c, e in concepts.items() if c.startswith(("thing.", "role.", "part."))]
    return frozenset(str(word) for words in named for word in words)


def _joined(tokens: list[Token], found: list[Chunk]) -> list[Chunk]:
    """Join nouns that stand together ("PostgreSQL VM", "k3s HA cluster", "postgres cluster")."""
    result: list[Chunk] = []
    for chunk in found:
        last = _last_head(result)
        if chunk.kind == "head" and last is not None and _merge(tokens, last, chunk):
            if result[-1] is last or chunk.start - last.end <= 1:
                last.end = chunk.end
            else:
                last.others.append((chunk.start, chunk.end))
            last.plural = last.plural or chunk.plural
            continue
        result.append(chunk)
    return result


def _last_head(result: list[Chunk]) -> Chunk | None:
    """Return the head before, when only a hyphen or a flag of the same thing lies between."""
    for chunk in reversed(result[-3:]):
        if chunk.kind == "head":
            return chunk
        small = chunk.kind == "mark" and chunk.what == "-"
        word = chunk.kind == "word" and chunk.what not in function_words()["between_nouns"]
        if not (small or word or chunk.has("ha", "env.", "scale.", "work.")):
            return None
    return None


def _merge(tokens: list[Token], head: Chunk, other: Chunk) -> bool:
    """Add a noun to the head before it; tell whether both are one thing."""
    apart = other.start - head.end
    gap = " ".join(token.word for token in tokens[head.end : other.start])
    kubernetes = head.what in ("k3s", "k8s")
    box = head.what == "hardware" and not apart and tokens[other.start].of("boxes")
    if box or (kubernetes and other.what in ("cluster", "k8s")):
        return True
    named = bool(head.software) and other.what in ("vm", "lxc") and other.count is None
    word = apart == 1 and named and gap.isalpha() and gap not in function_words()["between_nouns"]
    if apart and gap != "-" and not word:
        return False
    if other.software:
        return _names_part(head, other, apart)
    if kubernetes and other.what in ("server_word", "node", "vm"):
        head.what = "server" if other.what == "server_word" else "node"
        return True
    if head.what == "cluster" and other.what == "node":
        head.what = "node"
        return True
    return _describes(head, other)


def _describes(head: Chunk, other: Chunk) -> bool:
    """Add to software or a part what it is: a cluster, a part of its own name, a machine."""
    described = bool(head.software) or head.what.startswith("part.")
    if described and other.what == "cluster":
        head.clustered = True
        return True
    if head.software and other.what.startswith("part."):
        return other.what != "part.runner"
    return (described or head.role()) and _is_machine(head, other)


def _names_part(head: Chunk, other: Chunk, apart: int) -> bool:
    """Let software say what a part or a machine is for ("database postgres", "VM Redis")."""
    kind = head.what in ("vm", "lxc", "server_word") and other.count is None and not head.plural
    if head.software or apart or not (kind or head.what.startswith("part.")):
        return False
    head.what, head.software = head.what if kind else "", [*other.software]
    return True


def _is_machine(head: Chunk, other: Chunk) -> bool:
    """Add the kind of machine to a noun that says what it is for ("web VM", "redis container")."""
    if other.what not in GENERIC | {"node"}:
        return False
    if head.what == "" or head.what in GENERIC:
        head.what = "" if other.what in ("server_word", "node") else other.what
    elif other.what in ("vm", "lxc"):
        head.value = other.what
    return True


def _counted(found: list[Chunk], tokens: list[Token]) -> list[Chunk]:
    """Give numbers to the heads that they count ("two small Debian VMs", "5 node cluster")."""
    result: list[Chunk] = []
    for place, chunk in enumerate(found):
        if chunk.kind == "number":
            head = _counts(found, place) or _labelled(found, place)
            if head is not None and head.count is None:
                head.count, head.count_at = chunk.value, (chunk.start, chunk.end)
                before = tokens[chunk.start - 1].word if chunk.start else ""
                head.definite = head.definite or before in function_words()["pointing"]
                continue
        elif chunk.has("word.several") and (head := _counts(found, place)) is not None:
            head.vague = head.count is None
        result.append(chunk)
    merged: list[Chunk] = []
    for chunk in result:  # "5 node cluster": five nodes of one cluster
        last = _last_head(merged)
        singular = last is not None and last.what == "node" and last.count is not None
        if chunk.kind == "head" and chunk.what in ("cluster", "k3s", "k8s") and last and singular:
            one = tokens[last.end - 1].of("one_node")
            if one or chunk.start == last.end:
                chunk.nodes, chunk.count_at = last.count, last.count_at
                merged.remove(last)
        merged.append(chunk)
    return merged


def _counts(found: list[Chunk], place: int) -> Chunk | None:
    """Return the head that the number at ``place`` counts."""
    words = 0
    times = bool(found[place + 1 : place + 2]) and found[place + 1].what == "x"
    for chunk in found[place + 1 : place + (14 if times else 8)]:
        if chunk.kind == "head":
            return chunk
        between = chunk.what in ("-", "x")
        between = between or (
            times and (chunk.kind == "size" or chunk.what in "(),/" or chunk.has("cue.for"))
        )
        between = (
            between or chunk.kind == "flag" or (chunk.kind == "literal" and chunk.what == "os")
        )
        between = between or chunk.has("cue.more", "cue.larger", "cue.less", "word.")
        between = between or (chunk.has("cue.carries") and str(chunk.value).endswith("ed"))
        if chunk.kind == "word" and not between:
            words += 1
            between = words <= 2 and bool(re.fullmatch(r"[^\W\d_]{2,}", chunk.what))
        if not between:
            return None
    return None


def _labelled(found: list[Chunk], place: int) -> Chunk | None:
    """Return the machines whose number stands behind a label ("VMs: 2", "VMs (3 for now)")."""
    if place < 2:
        return None
    head = found[place - 2]
    counted = found[place + 1 : place + 2]
    opened = next((i for i in range(place - 1, 0, -1) if found[i].what == "("), 0)
    told = found[opened + 1 : place]
    closes = bool(opened and counted) and counted[0].what == ")"
    if closes and all(c.kind in ("word", "cue") for c in told):
        head = found[opened - 1]  # "masters (should default to 3)", "app server (x2)"
        several = head.plural or any(c.what == "x" for c in told[-1:])
        return head if head.kind == "head" and several and head.count is None else None
    if found[place - 1].what not in (":", "=", "("):
        return None
    if found[place - 1].what == "(" and counted and counted[0].kind in ("head", "size", "number"):
        return None
    return head if head.kind == "head" and head.plural else None
