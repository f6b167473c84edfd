# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of an order: how many machines there shall be, and how large."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._aims import (
    Aim,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._orders import (
    FACTORS,
    Piece,
    sign,
    words,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._settle import settle
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sizes import (
    Size,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._stating import (
    Stating,
)

#: An amount without a word is memory below this (MiB); above, a person is asked.
LIKELY_MEMORY_MIB = 128 * 1024


class Amounts(Stating):
    """Reads counts, sizes, factors and tendencies into changes."""

    def number_of(self, targets: list[Aim]) -> int:
        """Return how many machines there are of what is meant."""
        return len({name for aim in targets for name in self.aims.names(aim)})

    def counts(self, piece: Piece, verb: str) -> None:
        """Change how many machines there are."""
        only = bool(piece.cues("cue.only"))
        more = (piece.cues("cue.more") or piece.next_one() or verb == "add") and not only
        ends = {h.end for h in piece.of("head") if h.count is not None}
        for head in piece.of("head"):
            if head.start in ends and head.count is None:
                continue  # "one *node* elasticsearch more"
            if self.looked_after(head) or self.one_of_some(piece, head):
                continue
            reach = span(head)
            extra = only and any(reach[0] <= c.start <= reach[1] for c in piece.cues("cue.more"))
            if head.count is not None and head.count_at is not None:
                self.counted(piece, head, verb, more=bool(more or extra))
            elif (more or extra) and not (piece.of("size") or head.plural or self.sized(piece)):
                one = head.role() or head.what.startswith("part.") or head.software
                if one or head.generic():
                    self.say("count", 1, head, "increase")
            elif piece.cues("cue.less") and self.single_of(head) and not self.sized(piece):
                self.say("count", 1, head, "decrease")  # "one worker less"
            elif self.single_of(head) and self.is_end(head.start - 1) and not self.sized(piece):
                self.say("count", 1, head, "set")  # "down to one worker"
            elif only and self.single_of(head) and not self.sized(piece):
                self.say("count", 1, head, "set")  # "only one worker is left"
        for place, chunk in enumerate(piece.chunks):
            beside = piece.chunks[max(place - 1, 0) : place + 2]
            counted = chunk.kind == "number" and any(c.has("cue.more") for c in beside)
            behind = piece.chunks[place + 1 : place + 4]
            some = any(c.has("cue.of") for c in behind) and any(c.kind == "head" for c in behind)
            if counted and (some or not piece.of("head")) and not piece.of("size"):
                quote = self.quote(beside[0].start, chunk.end)
                self.say("count", chunk.value, chunk, "increase", quote=quote)
        ordinal = piece.cues("word.second")
        if ordinal and more and not piece.of("head"):
            self.say("count", 1, ordinal[0], "increase")

    def looked_after(self, head: Chunk) -> bool:
        """Take hosts, which nobody makes, as what has to be looked after."""
        hosts = head.what in ("host", "hardware")
        if hosts and head.count is not None:
            fields = {"kind": "load", "thing": "", "about": "devices"}
            self.add(self.quote(*span(head)), "driver", value=head.count, **fields)
        return hosts

    def counted(self, piece: Piece, head: Chunk, verb: str, *, more: bool) -> None:
        """Change a number of machines that is said."""
        low, high = span(head)
        there = self.number_of(self.aims.find(Piece([head], self.tokens)))
        if head.definite and head.count == there and (piece.values() != [head]):
            self.add(self.quote(low, high), "whole", about="said", value=head.count)
            return  # "the two web servers could use 2 cores more"
        signed = sign(self.tokens, low)
        less = signed < 0 or (not signed and (verb == "decrease" or piece.cues("cue.less")))
        how = "decrease" if less else "increase" if more or signed > 0 else "set"
        if not signed and self.is_end(low):
            how = "set"  # "scale down to 1 worker"
        quote, before = self.quote(low, high), None
        start = self.started(piece, head)
        if start is not None:
            quote, how, before = self.quote(start.start, high), "set", float(start.value)
        old = self.instead(piece, head)
        if old is not None:
            quote, how, before = self.quote(low, old.end), "set", float(old.value)
        if how == "set" and (head.count or 0) < there and self.picks(piece, head):
            self.ask_which(piece, head)
            return
        if how == "set" and self.may_be_more(piece, head):
            text = 'Is "{}" one more, or the only one that shall stay?'
            self.ask("more", text, head, ("one more", "only one"))
            self.cover(piece, [head])
            return
        self.say("count", head.count, head, how, quote=quote, before=before)

    def one_of_some(self, piece: Piece, head: Chunk) -> bool:
        """Ask which of several an article picks for what shall become of it."""
        several = self.number_of(self.aims.find(Piece([head], self.tokens))) > 1
        new = piece.cues("cue.more", "verb.add", "word.second")
        single = head.count is None and self.single_of(head)
        if not (several and single and not new and self.picks(piece, head)):
            return False
        self.ask_which(piece, head)
        return True

    def ask_which(self, piece: Piece, head: Chunk) -> None:
        """Ask which machines of a kind are meant."""
        there = self.number_of(self.aims.find(Piece([head], self.tokens)))
        low, high = span(head)
        whole = dataclasses.replace(head, start=low, end=high)
        text = (
            f'Which of the {there} is meant by "{{}}"? Name them; of the others nothing was said.'
        )
        self.ask("which", text, whole)
        self.cover(piece, [head])

    def picks(self, piece: Piece, head: Chunk) -> bool:
        """Tell whether a number picks some machines for what shall become of them.

        "Move one worker to pve3", "give two workers 16 GB": none was said to go.
        """
        fewer = ("verb.decrease", "verb.remove", "cue.less", "cue.only", "cue.instead")
        if piece.cues(*fewer) or piece.words() & words("enough"):
            return False
        verbs = piece.cues("verb.move", "verb.upgrade", "verb.rename", "verb.replace", "rel.")
        apart = piece.cues("cue.each", "word.apart") or [
            c for c in piece.of("head") if c.what in ("host", "hardware")
        ]
        return bool(verbs or apart or [c for c in piece.values() if c is not head])

    def is_end(self, number: int) -> bool:
        """Tell whether a number is how many there shall be in the end ("up to 5", "auf 2")."""
        before = self.tokens[max(number - 1, 0) : number]
        return any(
            k.has("cue.to", "bound.at_most") or k.word in words("directions") for k in before
        )

    def single_of(self, head: Chunk) -> bool:
        """Tell whether an article stands before a noun of which there is one."""
        before = self.tokens[head.start - 1].word if head.start else ""
        return before in numerals().articles and not head.plural and not head.definite

    def may_be_more(self, piece: Piece, head: Chunk) -> bool:
        """Tell whether "a worker" may be one more, where there are several."""
        at = head.count_at[0] if head.count_at else head.start
        article = self.tokens[at].word in numerals().articles and not head.definite
        plain = not piece.cues("verb.decrease", "verb.remove", "cue.less", "cue.instead")
        plain = plain and not piece.cues("cue.only", "cue.to")
        part = ("role", head.what.removeprefix("part."))
        return bool(article and plain and head.count == 1 and self.number_of([part]) > 1)

    def started(self, piece: Piece, head: Chunk) -> Chunk | None:
        """Return the number that there is now ("from three to five workers")."""
        place = piece.chunks.index(head)
        first = piece.chunks[max(place - 2, 0) : place]
        told = len(first) == 2 and first[0].kind == "number" and piece.leads(first[1])
        return first[0] if told else None

    def instead(self, piece: Piece, head: Chunk) -> Chunk | None:
        """Return the number that a count replaces ("three workers instead of two")."""
        place = piece.chunks.index(head)
        after = piece.chunks[place + 1 : place + 3]
        told = len(after) == 2 and after[0].has("cue.instead") and after[1].kind == "number"
        return after[1] if told else None

    def sized(self, piece: Piece) -> bool:
        """Tell whether a piece speaks of sizes."""
        return bool(piece.cues("noun.", "unit.core"))

    def sizes(self, piece: Piece, verb: str, targets: list[Aim]) -> None:
        """Change sizes to, by or from a number."""
        found = [chunk.size for chunk in piece.of("size") if chunk.size is not None]
        if len([size for size in found if size.topic == "bytes"]) < len(found) or len(found) > 1:
            settle(found)
        for chunk in piece.of("size"):
            size = chunk.size
            if size is None:
                continue
            self.swapped(piece, chunk)
            how = self.how_of(size, piece, verb)
            if size.topic == "bytes" and piece.cues("noun.datadisk"):
                size.topic, size.value = "data_disk_gib", size.value / 1024
            new = piece.cues("word.separate") or (
                piece.cues("verb.add", "verb.create") and self.is_one_more(chunk)
            )
            if size.topic == "disk_gib" and how != "increase" and new:
                size.topic = "data_disk_gib"  # "a separate 500 GB disk", "add a 200 GB disk"
            if size.topic == "bytes" and not self.settled(size, piece, how, targets):
                self.ask("dimension", 'Is "{}" memory or disk?', chunk, ("memory", "disk"))
                continue
            if size.topic == "data_disk_gib" and self.is_another(piece, chunk):
                how = "add"
            self.hint = size.topic if size.topic != "data_disk_gib" else self.hint
            self.how = how
            grown = piece.cues("verb.set", "verb.increase", "verb.decrease")
            bound = "exact" if grown else size.bound  # "bring it up to 8 GB"
            fields = {"bound": bound, "before": size.before}
            self.say(size.topic, abs(size.value), chunk, how, **fields)

    def swapped(self, piece: Piece, chunk: Chunk) -> None:
        """Read "12 instead of 8 GB": the unit is said behind what is there now."""
        place, size = piece.chunks.index(chunk), chunk.size
        before = piece.chunks[max(place - 2, 0) : place]
        told = len(before) == 2 and before[1].has("cue.instead")
        told = told and (before[0].kind == "number" or before[0].what == "word.version")
        if told and size is not None and size.before is None and self.tokens[size.number].value:
            unit = size.value / self.tokens[size.number].value
            size.before, size.value = size.value, self.tokens[before[0].start].value * unit
            chunk.start = before[0].start

    def is_another(self, piece: Piece, chunk: Chunk) -> bool:
        """Tell whether a data disk is one more, and not the one there is."""
        added = bool(piece.cues("verb.add", "verb.create")) or not piece.verbs()
        return added or self.is_one_more(chunk)

    def is_one_more(self, chunk: Chunk) -> bool:
        """Tell whether an article or "another" begins a size: it is of a new thing."""
        first = self.tokens[max(chunk.start - 1, 0) : chunk.start + 1]
        concepts = load("words.yml")["concepts"]
        more = {*concepts["cue.more"]["words"], *concepts["word.second"]["words"]}
        said = {word for k in first for word in (k.word, k.word.split(" ")[0])}
        return bool(said & (more | numerals().articles))

    def bare_numbers(self, piece: Piece, targets: list[Aim]) -> None:
        """Read "from 3 to 8" and "CPU of the masters to 4": a number without a unit."""
        for place, chunk in enumerate(piece.chunks):
            if chunk.kind != "number" or chunk not in piece.values() or piece.of("size"):
                continue
            if any(c.has("cue.more") for c in piece.chunks[max(place - 1, 0) : place + 2]):
                continue
            first = [c for c in piece.chunks[:place] if c.kind == "number"][-1:]
            before = float(first[0].value) if first else None
            there = self.number_of(targets)
            named = piece.dimensions()[:1] or ([self.hint] if self.hint else [])
            counted = not piece.dimensions() and (
                before == there if before is not None else not named
            )
            quote = self.quote(first[0].start if first else chunk.start, chunk.end)
            how = {1: "increase", -1: "decrease"}.get(sign(self.tokens, chunk.start), "set")
            if counted and there:
                self.say("count", chunk.value, chunk, how, quote=quote, before=before)
            elif named:
                share = 1024 if named[0] == "memory_mib" else 1
                before = None if before is None else before * share
                value = float(chunk.value) * share
                self.say(named[0], value, chunk, how, quote=quote, before=before)

    def how_of(self, size: Size, piece: Piece, verb: str) -> str:
        """Tell whether a number is set, added or taken away."""
        before = self.tokens[size.start - 1] if size.start else None
        signed = sign(self.tokens, size.number)
        by = before is not None and (
            before.has("cue.by") or (before.word == "de" and verb == "increase")
        )
        lead = self.tokens[max(size.start - 1, 0) : size.number]
        to = any(token.has("cue.to") or token.word in {"a", "at", ":"} for token in lead)
        if size.before is not None or to:
            return "set"
        if signed or size.more or self.is_taken(size):
            return "increase" if (signed or size.more) > 0 else "decrease"
        first = not piece.nouns() or piece.chunks[0].kind == "size"  # "… and 4 GB to the workers"
        if not piece.verbs() and first and self.how and piece.opening is not None:
            return self.how
        goes_on = piece.opening is not None and piece.opening.has("cue.and")
        by = by or (goes_on and verb == self.how and verb in ("increase", "decrease"))
        if verb in ("decrease", "remove"):  # "um 2 GB RAM und 20 GB Platte verkleinern"
            return "decrease" if by or verb == "remove" else "set"
        if any(piece.said(c) in words("fewer") for c in piece.cues("cue.less")):
            return "decrease"
        added = verb == "add" and (piece.verbs() or not self.recounted)
        more = added or by or piece.cues("cue.more")
        return "increase" if more else self.trend or "set"

    def is_taken(self, size: Size) -> bool:
        """Tell whether an amount is taken from machines ("take 2 GB from each worker")."""
        behind = self.tokens[size.end : size.end + 3]
        named = any(k.has("role.", "part.", "thing.") or k.software or k.name for k in behind[1:])
        return behind[:1] != [] and behind[0].has("cue.from") and named

    def settled(self, size: Size, piece: Piece, how: str, targets: list[Aim]) -> bool:
        """Decide whether an amount without a word is memory or disk; tell whether it could be.

        What is named decides, then which of both has what is said to be there now.
        """
        named = [d for d in piece.dimensions() if d != "cores"][:1]
        topic = named[0] if named else ""
        if not topic and size.before is not None:
            topic = self.dimension_of(size.before, targets)
        topic = topic or (self.hint if self.hint != "cores" else "")
        goes_on = piece.opening is not None and not piece.nouns() and self.hint == "cores"
        sure = how == "set" or goes_on  # "+2 cores, +4 GB"
        if not topic and (not sure or size.value > LIKELY_MEMORY_MIB):
            return False
        size.topic = t.cast("t.Any", topic or "memory_mib")
        if size.topic == "disk_gib":
            size.value /= 1024
            size.before = None if size.before is None else size.before / 1024
        return True

    def dimension_of(self, mib: float, targets: list[Aim]) -> str:
        """Return the only one of memory and disk that has an amount now; "" when none is."""
        names = {name for aim in targets for name in self.aims.names(aim)}
        groups = [g for g in self.aims.groups if not targets or names & {*g.names}]
        memory = any(group.memory_mib == mib for group in groups)
        disk = any(group.disk_gib * 1024 == mib for group in groups)
        return "" if memory == disk else "memory_mib" if memory else "disk_gib"

    def factors(self, piece: Piece) -> None:
        """Double, halve, or change by a share ("50 % more memory")."""
        found = [(FACTORS[c.what], c, c.start) for c in piece.cues(*FACTORS)]
        down = piece.cues("cue.less", "verb.decrease")
        for place, chunk in enumerate(piece.chunks[:-1]):
            if chunk.kind == "number" and piece.chunks[place + 1] in piece.values():
                share = float(chunk.value) / 100
                sign_ = -1 if down else 1
                found.append((1 + sign_ * share, piece.chunks[place + 1], chunk.start))
        if piece.of("size"):
            return  # "doubles memory (8 → 16 GB)": the numbers say it
        meant = piece.nouns() or piece.words() & (words("pronouns") | words("everything"))
        for factor, chunk, start in found:
            topics = piece.dimensions() or self.scaled(piece, chunk)
            if self.targets and topics == ["scale"] and not meant:
                continue  # "…, two are better than one"
            for topic in topics:
                quote = self.quote(start, chunk.end)
                self.say(topic, round(factor, 4), chunk, "multiply", quote=quote)

    def scaled(self, piece: Piece, factor: Chunk) -> list[str]:
        """Return what a factor without a size is of: a number of machines, or their sizes."""
        if piece.words() & (words("everything") | function_words()["all_sizes"]):
            return ["scale"]
        if self.hint:
            return [self.hint]
        many = piece.said(factor) in words("numbers_of")
        return ["count" if any(c.plural or many for c in piece.of("head")) else "scale"]

    def tendency(self, piece: Piece) -> None:
        """Read "more RAM", "smaller": a direction without a number."""
        up = piece.cues("verb.increase", "cue.larger")
        up = up or (piece.cues("cue.more") if piece.dimensions() else [])
        down = piece.cues("verb.decrease", "cue.less")
        here = any(s.verb and s.thing == f"c{self.number}" for s in self.statements)
        if here or not (up or down) or piece.cues("cue.only", "cue.not"):
            return
        told = {s.topic for s in self.statements if s.value is not None and s.verb}
        for topic in dict.fromkeys(piece.dimensions() or ["scale"]):
            if topic in told and not self.aims.find(piece):
                self.cover(piece, [c for c in piece.chunks if c.kind != "word"])
                continue  # "…, the new release needs more memory" says why
            self.say(topic, None, (up or down)[0], "increase" if up else "decrease")


def span(head: Chunk) -> tuple[int, int]:
    """Return the tokens of a noun with its number."""
    at = head.count_at or (head.start, head.end)
    return min(at[0], head.start), max(at[1], head.end)
