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


def _contradictions(reading: Reading, verdict: checks.Verdict) -> None:
    """Ask when one machine is said to have two different sizes ("4 cores and 8 cores")."""
    if reading.mentions("cue.correction", "op.scale", "op.resize", "cue.about", "rel."):
        return
    for sizes in [reading.global_runs, *(head.runs for head in reading.heads)]:
        for dimension, _noun in _DIMENSIONS[:2]:
            said = [s.value for run in sizes for s in run.sizes if s.dimension == dimension]
            distinct = list(dict.fromkeys(value for value in said if value > 0))
            if len(distinct) > 1:
                label = "MiB of memory" if dimension == "memory_mib" else dimension
                verdict.ask(
                    f"machines.{dimension}",
                    f"Both {distinct[0]:g} and {distinct[1]:g} {label} were said for one machine;"
                    " which is right?",
                )


def _disks(reading: Reading, verdict: checks.Verdict) -> None:
    """Ask when a machine shall have several disks: a plan gives each machine one."""
    number = reading.drivers.get("disks", 0)
    if number > 1 and not reading.meaning.software and not reading.following:
        verdict.ask(
            "machines.disk_gib",
            f"{number:g} disks were said, a plan gives a machine one; how large shall it be?",
        )


def _systems(reading: Reading, verdict: checks.Verdict) -> None:
    """Ask when several operating systems were said: the machines of one request have one."""
    entities = reading.entities
    if entities.os and entities.other_systems:
        named = " and ".join(dict.fromkeys([entities.os, *entities.other_systems]))
        verdict.ask("machines.os", f"{named} were said; which operating system shall it be?")


def _hosts(reading: Reading, cluster: ClusterWish | None, verdict: checks.Verdict) -> None:
    """Ask which of several hosts is meant; machines that are several are spread by the plan."""
    entities = reading.entities
    if not entities.other_nodes:
        return
    named = " and ".join([str(entities.node), *entities.other_nodes])
    counts = [head.count or 1 for head in reading.heads if not (head.host or head.driver)]
    entities.node = None
    if cluster is not None or max(counts, default=1) > 1 or len(entities.names) > 1:
        verdict.note(
            "hosts",
            "machines.node",
            f"The hosts {named} were said; machines of one group are spread over the hosts by the"
            " plan, not one by one.",
        )
    else:
        verdict.ask("machines.node", f"Both {named} were said; on which host shall it run?")


def machine_wishes(
    reading: Reading, target: Target, cluster: ClusterWish | None, verdict: checks.Verdict
) -> list[MachineWish]:
    _hosts(reading, cluster, verdict)
    _disks(reading, verdict)
    _systems(reading, verdict)
    delta = _deltas(reading)
    _contradictions(reading, verdict)
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
    extras = _extras(reading)
    names = list(reading.entities.names)
    if not names and reading.entities.target_name:
        names = [reading.entities.target_name]
    changed = bool(reading.tokens) and reading.tokens[0].has("rel.twice", "rel.triple", "rel.half")
    if not names and changed and reading.entities.relative_to:
        names = [reading.entities.relative_to]  # "double the memory of db-01"
    default = "container" if target.kind == "lxc" else "vm"
    sized = [head for head in heads if head.runs and head.role == default]
    if len(names) == len(sized) > 1:  # "VM db01 with 8 cores and VM web01 with 2"
        for head, name in zip(sized, names, strict=True):
            head.name = name
        names = []
    if not names and sum(bool(head.name and head.runs) for head in heads) > 1:
        return [
            MachineWish(
                role=default,
                name=head.name,
                count=1,
                **extras,
                **{**_checked(verdict, f"machines.{head.name}", {**common, **values(head.runs)})},
            )
            for head in heads
            if head.name and head.runs
        ]
    merged = _merge_groups(heads, reading, default)
    tendency = reading.following and reading.meaning.tendency
    if not merged and (common or names or tendency or any(v for v in extras.values())):
        merged = [(_part_role(reading, default), None, {})]
    if (
        target.kind == "app"
        and not any(own or (count or 0) > 1 for _role, count, own in merged)
        and not (common or names)
    ):
        return []
    machines: list[MachineWish] = []
    addresses = list(reading.entities.addresses)
    for role, count, own in merged:
        sizes = _checked(
            verdict, f"machines.{role}", {**common, **own} if len(merged) == 1 or not own else own
        )
        number = (
            checks.check_count(verdict, f"machines.{role}.count", count)
            if count is not None
            else None
        )
        if number == 0:
            verdict.ask(
                f"machines.{role}.count", f"0 {role} machines were said; how many are meant?"
            )
        mine = names if len(merged) == 1 else names[:1]
        names = names[len(mine) :]
        base = {
            **extras,
            **sizes,
            **(delta if len(merged) == 1 else {}),
            "role": role,
            "tendency": _plain_tendency(reading),
        }
        if len(mine) > 1:
            for name in mine:
                machines.append(
                    MachineWish(
                        name=name, count=1, address=addresses.pop(0) if addresses else None, **base
                    )
                )
            if number is not None and number != len(mine):
                verdict.ask(
                    "machines.count",
                    f"{number} machines but {len(mine)} names were said; which is right?",
                )
            continue
        machines.append(
            MachineWish(
                name=mine[0] if mine else None,
                count=number,
                address=addresses.pop(0) if addresses else None,
                vmid=reading.entities.vmid,
                **base,
            )
        )
    return machines


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
            role = default
        if head.elliptic:
            kept.append((head.family or role, count, own))
            continue
        same = next((i for i, (other, _count, _own) in enumerate(kept) if other == role), None)
        plain = role == default
        if same is not None:
            other, number, sizes = kept[same]
            if sizes and own and count is not None:
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


def _part_role(reading: Reading, default: str) -> str:
    parts = [part for part in dict.fromkeys(own_parts(reading)) if part not in {"app"}]
    return parts[0] if len(parts) == 1 and default == "vm" else default
