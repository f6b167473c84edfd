# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes, loads, names and flags of wish clauses: which thing each of them belongs to."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Quote,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
    ids_said,
    names_between,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    called_by,
    function_words,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    CLUSTER,
    ROLES,
    Said,
    Thing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sizes import (
    Size,
    settle,
)

#: Names of literals that are topics of a thing as they are.
_TOPICS = frozenset(
    {"vmid", "gateway", "dns_server", "bridge", "vlan", "pool", "storage", "node", "tag", "iso"}
    | {"image", "vip", "version", "template", "os", "address", "gpu", "port"}
)
_PEAK = re.compile(r"peak|spitze|lastspitze|pointe")
_DIMENSIONS = {"noun.memory": "memory_mib", "noun.disk": "disk_gib", "unit.core": "cores"}
#: Names of a row that are given at most.
MAX_ROW = 60
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class ValueReader(Said):
    """Says values of the things at hand."""

    def sizes(self, found: list[Chunk], place: int) -> int:
        """Read a row of sizes and say them of what they belong to; return the next place."""
        run, modes, at = self.size_row(found, place)
        each = "each" in modes or any(cue.has("cue.each") for cue in self.cues[-2:])
        each = each or self.apiece_now()
        self.settle(found, run, at)
        if not each and not any(modes) and self.before_noun(found, run, at):
            return at
        self.turn_to(found, at)
        things = self.sized(run, each or "total" in modes)
        modes = self.shared(run, modes, things)
        totals = [c for c, mode in zip(run, modes, strict=True) if mode == "total"]
        self.size_all([c for c in run if c not in totals], things, total=False)
        if totals and not self.of_several(totals, things):
            if len(things) > 1:
                self.ask_share(totals, things)
            else:
                self.size_all(totals, things, total=True)
        return at

    def size_row(self, found: list[Chunk], place: int) -> tuple[list[Chunk], list[str], int]:
        """Return a row of sizes, what each of them is of, and the place behind the row.

        "each" or "total"; "reached" by a total that may be of the last size alone; or nothing.
        """
        run: list[Chunk] = []
        modes: list[str] = []
        self.per_machine = False
        mode = "total" if self.cues[-1:] and self.cues[-1].has("cue.total") else ""
        at = end = place
        while at < len(found):
            chunk = found[at]
            if chunk.kind == "size" and chunk.size is not None:
                topic = chunk.size.topic
                again = any(c.size and c.size.topic == topic != "bytes" for c in run)
                if again and found[at - 1].what != "(":
                    break
                run.append(chunk)
                modes.append(mode)
            elif chunk.has("cue.each", "cue.total"):
                if found[at - 1].what == "," and not (_ends(found, at) or _size_next(found, at)):
                    break  # "2 GB, both Debian 12"
                mode = self.reach(found, at, modes)
            elif not self.inside(found, at):
                break
            at += 1
            if chunk.kind == "size" or chunk.has("cue.each", "cue.total"):
                end = at
        return run, modes, end

    def reach(self, found: list[Chunk], at: int, modes: list[str]) -> str:
        """Take "each" and "in total" for the sizes before, or return it for those that follow."""
        chunk = found[at]
        said = chunk.what.removeprefix("cue.")
        if chunk.has("cue.each"):
            self.per_machine = str(chunk.value).split()[0] in ("per", "par", "pro")
        if found[at - 1].kind != "size" and _size_next(found, at):
            return said
        back = "reached" if said == "total" else said
        modes[:] = [*(known or back for known in modes[:-1]), modes[-1] or said]
        return ""

    def size_all(self, run: list[Chunk], things: list[Thing], *, total: bool) -> None:
        """Say the sizes of a row."""
        for chunk in run:
            if chunk.size is not None:
                self.size(chunk.size, things, total)

    def apiece_now(self) -> bool:
        """Tell whether the things at hand have a machine each."""
        return bool(self.apiece) and [x.id for x in self.group] == [x.id for x in self.apiece]

    def before_noun(self, found: list[Chunk], run: list[Chunk], at: int) -> bool:
        """Keep sizes for the noun that they stand before ("GitLab and a 4 core redis VM")."""
        ahead = [c for c in found[at : at + 2] if c.what != "-"][:1]
        first = run[0].start
        article = first > 0 and self.tokens[first - 1].word in numerals().articles
        if not (article and self.group and ahead and ahead[0].kind == "head"):
            return False
        if ahead[0].count is not None or ahead[0].start - run[-1].end > 1:
            return False
        for chunk in run:
            if chunk.size is not None:
                where = (chunk.start, chunk.end)
                value, bound = chunk.size.value, chunk.size.bound
                self.forward(chunk.size.topic, value, where, ahead=True, bound=bound)
        return True

    def shared(self, run: list[Chunk], modes: list[str], things: list[Thing]) -> list[str]:
        """Ask how far a total reaches back, but for cores that are too few to be shared.

        "Four VMs with 2 cores and 8 GB in total": two cores are no total of four machines.
        """
        machines = sum(thing.count or 1 for thing in things)
        found = []
        for chunk, said in zip(run, modes, strict=True):
            size, mode = chunk.size, said
            if said == "reached" and size is not None:
                few = size.topic == "cores" and size.value < machines and size.bound == "exact"
                mode = "" if few else "total"
                if not few and machines > 1 and len(things) == 1 and size.bound == "exact":
                    self.ask_reach(chunk, int(machines))
            found.append(mode)
        return found

    def ask_reach(self, chunk: Chunk, machines: int) -> None:
        """Ask whether a size is that of each machine or of all, where a total stands behind it."""
        quote = self.quote(chunk.start, chunk.end)
        text = (
            f'Is "{quote.text}" for each of the {machines} machines, or for all of them in total?'
        )
        choices = ("each", "in total")
        self.questions.append(Question(id="reading.total", text=text, quote=quote, choices=choices))

    def turn_to(self, found: list[Chunk], at: int) -> None:
        """Turn to the thing that sizes are said to be for ("8 GB for the web servers")."""
        after = found[at : at + 2]
        if len(after) < 2 or not after[0].has("cue.for") or after[1].kind != "head":
            return
        head = after[1]
        thing = next((x for x in self.things if self.is_thing(x, head)), None)
        if thing is not None and head.count is None and (head.definite or head.plural):
            self.group = [thing]

    def of_several(self, run: list[Chunk], things: list[Thing]) -> bool:
        """Take a total of several things: a limit is compared with the plan, else it is asked."""
        said = [x for x in self.things if x.clause == self.clause and x.parent is None]
        said = [x for x in said if x.what not in CLUSTER | ROLES]
        theirs = bool(things) and things[-1] is said[-1] and all(x in said for x in things)
        if len(said) < 2 or not theirs or self.linked("cue.for"):
            return False
        if not all(c.size is not None and c.size.bound == "at_most" for c in run):
            self.ask_share(run, said)
            return True
        for chunk in run:
            if chunk.size is not None:
                where = (chunk.start, chunk.end)
                self.say(chunk.size.topic, chunk.size.value, where, bound="at_most", total=True)
        return True

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
        everything = function_words()["everything"]
        if self.per_machine or any(str(c.value) in everything for c in self.cues[-2:]):
            return [
                x for x in self.things if not x.sized & topics and x.what not in CLUSTER
            ] or free
        if each or len(free) < 2 or free[-1] is not self.group[-1]:
            return (free or self.group[-1:]) if each else self.group[-1:]
        if self.linked("cue.with") and self.linked("cue.with") is self.last_cue() and len(free) > 1:
            self.ask_each(run, free)
        return free

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
        if size.value == 0 and size.topic != "cores":
            self.say("text", None, (size.start, size.end), kind="remark")
            return
        more: dict[str, t.Any] = {"bound": size.bound, "total": total}
        if size.before is not None:
            more["before"] = size.before
        for thing in things:
            thing.sized.add(size.topic)
        value = size.value
        self.attribute(size.topic, value, (size.start, size.end), things=things, **more)

    def load(self, chunk: Chunk, following: Chunk | None = None) -> None:
        """Say what is to be served; "a 500-user forum": by what follows."""
        found = chunk.load
        if found is None:
            return
        where = (chunk.start, chunk.end)
        if found.level:
            self.say("sla", found.value, where, kind="load", about=found.driver)
            return
        serving = [x for x in self.group if x.families or x.what.startswith("part.")]
        thing = self.target() if len(serving) < 2 else None
        compound = any(token.word == "-" for token in self.tokens[chunk.start : chunk.end])
        if compound and following is not None and following.kind == "head":
            more = {"kind": "load", "about": found.driver}
            self.forward("driver", float(found.value), where, ahead=True, **more)
            return
        self.drive(thing, found.driver, float(found.value), where)
        around = self.tokens[max(chunk.start - 2, 0) : chunk.end + 2]
        if found.driver in ("qps", "rps") and any(_PEAK.match(token.word) for token in around):
            self.drive(thing, f"{found.driver}_peak", float(found.value), where)

    def drive(self, thing: Thing | None, driver: str, value: float, where: tuple[int, int]) -> None:
        """Say a load of a thing; several numbers of one driver add up ("25 laptops, 6 servers")."""
        over = where[0] > 0 and self.tokens[where[0] - 1].has("bound.over")
        more = {"kind": "load", "about": driver, "bound": "at_least" if over else "exact"}
        self.say("driver", value, where, thing=thing.id if thing else "", **more)

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
                len(ahead) > 1 and ahead[0].what == "-" and ahead[1].kind == "head"
            )
            values = ids_said(str(value)) if chunk.what == "vmid" else (value,)
            for one in values:
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

    def number(self, found: list[Chunk], place: int) -> bool:
        """Take a number, or "another", that counts some of the things before ("2 for tests")."""
        chunk = found[place]
        if self.corrected is not None and chunk.kind == "number":
            return self.recount(chunk)
        cue = next((c for c in reversed(self.cues) if c.kind == "cue"), None)
        if cue is not None and cue.has("cue.instead"):
            self.say("text", None, (cue.start, chunk.end), kind="remark")
            return True
        whole = next((x for x in reversed(self.things) if x.parent is None), None)
        following = [c for c in found[place + 1 : place + 6] if c.kind not in ("mark", "word")]
        told = following[:1] and following[0].has("cue.for", "env.")
        meant = told and any(c.has("env.") or c.kind == "head" for c in following[:2])
        if whole is None or not meant or whole.what in CLUSTER | ROLES:
            return False
        thing = Thing(self.new_id(), whole.what, clause=self.clause)
        value = float(chunk.value) if chunk.kind == "number" else 1.0
        thing.count = value
        listed = whole.of_parent or self.marked(":-(,") or self.linked("word.of_them")
        if listed and whole.count is not None and whole.of_parent + value <= whole.count:
            thing.parent = whole
            whole.of_parent += value
        self.things.append(thing)
        where = (chunk.start, chunk.end)
        self.say("count", value, where, thing=thing.id)
        if thing.parent is None:
            kind = "container" if whole.what == "lxc" else "vm"
            self.say("thing", kind, where, thing=thing.id)
        self.group = [*self.group, thing] if self.linked("cue.and") else [thing]
        self.cues = []
        return True

    def recount(self, chunk: Chunk) -> bool:
        """Take the number behind "no, rather" as how many there shall be."""
        thing = next((x for x in reversed(self.things) if x.count is not None), None)
        if thing is None:
            return False
        self.say("count", chunk.value, (chunk.start, chunk.end), thing=thing.id)
        thing.count = float(chunk.value)
        self.group = [thing]
        return True

    def name(self, found: list[Chunk], place: int) -> None:
        """Take a word with the form of a name."""
        chunk = found[place]
        first, _dash, last = str(chunk.value).partition("-")
        names = chunk.value if isinstance(chunk.value, tuple) else names_between(first, last)
        if len(names) > 1:
            self.row(found, place, names)
            return
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

    def row(self, found: list[Chunk], place: int, names: tuple[str, ...]) -> None:
        """Give a row of names ("web1 to web4") to the machines at hand."""
        chunk = found[place]
        where = (chunk.start, chunk.end)
        thing = self.target()
        whole = thing.parent if thing is not None and thing.parent is not None else thing
        if len(names) > MAX_ROW:
            quote = self.quote(*where)
            text = f'"{quote.text}" are {len(names)} names; say at most {MAX_ROW} at a time.'
            self.questions.append(Question(id="reading.names", text=text, quote=quote))
            return
        if _leads(found, place):
            for name in names:
                self.forward("name", name, where, ahead=True)
            return
        if whole is None or whole.names:
            self.name_new(names[0], where)
            whole, names = self.things[-1], names[1:]
        whole.names += len(names)
        for name in names:
            self.say("name", name, where, thing=whole.id)

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
        if any(s.topic == "name" and s.value == name for s in self.statements):
            self.name_again(name, where, sized=_size_next(found, place))
        elif _leads(found, place):
            self.forward("name", name, where, ahead=True)
        elif whole is not None and whole.count is None and _in_a_row(found, place):
            whole.names += 1
            self.say("name", name, where, thing=whole.id)
        elif whole is None or not self.takes_name(whole):
            self.name_new(name, where)
        elif 1 < (whole.count or 1) != whole.names + 1 and _has_own(found, place):
            self.name_part(whole, name, where)
        else:
            whole.names += 1
            self.say("name", name, where, thing=whole.id)
            if thing is not whole:
                self.group = [whole]

    def name_again(self, name: str, where: tuple[int, int], *, sized: bool) -> None:
        """Turn to the machine of a name; one of several with sizes of its own is split off."""
        said = next((s for s in self.statements if s.topic == "name" and s.value == name), None)
        thing = next((x for x in self.things if said and x.id == said.thing), None)
        if said is None or thing is None:
            return
        if sized and thing.names > 1:
            self.statements.remove(said)
            thing.names -= 1
            self.name_part(thing, name, where)
            return
        self.say("whole", None, where, thing=thing.id)
        self.group = [thing]

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

    def relative(self, found: list[Chunk], place: int) -> None:
        """Take "half of that" and "twice the memory" as sizes of another thing."""
        chunk = found[place]
        factor = {"rel.half": 0.5, "rel.twice": 2.0, "rel.triple": 3.0, "rel.same": 1.0}
        if chunk.what not in factor:
            return
        ahead = [c for c in found[place + 1 : place + 7] if c.kind not in ("word", "mark")]
        until = next((i for i, c in enumerate(ahead) if c.has("rel.")), len(ahead))
        named = next((c for c in ahead[:2] if c.what in _DIMENSIONS), None)
        head = next((c for c in ahead[:until] if c.kind == "head" and c.count is None), None)
        told = next((x for x in self.things if head is not None and self.is_thing(x, head)), None)
        thing = told or self.target()
        other = next((x for x in reversed(self.things) if x is not thing and x.sized), None)
        if thing is None or other is None:
            return
        where = (chunk.start, named.end if named is not None else chunk.end)
        topic = _DIMENSIONS[named.what] if named is not None else "whole"
        value = factor[chunk.what]
        self.say(topic, value, where, thing=thing.id, about=other.id, verb="multiply")
        thing.sized.add(topic)

    def is_thing(self, thing: Thing, head: Chunk) -> bool:
        """Tell whether a noun names a thing that was said before."""
        families = {token.software.family for token, _at in head.software if token.software}
        if head.what == "node" and not self.clusterish:
            return bool(thing.families) and (thing.count or 1) > 1
        if families or not head.what:
            return bool(families & set(thing.families))
        called = {*called_by(head.what.removeprefix("part."))}
        return head.what in (thing.what, f"part.{thing.what}") or bool(called & {*thing.families})

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
        if self.corrected is not None and token.word in numerals().articles:
            self.recount(dataclasses.replace(chunk, value=1.0))
            return
        if token.kind != "word" or len(token.word) < 4 or token.word in everyday():
            return
        if (called := self.called(token.word)) is not None and found[place + 1 : place + 2]:
            self.group = [called]
            self.say("whole", None, (chunk.start, chunk.end), thing=called.id)
            return
        thing = self.target()
        raw = self.text[token.start : token.end]
        previous = next((c for c in reversed(self.cues) if c.kind in ("cue", "mark")), None)
        purpose = previous is not None and previous.has("cue.for", "verb.create", "cue.carries")
        purpose = purpose and previous is not None and previous.value != "as"
        camel = raw[:1].islower() and not raw.islower()
        purpose = purpose or (camel and previous is not None and previous.has("cue.of"))
        capital = any(char.isupper() for char in raw) and chunk.start > 0
        after = found[place + 1] if place + 1 < len(found) else None
        ends = after is None or after.kind in ("mark", "size", "load", "cue", "name", "literal")
        if not purpose or not (ends or capital):
            return
        if (thing is not None and thing.generic()) or (
            thing is None and not any(c.kind == "head" for c in found[place:])
        ):
            self.unknown(raw, (chunk.start, chunk.end))

    def called(self, word: str) -> Thing | None:
        """Return the thing that a part of the name of its software stands for ("bouncer")."""
        named = ((x, f) for x in self.things for f in (*x.families, x.purpose))
        found = [x for x, name in named if name != word and word in name]
        return found[0] if len(found) == 1 else None


