# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads, literals, flags and add-ons of wish clauses."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
    ids_said,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._names import (
    NameReader,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    CLUSTER,
    ROLES,
    Thing,
)

#: Names of literals that are topics of a thing as they are.
_TOPICS = frozenset(
    {"vmid", "gateway", "dns_server", "bridge", "vlan", "pool", "storage", "node", "tag", "iso"}
    | {"image", "vip", "version", "template", "os", "address", "gpu", "port"}
)
_PEAK = re.compile(r"peak|spitze|lastspitze|pointe")


class ValueReader(NameReader):
    """Says loads, places, flags and add-ons of the things at hand."""

    def load(self, chunk: Chunk, following: Chunk | None = None) -> None:
        """Say what is to be served; "a 500-user forum": by what follows."""
        found = chunk.load
        if found is None:
            return
        where = (chunk.start, chunk.end)
        if found.driver == "retention_days" and self.is_term(chunk):
            about = {"kind": "remark", "about": found.driver}
            self.say("driver", float(found.value), where, **about)
            return
        if found.level:
            self.say("sla", found.value, where, kind="load", about=found.driver)
            return
        serving = [x for x in self.group if x.families or x.what.startswith("part.")]
        thing = self.target() if len(serving) < 2 else None
        if self.on_further_disk(thing, found.driver):
            self.attribute("data_disk_gib", float(found.value), where)
            return
        compound = any(token.word == "-" for token in self.tokens[chunk.start : chunk.end])
        if compound and following is not None and following.kind == "head":
            more = {"kind": "load", "about": found.driver}
            self.forward("driver", float(found.value), where, ahead=True, **more)
            return
        self.drive(thing, found.driver, float(found.value), where)
        around = self.tokens[max(chunk.start - 2, 0) : chunk.end + 2]
        if found.driver in ("qps", "rps") and any(_PEAK.match(token.word) for token in around):
            self.drive(thing, f"{found.driver}_peak", float(found.value), where)

    def on_further_disk(self, thing: Thing | None, driver: str) -> bool:
        """Tell whether data has a disk of its own: the system's was said beside it."""
        beside = thing is not None and "disk_gib" in thing.sized
        return driver == "data_gib" and beside and not self.linked("cue.for")

    def is_term(self, chunk: Chunk) -> bool:
        """Tell whether days are how long a machine is needed ("a VM for two weeks")."""
        thing = self.target()
        led = self.tokens[max(chunk.start - 1, 0)].has("cue.for")
        kept = any(token.has("noun.data", "verb.keep") for token in self.tokens)
        return led and thing is not None and thing.generic() and not kept

    def drive(self, thing: Thing | None, driver: str, value: float, where: tuple[int, int]) -> None:
        """Say a load of a thing; several numbers of one driver add up ("25 laptops, 6 servers")."""
        over = where[0] > 0 and self.tokens[where[0] - 1].has("bound.over")
        more = {"kind": "load", "about": driver, "bound": "at_least" if over else "exact"}
        self.say("driver", value, where, thing=thing.id if thing else "", **more)

    def spare(self, chunk: Chunk) -> None:
        """Say of a host that the thing at hand shall not be there, or nothing at all."""
        start, target = chunk.start, self.target()
        if self.denied is not None and chunk.what == "node":
            start = self.denied.start
        own = chunk.what == "node" and target is not None and target.what not in CLUSTER | ROLES
        thing = target.id if own and target is not None else ""
        self.say("node", chunk.value, (start, chunk.end), kind="exclude", thing=thing)

    def literal(self, found: list[Chunk], place: int) -> None:
        """Say what has a form of its own."""
        chunk = found[place]
        where = (chunk.start, chunk.end)
        if chunk.what == "labelled_vm":
            self.labelled(chunk, where)
        elif chunk.what == "name":
            self.named(found, place)
        elif chunk.what == "spared_node" or (chunk.what == "node" and self.denied is not None):
            self.spare(chunk)
        elif chunk.what == "os" and self.denied is not None:
            where = (self.denied.start, chunk.end)
            self.say("os", chunk.value.lower(), where, kind="exclude")
        elif chunk.what in _TOPICS:
            value = chunk.value.lower() if chunk.what in ("os", "gpu") else chunk.value
            numeric = chunk.what in ("vlan", "port")
            value = int(value) if numeric else value
            if chunk.what == "gpu":
                self.attribute("gpu", 1, where, about=str(value))
                return
            ahead = found[place + 1 : place + 3]
            before_head = any(c.kind == "head" for c in ahead[:1]) or (
                len(ahead) > 1 and ahead[0].what in "-:" and ahead[1].kind == "head"
            )
            values = ids_said(str(value)) if chunk.what == "vmid" else (value,)
            for one in () if self.too_many(values, where) else values:
                self.forward(chunk.what, one, where, ahead=before_head)
        elif chunk.what in ("backup", "backup_keep", "lxc_template"):
            topic = {"backup": "backup", "backup_keep": "backup", "lxc_template": "template"}
            about = {"backup_keep": "keep", "lxc_template": "lxc"}.get(chunk.what, "schedule")
            if self.denied is not None:
                where = (self.denied.start, chunk.end)
                self.say("backup", None, where, kind="exclude")
                return
            self.attribute(topic[chunk.what], chunk.value, where, about=about)
        elif chunk.what == "public_address":
            if self.denied is not None:
                self.say("text", None, (self.denied.start, chunk.end), kind="remark")
            else:
                self.say("address", "public", where, kind="remark")

    def labelled(self, chunk: Chunk, where: tuple[int, int]) -> None:
        """Begin a machine with its id ("VM 300: …"), or say that of the thing at hand."""
        container = not self.tokens[chunk.start].word.startswith("vm")
        if self.is_placed():  # "Home Assistant as VM 300"
            self.attribute("thing", "container" if container else "vm", where)
            self.attribute("vmid", int(chunk.value), where)
            return
        thing = Thing(self.new_id(), "lxc" if container else "vm", clause=self.clause)
        self.things.append(thing)
        self.group = [thing]
        self.say("thing", "container" if container else "vm", where, thing=thing.id)
        self.say("vmid", int(chunk.value), where, thing=thing.id)
        self.cues = []

    def is_for_this(self) -> bool:
        """Tell whether what follows is what the machine at hand is for ("a VM for monitoring")."""
        thing, last = self.target(), self.cues[-1] if self.cues else None
        return thing is not None and thing.generic() and last is not None and last.has("cue.for")

    def is_placed(self) -> bool:
        """Tell whether a machine that follows is said to be that of the thing at hand."""
        thing, near = self.target(), self.cues[-1] if self.cues else None
        how = function_words()["manners"] | function_words()["insides"]
        led = near is not None and str(near.value or near.what) in how
        return led and thing is not None and bool(thing.families) and thing.what not in CLUSTER

    def environment(self, chunk: Chunk, where: tuple[int, int], *, ahead: bool) -> None:
        """Say the environment; "a handful of test users" says none."""
        people = any(token.driver for token in self.tokens[chunk.end : chunk.end + 1])
        if people and chunk.has("env.test"):
            self.say("text", None, where, kind="remark")
        else:
            self.forward("environment", chunk.value, where, ahead=ahead)

    def flag(self, found: list[Chunk], place: int) -> None:
        """Say environment, availability, scale, network, purpose or add-on."""
        chunk = found[place]
        where = (chunk.start, chunk.end)
        denied = self.denied
        if denied is not None:
            where = (denied.start, chunk.end)
        ahead = _before_head(found, place)
        part = load("software.yml")["addon_machines"].get(chunk.value)
        if part and _counts_next(found, place) and not self.clusterish:
            self.say("text", None, (chunk.start, chunk.end), kind="remark")
            self.cues.append(dataclasses.replace(chunk, kind="cue", what="cue.carries"))
        elif part and ahead and denied is None and not self.clusterish:  # "monitoring VM"
            self.forward("thing", part, where, ahead=True)
        elif part and denied is None and not self.clusterish and self.is_for_this():
            self.attribute("thing", part, where)
            self.group[-1].what = f"part.{part}"
        elif chunk.has("addon."):
            self.addon(chunk, where)
        elif chunk.has("cni."):
            kind = "exclude" if denied else "wish"
            self.attribute("cni", chunk.value, where, kind=kind)
        elif chunk.has("ha"):
            self.forward("ha", denied is None, where, ahead=ahead)
            self.denied = None
        elif chunk.has("set.", "unset."):
            self.setting(chunk, where, ahead=ahead)
        elif chunk.has("word.single_node"):
            self.forward("count", 1, where, ahead=ahead, about="nodes")
        elif chunk.has("env.") and denied is None:
            self.environment(chunk, where, ahead=ahead)
        elif chunk.has("scale.") and denied is None:
            self.forward("scale", chunk.value, where, ahead=ahead)
        elif chunk.has("work.") and denied is None:
            self.forward("thing", chunk.value, where, ahead=ahead, about="workload")

    def setting(self, chunk: Chunk, where: tuple[int, int], *, ahead: bool) -> None:
        """Say a setting of a guest; behind the comma of a list of roles it is the cluster's."""
        on = chunk.has("set.") and self.denied is None
        self.denied = None
        cluster = next((x for x in reversed(self.things) if x.what in CLUSTER), None)
        if cluster is not None and self.marked(",") and not ahead:
            self.attribute("setting", on, where, things=[cluster], about=str(chunk.value))
        else:
            self.forward("setting", on, where, ahead=ahead, about=str(chunk.value))

    def addon(self, chunk: Chunk, where: tuple[int, int]) -> None:
        """Say an add-on of the cluster; beside machines it is a part of its own."""
        kind = "wish" if self.denied is None else "exclude"
        cluster = next((x for x in reversed(self.things) if x.what in CLUSTER | ROLES), None)
        if chunk.value == "cert-manager" and not self.clusterish and cluster is None:
            self.say("addon", None, where, kind="remark")
        elif self.clusterish or cluster is not None or kind == "exclude":
            thing = cluster.id if cluster is not None else ""
            self.say("addon", chunk.value, where, kind=kind, thing=thing)

    def service(self, chunk: Chunk) -> None:
        """Take what an application is for ("payment service", "online shop")."""
        start = chunk.start
        before = self.cues[-1] if self.cues else None
        if before is not None and before.kind == "word" and before.end == start:
            start = before.start
        where = (start, chunk.end)
        words = " ".join(token.word for token in self.tokens[start : chunk.end])
        self.say("thing", words, where, about="workload")

    def gpu(self, chunk: Chunk) -> None:
        """Take a GPU without a number: one, or none at all."""
        if self.denied is not None:
            self.say("gpu", 0, (self.denied.start, chunk.end), kind="exclude")
        else:
            self.attribute("gpu", 1, (chunk.start, chunk.end))


def _counts_next(found: list[Chunk], place: int) -> bool:
    """Tell whether a number of something follows: what stands before it is a verb."""
    noun = found[place + 1] if place + 1 < len(found) else None
    counted = noun is not None and (noun.count_at or (noun.start,))[0] == found[place].end
    return bool(counted and noun and noun.kind == "head" and noun.count is not None)


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
