# SPDX-License-Identifier: GPL-3.0-or-later
"""Guest drives: allocation, import and the value that the configuration stores."""

from __future__ import annotations

import re
import time
from typing import Any

from lab.pve.permissions import ROOT
from lab.pve.wire import (
    GIB,
    MIB,
    Params,
    PveError,
    die,
    format_properties,
    format_size,
    natural_order,
    param_error,
    parse_properties,
    parse_size,
    split_list,
)

DRIVE_KEY = re.compile(
    r"ide[0-3]|sata[0-5]|scsi(?:[0-9]|[12][0-9]|30)|virtio(?:[0-9]|1[0-5])|efidisk0|tpmstate0"
)
UNUSED_KEY = re.compile(r"unused\d+")
BOOT_BUSES = ("ide", "sata", "scsi", "virtio")
NEW_DISK = re.compile(r"(?P<storage>[^/:\s]+):(?P<gib>\d+(?:\.\d+)?)")
CLOUD_INIT = re.compile(r"(?P<storage>[^/:\s]+):cloudinit")
CLOUD_INIT_VOLUME = re.compile(r"vm-\d+-cloudinit")
FIXED_SIZES = {"efidisk0": 528 * 1024, "tpmstate0": 4 * MIB}
CLOUD_INIT_SIZE = 4 * MIB
FILE_TYPES = ("dir", "nfs", "cifs", "btrfs")
NO_MOUNT = (
    "unable to activate storage '{}' - directory is expected to be a mount point"
    " but is not mounted: '{}'"
)
MAX_RAW_BYTES = 2**59


def split_drive(value: Any) -> tuple[str, dict[str, str]]:
    """The volume of a drive value, and its options without it."""
    options = parse_properties(value, default_key="file")
    return options.pop("file", ""), options


def join_drive(volume: str, options: dict[str, Any]) -> str:
    return format_properties({"file": volume, **options}, default_key="file")


def is_cdrom(volume: str, options: dict[str, str]) -> bool:
    return options.get("media") == "cdrom" or volume == "cdrom"


def is_cloud_init(volume: str) -> bool:
    return bool(CLOUD_INIT.fullmatch(volume) or CLOUD_INIT_VOLUME.search(volume))


def drives_of(config: Params, *, disks_only: bool = False) -> list[tuple[str, str, dict[str, str]]]:
    """(key, volume, options) of a configuration's drives, in order."""
    drives = [
        (key, *split_drive(config[key]))
        for key in sorted(config, key=natural_order)
        if DRIVE_KEY.fullmatch(key)
    ]
    return [drive for drive in drives if not (disks_only and is_cdrom(drive[1], drive[2]))]


def owner_of(volume_name: str) -> int | None:
    """The guest that a volume's name says it belongs to."""
    found = re.findall(r"(?:vm|base|subvol|basevol)-(\d+)-", volume_name)
    return int(found[-1]) if found else None


def default_boot(config: Params) -> str:
    """The boot order that is filled in where a request names none."""
    first: dict[bool, str] = {}
    for bus in BOOT_BUSES:
        for key, volume, options in drives_of(config):
            if key.startswith(bus):
                first.setdefault(is_cdrom(volume, options), key)
    order = [first[cdrom] for cdrom in (False, True) if cdrom in first]
    order += sorted((k for k in config if re.fullmatch(r"net\d+", k)), key=natural_order)[:1]
    return "order=" + ";".join(order) if order else " "


