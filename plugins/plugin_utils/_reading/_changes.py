# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders that change what is there: verb, target, value, and what is protected."""

from __future__ import annotations

import dataclasses

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Quote,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._aims import (
    ALL,
    IT,
    Aim,
    family_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._amounts import (
    LIKELY_MEMORY_MIB,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._doubts import (
    READ,
    Doubts,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._joining import (
    joined,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._orders import (
    Piece,
    is_name,
    words,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import (
    Record,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import (
    Token,
)


@dataclasses.dataclass
class Wish:
    """Chunks of what is new; ``like`` is a machine that it shall be as large as."""

    chunks: list[Chunk]
    tokens: list[Token]
    like: str = ""
    quote: Quote | None = None  # of the words that say so


class ChangeReader(Doubts):
    """Reads the pieces of the sentences of one text."""

    def __init__(self, text: str, previous: Record | None) -> None:
        super().__init__(text, previous)
        self.wishes: list[Wish] = []
        self.fresh = False  # what was said last is new
        self.aside: list[Piece] = []  # what orders nothing

    def read(self, found: list[Piece]) -> None:
        """Read the pieces of a sentence; what is new is added to ``wishes``."""
        self.tokens = found[0].tokens
        orders, self.ordered = joined(found, self.aims), False
        fresh, self.fresh = self.fresh, False
        self.depends(orders)
        for place, piece in enumerate(orders):
            if self.wishes and self.liken(piece, self.wishes[-1]):
                continue
            named = [c for c in piece.chunks if is_name(c)]
            same = bool(self.wishes) and self.wishes[-1].tokens is self.tokens
            if fresh and same and named and piece.kind == "talk":
                self.wishes[-1].chunks += piece.chunks
                continue
            if piece.kind != "order":
                if piece.unknown:
                    text = (
                        f'"{piece.unknown}" is nothing of the deployment and nothing that is known;'
                    )
                    self.ask("target", f"{text} what is meant?", piece.chunks[0])
                self.mention(piece)
                if not (piece.fragment and self.ordered and self.names_anything(piece)):
                    self.aside.append(piece)  # else the account judges its words
                continue
            self.number += 1
            if self.is_deed(piece) or self.stands_on(piece):
                fresh = False
            elif self.replaces(piece):
                fresh = True
            elif self.is_new(piece):
                self.cover(piece, piece.cues("verb.add", "cue.more", "verb.create", "verb.set"))
                heads = piece.of("head")
                there = [c for c in heads if c.count is None and self.is_there(c)]
                there = [c for c in there if c.definite or len(there) < len(heads)]
                self.cover(piece, there)  # "next to *the Pi-hole*"
                new = [c for c in piece.chunks if c not in there]
                self.wishes.append(Wish(new, self.tokens))
                self.liken(piece, self.wishes[-1])
                self.complete(piece, self.wishes[-1])
                fresh = True
            elif fresh and not (piece.verbs() or piece.cues("cue.not") or self.aims.find(piece)):
                if self.wishes[-1].tokens is not self.tokens:
                    self.wishes.append(Wish([], self.tokens))
                self.wishes[-1].chunks += [
                    *([piece.opening] if piece.opening else []),
                    *piece.chunks,
                ]
            else:
                fresh = False
                self.order(piece, orders[place + 1 :])
            self.aims.remember(piece)
        self.fresh = fresh

    def depends(self, orders: list[Piece]) -> None:
        """Ask about a condition of an order: the one before it, else the one it begins with."""
        for place, piece in enumerate(orders):
            if not piece.condition:
                continue
            lead, after = orders[:place][-1:], orders[place + 1 :][:1]
            begins = not lead or len(lead[0].chunks) == 1  # "*only* if …"
            before = [p for p in orders[:place] if len(p.chunks) > 1][-1:]
            follows = begins and after and not after[0].follows()
            ordered = after if follows else before
            if any(p.kind == "order" and not p.cues("verb.keep") for p in ordered):
                text = '"{}": a plan waits for nothing. Shall it be done now, or be left out?'
                whole = dataclasses.replace(piece.chunks[0], end=piece.chunks[-1].end)
                self.ask("condition", text, whole, ("do it now",))

    def left(self) -> None:
        """Ask about machines that were only told to be needless, and that no order names."""
        for piece in self.aside:
            said = piece.cues("cue.not", "cue.off", "word.not_needed")
            named = [aim for aim in self.aims.find(piece) if aim != ALL]
            of_it = said and piece.nouns() and piece.nouns()[0].start < said[0].start
            if of_it and named and not {*named} & {*self.spoken}:
                self.ask("field", '"{}": what shall become of it?', piece.nouns()[0])

    def names_anything(self, piece: Piece) -> bool:
        """Tell whether a fragment holds a name, an address or a word that nobody knows."""
        there = {node for group in self.aims.groups for node in group.nodes}
        literals = [c for c in piece.of("literal") if c.what != "node" or c.value not in there]
        named = literals or piece.of("name") or piece.of("flag")
        return bool(named or self.aims.stranger(piece, anywhere=True))

    def liken(self, piece: Piece, wish: Wish) -> bool:
        """Take "same specs as db1" as the sizes of what is new; tell whether it says so."""
        behind = piece.likens()
        if behind is None or wish.like or piece.verbs() != piece.cues("verb.add"):
            return False
        inside = piece.inside()
        chunks = [
            c for c in piece.chunks if piece.tokens[c.start].start >= inside[behind - 1].start
        ]
        like = self.aims.find(Piece(chunks, piece.tokens)) or self.targets or self.mentioned
        names = [n for aim in like if aim != ALL for n in self.aims.names(aim)]
        if not names:
            return False
        wish.like = names[0]
        start = inside[max(behind - 3, 0)].start
        wish.quote = Quote(text=self.text[start : inside[-1].end][:240], start=start)
        wish.chunks = [c for c in wish.chunks if c not in chunks]
        return True

    def complete(self, piece: Piece, wish: Wish) -> None:
        """Make a machine of the same kind of a new name alone ("add web3, same as web1")."""
        names = self.strangers(piece)
        if not wish.like or not names or any(chunk.kind == "head" for chunk in wish.chunks):
            return
        kinds = [g.kind for g in self.aims.groups if wish.like in g.names]
        at = names[0].start
        wish.chunks.insert(0, Chunk("head", max(at - 1, 0), max(at, 1), kinds[0]))

    def replaces(self, piece: Piece) -> bool:
        """Read software that shall come in the place of another one."""
        if not piece.cues("verb.replace", "cue.instead", "noun.swap") or piece.of("size"):
            return False
        heads = [c for c in piece.of("head") if c.software]
        old = [c for c in heads if self.aims.find(Piece([c], self.tokens))]
        old = [c for c in old if self.aims.runs(family_of(c))]
        new = [c for c in heads if c not in old and not self.tokens[c.start].has("addon.")]
        if len(old) != 1 or len(new) != 1:
            return False
        targets = self.aims.find(Piece(old, self.tokens))
        self.say("whole", None, old[0], "remove")
        self.aim(targets, Piece(old, self.tokens))
        self.cover(piece, piece.cues(*READ, "noun.swap"))
        self.targets = self.mentioned = self.latest = targets
        self.wishes.append(Wish(new, self.tokens))
        return True

    def mention(self, piece: Piece) -> None:
        """Remember what words speak of that order nothing: "it" and "them" may mean it."""
        found = self.named(piece)
        if found and not (piece.reason and self.ordered):
            self.mentioned = self.latest = found
        self.aims.remember(piece)
        sizes = [c.size for c in piece.of("size") if c.size is not None]
        named = piece.dimensions() + [size.topic for size in sizes if size.topic != "bytes"]
        if sizes and not named:
            there = self.dimension_of(sizes[0].value, self.latest)
            named = [there or "memory_mib"] if there or sizes[0].value <= LIKELY_MEMORY_MIB else []
        self.hint = named[0] if len(set(named)) == 1 else self.hint

    def describes_one(self, piece: Piece, targets: list[Aim]) -> bool:
        """Take sizes behind one more of a group: as those of all of it, else ask whose they are."""
        heads = [h for h in piece.of("head") if not (h.definite or h.software or h.generic())]
        sizes = [c for c in piece.of("size") if heads and c.start >= heads[-1].end and c.size]
        more = [] if piece.cues("cue.only") else piece.cues("cue.more", "verb.add", "word.second")
        one = bool(heads) and (heads[-1].count is not None or not heads[-1].plural)
        if not (sizes and more and one) or any(c.size and c.size.more for c in sizes):
            return False
        names = {name for aim in targets for name in self.aims.names(aim)}
        there = [group.sizes for group in self.aims.groups if names & {*group.names}]
        said = {c.size.topic: c.size.value for c in sizes if c.size}
        said = {"memory_mib" if topic == "bytes" else topic: value for topic, value in said.items()}
        low = min([c.start for c in more] + [(heads[-1].count_at or (heads[-1].start,))[0]])
        if there and all(sizes_.items() >= said.items() for sizes_ in there):
            quote = self.quote(low, heads[-1].end)
            self.say("count", heads[-1].count or 1, heads[-1], "increase", quote=quote)
            for chunk, (topic, value) in zip(sizes, said.items(), strict=True):
                self.say(topic, value, chunk, "set")
            return True
        self.add(self.quote(low, heads[-1].end), "whole", about="said")
        text = (
            'Is "{}" for all of them, or for what is new alone? Machines of one kind are equal when'
            " they are made: add them, and give them another size by their names then."
        )
        self.ask("new_size", text, dataclasses.replace(sizes[0], end=sizes[-1].end))
        return True

    def is_sized_one(self, piece: Piece, head: Chunk) -> bool:
        """Tell whether one more of something there is described ("another redis with 2 GB")."""
        before = self.tokens[head.start - 1 : head.start]
        one = any(k.word in numerals().articles or k.has("cue.more", "word.second") for k in before)
        return (
            bool(head.software)
            and one
            and any(chunk.start >= head.end for chunk in piece.of("size"))
        )

    def is_new(self, piece: Piece) -> bool:
        """Tell whether an order asks for something that the deployment does not have yet."""
        if self.previous is None or piece.excepted or piece.cues("verb.keep", "verb.replace"):
            return False
        beside = piece.cues("word.separate", "cue.behind") and not piece.cues("cue.instead")
        asked = bool(piece.cues("verb.add", "verb.create") or beside)
        if not (asked or piece.cues("cue.more") or not piece.cues("verb.")):
            return False
        heads = [c for c in piece.of("head") if not c.definite]
        named = any(head.software for head in heads)
        counted = asked or bool(piece.cues("cue.more"))
        sized = bool(piece.of("size") or piece.of("name") or piece.of("literal"))
        for head in heads:
            family, part = family_of(head), head.what.removeprefix("part.")
            one = self.tokens[head.start - 1].word in numerals().articles if head.start else False
            addon = self.previous.cluster is not None and self.tokens[head.start].has("addon.")
            if family and not addon and not self.aims.runs(family):
                one = one or any(h.count is not None for h in heads)
                return asked or (one and (counted or sized))
            if head.what.startswith("part."):
                there = self.aims.of_part(part)
                if all(by == "name" for by, _value in there):  # none, or machines called so
                    return counted and bool(not there or self.strangers(piece))
            if head.what in ("vm", "lxc") and not named and piece.cues("verb.add"):
                return sized
        described = counted and any(self.is_sized_one(piece, head) for head in heads)
        alike = piece.likens() is not None and not [h for h in heads if not h.generic()]
        alike = alike and bool(counted or piece.next_one())
        return described or (alike and bool(self.strangers(piece)))

    def order(self, piece: Piece, later: list[Piece]) -> None:
        """Read one order: what it is about, and what shall become of it."""
        before, asked = len(self.statements), len(self.questions)
        own = self.named(piece)
        targets = own or self.meant(piece, later)
        verb = self.verb_of(piece, later)
        if own in ([], [ALL]) and piece.cues("verb.keep") and piece.words() & words("others"):
            self.cover(piece, [*piece.cues(*READ), *piece.of("number"), *piece.of("flag")])
        elif self.keeps(piece, own):
            addons = self.aims.addons(piece)
            if verb != "remove" or not piece.verbs():  # what is not to go may still change
                self.keep(piece, own, addons)
            if own or not addons:
                self.aim(targets, piece)
            self.cover(piece, [*piece.cues(*READ), *piece.of("flag")])
            if piece.excepted or piece.verbs():
                self.mentioned = own or self.mentioned
                if piece.excepted and piece.words() & words("everything"):  # "all but db1"
                    self.mentioned = self.latest = [ALL]
            self.ordered, self.spoken = True, self.spoken + own
        else:
            self.trend = self.ends(piece, later)
            self.change(piece, targets, verb)
            if len(self.statements) > before:
                self.close(piece, own, targets, verb)
            elif piece.verbs() and verb == self.verb and not own:
                self.cover(piece, piece.cues(*READ))
            elif own not in ([], [ALL]) and len(self.questions) == asked:
                named = next(iter(piece.nouns()), piece.chunks[0])
                self.ask("field", '"{}": what shall become of it?', named)

    def change(self, piece: Piece, targets: list[Aim], verb: str) -> None:
        """Say what an order changes: by its verb, else by its values."""
        named = piece.dimensions()
        self.hint = named[0] if len(set(named)) == 1 else self.hint
        addons = self.aims.addons(piece)
        whole = verb in ("remove", "move")
        asked = self.ask_part(piece) if whole else self.ask_some(piece, targets)
        asked = asked or self.ask_off(piece)
        if verb == "move":
            asked = asked or self.ask_some(piece, targets)
        asked = asked or (verb != "remove" and self.ask_new_name(piece))
        if asked or self.ask_newest(piece, targets) or self.ask_new_ones(piece):
            return
        sized = bool(piece.of("size"))  # "drop the agents to 4 GB", "take 1 GB away"
        if addons:
            self.change_addons(piece, addons, verb)
            if verb == "remove" and self.aims.find(piece) not in ([], [ALL]):  # "… and Traefik"
                self.remove(piece, targets)
        elif verb == "rename":
            self.rename(piece)
        elif verb == "remove" and not sized and (targets or piece.of("head")):
            self.remove(piece, targets)
        else:
            if self.describes_one(piece, targets):
                return
            self.counts(piece, verb)
            self.sizes(piece, verb, targets)
            self.bare_numbers(piece, targets)
            self.factors(piece)
            self.others(piece)
            self.kinds(piece, targets)
            self.tendency(piece)

    def ends(self, piece: Piece, later: list[Piece]) -> str:
        """Return what the last of a list of amounts does ("2 cores and 4 GB *more*")."""
        last = next(iter(later), None)
        if last is None or last.opening is None or not last.opening.has("cue.and"):
            return ""
        theirs = last.nouns() and (piece.nouns() or last.chunks[0].kind != "size")
        if theirs or last.verbs() or any(map(piece.leads, piece.chunks)):
            return ""
        signs = {c.size.more for c in last.of("size") if c.size is not None and c.size.more}
        signs |= {1} if last.cues("cue.more") else set()
        return "increase" if signs == {1} and last.of("size") else ""

    def close(self, piece: Piece, own: list[Aim], targets: list[Aim], verb: str) -> None:
        """Say what an order was about, and keep it for the next one."""
        there = self.number_of(targets)
        gone = [s.value for s in self.statements if s.topic == "count" and s.verb == "decrease"]
        left = there - sum(float(value or 0) for value in gone)
        for chunk in piece.of("number"):  # "give *the two that are left* 8 GB"
            if piece.cues("cue.instead") or (not own and chunk.value in (there, left)):
                quote = self.quote(chunk.start, chunk.end)
                self.add(quote, "whole", about="said", value=chunk.value)
        self.aim(targets, piece)
        self.targets = self.mentioned = self.latest = targets or self.targets
        own_ = [s for s in self.statements if s.thing == f"c{self.number}"]
        self.recounted = any(s.topic == "count" for s in own_)
        self.spoken += targets
        self.ordered, self.verb = True, verb or self.verb
        self.cover(piece, piece.cues(*READ))

    def named(self, piece: Piece) -> list[Aim]:
        """Return what a piece names or points at."""
        found, points = self.aims.find(piece), piece.pointer()
        if points is None or (points.how == "others" and piece.cues("verb.keep")):
            return found  # "leave the others alone": what no order names stays anyway
        last = self.mentioned or self.latest
        pointed = self.aims.pointed(piece, found, last, self.spoken or last)
        if points.how == "others" and self.recounted:
            pointed = last  # "one worker less, *the others* get 16 GB"
        if pointed:
            quote = self.quote(points.chunk.start, points.chunk.end)
            self.add(quote, "whole", about="said", value=points.number or None)
        return pointed or found

    def meant(self, piece: Piece, later: list[Piece]) -> list[Aim]:
        """Return what an order without a name of its own is about."""
        if piece.words() & words("pronouns") and self.mentioned:
            return self.mentioned
        stranger = self.aims.stranger(piece)
        if stranger:
            return [("name", stranger)]
        if self.latest:
            return self.latest
        orders = [p for p in later if p.kind == "order" and not p.cues("cue.not", "verb.keep")]
        return next((found for p in orders if (found := self.aims.find(p))), [])

    def aim(self, targets: list[Aim], piece: Piece) -> None:
        """Say what the changes of the order are about."""
        nouns = piece.nouns()
        first = next(iter(nouns), piece.chunks[0])
        for by, value in targets or [IT]:
            self.add(self.quote(first.start, first.end), "whole", about=by, value=value)
        hosts = [c for c in piece.of("literal") if c.what == "node" and not piece.is_place(c)]
        called = [c for c in piece.of("word") if self.aims.of_word(self.tokens[c.start])]
        self.cover(piece, [*nouns[1:], *hosts, *called])
        for chunk in piece.of("literal"):
            cluster = self.tokens[chunk.start].literal
            named = any(s.about == "deployment_name" for s in self.statements)
            if chunk.what == "name" and cluster is not None and cluster.cluster and not named:
                fields = {"thing": "name", "verb": "keep", "value": str(chunk.value).lower()}
                quote = self.quote(chunk.start, chunk.end)
                self.add(quote, "whole", about="deployment_name", **fields)
