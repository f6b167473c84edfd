# SPDX-License-Identifier: GPL-3.0-or-later
"""At every edge of every documented band a plan is never below the document's own minimum."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Machine
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    MachinesThing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    load_knowledge,
    needs,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._evaluate import (
    evaluate,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._schema import (
    UNDOCUMENTED,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import request_of, size
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    request,
    site,
)
from hypothesis import assume, given
from hypothesis import strategies as st

FAMILIES = load_knowledge().families
PARTS = [
    (family.family, name)
    for family in FAMILIES.values()
    if family.grade not in UNDOCUMENTED
    for name in family.components
]
WIDE = site(
    network={
        "subnet": "10.16.0.0/12",
        "gateway": "10.16.0.1",
        "machine_range": "10.17.0.0/16",
        "vip_range": None,
        "load_balancer_range": None,
        "reserved_ranges": [],
    }
)


def edges(family: str, component: str) -> list[dict[str, float]]:
    """Return drivers in, at and beyond each band of a component, and none."""
    found: list[dict[str, float]] = [{}]
    for driver in FAMILIES[family].drivers:
        rules = FAMILIES[family].components[component].rules
        limits = {rule.upto[driver] for rule in rules if driver in rule.upto} or {1.0, 50.0}
        found += [{driver: edge} for limit in limits for edge in (limit / 2, limit, limit + 1)]
    return found


def below(least: t.Mapping[str, float], machines: t.Sequence[Machine], per: str) -> list[str]:
    """Return the numbers of one component's machines that are below the least of a document."""
    joined: t.Callable[[t.Iterable[int]], int] = sum if per == "total" else min
    answer = {
        "vcpu": joined(m.cores * m.sockets for m in machines),
        "memory_mib": joined(m.memory_mib for m in machines),
        "disk_gib": joined(sum(disk.size_gib for disk in m.disks) for m in machines),
    }
    if per != "total":
        answer["count"] = len(machines)
    return [key for key in answer.keys() & least.keys() if answer[key] < least[key]]


@st.composite
def circumstances(draw: st.DrawFn) -> tuple[str, str, dict[str, float], str, bool]:
    """Draw a component with drivers at an edge, an environment and availability."""
    family, component = draw(st.sampled_from(PARTS))
    drivers = draw(st.sampled_from(edges(family, component)))
    environment = draw(st.sampled_from(["", "production", "development"]))
    return family, component, drivers, environment, draw(st.booleans())


@given(circumstances())
def test_no_plan_is_below_the_documented_minimum(
    case: tuple[str, str, dict[str, float], str, bool],
) -> None:
    family, component, drivers, environment, ha = case
    part = FAMILIES[family].components[component]
    least = evaluate(FAMILIES[family], part, drivers, environment, ha, named=True).minimum
    result = size(
        request(
            kind="app",
            apps=[{"family": family, "component": component}],
            drivers=drivers,
            environment=environment or None,
            ha=ha or None,
        ),
        None,
        WIDE,
    )
    beyond = any(f.id.startswith("platform.") for f in result.findings)
    assume(not beyond)  # a single machine that no Proxmox VE has
    assert result.status == "ready", result.summary
    machines = [m for m in result.machines if m.group == result.machines[0].group]
    assert not below(least, machines, part.per)


@pytest.mark.parametrize(
    ("form", "offset"), [("{}", 0), ("a small {}", 1), ("{} for 10 users", 2), ("ein {}", 3)]
)
def test_no_plain_sentence_is_answered_below_the_source(form: str, offset: int) -> None:
    knowledge, under, read = load_knowledge(), [], 0
    names = sorted(knowledge.named)[offset::4]
    for name in names:
        family = FAMILIES[name]
        word = family.title if family.spoken else next(iter(family.aliases), family.title)
        wanted = request_of(form.format(word), WIDE, None, accept=True)[0]
        thing = wanted.things[0] if wanted.things else None
        if not isinstance(thing, MachinesThing) or [s.family for s in thing.software] != [name]:
            continue  # a word with another meaning: an operating system, a kind of cluster
        read += 1
        plan = size(wanted, None, WIDE)
        assert plan.status == "ready", plan.summary
        loads = {**wanted.loads, **thing.loads}
        scale = thing.scale or wanted.scale
        for need in needs(thing.software, loads, "", ha=False, knowledge=knowledge, scale=scale):
            made = [m for m in plan.machines if any(w.source == need.source for w in m.why)]
            assert made, f"{name} has no machine for {need.component}"
            under += [(name, need.component, key) for key in below(need.minimum, made, need.per)]
    assert not under
    assert read > 0.9 * len(names)
