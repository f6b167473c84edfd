# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes in a row: which things they belong to, each or in total."""

from __future__ import annotations

import itertools
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
    spoken,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    CLUSTER,
    ROLES,
    Thing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._serving import (
    ServingReader,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._settle import settle
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sizes import (
    Size,
)

#: A bare amount above this is memory only where memory is sold in it.
LIKELY_MEMORY_MIB = 32 * 1024
MEMORY_STEP_MIB = 16 * 1024
_DIMENSIONS = {"noun.memory": "memory_mib", "noun.disk": "disk_gib", "unit.core": "cores"}


class SizeReader(ServingReader):
    """Says sizes of the things at hand."""

    def sizes(self, found: list[Chunk], place: int) -> int:
        """Read a row of sizes and say them of what they belong to; return the next place."""
        run, modes, at = self.size_row(found, place)
        each = "each" in modes or any(cue.has("cue.each") for cue in self.cues[-2:])
        each = each or self.apiece_now()
        if self.is_apiece(found, place):
            return place + 1
        self.settle(found, run)
        if not self.group and self.host_at >= 0 and self.is_of_host(found, place):
            for chunk in run:
                if chunk.size is not None:
                    where, about = (chunk.start, chunk.end), chunk.size.topic
                    value = chunk.size.value
                    self.say("hardware", value, where, kind="exists", thing="h1", about=about)
            return at
        if not each and not any(modes) and self.before_noun(found, run, at):
            return at
        self.turn_to(found, at)
        self.own_ahead = self.served_next(found, at)
        things = self.sized(run, each or "total" in modes)
        modes = self.shared(run, modes, things)
        totals = [c for c, mode in zip(run, modes, strict=True) if mode == "total"]
        self.size_all([c for c in run if c not in totals], things, total=False, each=each)
        if totals and not self.of_several(totals, things):
            if len(things) > 1:
                self.ask_share(totals, things)
            else:
                self.size_all(totals, things, total=True)
        return at

    def is_apiece(self, found: list[Chunk], place: int) -> bool:
        """Ask about the size of what is counted but no machine to make ("4 OSDs of 100 GB")."""
        counted, lead = ([None, None, *found[:place]])[-2:]
        if counted is None or lead is None or not self.tokens[lead.start].of("apiece"):
            return False
        host = counted.what == "hardware" and (counted.count or 1) > 1
        if not (host or (counted.load is not None and not counted.load.level)):
            return False
        start = (counted.count_at or (counted.start,))[0]
        quote = self.quote(min(start, counted.start), found[place].end)
        text = f'What is "{quote.text}" for a machine: memory, disk or data, and how much in all?'
        self.questions.append(Question(id="reading.apiece", text=text, quote=quote))
        return True

    def is_of_host(self, found: list[Chunk], place: int) -> bool:
        """Tell whether sizes stand directly behind hardware ("NUC, 32 GB RAM: …")."""
        between = found[self.host_at + 1 : place]
        return all(c.kind == "mark" or c.has("cue.with") for c in between)

    def size_row(self, found: list[Chunk], place: int) -> tuple[list[Chunk], list[str], int]:
        """Return a row of sizes, what each of them is of, and the place behind the row.

        "each" or "total"; "reached" by a total that may be of the last size alone; or nothing.
        """
        run: list[Chunk] = []
        modes: list[str] = []
        self.per_machine = False
        mode = "total" if self.leads_total() else ""
        at = end = place
        while at < len(found):
            chunk = found[at]
            if chunk.kind == "size" and chunk.size is not None:
                topic = chunk.size.topic
                known = [c.size.topic for c in run if c.size and not c.size.vague]
                again = topic in known and topic != "bytes" and not chunk.size.vague
                if again and found[at - 1].what != "(":
                    break
                run.append(chunk)
                modes.append(mode)
            elif chunk.has("cue.each") and [
                c for c in found[at + 1 : at + 2] if c.has("cue.total")
            ]:
                pass  # "10 GB for both together"
            elif chunk.has("cue.each", "cue.total"):
                if found[at - 1].what == "," and not (_ends(found, at) or _size_next(found, at)):
                    break  # "2 GB, both Debian 12"
                mode = self.reach(found, at, modes)
            elif not self.inside(found, at) or self.begins_anew(found, at, run):
                break
            at += 1
            if chunk.kind == "size" or chunk.has("cue.each", "cue.total"):
                end = at
        return run, modes, end

    def leads_total(self) -> bool:
        """Tell whether "in total", or "together they get", leads to a size."""
        behind = [*itertools.takewhile(lambda c: not c.has("cue.total"), reversed(self.cues))]
        if len(behind) == len(self.cues) or any(c.kind == "mark" for c in behind):
            return False
        small = ("pronouns", "modals", "everything", "copulas")
        return not behind or any(self.tokens[c.start].of(*small) for c in behind)

    def reach(self, found: list[Chunk], at: int, modes: list[str]) -> str:
        """Take "each" and "in total" for the sizes before, or return it for those that follow."""
        chunk = found[at]
        said = chunk.what.removeprefix("cue.")
        if chunk.has("cue.each"):
            if modes and found[at - 1].kind == "size":
                modes[-1] = said  # "12 GB in all, 2 cores each"
            self.per_machine = str(chunk.value).split()[0] in ("per", "par", "pro")
        if found[at - 1].kind != "size" and _size_next(found, at):
            return said
        back = "reached" if said == "total" else said
        modes[:] = [*(known or back for known in modes[:-1]), modes[-1] or said]
        return ""

    def size_all(
        self, run: list[Chunk], things: list[Thing], *, total: bool, each: bool = False
    ) -> None:
        """Say the sizes of a row; "each" behind the last part is of the others as well.

        "One with 8 GB and one with 4 GB, 2 cores each": the memory of the first was said.
        """
        last = self.target()
        parts = self.parts_of(last.parent) if last is not None and each else []
        parts = parts if parts[-1:] == [last] else []
        for chunk in run:
            if chunk.size is not None:
                topic = chunk.size.topic
                free = [x for x in parts if topic not in x.sized] if things == [last] else []
                self.size(chunk.size, free or things, total)

    def apiece_now(self) -> bool:
        """Tell whether the things at hand have a machine each."""
        return bool(self.apiece) and [x.id for x in self.group] == [x.id for x in self.apiece]

    def before_noun(self, found: list[Chunk], run: list[Chunk], at: int) -> bool:
        """Keep sizes for the noun that they stand before ("GitLab and a 4 core redis VM").

        Also for the one whose machines they count out ("2 x 4 cores, 8 GB for haproxy").
        """
        first = run[0].start
        before = [token.word for token in self.tokens[max(first - 2, 0) : first]]
        times = before[-1:] == ["x"] or before == ["x", "("]
        small = [
            *itertools.takewhile(
                lambda c: c.what == "-" or (times and (c.what == ")" or c.has("cue.for"))),
                found[at : at + 3],
            )
        ]
        ahead = found[at + len(small) : at + len(small) + 1]
        if times and ahead and ahead[0].kind == "head" and ahead[0].count_at is not None:
            times = ahead[0].count_at[1] <= first
        elif not (before[-1:] and before[-1] in numerals().articles) or (
            ahead and (ahead[0].count is not None or ahead[0].start - run[-1].end > 1)
        ):
            return False
        if not (self.group and ahead and ahead[0].kind == "head"):
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

    def of_several(self, run: list[Chunk], things: list[Thing]) -> bool:
        """Take a total of several things: a limit is compared with the plan, else it is asked."""
        whole = [x for x in self.things if x.parent is None and x.what not in CLUSTER | ROLES]
        said = [x for x in whole if x.clause == self.clause] or whole
        theirs = bool(things) and things[-1:] == said[-1:] and all(x in said for x in things)
        if len(said) < 2 or not theirs or self.linked("cue.for"):
            return False
        bounds = [c.size.bound if c.size is not None else "" for c in run]
        if bounds[0] != "at_most" or {*bounds} - {"at_most", "exact"}:  # "at most 4 cores and 8 GB"
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

    def settle(self, found: list[Chunk], run: list[Chunk]) -> None:
        """Decide what amounts without a noun are, from those around them."""
        sizes = [chunk.size for chunk in run if chunk.size is not None]
        for first, second, chunk in zip(sizes, sizes[1:], run[1:], strict=False):
            opened = self.tokens[chunk.start - 1].word if chunk.start else ""
            if opened == "(" and second.topic == "bytes":  # "1 GB (512 MB minimum)"
                settle([first])
                second.topic = first.topic
                second.value /= 1 if first.topic == "memory_mib" else 1024
        thing = self.target()
        parts = [x for x in self.things if thing is not None and thing.own and x.own]
        if len(sizes) == 1 and sizes[0].topic == "bytes" and parts and len(parts[0].sized) == 1:
            sizes[0].topic = t.cast("t.Any", next(iter(parts[0].sized)))  # "…, the other 300 GB"
            sizes[0].value /= 1 if sizes[0].topic == "memory_mib" else 1024
        alone = sum(chunk.kind == "head" for chunk in found) <= 1
        clear = [c.size for c in found if c.size is not None and not c.size.vague]
        others = {size.topic for size in clear} if alone else set()
        plain = [chunk for chunk in run if chunk.size is not None and chunk.size.topic == "bytes"]
        settle(sizes, others)
        in_order = any(size.topic == "cores" for size in sizes)  # "2c/4g/2g": cores, memory, disk
        for upper, lower in itertools.pairwise([] if in_order else plain):
            if upper.size and lower.size and lower.size.value * 1024 < upper.size.value:
                self.ask_memory_or_disk(lower)  # "8 GB, 4 GB": no disk is that small
        told = others | (thing.sized if thing is not None else set())
        if len(plain) == 1 and not told & {"memory_mib", "disk_gib"}:
            self.ask_dimension(plain[0])

    def ask_dimension(self, chunk: Chunk) -> None:
        """Ask about an amount taken for memory that is more likely a disk ("a VM with 100 GB")."""
        size = chunk.size
        likely = size is None or size.topic != "memory_mib" or size.value <= LIKELY_MEMORY_MIB
        if size is None or likely or size.value % MEMORY_STEP_MIB == 0:
            return
        self.ask_memory_or_disk(chunk)

    def ask_memory_or_disk(self, chunk: Chunk) -> None:
        """Ask what an amount is of."""
        quote = self.quote(chunk.start, chunk.end)
        text = f'Is "{quote.text}" memory or disk?'
        self.questions.append(
            Question(id="reading.dimension", text=text, quote=quote, choices=("memory", "disk"))
        )

    def sized(self, run: list[Chunk], each: bool) -> list[Thing]:
        """Return the things that a row of sizes belongs to."""
        topics = {chunk.size.topic for chunk in run if chunk.size is not None}
        whole = self.of_all(each=each)
        if whole is not None:
            return [whole]
        free = [x for x in self.group if not x.sized & topics and x is not self.own_ahead]
        if not self.group:
            return []
        if each and len(self.group) == 1 and self.group[0].count in (None, 1):
            free = self.unsized_before(topics) or free  # "one for X, another for Y, 2 GB each"
        everything = function_words()["everything"]
        everything |= spoken(load("changes.yml")["everything"])
        if self.per_machine or any(str(c.value or c.what) in everything for c in self.cues[-2:]):
            return [
                x for x in self.things if not x.sized & topics and x.what not in CLUSTER
            ] or free
        *others, last = free or self.group[-1:]
        loaded = {s.thing for s in self.statements if s.topic == "driver"}
        single = [x for x in others if (x.count or 1) == 1]
        unlike = (last.count or 1) > 1 and bool(single)
        if each and unlike and all(x.id in loaded for x in single):
            return [last]  # "X for 30 users and two Y with 4 GB each"
        joined = self.linked("cue.with")
        if each and unlike and joined is not None and joined is self.last_cue():
            self.ask_each(run, free)  # "X and two Y with 4 GB each"
        if each or len(free) < 2 or free[-1] is not self.group[-1]:
            return (free or self.group[-1:]) if each else self.group[-1:]
        if self.linked("cue.with") and self.linked("cue.with") is self.last_cue() and len(free) > 1:
            self.ask_each(run, free)
        return free

    def unsized_before(self, topics: t.AbstractSet[str]) -> list[Thing]:
        """Return the last things of this clause in a row that have none of these sizes yet."""
        own = [x for x in self.things if x.clause == self.clause and x.what not in CLUSTER | ROLES]
        row = itertools.takewhile(
            lambda x: not x.sized and x.parent is None and x.count in (None, 1), reversed(own)
        )
        found = [x for x in row if not x.sized & topics]
        return found[::-1] if found[:1] == self.group[-1:] else []

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

    def relative(self, found: list[Chunk], place: int) -> None:
        """Take "half of that" and "twice the memory" as sizes of another thing."""
        chunk = found[place]
        factor = {"rel.half": 0.5, "rel.twice": 2.0, "rel.triple": 3.0, "rel.same": 1.0}
        if chunk.kind == "word":
            factor[chunk.what] = 1.0  # "db2: same"
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

    def respectively(self, chunk: Chunk) -> None:
        """Ask for the sizes of each machine, where they were said in a row."""
        thing = self.target()
        said = [s for s in self.statements if thing is not None and s.thing == thing.id]
        start = min((s.quote.start or 0 for s in said), default=self.tokens[chunk.start].start)
        end = self.tokens[chunk.end - 1].end
        quote = Quote(text=self.text[start:end][:240], start=start)
        text = f'Which machine gets which number in "{quote.text}"? Say them one after the other.'
        self.questions.append(Question(id="reading.row", text=text, quote=quote))


def _ends(found: list[Chunk], place: int) -> bool:
    """Tell whether nothing follows before the next mark."""
    behind = found[place + 1 : place + 2]
    return not behind or behind[0].kind == "mark"


def _size_next(found: list[Chunk], place: int) -> bool:
    """Tell whether a size follows a small word ("in total 8 GB")."""
    after = [c for c in found[place + 1 : place + 3] if not c.has("cue.of", "cue.with")]
    return bool(after) and after[0].kind == "size"
