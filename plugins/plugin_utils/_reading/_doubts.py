# SPDX-License-Identifier: GPL-3.0-or-later
"""What an order leaves in doubt: which machines it picks, and what no plan does."""

from __future__ import annotations

import dataclasses

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._acts import (
    Acts,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._aims import (
    ALL,
    GENERIC,
    Aim,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    ordinals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._orders import (
    Piece,
    is_name,
    words,
)

#: Small words that an order is read from; their places are accounted for.
READ = (
    *("verb.", "rel.", "cue.more", "cue.less", "cue.larger", "cue.only", "cue.not", "cue.off"),
    *("cue.each", "cue.correction", "cue.instead", "noun.", "unit.core", "unit.percent"),
    *("word.not_needed", "word.in_cluster", "word.rest", "word.second", "word.first"),
)


class Doubts(Acts):
    """Asks about orders that would change more, or other machines, than they say."""

    def is_deed(self, piece: Piece) -> bool:
        """Ask about what no plan does (a snapshot, a restart); tell whether it was asked."""
        deeds = piece.cues("deed.")
        if deeds:
            whole = dataclasses.replace(piece.chunks[0], end=piece.chunks[-1].end)
            self.ask("deed", '"{}" is nothing that a plan does. Shall it be left out here?', whole)
        return bool(deeds)

    def stands_on(self, piece: Piece) -> bool:
        """Ask about what shall be added on a machine that is there: a plan installs nothing."""
        asked = piece.cues("verb.add", "verb.create", "cue.more")
        for place, chunk in enumerate(piece.chunks):
            there = is_name(chunk) and bool(self.aims.of_name(piece, chunk))
            near = [c for c in piece.chunks[place : place + 2] if c.kind == "head"]
            definite = chunk.kind == "head" and chunk.definite
            there = there or (definite and any(self.is_there(c) for c in near))
            low = chunk.start - (chunk.kind == "head")
            led = low > 0 and (self.tokens[low - 1].of("places") or self.tokens[low].of("places"))
            before = piece.chunks[:place]
            new = [c for c in before if (c.kind == "head" and c.software) or c.has("addon.")]
            new += [c for c in before if c.kind == "head" and c.what.startswith("part.")]
            if there and led and new and asked:
                whole = dataclasses.replace(new[0], end=chunk.end)
                text = '"{}": machines get their software when they are made. Shall it get its own?'
                self.ask("on", text, whole, ("a machine of its own",))
                self.cover(piece, piece.cues(*READ))
                return True
        return False

    def ask_some(self, piece: Piece, targets: list[Aim]) -> bool:
        """Ask which of several "one of them", "two of the workers" are; tell whether it was."""
        inside, there = piece.inside(), self.number_of(targets or [ALL])
        for place, token in enumerate(inside[:-1]):
            number = token.value if token.kind == "num" else float(token.of("ones"))
            rest = [k for k in inside[place + 2 :][:2] if not k.of("determiners")][:1]
            of = inside[place + 1].of("some_of")
            noun = any(k.has("role.", "part.", "thing.") or bool(k.software) for k in rest)
            them = of and (noun or any(k.word in words("pronouns") for k in rest))
            them = them or inside[place + 1].has("word.of_them")
            if them and 0 < number < there and not piece.cues("cue.more", "cue.only"):
                chunk = next(c for c in piece.chunks if piece.tokens[c.start] is token)
                text = f'Which of the {there} is meant by "{{}}"? Say its name.'
                self.ask("which", text, dataclasses.replace(chunk, end=piece.chunks[-1].end))
                self.cover(piece, piece.cues(*READ))
                return True
        return False

    def ask_part(self, piece: Piece) -> bool:
        """Ask what is meant by something on a machine that shall go; tell whether it was asked.

        "Delete the logs on the runner", "the runner's swap": it is not the runner that shall go.
        """
        begins = [i for i, c in enumerate(piece.chunks) if c.has("verb.remove")]
        low = begins[0] + 1 if begins and begins[0] + 1 < len(piece.chunks) else 0
        found = [c for c in piece.chunks[low:] if not c.has("verb.")]
        at = next((i for i, c in enumerate(found) if c.kind == "head" or is_name(c)), None)
        if at is None or piece.of("size"):
            return False
        led = [i for i, c in enumerate(found[:at]) if self.leads_to_whole(c)]
        parts = [c for c in found[: led[-1]] if self.is_object(c)] if led else []
        own = self.text[: self.tokens[found[at].end - 1].end].endswith(("'s", "s'"))
        parts += [c for c in found[max(at - 1, 0) : at] if c.has("noun.")]
        following = [c for c in found[at + 1 : at + 2] if c.start == found[at].end]
        parts += [c for c in following if c.has("noun.") or (own and self.is_object(c))]
        parts += [c for c in following if own and (c.software or c.has("word.docker"))]
        denied = [i for i, c in enumerate(found) if c.has("cue.not", "cue.off") and i > at]
        parts += [c for i in denied for c in found[i + 1 :] if self.is_object(c)]
        behind = [i for i, c in enumerate(found) if c.has("cue.from") and i > at][:1]
        parts += [c for i in behind for c in found[i:] if c.kind == "head" and c.software]
        if not parts:
            return False
        whole = dataclasses.replace(piece.chunks[0], end=piece.chunks[-1].end)
        text = 'What is meant by "{}"? A plan changes whole machines, and nothing that is on them.'
        self.ask("part", text, whole)
        self.cover(piece, piece.cues(*READ))
        return True

    def ask_off(self, piece: Piece) -> bool:
        """Ask about a machine that shall be off: a plan makes, changes and removes machines."""
        off = piece.cues("cue.off")
        named = [c for c in piece.chunks if c.kind == "head" or is_name(c)]
        if not (off and named) or piece.cues("verb.remove") or self.aims.addons(piece):
            return False
        whole = dataclasses.replace(piece.chunks[0], end=piece.chunks[-1].end)
        self.ask("deed", '"{}" is nothing that a plan does. Shall it be left out here?', whole)
        self.cover(piece, piece.cues(*READ))
        return True

    def leads_to_whole(self, chunk: Chunk) -> bool:
        """Tell whether a word leads from a part to what it is of, or on."""
        place = chunk.kind == "word" and self.tokens[chunk.start].of("places", "some_of")
        return place or chunk.has("cue.of", "cue.from", "cue.to", "cue.for", "cue.off")

    def is_object(self, chunk: Chunk) -> bool:
        """Tell whether a chunk is a noun that is no machine."""
        small = frozenset().union(*function_words().values()) | {*ordinals()}
        plain = chunk.kind == "word" and self.tokens[chunk.start].word not in small
        return plain or chunk.has("noun.") or chunk.kind == "load"

    def ask_newest(self, piece: Piece, targets: list[Aim]) -> bool:
        """Ask which of several "the new worker" is; tell whether it was asked."""
        inside = piece.inside()
        for before, new, noun in zip(inside, inside[1:], inside[2:], strict=False):
            pointed = before.of("determiners") and new.of("newest")
            known = noun.has("role.", "part.", "thing.") or bool(noun.software)
            if pointed and known and not before.of("ones") and self.number_of(targets) > 1:
                whole = dataclasses.replace(piece.chunks[0], end=piece.chunks[-1].end)
                said = f'"{before.word} {new.word} {noun.word}"'
                self.ask("which", f'Which machine is {said} in "{{}}"? Say its name.', whole)
                self.cover(piece, piece.cues(*READ))
                return True
        return False

    def ask_new_ones(self, piece: Piece) -> bool:
        """Ask about sizes of "them" behind "two more workers"; tell whether it was asked."""
        said = [s for s in self.statements if s.thing == f"c{self.number - 1}"]
        grew = any(s.topic == "count" and s.verb == "increase" for s in said)
        theirs = piece.words() & words("pronouns") or piece.cues("cue.each")
        if not (grew and theirs and piece.of("size")) or self.aims.find(piece):
            return False
        text = 'Is "{}" for all of them, or for what is new alone? Add them first, then say it.'
        whole = dataclasses.replace(piece.chunks[0], end=piece.chunks[-1].end)
        self.ask("new_size", text, whole)
        return True

    def ask_new_name(self, piece: Piece) -> bool:
        """Ask what a machine is that is only named ("add web4"); tell whether it was asked."""
        names = self.strangers(piece)
        if not (names and piece.cues("verb.add", "verb.create")) or piece.of("head"):
            return False
        whole = dataclasses.replace(piece.chunks[0], end=piece.chunks[-1].end)
        text = f'"{{}}": what is {piece.said(names[0])} for, and how large shall it be?'
        self.ask("target", text, whole)
        self.cover(piece, piece.cues(*READ))
        return True

    def strangers(self, piece: Piece) -> list[Chunk]:
        """Return the names that no machine has."""
        return [c for c in piece.chunks if is_name(c) and not self.aims.of_name(piece, c)]

    def is_there(self, head: Chunk) -> bool:
        """Tell whether a noun names machines of the record."""
        found = self.aims.find(Piece([head], self.tokens))
        return any(self.aims.names(aim) for aim in found if aim not in (ALL, *GENERIC[:2]))
