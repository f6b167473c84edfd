# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests are read before they are changed or go, and what cannot be is never offered."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import PveError
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guests import Guest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.obstacles import (
    attached,
    impossible,
    obstacles,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.summary import (
    FieldChange,
    ResourceChange,
)


class Cluster:
    """One guest with a configuration, or one that cannot be read."""

    def __init__(self, config: dict[str, t.Any] | None, **fields: t.Any) -> None:
        self.found = config
        self.guest = Guest(100, "vm", "pve1", "web", **fields)
        self.calls = 0

    def all(self) -> list[Guest]:
        return [self.guest]

    def is_free(self, vmid: int) -> bool:
        return vmid != self.guest.vmid

    def config(self, guest: Guest) -> dict[str, t.Any]:
        self.calls += 1
        if self.found is None:
            raise PveError("No route to host pve1.")
        return self.found


def change(action: t.Any, *fields: FieldChange, vmid: int = 100) -> ResourceChange:
    return ResourceChange("web", "a", action, kind="vm", vmid=vmid, fields=fields)


def test_a_disk_grows_only_while_nothing_waits_for_a_restart() -> None:
    grows, waits = FieldChange("disk.0.size", "20", "40"), FieldChange("cpu.cores", "2", "4")
    now = FieldChange("tags", "a", "b")
    [told] = impossible([change("update", grows, waits)])
    assert "cpu.cores would" in told and "by itself first" in told
    assert impossible([change("update", grows, now)]) == []
    assert impossible([change("update", waits, now)]) == []


@pytest.mark.parametrize(
    ("config", "action", "words"),
    [
        ({"lock": "backup"}, "update", "locked (backup)"),
        ({"lock": "backup"}, "delete", "locked (backup)"),
        ({"protection": 1}, "delete", "protects"),
        ({"protection": "1"}, "replace", "protects"),
        (None, "delete", "offline"),
        ({"protection": "0"}, "delete", ""),
        ({"protection": 1}, "update", ""),
        ({"lock": "backup"}, "create", ""),
        ({}, "update", ""),
    ],
)
def test_what_keeps_a_guest_from_being_changed(
    config: dict[str, t.Any] | None, action: str, words: str
) -> None:
    cluster = Cluster(config)
    told = obstacles([change(action)], cluster)
    assert bool(told) == bool(words)
    assert words in " ".join(told)
    assert cluster.calls <= 1


def test_all_guests_are_read_before_one_is_refused() -> None:
    told = obstacles(
        [change("delete"), change("update")], Cluster({"lock": "migrate", "protection": 1})
    )
    assert [text.count("locked") + text.count("protects") for text in told] == [1, 1, 1]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (FieldChange("disk.0.size", "80", "50"), "no disk can shrink"),
        (FieldChange("mount_point.1.size", "80", "50"), "no disk can shrink"),
        (FieldChange("disk.1.interface", "scsi1", "(none)"), "takes away the disk scsi1"),
        (FieldChange("efi_disk.type", "2m", "4m"), "EFI disk"),
        (FieldChange("tpm_state.version", "v1.2", "v2.0"), "TPM"),
        (FieldChange("disk.0.size", "50", "80"), ""),
        (FieldChange("disk.0.size", "9", "10"), ""),
        (FieldChange("memory.dedicated", "4096", "2048"), ""),
        (FieldChange("disk.1.interface", "(none)", "scsi1"), ""),
    ],
)
def test_what_proxmox_ve_has_no_way_to_do(field: FieldChange, words: str) -> None:
    told = impossible([change("update", field)])
    assert bool(told) == bool(words)
    assert words in " ".join(told)


def test_what_goes_with_a_guest_is_named() -> None:
    config = {
        "scsi0": "ceph:vm-100-disk-0,size=50G",
        "scsi1": "ceph:vm-100-disk-1,size=100G",
        "ide2": "ceph:vm-100-cloudinit,media=cdrom",
        "parent": "before-upgrade",
    }
    cluster = Cluster(config, ha="started")
    [told] = attached([change("delete")], cluster, {"web": {"disks": [{"interface": "scsi0"}]}})
    for words in ("scsi1 (100G)", "before-upgrade", "high availability"):
        assert words in told
    assert "scsi0" not in told and "ide2" not in told
    assert not attached([change("update")], cluster, {})
