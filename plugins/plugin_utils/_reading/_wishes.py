# SPDX-License-Identifier: GPL-3.0-or-later
"""Chunks of wish clauses into statements: the things that are asked for."""

from __future__ import annotations

import dataclasses
import itertools

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Quote,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import Chunk
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    called_by,
    function_words,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._parts import (
    PartReader,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    CLUSTER,
    ROLES,
    Thing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._values import (
    everyday,
)

#: What is of one machine each: so many of them are so many machines.
_NUMBERING = frozenset({"vmid", "address", "name"})
#: Classes of words that may stand between a noun and its denial behind it.
_SMALL = ("pronouns", "modals", "passives", "determiners", "beside_denials")
_LISTS = frozenset({"cue.and", "cue.or"})


class Reader(PartReader):
    """Reads the wish clauses of one text."""

    def read(self, tokens: list[Token], found: list[Chunk]) -> None:
        """Read the chunks of one clause."""
        self.tokens, self.cues, self.denied, self.turned = tokens, [], None, False
        self.corrected = None
        self.name_places: set[int] = set()  # nouns of this clause that were taken as names
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
                self.load(chunk, found[place] if place < len(found) else None)
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
        where = (chunk.start, chunk.end)
        self.deny_or_correct(found, place)
        if chunk.has("cue.more", "word.second", "word.first") and self.number(found, place):
            return
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
            ("word.separate", lambda c: self.parted(found, place)),
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

    def deny_or_correct(self, found: list[Chunk], place: int) -> None:
        """Begin or end a denial; take "no, rather" as the beginning of what holds instead."""
        chunk = found[place]
        if self.denies_back(found, place):
            self.not_needed(chunk)
        elif chunk.has("cue.not", "cue.off"):
            self.denied = chunk
        elif chunk.has("cue.but", "cue.with") or chunk.what in {";", "."}:
            self.denied = None
        elif chunk.what == "," and self.denied is not None:
            self.denied = (
                self.denied
                if str(self.denied.value) in function_words()["listing_denials"]
                else None
            )
        if chunk.has("cue.correction") and self.things:
            if self.corrected is not None:
                self.say("text", None, (self.corrected.start, self.corrected.end), kind="remark")
            self.corrected, self.denied = chunk, None
        elif chunk.has("cue.instead") and _noun_follows(found, place):
            self.denied = chunk

    def denies_back(self, found: list[Chunk], place: int) -> bool:
        """Tell whether a denial ends its part of the sentence ("monitoring we don't need, …").

        Only pronouns and words of wishing may stand beside it: "needs not much" denies nothing.
        """
        chunk = found[place]
        if not chunk.has("cue.not", "cue.off", "verb.remove"):
            return False
        behind = list(itertools.takewhile(lambda c: not _ends_part(c), found[place + 1 :]))
        before = list(itertools.takewhile(lambda c: not _ends_part(c), reversed(found[:place])))
        noun = next((i for i, c in enumerate(before) if c.kind in ("head", "flag")), None)
        return noun is not None and all(self.is_small(c) for c in (*behind, *before[:noun]))

    def is_small(self, chunk: Chunk) -> bool:
        """Tell whether a chunk is a pronoun, a verb of wishing or being, or "please"."""
        closed = function_words()
        small = frozenset().union(*(closed[name] for name in _SMALL))
        words = [token.word for token in self.tokens[chunk.start : chunk.end]]
        told = chunk.has("verb.create", "verb.set", "verb.add", "cue.not", "filler")
        return told or all(word in small for word in words)

    def in_cluster(self, chunk: Chunk) -> None:
        """Take "on Kubernetes": the software before is an application, or is to be elsewhere."""
        if self.denied is not None:
            self.say("thing", "cluster", (self.denied.start, chunk.end), kind="exclude")
        elif self.target() is not None:
            self.attribute("thing", "application", (chunk.start, chunk.end), things=self.group)

    def head(self, found: list[Chunk], place: int) -> None:
        """Take a noun: a new thing, one that was said before, a load, or what a thing is for."""
        chunk = found[place]
        if self.is_addon(chunk) or self.is_there(chunk) or self.is_other_kind(found, place):
            return
        told = self.are_all(found, place) or self.is_name(found, place)
        hardware = (
            chunk.what == "hardware" and not told and not chunk.software
        )  # nobody can make a host
        if hardware and not self.is_load(chunk):
            near = chunk.count_at or (chunk.start, chunk.end)
            where = (min(near[0], chunk.start), chunk.end)
            self.say("thing", "host", where, kind="exists", thing="h1")
            if chunk.count is not None:
                self.say("count", chunk.count, where, kind="exists", thing="h1")
        if hardware or told:
            return
        self.denied = None if chunk.count else self.denied
        if self.denied is not None and self.deny(found, place):
            return
        per = self.cues[-1] if self.cues else None
        if per is not None and per.has("cue.each") and chunk.count is None and not chunk.software:
            return  # "1 GB per VM"
        taken = self.is_instead(chunk) or self.is_stack(chunk)
        taken = taken or self.is_kind(found, place) or self.is_load(chunk)
        taken = taken or self.is_part(found, place) or self.is_role(found, place)
        taken = taken or self.is_predicate(found, place)
        taken = taken or self.is_served(found, place) or self.is_plane_of(found, place)
        if not taken and (self.is_member(found, place) or self.is_loose(found, place)):
            return
        taken = taken or self.is_on_all(found, place)
        ahead = found[place + 1 :]
        named = bool(chunk.software) and self.again(chunk, ahead)  # is not made again
        taken = taken or named or self.runs_on(found, place) or self.again(chunk, ahead)
        if taken or self.is_it(chunk):
            self.cues = []
            thing = self.target()
            if thing is not None:
                self.give_pending(thing)
                self.purpose(thing, found, place)
            return
        before = self.target()
        thing = self.begin(chunk)
        self.turned = False
        self.place_in_list(thing, chunk)
        self.describe(thing, chunk)
        self.one_more(before, thing, chunk)
        self.purpose(thing, found, place)
        self.cues = []

    def is_predicate(self, found: list[Chunk], place: int) -> bool:
        """Take "it is only a jump host" as what the thing at hand is, not as one more machine."""
        chunk, thing = found[place], self.target()
        if thing is None or chunk.count is not None or thing.what in CLUSTER | ROLES:
            return False
        closed = function_words()
        before = list(itertools.takewhile(lambda c: not _ends_part(c), reversed(found[:place])))
        start = before[-1].start if before else chunk.start
        words = [token.word for token in self.tokens[start : chunk.start]]
        subject = words[:1] and words[0] in closed["subjects"] | closed["copulas"]
        ordered = any(c.has("verb.create", "verb.add", "cue.with", "cue.for") for c in before)
        if not (subject and closed["copulas"] & {*words}) or ordered or self.denied:
            return False
        where = (chunk.start, chunk.end)
        families = [token.software.family for token, _at in chunk.software if token.software]
        if not thing.generic() or not (families or chunk.what.startswith("part.")):
            self.say("whole", None, where, thing=thing.id)
            return not families or bool({*families} & {*thing.families})
        self.software(thing, chunk)
        thing.families += families
        if not families:
            thing.what = chunk.what
            self.say("thing", chunk.what.removeprefix("part."), where, thing=thing.id)
        return True

    def one_more(self, before: Thing | None, thing: Thing, chunk: Chunk) -> None:
        """Give the next of a list its own machine ("one VM each for redis and nginx")."""
        if thing.generic() and thing.count in (None, 1):
            thing.alone = self.each_near(chunk) and not chunk.plural
        elif before is not None and before.alone and thing.families and thing in self.group:
            kind = "container" if before.what == "lxc" else "vm"
            self.say("thing", kind, (chunk.start, chunk.end), thing=thing.id)
            thing.alone, self.apiece = True, list(self.group)

    def are_all(self, found: list[Chunk], place: int) -> bool:
        """Take "all three are masters" as what the nodes said before are."""
        chunk = found[place]
        if chunk.what != "server" or chunk.count is not None or chunk.software:
            return False
        near = [c for c in self.cues if c.kind in ("cue", "word")]
        words = {w for c in near for t_ in self.tokens[c.start : c.end] for w in t_.word.split()}
        if not (words & function_words()["all"] or self.linked("word.all_of_them")):
            return False
        said = [s for s in self.statements if s.topic == "count" and s.kind == "wish"]
        nodes = {x.id for x in self.things if x.what == "node" and not x.of_parent}
        told = next((s for s in said if s.thing in nodes or s.about == "nodes"), None)
        if told is None or any(x.what in ("server", "agent") for x in self.things):
            return False
        where = (near[0].start, chunk.end)
        thing = next((x for x in self.things if x.id == told.thing and x.what == "node"), None)
        if thing is None:
            thing = Thing(self.new_id(), "server", clause=self.clause)
            self.things.append(thing)
            self.say("thing", "server", (chunk.start, chunk.end), thing=thing.id)
        moved = {"thing": thing.id, "about": ""}
        self.statements = [
            s.model_copy(update=moved)
            if s is told
            else s.model_copy(update={"value": "server"})
            if s.thing == thing.id and s.topic == "thing" and s.value == "node"
            else s
            for s in self.statements
        ]
        thing.what, thing.count = "server", float(str(told.value))
        self.say("whole", True, where, thing=thing.id, about="all_nodes")
        self.group, self.cues = [thing], []
        return True

    def is_name(self, found: list[Chunk], place: int) -> bool:
        """Take a noun in a list of names as a name ("three VMs named web, db and cache")."""
        chunk, thing = found[place], self.target()
        if place < 2 or chunk.end - chunk.start != 1 or chunk.count is not None:
            return False
        named = found[place - 2].kind == "name" or found[place - 2].what == "name"
        listed = found[place - 1].has("cue.and") or found[place - 1].what == ","
        word = self.text[self.tokens[chunk.start].start : self.tokens[chunk.start].end].lower()
        if not (named or place - 2 in self.name_places) or not listed or thing is None:
            return False
        if not (thing.names and 1 < (thing.count or 0) > thing.names and word.isalnum()):
            return False
        self.say("name", word, (chunk.start, chunk.end), thing=thing.id)
        thing.names += 1
        self.name_places.add(place)
        self.cues = []
        return True

    def purpose(self, thing: Thing, found: list[Chunk], place: int) -> None:
        """Take an unknown word before machines as what they are for ("two indexer machines")."""
        before = found[place - 1] if place else None
        if not thing.generic() or before is None or before.kind != "word":
            return
        token = self.tokens[before.start]
        strange = token.kind == "word" and len(token.word) > 3 and token.word not in everyday()
        if strange and not token.concept and found[place].start - before.end <= 1:
            self.say("thing", token.word, (before.start, before.end), thing=thing.id)
            thing.purpose = token.word

    def begin(self, chunk: Chunk) -> Thing:
        """Return a new thing of a noun."""
        thing = Thing(self.new_id(), chunk.what, clause=self.clause)
        if chunk.what == "server_word" and self.clusterish and not chunk.software:
            named = self.marked(":") and any(x.what == "k3s" for x in self.things)  # its own word
            role = chunk.count is not None and not self.linked("word.separate")
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
        sized = any(x.sized for x in self.group) or (last is not None and last.sized)
        close = last is not None and near and not sized and last.clause == self.clause
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
        part = last.what.startswith("part.") and not last.families
        same = (
            bool(last.families) and last.families == thing.families
        )  # "a galera cluster: three …"
        bare = (part or same) and not (last.sized or last.names)
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
        bare = chunk.what in ("vm", "lxc") and chunk.count is None
        several = chunk.plural and not chunk.definite and not self.linked(*_LISTS)
        if bare and (chunk.vague or several):
            thing.uncounted = self.quote(*where)
        if chunk.clustered:
            self.say("ha", True, where, thing=thing.id, about="clustered")
        self.give_pending(thing)

    def software(self, thing: Thing, chunk: Chunk) -> None:
        """Say which software a noun names."""
        for token, at in chunk.software:
            entry = token.software
            if entry is None:
                continue
            where = (at, at + 1) if len(chunk.software) > 1 else (chunk.start, chunk.end)
            about = entry.component or ""
            self.say("software", entry.family, where, thing=thing.id, about=about)

    def is_other_kind(self, found: list[Chunk], place: int) -> bool:
        """Ask about a kind of Kubernetes that nothing here builds."""
        chunk = found[place]
        families = [token.software.family for token, _at in chunk.software if token.software]
        other = [name for name in families if name in load("software.yml")["distributions"]]
        if any(c.role() and c.count is None for c in found):
            return False  # a machine of that software
        told = not self.things or self.linked("cue.with", "cue.for", "cue.of") or self.marked("(,:")
        if not (self.clusterish and other and told and chunk.count is None and not self.denied):
            return False
        quote = self.quote(chunk.start, chunk.end)
        text = f'Clusters are built with k3s, not with "{quote.text}". Shall it be k3s?'
        self.questions.append(Question(id="reading.distribution", text=text, quote=quote))
        return True

    def is_instead(self, chunk: Chunk) -> bool:
        """Take software behind "no, rather" in the place of the one before."""
        thing = self.target()
        if self.corrected is None or thing is None:
            return False
        counted = chunk.count is not None and not chunk.software and chunk.count_at is not None
        same = chunk.what in (thing.what, "vm") or (thing.families and chunk.generic())
        if counted and same and chunk.count_at is not None:
            self.say("count", chunk.count, (chunk.count_at[0], chunk.end), thing=thing.id)
            thing.count = chunk.count
            return True
        if not chunk.software or not thing.families:
            return False
        thing.families = []
        self.software(thing, chunk)
        thing.families = [token.software.family for token, _at in chunk.software if token.software]
        return True

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

    def is_kind(self, found: list[Chunk], place: int) -> bool:
        """Take "… as LXC", "… in a VM" and "file server: a container" as the kind of machine."""
        chunk = found[place]
        server = chunk.what == "server_word" and not self.clusterish
        if not (chunk.what in ("lxc", "vm") or server) or chunk.software:
            return False
        near = [c for c in self.cues[-4:] if c.kind in ("word", "cue")]
        words = {str(c.value or c.what) for c in near}
        last = self.target()
        if last is not None and last.what in ROLES and words & function_words()["manners"]:
            self.say("whole", None, (chunk.start, chunk.end), thing=last.id)
            return True  # "three masters as VMs": they are VMs anyway
        if last is None or last.what in ROLES or (last.generic() and not last.purpose):
            return False
        inside = bool(words & function_words()["insides"])
        if chunk.count not in (None, 1):
            return inside and self.spread(chunk)
        label = self.marked(":") and len(self.group) == 1
        how = function_words()["manners"] | function_words()["enough"]
        each = self.each_near(chunk)
        whole = len(self.group) > 1 and not each and self.holds_all(chunk)
        bare = self.marked(",") and not self.article(chunk) and chunk.count is None
        bare = bare and chunk.what == "lxc" and not chunk.plural
        fits = inside or label or bare or each or whole or words & how
        if not fits or (server and not (inside and (chunk.count == 1 or self.article(chunk)))):
            return False
        kind = "container" if chunk.what == "lxc" else "vm"
        known = self.kinds_said()
        several = inside and not chunk.plural and sum(x.id not in known for x in self.group) > 1
        one = chunk.what != "lxc" or self.linked("cue.total") or chunk.count == 1
        apiece = len(self.group) > 1 and each
        if apiece:
            self.apart_each(chunk, kind)
        elif several and self.linked("word.separate"):
            self.say("thing", kind, (chunk.start, chunk.end), thing=self.group[-1].id)
            self.group = self.group[-1:]
        elif whole or (several and one):
            self.same_machine(chunk, kind)
        else:
            self.kind_of_list(chunk, kind)
        own = any(c.what in ("vm", "lxc") and not c.software for c in found[place + 1 :])
        self.group[-1].together = not chunk.plural and not apiece and not own
        return True

    def holds_all(self, chunk: Chunk) -> bool:
        """Tell whether one machine is for the whole list ("…, one LXC", "… for all three")."""
        number = len(self.group)
        behind = [
            token for token in self.tokens[chunk.end : chunk.end + 4] if not token.has("filler")
        ]
        if behind[:1] and behind[0].has("cue.for"):
            said = behind[1:]
            while said and said[0].word in function_words()["determiners"]:
                said = said[1:]
            counted = bool(said) and said[0].kind == "num" and said[0].value == number
            ends = len(said) < 2 or said[1].kind == "mark"
            if (counted or (said and said[0].has("cue.each", "word.all_of_them"))) and ends:
                end = self.tokens.index(said[0]) + 1
                self.say("whole", number, (chunk.end, end), thing=self.group[0].id)
                return True
        ends = not behind or behind[0].kind in ("mark", "num") or behind[0].has("cue.but")
        return chunk.count == 1 and self.marked(",") and ends

    def spread(self, chunk: Chunk) -> bool:
        """Take "… on two VMs" as how many machines the things at hand are."""
        kind = "container" if chunk.what == "lxc" else "vm"
        near = chunk.count_at or (chunk.start, chunk.end)
        where = (min(near[0], chunk.start), chunk.end)
        if len(self.group) == 1 and self.group[0].count is None:
            self.group[0].count = chunk.count
            self.say("count", chunk.count, where, thing=self.group[0].id)
        elif len(self.group) == chunk.count and all(x.count is None for x in self.group):
            self.say("whole", chunk.count, where, thing=self.group[0].id)
        else:
            return False
        self.apart_each(chunk, kind)
        return True

    def kind_of_list(self, chunk: Chunk, kind: str) -> None:
        """Say a kind of the things at hand that have none yet ("X as a VM, Y and Z in LXC")."""
        known = self.kinds_said()
        free = [x for x in self.group if x.id not in known] or self.group[-1:]
        for thing in free:
            self.say("thing", kind, (chunk.start, chunk.end), thing=thing.id)

    def apart_each(self, chunk: Chunk, kind: str) -> None:
        """Give each of the things at hand a machine of its own ("on one VM each")."""
        self.kind_of_list(chunk, kind)
        self.apiece = list(self.group)

    def again(self, chunk: Chunk, rest: list[Chunk]) -> bool:
        """Turn to a thing that was said before ("… the masters have 4 GB")."""
        families = {token.software.family for token, _at in chunk.software if token.software}
        counted = chunk.count is not None and not chunk.definite
        if self.article(chunk) and chunk.generic() and any(not x.generic() for x in self.things):
            return False  # "… and a VM …"
        for thing in reversed(self.things):
            what = "vm" if chunk.what in ("server_word", "host") else chunk.what
            if chunk.what == "server_word" and thing.what == "server":
                what = "server"  # "… 3 agents. Agents 8 GB, server 4 GB"
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
            goes_on = self.turned and self.linked("cue.and") and thing not in self.group
            self.group = [*self.group, thing] if goes_on else [thing]
            self.turned = True
            thing.together = thing.together or (chunk.definite and chunk.generic())
            near = chunk.count_at or (chunk.start, chunk.end)
            where = (min(near[0], chunk.start), chunk.end)
            topic = "whole" if chunk.count is None else "count"
            self.say(topic, chunk.count, where, thing=thing.id)
            self.narrow(thing, chunk, rest)
            return True
        return False

    def narrow(self, thing: Thing, chunk: Chunk, rest: list[Chunk]) -> None:
        """Take a part that closes a sentence as all that is asked for ("Mimir: the queriers")."""
        entry = chunk.software[0][0].software if len(chunk.software) == 1 else None
        closes = all(c.kind in ("word", "mark") or c.has("cue.total") for c in rest)
        if entry is None or not (entry.component and closes and self.marked(":")) or chunk.count:
            return
        self.statements = [
            s.model_copy(update={"about": entry.component})
            if (s.thing, s.topic, s.value, s.about) == (thing.id, "software", entry.family, "")
            else s
            for s in self.statements
        ]

    def is_it(self, chunk: Chunk) -> bool:
        """Take "the machine", "the app" as the software that is spoken of."""
        plain = chunk.generic() or chunk.what == "part.app"
        if not (chunk.definite and plain and chunk.count is None and not chunk.plural):
            return False
        named = [x for x in self.things if x.families]
        if len(named) != 1 or len(self.things) != 1:
            return False
        self.group = named
        self.say("whole", None, (chunk.start, chunk.end), thing=named[0].id)
        return True

    def is_there(self, chunk: Chunk) -> bool:
        """Take "the existing database" as something that is not to be made."""
        last = self.cues[-1] if self.cues else None
        if last is None or not last.has("word.existing") or last.end != chunk.start:
            return False
        where = (last.start, chunk.end)
        for token, _at in chunk.software:
            value = token.software.family if token.software else token.word
            self.say("software", value, where, kind="exists", thing="h2")
        if not chunk.software:
            self.say("thing", chunk.what.removeprefix("part."), where, kind="exists", thing="h2")
        return True

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
        managers = load("software.yml")["cluster_managers"] if chunk.what == "cluster" else ()
        if any(family in managers for family in thing.families):
            follows = follows or self.linked("cue.with") or self.marked("(")
        looked_after = set(watched.values())
        watches = {*thing.families} & {*called_by("monitoring")}
        follows = follows or bool(
            watches and chunk.what in ("host", "hardware") and self.marked(",")
        )
        listed = any(s.about in looked_after and s.thing == thing.id for s in self.statements)
        if not (follows or (listed and (self.marked(",/") or self.linked("cue.and")))):
            return False
        where = (chunk.count_at[0] if chunk.count_at else chunk.start, chunk.end)
        self.drive(thing, watched[chunk.what], chunk.count, where)
        return True

    def is_on_all(self, found: list[Chunk], place: int) -> bool:
        """Take "nginx on all of them" as what the machines at hand run."""
        chunk, thing = found[place], self.target()
        ahead = [c for c in found[place + 1 : place + 4] if c.kind != "word"]
        all_of_them = bool(ahead) and ahead[0].has("cue.each") and bool(chunk.software)
        if not all_of_them or thing is None or thing.families:
            return False
        self.software(thing, chunk)
        thing.families = [t_.software.family for t_, _at in chunk.software if t_.software]
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
        # "… and the postgres VM"
        own = bool(chunk.software and chunk.what in ("vm", "lxc") and self.linked("cue.and"))
        near = bool(self.linked("cue.and") or self.marked(","))
        own = own or bool(thing.alone and thing.families and near)
        own = own or bool(thing.families and self.linked("verb.add") and self.article(chunk))
        if own or (self.linked("cue.behind") and self.article(chunk)):
            return False
        if thing.parent is None and thing.of_parent and thing.count == thing.of_parent:
            self.software(thing, chunk)
            return bool(chunk.software)
        last = self.last_cue()
        told = last is not None and last.has("cue.of", "cue.for") and bool(thing.families)
        told = told and not self.marked(",")
        described = told and not chunk.software and chunk.count is None
        if not described and self.one_each(thing, chunk, found, place):
            return True
        own = bool(thing.families) and _has_own_machine(found, place)
        own = own or (bool(thing.sized or thing.families) and _is_set_apart(found, place))
        if not described and (own or not self.may_run_on(thing, chunk)):
            return False
        where = (chunk.start, chunk.end)
        if not chunk.software:
            self.say("thing", chunk.what.removeprefix("part."), where, thing=thing.id)
            thing.what = chunk.what
        self.software(thing, chunk)
        thing.families += [
            token.software.family for token, _known in chunk.software if token.software
        ]
        thing.together = True
        return True

    def one_each(self, thing: Thing, chunk: Chunk, found: list[Chunk], place: int) -> bool:
        """Give each of several machines its own software ("three VMs for redis, nginx and …")."""
        whole = thing.parent or thing
        if not chunk.software or chunk.count is not None or (whole.count or 1) < 2:
            return False
        if thing.parent is whole and thing.generic():
            return False  # "one for redis": it is what that one is for
        told = self.linked("cue.for", "cue.with", "cue.carries") or self.marked(":(,-")
        begins = whole.generic() and told and _listed(found, place) == whole.count
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
        named = {token.software.family for token, _at in chunk.software if token.software}
        such = named & {*called_by(thing.what.removeprefix("part."))}  # "game server for Minecraft"
        first = first or bool(bare and such and self.linked("cue.for") and chunk.count is None)
        if not (first or listed) or thing.what in CLUSTER | ROLES:
            return False
        return bool(first) or thing.count in (None, 1)

    def same_machine(self, chunk: Chunk, kind: str = "vm") -> None:
        """Put the things of the list at hand on one machine ("nginx and php on one VM")."""
        where = (chunk.start, chunk.end)
        if self.denied is not None:
            self.apart((self.denied.start, chunk.end))
            return
        following = self.tokens[chunk.end : chunk.end + 3]
        if len(self.group) > 1 and self.each_near(chunk):
            self.apart_each(chunk, kind)
            return
        if any(token.has("word.separate") for token in following):
            if self.group:
                self.say("thing", kind, where, thing=self.group[-1].id)
                self.group = self.group[-1:]
            return
        other = chunk.has("word.other_machine")
        listed = self.group if other else self.things
        named = [x for x in listed if x.clause == self.clause and x.what not in CLUSTER]
        things = [x for x in named if x.families or x.what.startswith("part.")]
        for thing in things[1:]:
            self.say("link", things[0].id, where, thing=thing.id, about="same_machine")
        if things:
            self.say("thing", kind, where, thing=things[0].id)
            self.group = things[:1]

    def parted(self, found: list[Chunk], place: int) -> None:
        """Take a thing off the machine of the others ("… but vaultwarden gets its own")."""
        chunk, thing = found[place], self.target()
        behind = found[place + 1 : place + 2]
        ends = not behind or _ends_part(behind[0]) or behind[0].has("filler")
        if thing is None or not ends or self.denied is not None:
            return
        shared = [s for s in self.statements if s.about == "same_machine"]
        where = (chunk.start, chunk.end)
        if any(s.thing == thing.id for s in shared):
            self.statements = [
                s.model_copy(update={"kind": "remark", "thing": "", "value": None})
                if s in shared and s.thing == thing.id
                else s
                for s in self.statements
            ]
            kind = next(
                (
                    s
                    for s in self.statements
                    if s.topic == "thing"
                    and s.thing == str(shared[0].value)
                    and s.value in ("vm", "container")
                ),
                None,
            )
            self.say("thing", kind.value if kind else "vm", where, thing=thing.id)

    def apart(self, where: tuple[int, int]) -> None:
        """Keep machines apart ("not on the same host"): the plan is compared with it."""
        thing = self.target()
        other = self.things[-2] if len(self.things) > 1 else thing
        if thing is not None and other is not None:
            single = (thing.count or 1) < 2
            about = other.id if single else thing.id
            self.say("link", about, where, thing=thing.id, about="apart")
        self.denied = None

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
        others = [x for x in self.things if x is not self.target() and x.what not in CLUSTER]
        if self.linked("word.separate") and chunk.generic() and others and self.group:
            things = {"thing": self.group[-1].id, "about": "same_machine"}
            self.say("link", others[0].id, where, **things)
            return True
        if chunk.definite and chunk.generic() and self.group:  # "not in the VM"
            self.say("whole", None, where, thing=self.group[-1].id)
            return True
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
        for thing in self.things:
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


def _ends_part(chunk: Chunk) -> bool:
    """Tell whether a chunk stands between the parts of a sentence."""
    return chunk.has("cue.and", "cue.but") or (chunk.kind == "mark" and chunk.what in ",;.:()-")


def _noun_follows(found: list[Chunk], place: int) -> bool:
    """Tell whether the next word that means something is a noun that nothing counts."""
    after = next((c for c in found[place + 1 :] if c.kind != "word"), None)
    return after is not None and after.kind in ("head", "flag") and after.count is None


def _has_own_machine(found: list[Chunk], place: int) -> bool:
    """Tell whether a list goes on to machines of its own ("…, nginx and redis each in an LXC")."""
    each = False
    for chunk in found[place + 1 :]:
        each = each or chunk.has("cue.each")
        if chunk.has("cue.with", "cue.but") or chunk.kind == "size":
            return False
        if chunk.kind == "head" and not chunk.software:
            return each and chunk.what in ("vm", "lxc")
    return False


def _is_set_apart(found: list[Chunk], place: int) -> bool:
    """Tell whether a noun is given a machine of its own ("…, MariaDB on a VM of its own")."""
    apart = machine = False
    behind = found[place + 1 : place + 3]
    if behind and behind[0].has("word.separate") and (len(behind) < 2 or _ends_part(behind[1])):
        return True  # "PostgreSQL séparée"
    for chunk in found[place + 1 :]:
        apart = apart or chunk.has("word.separate")
        kind = chunk.kind == "head" and not chunk.software and chunk.what in ("vm", "lxc")
        machine = machine or kind or chunk.has("word.same_machine")
        if chunk.kind in ("size", "mark") or chunk.has("cue.with") or chunk.software:
            break
    return apart and machine


def _listed(found: list[Chunk], place: int) -> int:
    """Return how many names of software stand in the list that begins at ``place``."""
    number = 1
    for chunk in found[place + 1 :]:
        if chunk.kind == "head" and chunk.software and chunk.count is None:
            number += 1
        elif not (chunk.has("cue.and") or (chunk.kind == "mark" and chunk.what in ",/&+")):
            break
    return number
