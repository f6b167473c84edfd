# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster seen as a whole: nodes, resources, status, options, host networks."""

from __future__ import annotations

import time
from typing import Any

from lab.pve.clusters import Bridge, Node
from lab.pve.permissions import ROOT
from lab.pve.wire import GIB, MIB, Params, die, param_error, parse_properties, split_list

BASE_MEMORY_MIB = 2048
# The lists show a guest with all its values only after the next cycle of the status daemon.
STATUS_CYCLE_SECONDS = 10
# Options that requests write as property strings and answers show as objects.
OBJECT_OPTIONS = ("next-id", "ha", "crs", "migration", "tag-style")
# Keys of the resource list that members of a pool lack.
NOT_OF_MEMBERS = ("pool", "tags", "lock", "hastate")
FIRST_VMID = 100
LAST_VMID = 999_999_999


class Nodes:
    """Mixin: `/version`, `/nodes`, `/cluster/{status,resources,options,nextid}`."""

    def _lab_routes_nodes(self: Any) -> list[tuple[str, str, Any]]:
        return [
            ("GET", "/version", self.read_version),
            ("GET", "/nodes", self.list_nodes),
            ("GET", "/nodes/{node}/status", self.node_status),
            ("GET", "/nodes/{node}/network", self.list_networks),
            ("GET", "/nodes/{node}/network/{iface}", self.read_network),
            ("GET", "/cluster/status", self.cluster_status),
            ("GET", "/cluster/resources", self.list_resources),
            ("GET", "/cluster/nextid", self.next_id),
            ("GET", "/cluster/options", self.read_options),
            ("PUT", "/cluster/options", self.update_options),
            ("GET", "/cluster/ceph/status", self.ceph_status),
            ("GET", "/cluster/mapping/pci", self.list_pci_mappings),
            ("GET", "/cluster/mapping/pci/{id}", self.read_pci_mapping),
        ]

    async def read_version(self: Any, v: Params, user: str) -> Params:
        return {"version": self.version, "release": self.series, "repoid": "simulated"}

    # ------------------------------------------------------------------ nodes

    def node_of(self: Any, name: str) -> Node:
        node: Node = self.cluster_nodes[name]
        return node

    def node_cores(self, name: str) -> int:
        return self.node_of(name).cores

    def node_memory_mib(self, name: str) -> int:
        return self.node_of(name).memory_mib

    def is_online(self: Any, name: str) -> bool:
        return bool(self.nodes[name].get("online", True)) and not self.faults.active(
            "node_down", node=name
        )

    def node_load(self: Any, name: str) -> Params:
        """CPU share and memory of a node: its own plus that of its running guests."""
        running = [vm for vm in self.vms if vm.node == name and vm.status == "running"]
        usage = [self.guest_usage(vm) for vm in running]
        node = self.node_of(name)
        busy = sum(
            use["cpu"] * int(vm.config.get("cores", 1))
            for vm, use in zip(running, usage, strict=True)
        )
        return {
            "cpu": min(1.0, 0.01 + busy / node.cores),
            "maxcpu": node.cores,
            "mem": min(node.memory_mib, BASE_MEMORY_MIB) * MIB + sum(use["mem"] for use in usage),
            "maxmem": node.memory_mib * MIB,
            "disk": 8 * GIB,
            "maxdisk": node.disk_gib * GIB,
            "uptime": int(time.time() - self.started_at) + 3600,
        }

    def _node_entry(self: Any, name: str, user: str) -> Params:
        online = self.is_online(name)
        entry: Params = {
            "node": name,
            "id": f"node/{name}",
            "type": "node",
            "level": "",
            "status": "online" if online else "offline",
        }
        if online and self.allowed(user, f"/nodes/{name}", "Sys.Audit"):
            entry.update(self.node_load(name))
        return entry

    def _node_resource(self: Any, name: str, user: str) -> Params:
        """A node of the resource list; its HA state is known once something is managed."""
        entry: Params = {**self._node_entry(name, user), "cgroup-mode": 2}
        if self.ha_resources and self.is_online(name):
            entry["hastate"] = "maintenance" if self.nodes[name].get("maintenance") else "online"
        return entry

    async def list_nodes(self: Any, v: Params, user: str) -> list[Params]:
        return [
            {**self._node_entry(name, user), "ssl_fingerprint": self.fingerprint}
            for name in sorted(self.nodes)
        ]

    async def node_status(self: Any, v: Params, user: str) -> Params:
        node, load = self.node_of(v["node"]), self.node_load(v["node"])
        kernel = "6.14.11-4-pve" if self.series != "8.4" else "6.8.12-15-pve"
        return {
            "cpu": load["cpu"],
            "uptime": load["uptime"],
            "idle": 0,
            "wait": 0,
            "loadavg": [f"{load['cpu'] * node.cores:.2f}"] * 3,
            "pveversion": f"pve-manager/{self.version}/simulated",
            "kversion": f"Linux {kernel} #1 SMP PREEMPT_DYNAMIC",
            "current-kernel": {
                "sysname": "Linux",
                "release": kernel,
                "version": "#1 SMP PREEMPT_DYNAMIC",
                "machine": "x86_64",
            },
            "boot-info": {"mode": "legacy-bios"},
            "cpuinfo": {
                "cores": node.cores,
                "cpus": node.cores,
                "sockets": 1,
                "model": node.cpu_model,
                **({} if self.series == "8.4" else {"vendor": "AuthenticAMD", "family": "25"}),
                "mhz": "3000.000",
                "user_hz": 100,
                "hvm": "1",
                "flags": "fpu vme de pse tsc msr pae mce cx8 apic svm",
            },
            "memory": {
                "total": load["maxmem"],
                "used": load["mem"],
                "free": load["maxmem"] - load["mem"],
                **({} if self.series == "8.4" else {"available": load["maxmem"] - load["mem"]}),
            },
            "swap": {"total": 0, "used": 0, "free": 0},
            "rootfs": {
                "total": load["maxdisk"],
                "used": load["disk"],
                "free": load["maxdisk"] - load["disk"],
                "avail": load["maxdisk"] - load["disk"],
            },
            "ksm": {"shared": 0},
        }

    # --------------------------------------------------------------- networks

    def bridge_exists(self: Any, node: str, bridge: str) -> bool:
        own = {entry.name for entry in self.node_of(node).bridges}
        return bridge in own or self.vnet_is_on(node, bridge)

    async def list_networks(self: Any, v: Params, user: str) -> list[Params]:
        bridges = self.node_of(v["node"]).bridges
        wanted = v.get("type")
        entries = [network_entry(bridge) for bridge in bridges]
        entries += [
            port_entry(port) for bridge in bridges for port in bridge.ports if wanted is None
        ]
        if wanted in ("any_bridge", "include_sdn"):
            entries += [
                {
                    "iface": name,
                    "type": "vnet",
                    "active": "1",
                    "vlanaware": int(bool(vnet.get("vlanaware"))),
                    "ipam": 0,
                    "comments": vnet.get("alias"),
                }
                for name, vnet in self.sdn_running["vnets"].items()
            ]
        elif wanted in ("bridge", "OVSBridge"):
            entries = [entry for entry in entries if entry["type"] == wanted]
        return entries

    async def read_network(self, v: Params, user: str) -> Params:
        for entry in await self.list_networks({"node": v["node"]}, user):
            if entry["iface"] == v["iface"]:
                return {key: x for key, x in entry.items() if key != "iface"}
        raise param_error(iface="interface does not exist")

    # ---------------------------------------------------------------- cluster

    async def cluster_status(self: Any, v: Params, user: str) -> list[Params]:
        single = len(self.nodes) == 1
        nodes = [
            {
                "type": "node",
                "id": f"node/{name}",
                "name": name,
                "nodeid": 0 if single else number,
                "ip": self.node_of(name).address,
                "online": int(self.is_online(name) and (self.quorate or number == 1)),
                "local": int(number == 1),
                "level": "",
            }
            for number, name in enumerate(self.nodes, 1)
        ]
        if single:
            return nodes
        own = {
            "type": "cluster",
            "id": "cluster",
            "name": self.cluster_name,
            "nodes": len(nodes),
            "quorate": int(self.quorate),
            "version": len(nodes),
        }
        return [own, *nodes]

    async def list_resources(self: Any, v: Params, user: str) -> list[Params]:
        kind = v.get("type")
        out: list[Params] = []
        if kind is None:
            out += self._pool_resources(user)
        if kind in (None, "vm"):
            out += [
                self._guest_resource(vm)
                for vm in self.vms
                if self.allowed(user, f"/vms/{vm.vmid}", "VM.Audit")
            ]
            out += [self.container_resource(entry) for entry in self.ct_resources(user)]
        if kind in (None, "node"):
            out += [self._node_resource(name, user) for name in sorted(self.nodes)]
        if kind in (None, "storage"):
            out += self._storage_resources(user)
        if kind in (None, "sdn"):
            out += self.sdn_resources(user)
        return out

    def _pool_resources(self: Any, user: str) -> list[Params]:
        return [
            {"id": f"/pool/{name}", "type": "pool", "pool": name}
            for name in sorted(self.pools)
            if self.allowed(user, f"/pool/{name}", "Pool.Audit")
        ]

    def _guest_resource(self: Any, vm: Any) -> Params:
        entry = {"id": f"qemu/{vm.vmid}", "type": "qemu", "vmid": vm.vmid, "node": vm.node}
        entry |= {"lock": vm.lock} if vm.lock else {}
        stale = self.faults.active("stale_resources") and vm.vmid not in self.initial_vmids
        if stale or not self.is_online(vm.node):
            return {**entry, "status": "unknown"}
        entry |= {"name": vm.name, "status": vm.status, "template": int(bool(vm.template))}
        entry["maxcpu"] = self.vcpus(vm)
        entry |= self.guest_usage(vm) | {"diskread": 0, "diskwrite": 0}
        if self.series == "8.4":
            del entry["memhost"]
        entry |= {"tags": vm.config["tags"]} if vm.config.get("tags") else {}
        entry |= {"pool": vm.pool} if vm.pool else {}
        state = self.ha_state(f"vm:{vm.vmid}")
        return entry | ({"hastate": state} if state else {})

    def _members(self: Any, name: str, kind: str | None) -> list[Params]:
        """Members of a pool: entries of the resource list without what others decide."""
        wanted = self.pools.get(name, ())
        guests = [self._guest_resource(vm) for vm in self.vms if vm.vmid in wanted]
        containers = self.ct_resources(ROOT)
        guests += [self.container_resource(ct) for ct in containers if ct["vmid"] in wanted]
        kept = self._pool_meta(name)["storage"]
        found = [*guests, *(x for x in self._storage_resources(ROOT) if x["storage"] in kept)]
        return [
            {key: value for key, value in entry.items() if key not in NOT_OF_MEMBERS}
            for entry in found
            if kind in (None, entry["type"])
        ]

    def _storage_resources(self: Any, user: str) -> list[Params]:
        return [
            item
            for node in sorted(self.nodes)
            for name in self.storages
            if self._can_audit(user, name) and (item := self._storage_resource(node, name))
        ]

    async def next_id(self: Any, v: Params, user: str) -> str:
        taken = {guest.vmid for guest in self._guests()}
        if v.get("vmid") is not None:
            if int(v["vmid"]) in taken:
                raise param_error(vmid=f"VM {v['vmid']} already exists")
            return str(v["vmid"])
        limits = parse_properties(str(self.options.get("next-id", "")))
        lower = int(limits.get("lower", FIRST_VMID))
        for vmid in range(lower, int(limits.get("upper", LAST_VMID + 1))):
            if vmid not in taken:
                return str(vmid)
        raise die("unable to get any free VMID in the range of next-id")

    async def read_options(self: Any, v: Params, user: str) -> Params:
        tags = sorted({tag for vm in self.vms for tag in split_list(vm.config.get("tags"))})
        if not self.allowed(user, "/", "Sys.Audit"):
            return {"allowed-tags": []}
        view = {
            key: parse_properties(x) if key in OBJECT_OPTIONS else x
            for key, x in self.options.items()
        }
        return {"mac_prefix": "BC:24:11", **view, "allowed-tags": tags}

    async def update_options(self: Any, v: Params, user: str) -> None:
        for key in split_list(v.pop("delete", "")):
            self.options.pop(key, None)
        self.options.update(v)

    async def ceph_status(self: Any, v: Params, user: str) -> Any:
        raise die("binary not installed: /usr/bin/ceph-mon")

    # ---------------------------------------------------------------- mapping

    async def list_pci_mappings(self: Any, v: Params, user: str) -> list[Params]:
        return [
            {"id": name, "type": "pci", "digest": self.digest_of(self.pci_mappings), **mapping}
            for name, mapping in sorted(self.pci_mappings.items())
            if any(
                self.allowed(user, f"/mapping/pci/{name}", f"Mapping.{what}")
                for what in ("Audit", "Use", "Modify")
            )
        ]

    async def read_pci_mapping(self: Any, v: Params, user: str) -> Params:
        if v["id"] not in self.pci_mappings:
            raise die(f"mapping '{v['id']}' not found")
        return {**self.pci_mappings[v["id"]], "digest": self.digest_of(self.pci_mappings)}


