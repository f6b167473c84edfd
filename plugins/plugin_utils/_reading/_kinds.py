# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kind of machine things are, and which of them share one."""

from __future__ import annotations

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
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._denials import (
    DenialReader,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._drafts import (
    RUNTIMES,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    CLUSTER,
    ROLES,
    Thing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token


class KindReader(DenialReader):
    """Reads kinds of machines and how many of them a list needs."""

    def is_one_part(self, found: list[Chunk], place: int) -> bool:
        """Take "X and Y on one database server" as the machine that both are on."""
        chunk = found[place]
        words = {str(c.value or c.what) for c in self.cues[-4:]}
        single = chunk.count == 1 or self.article(chunk)
        part = chunk.what.startswith("part.") and single and not chunk.software
        if not part or not self.group or not words & function_words()["insides"]:
            return False
        if len(self.group) == 1 and self.group[0].what == chunk.what:
            if (self.group[0].count or 1) < 2:
                return False
            self.ask_where(self.group[0], chunk)
            return True
        if len(self.group) < 2:
            return False
        self.same_machine(chunk)
        return True

    def is_kind(self, found: list[Chunk], place: int) -> bool:
        """Take "… as LXC", "… in a VM" and "file server: a container" as the kind of machine."""
        chunk = found[place]
        families = {token.software.family for token, _at in chunk.software if token.software}
        runs = chunk.what == "dockerhost" or (bool(families) and families <= RUNTIMES)
        runs = runs and any(x.families for x in self.group)
        server = runs or (chunk.what == "server_word" and not self.clusterish)
        if not (chunk.what in ("lxc", "vm") or server) or (chunk.software and not runs):
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
            of_all = self.marked(",(:") and len(self.group) == chunk.count  # "…, two VMs"
            of_all = of_all and not any(c.has("cue.for") for c in found[place + 1 : place + 2])
            labels = chunk.count_at is not None and chunk.count_at[0] >= chunk.end  # "VMs: 3"
            of_all = of_all or (labels and len(self.group) == 1 and not last.sized)
            nodes = last.what in CLUSTER and (  # "a cluster (3 VMs)", "… aus drei VMs"
                self.marked("(:") or self.linked("cue.of", "cue.from")
            )
            return bool(inside or of_all or nodes) and self.spread(chunk)
        label = self.marked(":") and len(self.group) == 1
        how = function_words()["manners"] | function_words()["enough"]
        each = self.each_near(chunk)
        whole = len(self.group) > 1 and not each and self.holds_all(chunk)
        bare = self.marked(",") and not self.article(chunk) and chunk.count is None
        bare = bare and chunk.what == "lxc" and not chunk.plural
        parted = chunk.plural and len(self.group) > 1 and self.linked("word.separate")
        each = each or bool(parted)  # "…, separate machines"
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
        if self.for_all(chunk) and self.linked("cue.each"):
            return True  # "for both one VM"
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
        where = (min(near[0], chunk.start), max(near[1], chunk.end))
        if len(self.group) == 1 and self.group[0].what in CLUSTER:
            self.say("count", chunk.count, where, thing=self.group[0].id, about="nodes")
            return True
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

    def same_machine(self, chunk: Chunk, kind: str = "vm") -> None:
        """Put the things of the list at hand on one machine ("nginx and php on one VM")."""
        where = (chunk.start, chunk.end)
        if (
            self.token_of(chunk).rpartition(" ")[2]
            in load("words.yml")["concepts"]["thing.lxc"]["words"]
        ):
            kind = "container"  # "in the same container"
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
        if not things and not self.things:  # "… on one VM": nothing that is known shares it
            things = [Thing(self.new_id(), "vm", clause=self.clause)]
            self.things.append(things[0])
            self.give_pending(things[0])
            things[0].together = things[0].holds_all = True
        if things:
            if len(things) == 1 and (things[0].count or 1) > 1:
                self.ask_where(things[0], chunk)
            self.say("thing", kind, where, thing=things[0].id)
            self.group = things[:1]

    def ask_where(self, thing: Thing, chunk: Chunk) -> None:
        """Ask about several of a software on one machine ("3 wordpress sites on one server")."""
        quote = self.quote(chunk.start, chunk.end)
        named = (thing.families or [thing.what.removeprefix("part.")])[0]
        text = (
            f'Shall {thing.count:g} x {named} run "{quote.text}", or on {thing.count:g} machines?'
        )
        choices = ("one machine", f"{thing.count:g} machines")
        self.questions.append(
            Question(id="reading.shared", text=text, quote=quote, choices=choices)
        )

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

    def ask_network(self, tokens: list[Token], found: list[Chunk]) -> None:
        """Ask whether a new cluster shall have the network that is in use elsewhere."""
        for chunk in found if self.clusterish else ():
            if chunk.has("cni."):
                start, end = tokens[chunk.start].start, tokens[chunk.end - 1].end
                quote = Quote(text=self.text[start:end], start=start)
                text = f'Shall the new cluster use "{quote.text}" as its network?'
                self.questions.append(Question(id="reading.cni", text=text, quote=quote))
