# SPDX-License-Identifier: GPL-3.0-or-later
"""From a guest's configuration to the host that it describes."""

from __future__ import annotations

import re
import urllib.parse
from typing import Any

from lab.machines import MachineSpec
from lab.pve.wire import Params, natural_order, parse_properties

DEFAULT_USER = "debian"
DEFAULT_MEMORY_MIB = 512


def machine_spec(vmid: int, node: str, config: Params) -> MachineSpec:
    """The host that a guest with this configuration is."""
    network = first_network(config)
    address = parse_properties(config.get("ipconfig0", ""))
    configured = address.get("ip")
    return MachineSpec(
        vmid=vmid,
        name=str(config.get("name") or f"VM{vmid}"),
        node=node,
        cores=int(config.get("cores", 1)) * int(config.get("sockets", 1)),
        memory_mib=memory_mib(config),
        user=str(config.get("ciuser") or DEFAULT_USER),
        ssh_keys=ssh_keys(config),
        address=None if configured in (None, "dhcp") else configured,
        gateway=address.get("gw"),
        dns_servers=tuple(str(config.get("nameserver", "")).replace(",", " ").split()),
        search_domain=config.get("searchdomain"),
        mac=network.get("mac", ""),
        bridge=network.get("bridge", ""),
    )


def memory_mib(config: Params) -> int:
    current = parse_properties(str(config.get("memory", DEFAULT_MEMORY_MIB)), "current")
    return int(current["current"])


def ssh_keys(config: Params) -> tuple[str, ...]:
    """The public keys, decoded, one a line."""
    text = urllib.parse.unquote(str(config.get("sshkeys", "")))
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def networks(config: Params) -> dict[str, dict[str, str]]:
    """net0, net1, … with model, mac, bridge and the other options."""
    out = {}
    for key in sorted((k for k in config if re.fullmatch(r"net\d+", k)), key=natural_order):
        options = parse_properties(config[key])
        model = next(iter(options), "")
        out[key] = {**options, "model": model, "mac": options.get(model, "")}
    return out


def first_network(config: Params) -> dict[str, str]:
    return next(iter(networks(config).values()), {})


def has_agent(config: Params) -> bool:
    options = parse_properties(str(config.get("agent", "0")), "enabled")
    return options.get("enabled") == "1"


def user_data(vmid: int, config: Params) -> str:
    """The user data that the cloud-init drive of the guest carries."""
    spec = machine_spec(vmid, "", config)
    lines = ["#cloud-config", f"hostname: {spec.name}", "manage_etc_hosts: true"]
    lines.append(f"fqdn: {spec.name}" + (f".{spec.search_domain}" if spec.search_domain else ""))
    if config.get("ciuser"):
        lines.append(f"user: {spec.user}")
    if spec.ssh_keys:
        lines += ["ssh_authorized_keys:", *(f"  - {key}" for key in spec.ssh_keys)]
    lines += ["chpasswd:", "  expire: False", "users:", "  - default"]
    if str(config.get("ciupgrade", 1)) != "0":
        lines.append("package_upgrade: true")
    return "\n".join(lines) + "\n"


def agent_interfaces(mac: str, addresses: tuple[str, ...]) -> list[dict[str, Any]]:
    """What the guest agent says of the network: loopback and one interface."""

    def entry(text: str) -> dict[str, Any]:
        address, _, prefix = text.partition("/")
        kind = "ipv6" if ":" in address else "ipv4"
        return {
            "ip-address": address,
            "ip-address-type": kind,
            "prefix": int(prefix or (128 if kind == "ipv6" else 32)),
        }

    counters = [
        f"{way}-{what}" for way in ("rx", "tx") for what in ("bytes", "packets", "errs", "dropped")
    ]
    return [
        {
            "name": name,
            "hardware-address": hardware.lower(),
            "ip-addresses": [entry(text) for text in own],
            "statistics": dict.fromkeys(counters, 0),
        }
        for name, hardware, own in (
            ("lo", "00:00:00:00:00:00", ("127.0.0.1/8", "::1/128")),
            ("eth0", mac, addresses),
        )
    ]
