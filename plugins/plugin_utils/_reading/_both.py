# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules and a model read the same sentence; code judges both and says which reading holds."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Round
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Reading,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model import (
    ModelFailure,
    Partner,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._account import (
    account,
    is_spoken,
    name_range,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._agree import (
    Outcome,
    agree,
    chosen,
    of_request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._by_model import (
    Known,
    read_by_model,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import (
    clean,
    fold,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._drafts import (
    RUNTIMES,
    is_stack,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._masked import Masked
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import (
    Group,
    Record,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._request import (
    request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sentence import (
    sentence,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._spoken import (
    said_elsewhere,
    spoken_for,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
)

#: A model's word for every machine there is.
ALL = "all"
#: What the machines of a cluster are, whatever runs on them.
ROLES = ("server", "agent")
MAX_ALIASES = 4
#: Longest name of software that no file knows.
MAX_NAME = 40


def with_model(
    rules: Reading,
    vocabulary: Vocabulary,
    previous: Record | None,
    partner: Partner,
    *,
    answers: tuple[str, ...] = (),
    becomes: t.Callable[[Request], Outcome] = of_request,
) -> tuple[Reading, tuple[Round, ...]]:
    """Return the reading that holds, of the rules' and the model's, and the model's rounds.

    ``becomes`` tells what would be made of a request; readings that make the same agree.

    A model that fails leaves the rules' reading with a warning, or with an error where the
    settings say that the model is required.
    """
    masked = Masked(rules.text, _names(vocabulary, previous))
    there = _There(previous, masked)
    known = Known(
        families=_families(rules.text, vocabulary),
        addons=_addons(vocabulary),
        exists=there.table,
        installed=previous.addons if previous else (),
    )

    def judged(reading: Reading) -> Reading:
        said = _in_our_words(reading.statements, vocabulary, there)
        said = tuple(_apart(said, reading.text, vocabulary))
        said = tuple(said_elsewhere(said, reading.text, vocabulary))
        asked = reading.questions
        accounted = account(reading.model_copy(update={"statements": said}), vocabulary)
        return spoken_for(accounted, vocabulary, asked)

    def made(reading: Reading) -> Outcome:
        return becomes(request(reading, vocabulary, previous))

    try:
        reading, rounds = read_by_model(
            partner, partner.name, masked, known, judged, language=rules.language
        )
    except ModelFailure as failure:
        return _alone(rules, failure, partner), _failed(failure, partner)
    there_are = frozenset(float(len(group.names)) for group in there.groups.values())
    held = agree(rules, reading, made, answers=answers, there_are=there_are)
    picked = tuple(answer for answer in answers if chosen((answer,)))
    return held.model_copy(update={"answers": picked}), rounds


def _names(vocabulary: Vocabulary, previous: Record | None) -> dict[str, t.Iterable[str]]:
    """Return what is hidden; a guest that is called like an ordinary word stays a word."""
    guests = {*vocabulary.guests, *vocabulary.templates, *(previous.names if previous else ())}
    return {
        "n": (*vocabulary.nodes, *vocabulary.node_addresses),
        "s": vocabulary.storages,
        "v": [name for name in guests if not name.isalpha()],
    }


def _families(text: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    tokens = sentence(clean(text).text, vocabulary).tokens
    return tuple(dict.fromkeys(token.software.family for token in tokens if token.software))


def _addons(vocabulary: Vocabulary) -> dict[str, list[str]]:
    """Return the add-ons with the words that they are called by."""
    named: dict[str, list[str]] = {name: [] for name in sorted(set(vocabulary.addons.values()))}
    for alias, name in sorted(vocabulary.addons.items()):
        if alias != name and len(named[name]) < MAX_ALIASES:
            named[name].append(alias)
    return named


class _There:
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


def _in_our_words(
    statements: t.Sequence[Statement], vocabulary: Vocabulary, there: _There
) -> tuple[Statement, ...]:
    """Return statements with families and add-ons by their names here, and targets of changes."""
    addressed: dict[str, Statement] = {}
    said: list[Statement] = []
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
    return (*targets, *said)


def _each(statement: Statement) -> list[Statement]:
    """Return what a statement says one by one: names of a range, no machine of a role."""
    names = name_range(statement.quote.text) if statement.topic == "name" else ()
    if names:
        return [statement.model_copy(update={"value": name}) for name in names]
    if (statement.kind, statement.topic) == ("exclude", "thing") and statement.value in ROLES:
        none = statement.model_copy(update={"kind": "wish"})
        return [none, none.model_copy(update={"topic": "count", "value": 0})]
    return [statement]


def _named(statement: Statement, vocabulary: Vocabulary, there: _There) -> Statement:
    """Return a statement with the names that code knows its value by."""
    value = str(statement.value or "").strip().lower()
    update: dict[str, t.Any] = {}
    if statement.topic == "distribution":
        update = {"topic": "thing"}
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
        tokens = sentence(statement.quote.text, vocabulary).tokens
        said = next((token.driver for token in tokens if token.driver), statement.about)
        update = {"about": load("software.yml")["same_loads"].get(said, said)}
    return statement.model_copy(update=update) if update else statement


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


def _apart(
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


def _alone(rules: Reading, failure: ModelFailure, partner: Partner) -> Reading:
    required = partner.settings.required
    finding = Finding(
        id="model.failed",
        severity="error" if required else "warning",
        field="provider",
        message=str(failure) if required else f"{failure} The rules read the sentence alone.",
        source="model",
    )
    update: dict[str, t.Any] = {"findings": (*rules.findings, finding)}
    return rules.model_copy(update={**update, "closed": rules.closed and not required})


def _failed(failure: ModelFailure, partner: Partner) -> tuple[Round, ...]:
    """Return the round of a call that failed, so that it leaves a trace."""
    return (
        Round(
            number=1,
            reason="A model reads the sentence.",
            act=f"{partner.name} {partner.model_name_of('read')} ({partner.last_call()}).",
            observe=str(failure),
        ),
    )
