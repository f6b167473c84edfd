# SPDX-License-Identifier: GPL-3.0-or-later
"""Each rule has a plan that passes and one that fails; a broken file is an error with its place."""

from __future__ import annotations

import copy
import functools
import re
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._policy import (
    POLICIES,
    PolicyError,
    check,
    document,
    evaluate,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    plan,
    request,
    site,
    snapshot,
)

Json = dict[str, t.Any]
BPG = "registry.terraform.io/bpg/proxmox"
ADDRESS = "proxmox_virtual_environment_vm.machine"


@functools.cache
def _base() -> Json:
    wanted = request(cluster={"servers": 3, "agents": 1}, environment="production")
    limits = {
        "max_machines": 4,
        "max_cores_per_machine": 8,
        "max_memory_mib_per_machine": 16384,
        "max_monthly_cost": 1000.0,
    }
    place = site(
        environments={"production": limits}, prices={"core_month": 1.0}, nodes=["pve1", "pve2"]
    )
    place = place.model_copy(update={"nodes": ("pve1", "pve2", "pve3")})
    facts = snapshot(4)
    return document(plan(wanted, facts, place), wanted, place, facts, {"resource_changes": []})


def base() -> Json:
    """Return the input of a plan that every rule allows."""
    return copy.deepcopy(_base())


def machine(data: Json, index: int = 0) -> Json:
    """Return one machine of the plan."""
    found: Json = data["plan"]["machines"][index]
    return found


def limit(name: str, value: float) -> t.Callable[[Json], None]:
    """Return a change that lowers a limit of the site."""
    return lambda data: data["site"]["environments"]["production"].update({name: value})


def setting(**values: t.Any) -> t.Callable[[Json], None]:
    """Return a change of the first machine."""
    return lambda data: machine(data).update(values)


def promise(**values: t.Any) -> t.Callable[[Json], None]:
    """Return a change of what was promised."""
    return lambda data: data["request"]["sla"].update(values)


def change(**values: t.Any) -> t.Callable[[Json], None]:
    """Return a change that Terraform would make of the first machine."""

    def apply(data: Json) -> None:
        first = machine(data)
        after = {
            "cpu": [{"cores": first["cores"]}],
            "memory": [{"dedicated": first["memory_mib"]}],
        }
        row = {
            "address": f'{ADDRESS}["{first["name"]}"]',
            "mode": "managed",
            "type": "proxmox_virtual_environment_vm",
            "index": first["name"],
            "provider_name": BPG,
            "change": {"actions": ["create"], "after": after},
        }
        data["terraform"] = {"resource_changes": [{**row, **values}]}

    return apply


def nothing(_data: Json) -> None:
    """Change nothing."""


def together(data: Json) -> None:
    """Put all machines on one node."""
    for index in range(4):
        machine(data, index)["node"] = "pve1"


#: rule -> (a change that it allows, a change that it reports)
RULES: dict[str, tuple[t.Callable[[Json], None], t.Callable[[Json], None]]] = {
    "policy.limits.machines": (limit("max_machines", 4), limit("max_machines", 3)),
    "policy.limits.cores": (setting(cores=4, sockets=2), setting(cores=4, sockets=3)),
    "policy.limits.memory": (setting(memory_mib=16384), setting(memory_mib=16385)),
    "policy.budget.exceeded": (limit("max_monthly_cost", 500), limit("max_monthly_cost", 1)),
    "policy.names.pattern": (setting(name="web-1"), setting(name="Web_1")),
    "policy.names.duplicate": (setting(vmid=777), setting(vmid=20001)),
    "policy.storages.unusable": (
        setting(disks=[{"storage": "tank", "size_gib": 1}]),
        setting(disks=[{"storage": "../../etc", "size_gib": 1}]),
    ),
    "policy.nodes.unavailable": (
        setting(node="pve2"),
        lambda data: data["facts"]["nodes"][0].update(online=False),
    ),
    "policy.nodes.foreign": (setting(node="pve3"), setting(node="pve4")),
    "policy.nodes.servers-together": (nothing, together),
    "policy.forbidden.privileged-container": (
        setting(kind="lxc", unprivileged=True),
        setting(kind="lxc", unprivileged=False),
    ),
    "policy.forbidden.no-owner-tag": (setting(tags=["clusterwright"]), setting(tags=["other"])),
    "policy.forbidden.no-key": (setting(ssh_keys=None), setting(ssh_keys=0)),
    "policy.forbidden.gateway-address": (
        setting(address="10.20.0.77"),
        setting(address="10.20.0.1"),
    ),
    "policy.sla.latency": (nothing, promise(p99_ms=50)),
    "policy.sla.availability": (nothing, promise(availability_percent=99.9)),
    "policy.sla.zero-downtime": (promise(zero_downtime=False), promise(zero_downtime=True)),
    "policy.sla.other": (promise(latency_ms=9), promise(durability="eleven nines")),
    "policy.terraform.provider": (change(), change(provider_name="hashicorp/null")),
    "policy.terraform.unplanned": (change(), change(index="stranger")),
    "policy.terraform.size": (
        change(),
        change(
            change={
                "actions": ["update"],
                "after": {"cpu": [{"cores": 64}], "memory": [{"dedicated": 1}]},
            }
        ),
    ),
}


def ids(data: Json) -> set[str]:
    """Return the ids of the findings."""
    return {finding.id for finding in evaluate(data)}


