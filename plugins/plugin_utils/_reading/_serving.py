# SPDX-License-Identifier: GPL-3.0-or-later
"""The thing that sizes say they are for: "4 GB (is enough) for the master", "for the master 4"."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import Chunk
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    called_by,
    function_words,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    Said,
    Thing,
)


class ServingReader(Said):
    """Finds what sizes are for, among the things that were said."""

    own_ahead: Thing | None = None  # gets sizes of its own in what follows

    def turn_to(self, found: list[Chunk], at: int) -> None:
        """Turn to the thing that sizes are said to be for ("8 GB for the web servers")."""
        thing, _at = self.led_to(found, self.past_enough(found, at))
        if thing is not None:
            self.group = [thing]

    def is_elided(self, found: list[Chunk], place: int) -> bool:
        """Take a number that shares the noun of the size before ("2 cores for X and 8 for Y")."""
        thing, _at = self.led_to(found, self.past_enough(found, place + 1))
        before = next((c for c in reversed(found[:place]) if c.size is not None), None)
        if thing is None or before is None or before.size is None or found[place].kind != "number":
            return False
        topic, said = before.size.topic, self.tokens[before.start : before.end]
        number = next((token.value for token in said if token.kind == "num"), 0.0)
        if not number or topic in thing.sized or topic == "bytes":
            return False
        value = float(found[place].value) * before.size.value / number
        thing.sized.add(topic)
        self.group = [thing]
        self.attribute(topic, value, (found[place].start, found[place].end), things=[thing])
        return True

    def served_next(self, found: list[Chunk], at: int) -> Thing | None:
        """Return the thing that the sizes from a place on say they are for."""
        place = self.past(found, at, lambda c: c.kind == "mark" or c.has("cue.and", "cue.but"))
        thing, behind = self.led_to(found, place)
        if thing is not None:
            behind = self.past_enough(found, behind)
            return thing if found[behind : behind + 1] and found[behind].kind == "size" else None
        if not found[place : place + 1] or found[place].kind != "size":
            return None
        behind = self.past(found, place, lambda c: c.kind == "size" or c.has("cue.and"))
        return self.led_to(found, self.past_enough(found, behind))[0]

    def begins_anew(self, found: list[Chunk], at: int, run: list[Chunk]) -> bool:
        """Tell whether a size follows that repeats one of a row, for another thing."""
        topics = {chunk.size.topic for chunk in run if chunk.size is not None}
        if topics & {"bytes", "memory_mib"}:
            topics |= {"bytes", "memory_mib"}
        ahead = next((c.size for c in found[at : at + 3] if c.size is not None), None)
        again = ahead is not None and ahead.topic in topics
        return again and self.served_next(found, at) is not None

    def led_to(self, found: list[Chunk], at: int) -> tuple[Thing | None, int]:
        """Return the thing that "for" leads to, and the place behind it."""
        if not (found[at : at + 1] and found[at].has("cue.for")):
            return None, at
        small = function_words()["determiners"]
        place = self.past(found, at + 1, lambda c: c.kind == "word" and c.what in small)
        if not found[place : place + 1] or found[place].kind != "head":
            return None, at
        head = found[place]
        thing = next((x for x in self.things if self.is_thing(x, head)), None)
        told = head.definite or head.plural or bool(head.software)
        return (thing if head.count is None and told else None), place + 1

    def past_enough(self, found: list[Chunk], at: int) -> int:
        """Return the place behind words that call a size enough ("is plenty", "reichen")."""
        small = (
            function_words()["enough"] | function_words()["copulas"] | function_words()["modals"]
        )
        return self.past(
            found,
            at,
            lambda c: all(k.word in small for k in self.tokens[c.start : c.end]),
        )

    def past(self, found: list[Chunk], at: int, small: t.Callable[[Chunk], bool]) -> int:
        """Return the next place whose chunk is not small."""
        while at < len(found) and small(found[at]):
            at += 1
        return at

    def is_thing(self, thing: Thing, head: Chunk) -> bool:
        """Tell whether a noun names a thing that was said before."""
        families = {token.software.family for token, _at in head.software if token.software}
        if head.what == "node" and not self.clusterish:
            return bool(thing.families) and (thing.count or 1) > 1
        if families or not head.what:
            return bool(families & set(thing.families))
        called = {*called_by(head.what.removeprefix("part."))}
        return head.what in (thing.what, f"part.{thing.what}") or bool(called & {*thing.families})