class Drives:
    """Mixin: volumes on storages, and the drives of QEMU guests."""

    storages: dict[str, dict[str, Any]]

    # ---------------------------------------------------------------- volumes

    def volume(self, volid: str) -> dict[str, Any] | None:
        """What is known of a volume that exists, or None."""
        sid, _, name = volid.partition(":")
        found: dict[str, Any] | None = self.storages.get(sid, {}).get("volumes", {}).get(name)
        return found

    def ready_storage(self: Any, sid: str, node: str) -> dict[str, Any]:
        """A storage that can be used on the node, or the error of its activation."""
        store: dict[str, Any] = self._check_enabled(sid, node)
        if store.get("unmounted"):
            raise die(NO_MOUNT.format(sid, store.get("path", "")))
        if not store.get("active", 1):
            raise die(f"storage '{sid}' is not online")
        return store

    def _disk_name(self, sid: str, vmid: int) -> str:
        pattern = re.compile(rf"(?:vm|base)-{vmid}-disk-(\d+)")
        names = self.storages[sid].setdefault("volumes", {})
        taken = {int(found[1]) for name in names if (found := pattern.search(name))}
        number = next(n for n in range(len(taken) + 1) if n not in taken)
        return f"vm-{vmid}-disk-{number}"

    def allocate(
        self,
        sid: str,
        vmid: int,
        size: int,
        *,
        node: str,
        fmt: str | None = None,
        name: str | None = None,
        base: str | None = None,
    ) -> str:
        """Make an image of `size` bytes on a storage; returns its volume id.

        `base` is the volume name of the template's image for a linked clone.
        """
        store = self.ready_storage(sid, node)
        name = name or self._disk_name(sid, vmid)
        if size > MAX_RAW_BYTES:
            path = f"{self._base_path(sid)}/images/{vmid}/{name}.{fmt or 'raw'}"
            text = "The image size is too large for file format 'raw'"
            raise die(f"unable to create image: qemu-img: {path}: {text}")
        in_files = store["type"] in FILE_TYPES
        fmt = (fmt or store.get("format") or "raw") if in_files else "raw"
        if in_files:
            name = f"{vmid}/{name}.{fmt}"
        if base is not None and store["type"] != "lvmthin":
            name = f"{base}/{name}"
        store.setdefault("volumes", {})[name] = {
            "content": "images",
            "format": fmt,
            "size": size,
            "used": 0,
            "vmid": vmid,
            "ctime": int(time.time()),
            "node": None if store.get("shared") else node,
            "parent": base,
        }
        return f"{sid}:{name}"

    def check_copy(self: Any, source: str, target: str) -> None:
        """Free the new image and raise what copying onto a full or locked storage ends with."""
        storage = target.partition(":")[0]
        if self.faults.active("storage_lock_held", storage=storage):
            self.free(target)
            raise die(
                f"can't lock file '/var/lock/pve-manager/pve-storage-{storage}' - got timeout"
            )
        if self.faults.active("storage_full", storage=storage):
            self.free(target)
            raise die(
                "copy failed: command '/usr/bin/qemu-img convert -p -n -f raw -O raw"
                f" {self.path_of(source)} zeroinit:{self.path_of(target)}' failed: exit code 1"
            )

    def path_of(self: Any, volid: str) -> str:
        sid, _, name = volid.partition(":")
        return str(self._volume_path(sid, name, "images")) if name else volid

    def free(self, volid: str) -> None:
        sid, _, name = volid.partition(":")
        self.storages.get(sid, {}).get("volumes", {}).pop(name, None)

    def has_linked_clones(self, volid: str) -> bool:
        sid, _, name = volid.partition(":")
        volumes = self.storages.get(sid, {}).get("volumes", {})
        return any(volume.get("parent") == name for volume in volumes.values())

    # ----------------------------------------------------------------- drives

    def check_image_storage(self: Any, user: str, sid: str) -> None:
        self._store(sid)
        self.require(user, f"/storage/{sid}", "Datastore.AllocateSpace")
        if "images" not in split_list(self.storages[sid].get("content")):
            raise param_error(storage=f"storage '{sid}' does not support vm images")

    def check_drive(self: Any, user: str, vmid: int, key: str, value: str) -> None:
        """What is refused before a worker starts: storage, privilege, content type.

        A guest may always have the volumes that are its own.
        """
        volume, options = split_drive(value)
        if volume in ("", "none", "cdrom"):
            return
        new = NEW_DISK.fullmatch(volume)
        source = options.get("import-from")
        if source and (not new or float(new["gib"]) != 0):
            raise param_error(
                **{
                    key: "'import-from' requires special syntax"
                    " - use <storage ID>:0,import-from=<source>"
                }
            )
        made = new or CLOUD_INIT.fullmatch(volume)
        if made:
            self.check_image_storage(user, made["storage"])
            if source:
                self._check_import(user, key, source)
            return
        sid, _, name = volume.partition(":")
        if not name:
            return
        self._store(sid)
        if name.startswith(("iso/", "import/", "snippets/")):
            self._check_access(user, sid, name.partition("/")[0], None, volume)
        elif owner_of(name) != vmid:
            self._check_access(user, sid, "images", owner_of(name), volume)

    def _check_import(self: Any, user: str, key: str, source: str) -> None:
        if source.startswith("/"):
            if user != ROOT:
                raise die("Only root can pass arbitrary filesystem paths.")
            return
        sid, _, name = source.partition(":")
        self._store(sid)
        kind = name.partition("/")[0]
        if kind in ("iso", "vztmpl", "backup", "snippets"):
            raise param_error(
                **{key: f"{source} has wrong type '{kind}' - needs to be 'images' or 'import'"}
            )
        content = "import" if kind == "import" else "images"
        self._check_access(user, sid, content, owner_of(name), source)

    def realise(self: Any, node: str, vmid: int, config: Params, key: str, value: str) -> str:
        """Allocate or look up what a requested drive needs; returns the value to store."""
        volume, options = split_drive(value)
        if volume in ("", "none", "cdrom"):
            options.pop("size", None)
            return join_drive(volume, options)
        cloud_init = CLOUD_INIT.fullmatch(volume)
        if cloud_init:
            return str(
                self._cloud_init_drive(
                    vmid, config, key, cloud_init["storage"], node=node, options=options
                )
            )
        new = NEW_DISK.fullmatch(volume)
        if new:
            return str(self._new_disk(node, vmid, key, new, options))
        return str(self._existing_volume(volume, options))

    def _cloud_init_drive(
        self: Any, vmid: int, config: Params, key: str, sid: str, *, node: str, options: Params
    ) -> str:
        for other, volume, _ in drives_of(config):
            if is_cloud_init(volume) and other != key:
                raise die(f"{key} - cloud-init drive is already attached at '{other}'")
            if other == key and is_cloud_init(volume):
                self.free(volume)
        fmt = options.pop("format", "qcow2")
        name = f"vm-{vmid}-cloudinit"
        volid = self.allocate(sid, vmid, CLOUD_INIT_SIZE, node=node, fmt=fmt, name=name)
        return join_drive(volid, {**options, "media": "cdrom"})

    def _new_disk(
        self: Any, node: str, vmid: int, key: str, new: re.Match[str], options: dict[str, str]
    ) -> str:
        fmt = options.pop("format", None)
        size = FIXED_SIZES.get(key, int(float(new["gib"]) * GIB))
        source = options.pop("import-from", None)
        if source:
            size, fmt = self._import_source(source, fmt)
        volid = self.allocate(new["storage"], vmid, size, node=node, fmt=fmt)
        if source:
            self._check_import_copy(source, volid)
        options["size"] = format_size(size)
        return join_drive(volid, options)

    def _check_import_copy(self: Any, source: str, target: str) -> None:
        try:
            self.check_copy(source, target)
        except PveError as error:
            raise die(f"cannot import from '{source}' - {error.message}") from error

    def _import_source(self, source: str, fmt: str | None) -> tuple[int, str | None]:
        if source.startswith("/"):
            return 64 * MIB, fmt or "raw"
        found = self.volume(source)
        if found is None and "import/" not in source:
            raise die(f"cannot import from '{source}' - could not get size of {source}")
        if found is None:
            name = source.partition("import/")[2]
            raise die(f"failed to stat '{self._base_path(source.partition(':')[0])}/import/{name}'")
        return int(found.get("virtual_size") or found["size"]), fmt or found.get("format")

    def _base_path(self, sid: str) -> str:
        default = "/var/lib/vz" if sid == "local" else f"/mnt/pve/{sid}"
        return str(self.storages[sid].get("path") or default)

    def _existing_volume(self, volume: str, options: dict[str, str]) -> str:
        found = self.volume(volume)
        if found is None and volume.partition(":")[2]:
            raise die(f"volume '{volume}' does not exist")
        options.pop("size", None)
        if found and found.get("size") and options.get("media") != "cdrom":
            options["size"] = format_size(int(found["size"]))
        return join_drive(volume, options)

    def detach(self, config: Params, key: str) -> None:
        """Drop a drive: cloud-init images go, data disks are kept as unusedN."""
        volume, options = split_drive(config.pop(key))
        if UNUSED_KEY.fullmatch(key) or is_cloud_init(volume):
            self.free(volume)
        elif not is_cdrom(volume, options) and self.volume(volume):
            number = next(n for n in range(256) if f"unused{n}" not in config)
            config[f"unused{number}"] = volume

    def disk_bytes(self, config: Params) -> int:
        """The size that lists show: of the boot disk, else of the first disk."""
        sizes = {
            key: parse_size(options["size"])
            for key, _, options in drives_of(config, disks_only=True)
            if "size" in options and key not in FIXED_SIZES
        }
        order = str(config.get("boot", "")).removeprefix("order=").split(";")
        boot = next((key for key in order if key in sizes), None)
        return sizes[boot] if boot else next(iter(sizes.values()), 0)
