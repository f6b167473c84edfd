# SPDX-License-Identifier: GPL-3.0-or-later
"""What an order is about: machines of the record by name, software, role, host or pronoun."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import Chunk
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._orders import (
    Piece,
    is_name,
    words,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._pointing import (
    numbered,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import (
    Group,
    Record,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._targets import (
    KINDS,
    called,
    meant,
    target_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    words_of,
)

#: By what something is named, and its value: ("role", "agent"), ("name", "db1").
Aim = tuple[str, t.Any]
ALL: Aim = ("everything", True)
IT: Aim = ("pronoun", True)
_KINDS = {"vm": "vm", "server_word": "vm", "dockerhost": "vm", "lxc": "container"}
GENERIC = (("role", "vm"), ("role", "container"), ("role", "server"))
#: Letters that a short form of a word has at least ("mongo" for mongodb).
SHORT = 4


class Aims:
    """Finds what the words of a piece name in a record."""

    def __init__(self, record: Record | None) -> None:
        self.record = record
        self.groups: tuple[Group, ...] = record.groups if record else ()
        self.node: str | None = None  # the host that was spoken of last

    def find(self, piece: Piece) -> list[Aim]:
        """Return what a piece names, the most specific kind of naming; no pronouns."""
        found: list[Aim] = []
        for place, chunk in enumerate(piece.chunks):
            if chunk.kind == "head":
                found += self.of_head(piece, place)
            elif is_name(chunk):
                found += self.of_name(piece, chunk)
            elif chunk.has("cue.each"):
                found += _each_of(str(chunk.value))
            elif chunk.kind == "word" or chunk.has("cue.", "word."):
                found += self.of_word(piece.tokens[chunk.start])
        nodes = self.of_nodes(piece)
        every = bool(piece.words() & words("everything"))
        if nodes and (every or not found):
            return nodes if every else []
        return self._specific(list(dict.fromkeys(found)), every)

    def pointed(
        self, piece: Piece, own: list[Aim], last: list[Aim], before: list[Aim]
    ) -> list[Aim]:
        """Return what "both", "the third one" and "the others" mean; [] where they mean nothing.

        Args:
            piece: the words.
            own: what its nouns name; a pointer picks among these machines.
            last: what was spoken of last.
            before: all that was spoken of; "the others" are none of it.
        """
        points = piece.pointer()
        if points is None:
            return []
        spoken, said = ([n for aim in aims for n in self.names(aim)] for aims in (last, before))
        every = [name for group in self.groups for name in group.names]
        groups = [list(group.names) for group in self.groups]
        rows = [[name for aim in own for name in self.names(aim)]]
        if own in ([], [ALL]):
            alike = [names for names in groups if points.how == "others" and {*spoken} < {*names}]
            rows = [*alike, spoken if points.how == "together" else [], every, *groups]
        picked = next((found for names in rows if (found := points.pick(names, said))), [])
        whole = [g for g in self.groups if {*g.names} <= {*picked} and _label(g) not in KINDS]
        named = {name for group in whole for name in group.names}
        rest = [("name", name) for name in picked if name not in named]
        return [*(("role", _label(group)) for group in whole), *rest]

    def _specific(self, found: list[Aim], every: bool) -> list[Aim]:
        if every and found and all(aim in GENERIC[:2] for aim in found):
            kinds = {{"container": "lxc"}.get(str(value), str(value)) for _by, value in found}
            if {group.kind for group in self.groups} == kinds:
                return [ALL]
        named = [aim for aim in found if aim[0] == "name"]
        if named and all(aim in GENERIC for aim in found if aim[0] != "name"):
            return named
        narrow = [aim for aim in found if aim != ALL]
        if any(by in ("family", "name") for by, _value in narrow):
            narrow = [aim for aim in narrow if aim not in (*GENERIC, ("role", "node"))]
        return narrow or found or ([ALL] if every else [])

    def of_head(self, piece: Piece, place: int) -> list[Aim]:
        """Return what a noun names: software, a role or a part, machines, everything."""
        chunk = piece.chunks[place]
        if any(token.software for token, _at in chunk.software):
            return self.of_software(piece, place)
        part = chunk.what.removeprefix("part.")
        if chunk.what.startswith("part."):
            return self.of_part(part) or [("role", part)]
        if chunk.role():
            return [("role", part)]
        if chunk.what == "server_word" and self.record and self.record.cluster:
            return [("role", "server")]
        if chunk.what in _KINDS:
            return [("role", _KINDS[chunk.what])]
        return [ALL] if chunk.what in ("cluster", "k3s", "k8s") else []

    def of_software(self, piece: Piece, place: int) -> list[Aim]:
        """Return the machines of a software; none where it is an add-on or what data is of."""
        token = piece.tokens[piece.chunks[place].start]
        family = family_of(piece.chunks[place])
        if not self.runs(family):
            called = self.of_word(token)
            if called or token.has("addon.") or self.is_purpose(piece, place):
                return called
        return [("family", family)]

    def of_part(self, part: str) -> list[Aim]:
        """Return the machines of the record that are a part or are called after it."""
        if any(part in group.words for group in self.groups):
            return [("role", part)]
        found = [("role", _label(g)) for g in self.groups if part in _words_of(g)]
        every = self.record.names if self.record else ()
        return found or [("name", name) for name in numbered(part, sorted(every))]

    def is_purpose(self, piece: Piece, place: int) -> bool:
        """Tell whether software only says what data is of ("a disk for the Immich photos")."""
        after = piece.chunks[place + 1 : place + 2]
        disks = [c for c in piece.of("size") if c.size and c.size.topic == "data_disk_gib"]
        data = [c for c in after if c.has("noun.data") or c.kind in ("word", "load")]
        return bool(data) and (bool(disks) or data[0].has("noun.data"))

    def of_name(self, piece: Piece, chunk: Chunk) -> list[Aim]:
        """Return what a name names: a machine of the record, or the whole of its cluster."""
        literal = piece.tokens[chunk.start].literal
        if literal is not None and literal.cluster:
            return [ALL]
        name = str(chunk.value).lower()
        names = self.record.names if self.record else frozenset()
        fits = any(called(other, name) for other in names)
        return [("name", name)] if fits or not names else self.of_word(piece.tokens[chunk.start])

    def of_word(self, token: Token, said: str = "") -> list[Aim]:
        """Return what a word names that only the record knows: a name, a part of one, its start."""
        word = said or token.word
        if len(word) < SHORT - 1 or not self.groups or token.word in words("pronouns"):
            return []
        prefix = f"{self.record.deployment}-" if self.record else ""
        for name in self.record.names if self.record else ():
            if word in (name, name.removeprefix(prefix)):
                return [("name", name)]
        called_so = numbered(word, sorted(self.record.names if self.record else ()))
        if called_so:
            return [("name", name) for name in called_so]
        known = words_of(None)
        if (token.concept and not said) or known.ordinary(word):
            return []
        found = [("role", _label(group)) for group in self.groups if word in _words_of(group)]
        if not found and len(word) >= SHORT:
            found = [
                ("role", _label(group))
                for group in self.groups
                if any(called.startswith(word) for called in group.words)
            ]
        return found

    def stranger(self, piece: Piece, *, anywhere: bool = False) -> str:
        """Return an unknown word that stands where the name of something does."""
        known = words_of(None)
        inside = piece.inside()
        for place, token in enumerate(inside):
            before = inside[place - 1] if place else None
            strange = (
                token.kind == "word" and len(token.word) > 1 and not known.ordinary(token.word)
            )
            strange = strange and not (token.concept or token.software or token.driver or token.mib)
            named = anywhere or before is None or before.has("cue.for", "cue.of")
            named = named or (before is not None and before.word in function_words()["determiners"])
            if strange and named and token.word not in words("small"):
                return token.word
        return ""

    def addons(self, piece: Piece) -> list[Chunk]:
        """Return the add-ons that a piece names, also software that no machine of it runs."""
        found = [c for c in piece.of("flag") if c.has("addon.")]
        for chunk in piece.of("head"):
            token = piece.tokens[chunk.start]
            family = token.software.family if token.software else ""
            if token.has("addon.") and not self.runs(family):
                found.append(dataclasses.replace(chunk, value=token.concept.partition(".")[2]))
        return found

    def names(self, aim: Aim) -> list[str]:
        """Return the machines that an aim names; none for "it"."""
        target = target_of(*aim)
        found = meant(target, self.groups) if target and aim != IT else []
        return [name for _group, names in found for name in names]

    def runs(self, family: str) -> bool:
        """Tell whether machines of the record run a software."""
        return any(family in group.words for group in self.groups)

    def of_nodes(self, piece: Piece) -> list[Aim]:
        """Return the hosts whose machines are meant ("everything on pve2", "from there")."""
        said = [c for c in piece.of("literal") if c.what == "node" and not piece.is_place(c)]
        if said:
            return [("node", str(chunk.value)) for chunk in said]
        there = bool(piece.words() & words("there"))
        return [("node", self.node)] if there and self.node else []

    def remember(self, piece: Piece) -> None:
        """Keep the host that is spoken of, for "from there"."""
        for chunk in piece.of("literal"):
            if chunk.what == "node":
                self.node = str(chunk.value)


def family_of(head: Chunk) -> str:
    """Return the software that a noun names."""
    return next((token.software.family for token, _at in head.software if token.software), "")


def _label(group: Group) -> str:
    """Return the word that names a group and no other by it."""
    return group.label or group.role


def _words_of(group: Group) -> set[str]:
    return {word for called in group.words for word in re.split(r"[-_.]", called)}


def _each_of(said: str) -> list[Aim]:
    """Return the machines that "each node" and "per VM" speak of."""
    if {"node", "nodes", "noeud", "knoten"} & set(said.split()):
        return [("role", "node")]
    if {"vm", "machine", "maschine", "server", "serveur"} & set(said.split()):
        return [ALL]
    return []
