# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of each guest field means, as data; a field that is not here is not changed.

Summary, severity of drift, undo and the documentation read this table. Fields are the provider's
attribute paths; a test compares them with its schema, both ways.
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
        effect: at once, after a restart of the guest, or none (the provider's own setting).
        reversible: whether the value before can be set again.
        destroys: whether data of the guest can be lost.
        severity: of a change behind our back.
        source: where that is documented.
        paths: the fields, one block a line with its path before the colon; indices of lists are
            left out, ``*`` stands for any key.
    """

    effect: Effect
    reversible: bool
    destroys: bool
    severity: Severity
    source: str
    paths: str

    @property
    def restarts(self) -> bool:
        """Whether it waits for a restart of the guest."""
        return self.effect == "restart"


_QM = "Proxmox VE administration guide, qm.conf"
_PCT = "Proxmox VE administration guide, pct.conf"
_HA = "Proxmox VE administration guide, ha-manager"
_BACKUP = "Proxmox VE administration guide, vzdump"
_FIREWALL = "Proxmox VE administration guide, Proxmox VE Firewall"
_REPLICATION = "Proxmox VE administration guide, pvesr"
_BPG = "bpg/proxmox 0.111, resource documentation"

# fmt: off
FIELDS: tuple[Field, ...] = (
    # identity
    Field("now", True, False, "high", _QM, """
        name
        initialization: hostname
    """),
    Field("now", False, True, "high", _QM, """
        template vm_id
    """),
    Field("now", True, False, "high", _QM, """
        node_name
    """),
    Field("now", True, False, "high", _QM, """
        protection started tags
    """),
    Field("now", True, False, "low", _QM, """
        description on_boot pool_id start_on_boot
        startup: down_delay order up_delay
    """),
    # processor and memory
    Field("restart", True, False, "medium", _QM, """
        cpu: affinity architecture cores flags hotplugged limit numa sockets type units
        numa: cpus device hostnodes memory policy
    """),
    Field("restart", True, False, "medium", _QM, """
        memory: dedicated floating hugepages keep_hugepages shared
    """),
    Field("now", True, False, "medium", _PCT, """
        memory: swap
    """),
    # firmware and machine
    Field("restart", True, False, "medium", _QM, """
        acpi bios kvm_arguments machine scsi_hardware
    """),
    Field("restart", True, False, "low", _QM, """
        keyboard_layout tablet_device
        audio_device: device driver enabled
        serial_device: device
        vga: clipboard memory type
    """),
    Field("now", True, False, "low", _QM, """
        hook_script_file_id hotplug
        operating_system: type
    """),
    Field("restart", True, False, "medium", _QM, """
        boot_order
    """),
    Field("restart", True, False, "low", _QM, """
        amd_sev: allow_smt kernel_hashes no_debug no_key_sharing type
        rng: max_bytes period source
        smbios: family manufacturer product serial sku uuid version
        usb: host mapping usb3
        virtiofs: cache direct_io expose_acl expose_xattr mapping
        watchdog: action enabled model
    """),
    Field("restart", True, False, "medium", _QM, """
        device_passthrough: deny_write gid mode path uid
        hostpci: device id mapping mdev pcie rom_file rombar xvga
    """),
    Field("restart", True, False, "low", _QM, """
        agent: enabled trim type
    """),
    # disks: they only grow, and one that goes takes its data along
    Field("now", False, False, "medium", _QM, """
        disk: size
        mount_point: size
    """),
    Field("restart", True, False, "medium", _QM, """
        disk: aio backup cache discard iothread queues replicate serial ssd
        disk.speed: iops_read iops_read_burstable iops_write iops_write_burstable read
          read_burstable write write_burstable
    """),
    Field("restart", True, False, "medium", _PCT, """
        disk: acl mount_options quota
        mount_point: acl backup mount_options quota read_only replicate shared
    """),
    Field("now", False, True, "medium", _QM, """
        disk: datastore_id file_format file_id interface path_in_datastore
    """),
    Field("restart", False, True, "medium", _PCT, """
        mount_point: path volume
    """),
    Field("restart", False, True, "medium", _QM, """
        efi_disk: datastore_id file_format pre_enrolled_keys type
        tpm_state: datastore_id version
    """),
    Field("now", True, False, "low", _QM, """
        cdrom: enabled file_id interface
    """),
    # network and first boot
    Field("now", True, False, "medium", _QM, """
        network_device: bridge disconnected enabled firewall mac_address model mtu queues
          rate_limit trunks vlan_id
        network_interface: bridge enabled firewall host_managed mac_address mtu name
          rate_limit vlan_id
    """),
    Field("restart", True, False, "medium", _QM, """
        initialization: datastore_id entrypoint file_format interface meta_data_file_id
          network_data_file_id type upgrade user_data_file_id vendor_data_file_id
        initialization.dns: domain server servers
        initialization.ip_config.ipv4: address gateway
        initialization.ip_config.ipv6: address gateway
        initialization.user_account: keys password username
    """),
    Field("restart", False, True, "high", _PCT, """
        unprivileged
    """),
    Field("restart", True, False, "low", _PCT, """
        console: enabled tty_count type
        environment_variables: *
        features: fuse keyctl mknod mount nesting
        idmap: container_id host_id size type
    """),
    # what hangs on a guest
    Field("now", True, False, "medium", _HA, """
        comment failback group max_relocate max_restart resource_id state
    """),
    Field("now", True, False, "medium", _HA, """
        affinity disable no_failback resources restricted rule strict type
        nodes: *
    """),
    Field("now", True, False, "medium", _BACKUP, """
        all compress enabled exclude_path maxfiles mode node pool protected remove
          repeat_missed schedule starttime stdexcludes storage vmid
        fleecing: enabled storage
        prune_backups: *
    """),
    Field("now", True, False, "low", _BACKUP, """
        bwlimit ionice lockwait mailnotification mailto notes_template
          pbs_change_detection_mode pigz script stopwait tmpdir zstd
        performance: max_workers pbs_entries_max
    """),
    Field("now", True, False, "medium", _REPLICATION, """
        rate target
    """),
    Field("now", True, False, "medium", _FIREWALL, """
        container_id dhcp input_policy ipfilter log_level_in log_level_out macfilter ndp
          output_policy radv
    """),
    # settings of the provider; Proxmox VE never sees them
    Field("none", True, False, "low", _BPG, """
        delete_unreferenced_disks_on_destroy migrate purge_on_destroy reboot
          reboot_after_update stop_on_destroy timeout_clone timeout_create timeout_delete
          timeout_migrate timeout_move_disk timeout_reboot timeout_shutdown_vm timeout_start
          timeout_start_vm timeout_stop_vm timeout_update
        agent: timeout
        agent.wait_for_ip: disabled ipv4 ipv6
        clone: datastore_id full node_name retries vm_id
        disk: import_from
        operating_system: template_file_id
        wait_for_ip: ipv4 ipv6
    """),
)
# fmt: on


def paths_of(row: Field) -> list[str]:
    """Return the whole paths of a row."""
    found, block = [], ""
    for line in row.paths.splitlines():
        words = line.split()
        if words and words[0].endswith(":"):
            block = f"{words.pop(0)[:-1]}."
        elif not line.startswith(" " * 10):
            block = ""
        found += [f"{block}{word}" for word in words]
    return found


_ROWS: dict[str, Field] = {path: row for row in FIELDS for path in paths_of(row)}


@cache
def judged(path: str) -> Field | None:
    """Return the row of a field, None when nobody judged it."""
    plain = re.sub(r"\.\d+(?=\.|$)", "", path)
    return _ROWS.get(plain) or _ROWS.get(f"{plain.rpartition('.')[0]}.*")


def severity(paths: t.Iterable[str]) -> Severity:
    """Return the worst severity of some fields; one that nobody judged is high."""
    ranks: tuple[Severity, ...] = ("high", "medium", "low")
    found = {row.severity if row else "high" for row in map(judged, paths)}
    return next((rank for rank in ranks if rank in found), "low")


def unjudged(paths: t.Iterable[str]) -> list[str]:
    """Return the fields of which nobody has said what a change does."""
    return sorted({path for path in paths if judged(path) is None})
