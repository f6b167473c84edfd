# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, MAC addresses and disks of a guest, out of its config and what it reports itself."""

from __future__ import annotations

import ipaddress
import re
import typing as t

_NIC = re.compile(r"net\d+")
_IPCONFIG = re.compile(r"ipconfig\d+")
_DISK = re.compile(r"(?:scsi|virtio|sata|ide|mp)\d+|rootfs|efidisk0|tpmstate0")
_PCI = re.compile(r"hostpci\d+")
_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[KMGT]?)")
_UNITS_GIB = {"": 1 / 2**30, "K": 1 / 2**20, "M": 1 / 2**10, "G": 1.0, "T": 2.0**10}

Config = t.Mapping[str, t.Any]
Interfaces = t.Sequence[t.Mapping[str, t.Any]]


def properties(text: str) -> dict[str, str]:
    """Return the keys of a property string such as ``virtio=MAC,bridge=vmbr0``."""
    pairs = (item.partition("=") for item in text.split(","))
    return {key.strip(): value.strip() for key, sep, value in pairs if sep}


def agent_enabled(config: Config) -> bool:
    """Return whether the config offers the QEMU guest agent (``1`` or ``enabled=1,…``)."""
    text = str(config.get("agent", "0"))
    first = text.split(",", 1)[0]
    return (properties(text).get("enabled") or first) in ("1", "on", "yes", "true")


def mac_addresses(config: Config) -> list[str]:
    """Return the MAC addresses of the network devices, upper case, in device order."""
    found = (_MAC.search(str(config[key])) for key in _ordered(config, _NIC))
    return [match[0].upper() for match in found if match]


def pci_mappings(
    config: Config, node: str, mappings: t.Iterable[t.Mapping[str, t.Any]]
) -> list[str]:
    """Return the PCI mappings whose devices a guest has, by name or by the device's address."""
    texts = [str(config[key]) for key in _ordered(config, _PCI)]
    named = {given["mapping"] for given in map(properties, texts) if given.get("mapping")}
    bare = {
        part.removeprefix("host=").removeprefix("0000:")
        for text in texts
        for part in text.partition(",")[0].split(";")
    }
    for mapping in mappings:
        places = [properties(str(entry)) for entry in mapping.get("map") or ()]
        paths = [place.get("path", "") for place in places if place.get("node") == node]
        devices = {part.removeprefix("0000:") for path in paths for part in path.split(";")}
        # An address without a function is the whole device.
        if any(_same_device(one, other) for one in bare for other in devices):
            named.add(str(mapping["id"]))
    return sorted(named)


def _same_device(one: str, other: str) -> bool:
    return one == other or one == other.partition(".")[0] or other == one.partition(".")[0]


def disk_gib(config: Config) -> float | None:
    """Return the size of all disks in the config, or None when none of them says its size."""
    total, known = 0.0, False
    for key in _ordered(config, _DISK):
        options = properties(str(config[key]))
        size = _SIZE.fullmatch(options.get("size", ""))
        if options.get("media") == "cdrom" or size is None:
            continue
        total += float(size["number"]) * _UNITS_GIB[size["unit"]]
        known = True
    return round(total, 3) if known else None


def memory_mib(config: Config) -> int:
    """Return the memory a config promises, plain or as ``current=2048``; 0 without a config."""
    if not config:
        return 0
    text = str(config.get("memory") or 512)
    return int(properties(text).get("current") or text.split(",", 1)[0])


def cpus(config: Config) -> int:
    """Return the vCPU a config promises; 0 without a config."""
    if not config:
        return 0
    return int(
        config.get("vcpus") or int(config.get("cores") or 1) * int(config.get("sockets") or 1)
    )


def config_addresses(config: Config) -> list[str]:
    """Return the fixed addresses of cloud-init (``ipconfigN``) and of a container (``netN``)."""
    texts = []
    for key in (*_ordered(config, _IPCONFIG), *_ordered(config, _NIC)):
        options = properties(str(config[key]))
        texts += [options.get("ip", ""), options.get("ip6", "")]
    return _unique(texts)


def agent_addresses(interfaces: Interfaces, macs: t.Collection[str]) -> list[str]:
    """Return the addresses the QEMU guest agent reports, those of the first device first."""
    return _reported(interfaces, macs, "hardware-address")


def container_addresses(interfaces: Interfaces, macs: t.Collection[str]) -> list[str]:
    """Return the addresses Proxmox VE sees inside a running container."""
    return _reported(interfaces, macs, "hwaddr")


def _reported(interfaces: Interfaces, macs: t.Collection[str], mac_key: str) -> list[str]:
    """Return the addresses of the guest's own devices.

    A Kubernetes node or container host also has bridges and tunnels of its own; only devices
    with a MAC address from the config (and loopback, where virtual addresses live) count, or
    all of them when none matches.
    """
    order = {mac: index for index, mac in enumerate(macs)}
    ranked = [(order.get(str(item.get(mac_key, "")).upper()), item) for item in interfaces]
    own = sorted(
        ((rank, item) for rank, item in ranked if rank is not None), key=lambda pair: pair[0]
    )
    chosen = [item for rank, item in own]
    chosen += [
        item for rank, item in ranked if rank is None and (not own or item.get("name") == "lo")
    ]
    texts: list[str] = []
    for item in chosen:
        texts += [str(entry.get("ip-address", "")) for entry in item.get("ip-addresses") or ()]
        texts += [str(item.get("inet") or ""), str(item.get("inet6") or "")]
    return _unique(texts)


def _unique(texts: t.Iterable[str]) -> list[str]:
    """Return the usable addresses without prefix: no loopback, link-local, dhcp or auto."""
    result: dict[str, None] = {}
    for text in texts:
        try:
            address = ipaddress.ip_interface(text.partition("%")[0]).ip
        except ValueError:
            continue
        if not (address.is_loopback or address.is_link_local or address.is_unspecified):
            result[str(address)] = None
    return list(result)


def _ordered(config: Config, pattern: re.Pattern[str]) -> list[str]:
    keys = [key for key in config if pattern.fullmatch(key)]
    return sorted(keys, key=lambda key: (re.sub(r"\d", "", key), len(key), key))
