# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers that plan clusters at the same moment, on one ledger: no value is given twice."""

from __future__ import annotations

import ipaddress
import itertools
import json
import subprocess
import sys
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger
from unit.plugins.plugin_utils._sizing.builders import site, snapshot

from .test_ledger import ROOT, url

__all__ = ["url"]

CONTROLLERS = 4
GPUS = [f"gpu-{number}@pve1" for number in range(CONTROLLERS)]
#: One controller: plans with what the others hold, reserves it, and plans again when it is late.
CONTROLLER = """
import json, sys
sys.path.insert(0, "build/collections")
base = "ansible_collections.clusterwright.proxmox.plugins.plugin_utils."
from importlib import import_module
ledgers = import_module(base + "_ledger")
claims = import_module(base + "_records._claims")
sizing = import_module(base + "_sizing._task")
contracts = import_module(base + "_contracts")
url, name, given = sys.argv[1:]
place = json.loads(given)
print("ready", flush=True)
sys.stdin.readline()
ledger = ledgers.Ledger(url)
late = 0
while True:
    held = ledger.reserved(but=name)
    _request, plan = sizing.size_data(
        site=place["site"], snapshot=place["snapshot"], deployment=name, reserved=held,
        intent="HA cluster with 3 servers and 1 worker",
    )
    plan = contracts.to_data(plan)
    assert plan["status"] == "ready", plan["summary"]
    for machine in plan["machines"]:
        machine["ha"]["enabled"] = True
    gpu = next(one for one in place["gpus"] if one not in held["pci_mappings"])
    wanted = [*claims.claims_of(plan), {"kind": "pci", "value": gpu, "machine": "gpu"}]
    try:
        ledger.reserve(name, claims.machines_of(plan), wanted)
        break
    except ledgers.LedgerError as error:
        late += 1
        assert "was taken" in str(error) or "belongs to" in str(error) or "moment" in str(error)
ids = [{"kind": key, "value": m[key]} for m in claims.machines_of(plan) for key in m]
print(json.dumps({"late": late, "held": [*wanted, *ids]}), flush=True)
"""


def test_planning_at_once_never_gives_a_value_twice(url: str) -> None:
    place = json.dumps(
        {
            "site": to_data(site(network={"machine_range": "10.20.0.10-10.20.0.60"})),
            "snapshot": to_data(snapshot(4)),
            "gpus": GPUS,
        }
    )
    Ledger(url).close()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CONTROLLER, url, f"cluster-{number}", place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for number in range(CONTROLLERS)
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [json.loads(process.communicate()[0]) for process in processes]
    given = [{(row["kind"], str(row["value"])) for row in each["held"]} for each in said]
    kinds = {kind for kind, _value in given[0]}
    assert kinds == {"vmid", "name", "address", "vrrp", "network", "pci", "ha_rule"}
    for mine, theirs in itertools.combinations(given, 2):
        # Networks of pods and services are inside of a cluster: two may be alike.
        assert not {value for value in mine & theirs if value[0] != "network"}
    for mine, theirs in itertools.permutations(given, 2):
        assert not [a for n in _of(mine, "network") for a in _of(theirs, "address") if _in(a, n)]
    ledger = Ledger(url)
    held = ledger.reserved(but="cluster-0")
    ledger.close()
    assert held["pci_mappings"] == sorted(g for each in given[1:] for g in _of(each, "pci"))


def _of(given: t.Iterable[tuple[str, str]], kind: str) -> list[str]:
    return [value for found, value in given if found == kind]


def _in(address: str, network: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(network)
