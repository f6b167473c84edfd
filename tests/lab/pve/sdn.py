# SPDX-License-Identifier: GPL-3.0-or-later
"""Software-defined network: zones, vnets, subnets, controllers; pending until applied."""

from __future__ import annotations

import copy
import uuid
from typing import Any

from lab.pve import clusters
from lab.pve.sdn_subnets import Section, Subnets, refused
from lab.pve.wire import Params, die, parse_properties, split_list

KINDS = ("zones", "vnets", "subnets", "controllers")
STALE = "detected modified configuration - file changed by other user? Try again."
BAD_LOCK = "invalid lock token provided!"
LOCALNETWORK = "localnetwork"
MAX_VLAN = 4096
COMMON_ZONE = ("nodes", "mtu", "dns", "reversedns", "dnszone", "ipam", "dhcp")
# Options of each zone type beside those of all; those after "!" are required.
ZONE_OPTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "simple": ((), ()),
    "vlan": (("bridge-disable-mac-learning", "bridge"), ("bridge",)),
    "qinq": (("bridge", "tag", "vlan-protocol"), ("bridge", "tag")),
    "vxlan": (("peers", "vxlan-port", "fabric"), ()),
    "evpn": (
        (
            "controller",
            "vrf-vxlan",
            "exitnodes",
            "exitnodes-local-routing",
            "exitnodes-primary",
            "advertise-subnets",
            "disable-arp-nd-suppression",
            "rt-import",
            "mac",
        ),
        ("vrf-vxlan", "controller"),
    ),
}
# What identifies an object and never waits for being applied.
FIXED = {
    "zones": ("zone", "type"),
    "vnets": ("vnet", "type"),
    "subnets": ("subnet", "id", "cidr", "network", "mask", "vnet", "zone", "type", "dhcp-range"),
    "controllers": ("controller", "type"),
}


