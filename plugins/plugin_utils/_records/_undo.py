# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes an applied run back: the plan of now, with the values of before that run.

Only what the run changed is touched. Values that somebody changed since, and values that cannot
be set again, stay and are told.
"""

from __future__ import annotations

import copy
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.fields import (
    judged,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._compare import (
    leaves,
    text_of,
)

Data = dict[str, t.Any]
Path = tuple[str, ...]

#: Where a plan calls a field otherwise than the provider, whose names the table of fields has.
_PROVIDER: tuple[tuple[str, str], ...] = (
    (r"(cores|sockets)", r"cpu.\1"),
    (r"numa", "cpu.numa"),
    (r"cpu_type", "cpu.type"),
    (r"memory_mib", "memory.dedicated"),
    (r"balloon_mib", "memory.floating"),
    (r"swap_mib", "memory.swap"),
    (r"disks\.(\d+)\.size_gib", r"disk.\1.size"),
    (r"disks\.(\d+)\.storage", r"disk.\1.datastore_id"),
    (r"disks\.(\d+)\.mount_path", r"mount_point.\1.path"),
    (r"disks\.(\d+)\.(.*)", r"disk.\1.\2"),
    (r"nics\.\d+\.(address|gateway)", r"initialization.ip_config.ipv4.\1"),
    (r"nics\.(\d+)\.vlan", r"network_device.\1.vlan_id"),
    (r"nics\.(\d+)\.rate_mb_per_second", r"network_device.\1.rate_limit"),
    (r"nics\.(\d+)\.connected", r"network_device.\1.disconnected"),
    (r"nics\.(\d+)\.trunks(\..*)?", r"network_device.\1.trunks"),
    (r"nics\.(\d+)\.(.*)", r"network_device.\1.\2"),
    (r"cloud_init(\..*)?", "initialization.datastore_id"),
    (r"efi_disk(\..*)?", "efi_disk.datastore_id"),
    (r"tpm(\..*)?", "tpm_state.datastore_id"),
    (r"node", "node_name"),
    (r"pool", "pool_id"),
    (r"machine_type", "machine"),
    (r"os_type", "operating_system.type"),
    (r"agent", "agent.enabled"),
    (r"agent_(type|trim)", r"agent.\1"),
    (r"cpu_flags(\..*)?", "cpu.flags"),
    (r"serial", "serial_device.device"),
    (r"pci_mappings(\..*)?", "hostpci.mapping"),
    (r"boot_order(\..*)?", "boot_order"),
    (r"tags(\..*)?", "tags"),
    (r"nesting", "features.nesting"),
    (r"ha\.(.*)", r"state"),
    (r"startup(\..*)?", "startup.order"),
    (r"replication(\..*)?", "schedule"),
    # What a machine is for and was made from is a word of the plan, not of the guest.
    (r"(role|group|software|source|backup)(\..*)?", "description"),
)
#: Fields that say who a machine is: a guest with another one is another guest.
_IDENTITY = ("name", "vmid", "kind")
_PARTS = ("environment", "addons", "backups")


@dataclass(frozen=True)
class Undone:
    """``plan`` is what to go to. The others are sentences, or names of machines.

    Attributes:
        plan: the plan of now with what the run changed taken back.
        gone: machines that the run deleted: name and VMID of each.
        removed: machines that the run made and that would go now.
        kept: what stays though the run changed it, and why.
    """

    plan: Data
    gone: tuple[Data, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def undone(before: Data | None, after: Data | None, now: Data) -> Undone:
    """Return what takes a run back.

    Args:
        before: plan that was applied before the run, None when there was none.
        after: plan that the run made; None when it took the last machine away.
        now: plan that is applied now.
    """
    old, new, current = _machines(before), _machines(after), _machines(now)
    made = {key for key in new if key not in old}
    removed = tuple(sorted(key[0] for key in made if key in current))
    gone = tuple({"name": key[0], "vmid": key[1]} for key in sorted(old.keys() - new.keys()))
    kept: list[str] = []
    machines = []
    for key, machine in current.items():
        if key in made:
            continue
        both = key in old and key in new
        machines.append(_machine(old[key], new[key], machine, kept) if both else machine)
    plan = {**copy.deepcopy(now), "machines": machines}
    _parts(before or {}, after or {}, plan, kept)
    _members(plan, removed)
    _without_machines(plan)
    plan["findings"], plan["questions"], plan["alternatives"], plan["rounds"] = [], [], [], []
    return Undone(plan, gone, removed, tuple(kept))


def _machines(plan: Data | None) -> dict[tuple[str, int], Data]:
    return {(m["name"], int(m["vmid"])): m for m in (plan or {}).get("machines") or ()}


def _machine(old: Data, new: Data, now: Data, kept: list[str]) -> Data:
    """Return a machine of now with the values of before the run, as far as they can be had."""
    found = copy.deepcopy(now)
    for field in sorted(old.keys() | new.keys()):
        if field not in (*_IDENTITY, "why"):
            sides = _Sides(old.get(field), new.get(field), now.get(field))
            found[field] = _value(sides, field, now["name"], kept)
    found["why"] = copy.deepcopy(old.get("why") or now.get("why") or [])
    return found


class _Sides(t.NamedTuple):
    """A value before the run, after it, and now."""

    old: t.Any
    new: t.Any
    now: t.Any

    def below(self, key: t.Any) -> _Sides:
        """Return the same of one part of it."""
        if isinstance(self.now, dict):
            return _Sides(self.old.get(key), self.new.get(key), self.now.get(key))
        return _Sides(self.old[key], self.new[key], self.now[key])


def _value(sides: _Sides, path: str, name: str, kept: list[str]) -> t.Any:
    """Return the value of before, or that of now with a word why."""
    old, new, now = sides
    if old == new:
        return copy.deepcopy(now)
    if all(isinstance(value, dict) for value in sides):
        keys = sorted(now.keys() | old.keys())
        return {key: _value(sides.below(key), f"{path}.{key}", name, kept) for key in keys}
    if _listed(*sides) and len(old) == len(new) == len(now):
        places = range(len(now))
        return [_value(sides.below(n), f"{path}.{n}", name, kept) for n in places]
    if now != new:
        kept.append(
            f"{name} {path} stays {text_of(now)}: it was changed again since the run, which had"
            f" set {text_of(new)}."
        )
        return copy.deepcopy(now)
    lasting = _lasting(path, old, new)
    if lasting:
        kept.append(
            f"{name} {lasting} stays {text_of(new)}: Proxmox VE cannot set {text_of(old)} again."
        )
        return copy.deepcopy(now)
    return copy.deepcopy(old)


def _listed(*values: t.Any) -> bool:
    return all(
        isinstance(v, list | tuple) and v and all(isinstance(x, dict) for x in v) for v in values
    )


def _lasting(path: str, old: t.Any, new: t.Any) -> str:
    """Return the field below ``path`` that cannot be set back; one that nobody judged cannot."""
    if path == "disks":  # another number of them: one that came holds data, one that went is lost
        return path
    mine, theirs = dict(leaves(old, path)), dict(leaves(new, path))
    for field in sorted(mine.keys() | theirs.keys()):
        if mine.get(field) != theirs.get(field):
            row = judged(_provider(field))
            if row is None or not row.reversible:
                return field
    return ""


def _provider(field: str) -> str:
    for pattern, name in _PROVIDER:
        found = re.fullmatch(pattern, field)
        if found:
            return found.expand(name)
    return field


def _parts(before: Data, after: Data, plan: Data, kept: list[str]) -> None:
    """Take back what is of the whole plan: environment, add-ons, backups, cluster."""
    for part in _PARTS:
        old, new = before.get(part), after.get(part)
        if not before or old == new:
            continue
        if plan.get(part) == new:
            plan[part] = copy.deepcopy(old)
        else:
            kept.append(f"{part} stays as it is: it was changed again since the run.")
    old, new, now = before.get("cluster"), after.get("cluster"), plan.get("cluster")
    if not (old and new and now):
        return
    for field in sorted(old.keys() & new.keys() & now.keys()):
        if old[field] == new[field] or field in ("servers", "agents", "why"):
            continue
        if field == "version":
            kept.append(
                f"k3s stays {now[field]}: the playbook k3s_rollback goes back to {old[field]}."
            )
        elif now[field] == new[field]:
            now[field] = copy.deepcopy(old[field])
        else:
            kept.append(f"cluster {field} stays {text_of(now[field])}: it was changed again since.")


def _members(plan: Data, removed: t.Container[str]) -> None:
    """Take machines that go out of their cluster; without a server there is no cluster."""
    cluster = plan.get("cluster")
    if not cluster:
        return
    for role in ("servers", "agents"):
        cluster[role] = [name for name in cluster[role] if name not in removed]
    if not cluster["servers"]:
        plan["cluster"], plan["addons"] = None, []


def _without_machines(plan: Data) -> None:
    """Take out what needs machines where none stays."""
    if not plan["machines"]:
        plan["cluster"], plan["addons"], plan["backups"] = None, [], []
