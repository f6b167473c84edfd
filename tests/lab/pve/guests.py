# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of QEMU guests: reading, changing, pending changes, resizing."""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from typing import Any

from fakepve import schema as pve_schema
from fakepve.model import FakeVm
from fakepve.qemu import with_mac

from lab.pve import cloudinit
from lab.pve.drives import (
    DRIVE_KEY,
    UNUSED_KEY,
    is_cdrom,
    is_cloud_init,
    split_drive,
)
from lab.pve.permissions import ROOT
from lab.pve.wire import (
    Params,
    PveError,
    TaskError,
    config_value,
    die,
    param_error,
    parse_properties,
    split_list,
    tag_list,
)

CONFIG = "/nodes/{node}/qemu/{vmid}/config"
# Parameters of a configuration request that are no options of the guest.
NOT_OPTIONS = (
    "node",
    "vmid",
    "digest",
    "delete",
    "revert",
    "skiplock",
    "force",
    "background_delay",
    "import-working-storage",
)
# Options that a running guest takes at once; all others wait for its next start.
HOT_KEYS = re.compile(
    r"name|description|onboot|tags|protection|hookscript|startup|lock|net\d+|unused\d+"
    r"|(scsi|virtio|sata)\d+|shares|hotplug"
)
CPU_KEYS = ("cores", "cpu", "cpulimit", "cpuunits", "numa", "smp", "sockets", "vcpus", "affinity")
CLOUD_INIT_KEYS = re.compile(
    r"ciuser|cipassword|citype|ciupgrade|cicustom|sshkeys|nameserver|searchdomain"
)
HARDWARE_KEYS = re.compile(
    r"acpi|hotplug|kvm|machine|scsihw|smbios1|tablet|vga|watchdog|audio0|rng0|vmgenid|arch"
    r"|(serial|usb|hostpci|parallel|virtiofs|numa)\d+"
)
ROOT_KEYS = ("args", "lock", "hugepages", "keephugepages", "arch", "affinity", "amd-sev")
MASKED = "**********"
STALE = "checksum mismatch (file change by other user?)"
MISSING = "Configuration file 'nodes/{}/qemu-server/{}.conf' does not exist"


PRIVILEGES = (
    (re.compile("|".join(CPU_KEYS)), "VM.Config.CPU"),
    (re.compile("memory|balloon|shares|allow-ksm"), "VM.Config.Memory"),
    (re.compile(r"net\d+|ipconfig\d+"), "VM.Config.Network"),
    (CLOUD_INIT_KEYS, "VM.Config.Cloudinit"),
    (HARDWARE_KEYS, "VM.Config.HWType"),
    (re.compile(r"boot|bootdisk|vmstatestorage|unused\d+"), "VM.Config.Disk"),
    (re.compile(".*"), "VM.Config.Options"),
)


def option_privilege(key: str, value: str) -> str:
    """The privilege that changing an option of a guest needs."""
    if DRIVE_KEY.fullmatch(key):
        volume, options = split_drive(value)
        cdrom = is_cdrom(volume, options) or is_cloud_init(volume)
        return "VM.Config.CDROM" if cdrom else "VM.Config.Disk"
    return next(privilege for keys, privilege in PRIVILEGES if keys.fullmatch(key))


def root_only(key: str, value: str) -> str | None:
    """The refusal of an option that only the root@pam login may set, or None."""
    if key in ROOT_KEYS:
        return f"only root can set '{key}' config"
    if key.startswith("hostpci") and "mapping=" not in value:
        return f"only root can set '{key}' config for non-mapped devices"
    if key.startswith("usb") and "mapping=" not in value and not value.startswith("spice"):
        return f"only root can set '{key}' config for real devices"
    if re.fullmatch(r"serial\d", key) and value != "socket":
        return f"only root can modify '{key}' config for real devices"
    return None


