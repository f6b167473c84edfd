# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the form can say changes the plan, or a finding or question speaks of it."""

from __future__ import annotations

import functools
import json
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _reading
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Request,
    Site,
    Snapshot,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Reading,
    Topic,
    Verb,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._sentences import (
    SITE,
    facts_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._both import (
    accounted,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._by_model import (
    form_row,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._form import (
    read_form,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._ignored import (
    ABSENT,
    ignored,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._masked import Masked
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._translated import (
    There,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size, size_data
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._intent import (
    vocabulary_of,
)

#: topic: words, value, about. Each is another one than a machine has by itself.
SAID: dict[str, tuple[str, str, str]] = {
    "software": ("redis", "redis", ""),
    "version": ("version 7.2", "7.2", ""),
    "count": ("three of them", "3", ""),
    "cores": ("7 cores", "7", ""),
    "memory_mib": ("24 GB of RAM", "24 GB", ""),
    "disk_gib": ("120 GB of disk", "120 GB", ""),
    "data_disk_gib": ("another disk of 300 GB", "300 GB", ""),
    "gpu": ("1 GPU", "1", ""),
    "name": ("called zeta7", "zeta7", ""),
    "vmid": ("VMID 777", "777", ""),
    "address": ("at a1", "a1", ""),
    "gateway": ("gateway a1", "a1", ""),
    "dns_server": ("DNS a1", "a1", ""),
    "bridge": ("bridge vmbr7", "vmbr7", ""),
    "vlan": ("VLAN 70", "70", ""),
    "pool": ("pool lab", "lab", ""),
    "storage": ("storage ceph1", "ceph1", ""),
    "node": ("on pve2", "pve2", ""),
    "tag": ("tag blue", "blue", ""),
    "os": ("ubuntu 24.04", "ubuntu 24.04", ""),
    "template": ("template 9001", "9001", ""),
    "iso": ("iso local:iso/x.iso", "local:iso/x.iso", ""),
    "image": ("image ghcr.io/a/b:1", "ghcr.io/a/b:1", ""),
    "port": ("port 8080", "8080", ""),
    "vip": ("VIP a1", "a1", ""),
    "cni": ("calico", "calico", ""),
    "addon": ("longhorn", "longhorn", ""),
    "distribution": ("rke2", "rke2", ""),
    "environment": ("for production", "production", ""),
    "ha": ("highly available", "true", ""),
    "scale": ("huge", "large", ""),
    "setting": ("with a USB stick", "yes", "usb"),
    "backup": ("saved every night", "every night", "schedule"),
    "sla": ("latency below 50 ms", "50", "latency_ms"),
    "driver": ("900 cameras", "900", "cameras"),
    "whole": ("half of that", "0.5", "t1"),
    "thing": ("container", "container", ""),
    "link": ("in front of t9", "t9", "in_front_of"),
}
#: How machines stand to each other is told, and changes none of them.
TOLD = {"link"}
#: What a machine has not unless it is asked for: leaving it out needs nothing.
LEFT_OUT = ABSENT | {"driver", "ha", "setting", "whole"}
#: Said by other kinds only: what exists, and what changes no machine.
OTHERS = {"hardware", "text"}
MACHINE = ("Make a web server VM", "web server VM", "web")
CLUSTER = ("Make a k3s cluster", "k3s cluster", "k3s")
THERE = "two nginx VMs with 2 cores, 2 GB and 30 GB disk and a redis VM with 2 cores and 4 GB"
PLACE, FACTS = Site.model_validate(SITE), Snapshot.model_validate(facts_of({"nodes": 3}))
WORDS = vocabulary_of(PLACE, FACTS)
ADDRESS = "10.0.7.77"
Row = list[str]
Base = tuple[Request, Plan]


@functools.cache
def there() -> Base:
    request, plan = size_data(
        intent=THERE, site=SITE, snapshot=facts_of({"nodes": 3}), deployment="t"
    )
    assert plan.status == "ready"
    return request, plan


def seen(wanted: Request, plan: Plan) -> dict[str, t.Any]:
    """Return what a person sees of a plan, without the reasons of its numbers."""
    data = to_data(plan)
    shown = ("status", "machines", "cluster", "addons", "backups", "findings")
    for machine in data["machines"]:
        del machine["why"]
    asked = [question.text for question in wanted.questions]
    return {"asked": asked, **{name: data[name] for name in shown}}


def planned(text: str, rows: t.Sequence[Row], base: Base | None = None) -> dict[str, t.Any]:
    request, plan = base or (None, None)
    previous = _reading.record(plan) if plan is not None else None
    masked = Masked(text.replace("a1", ADDRESS), {})
    form = json.dumps({"statements": [form_row(row) for row in rows]})
    filled = read_form(form, masked)
    said = Reading(text=masked.text, statements=filled.statements, questions=filled.questions)
    reading = accounted(said, WORDS, There(previous, masked))

    def made(of: Reading) -> Request:
        return _reading.request(of, WORDS, previous)

    findings = (*filled.findings, *reading.findings, *ignored(reading, made))
    wanted = made(reading.model_copy(update={"findings": findings}))
    given: dict[str, t.Any] = {"deployment": "t", "previous": plan, "previous_request": request}
    return seen(wanted, size(wanted, FACTS, PLACE, **given))


def test_each_topic_is_said() -> None:
    assert {*SAID} | OTHERS == {*t.get_args(Topic)}


@pytest.mark.parametrize("base", [MACHINE, CLUSTER], ids=["machine", "cluster"])
@pytest.mark.parametrize("topic", sorted(SAID.keys() - TOLD))
def test_what_is_wished_shows(topic: str, base: tuple[str, str, str]) -> None:
    text, thing, value = base
    rows = [["wish", "t1", "thing", "", value, "none", "", thing]]
    words, said, about = SAID[topic]
    kind = "load" if topic == "driver" else "wish"
    verb = "multiply" if topic == "whole" else "none"
    more = [kind, "t1", topic, about, said, verb, "", words]
    assert planned(f"{text}, {words}.", [*rows, more]) != planned(f"{text}.", rows)


@pytest.mark.parametrize("topic", sorted(SAID.keys() - LEFT_OUT))
def test_what_is_excluded_shows(topic: str) -> None:
    text, thing, value = MACHINE
    rows = [["wish", "t1", "thing", "", value, "none", "", thing]]
    words, said, about = SAID[topic]
    words = words.replace("pve2", "pve1")  # where it would be
    said = said.replace("pve2", "pve1")
    more = ["exclude", "t1", topic, about, said, "none", "", f"not {words}"]
    assert planned(f"{text}, not {words}.", [*rows, more]) != planned(f"{text}.", rows)


@functools.cache
def unchanged() -> dict[str, t.Any]:
    """Return what is seen where a change does what is there already."""
    row = ["change", "g2", "cores", "", "2", "set", "", "for them, 2 cores"]
    plan = planned("Do it for them, 2 cores.", [row], there())
    assert plan["status"] == "ready"
    return plan


CHANGED = sorted(SAID.keys() - {"driver", "link", "thing"})


VERBS = sorted({*t.get_args(Verb)} - {"keep"})  # it protects from other orders
#: They have none that could go.
WITHOUT = {("ha", "remove")}
ORDERS = [(topic, verb) for topic in CHANGED for verb in VERBS if (topic, verb) not in WITHOUT]


@pytest.mark.parametrize(("topic", "verb"), ORDERS)
def test_what_is_changed_shows(topic: str, verb: str) -> None:
    words, said, about = SAID[topic]
    number = verb == "multiply"
    words, said = (f"twice the {topic}", "2") if number else (words, said)
    about, said = ("", said if number else "") if topic == "whole" else (about, said)
    row = ["change", "g2", topic, about, said, verb, "", f"for them, {words}"]
    assert planned(f"Do it for them, {words}.", [row], there()) != unchanged()
