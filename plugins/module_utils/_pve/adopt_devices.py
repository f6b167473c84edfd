# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks, network devices and cloud-init of an existing VM, as a plan says them."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import unquote

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.adopt_values import (
    Config,
    Data,
    gib,
    keys_of,
    odd,
    options,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.hardware import hardware

_DRIVE = re.compile(r"(scsi|virtio|sata|ide)\d+")
_NIC = re.compile(r"net\d+")
_CLOUD_INIT = re.compile(r"vm-\d+-cloudinit")
_MODELS = ("virtio", "e1000", "e1000e", "rtl8139", "vmxnet3")
_INTERFACE_OF_CLOUD_INIT = "ide2"
_INTERFACE_OF_ISO = "ide3"  # the only CD-ROM drive that the provider looks at

#: Fields that a plan only says where they are not what Proxmox VE takes by itself.
_DISK_KEPT = {"aio": "io_uring", "cache": "none", "queues": None, "replicate": True, "serial": None}
_NIC_KEPT = {"queues": 0, "rate_mb_per_second": 0.0, "trunks": [], "connected": True}
_DISK_FIELDS = {"volume", "size", "discard", "iothread", "ssd", "backup", "format", "media"}
_DISK_FIELDS |= _DISK_KEPT.keys()
_DISK_DEFAULTS = {"ro": "0", "snapshot": "0"}
_NIC_FIELDS = {*_MODELS, "bridge", "tag", "mtu", "firewall", "queues", "rate", "trunks"}
_NIC_FIELDS |= {"link_down"}
_NIC_DEFAULTS: dict[str, str] = {}
#: The first device of a PCI mapping; what else an entry may say is not in a plan.
_PCI_DEFAULTS = {"pcie": "1", "rombar": "1", "x-vga": "0"}
_CLOUD_INIT_KEYS = ("ciuser", "sshkeys", "nameserver", "searchdomain")


def disks(config: Config) -> list[Data]:
    """Return the disks in the provider's order."""
    kept = {disk["interface"]: disk for disk in hardware(config)["disks"]}
    return [
        _disk(key, options(config[key], "volume")) | _told(kept[key], _DISK_KEPT)
        for key in _disk_keys(config)
    ]


def volume_id(config: Config, found: t.Sequence[Data]) -> str:
    """Return the volume of the first of the disks."""
    return options(config[found[0]["interface"]], "volume")["volume"]


def nics(config: Config) -> list[Data]:
    """Return the network devices; only cloud-init knows their addresses."""
    kept = {f"net{nic['slot']}": nic for nic in hardware(config)["nics"]}
    return [_nic(config, key) | _told(kept[key], _NIC_KEPT) for key in keys_of(config, _NIC)]


def _told(found: Data, defaults: Data) -> Data:
    """Return the fields that differ from their defaults, and from nothing."""
    return {
        name: found[name]
        for name, default in defaults.items()
        if found[name] is not None and found[name] != default
    }


def cloud_init(config: Config) -> Data | None:
    """Return the cloud-init settings, None for a VM without a cloud-init drive."""
    drives = _cloud_init_drives(config)
    if not drives:
        return None
    [(interface, drive)] = drives.items()
    return {
        **({} if interface == _INTERFACE_OF_CLOUD_INIT else {"interface": interface}),
        "user": str(config.get("ciuser") or ""),
        "ssh_public_keys": _public_keys(config),
        "dns_servers": str(config.get("nameserver") or "").split(),
        "search_domain": config.get("searchdomain") or None,
        "storage": drive["volume"].partition(":")[0],
        "package_upgrade": str(config.get("ciupgrade", "1")) == "1",
    }


def pci_mappings(config: Config) -> list[str]:
    """Return the PCI mappings in the order of their devices."""
    keys = keys_of(config, re.compile(r"hostpci\d+"))
    return [options(config[key], "host")["mapping"] for key in keys]


def unsupported_disks(config: Config) -> t.Iterator[str]:
    """Yield what drives have that a plan cannot say."""
    found = _disk_keys(config)
    if not found:
        yield "has no disk"
    for key in found:
        given = options(config[key], "volume")
        others = odd(given, _DISK_FIELDS, _DISK_DEFAULTS)
        if key.startswith("ide"):
            yield f"has the disk {key}, and a plan knows scsi, virtio and sata disks"
        elif ":" not in given.get("volume", ""):
            yield f"has the disk {key} outside of any storage"
        elif others:
            yield f"has the disk {key} with {', '.join(others)}, which a plan cannot say"
        elif gib(given) < 1:
            yield f"has the disk {key} of less than 1 GiB or of unknown size"
    if _INTERFACE_OF_ISO in config and options(config[_INTERFACE_OF_ISO]).get("media") == "cdrom":
        yield f"has a CD-ROM drive at {_INTERFACE_OF_ISO}, which belongs to an installation"
    yield from _unsupported_firmware(config)
    for key in keys_of(config, re.compile(r"hostpci\d+")):
        given = options(config[key], "host")
        if "mapping" not in given or odd(given, {"mapping"}, _PCI_DEFAULTS) or "pcie" not in given:
            yield f"has the PCI device {key}, and a plan knows only PCI Express mappings"


def _unsupported_firmware(config: Config) -> t.Iterator[str]:
    if (config.get("bios") == "ovmf") != ("efidisk0" in config):
        yield "has OVMF without an EFI disk, or an EFI disk without OVMF"


def unsupported_nics(config: Config) -> t.Iterator[str]:
    """Yield what network devices have that a plan cannot say."""
    keys = keys_of(config, _NIC)
    if keys != [f"net{number}" for number in range(len(keys))]:
        yield f"has the network devices {', '.join(keys)}, and a plan counts them from net0"
    for key in keys:
        given = options(config[key])
        others = odd(given, _NIC_FIELDS, _NIC_DEFAULTS)
        if "bridge" not in given:
            yield f"has {key} without a bridge"
        elif others:
            yield f"has {key} with {', '.join(others)}, which a plan cannot say"
        elif int(given.get("mtu", 1500)) < 576:
            yield f"has {key} with the MTU of its bridge (mtu=1), and a plan knows only numbers"


def unsupported_cloud_init(config: Config) -> t.Iterator[str]:
    """Yield what cloud-init is told that a plan cannot say."""
    drives = _cloud_init_drives(config)
    addresses = keys_of(config, re.compile(r"ipconfig\d+"))
    given = [key for key in (*_CLOUD_INIT_KEYS, *addresses) if config.get(key)]
    if not drives:
        if given:
            yield f"has {', '.join(given)} for cloud-init, but no cloud-init drive"
        return
    if len(drives) > 1 or any(drive.startswith("virtio") for drive in drives):
        yield f"has its cloud-init drive at {', '.join(drives)}, which a plan cannot say"
    if "cipassword" in config:
        yield "has a cloud-init password, and a plan has none: access is by key"
    if "cicustom" in config:
        yield "has cloud-init files of its own (cicustom), which a plan cannot say"
    if not config.get("ciuser") or not _public_keys(config):
        yield "has cloud-init without a user or without a public key, and a plan needs both"
    wanted = [key.replace("net", "ipconfig") for key in keys_of(config, _NIC)]
    if addresses != wanted:
        yield "has network devices without a cloud-init address, or addresses without a device"
    for key in addresses:
        text = options(config[key])
        families = {"ip", "ip6"} & set(text)
        if len(families) != 1 or text.get("ip6") in ("auto", "dhcp"):
            yield f"has {key} {config[key]}, and a plan knows one address or DHCP for IPv4"


def _cloud_init_drives(config: Config) -> dict[str, dict[str, str]]:
    drives = {key: options(config[key], "volume") for key in keys_of(config, _DRIVE)}
    return {key: given for key, given in drives.items() if _CLOUD_INIT.search(str(config[key]))}


def _disk_keys(config: Config) -> list[str]:
    """Return the drives that are disks: no CD-ROM, no cloud-init."""
    keys = keys_of(config, _DRIVE)
    apart = _cloud_init_drives(config)
    return [k for k in keys if k not in apart and options(config[k]).get("media") != "cdrom"]


def _disk(key: str, given: t.Mapping[str, str]) -> Data:
    return {
        "interface": key,
        "storage": given["volume"].partition(":")[0],
        "size_gib": gib(given),
        "ssd": given.get("ssd") == "1",
        "discard": given.get("discard") == "on",
        "iothread": given.get("iothread") == "1",
        "backup": given.get("backup", "1") == "1",
    }


def _nic(config: Config, key: str) -> Data:
    given = options(config[key])
    model = next(name for name in _MODELS if name in given)
    told = options(config.get(key.replace("net", "ipconfig"), ""))
    return {
        "bridge": given["bridge"],
        "model": model,
        "vlan": int(given["tag"]) if "tag" in given else None,
        "mtu": int(given["mtu"]) if "mtu" in given else None,
        "firewall": given.get("firewall") == "1",
        "mac_address": given[model],
        "address": told.get("ip") or told.get("ip6") or "dhcp",
        "gateway": told.get("gw") or told.get("gw6"),
    }


def _public_keys(config: Config) -> list[str]:
    return [line.strip() for line in unquote(str(config.get("sshkeys") or "")).splitlines() if line]
