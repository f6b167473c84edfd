# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements of each thing, and the fields of a request that they say."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Reading,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Link,
    Software,
    Source,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import (
    Record,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
)

_KINDS = {"vm": "vm", "container": "lxc"}
CLUSTER = {"cluster": "kubernetes", "kubernetes": "kubernetes", "k3s": "k3s"}
ROLES = {"server": "servers", "agent": "agents", "node": "nodes"}
#: What other software runs in: nothing of its own beside it.
RUNTIMES = frozenset({"docker", "podman"})
_NUMBERS = ("count", "cores", "memory_mib", "disk_gib")
_PLAIN = ("gateway", "bridge", "vlan", "pool", "storage", "os", "gpu", "scale", "ha")
_LISTS = {"name": "names", "vmid": "vmids", "address": "addresses", "node": "nodes"}
_LISTS |= {"dns_server": "dns_servers", "tag": "tags", "data_disk_gib": "data_disks_gib"}


@dataclasses.dataclass
class Draft:
    """The statements of one thing, and those of the sum that it is a part of."""

    id: str
    own: list[Statement]
    known: frozenset[str] = frozenset()  # families that the knowledge or the words hold
    whole: Draft | None = None
    parts: float = 0  # how many of it are things of their own

    def said(self, topic: str, about: str = "") -> list[Statement]:
        """Return what was said of a topic; of the sum when nothing was said of the part."""
        own = [s for s in self.own if s.topic == topic and s.about == about]
        inherited = topic not in ("name", "vmid", "count", "link", "address")
        if own or self.whole is None or not inherited:
            return own
        return self.whole.said(topic, about)

    def said_of(self, topic: str) -> list[Statement]:
        """Return what was said of a topic, whatever it is about; of the sum first."""
        inherited = self.whole.said_of(topic) if self.whole else []
        return [*inherited, *(s for s in self.own if s.topic == topic)]

    def values(self, topic: str, about: str = "") -> list[t.Any]:
        """Return the values of a topic."""
        return [s.value for s in self.said(topic, about)]


def drafts_of(reading: Reading, known: frozenset[str]) -> dict[str, Draft]:
    """Return the statements of a reading by things, parts tied to their sums."""
    drafts: dict[str, Draft] = {}
    for statement in reading.statements:
        mine = statement.kind == "wish" or (statement.kind == "load" and statement.thing)
        if mine and statement.thing:
            draft = drafts.setdefault(statement.thing, Draft(statement.thing, [], known))
            draft.own.append(statement)
    for draft in drafts.values():
        for link in draft.values("link", "part_of"):
            draft.whole = drafts.get(str(link))
    for draft in drafts.values():
        if draft.whole is not None:
            draft.whole.parts += float((draft.values("count") or [1])[0] or 0)
    return drafts


def on_one_machine(drafts: dict[str, Draft]) -> dict[str, str]:
    """Return the things that run on the machine of another one."""
    return {
        draft.id: str(link)
        for draft in drafts.values()
        for link in draft.values("link", "same_machine")
        if str(link) in drafts
    }


def links(draft: Draft) -> tuple[Link, ...]:
    """Return what the machines of a draft stand beside, in front of, or use."""
    return tuple(
        Link(how=s.about, thing=str(s.value))  # type: ignore[arg-type]
        for s in draft.own
        if s.topic == "link" and s.about in ("beside", "in_front_of", "uses")
        if s.value != "kubernetes"  # no thing of its own
    )


def take_shares(
    draft: Draft,
    drafts: dict[str, Draft],
    fields: dict[str, t.Any],
    previous: Record | None,
) -> None:
    """Take sizes that were said as a share of those of another thing, or of one that is there."""
    for statement in draft.own:
        if statement.verb != "multiply":
            continue
        other = drafts.get(statement.about)
        group = previous.group_of(statement.about) if previous else None
        theirs = fields_of(other) if other else group.sizes if group else {}
        for topic in _NUMBERS[1:] if statement.topic == "whole" else (statement.topic,):
            if fields[topic] is None and theirs.get(topic) is not None:
                fields[topic] = max(1, int(theirs[topic] * float(statement.value or 1)))
        if statement.topic == "whole" and group is not None:
            fields["kind"] = fields["kind"] or group.kind
        if group is not None and group.software and not fields["software"]:
            fields["software"] = (Software(family=group.software),)
        if other and statement.topic == "whole" and statement.value == 1 and _may_be(draft, other):
            fields["software"] = fields["software"] or theirs["software"]


def _may_be(draft: Draft, other: Draft) -> bool:
    """Tell whether nothing that was said of a thing keeps it from being what another one is."""
    return {*draft.values("thing")} <= {*_KINDS, *other.values("thing")}


def name_runners(drafts: dict[str, Draft], fields: dict[str, t.Any]) -> None:
    """Say whose runners or build agents machines are."""
    if fields["part"] != "runner" or fields["software"]:
        return
    listed = load("software.yml")["runners"]
    said = [s for draft in drafts.values() for s in draft.own if s.topic == "software"]
    for family in dict.fromkeys(str(s.value) for s in said):
        if family in listed:
            name, component = listed[family]
            fields["software"] = (Software(family=name, component=component),)
            return


def count_of(draft: Draft, *, plain: bool = False) -> int | None:
    """Return how many machines a draft is, those taken out as things of their own left out."""
    said = draft.said("count")
    if not said or said[0].value is None:
        return None
    return int(float(said[0].value) - (0 if plain else draft.parts))


