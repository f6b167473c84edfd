# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of whole plans: every kind of difference, and what names it."""

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._verdict import (
    judge,
    summarised,
)

Data = dict[str, t.Any]


def machine(name: str, **change: t.Any) -> Data:
    group = change.pop("group", name.rstrip("0123456789-"))
    size = change.pop("disk_gib", 20)
    return {
        "name": name,
        "vmid": 100,
        "kind": "vm",
        "role": group,
        "group": group,
        "node": "pve1",
        "cores": 2,
        "sockets": 1,
        "memory_mib": 4096,
        "disks": [{"size_gib": size}],
        **change,
    }


def plan(*machines: Data, **change: t.Any) -> Data:
    return {"status": "ready", "deployment": "t", "machines": list(machines), **change}


CLUSTER = plan(
    *(machine(f"t-server-{i}", group="server") for i in (1, 2, 3)),
    *(machine(f"t-agent-{i}", group="agent") for i in (1, 2)),
    cluster={
        "servers": ["t-server-1", "t-server-2", "t-server-3"],
        "agents": ["t-agent-1", "t-agent-2"],
    },
    addons=[{"name": "prometheus"}],
)


def verdict(expect: Data, planned: Data, base: Data | None = None, **request: t.Any) -> str:
    case = {"id": "x", "lang": "en", "text": "", "expect": {"action": "plan", **expect}}
    result = {"plan": planned, "request": request}
    if base is not None:
        case["base"], result["base_plan"] = "base", base
    return judge(case, result).verdict


REDIS = {"what": ["redis"], "count": 2, "cores": 2, "memory_gib": 4, "disk_gib": [10, 40]}


@pytest.mark.parametrize(
    ("thing", "planned", "expected"),
    [
        ({}, plan(machine("redis-1"), machine("redis-2")), "right"),
        ({"memory_gib": 8}, plan(machine("redis-1"), machine("redis-2")), "silent"),
        ({}, plan(machine("redis-1")), "silent"),
        ({}, plan(*(machine(f"redis-{i}") for i in (1, 2, 3))), "silent"),
        ({}, plan(machine("redis-1"), machine("mysql-1")), "silent"),
        ({"names": ["redis-1"]}, plan(machine("redis-1"), machine("redis-2")), "right"),
        ({"names": ["cache1"]}, plan(machine("redis-1"), machine("redis-2")), "silent"),
        ({"kind": "lxc"}, plan(machine("redis-1"), machine("redis-2")), "silent"),
        ({"on": ["pve1"]}, plan(machine("redis-1"), machine("redis-2")), "right"),
        ({"not_on": ["pve1"]}, plan(machine("redis-1"), machine("redis-2")), "silent"),
        ({"vmids": [7]}, plan(machine("redis-1"), machine("redis-2")), "silent"),
        ({"os": "debian 12"}, plan(machine("redis-1"), machine("redis-2")), "silent"),
        ({"disks": [100]}, plan(machine("redis-1"), machine("redis-2")), "silent"),
    ],
)
def test_things(thing: Data, planned: Data, expected: str) -> None:
    assert verdict({"things": [{**REDIS, **thing}]}, planned) == expected


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        ({"id": "unread.number", "message": "8 GB of memory was not used."}, "warned"),
        ({"id": "x.size", "field": "machines.redis.memory_mib", "message": "less"}, "warned"),
        ({"id": "x.other", "message": "The disk is small."}, "silent"),
        ({"id": "x.size", "message": "8 GB of memory was not used.", "severity": "info"}, "silent"),
        ({"id": "facts.old", "message": "8 GB of memory was not used."}, "silent"),
    ],
)
def test_a_difference_that_is_named_is_a_warning(finding: Data, expected: str) -> None:
    planned = plan(machine("redis-1"), machine("redis-2"))
    planned["findings"] = [{"severity": "warning", "field": "", **finding}]
    assert verdict({"things": [{**REDIS, "memory_gib": 8}]}, planned) == expected


