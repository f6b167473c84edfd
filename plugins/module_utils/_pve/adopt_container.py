# SPDX-License-Identifier: GPL-3.0-or-later
"""An existing container as a machine of a plan."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.adopt_values import (
    AS_IT_WAS,
    Config,
    Data,
    gib,
    is_on,
    keys_of,
    odd,
    options,
    own_tags,
    startup,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.adopt_values import (
    unsupported as unsupported_values,
)

_NIC = re.compile(r"net\d+")
_MOUNT_POINT = re.compile(r"mp\d+")
#: Values of the configuration that a machine of a plan has a field for.
_EXPRESSED = re.compile(
    r"arch|cores|description|features|hostname|memory|mp\d+|net\d+|onboot|ostype|protection|rootfs"
    r"|startup|swap|tags|unprivileged"
)
#: Values that Terraform neither reads nor writes for our root module: they stay as they are.
_UNTOUCHED = re.compile(r"cpuunits|debug|digest|parent|snaptime|timezone|unused\d+")
#: Values that may be written out although they are what Proxmox VE takes by itself.
_DEFAULTS = {"cmode": "tty", "console": "1", "cpulimit": "0", "template": "0", "tty": "2"}
#: Values whose absence means something else to the provider than to Proxmox VE.
_NEEDED = ("cores", "memory", "ostype", "swap")
_NIC_FIELDS = {
    "name",
    "bridge",
    "hwaddr",
    "ip",
    "ip6",
    "gw",
    "gw6",
    "mtu",
    "tag",
    "type",
    "firewall",
}
_NIC_DEFAULTS = {"link_down": "0"}
_FEATURES = {"keyctl": "0", "fuse": "0", "mknod": "0"}


def unsupported(config: Config) -> t.Iterator[str]:
    """Yield what a container has and a plan cannot say, each as the end of a sentence."""
    for key, value in sorted(config.items()):
        expected = _DEFAULTS.get(key) == str(value) or _UNTOUCHED.fullmatch(key)
        if not expected and not _EXPRESSED.fullmatch(key):
            yield f"has {key}, which a plan cannot say"
    yield from _unsaid(config)
    if config.get("arch", "amd64") != "amd64":
        yield f"has the architecture {config['arch']}, and a plan knows only amd64"
    others = odd(options(config.get("features", "")), {"nesting"}, _FEATURES)
    if others:
        yield f"has the features {', '.join(others)}, and a plan knows only nesting"
    yield from unsupported_values(config)
    yield from _unsupported_volumes(config)
    yield from _unsupported_nics(config)


def _unsaid(config: Config) -> t.Iterator[str]:
    """Yield what has to be written down: the provider takes its own default for no value at all."""
    missing = [key for key in _NEEDED if key not in config]
    if missing:
        yield f"has no {', '.join(missing)} of its own: write down what it has (pct set)"


def _unsupported_volumes(config: Config) -> t.Iterator[str]:
    for key in _volume_keys(config):
        given = options(config[key], "volume")
        known = {"volume", "size", *(() if key == "rootfs" else ("mp", "backup"))}
        others = odd(given, known, {})
        if not re.fullmatch(r"[A-Za-z][\w.-]*:.+", given.get("volume", "")):
            yield f"has {key} outside of any storage"
        elif others:
            yield f"has {key} with {', '.join(others)}, which a plan cannot say"
        elif key == "rootfs" and gib(given) < 1:
            yield "has a rootfs of less than 1 GiB or of unknown size"
        elif key != "rootfs" and given.get("size") != f"{gib(given)}G":
            yield f"has {key} with the size {given.get('size')}, and a plan counts whole GiB"


def _unsupported_nics(config: Config) -> t.Iterator[str]:
    names = keys_of(config, _NIC)
    if names != [f"net{number}" for number in range(len(names))]:
        yield f"has the network devices {', '.join(names)}, and a plan counts them from net0"
    for number, key in enumerate(names):
        given = options(config[key])
        others = odd(given, _NIC_FIELDS, _NIC_DEFAULTS)
        address = given.get("ip") or given.get("ip6") or "none"
        if given.get("name") != f"eth{number}":
            yield f"has {key} named {given.get('name')}, and a plan names it eth{number}"
        elif "bridge" not in given:
            yield f"has {key} without a bridge"
        elif others:
            yield f"has {key} with {', '.join(others)}, which a plan cannot say"
        elif {"ip", "ip6"} <= set(given) or not (address == "dhcp" or "/" in address):
            yield f"has {key} with another address than one fixed one or DHCP for IPv4"
        elif given.get("ip6") == "dhcp":
            yield f"has {key} with DHCP for IPv6, and a plan knows it for IPv4"


def machine(config: Config, *, vmid: int, node: str) -> Data:
    """Return a container as data of the contract's ``Machine``, where nothing is unsupported.

    Its pool stays as it is: the provider knows the pool of a container only from making it.
    """
    name = str(config["hostname"])
    return {
        "name": name,
        "vmid": vmid,
        "kind": "lxc",
        "role": "container",
        "group": name,
        "node": node,
        # Proxmox VE ends it with a line break, which the provider adds by itself.
        "description": str(config.get("description") or "").rstrip("\n"),
        "cores": int(config["cores"]),
        "memory_mib": int(config["memory"]),
        "swap_mib": int(config["swap"]),
        "disks": [_disk(key, options(config[key], "volume")) for key in _volume_keys(config)],
        "nics": [_nic(options(config[key])) for key in keys_of(config, _NIC)],
        # Which template it was made from is not known any more.
        "source": {"type": "existing", "volume_id": options(config["rootfs"], "volume")["volume"]},
        "os_type": str(config["ostype"]),
        "unprivileged": is_on(config, "unprivileged"),
        "nesting": options(config.get("features", "")).get("nesting") == "1",
        "tags": own_tags(config),
        "on_boot": is_on(config, "onboot"),
        "protection": is_on(config, "protection"),
        "startup": startup(config),
        "why": [AS_IT_WAS],
    }


def _volume_keys(config: Config) -> list[str]:
    """Return the root volume and the mount points, in the provider's order."""
    return [*(key for key in ("rootfs",) if key in config), *keys_of(config, _MOUNT_POINT)]


def _disk(key: str, given: t.Mapping[str, str]) -> Data:
    return {
        "interface": key,
        "storage": given["volume"].partition(":")[0],
        "size_gib": gib(given),
        "backup": key == "rootfs" or given.get("backup") == "1",
        "mount_path": given.get("mp"),
    }


def _nic(given: t.Mapping[str, str]) -> Data:
    return {
        "bridge": given["bridge"],
        "vlan": int(given["tag"]) if "tag" in given else None,
        "mtu": int(given["mtu"]) if "mtu" in given else None,
        "firewall": given.get("firewall") == "1",
        "mac_address": given.get("hwaddr"),
        "address": given.get("ip") or given.get("ip6"),
        "gateway": given.get("gw") or given.get("gw6"),
    }
