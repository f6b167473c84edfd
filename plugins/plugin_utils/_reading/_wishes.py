# SPDX-License-Identifier: GPL-3.0-or-later
"""Chunks of wish clauses into statements: the things that are asked for."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Quote,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._names import (
    everyday,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._nouns import (
    NounReader,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    CLUSTER,
    Thing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import (
    Token,
)

#: What is of one machine each: so many of them are so many machines.
_NUMBERING = frozenset({"vmid", "address", "name"})
_LISTS = frozenset({"cue.and", "cue.or"})


class Reader(NounReader):
    """Reads the wish clauses of one text."""

    def read(self, tokens: list[Token], found: list[Chunk]) -> None:
        """Read the chunks of one clause."""
        self.tokens, self.cues, self.denied, self.turned = tokens, [], None, False
        self.name_places, self.host_at = set(), -1
        self.clause += 1
        place = self.block(found)
        while place < len(found):
            chunk = found[place]
            place += 1
            if chunk.kind == "size":
                place = self.sizes(found, place - 1)
            elif chunk.kind == "head":
                self.head(found, place - 1)
            elif chunk.kind == "load":
                following = found[place] if place < len(found) else None
                if not self.disk_row(found, place - 1):
                    self.load(chunk, following)
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

    def block(self, found: list[Chunk]) -> int:
        """Begin a machine where a clause begins with its label ("VM 1: …"); return what follows."""
        labels = len(found) > 2 and found[0].generic() and found[2].what == ":"
        bare = labels and found[0].count is None and not found[0].plural
        if not bare or found[1].kind not in ("number", "word") or len(self.token_of(found[1])) > 2:
            return 0
        self.begin_block(found[0])
        self.say("text", None, (found[1].start, found[1].end), kind="remark", about="label")
        self.cues = [found[2]]
        return 3

    def begin_block(self, chunk: Chunk) -> None:
        """Begin one more machine of a list of labelled ones."""
        thing = self.begin(chunk)
        self.group, self.cues = [thing], []
        self.describe(thing, chunk)

    def cue(self, found: list[Chunk], place: int) -> None:
        """Remember small words; some close a list or deny what follows."""
        chunk = found[place]
        where = (chunk.start, chunk.end)
        if chunk.kind == "mark" and chunk.what in "(:":
            self.names_behind(found, place)
            self.gloss(found, place)
        self.deny_or_correct(found, place)
        if chunk.has("cue.more", "word.second", "word.first", "word.rest") and self.number(
            found, place
        ):
            return
        self.on_it(chunk)
        if chunk.has("word.in_cluster"):
            self.in_cluster(chunk)
        elif chunk.has("cue.insist"):
            self.say("whole", True, where, about="insist")
        elif chunk.has("verb.add", "cue.only", "cue.more", "verb.set", "verb.keep"):
            self.say("text", None, where, kind="remark")
        for concept, take in (
            ("word.same_machine", self.same_machine),
            ("word.other_machine", self.same_machine),
            ("word.apart", lambda c: self.apart((c.start, c.end))),
            ("word.not_needed", self.not_needed),
            ("word.docker", self.in_docker),
            ("word.separate", lambda c: self.parted(found, place)),
            ("cue.each", lambda c: self.per_each(found, place)),
            ("noun.service", self.service),
            ("unit.gpu", self.gpu),
            ("cue.respectively", self.respectively),
        ):
            if chunk.has(concept):
                take(chunk)
        ends = all(c.kind == "mark" for c in found[place + 1 : place + 2])
        if self.repeated(found, place):
            return
        if chunk.has("rel.") or (ends and chunk.what in function_words()["dittos"]):
            self.relative(found, place)
        elif chunk.kind == "word":
            self.word(found, place)
        self.cues.append(chunk)

    def in_cluster(self, chunk: Chunk) -> None:
        """Take "on Kubernetes": the software before is an application, or is to be elsewhere."""
        if self.denied is not None:
            self.say("thing", "cluster", (self.denied.start, chunk.end), kind="exclude")
        elif self.target() is not None:
            where = (chunk.start, chunk.end)
            self.attribute("thing", "application", where, things=self.group)
            self.attribute("link", "kubernetes", where, things=self.group, about="uses")

    def on_it(self, chunk: Chunk) -> None:
        """Put software on the cluster beside it ("k3s with a wiki on it")."""
        words = [token.word for token in self.tokens[chunk.start : chunk.start + 4]]
        told = any(" ".join(words[:n]) in function_words()["on_it"] for n in (1, 2, 4))
        thing = self.target()
        cluster = any(x.what in CLUSTER and x.clause == self.clause for x in self.things)
        if not (told and cluster) or thing is None:
            return
        if thing.what in CLUSTER:
            self.placed = chunk
        elif thing.families and not thing.sized:
            self.in_cluster(chunk)

    def is_of_cue(self, found: list[Chunk], place: int) -> bool:
        """Take the noun of "all on one" as a part of it ("… all on one machine")."""
        chunk, cue = found[place], self.cues[-1] if self.cues else None
        told = cue is not None and cue.has("word.same_machine", "word.other_machine")
        bare = (
            chunk.generic() and chunk.count is None and cue is not None and cue.end == chunk.start
        )
        thing = self.target()
        if not (told and bare) or thing is None:
            return False
        self.say("whole", None, (chunk.start, chunk.end), thing=thing.id)
        return True

    def runs_inside(self, found: list[Chunk], place: int) -> bool:
        """Tell whether a cluster is what the software before it shall run on ("wiki on k3s")."""
        chunk, thing = found[place], self.target()
        if chunk.what not in CLUSTER or thing is None or not thing.families or thing.sized:
            return False
        last = next((c for c in reversed(found[:place]) if c.kind == "head"), None)
        between = {k.word for k in self.tokens[last.end if last else 0 : chunk.start]}
        closed = function_words()
        places = between & (closed["places"] | {"im"})
        return bool(places) and between <= places | closed["determiners"]

    def head(self, found: list[Chunk], place: int) -> None:
        """Take a noun: the first reading of the table that fits, else a new thing."""
        for reading, closes in NOUNS:
            if reading(self, found, place):
                if closes:
                    self.close(found, place)
                return
        chunk, before = found[place], self.target()
        inside, placed = self.runs_inside(found, place), self.placed
        self.placed = None
        if before is not None and not inside:
            self.choose(chunk)
        thing = self.begin(chunk)
        self.turned = False
        if inside and before is not None:
            where = (chunk.start, chunk.end)
            self.say("thing", "application", where, thing=before.id)
            self.say("link", "kubernetes", where, thing=before.id, about="uses")
        self.ask_brand(chunk, thing)
        self.place_in_list(thing, chunk)
        self.describe(thing, chunk)
        self.only_servers(found, place)
        self.ask_release(found, place)
        if placed is not None and thing.families and chunk.what not in ("vm", "lxc"):
            self.in_cluster(placed)
        self.same_as(thing, chunk)
        self.one_more(before, thing, chunk)
        self.purpose(thing, found, place)
        self.cues = []

    def same_as(self, thing: Thing, chunk: Chunk) -> None:
        """Give a thing the sizes of the one before ("redis with 2 GB, *same for* memcached")."""
        led = [c for c in self.cues if c.kind in ("word", "cue")][-2:]
        told = len(led) == 2 and led[0].what in function_words()["dittos"] and led[1].has("cue.for")
        other = next((x for x in reversed(self.things[:-1]) if x.sized), None)
        if told and other is not None:
            where = (led[0].start, chunk.end)
            self.say("whole", 1, where, thing=thing.id, about=other.id, verb="multiply")

    def close(self, found: list[Chunk], place: int) -> None:
        """End what stands before a noun: it belongs to the thing at hand now."""
        self.cues = []
        thing = self.target()
        if thing is not None:
            self.give_pending(thing)
            self.purpose(thing, found, place)

    def purpose(self, thing: Thing, found: list[Chunk], place: int) -> None:
        """Take an unknown word before machines as what they are for ("two indexer machines")."""
        before = found[place - 1] if place else None
        if not thing.generic() or before is None or before.kind != "word":
            return
        token = self.tokens[before.start]
        strange = token.kind == "word" and len(token.word) > 3 and token.word not in everyday()
        strange = strange and " " not in token.word  # "self hosted" is known
        if strange and not token.concept and found[place].start - before.end <= 1:
            self.say("thing", token.word, (before.start, before.end), thing=thing.id)
            thing.purpose = token.word

    def begin(self, chunk: Chunk) -> Thing:
        """Return a new thing of a noun."""
        thing = Thing(self.new_id(), chunk.what, clause=self.clause)
        if chunk.what == "server_word" and self.clusterish and not chunk.software:
            named = self.marked(":") and any(x.what == "k3s" for x in self.things)  # its own word
            role = chunk.count is not None and not self.linked("word.separate")
            named = named or self.are_its_own(chunk)
            thing.what = "server" if role and (self.agents or named) else "vm"
            last = self.things[-1] if self.things else None
            if (
                role
                and last is not None
                and last.what in CLUSTER
                and self.linked("cue.with", "cue.of")
            ):
                thing.what = "server" if last.what == "k3s" or self.agents else "node"
        elif chunk.what in ("server_word", "host", "dockerhost") or (
            not self.clusterish and (chunk.what == "agent" or chunk.is_lone_node())
        ):
            thing.what = "vm"
        thing.count = chunk.count
        thing.single = (chunk.count == 1 or self.article(chunk)) and not self.each_near(chunk)
        thing.families = [token.software.family for token, _at in chunk.software if token.software]
        thing.stack = any(token.software and token.software.stack for token, _at in chunk.software)
        self.things.append(thing)
        return thing

    def are_its_own(self, chunk: Chunk) -> bool:
        """Tell whether servers are those of k3s, which calls its own so ("k3s, one server")."""
        behind = self.tokens[chunk.end : chunk.end + 1]
        other = any(k.has("cue.for", "cue.with", "cue.of") or k.word in ":(" for k in behind)
        last = self.target()
        alone = last is not None and last.what == "k3s" and len(self.things) == 1
        return alone and not other and not self.linked("cue.and", "cue.more")

    def describe(self, thing: Thing, chunk: Chunk) -> None:
        """Say what a noun says of its thing."""
        where = (chunk.start, chunk.end)
        near = chunk.count_at or where
        span = (min(near[0], chunk.start), max(near[1], chunk.end))
        start = near[0]
        kinds = {"vm": "vm", "lxc": "container", "k3s": "k3s", "k8s": "kubernetes"}
        if chunk.what == "agent" and thing.what == "vm":
            served = any({*x.families} & {*load("software.yml")["runners"]} for x in self.things)
            word = "runner" if served else self.tokens[chunk.start].word.split()[0]
            self.say("thing", word, where, thing=thing.id)
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
        elif chunk.count is None and self.article(chunk) and self.is_the_only(thing, chunk):
            self.say("count", 1, (chunk.start - 1, chunk.end), thing=thing.id)
            thing.count = 1
        elif chunk.count is not None:
            last = self.tokens[chunk.count_at[0] - 1] if chunk.count_at and start else None
            bound = last.concept.partition(".")[2] if last and last.has("bound.") else "exact"
            bound = {"about": "approximate", "over": "at_least"}.get(bound, bound)
            self.say("count", chunk.count, span, thing=thing.id, bound=bound)
        part = chunk.what.startswith("part.") and not chunk.software
        bare = (chunk.what in ("vm", "lxc") or part) and chunk.count is None
        several = chunk.plural and not chunk.definite and not self.linked(*_LISTS)
        if bare and (chunk.vague or several):
            thing.uncounted = self.quote(*where)
        if chunk.clustered:
            self.say("ha", True, where, thing=thing.id, about="clustered")
        self.give_pending(thing)
        self.per_environment(thing, chunk)

    def is_the_only(self, thing: Thing, chunk: Chunk) -> bool:
        """Tell whether an article counts: "a master", "eine Node reicht"."""
        following = self.tokens[chunk.end : chunk.end + 1]
        enough = any(token.word in function_words()["enough"] for token in following)
        return thing.what in ("server", "agent") or (thing.what == "node" and enough)

    def replace(self, family: str, quote: Quote) -> None:
        """Let "a new one" be of the software that is there already."""
        if len(self.things) == 1 and self.things[0].generic():
            self.say("software", family, (0, 0), thing=self.things[0].id, quote=quote)
            self.things[0].families.append(family)

    def finish(self) -> None:
        """Give what was said before any thing to a machine of its own, and tie parts to sums."""
        if self.pending:
            sized = any(
                topic in ("cores", "memory_mib", "disk_gib") for topic, _said in self.pending
            )
            thing = Thing(self.new_id(), "vm")
            pending, self.pending = self.pending, []
            if sized and not self.clusterish:
                self.things.append(thing)
                self.say("thing", "vm", (0, 0), thing=thing.id, quote=pending[0][1]["quote"])
            elif self.clusterish or any(topic == "cni" for topic, _said in pending):
                self.say("thing", "cluster", (0, 0), thing=thing.id, quote=pending[0][1]["quote"])
            else:
                thing.id = ""
            for topic, said in pending:
                self.say(topic, said.pop("value"), said.pop("where"), thing=thing.id, **said)
        service = next((s for s in self.statements if s.about == "workload" and not s.thing), None)
        if not self.things and service is not None:
            self.say("thing", "app", (0, 0), thing=self.new_id(), quote=service.quote)
        self.ask_docker()
        for thing in self.things:
            self.ask_environments(thing)
            if thing.uncounted and not (thing.count or thing.of_parent or thing.names):
                self.ask_count(thing, thing.uncounted)
            if thing.parent is None:
                continue
            own = next(s for s in self.statements if s.thing == thing.id)
            self.say(
                "link", thing.parent.id, (0, 0), thing=thing.id, about="part_of", quote=own.quote
            )

    def ask_count(self, thing: Thing, quote: Quote) -> None:
        """Ask for the number of machines that were said in the plural only."""
        told = [s for s in self.statements if s.thing == thing.id and s.topic in _NUMBERING]
        if not told:
            text = f'How many machines is "{quote.text}"? Say the number.'
            self.questions.append(Question(id="reading.count", text=text, quote=quote))


#: What a noun can be besides a new thing, in the order in which it is tried; and whether what
#: stood before it belongs to the thing at hand then.
NOUNS: tuple[tuple[t.Callable[[Reader, list[Chunk], int], bool], bool], ...] = (
    (Reader.is_of_cue, False),  # "all on one machine"
    (Reader.is_addon, False),  # "with longhorn"
    (Reader.is_addon_kind, False),  # "load balancer MetalLB"
    (Reader.is_there, False),  # "the existing database"
    (Reader.is_brand, True),  # "the database is PostgreSQL"
    (Reader.is_as_part, True),  # "postgres as the database"
    (Reader.is_content, False),  # "a disk for the database"
    (Reader.is_other_kind, False),  # "a kubeadm cluster"
    (Reader.are_all, False),  # "all three are masters"
    (Reader.is_name, False),  # "named web, db and cache"
    (Reader.is_best_host, False),  # "on the biggest node"
    (Reader.is_host, False),  # "my old NUC"
    (Reader.is_denied, False),  # "without a database"
    (Reader.is_per_machine, False),  # "1 GB per VM"
    (Reader.is_stack, True),  # "Django with React"
    (Reader.is_one_part, True),  # "… on one database server"
    (Reader.is_kind, True),  # "… as LXC", "… on two VMs"
    (Reader.is_apposed, True),  # "Immich, one VM"
    (Reader.is_load, True),  # "Zabbix for 500 hosts"
    (Reader.is_part, True),  # "Redis for GitLab"
    (Reader.is_role, True),  # "OpenShift masters"
    (Reader.is_filled, True),  # "mail server with mailcow"
    (Reader.is_predicate, True),  # "it is only a jump host"
    (Reader.is_served, True),  # "etcd for a cluster of 50 nodes"
    (Reader.is_plane_of, True),  # "one control plane for 50 nodes"
    (Reader.is_member, False),  # "a galera cluster, 3 nodes"
    (Reader.is_loose, False),  # "several machines are fine"
    (Reader.is_on_all, True),  # "nginx on all of them"
    (Reader.is_named_again, True),  # "…, postgres with 8 GB"
    (Reader.is_on_the_one, False),  # "all on one machine: Ghost, a frontend"
    (Reader.runs_on, True),  # "a VM for nginx"
    (Reader.again, True),  # "… the masters have 4 GB"
    (Reader.is_it, True),  # "the machine gets 4 GB"
    (Reader.is_its_machine, True),  # "Nextcloud. A VM with 4 GB is enough"
)