@functools.lru_cache(maxsize=1)
def everyday() -> frozenset[str]:
    """Return the everyday words of the data file."""
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


def _ends(found: list[Chunk], place: int) -> bool:
    """Tell whether nothing follows before the next mark."""
    behind = found[place + 1 : place + 2]
    return not behind or behind[0].kind == "mark"


def _size_next(found: list[Chunk], place: int) -> bool:
    """Tell whether a size follows a small word ("in total 8 GB")."""
    after = [c for c in found[place + 1 : place + 3] if not c.has("cue.of", "cue.with")]
    return bool(after) and after[0].kind == "size"


def _leads(found: list[Chunk], place: int) -> bool:
    """Tell whether machines are named before their noun ("app1 and app2 VMs for tests")."""
    for chunk in found[place + 1 : place + 8]:
        if chunk.kind == "head":
            return chunk.count is None and (chunk.generic() or chunk.plural)
        if not (chunk.kind == "name" or chunk.has("cue.and") or chunk.what == ","):
            return False
    return False


def _in_a_row(found: list[Chunk], place: int) -> bool:
    """Tell whether a name follows one of its own stem ("lb1, lb2", "cache-a and cache-b")."""
    behind = found[place + 1 : place + 2]
    if place < 2 or found[place - 2].kind != "name" or (behind and behind[0].what == ":"):
        return False
    linked = found[place - 1].has("cue.and") or found[place - 1].what == ","
    first, second = str(found[place - 2].value), str(found[place].value)
    return linked and first != second and first.rstrip("0123456789") == second.rstrip("0123456789")


def _has_own(found: list[Chunk], place: int) -> bool:
    """Tell whether sizes or a purpose of its own follow a name ("web1: 2 cores; db1: 4 cores")."""
    for chunk in found[place + 1 : place + 4]:
        if chunk.kind in ("name", "head") or (chunk.kind == "literal" and chunk.what == "name"):
            return False
        if chunk.kind == "size":
            later = any(c.kind == "name" for c in found[place + 1 :])
            return later
    return False