class Sdn(Subnets):
    """Mixin: `/cluster/sdn` and `/nodes/{node}/sdn`."""

    def load_sdn(self, sdn: clusters.Sdn) -> None:
        """Begin with the zones, vnets and subnets of the cluster file, applied."""
        self.sdn: dict[str, Section] = {kind: {} for kind in KINDS}
        self.sdn_lock: str | None = None
        for zone in sdn.zones:
            self.sdn["zones"][zone["zone"]] = dict(zone)
        for vnet in sdn.vnets:
            self.sdn["vnets"][vnet["vnet"]] = {"type": "vnet", **vnet}
        for subnet in sdn.subnets:
            entry = self._subnet_entry(subnet["vnet"], subnet)
            self.sdn["subnets"][entry["id"]] = entry
        self.sdn_running = copy.deepcopy(self.sdn)

    def _lab_routes_sdn(self: Any) -> list[tuple[str, str, Any]]:
        top, node = "/cluster/sdn", "/nodes/{node}/sdn/zones"
        vnets = top + "/vnets"
        return [
            ("PUT", top, self.apply_sdn),
            ("GET", top + "/zones", self.list_zones),
            ("POST", top + "/zones", self.create_zone),
            ("GET", top + "/zones/{zone}", self.read_zone),
            ("PUT", top + "/zones/{zone}", self.update_zone),
            ("DELETE", top + "/zones/{zone}", self.delete_zone),
            ("GET", vnets, self.list_vnets),
            ("POST", vnets, self.create_vnet),
            ("GET", vnets + "/{vnet}", self.read_vnet),
            ("PUT", vnets + "/{vnet}", self.update_vnet),
            ("DELETE", vnets + "/{vnet}", self.delete_vnet),
            ("GET", top + "/controllers", self.list_controllers),
            ("POST", top + "/controllers", self.create_controller),
            ("GET", top + "/controllers/{controller}", self.read_controller),
            ("DELETE", top + "/controllers/{controller}", self.delete_controller),
            ("GET", top + "/ipams", self.list_ipams),
            ("GET", top + "/dns", self.list_dns),
            ("POST", top + "/lock", self.lock_sdn),
            ("DELETE", top + "/lock", self.unlock_sdn),
            ("POST", top + "/rollback", self.rollback_sdn),
            ("GET", node, self.list_node_zones),
            ("GET", node + "/{zone}/content", self.zone_content),
        ]

    # ------------------------------------------------------ pending and running

    def _sdn_view(self: Any, kind: str, name: str, v: Params) -> Params | None:
        """An object as configured, as running, or running with what is pending."""
        wanted, running = self.sdn[kind].get(name), self.sdn_running[kind].get(name)
        if v.get("pending") and wanted != running:
            return self._pending_view(kind, wanted, running)
        if v.get("running") or v.get("pending"):
            return None if running is None else {**shown(running), "digest": None}
        if wanted is None:
            return None
        return {**shown(wanted), "digest": self.digest_of(self.sdn[kind])}

    @staticmethod
    def _pending_view(kind: str, wanted: Params | None, running: Params | None) -> Params:
        if wanted is None:
            return {**shown(running or {}), "pending": {}, "state": "deleted", "digest": None}
        if running is not None:
            changed = {k: x for k, x in wanted.items() if running.get(k) != x}
            changed |= {k: "deleted" for k in running if k not in wanted}
            return {**shown(running), "pending": changed, "state": "changed", "digest": None}
        base = {key: wanted[key] for key in FIXED[kind] if key in wanted}
        base |= {"dhcp-range": []} if kind == "subnets" else {}
        new = {k: x for k, x in wanted.items() if k not in FIXED[kind] or k == "dhcp-range"}
        pending = {k: x for k, x in new.items() if x != []}
        return {**base, "pending": pending, "state": "new", "digest": None}

    def _sdn_list(self, kind: str, v: Params) -> list[Params]:
        names = sorted({*self.sdn[kind], *(self.sdn_running[kind] if v.get("pending") else ())})
        if v.get("running"):
            names = sorted(self.sdn_running[kind])
        return [view for name in names if (view := self._sdn_view(kind, name, v)) is not None]

    def _check_change(self: Any, fail: str, kind: str, v: Params) -> None:
        if self.sdn_lock is not None and v.get("lock-token") != self.sdn_lock:
            raise die(f"{fail} failed: {BAD_LOCK}")
        if v.get("digest") and v["digest"] != self.digest_of(self.sdn[kind]):
            raise die(f"{fail} failed: {STALE}")

    @staticmethod
    def _updated(entry: Params, v: Params, options: tuple[str, ...], fail: str) -> Params:
        changes = {k: x for k, x in v.items() if k not in ("digest", "delete", "lock-token")}
        for key in changes:
            if key not in options:
                raise die(f"{fail} failed: unexpected property '{key}'")
        gone = split_list(v.get("delete"))
        return {k: x for k, x in {**entry, **changes}.items() if k not in gone}

    async def apply_sdn(self: Any, v: Params, user: str) -> str:
        if self.sdn_lock is not None and v.get("lock-token") != self.sdn_lock:
            raise die(BAD_LOCK)
        self.sdn_running = copy.deepcopy(self.sdn)
        if v.get("release-lock", 1):
            self.sdn_lock = None

        async def body() -> str:
            return "\n".join(f"{node}: reloading network config" for node in sorted(self.nodes))

        node = next(iter(self.nodes))
        return str(await self.task(node, "reloadnetworkall", "", user, body))

    async def lock_sdn(self, v: Params, user: str) -> str:
        if self.sdn_lock is not None:
            raise die(f"could not acquire lock for SDN config: {BAD_LOCK}")
        self.sdn_lock = str(uuid.uuid4())
        return self.sdn_lock

    async def unlock_sdn(self, v: Params, user: str) -> None:
        if not v.get("force") and v.get("lock-token") != self.sdn_lock:
            raise die(BAD_LOCK)
        self.sdn_lock = None

    async def rollback_sdn(self, v: Params, user: str) -> None:
        self.sdn = copy.deepcopy(self.sdn_running)

    # ------------------------------------------------------------------ zones

    def zone_of(self, bridge: str) -> str:
        vnet = self.sdn["vnets"].get(bridge)
        return str(vnet["zone"]) if vnet else LOCALNETWORK

    async def list_zones(self: Any, v: Params, user: str) -> list[Params]:
        return [
            zone
            for zone in self._sdn_list("zones", v)
            if v.get("type") in (None, zone["type"]) and self._sees_zone(user, zone["zone"])
        ]

    def _sees_zone(self: Any, user: str, zone: str) -> bool:
        path = f"/sdn/zones/{zone}"
        return any(self.allowed(user, path, p) for p in ("SDN.Audit", "SDN.Use", "SDN.Allocate"))

    async def read_zone(self, v: Params, user: str) -> Params:
        view = self._sdn_view("zones", v["zone"], v)
        if view is None:
            raise die(f"sdn '{v['zone']}' does not exist")
        return view

    async def create_zone(self, v: Params, user: str) -> None:
        fail, kind = "create sdn zone object", v["type"]
        own, required = ZONE_OPTIONS.get(kind, ((), ()))
        entry = {k: x for k, x in v.items() if k != "lock-token"}
        for key in required:
            if key not in entry:
                raise die(f"missing value for required option '{key}'")
        for key in entry:
            if key not in ("zone", "type", *COMMON_ZONE, *own):
                raise die(f"unexpected property '{key}'")
        self._check_change(fail, "zones", v)
        if v["zone"] in self.sdn["zones"]:
            raise die(f"{fail} failed: sdn zone object ID '{v['zone']}' already defined")
        if kind == "vxlan" and ("peers" in v) == ("fabric" in v):
            text = "must have exactly one of peers / fabric defined"
            raise refused(fail, fabric=text, peers=text)
        if kind == "evpn" and v["controller"] not in self.sdn["controllers"]:
            raise die(f"{fail} failed: controller {v['controller']} don't exist")
        if v.get("ipam", "pve") != "pve":
            raise refused(fail, ipam=f"{v['ipam']} not existing")
        self.sdn["zones"][v["zone"]] = entry

    async def update_zone(self, v: Params, user: str) -> None:
        fail, name = "update sdn zone object", v.pop("zone")
        self._check_change(fail, "zones", v)
        entry = self.sdn["zones"].get(name)
        if entry is None:
            raise die(f"{fail} failed: sdn '{name}' does not exist")
        options = (*COMMON_ZONE, *ZONE_OPTIONS[entry["type"]][0])
        self.sdn["zones"][name] = self._updated(entry, v, options, fail)

    async def delete_zone(self, v: Params, user: str) -> None:
        fail, name = "delete sdn zone object", v["zone"]
        self._check_change(fail, "zones", v)
        if name not in self.sdn["zones"]:
            raise die(f"{fail} failed: sdn '{name}' does not exist")
        for vnet, entry in self.sdn["vnets"].items():
            if entry["zone"] == name:
                raise die(f"{fail} failed: zone {name} is used by vnet {vnet}")
        del self.sdn["zones"][name]

    # ------------------------------------------------------------------ vnets

    def _vnet(self, name: str) -> Params:
        if name not in self.sdn["vnets"]:
            raise die(f"sdn vnet '{name}' does not exist")
        return self.sdn["vnets"][name]

    async def list_vnets(self, v: Params, user: str) -> list[Params]:
        zones = {name: entry["zone"] for name, entry in self.sdn["vnets"].items()}
        running = {name: entry["zone"] for name, entry in self.sdn_running["vnets"].items()}
        return [
            vnet
            for vnet in self._sdn_list("vnets", v)
            if self._sees_zone(user, (zones | running)[vnet["vnet"]])
        ]

    async def read_vnet(self, v: Params, user: str) -> Params:
        view = self._sdn_view("vnets", v["vnet"], v)
        if view is None:
            raise die(f"sdn vnet '{v['vnet']}' does not exist")
        return view

    def _check_tag(self, fail: str, name: str, entry: Params) -> None:
        zone = self.sdn["zones"][entry["zone"]]["type"]
        tag = entry.get("tag")
        if tag is None:
            if zone != "simple":
                kind = "vxlan" if zone in ("vxlan", "evpn") else "vlan"
                raise refused(fail, tag=f"missing {kind} tag")
            return
        if zone == "simple":
            raise refused(fail, tag="vlan tag is not allowed on simple zone")
        if zone in ("vlan", "qinq") and int(tag) > MAX_VLAN:
            raise refused(fail, tag=f"vlan tag max value is {MAX_VLAN}")
        for other, vnet in self.sdn["vnets"].items():
            if other != name and vnet["zone"] == entry["zone"] and vnet.get("tag") == tag:
                raise refused(fail, tag=f"tag {tag} already exist in vnet {other}")

    async def create_vnet(self, v: Params, user: str) -> None:
        fail, name = "create sdn vnet object", v["vnet"]
        self._check_change(fail, "vnets", v)
        if name in self.sdn["vnets"]:
            raise die(f"{fail} failed: sdn vnet object ID '{name}' already defined")
        if v["zone"] not in self.sdn["zones"]:
            raise die(f"{fail} failed: cannot lookup undefined type!")
        entry = {"type": "vnet", **{k: x for k, x in v.items() if k != "lock-token"}}
        self._check_tag(fail, name, entry)
        self.sdn["vnets"][name] = entry

    async def update_vnet(self, v: Params, user: str) -> None:
        fail, name = "update sdn vnet object", v.pop("vnet")
        entry = self._vnet(name)
        self._check_change(fail, "vnets", v)
        options = ("zone", "tag", "alias", "vlanaware", "isolate-ports", "type")
        changed = self._updated(entry, v, options, fail)
        if changed["zone"] != entry["zone"] and self._subnets_of(name):
            raise refused(fail, zone="can't change zone if subnets exist")
        self._check_tag(fail, name, changed)
        self.sdn["vnets"][name] = changed

    async def delete_vnet(self, v: Params, user: str) -> None:
        fail, name = "delete sdn vnet object", v["vnet"]
        self._vnet(name)
        self._check_change(fail, "vnets", v)
        if self._subnets_of(name):
            raise refused(fail, vnet="Can't delete vnet if subnets exists")
        del self.sdn["vnets"][name]

    # ------------------------------------------------------ controllers, nodes

    async def list_controllers(self, v: Params, user: str) -> list[Params]:
        return self._sdn_list("controllers", v)

    async def read_controller(self, v: Params, user: str) -> Params:
        view = self._sdn_view("controllers", v["controller"], v)
        if view is None:
            raise die(f"sdn '{v['controller']}' does not exist")
        return view

    async def create_controller(self, v: Params, user: str) -> None:
        fail = "create sdn controller object"
        if "asn" not in v:
            raise die("missing value for required option 'asn'")
        self._check_change(fail, "controllers", v)
        if v["controller"] in self.sdn["controllers"]:
            raise die(
                f"{fail} failed: sdn controller object ID '{v['controller']}' already defined"
            )
        self.sdn["controllers"][v["controller"]] = {k: x for k, x in v.items() if k != "lock-token"}

    async def delete_controller(self, v: Params, user: str) -> None:
        fail, name = "delete sdn controller object", v["controller"]
        for zone, entry in self.sdn["zones"].items():
            if entry.get("controller") == name:
                raise die(f"{fail} failed: controller {name} is used by {zone}")
        self.sdn["controllers"].pop(name, None)

    async def list_ipams(self: Any, v: Params, user: str) -> list[Params]:
        return [{"ipam": "pve", "type": "pve", "digest": self.digest_of({})}]

    async def list_dns(self, v: Params, user: str) -> list[Params]:
        return []

    def _zones_on(self, node: str) -> list[str]:
        return [
            name
            for name, zone in sorted(self.sdn_running["zones"].items())
            if not zone.get("nodes") or node in split_list(zone["nodes"])
        ]

    def vnet_is_on(self, node: str, name: str) -> bool:
        """True if the vnet's zone is one of the node's, and both are applied."""
        vnet = self.sdn_running["vnets"].get(name)
        return vnet is not None and vnet["zone"] in self._zones_on(node)

    def vlan_refusal(self: Any, node: str, bridge: str) -> str | None:
        """Why a guest with a VLAN tag is not started on a bridge or vnet of the node, or None."""
        vnet = self.sdn_running["vnets"].get(bridge)
        if vnet is not None:
            aware = str(vnet.get("vlanaware", "0")) == "1"
            return None if aware else f"vm vlans are not allowed on vnet {bridge}"
        entry = next((e for e in self.node_of(node).bridges if e.name == bridge), None)
        if entry is None or entry.vlan_aware or entry.ports or entry.type == "OVSBridge":
            return None
        return f"no physical interface on bridge '{bridge}'"

    async def list_node_zones(self: Any, v: Params, user: str) -> list[Params]:
        return [
            {"zone": zone, "status": "available"}
            for zone in self._zones_on(v["node"])
            if self._sees_zone(user, zone)
        ]

    async def zone_content(self, v: Params, user: str) -> list[Params]:
        return [
            {"vnet": name, "status": "available"}
            for name, vnet in sorted(self.sdn_running["vnets"].items())
            if vnet["zone"] == v["zone"]
        ]

    def sdn_resources(self: Any, user: str) -> list[Params]:
        """The entries of zones in `/cluster/resources`: "sdn" before 9, "network" since."""
        out = []
        for node in sorted(self.nodes):
            status = "ok" if self.is_online(node) else "unknown"
            for zone in [LOCALNETWORK, *self._zones_on(node)]:
                if not self._sees_zone(user, zone):
                    continue
                if self.series == "8.4":
                    out.append(
                        {"id": f"sdn/{node}/{zone}", "type": "sdn", "sdn": zone, "node": node}
                        | {"status": status}
                    )
                    continue
                entry = {"id": f"network/{node}/zone/{zone}", "type": "network", "node": node}
                entry |= {"network": zone, "network-type": "zone", "status": status}
                if zone != LOCALNETWORK:
                    entry["zone-type"] = self.sdn_running["zones"][zone]["type"]
                out.append(entry)
        return out


def shown(entry: Params) -> Params:
    """An object outside of "pending": DHCP ranges as objects."""
    if "dhcp-range" not in entry:
        return dict(entry)
    return {**entry, "dhcp-range": [parse_properties(text) for text in entry["dhcp-range"]]}
