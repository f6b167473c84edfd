# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists: one more thing, a part of a sum, what a machine runs, or a thing said before."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    called_by,
    function_words,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._denials import (
    ends_part,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._drafts import (
    RUNTIMES,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._kinds import (
    KindReader,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    CLUSTER,
    ROLES,
    Thing,
    own_sizes,
)

_LISTS = frozenset({"cue.and", "cue.or"})


class ListReader(KindReader):
    """Finds what a noun of a list stands beside."""

    def one_more(self, before: Thing | None, thing: Thing, chunk: Chunk) -> None:
        """Give the next of a list its own machine ("one VM each for redis and nginx").

        What has a size of its own in a list is a machine of the kind of those before.
        """
        last = self.tokens[chunk.start - 1].word if chunk.start else ""
        if thing.generic() and thing.count in (None, 1):
            thing.alone = self.each_near(chunk) and not chunk.plural
        elif before is not None and before.alone and thing.families and thing in self.group:
            kind = "container" if before.what == "lxc" else "vm"
            self.say("thing", kind, (chunk.start, chunk.end), thing=thing.id)
            thing.alone, self.apiece = True, list(self.group)
        elif before is not None and thing.families and not chunk.what and last == ",":
            self.same_kind(before, thing, (chunk.start, chunk.end))

    def are_all(self, found: list[Chunk], place: int) -> bool:
        """Take "all three are masters" as what the nodes said before are."""
        chunk = found[place]
        if chunk.what != "server" or chunk.count is not None or chunk.software:
            return False
        near = [c for c in self.cues if c.kind in ("cue", "word")]
        words = {w for c in near for t_ in self.tokens[c.start : c.end] for w in t_.word.split()}
        if not (words & function_words()["all"] or self.linked("word.all_of_them")):
            return False
        said = [s for s in self.statements if s.topic == "count" and s.kind == "wish"]
        nodes = {x.id for x in self.things if x.what == "node" and not x.of_parent}
        told = next((s for s in said if s.thing in nodes or s.about == "nodes"), None)
        if told is None or any(x.what in ("server", "agent") for x in self.things):
            return False
        where = (near[0].start, chunk.end)
        thing = next((x for x in self.things if x.id == told.thing and x.what == "node"), None)
        if thing is None:
            thing = Thing(self.new_id(), "server", clause=self.clause)
            self.things.append(thing)
            self.say("thing", "server", (chunk.start, chunk.end), thing=thing.id)
        moved = {"thing": thing.id, "about": ""}
        self.statements = [
            s.model_copy(update=moved)
            if s is told
            else s.model_copy(update={"value": "server"})
            if s.thing == thing.id and s.topic == "thing" and s.value == "node"
            else s
            for s in self.statements
        ]
        thing.what, thing.count = "server", float(str(told.value))
        self.say("whole", True, where, thing=thing.id, about="all_nodes")
        self.group, self.cues = [thing], []
        return True

    def is_name(self, found: list[Chunk], place: int) -> bool:
        """Take a noun in a list of names as a name ("three VMs named web, db and cache")."""
        chunk, thing = found[place], self.target()
        if place < 2 or chunk.end - chunk.start != 1 or chunk.count is not None:
            return False
        named = found[place - 2].kind == "name" or found[place - 2].what == "name"
        listed = found[place - 1].has("cue.and") or found[place - 1].what == ","
        word = self.text[self.tokens[chunk.start].start : self.tokens[chunk.start].end].lower()
        if not (named or place - 2 in self.name_places) or not listed or thing is None:
            return False
        if not (thing.names and 1 < (thing.count or 0) > thing.names and word.isalnum()):
            return False
        self.say("name", word, (chunk.start, chunk.end), thing=thing.id)
        thing.names += 1
        self.name_places.add(place)
        self.cues = []
        return True

    def place_in_list(self, thing: Thing, chunk: Chunk) -> None:
        """Find what the new thing stands beside: a part of a sum, one more of a list, a new one."""
        last = self.things[-2] if len(self.things) > 1 else None
        if last is not None and self.is_label(last, thing):
            last = None
        whole = last.parent or last if last is not None else None
        if whole is not None and self.splits(whole, thing):
            thing.parent = whole
            whole.of_parent += thing.count or 1
        near = self.linked(*_LISTS) or self.marked(",/+") or not self.cues
        sized = any(x.sized for x in self.group) or (last is not None and last.sized)
        close = last is not None and near and not sized and last.clause == self.clause
        if last is not None and close and not (last.what in CLUSTER or thing.what in CLUSTER):
            self.group.append(thing)
        else:
            self.group = [thing]
        behind = self.linked("cue.behind")
        if behind is not None and last is not None:
            where = (behind.start, behind.end)
            self.say("link", last.id, where, about="in_front_of", thing=thing.id)

    def is_label(self, last: Thing, thing: Thing) -> bool:
        """Take "Three tier app: 2 web servers, …" as a heading, not as one more machine."""
        part = last.what.startswith("part.") and not last.families
        same = (
            bool(last.families) and last.families == thing.families
        )  # "a galera cluster: three …"
        heading = last.uncounted is not None and last.generic() and thing.generic()
        if heading and self.marked(":"):
            last.count, thing.count = None, thing.count or 1
        bare = (part or same or heading) and not (last.sized or last.names)
        if not bare or last.count is not None or thing.count is None or not self.marked(":"):
            return False
        self.statements = [
            s.model_copy(update={"kind": "remark", "thing": ""}) if s.thing == last.id else s
            for s in self.statements
        ]
        self.things.remove(last)
        return True

    def splits(self, whole: Thing, thing: Thing) -> bool:
        """Tell whether a thing is one of those counted before ("4 VMs: two web servers and …")."""
        if whole.count is None or whole.count < 2 or whole is thing or thing.count is None:
            return False
        role = whole.what == "node" and thing.what in ("server", "agent")
        if not (whole.generic() or role) or whole.of_parent + thing.count > whole.count:
            return False
        told = self.linked("word.of_them") or self.marked(":-(") or whole.of_parent
        listed = self.marked(",") and not self.linked("cue.with")
        return bool(told or listed) and whole.clause >= self.clause - 1

    def is_on_all(self, found: list[Chunk], place: int) -> bool:
        """Take "nginx on all of them" as what the machines at hand run."""
        chunk, thing = found[place], self.target()
        ahead = [c for c in found[place + 1 : place + 4] if c.kind != "word"]
        all_of_them = bool(ahead) and ahead[0].has("cue.each") and bool(chunk.software)
        if not all_of_them or thing is None or thing.families:
            return False
        self.software(thing, chunk)
        thing.families = [t_.software.family for t_, _at in chunk.software if t_.software]
        return True

    def is_on_the_one(self, found: list[Chunk], place: int) -> bool:
        """Take a part that nobody brands, beside software, as what the one machine for all runs."""
        chunk, thing = found[place], self.target()
        if thing is None or not (thing.holds_all and thing.families) or chunk.software:
            return False
        if not chunk.what.startswith("part.") or chunk.count not in (None, 1):
            return False
        self.say("whole", None, (chunk.start, chunk.end), thing=thing.id)
        return True

    def runs_on(self, found: list[Chunk], place: int) -> bool:
        """Take what a machine is for ("VM for nginx", "container with Samba and NFS")."""
        chunk = found[place]
        whole = self.target().parent if self.target() else None  # type: ignore[union-attr]
        spread = whole is not None and whole.of_parent < (whole.count or 0)
        if chunk.definite and any(k.of("copulas") for k in self.tokens[chunk.end :][:1]):
            return False  # "…, the database is PostgreSQL"
        closes = self.marked(",") and not spread
        thing = self.of_all(size=bool(own_sizes(found, place))) if closes else None
        thing = thing or self.target()
        if thing is None or not (chunk.software or chunk.what.startswith("part.")):
            return False
        # "… and the postgres VM"
        own = bool(chunk.software and chunk.what in ("vm", "lxc") and self.linked("cue.and"))
        near = bool(self.linked("cue.and") or self.marked(","))
        own = own or bool(thing.alone and thing.families and near)
        own = own or bool(thing.families and self.linked("verb.add") and self.article(chunk))
        own = own or bool(thing.what.startswith("part.") and near and self.article(chunk))
        own = own and not thing.holds_all
        behind = self.linked("cue.behind") and self.article(chunk) and not thing.holds_all
        if own or behind:
            return False
        last = self.last_cue()
        told = last is not None and last.has("cue.of", "cue.for") and bool(thing.families)
        told = told and not self.marked(",")
        described = told and not chunk.software and chunk.count is None
        if not described and self.one_each(thing, chunk, found, place):
            return True
        own = bool(thing.families) and _has_own_machine(found, place)
        own = own or bool(thing.families and thing.sized & own_sizes(found, place))
        own = own or (bool(thing.sized or thing.families) and _is_set_apart(found, place))
        if not described and (own or not self.may_run_on(thing, chunk)):
            return False
        where = (chunk.start, chunk.end)
        if not chunk.software:
            self.say("thing", chunk.what.removeprefix("part."), where, thing=thing.id)
            thing.what = chunk.what
        self.software(thing, chunk)
        thing.families += [
            token.software.family for token, _known in chunk.software if token.software
        ]
        thing.together = True
        return True

    def brands(self, thing: Thing, chunk: Chunk) -> bool:
        """Tell whether a later sentence names the software of a part ("a database. MariaDB, …")."""
        named = {token.software.family for token, _at in chunk.software if token.software}
        part = thing.what.startswith("part.") and not thing.families and thing.count in (None, 1)
        bare = chunk.count is None and not chunk.what and not self.article(chunk)
        more = self.linked("cue.and", "cue.more", "verb.add", "cue.with", "cue.for")
        later = thing.clause != self.clause and not more
        such = named <= {*called_by(thing.what.removeprefix("part."))}
        return bool(part and bare and later and named) and such

    def one_each(self, thing: Thing, chunk: Chunk, found: list[Chunk], place: int) -> bool:
        """Give each of several machines its own purpose ("three VMs for redis, nginx and …")."""
        whole = thing.parent or thing
        if chunk.count is not None or (whole.count or 1) < 2:
            return False
        if thing.parent is whole and thing.generic():
            return False  # "one for redis": it is what that one is for
        told = self.linked("cue.for", "cue.with", "cue.carries") or self.marked(":(,-")
        told = told or not self.cues
        free = whole.generic() or RUNTIMES.issuperset(whole.families)
        listed = _listed(found, place) if free and told and not whole.of_parent else 0
        begins = listed == whole.count
        if listed > 1 and not begins:
            self.ask_which(whole, found, place, listed)
            return False
        own = bool(own_sizes(found, place))
        goes_on = whole.of_parent and thing.parent is whole and (own or not thing.sized)
        if not begins and not (goes_on and whole.of_parent < (whole.count or 0)):
            return False
        child = Thing(self.new_id(), whole.what, clause=self.clause)
        child.parent, child.count = whole, 1
        whole.of_parent += 1
        self.things.append(child)
        if not chunk.software:
            child.what = chunk.what
            where = (chunk.start, chunk.end)
            self.say("thing", chunk.what.removeprefix("part."), where, thing=child.id)
        self.software(child, chunk)
        child.families = [token.software.family for token, _at in chunk.software if token.software]
        self.group = [child]
        return True

    def ask_which(self, whole: Thing, found: list[Chunk], place: int, listed: int) -> None:
        """Ask how machines are shared between more or fewer names than there are machines."""
        heads = [c for c in found[place:] if c.kind == "head"][:listed]
        quote = self.quote(heads[0].start, heads[-1].end)
        text = f'Which of the {whole.count:g} machines run what of "{quote.text}"?'
        choices = ("each of them runs all of it",)
        self.questions.append(Question(id="reading.which", text=text, quote=quote, choices=choices))

    def may_run_on(self, thing: Thing, chunk: Chunk) -> bool:
        """Tell whether the words between allow that a noun is what the machine is for."""
        if thing.holds_all and chunk.count in (None, 1):
            return True
        if chunk.count not in (None, 1) or (chunk.count == 1 and thing.count not in (None, 1)):
            return False
        purpose = self.linked("cue.for", "cue.with", "cue.carries", "verb.", "cue.of")
        near = not any(c.kind == "cue" for c in self.cues) or self.linked(*_LISTS, "cue.with")
        listed = thing.together and (near or self.marked(",/+()&"))
        adjacent = not self.cues or self.marked("(:-") or (self.marked(",") and thing.generic())
        first = thing.generic() and (purpose or adjacent or self.linked("cue.and"))
        runs = bool(thing.families) and RUNTIMES.issuperset(thing.families)  # "a Docker host for X"
        last = [c for c in self.cues[-1:] if chunk.start - c.end <= 1]  # "for", "for a"
        told = any(
            c.has("cue.for", "cue.with", "cue.carries") or c.what in ("(", ":") for c in last
        )
        first = first or (runs and told and thing.count in (None, 1))
        bare = thing.what.startswith("part.") and not thing.families and not thing.sized
        first = first or (bare and self.marked("(:") and chunk.count is None)
        named = {token.software.family for token, _at in chunk.software if token.software}
        such = named & {*called_by(thing.what.removeprefix("part."))}  # "game server for Minecraft"
        first = first or bool(bare and such and self.linked("cue.for") and chunk.count is None)
        stores = {*load("software.yml")["relational"]} if thing.what == "part.database" else set()
        brand = bool(bare and named) and named <= stores and chunk.count is None
        first = first or (
            brand and self.marked(",")
        )  # "a database VM, PostgreSQL is not there yet"
        first = first or self.brands(thing, chunk)
        if not (first or listed) or thing.what in CLUSTER | ROLES:
            return False
        return bool(first) or thing.count in (None, 1)

    def again(self, found: list[Chunk], place: int) -> bool:
        """Turn to a thing that was said before ("… the masters have 4 GB")."""
        chunk, rest = found[place], found[place + 1 :]
        families = {token.software.family for token, _at in chunk.software if token.software}
        counted = chunk.count is not None and not chunk.definite
        other = any(not x.generic() or x.uncounted for x in self.things)
        if self.article(chunk) and chunk.generic() and other:
            return False  # "… and a VM …", "separate VMs: one VM …"
        for thing in reversed(self.things):
            what = "vm" if chunk.what in ("server_word", "host") else chunk.what
            if chunk.what == "server_word" and thing.what == "server":
                what = "server"  # "… 3 agents. Agents 8 GB, server 4 GB"
            same = bool(families & set(thing.families)) if families else what == thing.what
            same = same or self.is_its_label(found, place, thing)
            runner = chunk.what in ("agent", "part.runner") and thing.what == "part.runner"
            if not (same or runner) or (counted and chunk.count != thing.count):
                continue
            if counted and thing.clause == self.clause:
                continue
            empty = not (thing.sized or thing.names or thing.count or thing.of_parent)
            told = chunk.definite or chunk.plural or self.linked("cue.for") or empty
            one_more = self.article(chunk) and self.linked("cue.and")
            if thing.generic() and chunk.generic() and (one_more or not told):
                continue
            self.share(thing, chunk)
            goes_on = self.turned and self.linked("cue.and") and thing not in self.group
            self.group = [*self.group, thing] if goes_on else [thing]
            self.turned = True
            thing.together = thing.together or (chunk.definite and chunk.generic())
            near = chunk.count_at or (chunk.start, chunk.end)
            where = (min(near[0], chunk.start), chunk.end)
            topic = "whole" if chunk.count is None else "count"
            self.say(topic, chunk.count, where, thing=thing.id)
            self.narrow(thing, chunk, rest)
            return True
        return False

    def is_its_label(self, found: list[Chunk], place: int, thing: Thing) -> bool:
        """Tell whether a part is that of a software said before ("Postgres …. DB: 4 cores")."""
        chunk, behind = found[place], found[place + 1 : place + 2]
        label = place == 0 and behind and behind[0].what in (":", "=")
        told = label or (chunk.definite and not chunk.plural)
        bare = chunk.what.startswith("part.") and not chunk.software and chunk.count is None
        brands = {*called_by(chunk.what.removeprefix("part."))}
        return bool(told and bare and thing.families and {*thing.families} <= brands)

    def share(self, thing: Thing, chunk: Chunk) -> None:
        """Put the thing at hand on the machine of another one ("MariaDB on the Nextcloud VM")."""
        other = self.target()
        if other is None or other is thing or not (other.families and chunk.software):
            return
        before = self.tokens[max(chunk.start - 2, 0) : chunk.start]
        placed = len(before) > 1 and before[0].of("places") and before[1].of("pointing")
        if placed and chunk.definite and chunk.what in ("vm", "lxc") and not other.sized:
            where = (chunk.start, chunk.end)
            self.say("link", thing.id, where, thing=other.id, about="same_machine")

    def narrow(self, thing: Thing, chunk: Chunk, rest: list[Chunk]) -> None:
        """Take a part that closes a sentence as all that is asked for ("Mimir: the queriers")."""
        entry = chunk.software[0][0].software if len(chunk.software) == 1 else None
        closes = all(c.kind in ("word", "mark") or c.has("cue.total") for c in rest)
        if entry is None or not (entry.component and closes and self.marked(":")) or chunk.count:
            return
        self.statements = [
            s.model_copy(update={"about": entry.component})
            if (s.thing, s.topic, s.value, s.about) == (thing.id, "software", entry.family, "")
            else s
            for s in self.statements
        ]

    def is_its_machine(self, found: list[Chunk], place: int) -> bool:
        """Take a machine of a later sentence, with sizes, as that of the one software said.

        "We need Nextcloud. Let us start with a VM with 4 cores and 8 GB."
        """
        chunk, thing = found[place], self.target()
        single = chunk.generic() and chunk.count in (None, 1) and not chunk.plural
        if not single or thing is None or len(self.things) > 1 or not thing.families:
            return False
        known = thing.sized or thing.count not in (None, 1) or thing.clause == self.clause
        other = any(c.kind == "head" for c in found[place + 1 :])
        if known or other or self.linked("cue.and", "cue.more", "verb.add"):
            return False
        if chunk.what == "lxc" or not own_sizes(found, place):
            return False
        self.say("whole", None, (chunk.start, chunk.end), thing=thing.id)
        self.group = [thing]
        return True

    def is_it(self, found: list[Chunk], place: int) -> bool:
        """Take "the machine", "the app" as the software that is spoken of."""
        chunk = found[place]
        plain = chunk.generic() or chunk.what == "part.app"
        if not (chunk.definite and plain and chunk.count is None and not chunk.plural):
            return False
        named = [x for x in self.things if x.families or x.holds_all]
        if len(named) != 1 or len(self.things) != 1:
            return False
        self.group = named
        self.say("whole", None, (chunk.start, chunk.end), thing=named[0].id)
        return True


def _has_own_machine(found: list[Chunk], place: int) -> bool:
    """Tell whether a list goes on to machines of its own ("…, nginx and redis each in an LXC")."""
    each = False
    for chunk in found[place + 1 :]:
        each = each or chunk.has("cue.each")
        if chunk.has("cue.with", "cue.but") or chunk.kind == "size":
            return False
        if chunk.kind == "head" and not chunk.software:
            return each and chunk.what in ("vm", "lxc")
    return False


def _is_set_apart(found: list[Chunk], place: int) -> bool:
    """Tell whether a noun is given a machine of its own ("…, MariaDB on a VM of its own")."""
    apart = machine = False
    behind = found[place + 1 : place + 3]
    if behind and behind[0].has("word.separate") and (len(behind) < 2 or ends_part(behind[1])):
        return True  # "PostgreSQL séparée"
    for chunk in found[place + 1 :]:
        apart = apart or chunk.has("word.separate")
        kind = chunk.kind == "head" and not chunk.software and chunk.what in ("vm", "lxc")
        machine = machine or kind or chunk.has("word.same_machine")
        if chunk.kind in ("size", "mark") or chunk.has("cue.with") or chunk.software:
            break
    return apart and machine


def _listed(found: list[Chunk], place: int) -> int:
    """Return how many names of software and parts stand in the list that begins at ``place``."""
    number = 1
    for chunk in found[place + 1 :]:
        named = chunk.kind == "head" and (chunk.software or chunk.what.startswith("part."))
        if named and chunk.count is None:
            number += 1
        elif not (
            chunk.kind == "size"
            or chunk.has("cue.and")
            or (chunk.kind == "mark" and chunk.what in ",/&+()")
        ):
            break
    return number
