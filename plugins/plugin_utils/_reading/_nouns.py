# SPDX-License-Identifier: GPL-3.0-or-later
"""Nouns that are no new thing: hosts, add-ons, loads, and what is said of a thing."""

from __future__ import annotations

import dataclasses
import itertools

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
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._lists import (
    ListReader,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    CLUSTER,
    MAX_MACHINES,
    ROLES,
    Thing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token

#: Numbers of the releases that people still install (Debian 8 … Fedora 45).
RELEASES = range(8, 46)


class NounReader(ListReader):
    """Takes nouns as what they say of the things at hand, or of what is there."""

    def is_best_host(self, found: list[Chunk], place: int) -> bool:
        """Ask which host "the biggest node" or "the node with the most memory" is."""
        chunk = found[place]
        if chunk.what not in ("node", "host", "hardware") or chunk.count is not None:
            return False
        before = self.tokens[max(chunk.start - 3, 0) : chunk.start]
        ahead = self.tokens[chunk.end : chunk.end + 4]
        led = any(k.of("places") for k in before)
        best = [k for k in before if k.of("superlatives") or k.has("scale.")]
        behind = ahead[:1] and (ahead[0].has("cue.with") or ahead[0].of("determiners"))
        best += [k for k in ahead if k.of("superlatives")] if behind else []
        if not (led and best):
            return False
        first = chunk.start - len(before) + [k.of("places") for k in before].index(True)
        last = max(chunk.end, *(self.tokens.index(k) + 1 for k in best))
        quote = self.quote(first, last)
        text = f'Which host is meant by "{quote.text}"? Say its name.'
        self.questions.append(Question(id="reading.host", text=text, quote=quote))
        return True

    def is_host(self, found: list[Chunk], place: int) -> bool:
        """Take hardware as something that is there: nobody can make a host."""
        chunk = found[place]
        before = self.tokens[max(chunk.start - 1, 0) : chunk.start]
        if chunk.what == "host" and any(k.has("cue.each") or k.of("each_of") for k in before):
            self.ask_hosts((chunk.start - 1, chunk.end))
            return True
        if chunk.what == "host" and any(token.of("whichever") for token in before):
            self.say("text", None, (chunk.start - 1, chunk.end), kind="remark")
            return True  # "on any host"
        if chunk.what != "hardware" or chunk.software:
            return False
        if not self.is_load(found, place):
            near = chunk.count_at or (chunk.start, chunk.end)
            where = (min(near[0], chunk.start), chunk.end)
            self.say("thing", "host", where, kind="exists", thing="h1")
            if chunk.count is not None:
                self.say("count", chunk.count, where, kind="exists", thing="h1")
            self.host_at = place
        return True

    def ask_release(self, found: list[Chunk], place: int) -> None:
        """Ask whether "Debian 12 VMs" are twelve machines, or machines with that release."""
        chunk, system = found[place], found[place - 1] if place else None
        if system is None or system.what != "os" or chunk.count_at is None:
            return
        number = self.tokens[chunk.count_at[0]]
        released = not number.written and int(chunk.count or 0) in RELEASES
        if released and chunk.count_at[0] == system.end:
            quote = self.quote(system.start, chunk.end)
            text = (
                f'Are "{quote.text}" {number.word} machines, or machines with release {number.word}'
                f' of {system.value}? Say how many first, as in "3 {quote.text}".'
            )
            self.questions.append(Question(id="reading.release", text=text, quote=quote))

    def is_denied(self, found: list[Chunk], place: int) -> bool:
        """Take "no monitoring", "without a database" as what is not wished."""
        self.denied = None if found[place].count else self.denied
        return self.denied is not None and self.deny(found, place)

    def is_per_machine(self, found: list[Chunk], place: int) -> bool:
        """Take "1 GB per VM" as a word of the size, not as a machine."""
        chunk, per = found[place], self.cues[-1] if self.cues else None
        bare = chunk.count is None and not chunk.software
        return bare and per is not None and per.has("cue.each")

    def is_named_again(self, found: list[Chunk], place: int) -> bool:
        """Turn to software that was named before: it is not made again."""
        return bool(found[place].software) and self.again(found, place)

    def is_predicate(self, found: list[Chunk], place: int) -> bool:
        """Take "it is only a jump host" as what the thing at hand is, not as one more machine."""
        chunk, thing = found[place], self.target()
        if thing is None or chunk.count is not None or thing.what in CLUSTER | ROLES:
            return False
        closed = function_words()
        before = list(itertools.takewhile(lambda c: not ends_part(c), reversed(found[:place])))
        start = before[-1].start if before else chunk.start
        words = [token.word for token in self.tokens[start : chunk.start]]
        subject = words[:1] and words[0] in closed["subjects"] | closed["copulas"]
        ordered = any(c.has("verb.create", "verb.add", "cue.with", "cue.for") for c in before)
        if not (subject and closed["copulas"] & {*words}) or ordered or self.denied:
            return False
        where = (chunk.start, chunk.end)
        families = [token.software.family for token, _at in chunk.software if token.software]
        if not thing.generic() or not (families or chunk.what.startswith("part.")):
            self.say("whole", None, where, thing=thing.id)
            return not families or bool({*families} & {*thing.families})
        self.software(thing, chunk)
        thing.families += families
        if not families:
            thing.what = chunk.what
            self.say("thing", chunk.what.removeprefix("part."), where, thing=thing.id)
        return True

    def gloss(self, found: list[Chunk], place: int) -> None:
        """Take the software that brackets name more exactly ("Bitwarden (i.e. Vaultwarden)")."""
        ahead = range(place + 1, min(place + 7, len(found)))
        at = next((i for i in ahead if found[i].kind == "head"), None)
        thing = self.target()
        if at is None or thing is None or thing.sized:
            return
        head, lead = found[at], Chunk("cue", found[place].end, found[at].start)
        said = [k.word for k in self.tokens[lead.start : lead.end] if k.kind == "word"]
        if (
            not (head.software and thing.families)
            or " ".join(said) not in function_words()["glossing"]
        ):
            return
        self.statements = [
            s.model_copy(update={"kind": "remark", "thing": ""})
            if (s.thing, s.topic, s.kind) == (thing.id, "software", "wish")
            else s
            for s in self.statements
        ]
        self.say("text", None, (lead.start, lead.end), kind="remark")
        self.software(thing, head)
        thing.families = [token.software.family for token, _at in head.software if token.software]
        for index in range(place + 1, at + 1):
            found[index] = Chunk("mark", found[index].start, found[index].end)

    def is_addon(self, found: list[Chunk], place: int) -> bool:
        """Take software of a cluster that is in the catalogue as an add-on."""
        chunk = found[place]
        token = self.tokens[chunk.start]
        own = chunk.count is not None or chunk.what in ("vm", "lxc") or self.linked("word.separate")
        if not self.clusterish or own or not chunk.software or not token.has("addon."):
            return False
        where = (chunk.start, chunk.end)
        if self.denied is not None:
            where = (self.denied.start, chunk.end)
        self.addon(dataclasses.replace(chunk, value=token.concept.partition(".")[2]), where)
        return True

    def is_addon_kind(self, found: list[Chunk], place: int) -> bool:
        """Take a part before an add-on as what that add-on is ("load balancer MetalLB")."""
        chunk, behind = found[place], found[place + 1 : place + 2]
        bare = chunk.what.startswith("part.") and not chunk.software and chunk.count is None
        named = bool(behind) and behind[0].has("addon.") and behind[0].start == chunk.end
        if not (self.clusterish and bare and named):
            return False
        self.say("text", None, (chunk.start, chunk.end), kind="remark")
        return True

    def is_stack(self, found: list[Chunk], place: int) -> bool:
        """Add one more language or framework to the application that is spoken of."""
        chunk = found[place]
        stacks = [token.software for token, _at in chunk.software if token.software]
        known = next((x for x in self.things if x.stack and x.clause == self.clause), None)
        if known is None or not stacks or not all(entry.stack for entry in stacks):
            return False
        self.software(known, chunk)
        self.group = [known]
        return True

    def is_there(self, found: list[Chunk], place: int) -> bool:
        """Take "the existing database" as something that is not to be made."""
        chunk = found[place]
        last = self.cues[-1] if self.cues else None
        told = last is not None and last.has("word.existing") and last.end == chunk.start
        low = min(chunk.start, (chunk.count_at or (chunk.start,))[0])
        owner = self.tokens[low - 1].word if low else ""
        ours = owner in function_words()["possessives"] and bool(self.linked("cue.for"))
        ours = ours and chunk.count is not None and not self.clusterish  # "for our 4 app nodes"
        if not (told or ours):
            return self.is_used(found, place)
        where = (last.start if last is not None and told else low - 1, chunk.end)
        if ours:
            self.say("count", chunk.count, where, kind="exists", thing="h2")
        for token, _at in chunk.software:
            value = token.software.family if token.software else token.word
            self.say("software", value, where, kind="exists", thing="h2")
        if not chunk.software:
            self.say("thing", chunk.what.removeprefix("part."), where, kind="exists", thing="h2")
        self.stands_there(found, place)
        return True

    def stands_there(self, found: list[Chunk], place: int) -> None:
        """Take back the part that is said to be on what is there ("the database is on our …")."""
        last, thing = found[self.head_before(found, place)], self.target()
        bare = last is not found[place] and last.what.startswith("part.") and not last.software
        if thing is None or not bare or thing.what != last.what or thing.sized or last.count:
            return
        between = self.tokens[last.end : found[place].start]
        small = ("copulas", "places", "usings", "possessives", "determiners", "insides")
        if not all(
            k.of(*small) or k.has("word.existing", "cue.with") or is_adjective(k) for k in between
        ):
            return
        self.statements = [
            s.model_copy(update={"kind": "remark", "thing": ""}) if s.thing == thing.id else s
            for s in self.statements
        ]
        self.things.remove(thing)
        self.group = self.things[-1:]

    def is_used(self, found: list[Chunk], place: int) -> bool:
        """Take "on the NAS", "using our mysql server" as what is there: it was not ordered.

        What shall stand on it, or behind it, is asked about.
        """
        chunk = found[place]
        at = chunk.start - 1
        while at > 0 and is_adjective(self.tokens[at]):
            at -= 1  # "our old mysql server", "the company LDAP"
        families = {token.software.family for token, _at in chunk.software if token.software}
        named = bool(families) or chunk.what.startswith("part.")
        led = at > 0 and chunk.count is None and self.leads_there(at, families)
        if not (led and named) or self.clusterish or self.denied is not None:
            return False
        if any({*x.families} & families or x.what == (chunk.what or None) for x in self.things):
            return False
        for value in families or {chunk.what.removeprefix("part.")}:
            topic = "software" if families else "thing"
            self.say(topic, value, (at, chunk.end), kind="exists", thing="h2")
        self.stands_there(found, place)
        placed = self.tokens[at - 1].of("places")
        placed = placed or not self.tokens[at].of("possessives")
        if placed and any(c.kind == "head" and c.end == at - 1 for c in found[:place]):
            quote = self.quote(at - 1, chunk.end)
            text = f'"{quote.text}" was not asked for; is it there, or shall it be made as well?'
            choices = ("it is there", "it shall be made as well")
            self.questions.append(
                Question(id="reading.there", text=text, quote=quote, choices=choices)
            )
        return True

    def leads_there(self, at: int, families: set[str]) -> bool:
        """Tell whether "on the", "with our", "connects to the" stand at a determiner."""
        owner, before, thing = self.tokens[at], self.tokens[at - 1], self.target()
        ours = owner.of("possessives")
        if not (ours or owner.of("pointing")):
            return False
        if any(token.of("connecting") for token in self.tokens[max(at - 4, 0) : at]):
            return True
        used = before.of("places") or before.of("usings") or before.has("cue.behind")
        parts = any(load("software.yml")["own_parts"].get(family) for family in families)
        served = before.has("cue.for") and not parts and thing is not None and not thing.generic()
        return used or (ours and bool(served or before.has("cue.with")))

    def is_brand(self, found: list[Chunk], place: int) -> bool:
        """Take "the database is PostgreSQL" as what that part is made with."""
        chunk, last = found[place], found[self.head_before(found, place)]
        thing = self.target()
        families = [token.software.family for token, _at in chunk.software if token.software]
        bare = last is not chunk and last.what.startswith("part.") and not last.software
        if thing is None or not (bare and families) or thing.what != last.what or thing.families:
            return False
        between = self.tokens[last.end : chunk.start]
        copula = bool(between) and between[0].of("copulas")
        small = all(k.of("insides") or k.of("determiners") or k.word == "en" for k in between[1:])
        if not (copula and small and called_by(last.what.removeprefix("part."))):
            return False
        self.software(thing, chunk)
        thing.families += families
        return True

    def is_as_part(self, found: list[Chunk], place: int) -> bool:
        """Take "postgres as the database" and "postgres with two databases" as one thing.

        How many of a part are in a software is asked: they may be machines of their own.
        """
        chunk, thing = found[place], self.target()
        if thing is None or not thing.families or not chunk.what.startswith("part."):
            return False
        if chunk.software or not {*thing.families} & {*called_by(chunk.what.removeprefix("part."))}:
            return False
        lead = chunk.start - 1
        lead -= lead > 0 and self.tokens[lead].of("determiners")
        where = (chunk.start, chunk.end)
        named = self.tokens[max(lead, 0)].of("manners") or self.marked(":")
        if chunk.count in (None, 1) and named:
            self.say("whole", None, where, thing=thing.id)
            return True
        if chunk.count is not None and self.cues[-1:] and self.cues[-1].has("cue.with"):
            quote = self.quote(min((chunk.count_at or where)[0], chunk.start), chunk.end)
            text = f'Is "{quote.text}" inside {thing.families[0]}, or machines of their own?'
            choices = (f"inside {thing.families[0]}", "machines of their own")
            self.questions.append(
                Question(id="reading.inside", text=text, quote=quote, choices=choices)
            )
            return True
        return False

    def is_content(self, found: list[Chunk], place: int) -> bool:
        """Take "a disk for the database" as what the size is for, not as one more machine."""
        chunk, thing = found[place], self.target()
        before = found[max(place - 6, 0) : place]
        sized = [i for i, c in enumerate(before) if c.has("noun.disk", "noun.memory")]
        led = bool(sized) and any(c.has("cue.for") for c in before[sized[-1] :])
        bare = chunk.what.startswith("part.") and chunk.definite and not chunk.software
        if thing is None or not (led and bare) or chunk.count is not None:
            return False
        if any(c.kind in ("head", "mark") for c in before[sized[-1] :]):
            return False
        self.say("whole", None, (chunk.start, chunk.end), thing=thing.id)
        return True

    def head_before(self, found: list[Chunk], place: int) -> int:
        """Return the place of the noun before a chunk, its own where there is none."""
        return next((i for i in reversed(range(place)) if found[i].kind == "head"), place)

    def ask_brand(self, chunk: Chunk, thing: Thing) -> None:
        """Ask whether a later part may be what an earlier software is ("as we need a database")."""
        brands = {*called_by(chunk.what.removeprefix("part."))}
        bare = chunk.what.startswith("part.") and not chunk.software and chunk.count in (None, 1)
        other = next((x for x in self.things if {*x.families} & brands), None)
        linked = self.linked("cue.and", "cue.more", "cue.or", "cue.behind")
        listed = bool(linked) or self.marked(",/+")
        if not bare or other is None or other is thing or listed:
            return
        quote = self.quote(chunk.start, chunk.end)
        text = f'Is "{quote.text}" the {other.families[0]} that was named, or one more machine?'
        choices = (f"the {other.families[0]}", "one more machine")
        self.questions.append(Question(id="reading.brand", text=text, quote=quote, choices=choices))

    def is_watched_by(self, found: list[Chunk], place: int) -> bool:
        """Tell whether software behind machines looks after them ("watch 300 hosts with X")."""
        ahead = found[place + 1 :]
        behind = [c for c in ahead if c.kind == "head"][:1]
        verb = self.linked("cue.carries") or any(c.has("cue.carries") for c in ahead[:1])
        named = {k.software.family for c in behind for k, _at in c.software if k.software}
        return bool(verb and named & {*called_by("monitoring")})

    def is_vague_load(self, chunk: Chunk) -> bool:
        """Take "for a few agents" as whom a software is for: people without a number."""
        thing = self.target()
        people = chunk.what == "agent" and chunk.plural and not (chunk.software or self.clusterish)
        if thing is None or not (people and thing.families and self.linked("cue.for")):
            return False
        if {*thing.families} & {*load("software.yml")["runners"]}:
            return False
        self.say("whole", None, (chunk.start, chunk.end), thing=thing.id)
        return True

    def is_load(self, found: list[Chunk], place: int) -> bool:
        """Take machines that a software looks after ("Zabbix for 500 hosts") as its load."""
        chunk = found[place]
        thing = self.target()
        watched = {"node": "nodes", "agent": "agents", "host": "devices", "vm": "devices"}
        watched |= {"server_word": "devices", "cluster": "clusters", "server": "devices"}
        watched["hardware"] = "devices"
        if chunk.count is None:
            return self.is_vague_load(chunk)
        if thing is None and chunk.what in watched and self.is_watched_by(found, place):
            near = chunk.count_at or (chunk.start, chunk.end)
            more = {"kind": "load", "about": watched[chunk.what]}
            self.forward("driver", chunk.count, (near[0], chunk.end), ahead=True, **more)
            return True
        looks_after = thing is not None and thing.what == "part.monitoring"
        if thing is None or not (thing.families or looks_after) or thing.stack:
            return False
        if chunk.what not in watched or chunk.software or self.clusterish:
            return False
        follows = self.linked("cue.for", "cue.carries", "bound.") or self.marked(":")
        managers = load("software.yml")["cluster_managers"] if chunk.what == "cluster" else ()
        if any(family in managers for family in thing.families):
            follows = follows or self.linked("cue.with") or self.marked("(")
        looked_after = set(watched.values())
        watches = {*thing.families} & {*called_by("monitoring")}
        follows = follows or bool(
            watches and chunk.what in ("host", "hardware") and self.marked(",")
        )
        people = chunk.what == "agent" and not {*thing.families} & {
            *load("software.yml")["runners"]
        }
        beside = self.marked(",(") or self.linked("cue.with")
        follows = follows or (people and bool(beside) and not self.is_sized(found, place))
        follows = follows or chunk.count > MAX_MACHINES
        listed = any(s.about in looked_after and s.thing == thing.id for s in self.statements)
        if not (follows or (listed and (self.marked(",/") or self.linked("cue.and")))):
            return False
        where = (chunk.count_at[0] if chunk.count_at else chunk.start, chunk.end)
        self.drive(thing, watched[chunk.what], chunk.count, where)
        return True


def is_adjective(token: Token) -> bool:
    """Tell whether a word may stand between a determiner and its noun."""
    small = token.of("determiners") or token.of("places") or token.of("usings")
    known = token.software or token.mib or (token.concept and not token.has("scale.", "word.group"))
    return token.kind == "word" and not small and not known
