# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole life of machines with reader and writer together, as doctor wants them.

Both are made by the commands that doctor prints. What looks is done by the reader, what writes by
the writer, and every write that was sent is one that Proxmox VE refuses on a foreign guest.
"""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

from fakepve import schema
from integration.terraform import test_protection as protection
from integration.terraform.conftest import Lab
from unit.plugins.plugin_utils._doctor.test_doctor import BEYOND, SITE, made
from unit.plugins.plugin_utils._doctor.test_foreign_guests import writes
from unit.plugins.plugin_utils._render.samples import container, machine

POOL = "clusterwright"


pve = protection.pve  # with ZFS on every node, for replication


def pair(lab: Lab, folder: Path, site: dict[str, t.Any]) -> dict[str, dict[str, str]]:
    """Both credentials as options, their secrets in private files; no other login is there."""
    lab.token = "nobody@pve!none=00000000-0000-0000-0000-000000000000"
    found = {}
    for purpose, token in made(lab.pve, site).items():
        file = folder / purpose
        identity, _, secret = token.partition("=")
        file.touch(mode=0o600)
        file.write_text(f"{secret}\n")
        found[purpose] = {"token_id": identity, "secret_file": str(file)}
    return found


def test_plan_apply_second_plan_drift_and_destroy(lab: Lab, tmp_path: Path) -> None:
    both: dict[str, t.Any] = pair(lab, tmp_path, SITE)
    major = int(lab.pve.state.series[0])
    before = lab.guests()
    writer = both["writer"]["token_id"].partition("!")[0]
    lab.pve.state.access.users[writer].fields["expire"] = int(time.time()) + 5 * 86_400

    def run(state: str, **options: t.Any) -> dict[str, t.Any]:
        lab.pve.clear_calls()
        result = lab.run(state, **both, **options)
        assert not result.get("failed"), result["msg"]
        return result

    for memory_mib in (2048, 4096):
        lab.render(machine(pool=POOL, memory_mib=memory_mib), container(pool=POOL), pve_major=major)
        planned = run("planned")
        assert _users(lab) == {both["reader"]["token_id"]}
        applied = run("applied", approved_sha256=planned["plan_sha256"])
        assert f"{both['writer']['token_id']} ends on" in str(applied["warnings"])
        assert "warnings" not in planned
        assert _users(lab) == {both["writer"]["token_id"]}
        assert _templates(lab) <= _refused(lab)
    again = run("planned")
    assert not any(again["summary"]["counts"].values()), again["summary"]["text"]
    assert run("drift")["drift"] == []
    assert _users(lab) == {both["reader"]["token_id"]}
    gone = run("absent", consent=[m["name"] for m in (machine(), container())])
    assert gone["changed"] and lab.guests() == before
    assert _templates(lab) <= _refused(lab)


def test_the_reader_alone_destroys_nothing(lab: Lab, tmp_path: Path) -> None:
    both: dict[str, t.Any] = pair(lab, tmp_path, SITE)
    before = lab.guests()
    lab.render(machine(pool=POOL), pve_major=int(lab.pve.state.series[0]))
    planned = lab.run("planned", **both)
    assert not lab.run("applied", approved_sha256=planned["plan_sha256"], **both).get("failed")
    refused = lab.run(
        "absent", consent=["demo-web-1"], reader=both["reader"], writer=both["reader"]
    )
    assert refused["failed"] and len(lab.guests()) == len(before) + 1


def test_high_availability_backups_and_replication_are_made_and_go(
    lab: Lab, tmp_path: Path
) -> None:
    site = {**SITE, **BEYOND, "storages": {**SITE["storages"], "fast": "tank"}}
    both: dict[str, t.Any] = pair(lab, tmp_path, site)
    before = lab.guests()
    nic = {**machine()["nics"][0], "address": "10.77.0.22/24"}
    other = {"name": "demo-web-2", "vmid": 20002, "nics": [nic], "pool": POOL}
    copied = {**protection.VM, **other}
    machines = [machine(pool=POOL, ha={"enabled": True}), copied]
    protection.render(lab, *machines, backups=[protection.OWN])
    planned = lab.run("planned", **both)
    assert not planned.get("failed"), planned["msg"]
    made_it = lab.run("applied", approved_sha256=planned["plan_sha256"], **both)
    assert not made_it.get("failed"), made_it["msg"]
    state = lab.pve.state
    assert "vm:20001" in state.ha_resources and "cw-demo-own" in state.backup_jobs
    assert set(state.replication_jobs) == {"20002-0", "20002-1"}
    again = lab.run("planned", **both)
    assert not any(again["summary"]["counts"].values()), again["summary"]["text"]
    gone = lab.run("absent", consent=[one["name"] for one in machines], **both)
    assert not gone.get("failed"), gone["msg"]
    assert lab.guests() == before and not state.replication_jobs
    assert "cw-demo-own" not in state.backup_jobs and "vm:20001" not in state.ha_resources


def _users(lab: Lab) -> set[str]:
    """Who sent the requests since the last run."""
    return {str(call.user) for call in lab.pve.calls}


def _templates(lab: Lab) -> set[tuple[str, str]]:
    """Method and path of every write on a guest since the last run."""
    found = set()
    for call in lab.pve.calls:
        match = schema.load().match(call.path)
        if call.method != "GET" and match and "{vmid}" in match.template:
            found.add((call.method, match.template))
    assert found
    return found


def _refused(lab: Lab) -> set[tuple[str, str]]:
    """Method and path of every write that test_foreign_guests tries on a foreign guest."""
    return {call for kind in ("qemu", "lxc") for call in writes(lab.pve, kind)}
