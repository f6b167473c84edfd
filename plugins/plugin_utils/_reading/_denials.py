# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not wished, what holds instead, and what is kept apart."""

from __future__ import annotations

import itertools

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Quote,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._parts import (
    PartReader,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    CLUSTER,
    Thing,
)

#: Classes of words that may stand between a noun and its denial behind it.
_SMALL = ("pronouns", "modals", "passives", "determiners", "beside_denials")
#: What says that the next thing is the worse one.
_COMPARING = ("cue.instead", "bound.over")


class DenialReader(PartReader):
    """Reads denials and corrections."""

    def deny_or_correct(self, found: list[Chunk], place: int) -> None:
        """Begin or end a denial; take "no, rather" as the beginning of what holds instead."""
        chunk = found[place]
        if self.denies_back(found, place):
            self.not_needed(chunk)
        elif chunk.has("cue.not", "cue.off"):
            self.denied = chunk
        elif chunk.has("cue.but", "cue.with") or chunk.what in {";", "."}:
            self.denied = None
        elif chunk.has("cue.for") and self.denied is not None and self.denied.has(*_COMPARING):
            self.denied = None  # "X rather than Y for Z"
        elif chunk.what == "," and self.denied is not None:
            self.denied = (
                self.denied
                if str(self.denied.value) in function_words()["listing_denials"]
                else None
            )
        over = chunk.has("bound.over") and any(self.prefers(c) for c in found[:place])
        if (over or chunk.has("cue.instead")) and _noun_follows(found, place):
            self.denied = chunk

    def prefers(self, chunk: Chunk) -> bool:
        """Tell whether words say that one thing is liked better ("X over Y")."""
        return any(k.of("preferring") for k in self.tokens[chunk.start : chunk.end])

    def denies_back(self, found: list[Chunk], place: int) -> bool:
        """Tell whether a denial ends its part of the sentence ("monitoring we don't need, …").

        Only pronouns and words of wishing may stand beside it: "needs not much" denies nothing.
        """
        chunk = found[place]
        if not chunk.has("cue.not", "cue.off", "verb.remove"):
            return False
        behind = list(itertools.takewhile(lambda c: not ends_part(c), found[place + 1 :]))
        before = list(itertools.takewhile(lambda c: not ends_part(c), reversed(found[:place])))
        noun = next((i for i, c in enumerate(before) if c.kind in ("head", "flag")), None)
        return noun is not None and all(self.is_small(c) for c in (*behind, *before[:noun]))

    def is_small(self, chunk: Chunk) -> bool:
        """Tell whether a chunk is a pronoun, a verb of wishing or being, or "please"."""
        closed = function_words()
        small = frozenset().union(*(closed[name] for name in _SMALL))
        words = [token.word for token in self.tokens[chunk.start : chunk.end]]
        told = chunk.has("verb.create", "verb.set", "verb.add", "cue.not", "filler")
        return told or all(word in small for word in words)

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

    def parted(self, found: list[Chunk], place: int) -> None:
        """Take a thing off the machine of the others ("… but vaultwarden gets its own")."""
        chunk, thing = found[place], self.target()
        behind = found[place + 1 : place + 2]
        ends = not behind or ends_part(behind[0]) or behind[0].has("filler")
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


def ends_part(chunk: Chunk) -> bool:
    """Tell whether a chunk stands between the parts of a sentence."""
    return chunk.has("cue.and", "cue.but") or (chunk.kind == "mark" and chunk.what in ",;.:()-")


def _noun_follows(found: list[Chunk], place: int) -> bool:
    """Tell whether the next word that means something is a noun that nothing counts."""
    after = next((c for c in found[place + 1 :] if c.kind != "word"), None)
    return after is not None and after.kind in ("head", "flag") and after.count is None
