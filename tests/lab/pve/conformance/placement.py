# SPDX-License-Identifier: GPL-3.0-or-later
"""The state before a recording begins, and what happened beside its requests."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fakepve.model import FakeVm

from lab.machines import MachineStatus
from lab.pve.conformance.recorded_state import (
    listed,
    place_all,
    place_containers,
    place_locks,
    place_options,
)
from lab.pve.conformance.records import Record
from lab.pve.downloads import WebFile
from lab.pve.drives import drives_of
from lab.pve.server import PveServer
from lab.pve.wire import MIB, parse_size

GUEST = re.compile(r"/nodes/([^/]+)/qemu/(\d+)(?:/(.*))?")
Event = Callable[[PveServer], Any]
GUEST_ADDRESS = "10.99.0.150/24"


def _made_before(records: list[Record], vmid: str, index: int) -> bool:
    """True if an earlier successful request made the guest."""
    return any(
        record.status == 200
        and vmid in (str(record.params.get("vmid")), str(record.params.get("newid")))
        and record.path.endswith(("/qemu", "/lxc", "/clone"))
        for record in records[:index]
    )


def _recorded_config(records: list[Record], vmid: str) -> dict[str, Any] | None:
    for record in records:
        found = GUEST.fullmatch(record.path)
        if found and found[2] == vmid and found[3] == "config" and record.method == "GET":
            if isinstance(record.data, dict):
                return {k: v for k, v in record.data.items() if k not in ("digest", "lock")}
            return None
    return None


def place_guests(server: PveServer, records: list[Record]) -> None:
    """Put up the guests that answered before any request of the file made them."""
    state = server.state
    for index, record in enumerate(records):
        found = GUEST.fullmatch(record.path)
        node, vmid = (found[1], found[2]) if found else ("", "")
        if node not in state.nodes or state.vm(int(vmid)) or _made_before(records, vmid, index):
            continue
        refused = record.status == 500 and "does not exist" in str(record.body)
        if any(f"Guest '{vmid}' does not exist" in str(other.body) for other in records):
            continue
        failed = str((record.task or {}).get("exitstatus"))
        if refused or "does not exist" in failed or "unable to find" in f"{record.body} {failed}":
            continue
        if record.status in (200, 500):
            config = _recorded_config(records, vmid) or {"name": f"VM {vmid}", "memory": "64"}
            place_guest(server, node, int(vmid), config, _runs_first(records, vmid))


def _runs_first(records: list[Record], vmid: str) -> bool:
    for record in records:
        found = GUEST.fullmatch(record.path)
        if found and found[2] == vmid and found[3] == "status/current" and record.data:
            return bool(record.data["status"] == "running")
        if found and found[2] == vmid and (found[3] or "").startswith("status/"):
            return False
    shown = (item for item in listed(records, "qemu") if str(item["vmid"]) == vmid)
    return any(item["status"] == "running" for item in shown)


def place_guest(
    server: PveServer, node: str, vmid: int, config: dict[str, Any], running: bool
) -> None:
    """One guest with the volumes that its configuration names."""
    state = server.state
    vm = FakeVm(vmid, config.get("name") or f"VM {vmid}", node, config=config)
    vm.template = bool(config.get("template"))
    vm.status = vm.qmpstatus = "running" if running else "stopped"
    if running:
        state.foreign[vmid] = MachineStatus(True, (GUEST_ADDRESS,), 64, 0.01, 60)
    if "name" not in config:
        vm.config.pop("name")
    for _, volume, options in drives_of(config):
        sid, _, name = volume.partition(":")
        if name and sid in state.storages:
            state.storages[sid]["volumes"][name] = {
                "content": "images",
                "format": name.rpartition(".")[2] if "." in name else "raw",
                "size": parse_size(options.get("size", "4M")),
                "used": 0,
                "vmid": vmid,
                "ctime": 1795250000,
                "node": node,
            }
    state.vms.append(vm)
    state.initial_vmids.add(vmid)


def place_pools(server: PveServer, records: list[Record]) -> None:
    """Pools that members or permissions name before a request makes them."""
    made = {r.params.get("poolid") for r in records if r.method == "POST" and r.path == "/pools"}
    for record in records:
        named = {record.params.get("pool"), *re.findall(r"/pool/(\w+)", str(record.params))}
        for name in named - made - {None, "nope"}:
            server.state.pools.setdefault(name, set())
            server.state._pool_meta(name)


# Default guests of files whose recordings never show their configuration.
EXTRA_GUESTS: dict[str, dict[int, dict[str, Any]]] = {
    "access": {102: {"name": "c", "memory": "128"}},
    "ha": {vmid: {"name": f"h{vmid}", "memory": "128"} for vmid in (100, 101, 102, 103)},
    "faults": {
        102: {
            "name": "f102",
            "memory": "64",
            "scsihw": "virtio-scsi-single",
            "scsi0": "local:102/vm-102-disk-0.qcow2,size=1G",
            "net0": "virtio=BC:24:11:00:01:02,bridge=vmbr0",
            "boot": "order=scsi0;net0",
            "meta": "creation-qemu=10.0.13,ctime=1795251483",
            "smbios1": "uuid=00000000-0000-4000-8000-000000000102",
            "vmgenid": "00000000-0000-4000-8000-000000000102",
        },
        101: {
            "name": "f101",
            "memory": "64",
            "scsi0": "local:101/vm-101-disk-0.qcow2,size=1G",
            "net0": "virtio=BC:24:11:00:01:01,bridge=vmbr0",
        },
    },
    "backup_replication_firewall": {
        100: {
            "name": "b100",
            "memory": "64",
            "scsi0": "local:100/vm-100-disk-0.raw,size=1G",
            "net0": "virtio=BC:24:11:00:01:00,bridge=vmbr0",
        },
        101: {"name": "b101", "memory": "64", "scsi0": "local:101/vm-101-disk-0.raw,size=1G"},
        102: {"name": "b102", "memory": "64"},
    },
}
POOL_MEMBERS = {"access": {"k3s": {101}}}


def prepare(server: PveServer, name: str, records: list[Record]) -> None:
    """All that was there when the recording began."""
    node = next(iter(server.state.nodes))
    for vmid, config in EXTRA_GUESTS.get(name, {}).items():
        place_guest(server, node, vmid, dict(config), running=False)
    if name == "lxc":
        place_guest(server, node, 310, {"name": "vm310", "memory": "64"}, running=False)
    if name == "ha" and "pve2" in server.state.nodes:
        place_guest(server, "pve2", 200, {"name": "h200", "memory": "128"}, running=False)
    place_pools(server, records)
    for pool, vmids in POOL_MEMBERS.get(name, {}).items():
        for vmid in vmids:
            server.state._pool_join(pool, vmid)
    place_guests(server, records)
    place_containers(server, records)
    if name in ("reads", "big_cluster"):
        place_all(server, records)
        place_options(server, records)
        place_locks(server, records)
    if name == "big_cluster":
        _silence_agents(server, records)
    if name == "storage_template":
        server.state.web = {f"http://10.99.0.1:8085/{path}": x for path, x in WEB.items()}


def _silence_agents(server: PveServer, records: list[Record]) -> None:
    """Agents of running guests that did not answer."""
    for record in records:
        found = GUEST.fullmatch(record.path)
        if found and (found[3] or "").startswith("agent/") and record.status == 500:
            server.faults.set("agent_silent", vmid=int(found[2]))


def _remove_guest(vmid: int) -> Event:
    def event(server: PveServer) -> None:
        vm = server.state.vm(vmid)
        if vm is not None:
            vm.status = "stopped"
            server.state._remove(vm)

    return event


def _new_template(server: PveServer) -> None:
    _remove_guest(900)(server)
    config = {"name": "tpl", "memory": "64", "template": 1}
    config["scsi0"] = "local:900/base-900-disk-0.raw,size=1G"
    place_guest(server, "pve1", 900, config, running=False)


def _fresh_901(server: PveServer) -> None:
    _remove_guest(901)(server)
    place_guest(server, "pve1", 901, {"name": "t901", "memory": "64"}, running=False)


def _new_source(server: PveServer) -> None:
    _remove_guest(922)(server)
    config = {"name": "big", "memory": "64", "scsi0": "local:922/vm-922-disk-0.raw,size=1G"}
    place_guest(server, "pve1", 922, config, running=False)
    _full(server)


def _stop_900(server: PveServer) -> None:
    server.faults.clear("ignores_shutdown")
    vm = server.state.vm(900)
    vm.status = vm.qmpstatus = "stopped"
    vm.apply_pending()


def _no_container(server: PveServer) -> None:
    """The recording's container creations failed in its environment and left nothing."""
    for ct in [ct for ct in server.state.cts if ct.vmid in (300, 301, 302)]:
        server.state._drop(ct)