def network_entry(bridge: Bridge) -> Params:
    """A bridge as `/nodes/{node}/network` lists it."""
    address, _, prefix = (bridge.cidr or "").partition("/")
    ports = " ".join(bridge.ports)
    entry: Params = {
        "iface": bridge.name,
        "type": bridge.type,
        "active": 1,
        "autostart": 1,
        "method": "static" if bridge.cidr else "manual",
        "method6": "manual",
        "families": ["inet"],
        "priority": 3,
    }
    if bridge.cidr:
        entry |= {"cidr": bridge.cidr, "address": address, "netmask": prefix}
    entry |= {"gateway": bridge.gateway} if bridge.gateway else {}
    entry |= {"mtu": str(bridge.mtu)} if bridge.mtu else {}
    if bridge.type == "OVSBridge":
        return entry | {"ovs_ports": ports}
    entry |= {"bridge_ports": ports, "bridge_stp": "off", "bridge_fd": "0"}
    return entry | ({"bridge_vlan_aware": 1, "bridge_vids": "2-4094"} if bridge.vlan_aware else {})


def port_entry(name: str) -> Params:
    return {
        "iface": name,
        "type": "eth",
        "active": 1,
        "exists": 1,
        "method": "manual",
        "method6": "manual",
        "families": ["inet"],
        "priority": 4,
    }
