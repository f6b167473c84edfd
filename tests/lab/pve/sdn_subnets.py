# SPDX-License-Identifier: GPL-3.0-or-later
"""Subnets of vnets."""

from __future__ import annotations

import ipaddress
from typing import Any

from lab.pve.wire import Params, PveError, die, parse_properties

Section = dict[str, Params]


def refused(what: str, **fields: str) -> PveError:
    """A refusal inside a configuration change: the fields are part of the message."""
    lines = "".join(f"\n{name}: {text}" for name, text in fields.items())
    return die(f"{what} failed: 400 Parameter verification failed.{lines}")


class Subnets:
    """Mixin: `/cluster/sdn/vnets/{vnet}/subnets`."""

    sdn: dict[str, Section]

    def _lab_routes_subnets(self) -> list[tuple[str, str, Any]]:
        subnets = "/cluster/sdn/vnets/{vnet}/subnets"
        return [
            ("GET", subnets, self.list_subnets),
            ("POST", subnets, self.create_subnet),
            ("GET", subnets + "/{subnet}", self.read_subnet),
            ("PUT", subnets + "/{subnet}", self.update_subnet),
            ("DELETE", subnets + "/{subnet}", self.delete_subnet),
        ]

    def _subnets_of(self, vnet: str) -> list[str]:
        return [name for name, entry in self.sdn["subnets"].items() if entry["vnet"] == vnet]

    def _subnet_entry(self: Any, vnet: str, v: Params) -> Params:
        cidr = v["subnet"]
        network, _, mask = cidr.partition("/")
        zone = self._vnet(vnet)["zone"]
        name = f"{zone}-{network}-{mask}"
        given = v.get("dhcp-range", [])
        options = {
            k: x for k, x in v.items() if k not in ("vnet", "subnet", "lock-token", "dhcp-range")
        }
        return {
            **options,
            "type": "subnet",
            "subnet": name,
            "id": name,
            "cidr": cidr,
            "network": network,
            "mask": mask,
            "vnet": vnet,
            "zone": zone,
            "dhcp-range": given if isinstance(given, list) else [given],
        }

    @staticmethod
    def _check_subnet(fail: str, entry: Params) -> None:
        network = ipaddress.ip_network(entry["cidr"], strict=False)
        gateway = entry.get("gateway")
        if gateway and ipaddress.ip_address(gateway) not in network:
            raise refused(fail, gateway=f"{gateway} is not in subnet {entry['cidr']}")
        for given in entry["dhcp-range"]:
            part = parse_properties(given)
            start, end = part["start-address"], part["end-address"]
            for name, address in (("start", start), ("end", end)):
                if ipaddress.ip_address(address) not in network:
                    text = f"{name}-address {address} is not in subnet {entry['cidr']}"
                    raise refused(fail, **{"dhcp-range": text})
            if int(ipaddress.ip_address(start)) >= int(ipaddress.ip_address(end)):
                text = f"start-address {start} must be smaller than end-address {end}"
                raise refused(fail, **{"dhcp-range": text})

    async def list_subnets(self: Any, v: Params, user: str) -> list[Params]:
        self._vnet(v["vnet"])
        return [entry for entry in self._sdn_list("subnets", v) if entry["vnet"] == v["vnet"]]

    async def read_subnet(self: Any, v: Params, user: str) -> Params:
        self._vnet(v["vnet"])
        view = self._sdn_view("subnets", v["subnet"], v)
        if view is None:
            raise die(f"sdn subnet '{v['subnet']}' does not exist")
        return view

    async def create_subnet(self: Any, v: Params, user: str) -> None:
        fail = "create sdn subnet object"
        self._vnet(v["vnet"])
        entry = self._subnet_entry(v["vnet"], v)
        self._check_change(fail, "subnets", v)
        if entry["id"] in self.sdn["subnets"]:
            raise die(f"{fail} failed: sdn subnet object ID '{entry['id']}' already defined")
        self._check_subnet(fail, entry)
        self.sdn["subnets"][entry["id"]] = entry

    async def update_subnet(self: Any, v: Params, user: str) -> None:
        fail, name = "update sdn subnet object", v.pop("subnet")
        self._vnet(v.pop("vnet"))
        entry = self.sdn["subnets"].get(name)
        if entry is None:
            raise die(f"{fail} failed: sdn subnet '{name}' does not exist")
        self._check_change(fail, "subnets", v)
        options = ("gateway", "snat", "dhcp-range", "dhcp-dns-server", "dnszoneprefix", "type")
        changed = {"dhcp-range": [], **self._updated(entry, v, options, fail)}
        if not isinstance(changed["dhcp-range"], list):
            changed["dhcp-range"] = [changed["dhcp-range"]]
        self._check_subnet(fail, changed)
        self.sdn["subnets"][name] = changed

    async def delete_subnet(self: Any, v: Params, user: str) -> None:
        self._vnet(v["vnet"])
        self._check_change("delete sdn subnet object", "subnets", v)
        self.sdn["subnets"].pop(v["subnet"], None)
