# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that was understood is missing in a plan, and nothing is in it that no one asked for."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Plan,
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Change,
    MachinesThing,
    Software,
    Target,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import load_knowledge
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import (
    request_of,
    size,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._closing import close
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    site,
    snapshot,
)
from hypothesis import given
from hypothesis import strategies as st

PLACE = site()
TEXT = "VM named box1 with 4 cores, 8 GB RAM and 40 GB disk, VMID 20105"


def made(text: str) -> tuple[Request, Plan]:
    request, _rounds = request_of(text, PLACE, None)
    return request, size(request, None, PLACE, deployment="t")


REQUEST, PLAN = made(TEXT)


def closed(plan: Plan, request: Request = REQUEST, previous: Plan | None = None) -> Context:
    """Return the context after the last look at a plan; its groups are made of the machines."""
    context = Context(
        request=request,
        snapshot=None,
        site=PLACE,
        deployment="t",
        environment="development",
        knowledge=t.cast("t.Any", None),
        previous=previous,
    )
    groups = [
        Group(m.group, m.role, 1, m.cores, m.memory_mib, 1, thing="t1") for m in plan.machines
    ]
    close(context, groups, plan)
    return context


def with_machine(**changes: t.Any) -> Plan:
    machine: Machine = PLAN.machines[0].model_copy(update=changes)
    return PLAN.model_copy(update={"machines": (machine,)})


def test_a_plan_as_it_was_said_is_closed() -> None:
    assert PLAN.status == "ready"
    assert closed(PLAN).questions == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cores": 3}, "4 cores"),
        ({"memory_mib": 4096}, "8 GB RAM"),
        ({"name": "other"}, "named box1"),
        ({"vmid": 20000}, "VMID 20105"),
        ({"disks": (PLAN.machines[0].disks[0].model_copy(update={"size_gib": 20}),)}, "40 GB disk"),
    ],
)
def test_what_was_said_and_is_not_in_the_plan_is_asked(
    changes: dict[str, t.Any], words: str
) -> None:
    asked = [question.text for question in closed(with_machine(**changes)).questions]
    assert len(asked) == 1
    assert f'"{words}"' in asked[0]


@given(cores=st.integers(1, 64), memory_gib=st.integers(1, 256), disk_gib=st.integers(4, 900))
def test_a_plan_is_closed_when_and_only_when_its_sizes_are_those_that_were_said(
    cores: int, memory_gib: int, disk_gib: int
) -> None:
    disk = PLAN.machines[0].disks[0].model_copy(update={"size_gib": disk_gib})
    plan = with_machine(cores=cores, memory_mib=memory_gib * 1024, disks=(disk,))
    wrong = (cores != 4) + (memory_gib != 8) + (disk_gib != 40)
    assert len(closed(plan).questions) == wrong


CHANGED = Request(
    changes=(Change(verb="set", target=Target(everything=True), field="cores", value=8),)
)


@given(cores=st.integers(1, 64), memory_mib=st.integers(512, 65536))
def test_a_change_is_closed_when_only_what_was_named_changes(cores: int, memory_mib: int) -> None:
    plan = with_machine(cores=cores, memory_mib=memory_mib)
    context = closed(plan, CHANGED, PLAN)
    rules = {question.id for question in context.questions}
    assert ("closing.lost" in rules) == (cores == 4)
    assert ("closing.unsaid" in rules) == (memory_mib != PLAN.machines[0].memory_mib)


def test_a_machine_of_another_kind_than_was_said_is_asked() -> None:
    asked = [question.text for question in closed(with_machine(kind="lxc")).questions]
    assert len(asked) == 1
    assert '"VM' in asked[0]


@pytest.mark.parametrize(("cores", "asked"), [(8, False), (9, True), (12, True)])
def test_a_total_is_not_exceeded(cores: int, asked: bool) -> None:
    request, plan = made("VM named box1 with 8 cores in total, 8 GB RAM and 40 GB disk")
    machine = plan.machines[0].model_copy(update={"cores": cores})
    context = closed(plan.model_copy(update={"machines": (machine,)}), request)
    assert bool(context.questions) == asked


BOX = PLAN.machines[0]


def after(previous: Plan, *changes: Change, **sizes: t.Any) -> list[str]:
    """Return what is asked of a plan whose only machine got sizes, with the group it is of."""
    plan = with_machine(**sizes)
    group = Group(BOX.group, BOX.role, 1, BOX.cores, BOX.memory_mib, 1, names=(BOX.name,))
    context = Context(
        request=Request(changes=changes),
        snapshot=None,
        site=PLACE,
        deployment="t",
        environment="development",
        knowledge=load_knowledge(),
        previous=previous,
    )
    close(context, [group], plan)
    return [question.id for question in context.questions]


