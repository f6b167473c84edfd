# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, and words that stand for machines or for software."""

from __future__ import annotations

import functools
import itertools
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    MAX_NAMES,
    Chunk,
    names_between,
    names_in_braces,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    CLUSTER,
    Thing,
    own_sizes,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._shares import (
    ShareReader,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sized import (
    _size_next,
)

#: Names of a row that are given at most.
MAX_ROW = 60
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class NameReader(ShareReader):
    """Gives names to machines and takes unknown words as software."""

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
        if self.too_many(names, where):
            return
        if whole is None or whole.names:
            self.name_new(names[0], where)
            whole, names = self.things[-1], names[1:]
        whole.names += len(names)
        for name in names:
            self.say("name", name, where, thing=whole.id)

    def names_behind(self, found: list[Chunk], place: int) -> None:
        """Take as many single words as machines were counted as their names.

        "Four containers, one per trainee (lea, hugo, nina, tom)".
        """
        thing = self.target()
        whole = thing.parent or thing if thing is not None else None
        if whole is None or whole.names or whole.of_parent or (whole.count or 1) < 2:
            return
        row = found[place + 1 : place + 2 * int(whole.count or 0)]
        words, marks = row[::2], row[1::2]
        after = found[place + 1 + len(row) : place + 2 + len(row)]
        ends = not after or (after[0].kind == "mark" and after[0].what in ");.")
        listed = all(c.what == "," or c.has("cue.and") for c in marks)
        named = [self.tokens[c.start].word for c in words if c.kind in ("word", "name")]
        if not (ends and listed and len(named) == len(words) == whole.count):
            return
        if not all(_NAME.fullmatch(name) and name not in everyday() for name in named):
            return
        for index, (chunk, name) in enumerate(zip(words, named, strict=True)):
            self.say("name", name, (chunk.start, chunk.end), thing=whole.id)
            found[place + 1 + 2 * index] = Chunk("mark", chunk.start, chunk.end)
        whole.names = len(named)

    def too_many(self, row: t.Sequence[object], where: tuple[int, int]) -> bool:
        """Ask about a row of names or ids that is longer than anybody means; tell whether it is."""
        if len(row) <= MAX_ROW:
            return False
        quote = self.quote(*where)
        number = len(row) if len(row) <= MAX_NAMES else f"over {MAX_NAMES}"
        text = f'"{quote.text}" are {number} names; say at most {MAX_ROW} at a time.'
        self.questions.append(Question(id="reading.names", text=text, quote=quote))
        return True

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
        self.cues = []
        self.give_pending(thing)

    def named(self, found: list[Chunk], place: int) -> None:
        """Take what follows "named": a name of the thing at hand, or a question."""
        chunk = found[place]
        where = (chunk.start, chunk.end)
        literal = self.tokens[chunk.start].literal
        names = names_in_braces(str(chunk.value).lower()) or self.short_row(str(chunk.value))
        if names:
            self.row(found, place, names)
            return
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

    def short_row(self, name: str) -> tuple[str, ...]:
        """Return the names of "app1-3" where there are three machines."""
        short = re.fullmatch(r"(?P<base>[a-z][a-z-]*)(?P<first>\d{1,3})-(?P<last>\d{1,3})", name)
        if short is None:
            return ()
        counts = {said["value"] for topic, said in self.pending if topic == "count"}
        thing = self.target()
        counts |= {thing.count} if thing is not None else set()
        if int(short["last"]) - int(short["first"]) + 1 not in counts:
            return ()
        return names_between(short["base"] + short["first"], short["base"] + short["last"])

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
        elif 1 < (whole.count or 1) != whole.names + 1 and _has_own(
            found, place, parted=whole.of_parent > 0
        ):
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

    def name_new(self, name: str, where: tuple[int, int]) -> None:
        """Begin a machine with its name."""
        thing = Thing(self.new_id(), "vm", clause=self.clause)
        thing.names = 1
        self.things.append(thing)
        self.say("thing", "vm", where, thing=thing.id)
        self.say("name", name, where, thing=thing.id)
        self.give_pending(thing)
        self.group, self.cues = [thing], []

    def word(self, found: list[Chunk], place: int) -> None:
        """Take an unknown word that stands where a name of software belongs."""
        chunk = found[place]
        token = self.tokens[chunk.start]
        if token.of("occasions"):
            self.once(found, place)
            return
        known = token.driver or token.word in everyday()  # "for students"
        if token.kind != "word" or len(token.word) < 4 or known:
            return
        if (called := self.called(token.word)) is not None and found[place + 1 : place + 2]:
            self.group = [called]
            self.say("whole", None, (chunk.start, chunk.end), thing=called.id)
            return
        thing = self.target()
        raw = self.text[token.start : token.end]
        previous = next((c for c in reversed(self.cues) if c.kind in ("cue", "mark")), None)
        begins = bool(self.cues) and self.cues[-1].what in (",", ";", ")")
        if thing is not None and begins and thing.sized & own_sizes(found, place):
            self.unknown(raw, (chunk.start, chunk.end))  # "Gitea 1 GB, Frobnik 2 GB"
            self.same_kind(thing, self.things[-1], (chunk.start, chunk.end))
            return
        purpose = previous is not None and previous.has("cue.for", "verb.create", "cue.carries")
        purpose = purpose and previous is not None and previous.value != "as"
        camel = raw[:1].islower() and not raw.islower()
        purpose = purpose or (camel and previous is not None and previous.has("cue.of"))
        capital = any(char.isupper() for char in raw) and chunk.start > 0
        after = found[place + 1] if place + 1 < len(found) else None
        ends = after is None or after.kind in ("mark", "size", "load", "cue", "name", "literal")
        counted = thing is not None and thing.id == self.rows and bool(thing.sized)
        counted = counted and all(c.kind != "cue" for c in self.cues)  # "3x (2c/4g) frobnik"
        if not counted and not (purpose and (ends or capital)):
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


def _has_own(found: list[Chunk], place: int, *, parted: bool) -> bool:
    """Tell whether sizes or software of its own follow a name ("web1: 2 cores; db1: 4 cores").

    In a list only: one more name follows, or the ones before had their own (``parted``).
    """
    behind = found[place + 1 :]
    own = [*itertools.takewhile(lambda c: c.kind != "name" and c.what != "name", behind)]
    later = len(own) < len(behind)
    lead = own[:1] and (own[0].has("cue.with", "cue.for") or own[0].what in ":(=")
    heads = [c for c in own[:3] if c.kind == "head"]
    sized = any(c.kind == "size" for c in own[:3]) and not heads
    runs = bool(lead and heads) and bool(heads[0].software) and heads[0].count is None
    return (later and sized) or (bool(runs) and (later or parted))
