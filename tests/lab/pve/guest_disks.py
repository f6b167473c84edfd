# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks of QEMU guests: resizing, moving, giving to another guest."""

from __future__ import annotations

from typing import Any

from fakepve.model import FakeVm

from lab.pve.drives import is_cdrom, is_cloud_init, join_drive, split_drive
from lab.pve.guests import STALE
from lab.pve.wire import Params, PveError, TaskError, die, format_size, param_error, parse_size


class GuestDisks:
    """Mixin: `resize`, `move_disk` and `feature` of a guest."""

    def _lab_routes_guest_disks(self: Any) -> list[tuple[str, str, Any]]:
        one = "/nodes/{node}/qemu/{vmid}"
        return [
            ("PUT", one + "/resize", self.resize),
            ("POST", one + "/move_disk", self.move_disk),
            ("GET", one + "/feature", self.feature),
        ]

    async def resize(self: Any, v: Params, user: str) -> str:
        vm, key = self.find_guest(v), v["disk"]
        if key in vm.config:
            sid = split_drive(vm.config[key])[0].partition(":")[0]
            self.require(user, f"/storage/{sid}", "Datastore.AllocateSpace")

        async def body() -> str | None:
            if v.get("digest") and v["digest"] != vm.digest():
                raise TaskError(STALE)
            if (lock := self.lock_of(vm)) and not v.get("skiplock"):
                raise TaskError(f"VM is locked ({lock})")
            return self._resize_disk(vm, key, str(v["size"]))

        return str(await self.task(vm.node, "resize", vm.vmid, user, body, vm=vm))

    def _resize_disk(self: Any, vm: FakeVm, key: str, wanted: str) -> str | None:
        if key not in vm.config:
            raise TaskError(f"disk '{key}' does not exist")
        volume, options = split_drive(vm.config[key])
        if is_cdrom(volume, options):
            raise TaskError("you can't resize a cdrom")
        found = self.volume(volume)
        if found is None:
            raise TaskError(f"volume '{volume}' does not exist")
        size = parse_size(wanted.removeprefix("+"))
        if wanted.startswith("+"):
            size += int(found["size"])
        if size < int(found["size"]):
            raise TaskError("shrinking disks is not supported")
        if size == int(found["size"]):
            return None
        if "base-" in volume.rpartition("/")[2] and vm.template:
            path = self._volume_path(*volume.split(":", 1), "images")
            raise TaskError(
                "command '/usr/bin/qemu-img resize '--preallocation=off' -f raw "
                f"{path} {size}' failed: exit code 1"
            )
        found["size"] = size
        vm.config[key] = join_drive(volume, {**options, "size": format_size(size)})
        return None if vm.status == "running" else "Image resized."

    async def feature(self: Any, v: Params, user: str) -> Params:
        vm = self.find_guest(v)
        has = v["feature"] != "snapshot" or self._qm_can_snapshot(vm.config)
        nodes = sorted(self.nodes) if self.on_shared_storage(vm.config) else [vm.node]
        return {"hasFeature": int(has), "nodes": nodes}

    async def move_disk(self: Any, v: Params, user: str) -> str:
        vm, key = self.find_guest(v), v["disk"]
        if v.get("target-vmid"):
            return str(await self._reassign_disk(vm, key, v, user))
        if "storage" not in v:
            raise param_error(storage="property is missing and it is not optional")
        if lock := self.lock_of(vm):
            raise die(f"VM is locked ({lock})")
        self.check_image_storage(user, v["storage"])
        if key not in vm.config:
            raise die(f"disk '{key}' does not exist")
        volume, options = split_drive(vm.config[key])
        sid = volume.partition(":")[0]
        found = self.volume(volume) or {}
        if sid == v["storage"] and v.get("format") in (None, found.get("format")):
            raise die("you can't move to the same storage with same format")

        async def body() -> str:
            fmt = v.get("format") or found.get("format")
            name = f"vm-{vm.vmid}-cloudinit" if is_cloud_init(volume) else None
            try:
                new = self.allocate(
                    v["storage"], vm.vmid, int(found["size"]), node=vm.node, fmt=fmt, name=name
                )
                self.check_copy(volume, new)
            except PveError as error:
                raise TaskError(f"storage migration failed: {error.message}") from error
            vm.config[key] = join_drive(new, options)
            if v.get("delete") or is_cloud_init(volume):
                self.free(volume)
                return f"removing source volume '{volume}' after successful copy"
            number = next(n for n in range(256) if f"unused{n}" not in vm.config)
            vm.config[f"unused{number}"] = volume
            return f"adding source volume '{volume}' as 'unused{number}' to config"

        return str(await self.task(vm.node, "qmmove", vm.vmid, user, body, vm=vm))

    async def _reassign_disk(self: Any, vm: FakeVm, key: str, v: Params, user: str) -> str:
        if key not in vm.config:
            raise die(f"disk '{key}' does not exist")
        other = self.vm(int(v["target-vmid"]))
        if other is None:
            raise die(f"could not find target VM {v['target-vmid']}")
        self.require(user, f"/vms/{other.vmid}", "VM.Config.Disk")
        to = v.get("target-disk", key)

        async def body() -> str:
            volume, options = split_drive(vm.config.pop(key))
            sid, _, name = volume.partition(":")
            details = self.storages[sid]["volumes"].pop(name)
            volid = self.allocate(
                sid, other.vmid, int(details["size"]), node=other.node, fmt=details["format"]
            )
            other.config[to] = join_drive(volid, options)
            return f"reassign disk '{key}' from VM '{vm.vmid}' as '{to}' to VM '{other.vmid}'"

        return str(await self.task(vm.node, "qmmove", vm.vmid, user, body))
