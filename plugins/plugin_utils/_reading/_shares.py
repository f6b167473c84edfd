# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers and words that stand for some of the machines said before, or for more of their kind."""

from __future__ import annotations

import itertools

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Quote,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
    is_repeated,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._disks import (
    DiskReader,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    CLUSTER,
    ROLES,
    Thing,
)

#: May stand between a number and the size of the machines that it counts.
_LEADS = (
    *("cue.with", "cue.of", "cue.more", "cue.each", "cue.larger", "cue.less"),
    *("word.of_them", "verb.set"),
)
#: Two forms of a noun begin with as many letters that are the same.
MIN_STEM = 4
#: What one more machine has in common with those said before.
_SHARED = frozenset({"thing", "software", "os"})


class ShareReader(DiskReader):
    """Splits counted machines by purpose or size, and adds more of the same kind."""

    def number(self, found: list[Chunk], place: int) -> bool:
        """Take a number, or "another", that counts some of the things before ("2 for tests")."""
        chunk = found[place]
        readings = (
            *(self.is_elided, self.are_times, self.are_in_cluster, self.are_members),
            *(self.are_disks, self.are_rows),
        )
        if any(reading(found, place) for reading in readings):
            return True
        whole = next((x for x in reversed(self.things) if x.parent is None), None)
        if whole is None or whole.what in CLUSTER | ROLES:
            return whole is not None and self.one_for(whole, found, place)
        left = (whole.count or 0) - whole.of_parent
        again = place > 0 and found[place - 1].kind == "number" and chunk.kind == "cue"
        sized = self.is_sized(found, place)
        if again or not (sized or self.has_purpose(found, place)):
            return not again and self.one_for(whole, found, place)
        value = float(chunk.value) if chunk.kind == "number" else 1.0
        if chunk.has("word.rest") or (chunk.has("word.second") and whole.of_parent and left == 1):
            value = left
        ahead = itertools.takewhile(
            lambda c: c.kind not in ("mark", "number") and not c.has("cue.and"),
            found[place + 1 : place + 10],
        )
        for_other = [c for c in ahead if not (_describes(c) or c.kind == "size" or c.has(*_LEADS))]
        for_other = for_other[:2]
        other = len(for_other) == 2 and for_other[0].has("cue.for") and bool(for_other[1].software)
        return value > 0 and self.split(whole, chunk, value, sized=sized, other=other)

    def one_for(self, whole: Thing, found: list[Chunk], place: int) -> bool:
        """Take "and one for my brother" as one more of the software before.

        Of a machine, and where sizes were said, it is asked what the other one is.
        """
        chunk = found[place]
        behind = [*itertools.dropwhile(_describes, found[place + 1 :])]
        listed = bool(self.linked("cue.and", "cue.more")) or chunk.has("cue.more")
        listed = listed or (self.marked(",;") and whole.count == 1)
        if not listed or len(behind) < 2 or not behind[0].has("cue.for"):
            return False
        more = whole.of_parent or (self.marked(":-(,;") and whole.count != 1)
        if whole.parent is not None or (whole.count not in (None, 1) and more):
            return False
        named = whole.families or whole.what.startswith("part.")
        if (
            named
            and whole.count in (None, 1)
            and whole.what not in ("vm", "lxc")
            and not whole.sized
        ):
            return self.split(whole, chunk, 1.0, sized=False, again=True)
        whom = [*itertools.takewhile(lambda c: c.kind == "word", behind[1:])]
        quote = self.quote(chunk.start, (whom or behind)[-1].end)
        text = f'What shall "{quote.text}" be? Say its software, or its cores, memory and disk.'
        self.questions.append(Question(id="reading.one_for", text=text, quote=quote))
        return True

    def once(self, found: list[Chunk], place: int) -> None:
        """Say one more of a thing for its second occasion ("once for production, once for tests").

        The first is the thing itself.
        """
        chunk, thing = found[place], self.target()
        if thing is None or thing.count not in (None, 1) or not self.has_purpose(found, place):
            return
        if self.occasion == thing.id:
            self.split(thing, chunk, 1.0, sized=False, again=True)
        else:
            self.occasion = thing.id

    def ask_hosts(self, where: tuple[int, int]) -> None:
        """Ask on how many hosts there is one of the thing at hand ("on every host")."""
        quote = self.quote(*where)
        thing = self.target()
        self.say("whole", None, where, thing=thing.id if thing else "")
        text = f'How many machines is "{quote.text}"? Say the number, and on which hosts they are.'
        self.questions.append(Question(id="reading.hosts", text=text, quote=quote))

    def per_each(self, found: list[Chunk], place: int) -> None:
        """Count what there is one of for each of several ("one VM per site, 4 sites")."""
        small = function_words()["determiners"] | function_words()["of"]
        after = range(place + 1, len(found))
        behind = [i for i in after if found[i].what not in small and not found[i].has("cue.of")]
        numbers = (i for i in behind[:1] if found[i].kind in ("number", "load"))
        number = next(numbers, None)
        noun = self.tokens[found[behind[0]].end - 1].word if behind else ""
        if number is None and behind and found[behind[0]].kind in ("word", "cue"):
            number = next((i for i in behind[1:] if self.counts_noun(found, i, noun)), None)
        thing = self.target()
        hosts = load("words.yml")["concepts"]["thing.host"]["words"]
        last = self.tokens[found[place].end - 1].word.split()[-1]
        if number is None and thing is not None and not thing.sized and last in hosts:
            self.ask_hosts((found[place].start, found[place].end))
            return
        known = thing is not None and (thing.count not in (None, 1) or thing.what in CLUSTER)
        if number is None or known or (len(noun) < MIN_STEM and found[number].kind != "number"):
            return
        chunk = found[number]
        end = min(chunk.end + (chunk.kind == "number"), len(self.tokens))
        self.attribute("count", self.tokens[chunk.start].value, (chunk.start, end))
        if thing is not None:
            thing.count = self.tokens[chunk.start].value
            said = self.statements[-1]
            self.statements = [
                s.model_copy(update={"topic": "whole", "value": None})
                if s is not said and (s.thing, s.topic, s.value) == (thing.id, "count", 1)
                else s
                for s in self.statements
            ]
        found[number] = Chunk("mark", chunk.start, chunk.end)

    def per_environment(self, thing: Thing, chunk: Chunk) -> None:
        """Count one machine for each environment said before a noun ("dev and prod VMs").

        Several before one noun in the singular, without articles of their own, are asked about.
        """
        said, articles = self.environs, numerals().articles
        if len(said) < 2 or thing.count is not None:
            return
        between = {k.word for k in self.tokens[said[0][0] : said[-1][0]]}
        own = [self.tokens[start - 1].word in articles for start, _end in said if start]
        where = (said[0][0], chunk.end)
        if chunk.plural or (len(own) == len(said) and all(own)):
            thing.count = float(len(said))
            self.say("count", thing.count, where, thing=thing.id)
        elif "/" not in between and "-" not in between and not any(own):
            self.ask_for_each(self.quote(*where))

    def ask_environments(self, thing: Thing) -> None:
        """Ask whether one machine is for several environments, where not one was said."""
        own = [s for s in self.statements if s.thing == thing.id and s.topic == "environment"]
        several = len({s.value for s in own}) > 1 and not thing.single
        if not several or (thing.count or 1) > 1 or thing.of_parent:
            return
        start, end = own[0].quote.start or 0, own[-1].quote.end or 0
        if "/" not in self.text[start:end]:
            self.ask_for_each(Quote(text=self.text[start:end][:240], start=start))

    def ask_for_each(self, quote: Quote) -> None:
        """Ask whether what was said is one machine for all of it, or one for each."""
        text = f'Is "{quote.text}" one machine for all of it, or one for each?'
        choices = ("one for all of it", "one for each")
        self.questions.append(Question(id="reading.per", text=text, quote=quote, choices=choices))

    def counts_noun(self, found: list[Chunk], place: int, noun: str) -> bool:
        """Tell whether a number counts a noun, in its plural or singular."""
        chunk = found[place]
        if chunk.kind not in ("number", "load") or self.tokens[chunk.start].kind != "num":
            return False
        following = self.tokens[chunk.start + 1 : chunk.start + 2]
        return any(k.word[:MIN_STEM] == noun[:MIN_STEM] for k in following if len(noun) >= MIN_STEM)

    def are_members(self, found: list[Chunk], place: int) -> bool:
        """Take an unknown noun that is counted and sized as machines of the software before it.

        "Kafka, 3 brokers with 4 cores each".
        """
        chunk, thing = found[place], self.target()
        noun, lead = [*found[place + 1 : place + 3], None, None][:2]
        if chunk.kind != "number" or noun is None or noun.kind != "word" or thing is None:
            return False
        ahead = found[place + 2 : place + 6]
        small = [*itertools.takewhile(lambda c: c.has(*_LEADS) or c.kind == "mark", ahead)]
        sized = [c.kind for c in ahead[len(small) : len(small) + 1]] == ["size"]
        plain = len(noun.what) > 3 and thing.what not in CLUSTER | ROLES and lead is not None
        # "with five blogs, 4 GB": what a program holds, and the size of the program
        plain = plain and not (self.linked("cue.with") and any(c.kind == "mark" for c in small))
        if not (plain and sized and thing.families and thing.count is None) or thing.sized:
            return False
        self.say("count", chunk.value, (chunk.start, noun.end), thing=thing.id)
        thing.count = float(chunk.value)
        return True

    def repeated(self, found: list[Chunk], place: int) -> bool:
        """Take "twice" behind software as how many of it there shall be."""
        chunk, thing = found[place], self.target()
        if thing is None or thing.count is not None or not is_repeated(found, place):
            return False
        thing.count = 2.0 if chunk.has("rel.twice") else 3.0
        self.say("count", thing.count, (chunk.start, chunk.end), thing=thing.id)
        return True

    def are_in_cluster(self, found: list[Chunk], place: int) -> bool:
        """Take "of 3" behind a cluster as how many machines it has."""
        chunk, thing = found[place], self.target()
        before, after = found[max(place - 2, 0) : place], found[place + 1 : place + 2]
        led = len(before) == 2 and before[0].kind == "head" and before[1].has("cue.of")
        ends = all(c.kind == "mark" or c.has("cue.with", "cue.for") for c in after)
        if thing is None or not (led and ends and thing.count is None):
            return False
        if not (before[0].clustered or thing.what in CLUSTER):
            return False
        nodes = {"about": "nodes"} if thing.what in CLUSTER else {}
        where = (before[1].start, chunk.end)
        self.say("count", chunk.value, where, thing=thing.id, **nodes)
        thing.count = None if nodes else float(chunk.value)
        return True

    def are_times(self, found: list[Chunk], place: int) -> bool:
        """Take "x2" behind a noun, and "2x" where no noun follows, as how many there shall be."""
        chunk, thing = found[place], self.target()
        before, after = found[max(place - 1, 0) : place], found[place + 1 : place + 3]
        behind = [c.what for c in before] == ["x"] and before[0].end == chunk.start
        behind = behind and len(self.cues) == 1 and thing is not None
        ahead = len(after) == 2 and after[0].what == "x" and after[1].what == "os"
        if not (behind or ahead) or (thing is not None and (thing.count or thing.what in CLUSTER)):
            return False
        start, end = (chunk.start - 1, chunk.end) if behind else (chunk.start, after[0].end)
        self.attribute("count", float(chunk.value), (start, end))
        if thing is not None:
            thing.count = float(chunk.value)
        return True

    def are_rows(self, found: list[Chunk], place: int) -> bool:
        """Begin the machines that "3 x 4 cores, 8 GB" counts where no noun follows."""
        chunk, ahead = found[place], found[place + 1 : place + 4]
        times = bool(ahead) and ahead[0].what == "x"
        sized = [c for c in ahead[1:] if c.what != "("][:1]
        if chunk.kind != "number" or not (times and sized and sized[0].kind == "size"):
            return False
        thing = Thing(self.new_id(), "vm", count=float(chunk.value), clause=self.clause)
        self.things.append(thing)
        self.say("thing", "vm", (chunk.start, ahead[0].end), thing=thing.id)
        self.say("count", chunk.value, (chunk.start, ahead[0].end), thing=thing.id)
        self.group, self.cues, self.rows = [thing], [], thing.id
        return True

    def has_purpose(self, found: list[Chunk], place: int) -> bool:
        """Tell whether a number is followed by what its machines are for ("2 for tests")."""
        ahead = [c for c in found[place + 1 : place + 7] if not _describes(c)]
        told = bool(ahead) and ahead[0].has("cue.for", "env.")
        return told and any(c.has("env.") or c.kind == "head" for c in ahead[:2])

    def is_sized(self, found: list[Chunk], place: int) -> bool:
        """Tell whether a number is followed by the size of its machines ("one with 16 GB")."""
        leads = function_words()["of_size"]
        ahead = found[place + 1 : place + 6]
        small = [*itertools.takewhile(lambda c: c.has(*_LEADS) or c.what in leads, ahead)]
        behind = ahead[len(small) : len(small) + 1]
        rest = found[place].has("word.rest", "word.second")
        return bool((small or rest) and behind) and behind[0].kind == "size"

    def split(
        self,
        whole: Thing,
        chunk: Chunk,
        value: float,
        *,
        sized: bool,
        again: bool = False,
        other: bool = False,
    ) -> bool:
        """Make some of counted machines a thing of their own, or say more of the same kind.

        ``other``: its software follows ("a box for X and another for Y").
        """
        self.choose(chunk)
        thing = Thing(self.new_id(), whole.what, clause=self.clause)
        thing.count, thing.own = value, sized
        more = self.linked("cue.and", "cue.more") and whole.sized and not whole.of_parent
        more = more or again
        told = self.linked("word.of_them")
        listed = whole.of_parent or self.marked(":-(,") or told
        fits = (whole.count or 1) > 1 and whole.of_parent + value <= (whole.count or 1)
        if listed and fits and (told or not more):
            thing.parent = whole
            whole.of_parent += value
        self.things.append(thing)
        where = (chunk.start, chunk.end)
        self.say("count", value, where, thing=thing.id)
        if thing.parent is None:
            kind = "container" if whole.what == "lxc" else "vm"
            self.say("thing", kind, where, thing=thing.id)
            shared = _SHARED - {"software"} if other else _SHARED
            for said in self.statements if more else ():
                if said.thing == whole.id and said.topic in shared and said.kind == "wish":
                    self.statements.append(said.model_copy(update={"thing": thing.id}))
            thing.families = list(whole.families) if more and not other else []
        known = sized or whole.sized or any(x.sized for x in self.group)
        self.group = [*self.group, thing] if self.linked("cue.and") and not known else [thing]
        self.cues = []
        return True

    def name_part(self, whole: Thing, name: str, where: tuple[int, int]) -> None:
        """Make one of several machines a thing of its own, by its name."""
        child = Thing(self.new_id(), whole.what, clause=self.clause)
        child.parent, child.count, child.names = whole, 1, 1
        whole.of_parent += 1
        self.things.append(child)
        child.together = True
        self.say("name", name, where, thing=child.id)
        self.group, self.cues = [child], []


def _describes(chunk: Chunk) -> bool:
    """Tell whether a chunk may stand between "another one" and what it is for."""
    return chunk.kind in ("mark", "word") or chunk.has(
        "cue.larger", "cue.less", "cue.more", "scale."
    )
