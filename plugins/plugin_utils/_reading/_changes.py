# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders that change what is there: verb, target, value, and what is protected."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Quote,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import Chunk
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import Record
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sizes import Size
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token

_FACTORS = {"rel.twice": 2.0, "rel.triple": 3.0, "rel.half": 0.5}
_DIMENSIONS = {"noun.memory": "memory_mib", "noun.disk": "disk_gib", "unit.core": "cores"}
_PRONOUNS = frozenset(
    {"it", "them", "its", "their", "that", "this", "ihn", "es", "ihm", "ihr", "ihnen", "sie"}
    | {"le", "la", "lui", "leur", "les", "ca", "cela", "das", "dem", "den"}
)
_ALL = frozenset({"everything", "all", "alles", "alle", "tout", "tous", "toutes", "deployment"})
#: "leave the rest alone": what no order names stays anyway.
_OTHERS = frozenset(
    {"else", "rest", "andere", "anderen", "sonst", "autres", "reste", "other", "others"}
)
_SPLITS = ("cue.and", "cue.but")
#: Denials that take something out of what an order names.
_EXCEPT = frozenset(
    {"except", "except for", "excluding", "all but", "everything but", "other than", "apart from"}
    | {"with the exception of", "ausser", "alle bis auf", "alles bis auf", "mit ausnahme von"}
    | {"sauf", "hormis", "excepte", "a l'exception de", "a l'exception du"}
)
#: An amount without a word is memory below this (MiB); above, a person is asked.
LIKELY_MEMORY_MIB = 128 * 1024


@dataclasses.dataclass
class Segment:
    """One order of a clause: its chunks and what they say."""

    chunks: list[Chunk]
    tokens: list[Token]
    opening: Chunk | None = None  # the "and", "but", "not" or comma before it

    def cues(self, *concepts: str) -> list[Chunk]:
        """Return the chunks with one of the concepts."""
        return [chunk for chunk in self.chunks if chunk.has(*concepts)]

    def of(self, kind: str) -> list[Chunk]:
        """Return the chunks of a kind."""
        return [chunk for chunk in self.chunks if chunk.kind == kind]

    def words(self) -> set[str]:
        """Return the words that are said."""
        tokens = (token for c in self.chunks for token in self.tokens[c.start : c.end])
        return {word for token in tokens for word in token.word.split()}

    def bare(self) -> bool:
        """Tell whether only names and nouns stand in it."""
        return all(
            (c.kind in ("head", "name", "word") and c.count is None)
            or (c.kind == "literal" and c.what == "name")
            for c in self.chunks
        )

    def ends_with_verb(self) -> bool:
        """Tell whether its verb stands behind its noun."""
        nouns = [i for i, c in enumerate(self.chunks) if c.kind in ("head", "name", "literal")]
        verbs = [i for i, c in enumerate(self.chunks) if c.has("verb.", "word.not_needed")]
        return bool(nouns and verbs) and min(verbs) > max(nouns)

    def empty(self) -> bool:
        """Tell whether nothing in it is an order or a target."""
        return not any(
            c.kind in ("head", "size", "flag", "literal", "name", "number")
            or c.has("verb.", "rel.", "cue.more", "cue.less", "cue.larger", "noun.", "unit.core")
            or c.has("word.not_needed")
            for c in self.chunks
        )


def segments(tokens: list[Token], found: list[Chunk]) -> list[Segment]:
    """Return the orders of a clause, split at its commas, "and", "but" and denials."""
    result: list[Segment] = [Segment([], tokens)]
    for place, chunk in enumerate(found):
        denies = chunk.has("cue.not") and result[-1].chunks and not _closing(found, place)
        if chunk.has(*_SPLITS) or (chunk.kind == "mark" and chunk.what in ",;()") or denies:
            result.append(Segment([chunk] if denies else [], tokens, chunk))
        else:
            result[-1].chunks.append(chunk)
    return _listed(_together([segment for segment in result if not segment.empty()]))


def _listed(found: list[Segment]) -> list[Segment]:
    """Join a list to the verb behind it ("…, A and B stay")."""
    result: list[Segment] = []
    for segment in found:
        last = result[-1] if result else None
        joined = segment.opening is not None and segment.opening.has("cue.and")
        begins = last is not None and (last.opening is None or last.opening.what == ",")
        if last is not None and joined and begins and last.bare() and segment.ends_with_verb():
            last.chunks += [t.cast(Chunk, segment.opening), *segment.chunks]
            continue
        result.append(segment)
    return result


