# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps Proxmox VE from doing what a plan asks, read from the guests themselves beforehand.

Nothing is stopped before every guest of a plan may be changed or go. One call for each guest.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import PveError
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.truth import truth
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.fields import (
    judged,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guests import (
    Guest,
    Guests,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.summary import (
    FieldChange,
    ResourceChange,
)

_TOUCHING = ("update", "replace", "delete")
_ENDING = ("replace", "delete")
_SIZED = re.compile(r"disk(\.\d+)?\.size")
_DISK = re.compile(r"(?:scsi|virtio|sata|ide|mp)\d+|rootfs")
_SIZE = re.compile(r"(?:^|,)size=([^,]+)")


def impossible(changes: t.Iterable[ResourceChange]) -> list[str]:
    """Return what Proxmox VE has no way to do, a sentence for each value of a plan."""
    machines = [c for c in changes if c.kind is not None and c.action == "update"]
    return [
        f"{change.name} (VMID {change.vmid}): {text}"
        for change in machines
        for field in change.fields
        for pattern, asks, sentence in _IMPOSSIBLE
        if re.fullmatch(pattern, field.field) and asks(field)
        for text in (sentence.format(before=field.before, after=field.after),)
    ] + [text for change in machines if change.kind == "vm" for text in _grows_and_waits(change)]


def _grows_and_waits(change: ResourceChange) -> t.Iterator[str]:
    """The provider grows no disk of a running VM while something waits for its restart.

    It would write the rest first and fail then.
    """
    waiting = [f.field for f in change.fields if (row := judged(f.field)) and row.restarts]
    grown = [f.field for f in change.fields if _SIZED.fullmatch(f.field)]
    if grown and waiting:
        yield (
            f"{change.name} (VMID {change.vmid}): a disk can only grow while nothing waits for a"
            f" restart of the machine, and {', '.join(waiting)} would; ask for the larger disk by"
            " itself first, then for the rest."
        )


def _is_smaller(field: FieldChange) -> bool:
    before, after = _number(field.before), _number(field.after)
    return before is not None and after is not None and after < before


def _is_gone(field: FieldChange) -> bool:
    return field.before != "(none)" and field.after == "(none)"


def _is_other(field: FieldChange) -> bool:
    return "(none)" not in (field.before, field.after)


def _number(text: str) -> float | None:
    found = re.match(r"\d+(?:\.\d+)?", text)
    return float(found[0]) if found else None


#: Field of the provider, what is asked of it, and why that cannot be.
_IMPOSSIBLE: tuple[tuple[str, t.Callable[[FieldChange], bool], str], ...] = (
    (
        r"(disk|mount_point)(\.\d+)?\.size",
        _is_smaller,
        "the plan shrinks a disk from {before} to {after} GiB, and no disk can shrink on Proxmox"
        " VE; ask for {before} or more.",
    ),
    (
        r"disk(\.\d+)?\.interface",
        _is_gone,
        "the plan takes away the disk {before}, which was added on Proxmox VE after the facts were"
        " read; plan again to keep it.",
    ),
    (
        r"efi_disk(\.\d+)?\.type",
        _is_other,
        "the EFI disk has the size {before} and cannot become {after}; make the machine anew.",
    ),
    (
        r"tpm_state(\.\d+)?\.version",
        _is_other,
        "the TPM has the version {before} and cannot become {after}; make the machine anew.",
    ),
)


def obstacles(changes: t.Iterable[ResourceChange], guests: Guests) -> list[str]:
    """Return why guests cannot be changed or removed now: lock, protection, a host that is away.

    Args:
        changes: machines of a plan; what an interrupted run left half made is made anew anyhow.
        guests: view of the cluster.
    """
    told: list[str] = []
    for change, guest, config in _touched(changes, guests):
        title = f"{change.name} ({_title(guest)})"
        if isinstance(config, PveError):
            told.append(
                f"{title} cannot be read, so that its host {guest.node} may be offline: {config}"
            )
            continue
        lock = config.get("lock") or guest.lock
        if lock:
            told.append(
                f"{title} is locked ({lock}): wait until that has ended, or unlock it if it will"
                f" not ({'qm' if guest.kind == 'vm' else 'pct'} unlock {guest.vmid})."
            )
        if change.action in _ENDING and truth(config.get("protection")):
            told.append(
                f"{title} would be deleted but Proxmox VE protects it: take the protection away"
                " first."
            )
    return told


def attached(
    changes: t.Iterable[ResourceChange],
    guests: Guests,
    planned: t.Mapping[str, t.Mapping[str, t.Any]],
) -> list[str]:
    """Return what goes with the guests that would be removed, a sentence for each guest.

    Args:
        changes: machines of a plan.
        guests: view of the cluster.
        planned: machines of the rendered variables, whose disks everybody knows of.
    """
    told = []
    for change, guest, config in _touched(changes, guests):
        if change.action not in _ENDING or isinstance(config, PveError):
            continue
        known = {disk.get("interface") for disk in planned.get(change.name, {}).get("disks", ())}
        parts = [
            f"the disk {key} ({_size(value)}), which was added on Proxmox VE"
            for key, value in sorted(config.items())
            if _DISK.fullmatch(key) and key not in known and not _is_drive(str(value))
        ]
        if config.get("parent"):
            parts.append(f"its snapshots (the last is {config['parent']})")
        if guest.ha:
            parts.append(f"its entry in high availability ({guest.ha})")
        if parts:
            told.append(f"With {change.name} ({_title(guest)}) goes {', '.join(parts)}.")
    return told


def _touched(
    changes: t.Iterable[ResourceChange], guests: Guests
) -> t.Iterator[tuple[ResourceChange, Guest, dict[str, t.Any] | PveError]]:
    wanted = [c for c in changes if c.kind is not None and c.action in _TOUCHING]
    if not wanted:
        return
    known = {guest.vmid: guest for guest in guests.all()}
    for change in wanted:
        guest = known.get(change.vmid or 0)
        if guest is None:
            continue
        try:
            yield change, guest, guests.config(guest)
        except PveError as error:
            yield change, guest, error


def _is_drive(value: str) -> bool:
    return "media=cdrom" in value or "cloudinit" in value


def _size(value: t.Any) -> str:
    found = _SIZE.search(str(value))
    return found[1] if found else "of unknown size"


def _title(guest: Guest) -> str:
    return f"{'container' if guest.kind == 'lxc' else 'VM'} {guest.vmid} on {guest.node}"
