# SPDX-License-Identifier: GPL-3.0-or-later
"""What an order does beside sizes: keep, remove, rename, move, add-ons, the same once more."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Quote,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._aims import (
    ALL,
    Aim,
    family_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._amounts import (
    Amounts,
    span,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._orders import (
    DIMENSIONS,
    Piece,
    is_name,
    words,
)


class Acts(Amounts):
    """Reads the verbs of an order into changes."""

    def verb_of(self, piece: Piece, later: t.Sequence[Piece] = ()) -> str:
        """Return what the order does: the verb said, else that of the order before.

        Of amounts in a list the verb may close the list ("um 2 GB RAM und 2 Kerne verkleinern").
        """
        for chunk in piece.verbs():
            if not chunk.has("verb.replace"):
                return chunk.what.removeprefix("verb.")
        closing = later[0] if later and piece.cues("cue.by") else None
        if closing is not None and closing.opening is not None and closing.opening.has("cue.and"):
            for chunk in closing.cues("verb.increase", "verb.decrease"):
                return chunk.what.removeprefix("verb.")
        needless = any(piece.said(c) in words("needless") for c in piece.cues("cue.not"))
        gone = needless or piece.cues("cue.off", "word.not_needed")
        if gone and not piece.of("size"):
            return "remove"
        if piece.cues("cue.more"):
            return "add"
        follows = self.verb in ("increase", "decrease", "set", "add") and not piece.nouns()
        return self.verb if follows else "set"

    def keeps(self, piece: Piece, own: list[Aim]) -> bool:
        """Tell whether an order protects something from the others."""
        if piece.excepted:
            return True
        denied = [c for c in piece.cues("cue.not") if piece.said(c) not in words("needless")]
        if piece.cues("word.not_needed") and not piece.verbs():
            return False
        if piece.verbs():
            return bool(denied) and self.denies_verb(piece, denied[0])
        only = piece.cues("cue.only") and piece.cues("verb.create")
        if only and own and not piece.values():
            return True  # "we only need cache1"
        if piece.cues("verb.keep"):
            sizes = [c for c in piece.of("size") if c.size is not None]
            return not piece.cues("cue.only") and not (sizes and piece.cues("cue.to"))
        return bool(denied) and bool(own) and not piece.values()

    def denies_verb(self, piece: Piece, denied: Chunk) -> bool:
        """Tell whether a denial is of the verb ("do not resize db1", "db1 nicht anfassen")."""
        verb = piece.verbs()[0] if piece.verbs() else denied
        low, high = sorted((piece.chunks.index(denied), piece.chunks.index(verb)))
        between = piece.chunks[low + 1 : high]
        return not any(c.kind in ("size", "number", "flag") for c in between)

    def keep(self, piece: Piece, own: list[Aim], addons: list[Chunk]) -> None:
        """Protect what an order says shall stay."""
        first = next(iter(piece.cues("verb.keep", "cue.not")), piece.chunks[0])
        if addons and not own:  # an add-on stays: nothing is to be done
            gone = {s.value: s for s in self.statements if s.topic == "addon"}
            for chunk in addons:
                if chunk.value in gone and gone[chunk.value].verb == "remove":
                    other = gone[chunk.value].quote.text
                    self.ask("target", f'Shall "{{}}" stay, or go as "{other}"?', chunk)
            self.cover(piece, addons)
            return
        if self.verb_of(piece) == "upgrade":
            self.say("version", None, first, "keep")
            return
        sizes = [(c, c.size) for c in piece.of("size") if c.size and c.size.topic != "bytes"]
        for chunk, size in sizes:  # "the 50 GB system disk stays"
            self.say(size.topic, size.value, chunk, "keep")
        for chunk in piece.of("number"):  # "web2 stays at 2"
            if chunk.value == self.number_of(own or self.latest):
                self.say("count", chunk.value, chunk, "keep")
            elif self.hint:
                value = float(chunk.value) * (1024 if self.hint == "memory_mib" else 1)
                self.say(self.hint, value, chunk, "keep")
        for chunk in piece.of("head"):
            if chunk.count is not None and chunk.count_at is not None:
                quote = self.quote(*span(chunk))
                self.say("count", chunk.count, chunk, "keep", quote=quote)
        every = piece.words() & function_words()["all_sizes"]  # "specs unchanged"
        named = list(DIMENSIONS.values()) if every else piece.dimensions()
        for topic in named:
            self.say(topic, None, first, "keep")
        if not named and not sizes:
            self.say("whole", None, first, "keep")

    def change_addons(self, piece: Piece, addons: list[Chunk], verb: str) -> None:
        """Add, remove or exchange add-ons."""
        instead = piece.cues("verb.replace", "cue.instead", "noun.swap", "cue.from")
        if instead and len(addons) == 2:
            between = instead[0].has("cue.instead") and instead[0].start > addons[0].start
            old, new = reversed(addons) if between else addons
            self.say("addon", old.value, old, "remove")
            self.say("addon", new.value, new, "add")
            return
        strange = [
            c
            for c in piece.of("head")
            if c.software and family_of(c) not in [family_of(x) for x in addons]
            if not self.aims.runs(family_of(c))
        ]
        for chunk in strange:
            self.ask("addon", '"{}" is no add-on that can be installed here; what is meant?', chunk)
        removed = verb == "remove" or bool(piece.cues("cue.not", "cue.off"))
        for chunk in addons:
            self.say("addon", chunk.value, chunk, "remove" if removed else "add")

    def rename(self, piece: Piece) -> None:
        """Give a machine another name: the last one said."""
        names = [c for c in piece.chunks if is_name(c)]
        new = [c for c in names if not self.aims.of_name(piece, c) or c is not names[0]]
        if new:
            self.say("name", str(new[-1].value).lower(), new[-1], "rename")

    def remove(self, piece: Piece, targets: list[Aim]) -> None:
        """Delete some machines of a kind, a whole group, or everything."""
        verbs = piece.cues("verb.remove", "cue.not", "word.not_needed", "cue.off")
        chunk = verbs[0] if verbs else piece.chunks[0]
        heads = piece.of("head")
        counted = [c for c in heads if c.count is not None and c.count_at is not None]
        single = [c for c in heads if not c.plural and c.role()]
        numbers = piece.of("number") + [c for c in piece.of("word") if self.is_one(piece, c)]
        if counted:
            quote = self.quote(t.cast("tuple[int, int]", counted[0].count_at)[0], counted[0].end)
            self.remove_some(counted[0], counted[0].count, quote, targets)
        elif single and not any(by == "name" for by, _value in targets):
            self.remove_some(single[0], 1, self.quote(single[0].start, single[0].end), targets)
        elif numbers and not any(by == "name" for by, _value in targets):
            quote = self.quote(numbers[0].start, numbers[0].end)
            self.remove_some(numbers[0], numbers[0].value or 1, quote, targets)
        else:
            self.say("whole", None, chunk, "remove")
            kept = any(s.verb == "keep" and s.about == "" for s in self.statements)
            if targets == [ALL] and not kept:
                quote = self.quote(chunk.start, chunk.end)
                self.add(quote, "whole", thing="", about="deployment", verb="remove")

    def is_one(self, piece: Piece, chunk: Chunk) -> bool:
        """Tell whether an article stands for one of what was spoken of ("einen abbauen")."""
        return not piece.nouns() and self.tokens[chunk.start].word in numerals().articles

    def remove_some(self, chunk: Chunk, count: t.Any, quote: Quote, targets: list[Aim]) -> None:
        """Delete a number of machines, unless the number that stays was said before."""
        there = self.number_of(targets)
        told = [s for s in self.statements if s.topic == "count" and s.verb == "set"]
        if told and targets == self.targets and there and told[-1].value == there - float(count):
            self.add(quote, "whole", about="said", value=count)
            return
        self.say("count", count, chunk, "decrease", quote=quote)

    def others(self, piece: Piece) -> None:
        """Move, upgrade, make redundant."""
        grown = any(
            s.topic == "count" and s.verb == "increase" and s.thing == f"c{self.number}"
            for s in self.statements
        )
        for chunk in piece.of("literal"):
            if chunk.what == "node" and piece.is_place(chunk) and grown:
                text = 'Is "{}" for all of them, or for what is new alone? Add it, then move it by'
                self.ask("new_place", f"{text} its name.", chunk, ("for all of them",))
            elif chunk.what == "node" and piece.is_place(chunk):
                self.say("node", chunk.value, chunk, "move")
            elif chunk.what == "version":
                self.say("version", str(chunk.value).removeprefix("v"), chunk, "set")
            elif chunk.what in ("storage", "bridge", "vlan", "pool", "os", "tag"):
                self.say(chunk.what, chunk.value, chunk, "set")
        for chunk in piece.of("flag"):
            if chunk.has("ha"):
                self.say("ha", True, chunk, "set")
            elif chunk.has("cni."):
                self.say("cni", chunk.value, chunk, "set")
            elif chunk.has("word.single_node"):
                nodes = sum(len(g.names) for g in self.aims.groups)
                self.ask(
                    "single",
                    f'"{{}}" keeps a single server and deletes the other machines ({nodes} now),'
                    " agents and servers with their data. Shall all but one server be removed?",
                    chunk,
                )

    def kinds(self, piece: Piece, targets: list[Aim]) -> None:
        """Read "turn the container into a VM": another kind of machine than the one it is."""
        names = {name for aim in targets for name in self.aims.names(aim)}
        there = {group.kind for group in self.aims.groups if names & {*group.names}}
        for head in piece.of("head"):
            asked = head.what in ("vm", "lxc") and not head.software and not head.definite
            if asked and names and head.what not in there and piece.cues("verb.set"):
                self.say("thing", head.what, head, "set")
