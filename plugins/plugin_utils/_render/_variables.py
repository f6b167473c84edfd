# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan → the input variables of the root modules."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Plan,
    errors,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._protection import (
    Backup,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Model,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._errors import (
    RenderError,
)

#: Tag of every guest that this collection made.
OWNER_TAG = "clusterwright"
#: Addresses of network interfaces that are none.
UNFIXED = ("dhcp", "manual")
#: How long a VM on DHCP may take to tell its address when nobody says.
AGENT_TIMEOUT_SECONDS = 120

#: Operating systems that Proxmox VE can set up in a container, as they begin template names.
_CONTAINER_SYSTEMS = (
    "alpine",
    "archlinux",
    "centos",
    "debian",
    "devuan",
    "fedora",
    "gentoo",
    "nixos",
    "opensuse",
    "ubuntu",
)
#: Free text may hold line breaks and tabs, but nothing that changes how a line is shown.
_UNPRINTABLE = re.compile(r"[^\n\t\x20-\x7e\u00a0-\u200a\u2010-\u2027\u2030-\u205f\u2070-\ufefe]")
_PUBLIC_KEY = re.compile(
    r"(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d{3}|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
    r" [A-Za-z0-9+/]{32,}={0,3}(?: [^\x00-\x1f\x7f]*)?"
)
_DOMAIN = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*\.?")

#: Fields of a machine that the variables hold under the same name.
SAME_NAME_FIELDS = (
    "agent",
    "balloon_mib",
    "bios",
    "cores",
    "cpu_type",
    "hotplug",
    "kind",
    "memory_mib",
    "nesting",
    "node",
    "numa",
    "on_boot",
    "pci_mappings",
    "pool",
    "protection",
    "replication",
    "scsi_hardware",
    "serial",
    "sockets",
    "source",
    "startup",
    "swap_mib",
    "tpm",
    "unprivileged",
    "vmid",
)


#: Fields that the variables hold where they differ from the defaults of Proxmox VE.
KEPT_FIELDS = ("agent_trim", "agent_type", "cpu_flags")
KEPT_OF_DISKS = ("aio", "cache", "queues", "replicate", "serial")
KEPT_OF_NICS = ("connected", "queues", "rate_mb_per_second", "trunks")


def deployment_tag(deployment: str) -> str:
    """Return the tag of the guests of one deployment."""
    return f"cw-{deployment}"


def variables_from(
    plan: Plan,
    *,
    pve_major: int = 9,
    agent_timeout_seconds: int = AGENT_TIMEOUT_SECONDS,
    allow_empty: bool = False,
) -> dict[str, t.Any]:
    """Return the variables of the root module as JSON data.

    Args:
        plan: a ready plan.
        pve_major: major version of Proxmox VE, which decides how HA resources are placed.
        agent_timeout_seconds: how long a VM on DHCP may take to tell its address, 5 to 3600.
        allow_empty: a plan without machines is meant: all of them shall go.

    Raises:
        RenderError: the plan is not ready, has findings of severity error, names a machine, a
            VMID, an address or a backup job twice, or has a backup job without machines; or the
            waiting time is out of bounds.
    """
    if not 5 <= agent_timeout_seconds <= 3600:
        raise RenderError(
            f"agent_timeout_seconds is {agent_timeout_seconds}: give a number from 5 to 3600."
        )
    _refuse_unready(plan, allow_empty)
    _refuse_doubles(plan)
    for machine in plan.machines:
        _refuse_cloud_init(machine)
    return {
        "agent_timeout_seconds": agent_timeout_seconds,
        "apart": _apart(plan),
        "backups": {job.name: _backup(job, plan) for job in plan.backups},
        "deployment": plan.deployment,
        "pve_major": pve_major,
        "machines": {
            machine.name: _machine(machine, plan.deployment)
            for machine in sorted(plan.machines, key=lambda machine: machine.name)
        },
    }


def _refuse_unready(plan: Plan, allow_empty: bool) -> None:
    if plan.status != "ready":
        raise RenderError(
            f"The plan of {plan.deployment} is not ready (status {plan.status}): "
            f"{plan.summary or 'change the request and plan again'}"
        )
    found = errors(plan.findings)
    if found:
        raise RenderError(
            f"The plan of {plan.deployment} has {len(found)} error finding(s); "
            f"the first is {found[0].id}: {found[0].message}"
        )
    if not plan.machines and not allow_empty:
        raise RenderError(
            f"The plan of {plan.deployment} has no machine: destroy the deployment instead."
        )


def _refuse_doubles(plan: Plan) -> None:
    _refuse_double("machine name", [machine.name for machine in plan.machines])
    _refuse_double("VMID", [str(machine.vmid) for machine in plan.machines])
    addresses = [nic.address for machine in plan.machines for nic in machine.nics]
    _refuse_double("backup job name", [job.name for job in plan.backups], "backup jobs")
    _refuse_double("address", [text.partition("/")[0] for text in addresses if text not in UNFIXED])


def _refuse_cloud_init(machine: Machine) -> None:
    """Refuse what a guest's first boot would read as something else than it is named for."""
    settings = machine.cloud_init
    if settings is None:
        return
    for key in settings.ssh_public_keys:
        if not _PUBLIC_KEY.fullmatch(key):
            raise RenderError(
                f"{machine.name} is given an SSH key that is no public key on one line: "
                "give the content of a .pub file."
            )
    for server in settings.dns_servers:
        try:
            ipaddress.ip_address(server)
        except ValueError:
            raise RenderError(
                f"{machine.name} is given a DNS server that is no IP address."
            ) from None
    if settings.search_domain and not _DOMAIN.fullmatch(settings.search_domain):
        raise RenderError(f"{machine.name} is given a search domain that is no domain name.")


def _refuse_double(what: str, values: list[str], holders: str = "machines") -> None:
    doubles = sorted({value for value in values if values.count(value) > 1})
    if doubles:
        raise RenderError(f"The plan gives one {what} to several {holders}: {', '.join(doubles)}.")


def _apart(plan: Plan) -> dict[str, list[str]]:
    """Return the highly available servers that the plan put on nodes of their own, by group."""
    groups: dict[str, list[Machine]] = {}
    for machine in plan.machines:
        if machine.role == "server" and machine.ha.enabled:
            groups.setdefault(machine.group, []).append(machine)
    return {
        group: sorted(machine.name for machine in machines)
        for group, machines in groups.items()
        if len(machines) > 1 and len({machine.node for machine in machines}) == len(machines)
    }


def _backup(job: Backup, plan: Plan) -> dict[str, t.Any]:
    """Return one backup job; a job of the deployment names its machines by VMID."""
    vmids = sorted(machine.vmid for machine in plan.machines if machine.backup)
    if job.guests == "deployment" and not vmids:
        raise RenderError(
            f"The backup job {job.name} has no machine: every machine of {plan.deployment} is"
            " excluded from backups; remove the job or let one machine be backed up."
        )
    data = to_data(job)
    del data["name"]
    return {
        **data,
        "keep": {period: number for period, number in data["keep"].items() if number},
        "vmids": vmids if job.guests == "deployment" else [],
    }


def _machine(machine: Machine, deployment: str) -> dict[str, t.Any]:
    data = to_data(machine)
    container = machine.kind == "lxc"
    return {
        **{name: data[name] for name in SAME_NAME_FIELDS},
        **_only_told(machine, {name: data[name] for name in KEPT_FIELDS}),
        "boot_order": list(machine.boot_order) or _boot_order(machine),
        "cloud_init": data["cloud_init"],
        "description": _UNPRINTABLE.sub("", machine.description),
        "disks": _disks(machine, data["disks"]),
        "ha": data["ha"],
        "efi_disk": _efi_disk(machine, data),
        "machine_type": machine.machine_type or ("q35" if machine.pci_mappings else "pc"),
        "nics": _each_told(machine.nics, data["nics"], KEPT_OF_NICS),
        "os_type": _container_system(machine) if container else machine.os_type,
        "tags": _tags(machine, deployment),
    }


def _efi_disk(machine: Machine, data: dict[str, t.Any]) -> dict[str, t.Any] | None:
    """Return the EFI disk; one that no plan describes lies beside the first disk."""
    if machine.bios != "ovmf":
        return None
    standard = {"storage": machine.disks[0].storage, "type": "4m", "pre_enrolled_keys": False}
    return data["efi_disk"] or standard


def _tags(machine: Machine, deployment: str) -> list[str]:
    own = {OWNER_TAG, deployment_tag(deployment)}
    return sorted(own | {tag.lower() for tag in machine.tags})


def _disks(machine: Machine, disks: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Disks in their order; a machine without backup has none of its disks backed up."""
    told = _each_told(machine.disks, disks, KEPT_OF_DISKS)
    return [{**disk, "backup": disk["backup"] and machine.backup} for disk in told]


def _only_told(of: Model, values: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the values that are no defaults of their model."""
    defaults = {name: type(of).model_fields[name].default for name in values}
    given = {name: getattr(of, name) for name in values}
    return {name: value for name, value in values.items() if given[name] != defaults[name]}


def _each_told(
    parts: t.Sequence[Model], data: list[dict[str, t.Any]], kept: t.Sequence[str]
) -> list[dict[str, t.Any]]:
    result = []
    for part, values in zip(parts, data, strict=True):
        told = _only_told(part, {name: values[name] for name in kept})
        result.append({**{n: v for n, v in values.items() if n not in kept}, **told})
    return result


def _boot_order(machine: Machine) -> list[str]:
    """Boot from the first disk; an empty one falls through to the installer's ISO.

    An existing VM without an order of its own keeps it so.
    """
    if machine.source.type == "existing":
        return []
    first = [machine.disks[0].interface] if machine.disks else []
    installer = "ide2" if machine.cloud_init is None else "ide3"
    return [*first, installer] if machine.source.type == "iso" else first


def _container_system(machine: Machine) -> str:
    """Return the system that Proxmox VE shall set up, read from the template's file name."""
    if machine.source.type == "existing":
        return machine.os_type
    file_name = (machine.source.volume_id or "").rpartition("/")[2].lower()
    found = (system for system in _CONTAINER_SYSTEMS if file_name.startswith(system))
    return next(found, "unmanaged")