def test_the_plan_they_start_from_breaks_no_rule() -> None:
    assert evaluate(base()) == ()


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.startswith("policy.limits.") and "machines" not in rule]
)
def test_a_machine_of_another_environment_keeps_the_limits_of_its_own(rule: str) -> None:
    data = base()
    data["plan"]["environment"] = "development"
    RULES[rule][1](data)
    assert rule in ids(data)
    machine(data)["environment"] = "development"
    assert rule not in ids(data)


def test_machines_are_counted_in_their_own_environment() -> None:
    data = base()
    limit("max_machines", 3)(data)
    machine(data)["environment"] = "development"
    assert "policy.limits.machines" not in ids(data)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_reports_what_it_forbids_and_only_that(rule: str) -> None:
    allowed, forbidden = base(), base()
    RULES[rule][0](allowed)
    RULES[rule][1](forbidden)
    assert rule not in ids(allowed)
    found = [finding for finding in evaluate(forbidden) if finding.id == rule]
    assert found
    expected = "warning" if rule.startswith("policy.sla.") else "error"
    assert {finding.severity for finding in found} == {expected}
    assert all("%!" not in finding.message and finding.field for finding in found)


def test_every_rule_is_in_the_table() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in POLICIES.glob("*.rego"))
    assert set(re.findall(r'"id": "([^"]+)"', text)) == set(RULES)


def test_without_facts_the_rules_about_facts_are_silent() -> None:
    data = base()
    data["facts"] = None
    setting(node="pve1", disks=[{"storage": "x", "size_gib": 1}])(data)
    assert ids(data) == set()


def user_policy(folder: Path, text: str, name: str = "team.rego") -> tuple[str, ...]:
    """Write a user's file and return the folders to use."""
    (folder / name).write_text(text, encoding="utf-8")
    return (str(folder),)


TEAM = """package team.web

findings contains {"id": "team.web.disks", "severity": "error", "field": "machines",
	"message": sprintf("%s: the web team has 10 GiB a machine", [m.name])} if {
	input.site.owner == "clusterwright"
	some m in input.plan.machines
	some disk in m.disks
	disk.size_gib > 10
}
"""


def test_a_file_of_ones_own_adds_limits(tmp_path: Path) -> None:
    found = evaluate(base(), user_policy(tmp_path, TEAM))
    assert {finding.id for finding in found} == {"team.web.disks"}
    assert {finding.source for finding in found} == {"policy team"}


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    folders = user_policy(tmp_path, TEAM)
    assert evaluate(base(), folders)
    user_policy(tmp_path, TEAM.replace("> 10", "> 100000"))
    assert evaluate(base(), folders) == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("package a\n\nfindings contains 1 if {\n\tx := := 3\n}\n", r"team\.rego, line 4: "),
        ("findings contains 1\n", r"team\.rego, line 1: it names no package"),
        ("package a\nx := 3\n", r"team\.rego, line 1: it has no rule"),
        (
            "package a\nfindings contains x if { x := no_such(3) }\n",
            r"team\.rego, rules at line 2: one cannot",
        ),
        (
            'package a\nfindings contains x if { x := to_number("abc") }\n',
            r"team\.rego, rules at line 2: one cannot",
        ),
        ('package a\nfindings contains "text"\n', r"team\.rego, rules at line 2: one cannot"),
        (
            'package a\nfindings contains {"id": "a", "severity": "fatal", "message": ""}\n',
            r"team\.rego gave a finding that is none",
        ),
        ("package a\n\nfindings contains opa.runtime()\n", r"team\.rego, line 3: opa\.runtime"),
    ],
)
def test_a_broken_file_is_an_error_with_its_place(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=sentence) as raised:
        evaluate(base(), user_policy(tmp_path, text))
    assert "\n" not in str(raised.value)


def test_a_file_or_folder_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"missing does not exist"):
        evaluate(base(), (str(tmp_path / "missing"),))
    (tmp_path / "bad.rego").write_bytes(b"package a\n\xff")
    with pytest.raises(PolicyError, match=r"bad\.rego is not UTF-8 at byte 10"):
        evaluate(base(), (str(tmp_path),))
    (tmp_path / "bad.rego").unlink()
    (tmp_path / "dir.rego").mkdir()
    with pytest.raises(PolicyError, match=r"dir\.rego cannot be read"):
        evaluate(base(), (str(tmp_path),))


def test_without_the_library_it_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "regopy", None)
    with pytest.raises(PolicyError, match="pip install regopy"):
        evaluate(base(), user_policy(tmp_path, TEAM))


def test_a_library_that_lacks_one_of_the_system_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.mkdir()
    (broken / "regopy.py").write_text("raise OSError('libatomic.so.1: cannot open shared object')")
    monkeypatch.delitem(sys.modules, "regopy", raising=False)
    monkeypatch.syspath_prepend(broken)
    with pytest.raises(PolicyError, match=r"regopy cannot be loaded.*libatomic1 of Debian"):
        evaluate(base(), user_policy(tmp_path, TEAM))


def test_a_stated_promise_says_what_the_plan_does_about_it() -> None:
    wanted = request(ha=True, sla={"availability_percent": 99.95, "zero_downtime": True})
    facts, place = snapshot(3), site()
    found = {f.id: f.message for f in check(plan(wanted, facts, place), wanted, place, facts)}
    assert "3 servers" in found["policy.sla.availability"]
    assert "cannot be guaranteed" in found["policy.sla.zero-downtime"]
    alone = request(kind="vm", machines=[{"role": "vm"}], sla={"zero_downtime": True})
    [lonely] = check(plan(alone, facts, place), alone, place, facts)
    assert "1 machines on 1 hosts" in lonely.message
