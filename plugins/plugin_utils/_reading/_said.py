# SPDX-License-Identifier: GPL-3.0-or-later
"""What the readers of clauses share: things, statements, and the words since the last thing."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Quote,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import Chunk
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
    load,
    spoken,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
    ordinals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token

CLUSTER = frozenset({"cluster", "k3s", "k8s"})
ROLES = frozenset({"server", "agent", "node"})
_SIZES = frozenset({"cores", "memory_mib", "disk_gib", "data_disk_gib"})
#: More are no machines to make: something else has so many.
MAX_MACHINES = 1000
#: Said behind a list, these hold for all of it ("redis and nginx on pve2").
_PLACES = frozenset({"node", "storage", "pool", "vlan", "bridge"})


@dataclasses.dataclass
class Thing:
    """What a sentence asks for, while it is read."""

    id: str
    what: str  # "vm", "lxc", "cluster", "server", "agent", "node", "part.…", "" (software alone)
    families: list[str] = dataclasses.field(default_factory=list)
    count: float | None = None
    names: int = 0
    sized: set[str] = dataclasses.field(default_factory=set)
    parent: Thing | None = None
    of_parent: float = 0
    together: bool = False  # what follows in the list runs on it as well
    stack: bool = False
    part: str = ""  # the role of a distribution that its machines have
    clause: int = 0
    purpose: str = ""  # the unknown word for what its machines are for
    uncounted: Quote | None = None  # "VMs", "several VMs": of which no number was said
    holds_all: bool = False  # "all on one machine: …": whatever is listed runs on it
    own: bool = False  # split off by a size of its own ("one with 16 GB")
    alone: bool = False  # "one VM each for …": what follows in the list gets its own
    single: bool = False  # "a", "one" and not "one each": one machine was said

    def generic(self) -> bool:
        """Tell whether nothing says yet what the machines are for."""
        return self.what in ("vm", "lxc", "server_word", "dockerhost") and not self.families


class Said:
    """Collects the statements of one text."""

    def __init__(
        self, text: str, *, clusterish: bool, agents: bool = False, prefix: str = "t"
    ) -> None:
        self.text = text
        self.clusterish = clusterish
        self.agents = agents  # agents are spoken of: "servers" are those of the cluster
        self.prefix = prefix
        self.statements: list[Statement] = []
        self.questions: list[Question] = []
        self.things: list[Thing] = []
        self.group: list[Thing] = []  # the things that the last list named
        self.pending: list[tuple[str, dict[str, t.Any]]] = []  # said before any thing
        self.heading: dict[str, dict[str, t.Any]] = {}  # what stands above a list, for all of it
        self.tokens: list[Token] = []
        self.cues: list[Chunk] = []  # since the last head
        self.denied: Chunk | None = None
        self.per_machine = False
        self.serving: set[str] = set()  # families whose machines serve a cluster that is there
        self.name_places: set[int] = set()  # nouns of this clause that were taken as names
        self.clause = 0
        self.made = 0
        self.turned = False  # the last noun was of a thing said before
        self.rows = ""  # the thing that "3 x 4 cores, 8 GB" began
        self.occasion = ""  # the thing that was said to be there once ("once for tests, …")
        self.host_at = -1  # the chunk of the hardware that was named last in this clause
        self.placed: Chunk | None = None  # "on it", said of the cluster at hand
        self.dockered: tuple[list[str], Quote] | None = None  # a list that runs "in Docker"
        self.apiece: list[Thing] = []  # things that have a machine each ("on one VM each")
        self.environs: list[tuple[int, int]] = []  # several said before the noun at hand

    def new_id(self) -> str:
        """Return an id that no thing had yet."""
        self.made += 1
        return f"{self.prefix}{self.made}"

    def quote(self, start: int, end: int) -> Quote:
        """Return the words from token ``start`` to before ``end``."""
        low, high = self.tokens[start].start, self.tokens[end - 1].end
        return Quote(text=self.text[low : min(high, low + 240)], start=low)

    def say(self, topic: str, value: t.Any, where: tuple[int, int], **more: t.Any) -> None:
        """Add a statement of a thing."""
        kind = more.pop("kind", "wish")
        quote = more.pop("quote", None) or self.quote(*where)
        value = int(value) if isinstance(value, float) and value == int(value) else value
        self.statements.append(Statement(kind=kind, quote=quote, topic=topic, value=value, **more))  # type: ignore[arg-type]

    def token_of(self, chunk: Chunk) -> str:
        """Return the first word of a chunk."""
        return self.tokens[chunk.start].word

    def target(self) -> Thing | None:
        """Return the thing that attributes belong to now."""
        return self.group[-1] if self.group else None

    def attribute(self, topic: str, value: t.Any, where: tuple[int, int], **more: t.Any) -> None:
        """Say something of the thing at hand, or keep it for the first one that comes."""
        more.setdefault("quote", self.quote(*where))
        thing = self.target()
        things = more.pop("things", None) or ([thing] if thing else [])
        if not things:
            self.pending.append((topic, {"value": value, "where": where, **more}))
        for thing in things:
            self.say(topic, value, where, thing=thing.id, **more)

    def forward(
        self, topic: str, value: t.Any, where: tuple[int, int], *, ahead: bool, **more: t.Any
    ) -> None:
        """Say something of the noun that follows directly, else of the thing at hand."""
        if ahead:
            quote = self.quote(*where)
            self.pending.append((topic, {"value": value, "where": where, "quote": quote, **more}))
        else:
            self.attribute(topic, value, where, things=self.everyone(topic), **more)

    def linked(self, *concepts: str) -> Chunk | None:
        """Return the last cue of these concepts since the last thing."""
        return next((c for c in reversed(self.cues) if c.has(*concepts)), None)

    def marked(self, marks: str) -> bool:
        """Tell whether one of the marks stands since the last thing."""
        return any(c.kind == "mark" and c.what in marks for c in self.cues)

    def each_near(self, chunk: Chunk) -> bool:
        """Tell whether "each" stands before or behind a noun ("each on one VM", "one VM each")."""
        behind = itertools.takewhile(
            lambda token: token.kind == "word" and not token.software,
            self.tokens[chunk.end : chunk.end + 5],  # "one VM of its own each"
        )
        near = bool(self.linked("cue.each")) or any(token.has("cue.each") for token in behind)
        return near and not self.for_all(chunk)

    def for_all(self, chunk: Chunk) -> bool:
        """Tell whether one machine is said to be for all of a list ("one VM for both")."""
        one = chunk.count == 1 or self.article(chunk)
        start = (chunk.count_at or (chunk.start,))[0]
        start -= chunk.count is None  # its article
        around = (self.tokens[chunk.end : chunk.end + 2], self.tokens[max(start - 2, 0) : start])
        return one and any(
            len(said) == 2 and said[0].has("cue.for") and said[1].of("everything")
            for said in around
        )

    def choose(self, chunk: Chunk) -> None:
        """Ask which of two things is wished, where "or" stands between them."""
        link = self.linked("cue.or", "cue.and") or (self.cues[-1] if self.cues else None)
        if link is None or not link.has("cue.or") or self.denied is not None:
            return
        before = (self.tokens[link.start - 1], self.tokens[link.start])
        quote = self.quote(link.start - 1, chunk.end)
        if before[0].kind != "mark":
            text = f'"{quote.text}": which of the two shall it be?'
            self.questions.append(Question(id="reading.or", text=text, quote=quote))

    def kinds_said(self) -> set[str]:
        """Return the things whose kind of machine was said."""
        named = {"vm", "container"}
        return {s.thing for s in self.statements if s.topic == "thing" and s.value in named}

    def same_kind(self, before: Thing, thing: Thing, where: tuple[int, int]) -> None:
        """Make a member of a list with sizes of its own the kind of machine of those before."""
        listed = before.sized and before.families and before.clause == thing.clause
        if listed and before.what in ("vm", "lxc") and before.count in (None, 1):
            kind = "container" if before.what == "lxc" else "vm"
            self.say("thing", kind, where, thing=thing.id)
            thing.what, before.uncounted = before.what, None

    def last_cue(self) -> Chunk | None:
        """Return the last small word since the last thing."""
        return next((c for c in reversed(self.cues) if c.kind == "cue"), None)

    def everyone(self, topic: str) -> list[Thing] | None:
        """Return all machines when "both" or "all of them" stands before a value."""
        near = [c for c in self.cues if c.what != ":"][-1:]  # "each: Debian 12"
        everything = spoken(load("changes.yml")["everything"])
        told = near and (near[0].has("cue.each", "word.all_of_them") or near[0].what in everything)
        whole = self.of_all(size=False) if topic == "os" and self.marked(",") else None
        told_of = {s.thing for s in self.statements if s.topic == topic}
        if whole is not None and not told_of & {x.id for x in self.parts_of(whole)}:
            return [whole]  # "…: one with 8 GB and one with 4 GB, Debian"
        if not told:
            said = {s.thing for s in self.statements if s.topic == topic}
            free = [x for x in self.group if x.id not in said]
            listed = (
                topic in _PLACES and self.group[-1:] == free[-1:] and not self.linked("cue.with")
            )
            return free if listed and len(free) > 1 else None
        said = {s.thing for s in self.statements if s.topic == topic}
        return [x for x in self.things if x.id not in said and x.what not in CLUSTER]

    def give_pending(self, thing: Thing) -> None:
        """Say of a thing what was said before it; several environments are of no thing."""
        pending, self.pending = self.pending, []
        several = sum(topic == "environment" for topic, _said in pending) > 1
        self.environs = []
        for topic, said in [p for p in pending if several and p[0] == "environment"]:
            self.environs.append(said["where"])
            self.say(topic, said.pop("value"), said.pop("where"), **said)
            pending = [p for p in pending if p[0] != "environment" or "value" in p[1]]
        for topic, said in pending:
            thing.sized |= {topic} & _SIZES
            if topic in (*_PLACES, "os") and self.heads_list(said["where"]):
                self.heading[topic] = {**said, "quote": self.quote(*said["where"])}
                self.heading[topic]["clause"] = self.clause
            self.say(topic, said.pop("value"), said.pop("where"), thing=thing.id, **said)
        told = {topic for topic, _said in pending}
        for topic, said in self.heading.items():
            above = {name: value for name, value in said.items() if name != "clause"}
            if topic not in told and said["clause"] == self.clause and thing.parent is None:
                self.say(topic, above.pop("value"), above.pop("where"), thing=thing.id, **above)

    def heads_list(self, where: tuple[int, int]) -> bool:
        """Tell whether a place stands above a list ("on pve1: …", "everything on pve1 please")."""
        behind = self.tokens[where[1] : where[1] + 3]
        before = self.tokens[max(where[0] - 1, 0) : where[0]]
        words = spoken(load("changes.yml")["everything"]) | function_words()["everything"]
        return any(k.word == ":" for k in behind) or any(k.word in words for k in before)

    def of_all(self, *, each: bool = False, size: bool = True) -> Thing | None:
        """Return the sum whose parts were all listed, when what follows is said of all of it.

        A ``size`` is of the last part alone where the parts have sizes of their own.
        """
        thing = self.target()
        whole = thing.parent if thing is not None else None
        if whole is None or thing is None:
            return None
        if not each and whole.of_parent + whole.names < (whole.count or 0):
            return None
        if size and (thing.sized or thing.own):
            return None
        apart = each or self.marked(",-)") or self.linked("cue.with")
        sized = size and any(x.sized for x in self.parts_of(whole))
        return whole if apart and not sized else None

    def parts_of(self, whole: Thing | None) -> list[Thing]:
        """Return the things that a sum was split into."""
        return [x for x in self.things if whole is not None and x.parent is whole]

    def article(self, chunk: Chunk) -> bool:
        """Tell whether "a" or "one" stands before a noun."""
        at = chunk.start - 1
        small = ("scale.", "env.", "word.second", "cue.more")
        while at > 0 and (
            self.tokens[at].lit("os")
            or self.tokens[at].word == "-"
            or self.tokens[at].word in ordinals()
            or self.tokens[at].has(*small)
        ):
            if self.tokens[at].word.split()[0] in numerals().articles:
                break  # the words "a second"
            at -= 1  # "a small Debian VM", "a second VM"
        first = self.tokens[at].word.split()[0] if at >= 0 else ""
        return first in numerals().articles and not chunk.plural

    def software(self, thing: Thing, chunk: Chunk) -> None:
        """Say which software a noun names."""
        for token, at in chunk.software:
            entry = token.software
            if entry is None:
                continue
            where = (at, at + 1) if len(chunk.software) > 1 else (chunk.start, chunk.end)
            about = entry.component or ""
            self.say("software", entry.family, where, thing=thing.id, about=about)


def own_sizes(found: list[Chunk], place: int) -> set[str]:
    """Return of what sizes are said directly behind a noun ("Gitea 1 GB", "Gitea (1 GB)")."""
    behind = found[place + 1 : place + 2]
    marks = behind and behind[0].kind == "mark" and behind[0].what in ":=(,"
    if behind and (marks or behind[0].has("cue.with")):
        behind = found[place + 2 : place + 3]
    sizes = itertools.takewhile(lambda c: c.kind in ("size", "mark"), found[place + 1 :])
    if not behind or behind[0].kind != "size":
        return set()
    topics = {c.size.topic for c in (*behind, *sizes) if c.size is not None}
    return topics | ({"memory_mib"} if "bytes" in topics else set())
