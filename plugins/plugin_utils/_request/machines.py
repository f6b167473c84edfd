# SPDX-License-Identifier: GPL-3.0-or-later
"""What was said of machines: groups, sizes, names, places, relative sizes."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterWish,
    MachineWish,
    SourceWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import checks
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.apps import own_parts
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.doubts import doubt
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.groups import (
    CLUSTER_ROLES,
    Head,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.kinds import (
    Target,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import (
    STORE_PARTS,
    Reading,
    describes_store,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.relations import (
    resolve_parts,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.sizes import values

_DIMENSIONS = (
    ("memory_mib", "noun.memory"),
    ("cores", "unit.core"),
    ("disk_gib", "noun.disk"),
)


def machine_wishes(
    reading: Reading, target: Target, cluster: ClusterWish | None, verdict: checks.Verdict
) -> list[MachineWish]:
    doubt(reading, cluster, verdict)
    delta = _deltas(reading)
    common = values([*reading.global_runs, *reading.common_runs])
    if cluster is not None:
        return _cluster_machines(reading, cluster, common, verdict)
    heads = [
        h
        for h in reading.heads
        if not h.host
        and not h.driver
        and not (h.role == "node" and target.kind != "app" and reading.clusterish)
    ]
    heads = [h for h in heads if h.role not in {"app"} or h.runs]
    heads = resolve_parts(heads, verdict)
    return _plain_machines(reading, target, heads, common=common, delta=delta, verdict=verdict)


def _cluster_machines(
    reading: Reading, cluster: ClusterWish, common: dict[str, float], verdict: checks.Verdict
) -> list[MachineWish]:
    machines: list[MachineWish] = []
    shared = dict(common)
    for head in [*reading.counted("node"), *reading.counted("vm"), *reading.counted("container")]:
        for key, value in values(head.runs).items():
            shared.setdefault(key, value)
    extras = _extras(reading)
    for role in ("server", "agent"):
        own = values(run for head in reading.counted(role) for run in head.runs)
        tendency = _tendency(reading, role)
        if own or tendency:
            count = cluster.servers if role == "server" else cluster.agents
            sizes = _checked(verdict, f"machines.{role}", own)
            machines.append(
                MachineWish(role=role, count=count, tendency=tendency, **sizes, **extras)
            )
    sizes = _checked(verdict, "machines.node", shared)
    tendency = _tendency(reading, "node")
    if sizes or tendency or (any(extras.values()) and not machines):
        machines.insert(
            0,
            MachineWish(
                role="node", count=cluster.total_nodes, tendency=tendency, **sizes, **extras
            ),
        )
    return machines


def _tendency(reading: Reading, role: str) -> t.Any:
    tendency = reading.meaning.tendency
    if tendency is None or reading.sizes or (reading.following and _more_of(reading)):
        return None
    roles = {h.role for h in reading.heads if h.role in ("server", "agent")}
    counted = any(h.count is not None for h in reading.heads if h.role in (*roles, "node"))
    if counted and reading.meaning.operation in ("larger", "smaller"):
        return None  # "scale up by five workers": their number, not their size
    return tendency if role in roles or (role == "node" and not roles) else None


def _checked(verdict: checks.Verdict, where: str, sizes: dict[str, float]) -> dict[str, t.Any]:
    """Return the sizes that a machine can have, whole numbers (disks rounded up)."""
    result: dict[str, t.Any] = {}
    for dimension, value in sizes.items():
        checked = checks.check_size(verdict, where, dimension, value)
        if checked is not None:
            result[dimension] = math.ceil(checked) if dimension != "memory_mib" else round(checked)
    return result


def _extras(reading: Reading) -> dict[str, t.Any]:
    """Return what was said of places and networks, the same for every machine."""
    entities = reading.entities
    source = None
    if entities.template_id is not None or entities.template_name:
        source = SourceWish(type="template", vmid=entities.template_id, name=entities.template_name)
    elif entities.iso:
        source = SourceWish(type="iso", name=entities.iso)
    elif entities.lxc_template:
        source = SourceWish(type="lxc_template", name=entities.lxc_template)
    found: dict[str, t.Any] = {
        "source": source,
        "os": entities.os,
        "node": entities.node,
        "storage": entities.storage,
        "bridge": entities.bridge,
        "vlan": entities.vlan,
        "pool": entities.pool,
        "tags": entities.tags,
        "gateway": entities.gateway,
        "dns_servers": tuple(entities.dns_servers),
        "relative_to": None,
    }
    factor, dimension = _relative(reading)
    if factor is not None:
        found.update(relative_to=entities.relative_to, factor=factor, factor_of=dimension)
    return found


def _more_of(reading: Reading) -> tuple[float, str] | None:
    """Read "more memory" and "bigger disks" in a follow-up: twice or half of that size."""
    if reading.sizes:
        return None
    for index, token in enumerate(reading.tokens):
        more = token.has("word.more", "tendency.larger")
        if not (more or token.has("tendency.smaller")):
            continue
        for near in reading.tokens[max(index - 3, 0) : index + 3]:
            for name, concept in _DIMENSIONS:
                if near.has(concept):
                    return (2.0 if more else 0.5), name
    return None


def _relative(reading: Reading) -> tuple[float | None, t.Any]:
    more = _more_of(reading) if reading.following else None
    if more is not None:
        return more
    other = reading.entities.relative_to
    if other is None and not reading.following:
        return None, None
    factor = 1.0
    for index, token in enumerate(reading.tokens):
        if token.has("rel.twice"):
            factor = 2.0
        elif token.has("rel.triple"):
            factor = 3.0
        elif token.has("rel.half"):
            factor = 0.5
        elif token.has("rel.times") and index and reading.tokens[index - 1].kind == "num":
            factor = reading.tokens[index - 1].value
    dimensions = [
        name
        for name, concept in _DIMENSIONS
        if reading.mentions(concept) and not any(size.dimension == name for size in reading.sizes)
    ]
    if other is None and factor == 1.0:
        return None, None
    only = dimensions[0] if len(dimensions) == 1 and factor != 1.0 else None
    return factor, only


def _plain_machines(
    reading: Reading,
    target: Target,
    heads: list[Head],
    *,
    common: dict[str, float],
    delta: dict[str, t.Any],
    verdict: checks.Verdict,
) -> list[MachineWish]:
    """Return the machines that are no nodes of a cluster, one wish for each group or name."""
    extras, names = _extras(reading), _said_names(reading)
    default = "container" if target.kind == "lxc" else "vm"
    apart = _named_apart(heads, names, default)
    if apart:
        return [
            MachineWish(
                role=default,
                name=head.name,
                count=1,
                **extras,
                **_checked(verdict, f"machines.{head.name}", {**common, **values(head.runs)}),
            )
            for head in apart
        ]
    merged = _merge_groups(heads, reading, default)
    changes = reading.following and reading.meaning.tendency
    if not merged and (common or names or changes or any(extras.values())):
        merged = [(_part_role(reading, default), None, {})]
    told = any(own or (count or 0) > 1 for _role, count, own in merged) or common or names
    if target.kind == "app" and not told:
        return []
    machines: list[MachineWish] = []
    addresses = list(reading.entities.addresses)
    for role, count, own in merged:
        alone = len(merged) == 1
        mine = names if alone else names[:1]
        names = names[len(mine) :]
        sizes = {**common, **own} if alone or not own else own
        base = {
            **extras,
            **_checked(verdict, f"machines.{role}", sizes),
            **(delta if alone else {}),
            "role": role,
            "tendency": _plain_tendency(reading),
            "vmid": reading.entities.vmid if len(mine) < 2 else None,
        }
        number = _number(verdict, role, count)
        machines += _named_group(verdict, base, number, mine, addresses)
    return machines


def _said_names(reading: Reading) -> list[str]:
    entities = reading.entities
    if entities.names:
        return list(entities.names)
    if entities.target_name:
        return [entities.target_name]
    changed = bool(reading.tokens) and reading.tokens[0].has("rel.twice", "rel.triple", "rel.half")
    # "double the memory of db-01"
    return [entities.relative_to] if changed and entities.relative_to else []


def _named_apart(heads: list[Head], names: list[str], default: str) -> list[Head]:
    """Return the machines with a name and sizes of their own, when there are several.

    "VM db01 with 8 cores and VM web01 with 2": the names belong to the nouns in order.
    """
    sized = [head for head in heads if head.runs and head.role == default]
    if len(names) == len(sized) > 1:
        for head, name in zip(sized, names, strict=True):
            head.name = name
    elif names:
        return []
    named = [head for head in heads if head.name and head.runs]
    return named if len(named) > 1 else []


def _number(verdict: checks.Verdict, role: str, count: float | None) -> int | None:
    field = f"machines.{role}.count"
    number = None if count is None else checks.check_count(verdict, field, count)
    if number == 0:
        verdict.ask(field, f"0 {role} machines were said; how many are meant?")
    return number


def _named_group(
    verdict: checks.Verdict,
    base: dict[str, t.Any],
    number: int | None,
    names: list[str],
    addresses: list[str],
) -> list[MachineWish]:
    """Return one wish for a group, or one for each of its names; addresses are used up."""

    def address() -> str | None:
        return addresses.pop(0) if addresses else None

    if len(names) < 2:
        name = names[0] if names else None
        return [MachineWish(name=name, count=number, address=address(), **base)]
    if number is not None and number != len(names):
        verdict.ask(
            "machines.count",
            f"{number} machines but {len(names)} names were said; which is right?",
        )
    return [MachineWish(name=name, count=1, address=address(), **base) for name in names]


def _plain_tendency(reading: Reading) -> t.Any:
    if reading.sizes or (reading.following and _more_of(reading)):
        return None
    return reading.meaning.tendency


def _deltas(reading: Reading) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    roles = any(head.role in CLUSTER_ROLES for head in reading.heads)
    adding = reading.meaning.operation == "add" and reading.entities.target_name and not roles
    for size in reading.sizes:
        sign = size.more or (1 if adding else 0)
        if not sign:
            continue
        key = {
            "cores": "cores_delta",
            "memory_mib": "memory_delta_mib",
            "disk_gib": "disk_delta_gib",
            "bytes": "memory_delta_mib",
        }.get(size.dimension)
        if key:
            found[key] = sign * math.ceil(size.value)
            if adding:
                size.more = 1
    return found


def _merge_groups(
    heads: list[Head], reading: Reading, default: str
) -> list[tuple[str, float | None, dict[str, float]]]:
    """Join nouns that speak of the same machines ("a VM … the machine"), keep distinct ones."""
    kept: list[tuple[str, float | None, dict[str, float]]] = []
    for head in heads:
        count, own, article = head.count, values(head.runs), head.article
        role = _part_role(reading, default) if head.role in CLUSTER_ROLES else head.role
        if reading.tokens[head.index].has(*STORE_PARTS) and describes_store(reading, head.index):
            role = head.family if head.family and _apart(heads, head, reading) else default
        if head.elliptic:
            kept.append((head.family or role, count, own))
            continue
        same = next((i for i, (other, _count, _own) in enumerate(kept) if other == role), None)
        plain = role == default
        if same is not None:
            other, number, sizes = kept[same]
            if head.more and count and not own:  # "a DNS server and a second one"
                kept[same] = (other, (number or 1) + count, sizes)
            elif sizes and own and count is not None:
                kept.append((role, count, own))
            else:
                kept[same] = (other, number if number is not None else count, {**own, **sizes})
        elif plain and len(kept) == 1 and not own and (count is None or article):
            continue
        elif plain and len(kept) == 1 and not kept[0][2] and (count is None or article):
            kept[0] = (kept[0][0], kept[0][1], own)
        elif (
            not plain
            and len(kept) == 1
            and kept[0][0] == default
            and (count is None or article)
            and not own
        ):
            kept[0] = (role, kept[0][1], kept[0][2])
        else:
            kept.append((role, count, own))
    return [
        (_part_role(reading, default) if role == default and len(kept) == 1 else role, count, own)
        for role, count, own in kept
    ]


def _apart(heads: list[Head], store: Head, reading: Reading) -> bool:
    """Tell whether a store is a machine beside others ("2 web servers and a MySQL database")."""
    others = [head for head in heads if head is not store]
    if any(head.role not in ("vm", "container", store.role) for head in others):
        return True
    at = store.number if store.number is not None else store.index
    joined = at > 0 and (
        reading.tokens[at - 1].has("cue.and") or reading.tokens[at - 1].word == ","
    )
    return bool(others) and joined


def _part_role(reading: Reading, default: str) -> str:
    parts = [part for part in dict.fromkeys(own_parts(reading)) if part not in {"app"}]
    return parts[0] if len(parts) == 1 and default == "vm" else default