def fields_of(draft: Draft, *, sum_of_parts: bool = True) -> dict[str, t.Any]:
    """Return the fields of ``Machines`` that a draft says."""
    kinds = [str(value) for value in draft.values("thing")]
    said = [k for k in kinds if k not in {*_KINDS, *CLUSTER, *ROLES, "application"}]
    parts = [k for k in said if k in _parts()]
    fields: dict[str, t.Any] = {
        "kind": next((_KINDS[k] for k in reversed(kinds) if k in _KINDS), None),
        "part": parts[0] if parts else None,
        "purpose": next((k for k in said if k not in parts), None),
        "software": software_of(draft),
        "count": count_of(draft, plain=not sum_of_parts),
        "bounds": {},
        "totals": {},
    }
    for topic in _NUMBERS[1:]:
        _number(draft, topic, fields)
    for name in _PLAIN:
        fields[name] = next(iter(draft.values(name)), None)
    for topic, name in _LISTS.items():
        fields[name] = tuple(dict.fromkeys(draft.values(topic)))
    dynamic = (a.lower() if str(a).lower() == "dhcp" else a for a in fields["addresses"])
    fields["addresses"] = tuple(dynamic)
    fields["data_disks_gib"] = _data_disks(draft)
    fields["nodes"] = tuple(dict.fromkeys(s.value for s in draft.said("node") if s.kind == "wish"))
    fields["settings"] = {s.about: bool(s.value) for s in draft.said_of("setting")}
    fields["environment"] = next(iter(draft.values("environment")), None)
    fields["source"] = _source(draft)
    fields["loads"] = {} if fields["software"] else loads_of(draft, None)
    if fields["count"] is None and len(fields["names"]) > 1:
        fields["count"] = len(fields["names"])
    return fields


def _data_disks(draft: Draft) -> tuple[int, ...]:
    """Return the sizes of the data disks; "4 disks of 100 GB" are a system disk and three more."""
    said = {(s.value, s.quote.start): int(str(s.value)) for s in draft.said("data_disk_gib")}
    disks = tuple(said.values())
    alike = len(disks) == 1
    for statement in draft.said_of("whole") if alike else ():
        if statement.about in ("disks", "data_disks"):
            return disks * (int(str(statement.value)) - (statement.about == "disks"))
    return disks


def _number(draft: Draft, topic: str, fields: dict[str, t.Any]) -> None:
    """Set a size, its bound and its total; a further disk is a data disk."""
    for statement in draft.said(topic):
        if statement.value is None or statement.verb == "multiply":
            continue
        value = float(statement.value)
        if statement.total:
            fields["totals"][topic] = value
        elif fields.get(topic) is None or fields["bounds"].get(topic, "exact") != "exact":
            fields[topic] = int(value) if value >= 1 else value
            fields["bounds"].pop(topic, None)
            if statement.bound != "exact":
                fields["bounds"][topic] = statement.bound
    fields.setdefault(topic, None)
    if isinstance(fields[topic], float) and fields[topic] < 1:
        fields[topic] = 0


def software_of(draft: Draft) -> tuple[Software, ...]:
    """Return the software of a draft with its loads; of the sum where a part names none."""
    said = [s for s in draft.own if s.topic == "software"]  # whichever part of it is meant
    said = said or ([s for s in draft.whole.own if s.topic == "software"] if draft.whole else [])
    families = dict.fromkeys((str(s.value), s.about or None) for s in said)
    found = []
    for words, component in families:
        if is_stack(words):
            continue
        family = _by_its_id(words, draft.known)
        loads = loads_of(draft, family, component) if len(families) == 1 else {}
        version = next((str(v) for v in draft.values("version")), None)
        known = family in draft.known
        found.append(
            Software(family=family, component=component, known=known, loads=loads, version=version)
        )
    if len(found) > 1:
        found[0] = found[0].model_copy(update={"loads": loads_of(draft, found[0].family)})
    return tuple(found)


def _by_its_id(words: str, known: frozenset[str]) -> str:
    """Return the family whose name is an everyday word, where the word stands for software."""
    name = words.lower().replace(" ", "-")
    return name if name in known else words


def known_families(vocabulary: Vocabulary) -> frozenset[str]:
    """Return the families that the words of a vocabulary stand for."""
    return vocabulary.words.families


def _parts() -> frozenset[str]:
    concepts = load("words.yml")["concepts"]
    return frozenset(name[5:] for name in concepts if name.startswith("part."))


def is_stack(family: str) -> bool:
    """Tell whether a family is a language or framework."""
    return family in load("software.yml")["stacks"]


def loads_of(draft: Draft, family: str | None, component: str | None = None) -> dict[str, float]:
    """Return the loads of a draft by the names that the knowledge of the family has for them."""
    renamed = load("software.yml")["renamed_loads"]
    names = {**renamed.get(family, {}), **renamed.get(f"{family}.{component}", {})}
    loads: dict[str, float] = {}
    for statement in drivers_of(draft.own):
        name = names.get(statement.about, statement.about)
        loads[name] = loads.get(name, 0.0) + float(statement.value or 0)
    return loads


def drivers_of(statements: t.Iterable[Statement]) -> t.Iterator[Statement]:
    """Yield the loads; of a range ("50 to 100 users") the upper end."""
    said = [s for s in statements if s.kind == "load" and s.topic == "driver"]
    most = {(s.thing, s.about) for s in said if s.bound == "at_most"}
    for statement in said:
        if statement.bound != "at_least" or (statement.thing, statement.about) not in most:
            yield statement


def _source(draft: Draft) -> Source | None:
    for statement in draft.said("template") + draft.said("template", "lxc"):
        value = str(statement.value)
        lxc = statement.about == "lxc"
        if value.lstrip("-").isdigit():
            return Source(type="template", vmid=int(value))
        return Source(type="lxc_template" if lxc else "template", name=value)
    for topic in ("iso", "image"):
        for value in draft.values(topic):
            return Source(type=topic, name=str(value))  # type: ignore[arg-type]
    return None
