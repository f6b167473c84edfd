# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's statements in our words: families, add-ons, targets, and things of their own."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._account import (
    is_spoken,
    name_range,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._drafts import (
    CLUSTER,
    RUNTIMES,
    is_stack,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._masked import Masked
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import (
    Group,
    Record,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sentence import (
    sentence,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
)

#: A model's word for every machine there is.
ALL = "all"
#: What the machines of a cluster are, whatever runs on them.
ROLES = ("server", "agent")
#: Longest name of software that no file knows.
MAX_NAME = 40
#: What one more of a group has of its own.
OWN = frozenset({"name", "vmid", "address", "node"})
#: Nobody counts people in these.
_TIMES = r"second|minute|hour|day|week|month|year"
_EACH = re.compile(rf"^(?P<of>\w*)_(?:gib|mib)_per_(?!(?:{_TIMES})$)\w+$")


class There:
    """What exists as a model sees it: groups, and the single machines that the sentence names."""

    def __init__(self, previous: Record | None, masked: Masked) -> None:
        self.groups: dict[str, Group] = {}
        self.machines: dict[str, str] = {}
        rows = []
        for number, group in enumerate(previous.groups if previous else (), start=1):
            self.groups[f"g{number}"] = group
            rows.append(self._row(f"g{number}", group, masked))
        self.table: tuple[dict[str, t.Any], ...] = tuple(rows)

    def _row(self, key: str, group: Group, masked: Masked) -> dict[str, t.Any]:
        named = []
        for name in group.names:
            shown = masked.shown(name)
            if shown is not None:
                self.machines[f"m{len(self.machines) + 1}"] = name
                named.append({"id": f"m{len(self.machines)}", "name": shown})
        places = dict.fromkeys(filter(None, map(masked.shown, group.nodes)))
        return {
            "id": key,
            "what": group.role if group.role in ROLES else group.software or group.role,
            "kind": "container" if group.kind == "lxc" else "vm",
            "count": len(group.names),
            "cores": group.cores,
            "memory": f"{group.memory_mib / 1024:g} GB",
            "disk": f"{group.disk_gib} GB",
            "on": list(places),
            "machines": named,
        }

    def __contains__(self, thing: str) -> bool:
        return thing == ALL or thing in self.groups or thing in self.machines

    def targets(self, thing: str) -> t.Iterator[tuple[str, str | bool]]:
        """Yield by what a change names its target, in our words."""
        group = self.groups.get(thing)
        if thing in self.machines:
            yield "name", self.machines[thing]
        elif group is None:
            yield "everything", True
        elif sum(group.role in (other.role, *other.words) for other in self.groups.values()) == 1:
            yield "role", group.role
        else:  # the role would mean others as well
            yield from (("name", name) for name in group.names)

    def like(self, thing: str) -> str:
        """Return the name of a machine whose sizes a new one shall have."""
        group = self.groups.get(thing)
        return self.machines.get(thing) or (group.names[0] if group else thing)


def in_our_words(
    statements: t.Sequence[Statement], vocabulary: Vocabulary, there: There
) -> tuple[Statement, ...]:
    """Return statements with families and add-ons by their names here, and targets of changes."""
    addressed: dict[str, Statement] = {}
    said: list[Statement] = []
    statements = _as_wishes(tuple(_of_each(statements)), there)
    orders = any(s.kind == "change" and s.thing != ALL for s in statements)
    programs = {s.thing for s in statements if s.topic == "software" and s.kind == "wish"}
    for written in statements:
        # That a program is an application says nothing of its machine.
        only_app = (written.topic, written.value) == ("thing", "app") and written.thing in programs
        whole = {"topic": "whole", "value": None} if only_app else {}
        statement = written.model_copy(update=whole)
        ours = statement.kind == "change" and statement.thing in there
        if ours and orders and statement.thing == ALL and statement.verb == "keep":
            # "Leave the others alone": what no order names stays anyway.
            said.append(statement.model_copy(update={"kind": "remark", "topic": "text"}))
            continue
        if ours and (statement.topic == "thing" or statement.thing not in addressed):
            addressed[statement.thing] = statement
        if not (ours and statement.topic == "thing"):
            said += _each(_named(statement, vocabulary, there))
    targets = [
        first.model_copy(
            update={
                "topic": "whole",
                "about": about,
                "value": value,
                "verb": None,
                "before": None,
            }
        )
        for thing, first in addressed.items()
        if any(s.thing == thing and s.kind == "change" for s in said)
        for about, value in there.targets(thing)
    ]
    return tuple(_on_kubernetes([*targets, *said], vocabulary))


def _of_each(statements: t.Sequence[Statement]) -> t.Iterator[Statement]:
    """Yield the statements; a wish for all new things is one for each that has none of its own.

    A sum of several things is of none of them: it bounds the plan.
    """
    made = ("thing", "software")
    new = [s.thing for s in statements if s.kind == "wish" and s.topic in made and s.thing != ALL]
    own = {(s.thing, s.topic) for s in statements if s.kind == "wish"}
    for statement in statements:
        if statement.kind != "wish" or statement.thing != ALL or statement.topic in made:
            yield statement
            continue
        things = [*dict.fromkeys(new)]
        if not things or (statement.total and len(things) > 1):
            yield statement.model_copy(update={"thing": ""})
            continue
        for thing in things:
            if statement.total or (thing, statement.topic) not in own:
                yield statement.model_copy(update={"thing": thing})


def shared(statements: t.Sequence[Statement]) -> t.Iterator[Question]:
    """Ask how a sum of several things is divided; that it is the most they may have is clear."""
    for statement in statements:
        sized = statement.topic in ("cores", "memory_mib", "disk_gib", "data_disk_gib")
        if sized and statement.total and not statement.thing and statement.bound != "at_most":
            text = f'How is "{statement.quote.text}" in all shared between the machines?'
            yield Question(id="reading.share", text=text, quote=statement.quote)


def _as_wishes(statements: t.Sequence[Statement], there: There) -> t.Sequence[Statement]:
    """Return one more of a group as a new thing like it, where it has a place or name of its own.

    The others of the group keep theirs. A size beside it is of all of them: nothing is new then.
    """
    new: dict[str, str] = {}
    for thing in {s.thing for s in statements if s.kind == "change" and s.thing in there.groups}:
        said = {s.topic: s for s in statements if s.kind == "change" and s.thing == thing}
        grows = said.get("count")
        more = grows is not None and grows.verb in ("increase", "add")
        own = [s for topic, s in said.items() if topic in OWN]
        placed = bool(own) and all(s.verb in (None, "add", "set") for s in own)
        if more and placed and said.keys() <= {"thing", "whole", "count", *OWN}:
            new[thing] = f"y{len(new) + 1}"
    result: list[Statement] = []
    for statement in statements:
        like_it = new.get(statement.thing) if statement.kind == "change" else None
        if like_it is None:
            result.append(statement)
            continue
        wish = statement.model_copy(update={"kind": "wish", "thing": like_it, "verb": None})
        like = {"topic": "whole", "about": statement.thing, "value": 1, "verb": "multiply"}
        result += [wish.model_copy(update=like)] if statement.topic == "count" else []
        result += [wish] if statement.topic not in ("thing", "whole") else []
    return result


def _on_kubernetes(
    statements: t.Sequence[Statement], vocabulary: Vocabulary
) -> t.Iterator[Statement]:
    """Yield the statements; software of a cluster itself is an add-on, or an application on it."""
    clusters = {
        s.thing
        for s in statements
        if s.kind == "wish" and s.topic == "thing" and s.value in (*CLUSTER, *ROLES, "node")
    }
    kinds = {*CLUSTER, *RUNTIMES, *load("software.yml")["distributions"]}
    ids = (f"z{number}" for number in range(1, len(statements) + 1))
    for statement in statements:
        value = str(statement.value).lower()
        inside = statement.kind == "wish" and statement.topic == "software"
        if not inside or statement.thing not in clusters or value in kinds or is_stack(value):
            yield statement
        elif value in vocabulary.addons:
            addon = {"topic": "addon", "value": vocabulary.addons[value], "about": ""}
            yield statement.model_copy(update=addon)
        else:
            thing = next(ids, statement.thing)
            kind = {"topic": "thing", "about": "", "value": "application"}
            link = {"topic": "link", "about": "uses", "value": "kubernetes"}
            for update in ({}, kind, link):
                yield statement.model_copy(update={"thing": thing, **update})


def _each(statement: Statement) -> list[Statement]:
    """Return what a statement says one by one: names of a range, no machine of a role."""
    names = name_range(statement.quote.text) if statement.topic == "name" else ()
    if names:
        return [statement.model_copy(update={"value": name}) for name in names]
    if statement.kind == "exclude" and statement.topic in ("ha", "setting"):
        return [statement.model_copy(update={"kind": "wish", "value": False})]
    if (statement.kind, statement.topic) == ("exclude", "thing") and statement.value in ROLES:
        none = statement.model_copy(update={"kind": "wish"})
        return [none, none.model_copy(update={"topic": "count", "value": 0})]
    return [statement]


def _named(statement: Statement, vocabulary: Vocabulary, there: There) -> Statement:
    """Return a statement with the names that code knows its value by."""
    value = str(statement.value or "").strip().lower()
    update: dict[str, t.Any] = {}
    if statement.topic == "distribution":
        update = {"topic": "thing"} if value in CLUSTER else {}
    elif (statement.kind, statement.topic, statement.verb) == ("change", "ha", "remove"):
        update = {"verb": "set", "value": False}
    elif statement.kind == "wish" and statement.topic == "whole" and statement.about in there:
        update = {"about": there.like(statement.about)}
    elif statement.topic == "node" and len(value.split()) > 1:  # "the same host" names none
        update = {"kind": "remark", "topic": "text", "value": None}
    elif statement.topic == "template" and fold(value) not in map(fold, vocabulary.templates):
        update = {"topic": "os", "value": fold(value)} if _is_system(value) else {}
    elif statement.topic == "os":
        # A system that is none of those that machines are made from is an appliance.
        any_system = fold(value) in load("software.yml")["any_system"]
        aside = {"kind": "remark", "topic": "text", "value": None}
        update = {"value": fold(value)} if _is_system(value) else {"topic": "software"}
        update = aside if any_system else update
    elif statement.topic == "software":
        update = _software(statement, value, vocabulary)
    elif statement.topic in ("addon", "cni") and value in vocabulary.addons:
        update = {"value": vocabulary.addons[value]}
    elif statement.topic == "driver":
        update = {"about": _driver(statement, vocabulary)}
    return statement.model_copy(update=update) if update else statement


def _driver(statement: Statement, vocabulary: Vocabulary) -> str:
    """Return the name of a load; its noun says what is counted, an amount counts nothing."""
    said = statement.about
    if each := _EACH.match(said):
        return "memory_mib_per_user" if each["of"] in ("memory", "ram") else "disk_gib_per_user"
    if not re.search(r"_[gm]ib(?:_|$)", said):
        tokens = sentence(statement.quote.text, vocabulary).tokens
        said = next((token.driver for token in tokens if token.driver), said)
    return t.cast(str, load("software.yml")["same_loads"].get(said, said))


def _is_system(value: str) -> bool:
    """Tell whether a value names an operating system that machines are made from."""
    data = load("software.yml")
    names = (*data["operating_systems"], *data["system_aliases"], *data["any_system"])
    return any(re.match(rf"{re.escape(name)}(?![a-z])", fold(value)) for name in names)


def _software(statement: Statement, value: str, vocabulary: Vocabulary) -> dict[str, t.Any]:
    """Return family and component of software; what nobody knows is called as it was said."""
    if value in vocabulary.software:
        family, component = vocabulary.software[value]
        return {"value": family, "about": statement.about or component or ""}
    words = " ".join(statement.quote.text.split())
    known = value in vocabulary.words.families or is_spoken(value, words)
    return {} if known or len(words) > MAX_NAME else {"value": words}


def apart(
    statements: t.Sequence[Statement], text: str, vocabulary: Vocabulary
) -> t.Iterator[Statement]:
    """Yield the statements with a thing of its own for each software that shares no said machine.

    "Wiki with a database": that both run on one machine was not said, and where nothing was said
    of machines each program has its own.
    """
    if any(token.has("word.same_machine") for token in sentence(text, vocabulary).tokens):
        yield from statements
        return
    single = {"count", "cores", "memory_mib", "disk_gib", "data_disk_gib", "name", "vmid"}
    single |= {"address", "node", "template", "os", "link"}
    placed = {s.thing for s in statements if s.kind == "wish" and s.topic in single}
    placed |= {str(s.value) for s in statements if s.topic == "link"}
    for statement in statements:
        if statement.topic in ("thing", "whole", "software") and statement.kind == "wish":
            tokens = sentence(statement.quote.text, vocabulary).tokens
            if any(token.has("thing.", "role.") for token in tokens):
                placed.add(statement.thing)
    first: dict[str, t.Any] = {}
    ids = (f"x{number}" for number in range(1, len(statements) + 1))
    for statement in statements:
        own = statement.kind == "wish" and statement.topic == "software" and statement.thing
        value = str(statement.value)
        if (
            not own
            or statement.thing in placed
            or is_stack(value)
            or value in RUNTIMES
            or first.setdefault(statement.thing, value) == value
        ):
            yield statement
        else:
            yield statement.model_copy(update={"thing": next(ids, statement.thing)})
