# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of existing containers become machines, or are refused by name."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.adopt import adopt
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.adopt_container import (
    machine,
    unsupported,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _render
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Plan, parse
from unit.plugins.module_utils._pve.support import Answer, RecordedApi

Data = dict[str, t.Any]

NET = "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:01:02,type=veth"
PLAIN: Data = {
    "hostname": "pihole",
    "arch": "amd64",
    "cores": 2,
    "memory": 512,
    "swap": 512,
    "ostype": "debian",
    "console": 1,
    "cmode": "tty",
    "tty": 2,
    "rootfs": "local-lvm:vm-102-disk-0,size=8G",
    "net0": f"{NET},ip=10.77.0.7/24,gw=10.77.0.1",
    "unprivileged": 1,
    "digest": "d66089ddae26eed9c3754ae8b41e4a644ba4f9db",
}
ROOT = {
    "interface": "rootfs",
    "storage": "local-lvm",
    "size_gib": 8,
    "backup": True,
    "mount_path": None,
}
NIC = {
    "bridge": "vmbr0",
    "vlan": None,
    "mtu": None,
    "firewall": False,
    "mac_address": "BC:24:11:00:01:02",
    "address": "10.77.0.7/24",
    "gateway": "10.77.0.1",
}


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        ({}, {"cores": 2, "memory_mib": 512, "swap_mib": 512, "os_type": "debian"}),
        ({}, {"disks": [ROOT], "nics": [NIC], "unprivileged": True, "nesting": False}),
        ({}, {"on_boot": False, "protection": False, "startup": None, "tags": []}),
        ({"unprivileged": 0, "features": "nesting=1"}, {"unprivileged": False, "nesting": True}),
        ({"onboot": 1, "protection": 1}, {"on_boot": True, "protection": True}),
        ({"startup": "order=2,up=30"}, {"startup": {"order": 2, "up_delay_seconds": 30}}),
        ({"tags": "clusterwright;cw-shop;dns"}, {"tags": ["dns"]}),
        ({"description": "Names\nof the house\n"}, {"description": "Names\nof the house"}),
        ({"cores": 1, "cpuunits": 100}, {"cores": 1}),
        ({"cores": 1}, {"cores": 1}),
        ({"memory": 1024, "swap": 0}, {"memory_mib": 1024, "swap_mib": 0}),
        ({"memory": 512, "swap": 0}, {"memory_mib": 512, "swap_mib": 0}),
        ({"console": None, "cmode": None, "tty": None}, {"os_type": "debian"}),
        (
            {},
            {"source": {"type": "existing", "volume_id": "local-lvm:vm-102-disk-0"}},
        ),
        (
            {"net0": f"{NET},ip=dhcp,firewall=1"},
            {"nics": [{**NIC, "address": "dhcp", "gateway": None, "firewall": True}]},
        ),
        ({"timezone": "host", "unused0": "local-lvm:vm-102-disk-9"}, {"disks": [ROOT]}),
        (
            {"mp0": "ceph-vm:vm-102-disk-1,mp=/srv,size=20G,backup=1"},
            {
                "disks": [
                    ROOT,
                    {
                        **ROOT,
                        "interface": "mp0",
                        "storage": "ceph-vm",
                        "size_gib": 20,
                        "mount_path": "/srv",
                    },
                ]
            },
        ),
        (
            {"net0": f"{NET},ip6=2001:db8::7/64,gw6=2001:db8::1,tag=20,mtu=1400,firewall=0"},
            {
                "nics": [
                    {
                        **NIC,
                        "address": "2001:db8::7/64",
                        "gateway": "2001:db8::1",
                        "vlan": 20,
                        "mtu": 1400,
                    }
                ]
            },
        ),
        ({"net0": f"{NET},ip=dhcp"}, {"nics": [{**NIC, "address": "dhcp", "gateway": None}]}),
    ],
)
def test_values_are_carried_over(config: Data, fields: Data) -> None:
    config = {key: value for key, value in {**PLAIN, **config}.items() if value is not None}
    assert list(unsupported(config)) == []
    found = machine(config, vmid=102, node="pve3")
    assert {name: found[name] for name in fields} == fields
    assert (found["name"], found["vmid"], found["node"], found["kind"]) == (
        "pihole",
        102,
        "pve3",
        "lxc",
    )
    rendered = _render.render(parse(Plan, plan_of(found)))[_render.VARIABLES_FILE]
    assert json.loads(rendered)["machines"]["pihole"]["os_type"] == "debian"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"hookscript": "local:snippets/x.sh"}, "has hookscript,"),
        ({"dev0": "/dev/ttyUSB0"}, "has dev0,"),
        ({"nameserver": "10.77.0.1"}, "has nameserver,"),
        ({"lxc": [["lxc.idmap", "u 0 100000 65536"]]}, "has lxc,"),
        ({"cpulimit": "1.5"}, "has cpulimit,"),
        ({"tty": 1}, "has tty,"),
        ({"arch": "arm64"}, "the architecture arm64"),
        ({"features": "nesting=1,keyctl=1"}, "the features keyctl=1"),
        ({"cores": None}, "no cores of its own"),
        ({"swap": None}, "no swap of its own"),
        ({"console": 0}, "has console,"),
        ({"startup": "order=1,down=60"}, "delay for shutting down"),
        ({"tags": "Prod"}, "tags that a plan cannot say (Prod)"),
        ({"rootfs": "local-lvm:vm-102-disk-0"}, "rootfs of less than 1 GiB or of unknown size"),
        ({"rootfs": "local-lvm:vm-102-disk-0,size=8G,acl=1"}, "rootfs with acl=1"),
        ({"rootfs": "/srv/root,size=8G"}, "rootfs outside of any storage"),
        ({"mp0": "/srv/media,mp=/media"}, "mp0 outside of any storage"),
        ({"mp0": "ceph-vm:vm-102-disk-1,mp=/srv,size=512M"}, "mp0 with the size 512M"),
        ({"mp0": "ceph-vm:vm-102-disk-1,mp=/srv,size=5G,ro=1"}, "mp0 with ro=1"),
        ({"net0": f"{NET},ip=dhcp,rate=10"}, "net0 with rate=10"),
        ({"net0": f"{NET},ip=manual"}, "net0 with another address"),
        ({"net0": NET}, "net0 with another address"),
        ({"net0": f"{NET},ip=dhcp,ip6=auto"}, "net0 with another address"),
        ({"net0": f"{NET},ip6=dhcp"}, "net0 with DHCP for IPv6"),
        ({"net0": "name=eth0,ip=dhcp,type=veth"}, "net0 without a bridge"),
        ({"net0": "name=lan0,bridge=vmbr0,ip=dhcp"}, "net0 named lan0"),
        ({"net2": "name=eth2,bridge=vmbr0,ip=dhcp"}, "net0, net2"),
    ],
)
def test_what_a_plan_cannot_say_is_named(config: Data, said: str) -> None:
    merged = {**PLAIN, **config}
    found = list(unsupported({key: value for key, value in merged.items() if value is not None}))
    assert said in found[0]
    assert len(found) == 1 or "net2" in config


def plan_of(*machines: Data) -> Data:
    """A ready plan of these machines."""
    return {
        "deployment": "house",
        "status": "ready",
        "summary": "",
        "environment": "test",
        "kind": "lxc",
        "machines": list(machines),
    }


def test_managed_container_of_a_pool_is_described_as_it_is() -> None:
    item = {
        "vmid": 102,
        "name": "pihole",
        "type": "lxc",
        "node": "pve3",
        "status": "running",
        "template": 0,
        "pool": "house",
        "hastate": "started",
    }
    api = RecordedApi(
        {
            "/cluster/resources?type=vm": Answer({"data": [item]}),
            "/nodes/pve3/lxc/102/config": Answer({"data": PLAIN}),
        }
    )
    found = parse(Plan, adopt(api, {"pihole": 102}, "house", None, "test"))
    (adopted,) = found.machines
    # Both stay what they are, as Terraform is told of neither.
    assert (found.kind, adopted.pool, adopted.ha.enabled) == ("lxc", None, False)
