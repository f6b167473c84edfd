# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardware of a guest out of its configuration: what a clone of it has, and what cannot be kept.

The result has the shape of ``Hardware`` in the contract of the Snapshot.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.adopt_values import (
    Config,
    Data,
    keys_of,
    odd,
    options,
)

_DRIVE = re.compile(r"(?:scsi|virtio|sata|ide)\d+")
_MOUNT = re.compile(r"rootfs|mp\d+")
_NIC = re.compile(r"net\d+")
_CLOUD_INIT = re.compile(r"(?:^|[:/])vm-\d+-cloudinit")
_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[KMGT]?)")
_UNITS_GIB = {"": 2.0**-30, "K": 2.0**-20, "M": 2.0**-10, "G": 1.0, "T": 2.0**10}
#: Buses in the order in which Proxmox VE looks for a disk to boot from.
_BOOT_BUSES = ("ide", "scsi", "sata", "virtio")
#: Devices of one host, and scripts on it: a second guest cannot have them as well.
_BOUND = re.compile(r"hostpci\d+|usb\d+|parallel\d+|hookscript")
#: Kept by every clone, and against what a plan promises.
_LIMITING = ("vcpus", "cpulimit")
#: Kept by a clone, and taken off by Terraform at its next run.
_UNMANAGED = ("ivshmem", "watchdog")
#: Options that Terraform writes anew, with the values that make no difference; the others it
#: knows. What is neither here nor known would be lost.
_LOST_UNLESS = {
    "disk": {"ro": "0", "snapshot": "0", "detect_zeroes": "1", "shared": "0"},
    "cpu": {"hidden": "0"},
    "agent": {"freeze-fs-on-backup": "1"},
    "net": {},
}
_KNOWN = {
    "disk": {"volume", "file", "size", "format", "media", "ssd", "discard", "iothread", "backup"}
    | {"aio", "cache", "queues", "replicate", "serial"},
    "cpu": {"cputype", "flags"},
    "agent": {"enabled", "fstrim_cloned_disks", "type"},
    "net": {"model", "macaddr", "bridge", "tag", "mtu", "firewall", "queues", "rate", "trunks"}
    | {"link_down"},
}


def hardware(config: Config, kind: str = "qemu") -> Data:
    """Return the hardware of a guest; ``kind`` is ``qemu`` or ``lxc``."""
    if kind == "lxc":
        mounts = [_disk(key, config) for key in keys_of(config, _MOUNT)]
        return {
            "disks": [mount for mount in mounts if mount["storage"]],
            "nics": _nics(config, "veth"),
        }
    drives = {key: options(config[key], "volume") for key in keys_of(config, _DRIVE)}
    cloud_init = next((key for key in drives if _is_cloud_init(drives[key])), None)
    cdroms = [k for k, given in drives.items() if given.get("media") == "cdrom" and k != cloud_init]
    disks = [key for key in drives if key != cloud_init and key not in cdroms]
    order = _boot_order(config, disks)
    order = [device for device in order if device != cloud_init and device in config]
    system = next((device for device in order if device in disks), None)
    files = options(config.get("cicustom", ""))
    agent = options(config.get("agent", ""), "enabled")
    cpu = options(config.get("cpu", ""), "cputype")
    return {
        "bios": str(config.get("bios") or "seabios"),
        "machine_type": _machine_type(config),
        "scsi_hardware": str(config.get("scsihw") or "lsi"),
        "os_type": str(config.get("ostype") or "other"),
        "boot_order": order,
        "disks": [_disk(k, config) for k in sorted(disks, key=lambda k: k != system)],
        "cdroms": [key for key in cdroms if ":" in drives[key].get("volume", "")],
        "cloud_init": cloud_init,
        "cloud_init_storage": _storage(drives[cloud_init]) if cloud_init else None,
        "cloud_init_files": files,
        "dns_servers": str(config.get("nameserver") or "").split(),
        "search_domain": config.get("searchdomain") or None,
        "password": bool(config.get("cipassword")),
        "efi_disk": _efi_disk(config),
        "tpm": _tpm(config),
        "nics": _nics(config, "virtio"),
        "serial": "serial0" in config,
        "numa": _is_on(config.get("numa", "")),
        "cpu_type": cpu.get("cputype"),
        "cpu_flags": [flag for flag in cpu.get("flags", "").split(";") if flag],
        "hotplug": str(config["hotplug"]) if config.get("hotplug") else None,
        "agent_type": agent.get("type", "virtio"),
        "agent_trim": _is_on(agent.get("fstrim_cloned_disks", "")),
        "vga": str(config["vga"]) if config.get("vga") else None,
        "volumes": _volumes(drives, cdroms, files),
        "odd": list(_odd(config)),
    }


def _is_on(value: object) -> bool:
    return str(value) in ("1", "on", "yes", "true", "True")


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _is_cloud_init(drive: t.Mapping[str, str]) -> bool:
    volume = drive.get("volume") or drive.get("file", "")
    return _CLOUD_INIT.search(volume) is not None or volume.endswith(":cloudinit")


def _storage(drive: t.Mapping[str, str]) -> str:
    storage, colon, _name = (drive.get("volume") or drive.get("file", "")).partition(":")
    return storage if colon else ""


