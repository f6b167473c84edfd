# SPDX-License-Identifier: GPL-3.0-or-later
"""Applied and undone: the configuration on Proxmox VE is the one of before, by real Terraform."""

from __future__ import annotations

import copy
import random
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import (
    Connection,
    connect,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records import undone
from integration.terraform.conftest import Lab
from unit.plugins.plugin_utils._records.changing import REVERSIBLE, changed
from unit.plugins.plugin_utils._render.samples import machine, plan

CHANGES = 500
MACHINES = 12
#: What says the same as no value at all.
UNSET = (("description", ""), ("protection", "0"))


def configurations(lab: Lab) -> dict[int, dict[str, t.Any]]:
    """Configurations of our machines, as the API answers: what waits for a restart included."""
    identity, _, secret = lab.token.partition("=")
    options = {"api_host": lab.pve.endpoint, "api_token_id": identity, "api_token_secret": secret}
    connection = Connection.from_options({**options, "ca_path": str(lab.pve.ca_file)})
    api = connect(connection)
    return {
        int(vm.vmid): {
            key: value
            for key, value in api.get(f"/nodes/{vm.node}/qemu/{vm.vmid}/config").items()
            if key not in ("meta", "vmgenid", "digest") and (key, str(value)) not in UNSET
        }
        for vm in lab.pve.state.vms
        if int(vm.vmid) >= 20000
    }


def different(before: dict[int, t.Any], after: dict[int, t.Any]) -> list[str]:
    """Return each value that is not as it was."""
    return [
        f"{vmid} {key}: {before[vmid].get(key)} -> {after[vmid].get(key)}"
        for vmid in sorted(before)
        for key in sorted(before[vmid].keys() | after[vmid].keys())
        if before[vmid].get(key) != after[vmid].get(key)
    ]


def machines_of(whole: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", whole["machines"])


def test_applied_and_undone_leaves_what_was_before(lab: Lab) -> None:
    """Random changes of random fields of all machines at once, until there were 500."""
    chance = random.Random(20261130)  # noqa: S311
    first = [machine(f"demo-web-{n}", 20000 + n) for n in range(1, MACHINES + 1)]
    before = to_data(plan(*first))
    lab.render(*machines_of(before))
    lab.apply()
    done = 0
    while done < CHANGES:
        was = configurations(lab)
        after = copy.deepcopy(before)
        numbers = [chance.randint(2, 8) for _ in range(MACHINES)]
        after["machines"] = [
            changed(chance, one, number, REVERSIBLE)
            for one, number in zip(machines_of(before), numbers, strict=True)
        ]
        lab.render(*machines_of(after))
        lab.apply()
        assert configurations(lab) != was
        back = undone(before, after, after)
        assert back.kept == ()
        lab.render(*machines_of(back.plan))
        lab.apply()
        told = different(was, configurations(lab))
        assert not told, "\n".join(told)
        done += sum(numbers)
    assert lab.run("drift")["drift"] == []


def test_a_disk_that_grew_stays_and_what_was_made_goes(lab: Lab) -> None:
    before = to_data(plan(machine("demo-web-1", 20001)))
    lab.render(*machines_of(before))
    lab.apply()
    after = copy.deepcopy(before)
    after["machines"][0]["disks"][0]["size_gib"] = 40
    after["machines"] += machines_of(to_data(plan(machine("demo-web-2", 20002))))
    lab.render(*machines_of(after))
    lab.apply()
    after["machines"][0]["memory_mib"] = 4096
    lab.render(*machines_of(after))
    lab.apply()
    back = undone(before, after, after)
    assert back.removed == ("demo-web-2",) and "disks.0.size_gib stays 40" in back.kept[0]
    lab.render(*machines_of(back.plan))
    refused = lab.run("planned")
    assert refused["destructive"] == ["demo-web-2"]
    lab.apply(consent=["demo-web-2"])
    [config] = configurations(lab).values()
    assert "size=40G" in config["scsi0"]
    assert int(config["memory"]) == 2048
