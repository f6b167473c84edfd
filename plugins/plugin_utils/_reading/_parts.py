# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of a software, the machines it consists of, and what it serves."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import Chunk
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    called_by,
    function_words,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._drafts import (
    RUNTIMES,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    CLUSTER,
    ROLES,
    Thing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._values import (
    ValueReader,
)

#: What makes of the noun behind it something else than the thing before it.
_LINKING = ("cue.and", "cue.or", "cue.more", "cue.with", "cue.instead", "cue.but", "cue.not")


class PartReader(ValueReader):
    """Takes nouns that are no machines of their own as parts, members or loads."""

    def is_part(self, found: list[Chunk], place: int) -> bool:
        """Take what a part is for as the software it is a part of ("Redis for GitLab")."""
        chunk = found[place]
        thing, family = self.target(), chunk.software[0][0].software if chunk.software else None
        if thing is None or len(thing.families) > 1:
            return False
        if not self.linked("cue.for", "cue.of", *(() if family else ("cue.behind",))):
            return False
        named = family.family if family is not None else chunk.what
        if family is not None and (family.component or len(chunk.software) > 1):
            return False
        parts = load("software.yml")["own_parts"].get(named, {})
        part = next(iter(thing.families), thing.what.removeprefix("part."))
        if family is None and part in ROLES:
            return False
        if part not in parts or (family is None and not self.is_context(found, place)):
            return False
        where = (chunk.start, chunk.end)
        self.statements = [
            s.model_copy(update={"topic": "whole", "value": None})
            if s.thing == thing.id and s.topic in ("software", "thing") and s.value == part
            else s
            for s in self.statements
        ]
        self.say("software", named, where, thing=thing.id, about=parts[part])
        thing.families = [named]
        self.serve_nodes(thing, chunk)
        return True

    def is_filled(self, found: list[Chunk], place: int) -> bool:
        """Take software as what a part is made with ("mail server with mailcow"), or is itself."""
        chunk, thing = found[place], self.target()
        if thing is None or chunk.count is not None:
            return False
        part = thing.what.removeprefix("part.")
        families = [token.software.family for token, _at in chunk.software if token.software]
        runs = bool(thing.families) and RUNTIMES.issuperset(families)  # "Gitea with Docker"
        if not runs and (thing.families or thing.what == part):
            return False
        itself = bool(families) and (part == "app" or families[0] in called_by(part))
        itself = itself and not (part == "app" and families[0] in load("software.yml")["stores"])
        cue = self.cues[-1] if self.cues else None
        near = cue is not None and chunk.start - cue.end <= 1  # "with", "with a"
        linking = ("cue.with", "cue.for", "cue.of") if itself else ("cue.with",)
        inside = runs and self.tokens[chunk.start - 1].word in function_words()["insides"]
        if len(families) != 1 or not (inside or (cue is not None and near and cue.has(*linking))):
            return False
        if runs and len(self.group) > 1:
            self.in_docker(chunk)
        self.software(thing, chunk)
        thing.families += families
        thing.uncounted = None  # how many it takes is known of the software
        return True

    def in_docker(self, chunk: Chunk) -> None:
        """Remember a list that runs in containers: on how many machines is still to be said."""
        if len(self.group) > 1 and self.dockered is None:
            self.dockered = ([x.id for x in self.group], self.quote(chunk.start, chunk.end))

    def ask_docker(self) -> None:
        """Ask on how many machines a list runs in containers, where nothing else says it."""
        things, quote = self.dockered or ([], None)
        said = {s.thing for s in self.statements if s.topic == "link"} | self.kinds_said()
        if quote is None or said & {*things}:
            return
        text = f'Shall all of it run on one machine ("{quote.text}"), or each on its own?'
        choices = ("all on one machine", "each on its own machine")
        self.questions.append(
            Question(id="reading.docker", text=text, quote=quote, choices=choices)
        )

    def is_apposed(self, found: list[Chunk], place: int) -> bool:
        """Take a bare machine behind software as its kind ("Immich, one VM", "Uyuni server")."""
        chunk, thing = found[place], self.target()
        bare = chunk.generic() and chunk.count in (None, 1) and not chunk.plural
        alone = thing is not None and thing.families and thing.what in ("", "vm")
        if thing is None or not (bare and alone) or thing.sized or thing.count:
            return False
        if thing.id in self.kinds_said():
            return False
        last = next((i for i in reversed(range(place)) if found[i].kind == "head"), place)
        between = found[last + 1 : place]
        marks = [c.what for c in between if c.kind == "mark"]
        plain = not any(c.has("verb.", *_LINKING) or c.kind == "size" for c in between)
        if not plain or any(c.kind == "head" for c in found[place + 1 :]) or len(self.group) != 1:
            return False
        if marks not in ([], [","], [":"]) or (not marks and chunk.what != "server_word"):
            return False
        if chunk.what == "server_word":
            self.say("whole", None, (chunk.start, chunk.end), thing=thing.id)
        else:
            kind = "container" if chunk.what == "lxc" else "vm"
            self.say("thing", kind, (chunk.start, chunk.end), thing=thing.id)
        return True

    def is_served(self, found: list[Chunk], place: int) -> bool:
        """Take a cluster that machines keep data for, and its nodes, as their load."""
        chunk, thing = found[place], self.target()
        keeps = thing is not None and set(thing.families) & {
            *load("software.yml")["serve_clusters"],
            *(set(thing.families) & self.serving),
        }
        if thing is None or not keeps or chunk.software:
            return False
        if chunk.what in CLUSTER and self.linked("cue.for", "cue.of", "cue.behind"):
            if not self.is_context(found, place):
                return False
            self.say("whole", None, (chunk.start, chunk.end), thing=thing.id)
            self.serve_nodes(thing, chunk)
            return True
        if chunk.what in ("node", "agent") and chunk.count and self.serving & set(thing.families):
            where = (chunk.count_at[0] if chunk.count_at else chunk.start, chunk.end)
            self.drive(thing, f"{chunk.what}s", chunk.count, where)
            return True
        return False

    def only_servers(self, found: list[Chunk], place: int) -> None:
        """Take "masters only" as a cluster without workers."""
        chunk = found[place]
        bare = chunk.what == "server" and chunk.count is None and self.clusterish
        near = [*found[max(place - 1, 0) : place], *found[place + 1 : place + 2]]
        only = next((c for c in near if c.has("cue.only")), None)
        if bare and only is not None:
            where = (min(only.start, chunk.start), max(only.end, chunk.end))
            other = self.new_id()
            self.say("thing", "agent", where, thing=other)
            self.say("count", 0, where, thing=other)

    def is_role(self, found: list[Chunk], place: int) -> bool:
        """Take "OpenShift masters" as a part of that software, and its workers as their load."""
        chunk, thing = found[place], self.target()
        if thing is None or not thing.families:
            return False
        named = {token.software.family for token, _at in chunk.software if token.software}
        holds = {*load("software.yml")["serve_clusters"]} if thing.part == "server" else set()
        if named and named <= holds and chunk.count is None:  # "control plane + etcd"
            self.say("whole", None, (chunk.start, chunk.end), thing=thing.id)
            return True
        if chunk.software:
            return False
        parts = load("software.yml")["own_parts"].get(thing.families[0], {})
        if "server" not in parts:
            return False
        where = (min(chunk.start, (chunk.count_at or (chunk.start,))[0]), chunk.end)
        family = thing.families[0]
        if chunk.what in parts and found[place - 1].kind == "head" and not thing.part:
            thing.part = chunk.what
            self.statements = [
                s.model_copy(update={"about": parts[chunk.what]})
                if s.thing == thing.id and s.topic == "software" and s.value == family
                else s
                for s in self.statements
            ]
            self.say("whole", None, where, thing=thing.id)
        elif thing.part and chunk.what == thing.part:
            self.say(
                "whole" if chunk.count is None else "count", chunk.count, where, thing=thing.id
            )
            thing.count = chunk.count
        elif thing.part and chunk.what in ("agent", "node") and chunk.count is not None:
            self.drive(thing, f"{chunk.what}s", chunk.count, where)
        elif thing.part and chunk.what in CLUSTER and chunk.count is None:
            self.say("whole", None, where, thing=thing.id)
            self.serve_nodes(thing, chunk)
        else:
            return False
        return True

    def is_plane_of(self, found: list[Chunk], place: int) -> bool:
        """Take the cluster that one control plane machine is for, and its nodes, as its load."""
        chunk, thing = found[place], self.target()
        if thing is None or thing.what != "server" or (thing.count or 1) != 1 or chunk.software:
            return False
        other = [x for x in self.things if x is not thing]
        if any(x.what not in ("k3s", "k8s") or x.sized or x.names or x.count for x in other):
            return False
        nodes = [c for c in found[place:] if c.what in ("node", "agent") and c.count is not None]
        joined = any(
            t_.has("cue.carries")
            for t_ in self.tokens[(chunk.count_at or (chunk.end,))[0] : chunk.end]
        )
        bare = self.is_context(found, place) and bool(nodes or chunk.nodes)
        told = self.linked("cue.for", "cue.of") and (
            bare or (chunk in nodes and chunk.what == "node")
        )
        named = [c for c in found[: place + 1] if c.what in ("k3s", "k8s")]
        if not named or not (told or (joined and chunk in nodes)):
            return False
        family = "k3s" if named[-1].what == "k3s" else "kubernetes"
        gone = {thing.id, *(x.id for x in other)}
        self.statements = [
            self.of_plane(s, thing) if s.thing in gone else s for s in self.statements
        ]
        self.things = [thing]
        where = (named[-1].start, named[-1].end)
        self.say("software", family, where, thing=thing.id, about="server")
        thing.what, thing.families, thing.part = "", [family], "server"
        if chunk.what in CLUSTER:
            self.say("whole", None, (chunk.start, chunk.end), thing=thing.id)
            self.serve_nodes(thing, chunk)
        elif chunk.count is not None:
            start = min(chunk.start, (chunk.count_at or (chunk.start,))[0])
            self.drive(thing, f"{chunk.what}s", chunk.count, (start, chunk.end))
        self.clusterish = False
        return True

    def of_plane(self, statement: Statement, thing: Thing) -> Statement:
        """Return what was said of a cluster as said of its control plane machine."""
        update: dict[str, t.Any] = {"thing": thing.id}
        if statement.topic == "thing":
            update |= {"topic": "whole", "value": None}
        return statement.model_copy(update=update)

    def is_context(self, found: list[Chunk], place: int) -> bool:
        """Tell whether a cluster is only what the thing at hand is for: nothing is said of it."""
        chunk = found[place]
        own = any(
            c.what in ("server", "server_word") or c.kind == "size" for c in found[place + 1 :]
        )
        return chunk.what in CLUSTER and chunk.count is None and not (chunk.software or own)

    def serve_nodes(self, thing: Thing, chunk: Chunk) -> None:
        """Let the nodes of a cluster that is spoken of be the load of a thing."""
        if chunk.what in CLUSTER:
            self.serving |= set(thing.families)
        if chunk.nodes is not None and chunk.count_at is not None:
            where = (min(chunk.count_at[0], chunk.start), chunk.end)
            self.drive(thing, "nodes", chunk.nodes, where)

    def is_loose(self, found: list[Chunk], place: int) -> bool:
        """Take machines in general ("several machines are fine", "disks for VMs"): none to make.

        Also the cluster that a part of a software is a part of, with the load said of it.
        """
        chunk, thing = found[place], self.target()
        if thing is None or not thing.families or thing.stack or chunk.software:
            return False
        some = chunk.generic() and chunk.plural and chunk.count is None and not chunk.definite
        some = some and not self.clusterish
        some = some and (chunk.vague or bool(self.linked("cue.for", "cue.carries")))
        own = found[place + 1 :]
        alone = not any(c.kind in ("size", "name", "literal") or c.kind == "head" for c in own)
        whole = chunk.what == "cluster" and chunk.count is None and chunk.nodes is None
        whole = whole and any(c.kind == "load" for c in own)
        if not ((some or (whole and self.linked("cue.of", "cue.for"))) and alone):
            return False
        self.say("whole", None, (chunk.start, chunk.end), thing=thing.id)
        self.cues = []
        return True

    def is_member(self, found: list[Chunk], place: int) -> bool:
        """Take nodes of no Kubernetes cluster as the machines of the software beside them."""
        chunk, thing = found[place], self.target()
        if chunk.what != "node" or chunk.software or self.clusterish:
            return False
        near = (chunk.start, chunk.end)
        where = (min(near[0], chunk.count_at[0]), chunk.end) if chunk.count_at else near
        if thing is not None and thing.families and not thing.stack:
            if chunk.count is not None and thing.count not in (None, chunk.count):
                return False
            self.say(
                "whole" if chunk.count is None else "count", chunk.count, where, thing=thing.id
            )
            thing.count = chunk.count or thing.count
            self.group, self.cues = [thing], []
            self.give_pending(thing)
            return True
        told = [x for x in self.things if x.families and (x.count or 1) > 1]
        if chunk.definite and chunk.count is None and told:  # "… for the nodes"
            self.say("whole", None, where, thing=told[-1].id)
            self.group, self.cues = told[-1:], []
            return True
        behind = next((c for c in found[place + 1 :] if c.kind in ("head", "size")), None)
        if thing is None and behind is not None and behind.software and chunk.count is not None:
            self.forward("count", chunk.count, where, ahead=True)
            return True
        return False
