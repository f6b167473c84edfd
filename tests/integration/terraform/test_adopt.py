# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests of other people are taken over as they are, by module and by playbook."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.pipeline.conftest import LabClient, Pipeline, lab_command
from integration.terraform.conftest import RUNNER, Lab
from lab.pve import PveServer
from lab.tools import Tools
from unit.plugins.plugin_utils._render.samples import machine

#: Tags of a guest that was taken over.
OURS = {"clusterwright", "clusterwright-imported", "cw-demo"}
#: What the guests of the lab have without saying it.
SAID = {"ostype": "l26"}


def guest_plan(lab: Lab, imports: dict[str, int], **options: t.Any) -> dict[str, t.Any]:
    """Run the module as a process of its own and return its result."""
    identity, _, secret = lab.token.partition("=")
    done = subprocess.run(
        [sys.executable, str(RUNNER), "guest_plan"],
        input=json.dumps(
            {
                "api_host": lab.pve.endpoint,
                "api_token_id": identity,
                "api_token_secret": secret,
                "ca_path": str(lab.pve.ca_file),
                "deployment": "demo",
                "imports": imports,
                **options,
            }
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return t.cast("dict[str, t.Any]", json.loads(done.stdout))


def configs(lab: Lab) -> dict[int, dict[str, t.Any]]:
    """Configurations of all guests, their tags apart."""
    return {
        guest.vmid: {key: value for key, value in guest.config.items() if key != "tags"}
        for guest in [*lab.pve.state.vms, *lab.pve.state.cts]
    }


def test_guests_are_taken_over_without_a_change(lab: Lab) -> None:
    guests = {guest.vmid: guest for guest in lab.pve.state.vms}
    for vmid in (100, 101):
        guests[vmid].config.update(SAID)
    guests[100].config.update(
        cpu="host",
        balloon="2048",
        hotplug="disk,network",
        protection=1,
        startup="order=1",
        description="Files of the house",
        numa=1,
        serial0="socket",
        ide2="none,media=cdrom",
        scsi0="ceph-vm:vm-100-disk-0,discard=on,iothread=1,size=64G,ssd=1",
        virtio1="local-lvm:vm-100-disk-1,backup=0,size=8G",
        net1="e1000=BC:24:11:00:01:F0,bridge=vmbr0,firewall=1,mtu=1400,tag=20",
        machine="q35",
        boot="order=ide2;virtio1",
    )
    before, calls = configs(lab), len(lab.pve.calls)
    imports = {"nas": 100, "homeassistant": 101}
    found = guest_plan(lab, imports)
    assert not found.get("failed"), found["msg"]
    assert {call.method for call in lab.pve.calls[calls:]} == {"GET"}

    lab.render(*found["plan"]["machines"])
    taken = lab.run("imported", imports=imports)
    assert not taken.get("failed"), taken["msg"]
    assert taken["imported"] == ["homeassistant", "nas"]
    assert configs(lab) == before
    assert set(guests[100].config["tags"].split(";")) == {*OURS, "storage"}
    planned = lab.run("planned")
    assert not any(planned["summary"]["counts"].values()), planned["summary"]["text"]
    assert lab.run("drift")["severity"] == "none"
    assert guest_plan(lab, imports, plan=found["plan"])["plan"] == found["plan"]


def test_machine_with_cloud_init_is_taken_over_from_a_lost_state(lab: Lab) -> None:
    directory = lab.render(machine("demo-web-1", 20001))
    lab.apply()
    before = configs(lab)
    (directory / "terraform.tfstate").unlink()
    found = guest_plan(lab, {"demo-web-1": 20001})
    assert not found.get("failed"), found["msg"]
    (adopted,) = found["plan"]["machines"]
    assert adopted["cloud_init"]["user"] == "debian"
    assert adopted["nics"][0]["address"] == "10.77.0.21/24"
    lab.render(adopted)
    taken = lab.run("imported", imports={"demo-web-1": 20001})
    assert taken.get("imported") == ["demo-web-1"], taken["msg"]
    assert configs(lab) == before
    assert not any(lab.run("planned")["summary"]["counts"].values())


def test_container_is_taken_over_without_a_change(lab: Lab) -> None:
    pihole = lab.containers()[102]
    pihole.config.update(
        cores=2,
        description="Names of the house",
        features="nesting=1",
        mp0="local-lvm:vm-102-disk-1,backup=1,mp=/etc/pihole,size=4G",
        mp1="ceph-vm:vm-102-disk-2,mp=/var/log,size=2G",
        net1="name=eth1,bridge=vmbr0,hwaddr=BC:24:11:00:02:02,firewall=1,ip=dhcp,mtu=1400,tag=20,type=veth",
        startup="order=1,up=20",
        protection=1,
        tags="dns",
        timezone="host",
    )
    lab.pve.state._pool_join("lab", 102)
    before, imports = configs(lab), {"pihole": 102}
    found = guest_plan(lab, imports)
    assert not found.get("failed"), found["msg"]
    assert found["plan"]["kind"] == "lxc"

    lab.render(*found["plan"]["machines"])
    taken = lab.run("imported", imports=imports)
    assert taken.get("imported") == ["pihole"], taken["msg"]
    assert configs(lab) == before
    assert set(pihole.config["tags"].split(";")) == {*OURS, "dns"}
    assert (pihole.status, pihole.pool) == ("running", "lab")
    planned = lab.run("planned")
    assert not any(planned["summary"]["counts"].values()), planned["summary"]["text"]
    assert lab.run("drift")["severity"] == "none"


@pytest.mark.parametrize(
    "said",
    [
        {"cores": 1, "memory": 512, "swap": 0},
        {"cores": 1, "memory": 2048, "swap": 512, "cpuunits": 100},
        {"cores": 4, "memory": 512, "swap": 512, "console": 1, "cmode": "tty", "tty": 2},
    ],
    ids=["provider's defaults", "one core", "console said"],
)
def test_container_keeps_what_the_provider_takes_for_nothing(
    lab: Lab, said: dict[str, t.Any]
) -> None:
    pihole = lab.containers()[102]
    net0 = f"{pihole.config['net0']},firewall=1"
    pihole.config.update(said, net0=net0)
    before, imports = configs(lab), {"pihole": 102}
    lab.render(*guest_plan(lab, imports)["plan"]["machines"])
    taken = lab.run("imported", imports=imports)
    assert taken.get("imported") == ["pihole"], taken["msg"]
    assert not [c for c in lab.pve.calls if c.method != "GET" and "firewall" in c.path]
    assert configs(lab) == before
    planned = lab.run("planned")
    assert not any(planned["summary"]["counts"].values()), planned["summary"]["text"]
    assert lab.run("drift")["severity"] == "none"


@pytest.mark.parametrize("version", ["8.4", "9.1"])
def test_managed_guests_stay_managed(lab_of: t.Callable[[str], Lab], version: str) -> None:
    lab = lab_of(version)
    state = lab.pve.state
    state.vm(100).config.update(SAID)
    for sid in ("vm:100", "ct:102"):
        state.ha_resources[sid] = {"state": "started", "max_restart": 3}
        state.tell_container(sid)
    before = json.dumps(state.ha_resources)
    imports = {"nas": 100, "pihole": 102}
    found = guest_plan(lab, imports)
    assert not found.get("failed"), found["msg"]
    lab.render(*found["plan"]["machines"], pve_major=int(version[0]))
    taken = lab.run("imported", imports=imports)
    assert taken.get("imported") == ["nas", "pihole"], taken["msg"]
    assert not any(lab.run("planned")["summary"]["counts"].values())
    assert json.dumps(state.ha_resources) == before


@pytest.mark.parametrize(
    ("imports", "config", "said"),
    [
        ({"nas": 999}, {}, "nas (VMID 999) does not exist"),
        ({"debian-12-cloud": 9000}, {}, "debian-12-cloud (VMID 9000) is a template"),
        ({"nas": 100}, {"usb0": "host=1234:5678"}, "nas (VMID 100) has usb0"),
        ({"pihole": 102}, {"dev0": "/dev/ttyUSB0"}, "pihole (VMID 102) has dev0"),
        ({"nas": "a"}, {}, "no VMID for nas"),
        ({}, {}, "no VMID for any guest"),
    ],
)
def test_what_cannot_be_taken_over_is_refused(
    lab: Lab, imports: dict[str, t.Any], config: dict[str, str], said: str
) -> None:
    guests = {guest.vmid: guest for guest in [*lab.pve.state.vms, *lab.pve.state.cts]}
    guests[100].config.update(SAID)
    guests[102 if 102 in imports.values() else 100].config.update(config)
    refused = guest_plan(lab, imports)
    assert refused["failed"] and said in refused["msg"], refused
    assert "\n" not in refused["msg"]


def test_silent_agent_is_refused_before_terraform_waits_for_it(lab: Lab) -> None:
    nas = next(guest for guest in lab.pve.state.vms if guest.vmid == 100)
    nas.config.update(SAID)
    lab.pve.faults.set("agent_silent", vmid=100)
    refused = guest_plan(lab, {"nas": 100})
    assert refused["failed"] and "it does not answer" in refused["msg"], refused


@pytest.fixture
def lab_of(tools: Tools, tmp_path: Path) -> Iterator[t.Callable[[str], Lab]]:
    """Start a simulated cluster of a version."""
    with contextlib.ExitStack() as servers:

        def start(version: str) -> Lab:
            server = servers.enter_context(PveServer(version=version))
            return Lab(server, tools, tmp_path, server.make_token())

        yield start


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    """The playbooks, with a lab of their own whose guests say what they have."""
    name = f"adopt-{os.getpid()}"
    lab_command("up", "--name", name, "--machines", "simulated")
    try:
        lab = LabClient.of(name)
        for node, vmid in (("pve1", 100), ("pve2", 101)):
            lab.api("PUT", f"/nodes/{node}/qemu/{vmid}/config", **SAID)
        lab.forget_calls()
        yield Pipeline(lab, tmp_path)
    finally:
        lab_command("down", "--name", name)


def test_playbook_takes_guests_into_a_deployment(pipeline: Pipeline) -> None:
    nas, both = {"nas": 100}, {"nas": 100, "homeassistant": 101}
    dry = pipeline.run("import", "house", "--check", imports=nas).ok()
    assert "Would import nas." in dry.output
    assert not pipeline.tree() and not pipeline.lab.writes()

    pipeline.run("import", "house", imports={"debian-12-cloud": 9000}).refused("is a template")
    assert not (pipeline.deployments / "house/applied.json").exists()
    assert not pipeline.lab.writes()

    pipeline.run("import", "house", imports=nas).ok()
    before = pipeline.tree()
    assert "Would import homeassistant." in (
        pipeline.run("import", "house", "--check", imports=both).ok().output
    )
    assert pipeline.tree() == before
    pipeline.run("import", "house", imports=both).ok()
    assert "changed=0" in pipeline.run("import", "house", imports=both).ok().output
    assert [m["name"] for m in pipeline.read("house", "applied")["plan"]["machines"]] == [
        "nas",
        "homeassistant",
    ]
    assert {run["status"] for run in pipeline.runs("house")} == {"COMPLETED", "FAILED"}
    assert "No drift." in pipeline.run("drift", "house").ok().output

    pipeline.lab.forget_calls()
    pipeline.run("apply", "house").ok()
    pipeline.run("size", "house", refine="8 GB memory").refused("no request to refine", "release")
    pipeline.run("destroy", "house").refused("was there before and was only taken over")
    assert not pipeline.lab.writes()
    assert {100, 101} <= set(pipeline.guests())
