# SPDX-License-Identifier: GPL-3.0-or-later
"""Existing guests as machines of a plan: their configurations read, and every value carried over.

A machine is described as the Terraform provider reads it back, so that taking it over changes
nothing but its tags. What a plan cannot say is refused by name; nothing is left out silently.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._environments import of_tags
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import (
    adopt_container,
    adopt_values,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import (
    adopt_devices as devices,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.adopt_values import (
    AS_IT_WAS,
    IMPORTED_TAG,
    OWNER_TAG,
    Config,
    Data,
    is_on,
    odd,
    options,
    own_tags,
    startup,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import Api
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import PveError
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.guests import (
    agent_enabled,
    memory_mib,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.hardware import hardware
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.truth import truth

AGENT_SECONDS = 5.0

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
#: Values of the configuration that a machine of a plan has a field for.
_EXPRESSED = re.compile(
    r"agent|balloon|bios|boot|cores|cpu|description|efidisk0|hotplug|hostpci\d+|ipconfig\d+|ci.*"
    r"|machine|memory|name|nameserver|net\d+|numa|onboot|ostype|protection|scsihw|searchdomain"
    r"|serial0|sockets|sshkeys|startup|tags|tpmstate0|(scsi|virtio|sata|ide)\d+"
)
#: Values that Terraform neither reads nor writes for our root module: they stay as they are.
_UNTOUCHED = re.compile(
    r"bootdisk|cpuunits|digest|meta|parent|runningcpu|runningmachine|shares"
    r"|snaptime|unused\d+|vga|vmgenid|vmstatestorage|localtime|startdate"
)
#: Values that may be written out although they are what Proxmox VE takes by itself.
_DEFAULTS = {
    "acpi": "1",
    "arch": "x86_64",
    "cpulimit": "0",
    "freeze": "0",
    "keyboard": "en-us",
    "kvm": "1",
    "reboot": "1",
    "tablet": "1",
    "template": "0",
}
_AGENT_FIELDS = {"enabled", "type", "fstrim_cloned_disks"}
_AGENT_DEFAULTS = {"freeze-fs-on-backup": "1"}


class AdoptError(Exception):
    """Guests that cannot be taken over as they are; the text says why, and nothing was touched."""


def adopt(
    api: Api, imports: t.Mapping[str, int], deployment: str, plan: Data | None, environment: str
) -> Data:
    """Return the plan of a deployment with existing guests in it, as plain data.

    Args:
        api: client of the cluster; one request, and two more for each guest.
        imports: name of the guest, which becomes the machine's, to its VMID.
        deployment: name of the deployment.
        plan: what the deployment has already; None for a new one.
        environment: of a new deployment whose guests carry no tag of one (``env-NAME``).

    Raises:
        AdoptError: names all guests that cannot be taken over, and why.
        PveError: the API could not be read.
    """
    stored = {machine["name"]: machine for machine in (plan or {}).get("machines", ())}
    known = {int(item["vmid"]): item for item in api.get("/cluster/resources", {"type": "vm"})}
    problems: list[str] = []
    machines: list[Data] = []
    for name, vmid in sorted(imports.items()):
        if name in stored and stored[name]["vmid"] == vmid:
            continue
        holder = next((m["name"] for m in stored.values() if m["vmid"] == vmid), None)
        if name in stored or holder:
            problems.append(
                f"{deployment} has a machine {name if name in stored else holder} already,"
                f" with the VMID {stored[name]['vmid'] if name in stored else vmid}"
            )
            continue
        found, why = _guest(api, known.get(vmid), name, vmid, deployment)
        problems += [f"{name} (VMID {vmid}) {reason}" for reason in why]
        machines += [found] if found else []
    doubles = {vmid for vmid in imports.values() if list(imports.values()).count(vmid) > 1}
    problems += [f"VMID {vmid} is given more than one name" for vmid in sorted(doubles)]
    if problems:
        raise AdoptError(f"Nothing was taken over: {'; '.join(problems)}.")
    return _merged(plan, machines, deployment, environment)


def _merged(plan: Data | None, machines: list[Data], deployment: str, environment: str) -> Data:
    if plan is not None:
        return {**plan, "machines": [*plan["machines"], *machines]} if machines else plan
    names = ", ".join(machine["name"] for machine in machines)
    tags = {tag for machine in machines for tag in machine["tags"]}
    return {
        "schema_version": 1,
        "deployment": deployment,
        "status": "ready",
        "summary": f"Taken over as they were: {names}.",
        "environment": of_tags(tags, otherwise=environment),
        "kind": "lxc" if all(machine["kind"] == "lxc" for machine in machines) else "vm",
        "machines": machines,
        # What comes after the machines asks each plan for all of its parts.
        "cluster": None,
        "addons": [],
        "backups": [],
        "findings": [],
        "questions": [],
        "alternatives": [],
        "rounds": [],
        "cost": None,
        "confidence": 1.0,
        "provenance": None,
    }


def _guest(
    api: Api, item: Config | None, name: str, vmid: int, deployment: str
) -> tuple[Data | None, list[str]]:
    """Return one guest as a machine, or why it cannot be one."""
    why = _refused_unread(item, name, deployment)
    if item is None or why:
        return None, why
    place = f"/nodes/{item['node']}/{item['type']}/{vmid}"
    config = api.get(f"{place}/config")
    if item["type"] == "lxc":
        why = list(adopt_container.unsupported(config))
        container = (
            None if why else adopt_container.machine(config, vmid=vmid, node=str(item["node"]))
        )
        return container and _marked(container, item), why
    why = list(unsupported(config))
    if agent_enabled(config) and not why:
        try:
            api.get(
                f"{place}/agent/network-get-interfaces", timeout_seconds=AGENT_SECONDS, retries=0
            )
        except PveError as error:
            why.append(
                "has its guest agent switched on, but it does not answer, and Terraform would wait"
                f" for it: start it in the guest, or switch it off ({str(error).rstrip('.')})"
            )
    if why:
        return None, why
    return _marked(
        machine(config, vmid=vmid, node=str(item["node"]), pool=item.get("pool")), item
    ), []


def _marked(found: Data, item: Config) -> Data:
    """Return a machine with what its tags say of it; one that we did not make says so for good."""
    tags = set(re.split("[;, ]", str(item.get("tags") or "")))
    roles = sorted(tag.removeprefix("role-") for tag in tags if tag.startswith("role-"))
    if OWNER_TAG not in tags:
        return {**found, "tags": sorted({*found["tags"], IMPORTED_TAG})}
    group = re.sub(r"-\d+$", "", found["name"])
    return {**found, "role": roles[0], "group": group} if roles else found


def _refused_unread(item: Config | None, name: str, deployment: str) -> list[str]:
    """Return what the list of guests already says against taking one over.

    One that high availability manages stays so, outside of the plan.
    """
    if item is None:
        return ["does not exist, or these credentials may not see it"]
    tags = set(re.split("[;, ]", str(item.get("tags") or "")))
    others = sorted(
        tag.removeprefix("cw-")
        for tag in tags
        if tag.startswith("cw-") and tag != f"cw-{deployment}"
    )
    checks = (
        (truth(item.get("template")), "is a template, and only guests that run can be taken over"),
        (item.get("name") != name, f"is named {item.get('name')}: give it that name in imports"),
        (
            not _NAME.fullmatch(name),
            "has a name that no machine can have: small letters, digits and inner hyphens only",
        ),
        (bool(item.get("lock")), f"is locked ({item.get('lock')}): wait until that has ended"),
        (
            item.get("status") != "running",
            "is not running, and a machine of a deployment always is: start it first",
        ),
        (
            item.get("hastate") not in (None, "started"),
            f"is held by high availability in the state {item.get('hastate')}: wait until that has"
            " ended, or request the state started",
        ),
        (OWNER_TAG in tags and bool(others), f"belongs to the deployment {', '.join(others)}"),
    )
    return [text for wrong, text in checks if wrong][:1]


def unsupported(config: Config) -> t.Iterator[str]:
    """Yield what a VM has and a plan cannot say, each as the end of a sentence."""
    for key, value in sorted(config.items()):
        text = str(value)
        if _DEFAULTS.get(key) == text or _UNTOUCHED.fullmatch(key):
            continue
        if key == "smbios1" and not re.search(r"(?<!\w)(?!uuid=)\w+=", text):
            continue
        if not _EXPRESSED.fullmatch(key):
            yield f"has {key}, which a plan cannot say"
    yield from _unsupported_values(config)
    yield from devices.unsupported_disks(config)
    yield from devices.unsupported_nics(config)
    yield from devices.unsupported_cloud_init(config)


def _unsupported_values(config: Config) -> t.Iterator[str]:
    cpu = options(config.get("cpu", ""), "cputype")
    if odd(cpu, {"cputype", "flags"}, {"hidden": "0"}):
        yield f"has the CPU {config['cpu']}, and a plan knows only its type and flags"
    agent = odd(options(config.get("agent", ""), "enabled"), _AGENT_FIELDS, _AGENT_DEFAULTS)
    if agent:
        yield f"has the guest agent with {', '.join(agent)}, which a plan cannot say"
    if config.get("serial0", "socket") != "socket":
        yield f"has serial0 on {config['serial0']}, and a plan knows only a socket"
    for missing in ("ostype", "scsihw"):
        if missing not in config:
            yield f"has no {missing} of its own: write down what it has (qm set)"
    yield from adopt_values.unsupported(config)


def machine(config: Config, *, vmid: int, node: str, pool: str | None) -> Data:
    """Return a VM as data of the contract's ``Machine``, where ``unsupported`` found nothing."""
    found, kept = devices.disks(config), hardware(config)
    name = str(config["name"])
    return {
        "name": name,
        "vmid": vmid,
        "kind": "vm",
        "role": "vm",
        "group": name,
        "node": node,
        "description": str(config.get("description") or ""),
        "cores": int(config.get("cores") or 1),
        "sockets": int(config.get("sockets") or 1),
        # The provider's word for a VM without a CPU type of its own.
        "cpu_type": options(config.get("cpu", ""), "cputype").get("cputype") or "qemu64",
        "cpu_flags": kept["cpu_flags"],
        "numa": is_on(config, "numa"),
        "memory_mib": memory_mib(config),
        "balloon_mib": int(config.get("balloon") or 0),
        "disks": found,
        "nics": devices.nics(config),
        # Should it ever be made again, then from what is left of its own first disk.
        "source": {"type": "existing", "volume_id": devices.volume_id(config, found)},
        "cloud_init": devices.cloud_init(config),
        "os_type": str(config["ostype"]),
        "bios": str(config.get("bios") or "seabios"),
        "machine_type": kept["machine_type"] if "machine" in config else None,
        "efi_disk": kept["efi_disk"],
        "tpm": kept["tpm"],
        "scsi_hardware": str(config["scsihw"]),
        "serial": "serial0" in config,
        "agent": agent_enabled(config),
        "agent_type": kept["agent_type"],
        "agent_trim": kept["agent_trim"],
        "hotplug": str(config.get("hotplug") or ""),
        "boot_order": boot_order(config),
        "pool": pool or None,
        "tags": own_tags(config),
        "on_boot": is_on(config, "onboot"),
        "protection": is_on(config, "protection"),
        "startup": startup(config),
        "pci_mappings": devices.pci_mappings(config),
        "why": [AS_IT_WAS],
    }


def boot_order(config: Config) -> list[str]:
    """Return the devices that a VM boots from; none when it has no order of its own."""
    text = options(config.get("boot", "")).get("order", "")
    return [device for device in text.split(";") if device]