class Guests:
    """Mixin: `/nodes/{node}/qemu/{vmid}/config` and its neighbours."""

    def _lab_routes_guests(self: Any) -> list[tuple[str, str, Any]]:
        one = "/nodes/{node}/qemu/{vmid}"
        return [
            ("GET", one + "/config", self.read_config),
            ("PUT", one + "/config", self.update_config),
            ("POST", one + "/config", self.update_config_async),
            ("GET", one + "/pending", self.read_pending),
            ("PUT", one + "/unlink", self.unlink),
            ("GET", one + "/cloudinit", self.pending_cloud_init),
            ("PUT", one + "/cloudinit", self.regenerate_cloud_init),
            ("GET", one + "/cloudinit/dump", self.dump_cloud_init),
        ]

    def find_guest(self: Any, v: Params) -> FakeVm:
        vm = self.vm(int(v["vmid"]))
        moved = self.faults.active("guest_moved", vmid=int(v["vmid"]))
        if vm is None or vm.node != v["node"] or moved:
            raise die(MISSING.format(v["node"], v["vmid"]))
        return vm

    # ---------------------------------------------------------------- reading

    def config_view(self, config: Params) -> Params:
        view = {key: config_value(CONFIG, key, value) for key, value in config.items()}
        if "cipassword" in view:
            view["cipassword"] = MASKED
        return view

    async def read_config(self, v: Params, user: str) -> Params:
        vm = self.find_guest(v)
        config = dict(vm.config)
        if v.get("snapshot"):
            if v["snapshot"] not in vm.snapshots:
                raise die(f"snapshot '{v['snapshot']}' does not exist")
            config = dict(vm.snapshots[v["snapshot"]])
        elif not v.get("current"):
            config.update({k: x for k, x in vm.pending.items() if x is not None})
            config = {k: x for k, x in config.items() if vm.pending.get(k, "") is not None}
        lock = {"lock": vm.lock} if vm.lock and not v.get("snapshot") else {}
        return {**self.config_view(config), **lock, "digest": vm.digest()}

    async def read_pending(self, v: Params, user: str) -> list[Params]:
        vm = self.find_guest(v)
        current, pending = self.config_view(vm.config), vm.pending
        out: list[Params] = [{"key": "digest", "value": vm.digest()}]
        for key in sorted(set(current) | set(pending)):
            item: Params = {"key": key}
            if key in current:
                item["value"] = current[key]
            if key in pending and pending[key] is None:
                item["delete"] = 1
            elif key in pending:
                item["pending"] = config_value(CONFIG, key, pending[key])
            out.append(item)
        return out

    # --------------------------------------------------------------- changing

    async def update_config(self, v: Params, user: str) -> None:
        vm = self.find_guest(v)
        self._check_update(vm, v, user)
        await self._apply_update(vm, v)

    async def update_config_async(self: Any, v: Params, user: str) -> str:
        vm = self.find_guest(v)
        self._check_update(vm, v, user)

        async def body() -> str:
            await self._apply_update(vm, v)
            changed = {k: x for k, x in v.items() if k not in NOT_OPTIONS}
            return f"update VM {vm.vmid}: " + " ".join(f"-{k} {x}" for k, x in changed.items())

        return str(await self.task(vm.node, "qmconfig", vm.vmid, user, body))

    def _check_update(self: Any, vm: FakeVm, v: Params, user: str) -> None:
        changes = {k: str(x) for k, x in v.items() if k not in NOT_OPTIONS}
        deletes = split_list(v.get("delete"))
        if not changes and not deletes and not split_list(v.get("revert")):
            raise die("no options specified")
        if v.get("skiplock") and user != ROOT:
            raise param_error(skiplock="Only root may use this option.")
        self._check_deletes(vm, changes, deletes)
        self.check_options(user, vm.vmid, None, changes, {**vm.config})
        for key in deletes:
            if key != "lock":
                value = str(vm.config.get(key, ""))
                self.require(user, f"/vms/{vm.vmid}", option_privilege(key, value))
                if DRIVE_KEY.fullmatch(key) and is_cloud_init(split_drive(value)[0]):
                    self.require(user, f"/vms/{vm.vmid}", "VM.Config.Cloudinit")
        self.need_config_access(vm)
        if v.get("digest") and v["digest"] != vm.digest():
            raise die(STALE)
        if (lock := self.lock_of(vm)) and not v.get("skiplock"):
            raise die(f"VM is locked ({lock})")
        self._check_values(vm, changes)

    @staticmethod
    def _check_deletes(vm: FakeVm, changes: Params, deletes: list[str]) -> None:
        known = pve_schema.load().paths[CONFIG]["PUT"]["parameters"]["properties"]
        for key in deletes:
            if key in changes:
                raise param_error(
                    delete=f"you can't use '-{key}' and -delete {key}' at the same time"
                )
            if key not in known and re.sub(r"\d+$", "[n]", key) not in known and key != "lock":
                raise param_error(delete=f"unknown option '{key}'")

    def check_options(
        self: Any, user: str, vmid: int, pool: str | None, changes: Params, config: Params
    ) -> None:
        """Refuse options that the user may not set, and drives that cannot be had."""
        for key, value in changes.items():
            if user != ROOT and (refusal := root_only(key, value)):
                raise die(refusal)
        for key, value in changes.items():
            self.require_on_guest(user, vmid, pool, option_privilege(key, value))
            if re.fullmatch(r"net\d+", key):
                self.check_bridge(user, value)
        for key, value in changes.items():
            if DRIVE_KEY.fullmatch(key) and value != config.get(key):
                self.check_drive(user, vmid, key, value)

    def require_on_guest(self: Any, user: str, vmid: int, pool: str | None, *privs: str) -> None:
        if pool and any(self.allowed(user, f"/pool/{pool}", priv) for priv in privs):
            return
        self.require(user, f"/vms/{vmid}", *privs)

    def check_bridge(self: Any, user: str, network: str) -> None:
        """SDN.Use on the bridge's zone: "localnetwork" for plain bridges."""
        options = parse_properties(network)
        bridge = options.get("bridge")
        if not bridge:
            return
        zone = self.zone_of(bridge)
        place = f"/sdn/zones/{zone}/{bridge}"
        tags = [options["tag"]] if "tag" in options else []
        tags += split_list(options.get("trunks"))
        for path in [f"{place}/{tag}" for tag in tags] or [place]:
            self.require(user, path, "SDN.Use")

    @staticmethod
    def _check_values(vm: FakeVm, changes: Params) -> None:
        merged = {**vm.config, **changes}
        if "boot" in changes and changes["boot"].startswith("order="):
            for device in changes["boot"].removeprefix("order=").split(";"):
                if device and device not in merged:
                    raise die(f"invalid bootorder: device '{device}' does not exist'")
        if "balloon" in changes and int(changes["balloon"]) > cloudinit.memory_mib(merged):
            raise die("balloon value too large (must be smaller than assigned memory)")
        if "sshkeys" in changes:
            check_ssh_keys(changes["sshkeys"])

    async def _apply_update(self: Any, vm: FakeVm, v: Params) -> None:
        try:
            await self.acquire(vm, "config")
        except TaskError as error:
            raise die(str(error)) from error
        try:
            for key in split_list(v.get("revert")):
                vm.pending.pop(key, None)
            for key in split_list(v.get("delete")):
                self._delete_option(vm, key)
            for key, value in v.items():
                if key not in NOT_OPTIONS:
                    self._set_option(vm, key, str(value))
        finally:
            self.release(vm, "config")
        vm.name = vm.config.get("name") or f"VM {vm.vmid}"

    def _delete_option(self: Any, vm: FakeVm, key: str) -> None:
        if key == "lock":
            vm.lock = None
        if key not in vm.config:
            vm.pending.pop(key, None)
            return
        if vm.status == "running" and not HOT_KEYS.fullmatch(key):
            vm.pending[key] = None
        elif DRIVE_KEY.fullmatch(key) or UNUSED_KEY.fullmatch(key):
            self.detach(vm.config, key)
            drop_from_boot_order(vm.config, key)
        else:
            vm.config.pop(key)

    def _set_option(self: Any, vm: FakeVm, key: str, value: str) -> None:
        if key == "lock":
            vm.lock = value
        if DRIVE_KEY.fullmatch(key):
            value = self._replace_drive(vm, key, value)
        else:
            value = self.stored_option(key, value)
        if vm.status != "running" or HOT_KEYS.fullmatch(key):
            vm.config[key] = value
        elif vm.config.get(key) != value:
            vm.pending[key] = value
            return
        vm.pending.pop(key, None)  # what is as it is waits for nothing

    def _replace_drive(self: Any, vm: FakeVm, key: str, value: str) -> str:
        volume, _ = split_drive(value)
        old, options = split_drive(vm.config.get(key, ""))
        if old and volume != old and not is_cdrom(old, options):
            self.detach(vm.config, key)
        return str(self.realise(vm.node, vm.vmid, vm.config, key, value))

    @staticmethod
    def stored_option(key: str, value: str) -> str:
        """An option as the configuration file keeps it."""
        if re.fullmatch(r"net\d+", key):
            return str(with_mac(value))
        return tag_list(value) if key == "tags" else value

    def need_config_access(self: Any, vm: FakeVm) -> None:
        if not self.quorate:
            raise die(
                f"unable to open file '/etc/pve/nodes/{vm.node}/qemu-server/{vm.vmid}.conf.tmp."
                f"{self.pid}' - Permission denied"
            )

    async def unlink(self, v: Params, user: str) -> None:
        vm = self.find_guest(v)
        for key in split_list(v["idlist"]):
            if key in vm.config:
                self._delete_option(vm, key)

    # -------------------------------------------------------------- cloud-init

    async def pending_cloud_init(self, v: Params, user: str) -> list[Params]:
        config = self.config_view(self.find_guest(v).config)
        keys = (k for k in config if CLOUD_INIT_KEYS.fullmatch(k) or k.startswith("ipconfig"))
        return [{"key": key, "value": config[key]} for key in keys]

    async def regenerate_cloud_init(self, v: Params, user: str) -> None:
        self.find_guest(v)

    async def dump_cloud_init(self, v: Params, user: str) -> str:
        vm = self.find_guest(v)
        if v["type"] == "user":
            return cloudinit.user_data(vm.vmid, vm.config)
        spec = cloudinit.machine_spec(vm.vmid, vm.node, vm.config)
        if v["type"] == "network":
            subnet = f"static\n        address: '{spec.address}'" if spec.address else "dhcp4"
            return (
                "version: 1\nconfig:\n    - type: physical\n      name: eth0\n"
                f"      mac_address: '{spec.mac.lower()}'\n      subnets:\n      - type: {subnet}\n"
            )
        return f"instance-id: {vm.digest()}\n"


def check_ssh_keys(encoded: str) -> None:
    """Refuse text that is no OpenSSH public key."""
    for line in urllib.parse.unquote(encoded).splitlines():
        parts = line.split()
        if not parts:
            continue
        try:
            blob = base64.b64decode(parts[1], validate=True)
        except (IndexError, binascii.Error):
            blob = b""
        if parts[0].encode() not in blob:
            raise PveError(500, "SSH public key validation error")


def drop_from_boot_order(config: Params, key: str) -> None:
    boot = str(config.get("boot", ""))
    if boot.startswith("order="):
        rest = [device for device in boot.removeprefix("order=").split(";") if device != key]
        config["boot"] = "order=" + ";".join(rest) if rest else " "