def _boot_order(config: Config, disks: t.Sequence[str]) -> list[str]:
    """Return the devices in the order of ``boot``, in its form of today or before 6.2."""
    text = options(config.get("boot", ""), "legacy").get("order")
    if text is not None:
        return [device for device in text.split(";") if device]
    legacy = str(config.get("bootdisk") or "")
    if legacy in config:
        return [legacy]
    ranked = sorted(disks, key=lambda key: _BOOT_BUSES.index(key.rstrip("0123456789")))
    return ranked[:1]


def _machine_type(config: Config) -> str:
    given = options(config.get("machine", ""), "type")
    kind = given.pop("type", "") or "pc"
    return ",".join([kind, *(f"{key}={value}" for key, value in given.items())])


def size_gib(text: str) -> float:
    """Return a size as the configuration writes it (``32G``, ``528K``) in GiB; 0 for no size."""
    size = _SIZE.fullmatch(text)
    return round(float(size["number"]) * _UNITS_GIB[size["unit"]], 6) if size else 0.0


def _disk(key: str, config: Config) -> Data:
    given = options(config[key], "volume")
    return {
        "interface": key,
        "storage": _storage(given),
        "size_gib": size_gib(given.get("size", "")),
        "ssd": given.get("ssd") in ("1", "on"),
        "discard": given.get("discard") == "on",
        "iothread": given.get("iothread") in ("1", "on"),
        "backup": given.get("backup", "1") not in ("0", "off"),
        "mount_path": given.get("mp"),
        "aio": given.get("aio"),
        "cache": given.get("cache"),
        "queues": _number(given.get("queues", "")),
        "replicate": given.get("replicate", "1") not in ("0", "off"),
        "serial": given.get("serial"),
    }


def _efi_disk(config: Config) -> Data | None:
    if "efidisk0" not in config:
        return None
    given = options(config["efidisk0"], "volume")
    return {
        "storage": _storage(given),
        "type": given.get("efitype", "2m"),
        "pre_enrolled_keys": given.get("pre-enrolled-keys") == "1",
    }


def _tpm(config: Config) -> Data | None:
    if "tpmstate0" not in config:
        return None
    given = options(config["tpmstate0"], "volume")
    return {"storage": _storage(given), "version": given.get("version", "v1.2")}


def _nics(config: Config, default: str) -> list[Data]:
    result = []
    for key in keys_of(config, _NIC):
        given = options(config[key])
        told = options(config.get(key.replace("net", "ipconfig"), "")) or given
        model = given.get("model") or (next(iter(given), default) if default != "veth" else default)
        result.append(
            {
                "slot": int(key.removeprefix("net")),
                "model": model.replace("e1000-82540em", "e1000"),
                "bridge": given.get("bridge"),
                "vlan": int(given["tag"]) if given.get("tag", "").isdigit() else None,
                "mtu": int(given["mtu"]) if given.get("mtu", "").isdigit() else None,
                "firewall": given.get("firewall") == "1",
                "addresses": [told[name] for name in ("ip", "ip6") if told.get(name)],
                "gateway": told.get("gw") or told.get("gw6"),
                "queues": _number(given.get("queues", "")),
                "rate_mb_per_second": float(given["rate"]) if given.get("rate") else None,
                "trunks": [vlan for vlan in given.get("trunks", "").split(";") if vlan],
                "connected": not _is_on(given.get("link_down", "")),
            }
        )
    return result


def _volumes(
    drives: t.Mapping[str, t.Mapping[str, str]], cdroms: t.Sequence[str], files: t.Mapping[str, str]
) -> list[str]:
    """Return the volumes that each clone shares with its source: ISOs and cloud-init's files."""
    named = [drives[key].get("volume") or drives[key].get("file", "") for key in cdroms]
    return sorted({volume for volume in (*named, *files.values()) if ":" in volume})


def _odd(config: Config) -> t.Iterator[str]:
    """Yield what a clone could not have or would have against its plan, for a sentence."""
    for key, value in sorted(config.items()):
        text = str(value)
        if _BOUND.fullmatch(key) and not text.startswith("spice"):
            yield f"{key} ({text.partition(',')[0]}), which only one guest can have"
        elif re.fullmatch(r"serial\d+", key) and text != "socket":
            yield f"{key} ({text}), a device of its host"
        elif re.fullmatch(r"serial[1-3]", key):
            yield f"{key}, a second serial port"
        elif key in _UNMANAGED:
            yield f"{key} ({text}), which Terraform would take off again"
        elif key in _LIMITING and text not in ("0", ""):
            yield f"{key} {text}, which limits each clone below its plan"
        elif _DRIVE.fullmatch(key) and ":" not in text.partition(",")[0]:
            volume = options(text, "volume").get("volume", "")
            if volume not in ("none", "cdrom"):
                yield f"{key} ({volume}), a disk outside of any storage"
        yield from _lost(key, text)


def _lost(key: str, text: str) -> t.Iterator[str]:
    """Yield the options of a device that Terraform has no word for."""
    kind = "disk" if _DRIVE.fullmatch(key) else "net" if _NIC.fullmatch(key) else key
    if kind not in _KNOWN:
        return
    first = {"disk": "volume", "cpu": "cputype", "agent": "enabled"}.get(kind, "model")
    given = options(text, first)
    if given.get("media") == "cdrom":
        return
    models = {name for name in given if kind == "net" and _MAC.fullmatch(given[name])}
    for option in odd(given, _KNOWN[kind] | models, _LOST_UNLESS[kind]):
        yield f"{key} with {option}, which Terraform would take off"


def grown(gib: float) -> int:
    """Return the whole GiB that a size needs."""
    return max(1, -int(-(gib - 1e-6) // 1))