@pytest.mark.parametrize(
    ("expect", "question", "expected"),
    [
        ({"action": "ask"}, "How large?", "asked"),
        ({"action": "ask", "unclear": ["size|large"]}, "How large?", "asked"),
        ({"action": "plan", "unclear": ["name"]}, "How large?", "warned"),
    ],
)
def test_questions(expect: Data, question: str, expected: str) -> None:
    asked = {"status": "ask", "machines": []}
    assert verdict(expect, asked, questions=[{"text": question}]) == expected


def test_a_plan_instead_of_a_question_is_silent() -> None:
    assert verdict({"action": "ask"}, plan(machine("vm-1"))) == "silent"


def changed(**change: t.Any) -> Data:
    after = copy.deepcopy(CLUSTER)
    for each in after["machines"]:
        if each["group"] == "agent":
            each.update(change)
    return after


CHANGE = {"action": "change", "things": [{"what": ["worker"], "memory_gib": "x2"}]}


@pytest.mark.parametrize(
    ("expect", "after", "expected"),
    [
        (CHANGE, changed(memory_mib=8192), "right"),
        (CHANGE, CLUSTER, "silent"),
        (CHANGE, changed(memory_mib=8192, cores=4), "silent"),
        (CHANGE, {**changed(memory_mib=8192), "addons": []}, "silent"),
        ({**CHANGE, "not_addons": ["monitoring"]}, changed(memory_mib=8192), "silent"),
        (
            {"action": "change", "things": [], "not_addons": ["monitoring"]},
            {**CLUSTER, "addons": []},
            "right",
        ),
    ],
)
def test_a_change_touches_what_it_names_only(expect: Data, after: Data, expected: str) -> None:
    assert verdict(expect, after, base=CLUSTER) == expected


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        ({"servers": 3, "agents": 2, "ha": True}, "right"),
        ({"servers": 1, "agents": 2}, "silent"),
        ({"nodes": 5}, "right"),
        ({"nodes": 4}, "silent"),
    ],
)
def test_clusters(cluster: Data, expected: str) -> None:
    assert verdict({"cluster": cluster, "addons": ["monitoring"]}, CLUSTER) == expected


def test_a_cluster_that_nobody_asked_for() -> None:
    assert verdict({"things": [], "addons": ["monitoring"]}, CLUSTER) == "silent"


@pytest.mark.parametrize(
    ("result", "note"),
    [
        ({"error": "KeyError: x"}, "KeyError: x"),
        ({}, "no plan"),
        ({"plan": CLUSTER, "base_plan": {"status": "ask"}}, "the base was not planned"),
    ],
)
def test_crashes(result: Data, note: str) -> None:
    case = {"id": "x", "base": "b", "expect": CHANGE}
    assert (judge(case, result).verdict, judge(case, result).note) == ("crash", note)


def test_the_best_of_several_expectations_counts() -> None:
    case = {"id": "x", "expect": [{"action": "ask"}, {"action": "plan", "things": [REDIS]}]}
    planned = plan(machine("redis-1"), machine("redis-2"))
    assert judge(case, {"plan": planned}).verdict == "right"


def test_a_part_that_must_be_said() -> None:
    part = {"part": "a password was said", "say": "password"}
    expect = {"things": [REDIS], "must_say": [part]}
    planned = plan(machine("redis-1"), machine("redis-2"))
    assert verdict(expect, planned) == "silent"
    said = {"id": "secret.said", "severity": "warning", "message": "A password is ignored."}
    assert verdict(expect, {**planned, "findings": [said]}) == "warned"


def test_shares_are_per_language_and_over_all() -> None:
    good = judge({"id": "a", "expect": {"action": "plan"}}, {"plan": plan()})
    bad = judge({"id": "b", "expect": {"action": "ask"}}, {"plan": plan()})
    found = summarised({"a": good, "b": bad}, {"a": "de", "b": "en"})
    assert found["de"]["right"]["count"] == found["en"]["silent"]["count"] == 1
    assert found["all"]["right_or_asked"]["share"] == 0.5