def _back_home(server: PveServer) -> None:
    """The HA daemons of the recording did not run: the guest had stayed where it was."""
    vm = server.state.vm(100)
    vm.node, vm.status = next(iter(server.state.nodes)), "stopped"


def _agent(answers: bool) -> Event:
    def event(server: PveServer) -> None:
        server.faults.clear("agent_silent")
        if not answers:
            server.faults.set("agent_silent", vmid=102)

    return event


def _remove_volume(server: PveServer) -> None:
    server.state.free("local:830/vm-830-disk-0.raw")


def _small_storage(unmounted: bool) -> Event:
    def event(server: PveServer) -> None:
        store = server.state.storages["small"]
        store.update(total=20 * MIB, base_used=0, unmounted=unmounted)

    return event


def _full(server: PveServer) -> None:
    server.faults.set("storage_full", storage="small")


def _set(fault: str, **fields: Any) -> Event:
    return lambda server: server.faults.set(fault, **fields)


def _clear(fault: str) -> Event:
    return lambda server: server.faults.clear(fault)


# What the web server of the recording served.
WEB = {
    "cloud.qcow2": WebFile(196616, 64 * MIB, b"cloud"),
    "cloud.img": WebFile(196616, 64 * MIB, b"cloud"),
    "disk.raw": WebFile(8 * MIB, 8 * MIB),
    "tiny.iso": WebFile(1000),
    "page.html": WebFile(6, is_image=False),
    "ct.tar.zst": WebFile(300),
}
# Checksums of the files that were really served, and those of their stand-ins.
CHECKSUMS = {
    "1b7af784841125887e688254229e282829e17245d0e47fe7280da9b68a30d9e1": ("sha256", b"cloud"),
    "41ce4d32ce22529a293044bc1eb4e734": ("md5", b"cloud"),
}
# What the recorder did outside of the API before a step: {file: {step: event}}.
START_FAILURES = (
    "missing bridge",
    "cpu host without kvm",
    "vlan tag",
    "missing iso",
    "cpu unknown",
    "bad machine",
    "too much memory",
    "too many cores",
    "disk gone",
    "bad args",
    "pci missing",
    "mapping missing",
    "ovmf without efidisk",
)
EVENTS: dict[str, dict[str, Event]] = {
    "faults": {
        "flock held: config set": _set("config_lock_held", vmid=101),
        "config": _clear("config_lock_held"),
        "agent silent": _agent(answers=False),
        "agent answering ping": _agent(answers=True),
        "agent silent shutdown": _agent(answers=False),
        **{f"start failure setup: {what}": _remove_guest(830) for what in START_FAILURES},
        "start failure: cpu host without kvm": _set("start_fails", vmid=830, times=1),
        "start failure: vlan tag on plain bridge": _set("start_fails", vmid=830, times=1),
        "start failure: bad args": _set("start_fails", vmid=830, times=1),
        "start failure: disk gone": _remove_volume,
        "shutdown timeout": _set("ignores_shutdown", vmid=101),
    },
    "storage_template": {
        "import from guest disk": _remove_guest(901),
        "current stopped": _stop_900,
        "attach foreign volume": _remove_guest(901),
        "reassign disk to guest": _fresh_901,
        "mountpoint storage": _new_template,
        "mounted status": _small_storage(unmounted=False),
        "not mounted status": _small_storage(unmounted=True),
        "mounted again status": _small_storage(unmounted=False),
        "full: clone": _new_source,
        "full: sparse alloc succeeds": _clear("storage_full"),
        "full: import": _full,
        "reboot": _set("ignores_shutdown", vmid=900),
        "shutdown with forceStop": _set("ignores_shutdown", vmid=930),
    },
    "cluster": {
        "proxy down: status": _set("daemon_down", node="pve2"),
        "proxy back": _clear("daemon_down"),
        "no quorum: status": _set("no_quorum"),
        "quorum back: status": _clear("no_quorum"),
    },
}
EVENTS["lxc"] = {
    step: _no_container
    for step in (
        "create bad template volid",
        "create bad ssh key",
        "create missing bridge",
        "create",
        "create broken archive",
    )
}
EVENTS["ha"] = {"destroy managed guest without purge": _back_home}
EVENTS["scenario"] = {"agent none": _set("agent_silent", vmid=7101)}
