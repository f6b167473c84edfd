# SPDX-License-Identifier: GPL-3.0-or-later
"""Making, copying, moving and destroying QEMU guests."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from functools import partial
from typing import Any

from fakepve.model import FakeVm
from fakepve.qemu import with_mac

from lab.pve.drives import (
    DRIVE_KEY,
    UNUSED_KEY,
    default_boot,
    drives_of,
    is_cdrom,
    is_cloud_init,
    join_drive,
    split_drive,
)
from lab.pve.permissions import ROOT
from lab.pve.wire import (
    Params,
    PveError,
    TaskError,
    die,
    format_properties,
    format_size,
    param_error,
    parse_properties,
)

# Parameters of a create request that are no options of the guest.
CREATE_ONLY = (
    "node",
    "vmid",
    "archive",
    "storage",
    "force",
    "unique",
    "live-restore",
    "pool",
    "bwlimit",
    "start",
    "ha-managed",
    "import-working-storage",
)
NOT_CLONED = ("lock", "parent", "snaptime", "snapstate", "vmstate", "template")
TAKEN = "unable to create VM {}: config file already exists"


class Lifecycle:
    """Mixin: create, clone, template, destroy, move a disk, migrate."""

    def _lab_routes_lifecycle(self: Any) -> list[tuple[str, str, Any]]:
        one = "/nodes/{node}/qemu/{vmid}"
        return [
            ("POST", "/nodes/{node}/qemu", self.create_guest),
            ("DELETE", one, self.destroy_guest),
            ("POST", one + "/clone", self.clone_guest),
            ("POST", one + "/template", self.make_template),
            ("POST", one + "/migrate", self.migrate_guest),
        ]

    def on_shared_storage(self: Any, config: Params) -> bool:
        """True if every disk can be reached from all nodes."""
        return all(
            self.storages.get(volume.partition(":")[0], {}).get("shared")
            for _, volume, _ in drives_of(config)
            if ":" in volume
        )

    def _check_pool(self: Any, pool: str | None) -> None:
        if pool and pool not in self.pools:
            raise PveError(403, f"Permission check failed (pool '{pool}' does not exist)")

    # ----------------------------------------------------------------- create

    async def create_guest(self: Any, v: Params, user: str) -> str:
        node, vmid, pool = v["node"], int(v["vmid"]), v.get("pool")
        options = {k: str(x) for k, x in v.items() if k not in CREATE_ONLY}
        self._check_pool(pool)
        if not (
            self.allowed(user, f"/vms/{vmid}", "VM.Allocate")
            or (pool and self.allowed(user, f"/pool/{pool}", "VM.Allocate"))
        ):
            raise PveError(403, "Permission check failed")
        self.need_quorum()
        self.check_options(user, vmid, pool, options, {})
        taken = self.guest(vmid)
        if taken is not None:
            kind = taken.guest.partition("/")[0].replace("qemu", "VM").replace("lxc", "CT")
            raise die(
                f"unable to create VM {vmid} - {kind} {vmid} already exists on node '{taken.node}'"
            )
        vm = FakeVm(vmid, options.get("name") or f"VM {vmid}", node=node)
        vm.config, vm.lock = {"lock": "create"}, "create"
        self.vms.append(vm)

        async def body() -> str:
            log = self._build(vm, options)
            vm.name, vm.lock = vm.config.get("name") or f"VM {vmid}", None
            if pool:
                self._pool_join(pool, vmid)
            return "\n".join(log)

        upid = str(
            await self.task(node, "qmcreate", vmid, user, body, undo=partial(self.vms.remove, vm))
        )
        if v.get("start"):
            await self.start_guest({"node": node, "vmid": vmid}, user)
        return upid

    def _build(self: Any, vm: FakeVm, options: dict[str, str]) -> list[str]:
        """Fill a new guest's configuration; what was allocated goes again on failure."""
        config: Params = {}
        log = []
        try:
            for key, value in options.items():
                if DRIVE_KEY.fullmatch(key):
                    config[key] = self.realise(vm.node, vm.vmid, config, key, value)
                    log.append(f"{key}: successfully created disk '{config[key]}'")
                else:
                    config[key] = self.stored_option(key, value)
        except PveError as error:
            for _, volume, _ in drives_of(config):
                self._free_own(vm.vmid, volume)
            self.vms.remove(vm)
            raise TaskError(f"unable to create VM {vm.vmid} - {error.message}") from error
        config["meta"] = f"creation-qemu={self.qemu_version},ctime={int(time.time())}"
        config.setdefault("boot", default_boot(config))
        config.setdefault("smbios1", f"uuid={uuid.uuid4()}")
        if config.get("vmgenid", "1") == "1":
            config["vmgenid"] = str(uuid.uuid4())
        vm.config = config
        return log

    def _free_own(self: Any, vmid: int, volume: str) -> None:
        found = self.volume(volume)
        if found and found.get("vmid") == vmid:
            self.free(volume)

    # ------------------------------------------------------------------ clone

    async def clone_guest(self: Any, v: Params, user: str) -> str:
        node, vmid, newid = v["node"], int(v["vmid"]), int(v["newid"])
        target = v.get("target") if v.get("target") != node else None
        self._check_pool(v.get("pool"))
        if target and target not in self.nodes:
            raise die(f"no such cluster node '{target}'")
        if v.get("storage"):
            self._store(v["storage"])
            self.check_image_storage(user, v["storage"])
        self.need_quorum()
        source = self.vm(vmid)
        if source is None or source.node != node:
            raise die(f"unable to find configuration file for VM {vmid} on node '{node}'")
        if lock := self.lock_of(source):
            raise die(f"VM is locked ({lock})")
        if v.get("snapname") and v["snapname"] not in source.snapshots:
            raise die(f"snapshot '{v['snapname']}' does not exist")
        full = bool(int(v["full"])) if "full" in v else not source.template
        if not full and v.get("storage"):
            raise die("parameter 'storage' not allowed for linked clones")
        if not full and v.get("format"):
            raise die("parameter 'format' not allowed for linked clones")
        config = dict(source.snapshots.get(v.get("snapname"), source.config))
        self._check_clone(user, config, v, full=full, target=target)
        if self.guest(newid) is not None:
            raise die(TAKEN.format(newid))
        name = v.get("name") or f"Copy-of-VM-{source.config.get('name') or vmid}"
        new = FakeVm(newid, name, node=node)
        new.config, new.lock = {"lock": "clone", "name": name}, "clone"
        self.vms.append(new)

        async def body() -> str:
            try:
                log = self._copy(source, config, new, v, full=full)
            except PveError as error:
                self.vms.remove(new)
                raise TaskError(f"clone failed: {error.message}") from error
            new.lock = None
            new.node = target or node
            if v.get("pool"):
                self._pool_join(v["pool"], newid)
            return "\n".join(log)

        start = [f"creating a clone of VM {vmid} with ID {newid}"]
        forget = partial(self.vms.remove, new)
        return str(await self.task(node, "qmclone", vmid, user, body, log=start, undo=forget))

    def _check_clone(
        self: Any, user: str, config: Params, v: Params, *, full: bool, target: str | None
    ) -> None:
        for key, value in config.items():
            if re.fullmatch(r"net\d+", key):
                self.check_bridge(user, value)
        for key, volume, options in drives_of(config):
            sid, _, name = volume.partition(":")
            if not name or (is_cdrom(volume, options) and not is_cloud_init(volume)):
                continue
            store = self._store(v.get("storage") or sid)
            self.require(user, f"/storage/{v.get('storage') or sid}", "Datastore.AllocateSpace")
            if target and not (store.get("shared") and self._store(sid).get("shared")):
                if v.get("storage") and not store.get("shared"):
                    raise die(f"can't clone to non-shared storage '{v['storage']}'")
                raise die(f"can't clone VM to node '{target}' (VM uses local storage)")
            if not full and "base-" not in name and not is_cloud_init(volume):
                raise die(f"Linked clone feature is not supported for '{volume}' ({key})")

    def _copy(
        self: Any, source: FakeVm, old: Params, new: FakeVm, v: Params, *, full: bool
    ) -> list[str]:
        config, log, made = {}, [], []
        try:
            for key, value in old.items():
                if key in NOT_CLONED or UNUSED_KEY.fullmatch(key):
                    continue
                config[key] = with_mac(value, fresh=True) if re.fullmatch(r"net\d+", key) else value
            for key, volume, options in drives_of(config):
                if is_cdrom(volume, options) and not is_cloud_init(volume):
                    continue
                whole = full or is_cloud_init(volume)
                kind = "full" if whole else "linked"
                log.append(f"create {kind} clone of drive {key} ({volume})")
                volid = self._copy_volume(volume, new, v, full=whole)
                made.append(volid)
                size = format_size(int(self.volume(volid)["size"]))
                config[key] = join_drive(volid, {**options, "size": size})
        except PveError:
            for volid in made:
                self.free(volid)
            raise
        smbios = parse_properties(config.get("smbios1", ""))
        config["smbios1"] = format_properties({**smbios, "uuid": uuid.uuid4()})
        if "vmgenid" in config:
            config["vmgenid"] = str(uuid.uuid4())
        config["name"] = new.name
        if v.get("description"):
            config["description"] = v["description"]
        new.config = config
        return log

    def _copy_volume(self: Any, volume: str, new: FakeVm, v: Params, *, full: bool) -> str:
        sid, _, name = volume.partition(":")
        found = self.volume(volume)
        if found is None:
            raise die(f"volume '{volume}' does not exist")
        to = v.get("storage") or sid
        own_name = f"vm-{new.vmid}-cloudinit" if is_cloud_init(volume) else None
        fmt = v.get("format") or (found.get("format") if full else "qcow2")
        volid = self.allocate(
            to,
            new.vmid,
            int(found["size"]),
            node=new.node,
            fmt=found.get("format") if own_name else fmt,
            name=own_name,
            base=None if full else name,
        )
        if full:
            self.check_copy(volume, volid)
        return str(volid)

    # --------------------------------------------------------------- template

    async def make_template(self: Any, v: Params, user: str) -> str:
        vm = self.find_guest(v)
        if lock := self.lock_of(vm):
            raise die(f"VM is locked ({lock})")
        if vm.snapshots:
            raise die("unable to create template, because VM contains snapshots")
        if vm.template and not v.get("disk"):
            raise die("you can't convert a template to a template")
        if vm.status == "running":
            raise die("you can't convert a VM to template if VM is running")

        async def body() -> None:
            vm.template = True
            vm.config["template"] = 1
            for key, volume, options in drives_of(vm.config, disks_only=True):
                if v.get("disk") in (None, key):
                    vm.config[key] = join_drive(self._to_base(volume), options)

        return str(await self.task(vm.node, "qmtemplate", vm.vmid, user, body))

    def _to_base(self: Any, volume: str) -> str:
        sid, _, name = volume.partition(":")
        volumes = self.storages[sid]["volumes"]
        renamed = re.sub(r"(^|/)vm-(\d+-disk)", r"\1base-\2", name)
        if name in volumes:
            volumes[renamed] = volumes.pop(name)
        return f"{sid}:{renamed}"

    # ---------------------------------------------------------------- destroy

    async def destroy_guest(self: Any, v: Params, user: str) -> str:
        vm = self.find_guest(v)
        if v.get("skiplock") and user != ROOT:
            raise param_error(skiplock="Only root may use this option.")
        if str(vm.config.get("protection", "0")) == "1":
            raise die(f"can't remove VM {vm.vmid} - protection mode enabled")
        managed = self.ha_state(f"vm:{vm.vmid}") is not None
        if managed and not v.get("purge"):
            raise die(
                f"unable to remove VM {vm.vmid} - used in HA resources and purge parameter not set."
            )
        if vm.status == "running":
            raise die(f"VM {vm.vmid} is running - destroy failed")

        async def body() -> str | None:
            if not self.quorate:
                path = f"/etc/pve/nodes/{vm.node}/qemu-server/{vm.vmid}.conf.tmp.{self.pid}"
                raise TaskError(f"unable to open file '{path}' - Permission denied")
            if self.vm(vm.vmid) is not vm:
                raise TaskError(
                    f"Configuration file 'nodes/{vm.node}/qemu-server/{vm.vmid}.conf'"
                    " does not exist"
                )
            if (lock := self.lock_of(vm)) and not v.get("skiplock"):
                raise TaskError(f"VM is locked ({lock})")
            self._check_destroy(vm, unreferenced="destroy-unreferenced-disks" in v)
            await asyncio.to_thread(self.machines.destroy, vm.vmid)
            self._remove(vm)
            if not v.get("purge"):
                return None
            log = [f"purging VM {vm.vmid} from related configurations.."]
            if self.purge_guest(vm.vmid):
                log.append(f"NOTE: removed VM {vm.vmid} from HA resource configuration.")
            return "\n".join(log)

        return str(await self.task(vm.node, "qmdestroy", vm.vmid, user, body, vm=vm))

    def _check_destroy(self: Any, vm: FakeVm, *, unreferenced: bool) -> None:
        for _, volume, _ in drives_of(vm.config):
            sid = volume.partition(":")[0]
            if ":" in volume and sid not in self.storages and not unreferenced:
                raise TaskError(f"storage '{sid}' does not exist")
            if vm.template and self.has_linked_clones(volume):
                raise TaskError(f"base volume '{volume}' is still in use by linked cloned")

    def _remove(self: Any, vm: FakeVm) -> None:
        for config in (vm.config, *vm.snapshots.values()):
            for key in config:
                if DRIVE_KEY.fullmatch(key) or UNUSED_KEY.fullmatch(key):
                    self._free_own(vm.vmid, split_drive(config[key])[0])
        for store in self.storages.values():
            volumes = store.get("volumes", {})
            for name in [n for n, x in volumes.items() if x.get("vmid") == vm.vmid]:
                if volumes[name]["content"] == "images":
                    del volumes[name]
        self.vms.remove(vm)
        self._pool_leave(vm.vmid)
        self._fw()["guests"].pop(vm.vmid, None)
        self._forget_acl(lambda entry: entry.path == f"/vms/{vm.vmid}")

    # ----------------------------------------------------------------- moving

    async def migrate_guest(self: Any, v: Params, user: str) -> str:
        vm, target = self.find_guest(v), v["target"]
        if target == vm.node:
            raise param_error(target="target is local node.")
        if target not in self.nodes:
            raise die(f"no such cluster node '{target}'")
        if lock := self.lock_of(vm):
            raise die(f"VM is locked ({lock})")
        if vm.status == "running" and not v.get("online"):
            raise die("can't migrate running VM without --online")
        self.need_quorum()

        async def body() -> str:
            if not self.nodes[target].get("online", True):
                raise TaskError(f"can't migrate to node '{target}': node is offline")
            volumes = [volume for _, volume, _ in drives_of(vm.config) if self.volume(volume)]
            for sid in {volume.partition(":")[0] for volume in volumes}:
                moved = not self._store(sid).get("shared")
                try:
                    self.ready_storage(v.get("targetstorage", sid) if moved else sid, target)
                except PveError as error:
                    raise TaskError(f"migration aborted: {error.message}") from error
            for volume in volumes:
                if self.volume(volume).get("node"):
                    self.volume(volume)["node"] = target
            vm.node = target
            return "migration finished successfully"

        return str(await self.task(vm.node, "qmigrate", vm.vmid, user, body, vm=vm))