def _closing(found: list[Chunk], place: int) -> bool:
    """Tell whether a denial stands behind what it denies ("die Master nicht")."""
    rest = found[place + 1 :]
    return not any(c.kind in ("head", "literal", "name") or c.has("addon.") for c in rest[:4])


def _together(found: list[Segment]) -> list[Segment]:
    """Join what only together is an order: a verb and its number behind a bracket, a reason."""
    result: list[Segment] = []
    for segment in found:
        last = result[-1] if result else None
        bracket = segment.opening is not None and segment.opening.what in "()"
        bare = not (segment.of("head") or segment.cues("verb.", "cue.not", "addon.", "ha"))
        if last is not None and bracket and bare and not last.of("size"):
            last.chunks += segment.chunks
            continue
        if last is not None and _one_more_dimension(last, segment):
            last.chunks += segment.chunks
            continue
        result.append(segment)
    return result


def _one_more_dimension(last: Segment, segment: Segment) -> bool:
    """Tell whether a factor holds for one more size ("double the RAM and the cores")."""
    sizes = ("noun.", "unit.core")
    if not (last.cues("rel.") and last.cues(*sizes) and segment.cues(*sizes)):
        return False
    own = segment.cues("verb.", "rel.", "cue.more", "cue.less", "cue.not", "cue.off")
    own += segment.of("size") + segment.of("number") + last.of("size")
    nouns = ("head", "name", "literal")
    both = all(any(c.kind in nouns for c in x.chunks) for x in (last, segment))
    return not own and not both


def _lists(chunk: Chunk) -> bool:
    return chunk.has("cue.and", "cue.or") or chunk.what == ","


def _excepted(found: list[Chunk], tokens: list[Token]) -> tuple[int, int] | None:
    """Return where an exception stands, with its denial ("all *except A and B* get 8 GB")."""
    nouns = ("head", "name")
    for place, chunk in enumerate(found):
        said = " ".join(token.word for token in tokens[chunk.start : chunk.end])
        if not (chunk.has("cue.not") and said in _EXCEPT):
            continue
        valued = [any(c.kind == "size" for c in part) for part in (found[:place], found[place:])]
        end = last = place + 1
        while end < len(found):
            noun = found[end].kind in nouns or found[end].what == "name"
            if noun and found[end].count is None:
                last = end + 1
                if all(valued):
                    break
            elif found[end].kind != "word" and not _lists(found[end]):
                break
            end += 1
        return (place, last) if last > place + 1 else None
    return None


def _each_of(words: str) -> list[tuple[str, t.Any]]:
    """Return the machines that "each node" and "per VM" speak of."""
    if {"node", "nodes", "noeud", "knoten"} & set(words.split()):
        return [("role", "node")]
    if {"vm", "machine", "maschine", "server", "serveur"} & set(words.split()):
        return [("everything", True)]
    return []