BOX1, OTHER = Target(name="box1"), Target(name="other")


@pytest.mark.parametrize(
    ("changes", "cores", "asked"),
    [
        ((Change(verb="multiply", target=BOX1, field="cores", value=2),), 8, []),
        ((Change(verb="multiply", target=BOX1, field="cores", value=2),), 16, ["closing.unsaid"]),
        ((Change(verb="set", target=BOX1, field="cores", value=6),), 8, ["closing.unsaid"]),
        ((Change(verb="set", target=OTHER, field="cores", value=8),), 8, ["closing.unsaid"]),
        (
            (
                Change(verb="keep", target=BOX1, field="whole"),
                Change(verb="set", target=Target(everything=True), field="cores", value=8),
            ),
            8,
            ["closing.unsaid"],
        ),
    ],
)
def test_sizes_change_only_where_and_as_they_were_named(
    changes: tuple[Change, ...], cores: int, asked: list[str]
) -> None:
    assert after(PLAN, *changes, cores=cores) == asked


def test_a_change_that_leaves_everything_as_it_is_is_asked() -> None:
    moved = Change(verb="move", target=Target(everything=True), field="nodes", value="pve9")
    context = closed(PLAN, Request(changes=(moved,)), PLAN)
    assert [question.id for question in context.questions] == ["closing.lost"]


def test_machines_that_nobody_counted_are_named() -> None:
    first = PLAN.machines[0]
    second = first.model_copy(update={"vmid": 20106, "name": "box2"})
    two = PLAN.model_copy(update={"machines": (first, second)})
    request, _plan = made("GitLab")
    context = closed(two, request)
    assert "machines.implied" in {finding.id for finding in context.findings}


KNOWLEDGE = load_knowledge(())
FAMILIES = sorted(name for name in KNOWLEDGE.families if not name.startswith("table-"))


def loaded(family: str, **loads: float) -> tuple[list[tuple[t.Any, ...]], list[str]]:
    """Return the sizes of a software with loads, and the rules of what was found."""
    request = Request(
        things=(MachinesThing(id="t1", software=(Software(family=family, loads=loads),)),)
    )
    plan = size(request, None, PLACE, deployment="t")
    sizes = [(m.cores, m.memory_mib, tuple(d.size_gib for d in m.disks)) for m in plan.machines]
    return sizes, [found.id for found in plan.findings]


@given(
    family=st.sampled_from(FAMILIES),
    load=st.sampled_from(["users", "concurrent_users", "devices", "rps", "data_gib", "agents"]),
    number=st.sampled_from([1.0, 30.0, 400.0, 5000.0]),
)
def test_a_load_decides_a_number_or_is_named(family: str, load: str, number: float) -> None:
    sizes, found = loaded(family, **{load: number})
    others = [loaded(family, **{load: other})[0] for other in (0.0, number * 1e6)]
    named = "loads.unused" in found
    assert named or any(other != sizes for other in others)
    assert not named or all(other == sizes for other in others)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("PostgreSQL for 5000 users", ['"5000 users"', "connections at the same time", "100"]),
        ("Redis for 500 users", ['"500 users"', "no source"]),
        ("nginx für 2000 Anfragen pro Sekunde", ['"2000 Anfragen pro Sekunde"', "no source"]),
        ("PostgreSQL for 200 concurrent users", []),
        ("GitLab for 1000 users with 50 concurrent", []),
        ("Redis with 4 GB of RAM for 500 users", []),
        ("Nextcloud for 30 people with 2 TB of photos", []),
        ("Paperless with 2 cores and 4 GB of RAM, scans come to 15 GB a year", ['"15 GB a year"']),
    ],
)
def test_a_load_that_decides_nothing_is_named_in_the_words_of_the_person(
    text: str, words: list[str]
) -> None:
    found = [f.message for f in made(text)[1].findings if f.id == "loads.unused"]
    assert len(found) == bool(words)
    assert all(word in message for message in found for word in words)


@pytest.mark.parametrize("facts", [None, snapshot()], ids=["no facts", "facts"])
def test_the_same_sentence_again_names_the_same(facts: t.Any) -> None:
    def told(plan: Plan) -> list[str]:
        assert plan.status == "ready"
        kept = ("loads.unused", "settings.by-hand")
        return sorted(found.message for found in plan.findings if found.id in kept)

    request, _rounds = request_of("PostgreSQL for 5000 users with a TPM", PLACE, facts)
    plan = size(request, facts, PLACE, deployment="t")
    again = size(request, facts, PLACE, deployment="t", previous=plan)
    assert len(told(plan)) == 2
    assert told(again) == told(plan)
    both = [
        [f for f in one.findings if f in other.findings]
        for one, other in ((plan, again), (again, plan))
    ]
    assert both[0] == both[1]
