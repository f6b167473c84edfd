# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of each guest field means, as data; a field that is not here is not changed.

Summary, severity of drift, undo and the documentation read this table. Fields are the provider's
attribute paths, as the summary of a plan writes them.
"""

from __future__ import annotations

import re
import typing as t
from functools import cache

Severity = t.Literal["high", "medium", "low"]
Effect = t.Literal["now", "restart", "none"]


class Field(t.NamedTuple):
    """One row.

    Attributes:
        pattern: regular expression of the whole path.
        effect: at once, after a restart of the guest, or none (the provider's own setting).
        reversible: whether the value before can be set again.
        destroys: whether data of the guest can be lost.
        severity: of a change behind our back.
        source: where that is documented.
    """

    pattern: str
    effect: Effect
    reversible: bool
    destroys: bool
    severity: Severity
    source: str

    @property
    def restarts(self) -> bool:
        """Whether it waits for a restart of the guest."""
        return self.effect == "restart"


_QM = "Proxmox VE administration guide, qm.conf"
_PCT = "Proxmox VE administration guide, pct.conf"
_HA = "Proxmox VE administration guide, ha-manager"
_BACKUP = "Proxmox VE administration guide, vzdump"
_BPG = "bpg/proxmox 0.111, resource documentation"

FIELDS: tuple[Field, ...] = (
    # identity
    Field(r"name|initialization\.hostname", "now", True, False, "high", _QM),
    Field(r"vm_id|template", "now", False, True, "high", _QM),
    Field(r"node_name", "now", True, False, "high", _QM),
    Field(r"tags|protection|started", "now", True, False, "high", _QM),
    Field(
        r"description|pool_id|on_boot|start_on_boot|startup(\..*)?", "now", True, False, "low", _QM
    ),
    # processor and memory
    Field(r"cpu\..*|numa(\..*)?", "restart", True, False, "medium", _QM),
    Field(
        r"memory\.(dedicated|floating|shared|hugepages|keep_hugepages)",
        "restart",
        True,
        False,
        "medium",
        _QM,
    ),
    Field(r"memory\.swap", "now", True, False, "medium", _PCT),
    # firmware and machine
    Field(r"bios|machine|scsi_hardware|acpi|kvm_arguments", "restart", True, False, "medium", _QM),
    Field(
        r"serial_device(\..*)?|vga(\..*)?|tablet_device|keyboard_layout",
        "restart",
        True,
        False,
        "low",
        _QM,
    ),
    Field(r"hotplug|operating_system\.type|hook_script_file_id", "now", True, False, "low", _QM),
    Field(r"boot_order", "restart", True, False, "medium", _QM),
    Field(r"(smbios|rng|watchdog|amd_sev|usb|virtiofs)(\..*)?", "restart", True, False, "low", _QM),
    Field(r"hostpci(\..*)?|device_passthrough(\..*)?", "restart", True, False, "medium", _QM),
    Field(r"agent\.(enabled|trim|type)", "restart", True, False, "low", _QM),
    # disks: they only grow, and one that goes takes its data along
    Field(r"disk(\.\d+)?\.size|mount_point\.\d+\.size", "now", False, False, "medium", _QM),
    Field(
        r"disk(\.\d+)?\.(discard|ssd|iothread|cache|aio|backup)"
        r"|disk(\.\d+)?\.(replicate|serial|queues|speed\..*)",
        "restart",
        True,
        False,
        "medium",
        _QM,
    ),
    Field(
        r"mount_point\.\d+\.(backup|acl|quota|read_only|replicate|shared|mount_options)",
        "restart",
        True,
        False,
        "medium",
        _PCT,
    ),
    Field(
        r"disk(\.\d+)?\.(datastore_id|file_format|interface|path_in_datastore|file_id)",
        "now",
        False,
        True,
        "medium",
        _QM,
    ),
    Field(r"mount_point\.\d+\.(volume|path)", "restart", False, True, "medium", _PCT),
    Field(r"(efi_disk|tpm_state)(\..*)?", "restart", False, True, "medium", _QM),
    Field(r"cdrom(\..*)?", "now", True, False, "low", _QM),
    # network and first boot
    Field(r"(network_device|network_interface)\.\d+\..*", "now", True, False, "medium", _QM),
    Field(r"initialization(\..*)?", "restart", True, False, "medium", _QM),
    Field(r"unprivileged", "restart", False, True, "high", _PCT),
    Field(r"features(\..*)?|console(\..*)?|idmap(\..*)?", "restart", True, False, "low", _PCT),
    # what hangs on a guest
    Field(
        r"(resource_id|group|state|max_restart|max_relocate|failback|comment)",
        "now",
        True,
        False,
        "medium",
        _HA,
    ),
    Field(
        r"(rule|type|nodes(\..*)?|resources|strict|affinity|disable|restricted|no_failback)",
        "now",
        True,
        False,
        "medium",
        _HA,
    ),
    Field(
        r"(enabled|storage|schedule|mode|compress|vmid|pool|all|prune_backups(\..*)?)",
        "now",
        True,
        False,
        "medium",
        _BACKUP,
    ),
    Field(
        r"(target|rate|macfilter|dhcp|input_policy|output_policy|container_id|id)",
        "now",
        True,
        False,
        "medium",
        _BACKUP,
    ),
    # settings of the provider; Proxmox VE never sees them
    Field(
        r"timeout_.*|stop_on_destroy|purge_on_destroy|delete_unreferenced.*|migrate|reboot.*|clone(\..*)?"
        r"|agent\.(timeout|wait_for_ip.*)|disk(\.\d+)?\.import_from|operating_system\.template_file_id",
        "none",
        True,
        False,
        "low",
        _BPG,
    ),
)


@cache
def judged(path: str) -> Field | None:
    """Return the row of a field, None when nobody judged it."""
    return next((row for row in FIELDS if re.fullmatch(row.pattern, path)), None)


def severity(paths: t.Iterable[str]) -> Severity:
    """Return the worst severity of some fields; one that nobody judged is high."""
    ranks: tuple[Severity, ...] = ("high", "medium", "low")
    found = {row.severity if row else "high" for row in map(judged, paths)}
    return next((rank for rank in ranks if rank in found), "low")


def unjudged(paths: t.Iterable[str]) -> list[str]:
    """Return the fields of which nobody has said what a change does."""
    return sorted({path for path in paths if judged(path) is None})