class ChangeReader:
    """Collects the statements of the orders of one text."""

    def __init__(self, text: str, previous: Record | None) -> None:
        self.text = text
        self.previous = previous
        self.statements: list[Statement] = []
        self.questions: list[Question] = []
        self.number = 0
        self.targets: list[tuple[str, t.Any]] = []  # of the order before
        self.verb = ""
        self.hint = ""  # the dimension that the sentence speaks of
        self.tokens: list[Token] = []
        self.kept = False

    def quote(self, start: int, end: int) -> Quote:
        """Return the words from token ``start`` to before ``end``."""
        low, high = self.tokens[start].start, self.tokens[end - 1].end
        return Quote(text=self.text[low : min(high, low + 240)], start=low)

    def say(self, topic: str, value: t.Any, chunk: Chunk, verb: str, **more: t.Any) -> None:
        """Add one change of the order's targets."""
        value = int(value) if isinstance(value, float) and value == int(value) else value
        self.statements.append(
            Statement(
                kind="change",
                quote=more.pop("quote", None) or self.quote(chunk.start, chunk.end),
                thing=f"c{self.number}",
                topic=topic,  # type: ignore[arg-type]
                value=value,
                verb=verb,  # type: ignore[arg-type]
                **more,
            )
        )

    def read(self, tokens: list[Token], found: list[Chunk], hint: str = "") -> list[list[Chunk]]:
        """Read the orders of a clause; return the chunks of what is new and to be wished."""
        self.tokens = tokens
        self.hint = hint or self.hint
        named = [_DIMENSIONS[c.what] for c in found if c.what in _DIMENSIONS]
        named += [c.size.topic for c in found if c.size is not None and c.size.topic != "bytes"]
        self.hint = (
            next(iter(dict.fromkeys(named)), self.hint) if len(set(named)) == 1 else self.hint
        )
        orders = segments(tokens, self.without_excepted(found))
        wishes: list[list[Chunk]] = []
        fresh = False
        for place, segment in enumerate(orders):
            self.number += 1
            if self.is_new(segment):
                wishes.append(segment.chunks)
                used = ("verb.add", "cue.more", "verb.create", "verb.set")
                self.cover(segment, segment.cues(*used))
                fresh = True
                continue
            bare = not (
                segment.cues("verb.", "cue.not") or segment.of("head") or segment.of("flag")
            )
            if fresh and bare:
                wishes[-1] += (
                    [segment.opening, *segment.chunks] if segment.opening else segment.chunks
                )
                continue
            fresh = False
            self.order(segment, orders[place + 1 :])
        return wishes

    def without_excepted(self, found: list[Chunk]) -> list[Chunk]:
        """Protect what an order excepts; return the chunks of the order itself."""
        place = _excepted(found, self.tokens)
        if place is None:
            return found
        segment = Segment(found[place[0] : place[1]], self.tokens)
        targets = self.find_targets(Segment(segment.chunks[1:], self.tokens), quiet=True)
        if not targets:
            return found
        self.number += 1
        self.say("whole", None, segment.chunks[0], "keep")
        self.aim(targets, segment)
        self.cover(segment, segment.chunks[:1])
        rest = found[: place[0]] + found[place[1] :]
        if not any(c.kind in ("head", "name") for c in rest):
            self.targets = [("everything", True)]
        return rest

    def mention(self, tokens: list[Token], found: list[Chunk]) -> None:
        """Remember what a reason speaks of: "it" and "them" may mean it."""
        self.tokens = tokens
        self.targets = self.find_targets(Segment(found, tokens), quiet=True) or self.targets

    def is_new(self, segment: Segment) -> bool:
        """Tell whether an order asks for something that the deployment does not have yet."""
        beside = segment.cues("word.separate", "cue.behind") and not segment.cues("cue.instead")
        asked = bool(segment.cues("verb.add", "verb.create") or beside)
        made = asked or segment.cues("cue.more") or not segment.cues("verb.")
        if not made or self.previous is None:
            return False
        known = {word for group in self.previous.groups for word in group.words}
        addons = self.previous.cluster is not None
        heads = [c for c in segment.of("head") if not c.definite]
        named = any(head.software for head in heads)
        for head in heads:
            families = {token.software.family for token, _at in head.software if token.software}
            token = self.tokens[head.start]
            if families and not (families & known) and not (addons and token.has("addon.")):
                return asked or head.count is not None
            part = head.what.removeprefix("part.")
            if head.what.startswith("part.") and part not in known:
                return asked or bool(segment.cues("cue.more"))
            if head.what in ("vm", "lxc") and not named and segment.cues("verb.add"):
                return bool(segment.of("size") or segment.of("name") or segment.of("literal"))
        return False

    # One order --------------------------------------------------------------------------------

    def order(self, segment: Segment, later: list[Segment]) -> None:
        """Read one order: what it is about, and what shall become of it."""
        before = len(self.statements)
        targets = self.find_targets(segment)
        own = bool(targets)
        if not targets:
            others = [s for s in later if not s.cues("cue.not", "verb.keep")]
            targets = self.targets or next(
                (found for s in others if (found := self.find_targets(s, quiet=True))), []
            )
        addons = [c for c in segment.of("flag") if c.has("addon.")] + self.addon_heads(segment)
        if segment.cues("verb.keep") and segment.words() & _OTHERS:
            self.cover(segment, segment.cues("verb.keep", "cue.not", "word.", "cue.only"))
            self.cover(segment, segment.of("number") + segment.of("flag"))
            return
        if self.keep(segment, own, addons):
            if own or not addons:
                self.aim(targets, segment)
            self.cover(segment, segment.of("flag") + segment.cues("noun.", "unit.core"))
            return
        verb = self.verb_of(segment)
        if verb == "remove" and segment.of("size"):  # "drop the agents to 4 GB"
            verb = "decrease"
        used: list[Chunk] = segment.cues("verb.", "rel.", "cue.more", "cue.less", "cue.larger")
        used += segment.cues("cue.only", "cue.not", "cue.off", "word.not_needed", "cue.each")
        used += segment.cues("cue.correction", "word.in_cluster", "word.rest")
        used += segment.cues("cue.instead", "noun.", "unit.core", "word.second", "word.first")
        if self.addons(segment, addons, verb):
            pass
        elif verb == "remove" and (own or segment.of("head")):
            self.remove(segment, targets)
        else:
            self.counts(segment, verb)
            self.sizes(segment, verb, targets)
            self.bare_numbers(segment)
            self.relative(segment)
            self.others(segment, verb)
        if len(self.statements) == before:
            again = segment.cues("verb.", "word.not_needed")
            if again and self.verb_of(segment) == self.verb and not segment.of("head"):
                self.cover(segment, used)
                return
            follows = own and self.verb and segment.opening is not None
            if not (follows and self.repeat(segment, targets)):
                return
        self.aim(targets, segment)
        self.targets = targets or self.targets
        self.verb = verb or self.verb
        self.cover(segment, used)

    def verb_of(self, segment: Segment) -> str:
        """Return what the order does: the verb said, else that of the order before."""
        for chunk in segment.chunks:
            if chunk.has("verb.") and not chunk.has("verb.create", "verb.keep", "verb.replace"):
                return chunk.what.removeprefix("verb.")
        if segment.cues("cue.not", "cue.off", "word.not_needed") and not segment.of("size"):
            return "remove"
        if segment.cues("cue.more"):
            return "add"
        return self.verb if self.verb in ("increase", "decrease", "set", "add") else "set"

    def find_targets(self, segment: Segment, *, quiet: bool = False) -> list[tuple[str, t.Any]]:
        """Return what an order names: (by what, its value)."""
        found: list[tuple[str, t.Any]] = []
        for chunk in segment.chunks:
            if chunk.kind == "head":
                found += self.target_of_head(chunk)
            elif chunk.kind == "name" or (chunk.kind == "literal" and chunk.what == "name"):
                found += self.target_of_name(chunk)
            elif chunk.has("cue.each"):
                found += _each_of(str(chunk.value))
        names_only = [target for target in found if target[0] == "name"]
        others = [target for target in found if target[0] != "name"]
        generic = all(target in (("role", "vm"), ("role", "container")) for target in others)
        if names_only and generic:
            found = names_only
        if any(target[0] == "family" for target in found):
            found = [
                x
                for x in found
                if x not in (("role", "vm"), ("role", "container"), ("role", "server"))
            ]
        if generic and others and found == others and self.all_of_kind(segment, others):
            found = [("everything", True)]
        specific = [target for target in found if target != ("everything", True)]
        if specific:
            found = specific
        if not found and not quiet and segment.words() & _ALL:
            found = [("everything", True)]
        if not found and not quiet and segment.words() & _PRONOUNS:
            found = self.targets or [("pronoun", True)]
        return list(dict.fromkeys(found))

    def all_of_kind(self, segment: Segment, said: list[tuple[str, t.Any]]) -> bool:
        """Tell whether "all VMs" are all machines that there are."""
        kinds = {{"container": "lxc"}.get(str(value), str(value)) for _by, value in said}
        groups = self.previous.groups if self.previous else ()
        return bool(segment.words() & _ALL) and {group.kind for group in groups} == kinds

    def target_of_head(self, chunk: Chunk) -> list[tuple[str, t.Any]]:
        """Return what a noun names: software, a role or a part, machines, everything."""
        families = [token.software.family for token, _at in chunk.software if token.software]
        if families:
            addon = self.tokens[chunk.start].has("addon.") and not self.known(families[0])
            return [] if addon else [("family", families[0])]
        if chunk.role() or chunk.what.startswith("part."):
            return [("role", chunk.what.removeprefix("part."))]
        if chunk.what == "server_word" and self.previous and self.previous.cluster:
            return [("role", "server")]
        kinds = {"vm": "vm", "server_word": "vm", "dockerhost": "vm", "lxc": "container"}
        if chunk.what in kinds:
            return [("role", kinds[chunk.what])]
        return [("everything", True)] if chunk.what in ("cluster", "k3s", "k8s") else []

    def target_of_name(self, chunk: Chunk) -> list[tuple[str, t.Any]]:
        """Return what a name names: a machine of the deployment, or its cluster."""
        literal = self.tokens[chunk.start].literal
        if literal is not None and literal.cluster:
            fields: dict[str, t.Any] = {"kind": "change", "topic": "whole", "verb": "keep"}
            fields |= {"about": "deployment_name", "value": str(chunk.value).lower()}
            quote = self.quote(chunk.start, chunk.end)
            if all(s.about != "deployment_name" for s in self.statements):
                self.statements.append(Statement(quote=quote, thing="name", **fields))
            return [("everything", True)]
        name = str(chunk.value).lower()
        names = self.previous.names if self.previous else frozenset()
        fits = any(other == name or other.endswith(f"-{name}") for other in names)
        return [("name", name)] if fits or not names else []

    def known(self, family: str) -> bool:
        """Tell whether machines of the deployment run a software."""
        groups = self.previous.groups if self.previous else ()
        return any(family in group.words for group in groups)

    def addon_heads(self, segment: Segment) -> list[Chunk]:
        """Return software that is an add-on of the cluster, not a machine of the deployment."""
        found = []
        for chunk in segment.of("head"):
            token = self.tokens[chunk.start]
            family = token.software.family if token.software else ""
            if token.has("addon.") and not self.known(family):
                found.append(dataclasses.replace(chunk, value=token.concept.partition(".")[2]))
        return found

    def aim(self, targets: list[tuple[str, t.Any]], segment: Segment) -> None:
        """Say what the changes of the order are about."""
        thing = f"c{self.number}"
        heads = [c for c in segment.chunks if c.kind in ("head", "name")]
        heads += [c for c in segment.of("literal") if c.what == "name"]
        for by, value in targets or [("pronoun", True)]:
            chunk = next(iter(heads), segment.chunks[0])
            fields: dict[str, t.Any] = {"kind": "change", "topic": "whole", "about": by}
            fields |= {"value": value, "thing": thing}
            quote = self.quote(chunk.start, chunk.end)
            self.statements.append(Statement(quote=quote, **fields))
        for chunk in heads[1:]:
            fields = {"kind": "change", "topic": "whole", "about": "said", "thing": thing}
            self.statements.append(Statement(quote=self.quote(chunk.start, chunk.end), **fields))

    def cover(self, segment: Segment, used: list[Chunk]) -> None:
        """Say which small words the order was read from."""
        for chunk in used:
            self.statements.append(
                Statement(
                    kind="change",
                    quote=self.quote(chunk.start, chunk.end),
                    thing=f"c{self.number}",
                    topic="whole",
                    about="said",
                )
            )

    # What becomes of it -----------------------------------------------------------------------

    def keep(self, segment: Segment, own: bool, addons: list[Chunk]) -> bool:
        """Protect what an order says shall stay."""
        stays = segment.cues("verb.keep")
        denied = segment.cues("cue.not")
        gone = segment.cues("word.not_needed", "verb.remove") or segment.of("flag")
        earlier = any(s.kind == "change" and s.verb for s in self.statements)
        bare = denied and own and earlier and not gone and not segment.of("size")
        sizes = [c for c in segment.of("size") if c.size is not None]
        only = not segment.cues("verb.increase", "verb.decrease", "verb.set", "verb.add", "cue.to")
        if not (stays and (only or not sizes)) and not bare:
            return False
        if addons and not own:  # an add-on stays: nothing is to be done
            self.cover(segment, [*addons, *stays, *denied])
            said = [s for s in self.statements if s.topic == "addon" and s.verb == "remove"]
            removed = {s.value: s for s in said}
            for chunk in addons:
                if chunk.value in removed:
                    quote = self.quote(chunk.start, chunk.end)
                    other = removed[chunk.value].quote.text
                    text = f'Shall "{quote.text}" stay, or go as "{other}"?'
                    asked = Question(id="change.target", text=text, quote=quote)
                    self.questions.append(asked)
            return True
        named = [_DIMENSIONS[c.what] for c in segment.chunks if c.what in _DIMENSIONS]
        for chunk in sizes:  # "the 50 GB system disk stays"
            if chunk.size is not None and chunk.size.topic != "bytes":
                self.say(chunk.size.topic, chunk.size.value, chunk, "keep")
        for topic in named:
            self.say(topic, None, (stays or denied)[0], "keep")
        if own and not named and not sizes:
            self.say("whole", None, (stays or denied)[0], "keep")
        self.cover(segment, [*stays, *denied])
        return True

    def addons(self, segment: Segment, addons: list[Chunk], verb: str) -> bool:
        """Add or remove add-ons."""
        if not addons:
            return False
        instead = segment.cues("verb.replace", "cue.instead", "noun.swap")
        if instead and len(addons) == 2:
            old, new = reversed(addons) if instead[0].has("cue.instead") else addons
            self.say("addon", old.value, old, "remove")
            self.say("addon", new.value, new, "add")
            self.cover(segment, instead)
            return True
        removed = verb == "remove" or bool(segment.cues("cue.not", "cue.off"))
        for chunk in addons:
            self.say("addon", chunk.value, chunk, "remove" if removed else "add")
        return True

    def remove(self, segment: Segment, targets: list[tuple[str, t.Any]]) -> None:
        """Delete some machines of a kind, a whole group, or everything."""
        verbs = segment.cues("verb.remove", "cue.not", "word.not_needed", "cue.off")
        chunk = verbs[0] if verbs else segment.chunks[0]
        counted = [c for c in segment.of("head") if c.count is not None]
        single = [c for c in segment.of("head") if not c.plural and c.role()]
        named = any(by == "name" for by, _value in targets)
        if counted and counted[0].count_at is not None:
            head = counted[0]
            where = self.quote(counted[0].count_at[0], head.end)
            self.say("count", head.count, head, "decrease", quote=where)
        elif single and not named:
            self.say("count", 1, single[0], "decrease", quote=self.one(single[0]))
        elif targets == [("everything", True)]:
            self.say("whole", None, chunk, "remove")
            fields: dict[str, t.Any] = {"kind": "change", "topic": "whole", "verb": "remove"}
            quote = self.quote(chunk.start, chunk.end)
            self.statements.append(Statement(quote=quote, about="deployment", **fields))
        else:
            self.say("whole", None, chunk, "remove")

    def one(self, chunk: Chunk) -> Quote:
        """Return the words of a single thing without a number."""
        return self.quote(chunk.start, chunk.end)

    def counts(self, segment: Segment, verb: str) -> None:
        """Change how many machines there are."""
        only = bool(segment.cues("cue.only"))
        more = (segment.cues("cue.more") or verb == "add") and not only
        for head in segment.of("head"):
            counting = head.count is not None and head.count_at is not None
            reach = head.count_at or (head.start, head.end)
            extra = only and any(
                reach[0] <= cue.start <= max(reach[1], head.end) for cue in segment.cues("cue.more")
            )
            if counting and head.count_at is not None:
                low, high = min(head.count_at[0], head.start), max(head.count_at[1], head.end)
                quote = self.quote(low, high)
                less = verb == "decrease" or segment.cues("cue.less")
                how = "decrease" if less else "increase" if more or extra else "set"
                old = self.instead(segment, head)
                if old is not None:
                    quote, how = self.quote(low, old.end), "set"
                before = None if old is None else float(old.value)
                if how == "set" and self.may_be_more(segment, head):
                    self.ask_more(head, quote)
                    continue
                self.say("count", head.count, head, how, quote=quote, before=before)
            elif (more or extra) and not (segment.of("size") or head.plural or self.sized(segment)):
                one = head.role() or head.what.startswith("part.") or head.software
                if one or head.generic():
                    self.say("count", 1, head, "increase", quote=self.one(head))
            elif segment.cues("cue.only") and self.single_of(head) and not self.sized(segment):
                self.say("count", 1, head, "set", quote=self.one(head))  # "only one worker is left"
        for place, chunk in enumerate(segment.chunks):
            following = segment.chunks[place + 1 : place + 2]
            counted = chunk.kind == "number" and following and following[0].has("cue.more")
            if counted and not segment.of("head") and not segment.of("size"):
                quote = self.quote(chunk.start, following[0].end)
                self.say("count", chunk.value, chunk, "increase", quote=quote)
        ordinal = segment.cues("word.second")
        if ordinal and more and not segment.of("head"):
            self.say("count", 1, ordinal[0], "increase")

    def single_of(self, head: Chunk) -> bool:
        """Tell whether an article stands before a noun of which there is one."""
        before = self.tokens[head.start - 1].word if head.start else ""
        return before in numerals().articles and not head.plural and not head.definite

    def may_be_more(self, segment: Segment, head: Chunk) -> bool:
        """Tell whether "a worker" may be one more, where there are several."""
        at = head.count_at[0] if head.count_at else head.start
        article = self.tokens[at].word in numerals().articles and not head.definite
        plain = not segment.cues("verb.decrease", "verb.remove", "cue.less", "cue.instead")
        plain = plain and not segment.cues("cue.only", "cue.to")
        if not (article and plain and head.count == 1 and self.previous is not None):
            return False
        part = head.what.removeprefix("part.")
        there = sum(len(g.names) for g in self.previous.groups if part in (g.role, *g.words))
        return there > 1

    def ask_more(self, head: Chunk, quote: Quote) -> None:
        """Ask whether one more is meant, or one in all."""
        text = f'Is "{quote.text}" one more, or the only one that shall stay?'
        choices = ("one more", "only one")
        self.questions.append(Question(id="change.more", text=text, quote=quote, choices=choices))
        self.cover(Segment([head], self.tokens), [head])

    def instead(self, segment: Segment, head: Chunk) -> Chunk | None:
        """Return the number that a count replaces ("three workers instead of two")."""
        place = segment.chunks.index(head)
        after = segment.chunks[place + 1 : place + 3]
        told = len(after) == 2 and after[0].has("cue.instead") and after[1].kind == "number"
        return after[1] if told else None

    def sized(self, segment: Segment) -> bool:
        return bool(segment.cues("noun.", "unit.core"))

    def sizes(self, segment: Segment, verb: str, targets: list[tuple[str, t.Any]]) -> None:
        """Change sizes to, by or from a number."""
        for chunk in segment.of("size"):
            size = chunk.size
            if size is None:
                continue
            if size.topic == "bytes" and not self.settle(size, segment, targets, verb):
                quote = self.quote(chunk.start, chunk.end)
                text = f'Is "{quote.text}" memory or disk?'
                choices = ("memory", "disk")
                self.questions.append(
                    Question(id="change.dimension", text=text, quote=quote, choices=choices)
                )
                continue
            how = self.how(size, segment, verb)
            if size.topic == "data_disk_gib" and segment.cues("verb.add", "verb.create"):
                how = "add"
            more: dict[str, t.Any] = {"bound": size.bound}
            if size.before is not None:
                more["before"] = size.before
            self.say(size.topic, size.value, chunk, how, **more)

    def bare_numbers(self, segment: Segment) -> None:
        """Read "CPU of the masters to 4": a number whose dimension was said before it."""
        named = [_DIMENSIONS[c.what] for c in segment.chunks if c.what in _DIMENSIONS]
        topic = next(iter(named), self.hint)
        for place, chunk in enumerate(segment.chunks):
            before = segment.chunks[place - 1] if place else None
            to = before is not None and before.has("cue.to")
            if chunk.kind == "number" and to and topic:
                value = float(chunk.value) * (1024 if topic == "memory_mib" else 1)
                self.say(topic, value, chunk, "set")

    def how(self, size: Size, segment: Segment, verb: str) -> str:
        """Tell whether a number is set, added or taken away."""
        before = self.tokens[size.start - 1] if size.start else None
        by = before is not None and (
            before.has("cue.by") or (before.word == "de" and verb == "increase")
        )
        to = before is not None and (before.has("cue.to") or before.word in {"a", "at"})
        if size.before is not None:
            return "set"
        if size.more:
            return "increase" if size.more > 0 else "decrease"
        if to:
            return "set"
        if verb == "decrease":
            return "decrease" if by else "set"
        if verb == "add" or by or segment.cues("cue.more"):
            return "increase"
        return "set"

    def settle(
        self, size: Size, segment: Segment, targets: list[tuple[str, t.Any]], verb: str
    ) -> bool:
        """Decide whether an amount without a word is memory or disk; tell whether it could be."""
        topic = self.hint if self.hint in ("memory_mib", "disk_gib") else ""
        differs = self.how(size, segment, verb) != "set"
        if not topic and (differs or size.value > LIKELY_MEMORY_MIB):
            return False
        size.topic = t.cast("t.Any", topic or "memory_mib")
        if size.topic == "disk_gib":
            size.value /= 1024
            size.before = None if size.before is None else size.before / 1024
        return True

    def relative(self, segment: Segment) -> None:
        """Double, halve, enlarge or shrink."""
        factors = [c for c in segment.chunks if c.what in _FACTORS and c.kind == "cue"]
        named = [c for c in segment.chunks if c.what in _DIMENSIONS]
        sized = {c.size.topic for c in segment.of("size") if c.size is not None}
        if segment.of("size") and factors:
            return  # "doubles memory (8 → 16 GB)": the numbers say it
        for chunk in factors:
            dimensions = [_DIMENSIONS[c.what] for c in named] or ([self.hint] if self.hint else [])
            many = re.search(r"\b(?:many|viele|number|plus de|moins de)\b", str(chunk.value))
            plural = any(c.kind == "head" and (c.plural or many) for c in segment.chunks)
            for topic in dimensions or (["count"] if plural else ["scale"]):
                self.say(topic, _FACTORS[chunk.what], chunk, "multiply")
        if factors or sized:
            return
        self.tendency(segment, named)

    def tendency(self, segment: Segment, named: list[Chunk]) -> None:
        """Read "more RAM", "smaller": a direction without a number."""
        up = segment.cues("verb.increase", "cue.larger", "cue.more")
        down = segment.cues("verb.decrease", "cue.less")
        counted = any(s.thing == f"c{self.number}" for s in self.statements)
        if counted or not (up or down) or segment.cues("cue.only", "cue.not"):
            return
        chunk = (up or down)[0]
        how = "increase" if up else "decrease"
        topics = [_DIMENSIONS[c.what] for c in named] or ["scale"]
        for topic in dict.fromkeys(topics):
            self.say(topic, None, chunk, how)

    def others(self, segment: Segment, verb: str) -> None:
        """Move, rename, upgrade, make redundant."""
        for chunk in segment.of("literal"):
            if chunk.what == "node" and verb in ("move", "set", "add"):
                self.say("node", chunk.value, chunk, "move")
            elif chunk.what == "version":
                self.say("version", str(chunk.value).removeprefix("v"), chunk, "set")
            elif chunk.what in ("storage", "bridge", "vlan", "pool", "os", "tag"):
                self.say(chunk.what, chunk.value, chunk, "set")
        if verb == "rename":
            names = [c for c in segment.chunks if c.kind == "name" or c.what == "name"]
            if len(names) > 1:
                self.say("name", str(names[-1].value).lower(), names[-1], "rename")
        for chunk in segment.of("flag"):
            if chunk.has("ha"):
                self.say("ha", True, chunk, "set")
            elif chunk.has("cni."):
                self.say("cni", chunk.value, chunk, "set")
            elif chunk.has("word.single_node"):
                self.single(chunk)

    def single(self, chunk: Chunk) -> None:
        """Ask before most of a cluster is deleted."""
        nodes = sum(len(g.names) for g in self.previous.groups) if self.previous else 0
        quote = self.quote(chunk.start, chunk.end)
        text = (
            f'"{quote.text}" keeps a single server and deletes the other machines ({nodes} now),'
            " agents and servers with their data. Shall all but one server be removed?"
        )
        self.questions.append(Question(id="change.single", text=text, quote=quote))

    def last_values(self) -> list[Statement]:
        """Return the values of the order before."""
        things = [s.thing for s in self.statements if s.kind == "change" and s.verb]
        return [s for s in self.statements if things and s.thing == things[-1] and s.verb]

    def repeat(self, segment: Segment, targets: list[tuple[str, t.Any]]) -> bool:
        """Let the order before hold for one more target; tell whether it could.

        "Double the RAM of A and B"; "double the RAM of A and the cores of B" is another size.
        """
        named = [_DIMENSIONS[c.what] for c in segment.chunks if c.what in _DIMENSIONS]
        values = self.last_values()
        if not values or targets == self.targets:
            return False
        if named and not all(s.verb == "multiply" or s.topic in named for s in values):
            return False
        for statement in values:
            for topic in dict.fromkeys(named) or [statement.topic]:
                update = {"thing": f"c{self.number}", "topic": topic}
                self.statements.append(statement.model_copy(update=update))
        return True
