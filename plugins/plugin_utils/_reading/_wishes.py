# SPDX-License-Identifier: GPL-3.0-or-later
"""Chunks of wish clauses into statements: which number, name and word belongs to which thing."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Quote,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import Chunk
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sizes import (
    Size,
    settle,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token

CLUSTER = frozenset({"cluster", "k3s", "k8s"})
ROLES = frozenset({"server", "agent", "node"})
#: Names of literals that are topics of a thing as they are.
_TOPICS = frozenset(
    {"vmid", "gateway", "dns_server", "bridge", "vlan", "pool", "storage", "node", "tag", "iso"}
    | {"image", "vip", "version", "template", "os", "address", "gpu", "port"}
)
#: Denials that hold for a list with commas ("without ingress, monitoring and longhorn").
_LISTING = frozenset({"without", "ohne", "sans", "except", "neither", "weder", "ni", "w / o"})
_SIZES = frozenset({"cores", "memory_mib", "disk_gib", "data_disk_gib"})
_LISTS = frozenset({"cue.and", "cue.or"})
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


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
    clause: int = 0

    def generic(self) -> bool:
        """Tell whether nothing says yet what the machines are for."""
        return self.what in ("vm", "lxc", "server_word", "dockerhost") and not self.families


class Reader:
    """Collects statements of the wish clauses of one text."""

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
        self.tokens: list[Token] = []
        self.cues: list[Chunk] = []  # since the last head
        self.denied: Chunk | None = None
        self.per_machine = False
        self.clause = 0
        self.made = 0

    # What a statement needs -----------------------------------------------------------------

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

    def target(self) -> Thing | None:
        """Return the thing that attributes belong to now."""
        return self.group[-1] if self.group else None

    def attribute(self, topic: str, value: t.Any, where: tuple[int, int], **more: t.Any) -> None:
        """Say something of the thing at hand, or keep it for the first one that comes."""
        more.setdefault("quote", self.quote(*where))
        things = more.pop("things", None) or ([thing] if (thing := self.target()) else [])
        if not things:
            self.pending.append((topic, {"value": value, "where": where, **more}))
        for thing in things:
            self.say(topic, value, where, thing=thing.id, **more)

    # The way through one clause -------------------------------------------------------------

    def read(self, tokens: list[Token], found: list[Chunk]) -> None:
        """Read the chunks of one clause."""
        self.tokens, self.cues, self.denied = tokens, [], None
        self.clause += 1
        place = 0
        while place < len(found):
            chunk = found[place]
            place += 1
            if chunk.kind == "size":
                place = self.sizes(found, place - 1)
            elif chunk.kind == "head":
                self.head(found, place - 1)
            elif chunk.kind == "load":
                self.load(chunk)
            elif chunk.kind == "literal":
                self.literal(found, place - 1)
            elif chunk.kind == "flag":
                self.flag(found, place - 1)
            elif chunk.kind == "name":
                self.name(found, place - 1)
            elif chunk.kind == "number":
                self.number(found, place - 1)
            else:
                self.cue(found, place - 1)

    def cue(self, found: list[Chunk], place: int) -> None:
        """Remember small words; some close a list or deny what follows."""
        chunk = found[place]
        if chunk.has("cue.not", "cue.off"):
            self.denied = chunk
        elif chunk.has("cue.but", "cue.with") or chunk.what in {";", "."}:
            self.denied = None
        elif chunk.what == "," and self.denied is not None:
            self.denied = self.denied if str(self.denied.value) in _LISTING else None
        where = (chunk.start, chunk.end)
        if chunk.has("word.in_cluster"):
            self.in_cluster(chunk)
        elif chunk.has("cue.insist"):
            self.say("whole", True, where, about="insist")
        elif chunk.has("verb.add", "cue.only", "cue.more", "verb.set"):
            self.say("text", None, where, kind="remark")
        for concept, take in (
            ("word.same_machine", self.same_machine),
            ("word.not_needed", self.not_needed),
            ("noun.service", self.service),
            ("unit.gpu", self.gpu),
            ("cue.respectively", self.respectively),
        ):
            if chunk.has(concept):
                take(chunk)
        if chunk.has("rel."):
            self.relative(found, place)
        elif chunk.kind == "word":
            self.word(found, place)
        self.cues.append(chunk)

    def in_cluster(self, chunk: Chunk) -> None:
        """Take "on Kubernetes": the software before is an application, or is to be elsewhere."""
        if self.denied is not None:
            self.say("thing", "cluster", (self.denied.start, chunk.end), kind="exclude")
        elif self.target() is not None:
            self.attribute("thing", "application", (chunk.start, chunk.end), things=self.group)

    def linked(self, *concepts: str) -> Chunk | None:
        """Return the last cue of these concepts since the last thing."""
        return next((c for c in reversed(self.cues) if c.has(*concepts)), None)

    def marked(self, marks: str) -> bool:
        """Tell whether one of the marks stands since the last thing."""
        return any(c.kind == "mark" and c.what in marks for c in self.cues)

    # Things ---------------------------------------------------------------------------------

    def head(self, found: list[Chunk], place: int) -> None:
        """Take a noun: a new thing, one that was said before, a load, or what a thing is for."""
        chunk = found[place]
        if self.is_addon(chunk):
            return
        hardware = chunk.what == "hardware" and not chunk.software  # nobody can make a host
        if hardware and not self.is_load(chunk):
            near = chunk.count_at or (chunk.start, chunk.end)
            where = (min(near[0], chunk.start), chunk.end)
            self.say("thing", "host", where, kind="exists", thing="h1")
            if chunk.count is not None:
                self.say("count", chunk.count, where, kind="exists", thing="h1")
        if hardware:
            return
        self.denied = None if chunk.count else self.denied
        if self.denied is not None and self.deny(found, place):
            return
        per = self.cues[-1] if self.cues else None
        if per is not None and per.has("cue.each") and chunk.count is None and not chunk.software:
            return  # "1 GB per VM"
        taken = self.is_stack(chunk) or self.is_kind(chunk) or self.is_load(chunk)
        if taken or self.runs_on(found, place) or self.again(chunk):
            self.cues = []
            thing = self.target()
            if thing is not None:
                self.give_pending(thing)
                self.purpose(thing, found, place)
            return
        thing = self.begin(chunk)
        self.place_in_list(thing, chunk)
        self.describe(thing, chunk)
        self.purpose(thing, found, place)
        self.cues = []

    def purpose(self, thing: Thing, found: list[Chunk], place: int) -> None:
        """Take an unknown word before machines as what they are for ("two indexer machines")."""
        before = found[place - 1] if place else None
        if not thing.generic() or before is None or before.kind != "word":
            return
        token = self.tokens[before.start]
        strange = token.kind == "word" and len(token.word) > 3 and token.word not in _plain()
        if strange and not token.concept and found[place].start - before.end <= 1:
            self.say("thing", token.word, (before.start, before.end), thing=thing.id)

    def begin(self, chunk: Chunk) -> Thing:
        """Return a new thing of a noun."""
        thing = Thing(self.new_id(), chunk.what, clause=self.clause)
        if chunk.what == "server_word" and self.clusterish and not chunk.software:
            role = self.agents and chunk.count is not None and not self.linked("word.separate")
            thing.what = "server" if role else "vm"
        elif chunk.what in ("server_word", "host", "dockerhost") or (
            chunk.what == "agent" and not self.clusterish
        ):
            thing.what = "vm"
        thing.count = chunk.count
        thing.families = [token.software.family for token, _at in chunk.software if token.software]
        thing.stack = any(token.software and token.software.stack for token, _at in chunk.software)
        self.things.append(thing)
        return thing

    def place_in_list(self, thing: Thing, chunk: Chunk) -> None:
        """Find what the new thing stands beside: a part of a sum, one more of a list, a new one."""
        last = self.things[-2] if len(self.things) > 1 else None
        if last is not None and self.is_label(last, thing):
            last = None
        whole = last.parent or last if last is not None else None
        if whole is not None and self.splits(whole, thing):
            thing.parent = whole
            whole.of_parent += thing.count or 1
        near = self.linked(*_LISTS) or self.marked(",/+") or not self.cues
        close = last is not None and near and not last.sized and last.clause == self.clause
        if last is not None and close and not (last.what in CLUSTER or thing.what in CLUSTER):
            self.group.append(thing)
        else:
            self.group = [thing]
        behind = self.linked("cue.behind")
        if behind is not None and last is not None:
            where = (behind.start, behind.end)
            self.say("link", last.id, where, about="in_front_of", thing=thing.id)

    def is_label(self, last: Thing, thing: Thing) -> bool:
        """Take "Three tier app: 2 web servers, …" as a heading, not as one more machine."""
        bare = last.what.startswith("part.") and not (last.families or last.sized or last.names)
        if not bare or last.count is not None or thing.count is None or not self.marked(":"):
            return False
        self.statements = [
            s.model_copy(update={"kind": "remark", "thing": ""}) if s.thing == last.id else s
            for s in self.statements
        ]
        self.things.remove(last)
        return True

    def splits(self, whole: Thing, thing: Thing) -> bool:
        """Tell whether a thing is one of those counted before ("4 VMs: two web servers and …")."""
        if whole.count is None or whole.count < 2 or whole is thing or thing.count is None:
            return False
        role = whole.what == "node" and thing.what in ("server", "agent")
        if not (whole.generic() or role) or whole.of_parent + thing.count > whole.count:
            return False
        told = self.linked("word.of_them") or self.marked(":-(") or whole.of_parent
        listed = self.marked(",") and not self.linked("cue.with")
        return bool(told or listed) and whole.clause >= self.clause - 1

    def describe(self, thing: Thing, chunk: Chunk) -> None:
        """Say what a noun says of its thing."""
        where = (chunk.start, chunk.end)
        near = chunk.count_at or where
        span = (min(near[0], chunk.start), max(near[1], chunk.end))
        start = near[0]
        kinds = {"vm": "vm", "lxc": "container", "k3s": "k3s", "k8s": "kubernetes"}
        if chunk.what == "agent" and thing.what == "vm":
            self.say("thing", self.tokens[chunk.start].word.split()[0], where, thing=thing.id)
        value = kinds.get(thing.what, thing.what.removeprefix("part."))
        if thing.stack:
            self.say("thing", "application", where, thing=thing.id)
        if value:
            self.say("thing", value, where, thing=thing.id)
        if isinstance(chunk.value, str) and chunk.value in kinds:  # "web VM"
            self.say("thing", kinds[chunk.value], where, thing=thing.id)
        for other in chunk.others:
            self.say("thing", "cluster", other, thing=thing.id)
        if chunk.what == "dockerhost" and not chunk.software:
            self.say("software", "docker", where, thing=thing.id)
            thing.families.append("docker")
        self.software(thing, chunk)
        if chunk.nodes is not None and chunk.count_at is not None:
            self.say("count", chunk.nodes, span, thing=thing.id, about="nodes")
        elif thing.what in ("server", "agent") and chunk.count is None and self.article(chunk):
            self.say("count", 1, (chunk.start - 1, chunk.end), thing=thing.id)
            thing.count = 1
        elif chunk.count is not None:
            last = self.tokens[chunk.count_at[0] - 1] if chunk.count_at and start else None
            bound = last.concept.partition(".")[2] if last and last.has("bound.") else "exact"
            bound = {"about": "approximate", "over": "at_least"}.get(bound, bound)
            self.say("count", chunk.count, span, thing=thing.id, bound=bound)
        if chunk.clustered:
            self.say("ha", True, where, thing=thing.id, about="clustered")
        self.give_pending(thing)

    def article(self, chunk: Chunk) -> bool:
        """Tell whether "a" or "one" stands before a noun."""
        before = self.tokens[chunk.start - 1].word if chunk.start else ""
        return before in numerals().articles and not chunk.plural

    def software(self, thing: Thing, chunk: Chunk) -> None:
        """Say which software a noun names."""
        for token, at in chunk.software:
            entry = token.software
            if entry is None:
                continue
            where = (at, at + 1) if len(chunk.software) > 1 else (chunk.start, chunk.end)
            about = entry.component or ""
            self.say("software", entry.family, where, thing=thing.id, about=about)

    def is_addon(self, chunk: Chunk) -> bool:
        """Take software of a cluster that is in the catalogue as an add-on."""
        token = self.tokens[chunk.start]
        own = chunk.count is not None or chunk.what in ("vm", "lxc") or self.linked("word.separate")
        if not self.clusterish or own or not chunk.software or not token.has("addon."):
            return False
        where = (chunk.start, chunk.end)
        if self.denied is not None:
            where = (self.denied.start, chunk.end)
        self.addon(dataclasses.replace(chunk, value=token.concept.partition(".")[2]), where)
        return True

    def is_stack(self, chunk: Chunk) -> bool:
        """Add one more language or framework to the application that is spoken of."""
        stacks = [token.software for token, _at in chunk.software if token.software]
        known = next((x for x in self.things if x.stack and x.clause == self.clause), None)
        if known is None or not stacks or not all(entry.stack for entry in stacks):
            return False
        self.software(known, chunk)
        self.group = [known]
        return True

    def is_kind(self, chunk: Chunk) -> bool:
        """Take "… as LXC", "… in a VM" and "file server: a container" as the kind of machine."""
        if chunk.what not in ("lxc", "vm") or chunk.software or chunk.count not in (None, 1):
            return False
        if not self.group or self.group[-1].generic() or self.group[-1].what in ROLES:
            return False
        near = [c for c in self.cues[-4:] if c.kind in ("word", "cue")]
        words = {str(c.value or c.what) for c in near}
        inside = bool(words & {"in", "on", "auf", "sur", "dans", "inside", "into", "im"})
        label = self.marked(":") and len(self.group) == 1
        how = {"as", "als", "en", "comme", "reicht", "genugt", "suffit", "enough", "fine", "ok"}
        if not (inside or label or words & how):
            return False
        kind = "container" if chunk.what == "lxc" else "vm"
        together = inside and not chunk.plural and chunk.what == "vm" and len(self.group) > 1
        if together:
            self.same_machine(chunk)
        else:
            for thing in self.group:
                self.say("thing", kind, (chunk.start, chunk.end), thing=thing.id)
        self.group[-1].together = not chunk.plural
        return True

    def again(self, chunk: Chunk) -> bool:
        """Turn to a thing that was said before ("… the masters have 4 GB")."""
        families = {token.software.family for token, _at in chunk.software if token.software}
        counted = chunk.count is not None and not chunk.definite
        for thing in reversed(self.things):
            what = "vm" if chunk.what in ("server_word", "host") else chunk.what
            same = bool(families & set(thing.families)) if families else what == thing.what
            runner = chunk.what in ("agent", "part.runner") and thing.what == "part.runner"
            if not (same or runner) or (counted and chunk.count != thing.count):
                continue
            if counted and thing.clause == self.clause:
                continue
            empty = not (thing.sized or thing.names or thing.count or thing.of_parent)
            told = chunk.definite or chunk.plural or self.linked("cue.for") or empty
            if thing.generic() and chunk.generic() and not told:
                continue
            self.group = [thing]
            thing.together = thing.together or (chunk.definite and chunk.generic())
            near = chunk.count_at or (chunk.start, chunk.end)
            where = (min(near[0], chunk.start), chunk.end)
            topic = "whole" if chunk.count is None else "count"
            self.say(topic, chunk.count, where, thing=thing.id)
            return True
        return False

    def is_load(self, chunk: Chunk) -> bool:
        """Take machines that a software looks after ("Zabbix for 500 hosts") as its load."""
        thing = self.target()
        watched = {"node": "nodes", "agent": "agents", "host": "devices", "vm": "devices"}
        watched |= {"server_word": "devices", "cluster": "clusters", "server": "devices"}
        watched["hardware"] = "devices"
        if thing is None or not thing.families or thing.stack or chunk.count is None:
            return False
        if chunk.what not in watched or chunk.software or self.clusterish:
            return False
        follows = self.linked("cue.for", "cue.carries", "bound.") or self.marked(":")
        listed = any(s.topic == "driver" and s.thing == thing.id for s in self.statements)
        if not (follows or (listed and (self.marked(",") or self.linked("cue.and")))):
            return False
        where = (chunk.count_at[0] if chunk.count_at else chunk.start, chunk.end)
        self.drive(thing, watched[chunk.what], chunk.count, where)
        return True

    def runs_on(self, found: list[Chunk], place: int) -> bool:
        """Take what a machine is for ("VM for nginx", "container with Samba and NFS")."""
        chunk = found[place]
        whole = self.target().parent if self.target() else None  # type: ignore[union-attr]
        spread = whole is not None and whole.of_parent < (whole.count or 0)
        thing = self.of_all() if self.marked(",") and not spread else None
        thing = thing or self.target()
        if thing is None or not (chunk.software or chunk.what.startswith("part.")):
            return False
        if thing.parent is None and thing.of_parent and thing.count == thing.of_parent:
            self.software(thing, chunk)
            return bool(chunk.software)
        last = self.last_cue()
        told = last is not None and last.has("cue.of", "cue.for") and bool(thing.families)
        described = told and not chunk.software and chunk.count is None
        if not described and self.one_each(thing, chunk, found, place):
            return True
        if not described and not self.may_run_on(thing, chunk):
            return False
        where = (chunk.start, chunk.end)
        if not chunk.software:
            self.say("thing", chunk.what.removeprefix("part."), where, thing=thing.id)
            thing.what = chunk.what
        self.software(thing, chunk)
        thing.families += [token.software.family for token, _ in chunk.software if token.software]
        thing.together = True
        return True

    def one_each(self, thing: Thing, chunk: Chunk, found: list[Chunk], place: int) -> bool:
        """Give each of several machines its own software ("three VMs for redis, nginx and …")."""
        whole = thing.parent or thing
        if not chunk.software or chunk.count is not None or (whole.count or 1) < 2:
            return False
        begins = whole.generic() and self.linked("cue.for") and _listed(found, place) == whole.count
        goes_on = whole.of_parent and thing.parent is whole and not thing.sized
        if not begins and not (goes_on and whole.of_parent < (whole.count or 0)):
            return False
        child = Thing(self.new_id(), whole.what, clause=self.clause)
        child.parent, child.count = whole, 1
        whole.of_parent += 1
        self.things.append(child)
        self.software(child, chunk)
        child.families = [token.software.family for token, _at in chunk.software if token.software]
        self.group = [child]
        return True

    def may_run_on(self, thing: Thing, chunk: Chunk) -> bool:
        """Tell whether the words between allow that a noun is what the machine is for."""
        if chunk.count not in (None, 1) or (chunk.count == 1 and thing.count not in (None, 1)):
            return False
        purpose = self.linked("cue.for", "cue.with", "cue.carries", "verb.", "cue.of")
        near = not any(c.kind == "cue" for c in self.cues) or self.linked(*_LISTS, "cue.with")
        listed = thing.together and (near or self.marked(",/+()&"))
        adjacent = not self.cues or self.marked("(:-") or (self.marked(",") and thing.generic())
        first = thing.generic() and (purpose or adjacent or self.linked("cue.and"))
        bare = thing.what.startswith("part.") and not thing.families and not thing.sized
        first = first or (bare and self.marked("(:") and chunk.count is None)
        if not (first or listed) or thing.what in CLUSTER | ROLES:
            return False
        return bool(first) or thing.count in (None, 1)

    def same_machine(self, chunk: Chunk) -> None:
        """Put the things of the list at hand on one machine ("nginx and php on one VM")."""
        named = [x for x in self.things if x.clause == self.clause and x.what not in CLUSTER]
        things = [x for x in named if x.families or x.what.startswith("part.")]
        for thing in things[1:]:
            where = (chunk.start, chunk.end)
            self.say("link", things[0].id, where, thing=thing.id, about="same_machine")
        if things:
            self.say("thing", "vm", (chunk.start, chunk.end), thing=things[0].id)
            self.group = things[:1]

    # What is not wished ---------------------------------------------------------------------

    def deny(self, found: list[Chunk], place: int) -> bool:
        """Take a noun that is denied; tell whether it was."""
        chunk, denied = found[place], self.denied
        if denied is None or place == 0:
            return False
        between = self.tokens[denied.end : chunk.start]
        if sum(token.kind in ("word", "num") for token in between) > 6:
            self.denied = None
            return False
        where = (denied.start, chunk.end)
        if chunk.role():
            thing = Thing(self.new_id(), chunk.what, clause=self.clause)
            self.things.append(thing)
            self.say("thing", chunk.what, (chunk.start, chunk.end), thing=thing.id)
            self.say("count", 0, where, thing=thing.id)
        elif chunk.software:
            for token, _at in chunk.software:
                family = token.software.family if token.software else token.word
                self.say("software", family, where, kind="exclude")
        else:
            self.say("thing", chunk.what.removeprefix("part."), where, kind="exclude")
        return True

    def not_needed(self, chunk: Chunk) -> None:
        """Turn the last thing said into one that is not wished ("… monitoring is not needed")."""
        if not self.statements:
            return
        last = self.statements[-1]
        if last.topic in ("addon", "ha", "software", "thing", "gpu") and last.kind == "wish":
            start, end = last.quote.start or 0, self.tokens[chunk.end - 1].end
            quote = Quote(text=self.text[start:end], start=start)
            if last.topic == "ha":
                changed = last.model_copy(update={"value": False, "quote": quote})
            else:
                changed = last.model_copy(update={"kind": "exclude", "quote": quote, "thing": ""})
                self.things = [x for x in self.things if x.id != last.thing]
                self.group = [x for x in self.group if x.id != last.thing]
            self.statements[-1] = changed

    # Values ---------------------------------------------------------------------------------

    def sizes(self, found: list[Chunk], place: int) -> int:
        """Read a row of sizes and say them of what they belong to; return the next place."""
        run: list[Chunk] = []
        self.per_machine = False
        each = any(cue.has("cue.each") for cue in self.cues[-2:])
        total: Chunk | None = None
        at = end = place
        while at < len(found):
            chunk = found[at]
            if chunk.kind == "size" and chunk.size is not None:
                topic = chunk.size.topic
                again = any(c.size and c.size.topic == topic != "bytes" for c in run)
                if again and found[at - 1].what != "(":
                    break
                run.append(chunk)
            elif chunk.has("cue.each"):
                each = True
                self.per_machine = str(chunk.value).split()[0] in ("per", "par", "pro")
            elif chunk.has("cue.total"):
                total = chunk
            elif not self.inside(found, at):
                break
            at += 1
            if chunk.kind == "size" or chunk.has("cue.each", "cue.total"):
                end = at
        at = end
        self.settle(found, run, at)
        if self.cues[-1:] and self.cues[-1].has("cue.total"):
            total = self.cues[-1]
        things = self.sized(run, bool(each) or total is not None)
        if total is not None and len(things) > 1:
            self.ask_share(run, things)
            return at
        for chunk in run:
            if chunk.size is not None:
                self.size(chunk.size, things, total is not None)
        return at

    def inside(self, found: list[Chunk], at: int) -> bool:
        """Tell whether a small word may stand inside a row of sizes."""
        chunk = found[at]
        following = found[at + 1 : at + 2]
        for_each = chunk.has("cue.for") and following and following[0].has("cue.each")
        small = chunk.has("cue.and", "cue.with", "noun.", "bound.") or chunk.kind == "mark"
        return bool(small or for_each)

    def settle(self, found: list[Chunk], run: list[Chunk], at: int) -> None:
        """Decide what amounts without a noun are, from those around them."""
        sizes = [chunk.size for chunk in run if chunk.size is not None]
        following = found[at] if at < len(found) else None
        if following is not None and following.kind == "literal" and following.what == "storage":
            sizes[-1].placed = True
        for first, second, chunk in zip(sizes, sizes[1:], run[1:], strict=False):
            opened = self.tokens[chunk.start - 1].word if chunk.start else ""
            if opened == "(" and second.topic == "bytes":  # "1 GB (512 MB minimum)"
                settle([first])
                second.topic = first.topic
                second.value /= 1 if first.topic == "memory_mib" else 1024
        alone = sum(chunk.kind == "head" for chunk in found) <= 1
        others = {c.size.topic for c in found if c.size is not None} if alone else set()
        settle(sizes, others)

    def sized(self, run: list[Chunk], each: bool) -> list[Thing]:
        """Return the things that a row of sizes belongs to."""
        topics = {chunk.size.topic for chunk in run if chunk.size is not None}
        whole = self.of_all(each=each)
        if whole is not None:
            return [whole]
        free = [thing for thing in self.group if not thing.sized & topics]
        if not self.group:
            return []
        if self.per_machine:
            return [
                x for x in self.things if not x.sized & topics and x.what not in CLUSTER
            ] or free
        if each or len(free) < 2 or free[-1] is not self.group[-1]:
            return (free or self.group[-1:]) if each else self.group[-1:]
        if self.linked("cue.with") and self.linked("cue.with") is self.last_cue() and len(free) > 1:
            self.ask_each(run, free)
        return free

    def of_all(self, *, each: bool = False) -> Thing | None:
        """Return the sum whose parts were all listed, when what follows is said of all of it."""
        thing = self.target()
        whole = thing.parent if thing is not None else None
        if whole is None or thing is None or thing.sized:
            return None
        apart = each or self.marked(",-)") or self.linked("cue.with")
        return (
            whole if apart and not any(x.sized for x in self.things if x.parent is whole) else None
        )

    def last_cue(self) -> Chunk | None:
        """Return the last small word since the last thing."""
        return next((c for c in reversed(self.cues) if c.kind == "cue"), None)

    def ask_each(self, run: list[Chunk], things: list[Thing]) -> None:
        """Ask whether sizes behind a list hold for all of it."""
        quote = self.quote(run[0].start, run[-1].end)
        named = [(x.families or [x.what.removeprefix("part.")])[0] for x in things]
        self.questions.append(
            Question(
                id="reading.each",
                text=f'Does "{quote.text}" hold for {" and ".join(named)} each, or only for'
                f" {named[-1]}?",
                quote=quote,
                choices=("each of them", f"only {named[-1]}"),
            )
        )

    def ask_share(self, run: list[Chunk], things: list[Thing]) -> None:
        """Ask how a total is shared between unlike things."""
        quote = self.quote(run[0].start, run[-1].end)
        named = [(x.families or [x.what.removeprefix("part.")])[0] for x in things]
        text = f'How is "{quote.text}" in all shared between {" and ".join(named)}?'
        self.questions.append(Question(id="reading.share", text=text, quote=quote))

    def size(self, size: Size, things: list[Thing], total: bool) -> None:
        """Say one size."""
        more: dict[str, t.Any] = {"bound": size.bound, "total": total}
        if size.before is not None:
            more["before"] = size.before
        for thing in things:
            thing.sized.add(size.topic)
        value = size.value
        self.attribute(size.topic, value, (size.start, size.end), things=things, **more)

    def load(self, chunk: Chunk) -> None:
        """Say what is to be served."""
        found = chunk.load
        if found is None:
            return
        where = (chunk.start, chunk.end)
        if found.level:
            self.say("sla", found.value, where, kind="load", about=found.driver)
            return
        serving = [x for x in self.group if x.families or x.what.startswith("part.")]
        thing = self.target() if len(serving) < 2 else None
        self.drive(thing, found.driver, float(found.value), where)

    def drive(self, thing: Thing | None, driver: str, value: float, where: tuple[int, int]) -> None:
        """Say a load of a thing; several numbers of one driver add up ("25 laptops, 6 servers")."""
        start = self.tokens[where[0]]
        over = where[0] > 0 and self.tokens[where[0] - 1].has("bound.over")
        more = {"kind": "load", "about": driver, "bound": "at_least" if over else "exact"}
        self.say("driver", value, where, thing=thing.id if thing else "", **more)
        del start

    def literal(self, found: list[Chunk], place: int) -> None:
        """Say what has a form of its own."""
        chunk = found[place]
        where = (chunk.start, chunk.end)
        if chunk.what == "labelled_vm":
            thing = Thing(self.new_id(), "vm", clause=self.clause)
            self.things.append(thing)
            self.group = [thing]
            self.say("thing", "vm", where, thing=thing.id)
            self.say("vmid", int(chunk.value), where, thing=thing.id)
            self.cues = []
        elif chunk.what == "name":
            self.named(found, place)
        elif chunk.what == "node" and self.denied is not None:
            where = (self.denied.start, chunk.end)
            target = self.target()
            of_cluster = target is None or target.what in CLUSTER | ROLES
            thing_id = "" if of_cluster or target is None else target.id
            self.say("node", chunk.value, where, kind="exclude", thing=thing_id)
        elif chunk.what == "os" and self.denied is not None:
            self.say("os", chunk.value.lower(), where, kind="exclude")
        elif chunk.what in _TOPICS:
            value = chunk.value.lower() if chunk.what in ("os", "gpu") else chunk.value
            numeric = chunk.what in ("vmid", "vlan", "port")
            value = int(value) if numeric else value
            if chunk.what == "gpu":
                self.attribute("gpu", 1, where, about=str(value))
                return
            ahead = found[place + 1 : place + 3]
            before_head = any(c.kind == "head" for c in ahead[:1]) or (
                len(ahead) > 1 and ahead[0].what == "-" and ahead[1].kind == "head"
            )
            self.forward(chunk.what, value, where, ahead=before_head)
        elif chunk.what in ("backup", "backup_keep", "lxc_template"):
            topic = {"backup": "backup", "backup_keep": "backup", "lxc_template": "template"}
            about = {"backup_keep": "keep", "lxc_template": "lxc"}.get(chunk.what, "schedule")
            if self.denied is not None:
                self.say("backup", None, where, kind="exclude")
                return
            self.attribute(topic[chunk.what], chunk.value, where, about=about)
        elif chunk.what == "public_address":
            self.questions_about_public(where)

    def questions_about_public(self, where: tuple[int, int]) -> None:
        """Say that an address of the outside world was asked for: no plan can give one."""
        self.say("address", "public", where, kind="remark")

    def everyone(self, topic: str) -> list[Thing] | None:
        """Return all machines when "both" or "all of them" stands before a value."""
        told = self.cues[-1:] and self.cues[-1].has("cue.each", "word.all_of_them")
        if not told:
            return None
        said = {s.thing for s in self.statements if s.topic == topic}
        return [x for x in self.things if x.id not in said and x.what not in CLUSTER]

    def forward(
        self, topic: str, value: t.Any, where: tuple[int, int], *, ahead: bool, **more: t.Any
    ) -> None:
        """Say something of the noun that follows directly, else of the thing at hand."""
        if ahead:
            quote = self.quote(*where)
            self.pending.append((topic, {"value": value, "where": where, "quote": quote, **more}))
        else:
            self.attribute(topic, value, where, things=self.everyone(topic), **more)

    def flag(self, found: list[Chunk], place: int) -> None:
        """Say environment, availability, scale, network, purpose or add-on."""
        chunk = found[place]
        where = (chunk.start, chunk.end)
        denied = self.denied
        if denied is not None:
            where = (denied.start, chunk.end)
        ahead = _before_head(found, place)
        if chunk.has("addon."):
            self.addon(chunk, where)
        elif chunk.has("cni."):
            kind = "exclude" if denied else "wish"
            self.attribute("cni", chunk.value, where, kind=kind)
        elif chunk.has("ha"):
            self.forward("ha", denied is None, where, ahead=ahead)
            self.denied = None
        elif chunk.has("word.single_node"):
            self.forward("count", 1, where, ahead=ahead, about="nodes")
        elif chunk.has("env.") and denied is None:
            self.forward("environment", chunk.value, where, ahead=ahead)
        elif chunk.has("scale.") and denied is None:
            self.forward("scale", chunk.value, where, ahead=ahead)
        elif chunk.has("work.") and denied is None:
            self.forward("thing", chunk.value, where, ahead=ahead, about="workload")

    def addon(self, chunk: Chunk, where: tuple[int, int]) -> None:
        """Say an add-on of the cluster; beside machines it is a part of its own."""
        kind = "wish" if self.denied is None else "exclude"
        cluster = next((x for x in reversed(self.things) if x.what in CLUSTER | ROLES), None)
        if chunk.value == "cert-manager" and not self.clusterish and cluster is None:
            self.say("addon", None, where, kind="remark")
        elif self.clusterish or cluster is not None or kind == "exclude":
            thing = cluster.id if cluster is not None else ""
            self.say("addon", chunk.value, where, kind=kind, thing=thing)

    def number(self, found: list[Chunk], place: int) -> None:
        """Take a number that counts some of the things before ("2 for production")."""
        chunk = found[place]
        whole = next((x for x in reversed(self.things) if x.parent is None), None)
        following = [c for c in found[place + 1 : place + 6] if c.kind not in ("mark", "word")]
        told = following[:1] and following[0].has("cue.for", "env.")
        meant = told and any(c.has("env.") or c.kind == "head" for c in following[:2])
        if whole is None or not meant or whole.what in CLUSTER | ROLES:
            return
        thing = Thing(self.new_id(), whole.what, clause=self.clause)
        thing.count = chunk.value
        listed = whole.of_parent or self.marked(":-(,") or self.linked("word.of_them")
        if listed and whole.count is not None and whole.of_parent + chunk.value <= whole.count:
            thing.parent = whole
            whole.of_parent += chunk.value
        self.things.append(thing)
        where = (chunk.start, chunk.end)
        self.say("count", chunk.value, where, thing=thing.id)
        if thing.parent is None:
            kind = "container" if whole.what == "lxc" else "vm"
            self.say("thing", kind, where, thing=thing.id)
        self.group = [thing]
        self.cues = []

    def name(self, found: list[Chunk], place: int) -> None:
        """Take a word with the form of a name."""
        chunk = found[place]
        if not _NAME.fullmatch(str(chunk.value)):
            return
        if re.fullmatch(r"p\d{2,3}|x86|amd64|arm64|ipv[46]|sha\d+|r\d{3}", str(chunk.value)):
            return
        where = (chunk.start, chunk.end)
        thing = self.target()
        whole = thing.parent or thing if thing is not None else None
        counted = (
            whole is not None and (whole.count or 1) > 1 and whole.of_parent < (whole.count or 1)
        )
        if re.fullmatch(r"(?:vm|ct|server|node)-?\d{1,2}", str(chunk.value)) and counted and whole:
            self.name_part(whole, str(chunk.value), where)
            return
        before = self.cues[-1] if self.cues else None
        runs = before is not None and before.has("verb.create") and before.end == chunk.start
        if runs and before is not None and re.search(r"host|install|run", str(before.value)):
            self.unknown(str(chunk.value), where)
            return
        self.give_name(found, place, str(chunk.value), where)

    def unknown(self, words: str, where: tuple[int, int]) -> None:
        """Take words as the name of software that nothing knows."""
        thing = self.target()
        if thing is None or not thing.generic():
            thing = Thing(self.new_id(), "", clause=self.clause)
            self.things.append(thing)
            self.group = [thing]
        self.say("software", words, where, thing=thing.id)
        thing.families.append(words)
        thing.together = True
        self.give_pending(thing)

    def named(self, found: list[Chunk], place: int) -> None:
        """Take what follows "named": a name of the thing at hand, or a question."""
        chunk = found[place]
        where = (chunk.start, chunk.end)
        literal = self.tokens[chunk.start].literal
        if not _NAME.fullmatch(str(chunk.value).lower()):
            quote = self.quote(*where)
            text = (
                f"The name {str(chunk.value)[:80]!r} is not valid; names have a-z, 0-9 and hyphens."
            )
            self.questions.append(Question(id="invalid.name", text=text, quote=quote))
            return
        if literal is not None and literal.cluster:
            cluster = next((x for x in self.things if x.what in CLUSTER), None)
            if cluster is None:
                cluster = Thing(self.new_id(), "k8s", clause=self.clause)
                self.things.append(cluster)
                self.say("thing", "cluster", where, thing=cluster.id)
            self.say("name", str(chunk.value).lower(), where, thing=cluster.id)
            return
        self.give_name(found, place, str(chunk.value).lower(), where)

    def give_name(self, found: list[Chunk], place: int, name: str, where: tuple[int, int]) -> None:
        """Give a name to the thing at hand, to one of several, or to a new machine."""
        thing = self.target()
        whole = thing.parent if thing is not None and thing.parent is not None else thing
        if _leads(found, place):
            self.forward("name", name, where, ahead=True)
        elif whole is None or not self.takes_name(whole):
            self.name_new(name, where)
        elif (whole.count or 1) > 1 and _has_own(found, place):
            self.name_part(whole, name, where)
        else:
            whole.names += 1
            self.say("name", name, where, thing=whole.id)
            if thing is not whole:
                self.group = [whole]

    def takes_name(self, thing: Thing) -> bool:
        """Tell whether a thing has room for one more name."""
        if thing.count is not None:
            return thing.names + (thing.of_parent if thing.generic() else 0) < thing.count
        return not thing.names or (thing.generic() and not thing.sized)

    def name_part(self, whole: Thing, name: str, where: tuple[int, int]) -> None:
        """Make one of several machines a thing of its own, by its name."""
        child = Thing(self.new_id(), whole.what, clause=self.clause)
        child.parent, child.count, child.names = whole, 1, 1
        whole.of_parent += 1
        self.things.append(child)
        child.together = True
        self.say("name", name, where, thing=child.id)
        self.group, self.cues = [child], []

    def name_new(self, name: str, where: tuple[int, int]) -> None:
        """Begin a machine with its name."""
        thing = Thing(self.new_id(), "vm", clause=self.clause)
        thing.names = 1
        self.things.append(thing)
        self.say("thing", "vm", where, thing=thing.id)
        self.say("name", name, where, thing=thing.id)
        self.give_pending(thing)
        self.group, self.cues = [thing], []

    def give_pending(self, thing: Thing) -> None:
        """Say of a thing what was said before it; several environments are of no thing."""
        pending, self.pending = self.pending, []
        several = sum(topic == "environment" for topic, _said in pending) > 1
        for topic, said in [p for p in pending if several and p[0] == "environment"]:
            self.say(topic, said.pop("value"), said.pop("where"), **said)
            pending = [p for p in pending if p[0] != "environment" or "value" in p[1]]
        for topic, said in pending:
            thing.sized |= {topic} & _SIZES
            self.say(topic, said.pop("value"), said.pop("where"), thing=thing.id, **said)

    def service(self, chunk: Chunk) -> None:
        """Take what an application is for ("payment service", "online shop")."""
        start = chunk.start
        before = self.cues[-1] if self.cues else None
        if before is not None and before.kind == "word" and before.end == start:
            start = before.start
        where = (start, chunk.end)
        words = " ".join(token.word for token in self.tokens[start : chunk.end])
        self.say("thing", words, where, about="workload")

    def relative(self, found: list[Chunk], place: int) -> None:
        """Take "half of that" and "same size as …" as sizes of the thing said before."""
        chunk = found[place]
        thing = self.target()
        factor = {"rel.half": 0.5, "rel.twice": 2.0, "rel.triple": 3.0, "rel.same": 1.0}
        other = next((x for x in reversed(self.things) if x is not thing and x.sized), None)
        if thing is None or other is None or chunk.what not in factor:
            return
        where = (chunk.start, chunk.end)
        value = factor[chunk.what]
        self.say("whole", value, where, thing=thing.id, about=other.id, verb="multiply")

    def gpu(self, chunk: Chunk) -> None:
        """Take a GPU without a number: one, or none at all."""
        if self.denied is not None:
            self.say("gpu", 0, (self.denied.start, chunk.end), kind="exclude")
        else:
            self.attribute("gpu", 1, (chunk.start, chunk.end))

    def respectively(self, chunk: Chunk) -> None:
        """Ask for the sizes of each machine, where they were said in a row."""
        thing = self.target()
        said = [s for s in self.statements if thing is not None and s.thing == thing.id]
        start = min((s.quote.start or 0 for s in said), default=self.tokens[chunk.start].start)
        end = self.tokens[chunk.end - 1].end
        quote = Quote(text=self.text[start:end][:240], start=start)
        text = f'Which machine gets which number in "{quote.text}"? Say them one after the other.'
        self.questions.append(Question(id="reading.row", text=text, quote=quote))

    def word(self, found: list[Chunk], place: int) -> None:
        """Take an unknown word that stands where a name of software belongs."""
        chunk = found[place]
        token = self.tokens[chunk.start]
        if token.kind != "word" or len(token.word) < 4 or token.word in _plain():
            return
        thing = self.target()
        raw = self.text[token.start : token.end]
        previous = next((c for c in reversed(self.cues) if c.kind in ("cue", "mark")), None)
        purpose = previous is not None and previous.has("cue.for", "verb.create", "cue.carries")
        purpose = purpose and previous is not None and previous.value != "as"
        camel = raw[:1].islower() and not raw.islower()
        purpose = purpose or (camel and previous is not None and previous.has("cue.of"))
        capital = any(char.isupper() for char in raw) and chunk.start > 0
        after = found[place] if place < len(found) else None
        after = found[place + 1] if place + 1 < len(found) else None
        ends = after is None or after.kind in ("mark", "size", "load", "cue", "name", "literal")
        if not purpose or not (ends or capital):
            return
        if (thing is not None and thing.generic()) or (
            thing is None and not any(c.kind == "head" for c in found[place:])
        ):
            self.unknown(raw, (chunk.start, chunk.end))

    def replace(self, family: str, quote: Quote) -> None:
        """Let "a new one" be of the software that is there already."""
        if len(self.things) == 1 and self.things[0].generic():
            self.say("software", family, (0, 0), thing=self.things[0].id, quote=quote)
            self.things[0].families.append(family)

    def finish(self) -> None:
        """Give what was said before any thing to a machine of its own, and tie parts to sums."""
        if self.pending:
            sized = any(topic in ("cores", "memory_mib", "disk_gib") for topic, _ in self.pending)
            thing = Thing(self.new_id(), "vm")
            pending, self.pending = self.pending, []
            if sized and not self.clusterish:
                self.things.append(thing)
                self.say("thing", "vm", (0, 0), thing=thing.id, quote=pending[0][1]["quote"])
            elif self.clusterish or any(topic == "cni" for topic, _ in pending):
                self.say("thing", "cluster", (0, 0), thing=thing.id, quote=pending[0][1]["quote"])
            else:
                thing.id = ""
            for topic, said in pending:
                self.say(topic, said.pop("value"), said.pop("where"), thing=thing.id, **said)
        service = next((s for s in self.statements if s.about == "workload" and not s.thing), None)
        if not self.things and service is not None:
            self.say("thing", "app", (0, 0), thing=self.new_id(), quote=service.quote)
        for thing in self.things:
            if thing.parent is None:
                continue
            own = next(s for s in self.statements if s.thing == thing.id)
            self.say(
                "link", thing.parent.id, (0, 0), thing=thing.id, about="part_of", quote=own.quote
            )


@functools.lru_cache(maxsize=1)
def _plain() -> frozenset[str]:
    return frozenset(word for listed in load("plain.yml").values() for word in listed.split())


def _before_head(found: list[Chunk], place: int) -> bool:
    """Tell whether a noun follows that a flag describes ("HA cluster", "small Debian VM")."""
    for chunk in found[place + 1 : place + 5]:
        if chunk.kind == "head":
            return True
        small = chunk.kind == "flag" or (chunk.kind == "mark" and chunk.what in "-/")
        if chunk.kind == "word" and found[place].has("env.", "scale."):
            continue
        if not (small or (chunk.kind == "literal" and chunk.what == "os") or chunk.has("cue.and")):
            return False
    return False


def _listed(found: list[Chunk], place: int) -> int:
    """Return how many names of software stand in the list that begins at ``place``."""
    number = 1
    for chunk in found[place + 1 :]:
        if chunk.kind == "head" and chunk.software and chunk.count is None:
            number += 1
        elif not (chunk.has("cue.and") or (chunk.kind == "mark" and chunk.what in ",/&+")):
            break
    return number


def _leads(found: list[Chunk], place: int) -> bool:
    """Tell whether machines are named before their noun ("app1 and app2 VMs for tests")."""
    for chunk in found[place + 1 : place + 8]:
        if chunk.kind == "head":
            return chunk.count is None and (chunk.generic() or chunk.plural)
        if not (chunk.kind == "name" or chunk.has("cue.and") or chunk.what == ","):
            return False
    return False


def _has_own(found: list[Chunk], place: int) -> bool:
    """Tell whether sizes or a purpose of its own follow a name ("web1: 2 cores; db1: 4 cores")."""
    for chunk in found[place + 1 : place + 4]:
        if chunk.kind in ("name", "head") or (chunk.kind == "literal" and chunk.what == "name"):
            return False
        if chunk.kind == "size":
            later = any(c.kind == "name" for c in found[place + 1 :])
            return later
    return False
