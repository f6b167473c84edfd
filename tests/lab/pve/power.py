# SPDX-License-Identifier: GPL-3.0-or-later
"""Power states: a started guest is a host of the lab; its agent and load are the host's."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from fakepve import agent as guest_agent
from fakepve import schema as pve_schema
from fakepve.model import FakeVm

from lab.machines import MachineError, MachineStatus
from lab.pve import cloudinit
from lab.pve.drives import drives_of
from lab.pve.wire import MIB, Params, PveError, TaskError, die, parse_properties

AGENT_SILENT = "QEMU guest agent is not running"
AGENT_SECONDS = 3.0
DEFAULT_SHARES = 1000
NO_GUEST = "unable to find configuration file for VM {} on node '{}'"
NO_EFI_DISK = "WARN: no efidisk configured! Using temporary efivars disk."
SHUTDOWN_SECONDS = 60
SCHEMA_PATHS = sorted(pve_schema.load().paths)
PRESSURES = [f"pressure{what}{how}" for what in ("cpu", "io", "memory") for how in ("some", "full")]


class Power:
    """Mixin: `/nodes/{node}/qemu/{vmid}/status` and `/agent`."""

    def _lab_routes_power(self: Any) -> list[tuple[str, str, Any]]:
        status = "/nodes/{node}/qemu/{vmid}/status"
        return [
            ("GET", status + "/current", self.current_status),
            ("GET", "/nodes/{node}/qemu", self.list_guests),
            ("POST", status + "/start", self.start_guest),
            ("POST", status + "/stop", self.stop_guest),
            ("POST", status + "/shutdown", self.shutdown_guest),
            ("POST", status + "/reboot", self.reboot_guest),
            ("POST", status + "/reset", self.reset_guest),
            ("POST", status + "/suspend", self.suspend_guest),
            ("POST", status + "/resume", self.resume_guest),
        ]

    # ----------------------------------------------------------------- status

    def machine_status(self: Any, vm: FakeVm) -> MachineStatus | None:
        """The host behind a guest; for a guest of the cluster file, what that says."""
        fixed: MachineStatus | None = self.foreign.get(vm.vmid)
        if fixed is not None:
            return fixed if vm.status == "running" else None
        status: MachineStatus | None = self.machines.status(vm.vmid)
        return status

    def guest_usage(self: Any, vm: FakeVm) -> Params:
        """The load that lists, resources and the current status share."""
        host = self.machine_status(vm) if vm.status == "running" else None
        used = host.memory_mib_used * MIB if host else 0
        started = vm.started_at or time.time()
        uptime = host.uptime_seconds if host else int(time.time() - started)
        return {
            "cpu": host.cpu_fraction if host else 0,
            "mem": used,
            "memhost": used,
            "maxmem": cloudinit.memory_mib(vm.config) * MIB,
            "maxdisk": self.disk_bytes(vm.config),
            "disk": 0,
            "netin": 0,
            "netout": 0,
            "uptime": uptime if vm.status == "running" else 0,
        }

    def vcpus(self: Any, vm: FakeVm) -> int:
        """What the lists count: never more than the node has, whatever the configuration says."""
        wanted = int(vm.config.get("cores", 1)) * int(vm.config.get("sockets", 1))
        return min(wanted, int(self.node_cores(vm.node)))

    def guest_status(self: Any, vm: FakeVm, *, listing: bool) -> Params:
        view = {"vmid": vm.vmid, "name": vm.name, "status": vm.status, "cpus": self.vcpus(vm)}
        view.update(self.guest_usage(vm))
        balloon = int(vm.config.get("balloon") or 0)
        if balloon:
            shares = int(vm.config.get("shares") or DEFAULT_SHARES)
            view |= {"balloon_min": balloon * MIB, "shares": shares}
        view |= {"tags": vm.config["tags"]} if vm.config.get("tags") else {}
        view |= {"lock": vm.lock} if vm.lock else {}
        view |= {"template": 1} if vm.template else {}
        view |= {"serial": 1} if "serial0" in vm.config else {}
        if self.series == "8.4":
            del view["memhost"]
        running = vm.status == "running"
        if running:
            view["pid"] = 100000 + vm.vmid
            if self.series != "8.4":
                view.update(dict.fromkeys(PRESSURES, 0))
        if listing:
            return view
        view["qmpstatus"] = vm.qmpstatus
        view["ha"] = self.ha_view(f"vm:{vm.vmid}")
        view |= {"agent": 1} if cloudinit.has_agent(vm.config) else {}
        view |= {"clipboard": None} if "vga" in vm.config else {}
        if running:
            taps = (key.replace("net", f"tap{vm.vmid}i") for key in cloudinit.networks(vm.config))
            view["nics"] = {tap: {"netin": 0, "netout": 0} for tap in taps}
        return view

    async def current_status(self: Any, v: Params, user: str) -> Params:
        status: Params = self.guest_status(self.find_guest(v), listing=False)
        return status

    async def list_guests(self: Any, v: Params, user: str) -> list[Params]:
        return [
            self.guest_status(vm, listing=True)
            for vm in self.vms
            if vm.node == v["node"] and self.allowed(user, f"/vms/{vm.vmid}", "VM.Audit")
        ]

    # --------------------------------------------------------------- starting

    async def _power_task(self: Any, v: Params, user: str, kind: str, action: Any) -> str:
        """A power task; a guest that does not exist is an error of the task."""
        vm = self.vm(int(v["vmid"]))
        missing = vm is None or vm.node != v["node"]

        async def body() -> str | None:
            if missing:
                text = NO_GUEST.format(v["vmid"], v["node"])
                if kind == "qmstart":
                    text = (
                        f"Configuration file 'nodes/{v['node']}/qemu-server/{v['vmid']}.conf'"
                        " does not exist"
                    )
                raise TaskError(text)
            result: str | None = await action(vm)
            return result

        held = None if missing else vm
        return str(await self.task(v["node"], kind, v["vmid"], user, body, vm=held))

    async def start_guest(self: Any, v: Params, user: str) -> str:
        self.need_quorum()
        if self.ha_state(f"vm:{v['vmid']}") not in (None, "ignored"):
            return str(await self.ha_request(f"vm:{v['vmid']}", v["node"], user, "started"))
        return str(await self._power_task(v, user, "qmstart", self._start))

    async def _start(self: Any, vm: FakeVm) -> str:
        if vm.template:
            raise TaskError("you can't start a vm if it's a template")
        if (lock := self.lock_of(vm)) and vm.lock != "suspended":
            raise TaskError(f"VM is locked ({lock})")
        if vm.status == "running":
            raise TaskError(f"VM {vm.vmid} already running")
        vm.apply_pending()
        self._check_start(vm)
        failed = self.faults.active("start_fails", vmid=vm.vmid)
        if failed:
            raise TaskError(failed.message or "start failed: QEMU exited with code 1")
        log = []
        if any("cloudinit" in volume for _, volume, _ in drives_of(vm.config)):
            log.append("generating cloud-init ISO")
        no_efi_disk = vm.config.get("bios") == "ovmf" and "efidisk0" not in vm.config
        if no_efi_disk or self.faults.active("task_warning", vmid=vm.vmid):
            log.append(NO_EFI_DISK)
        spec = cloudinit.machine_spec(vm.vmid, vm.node, vm.config)
        try:
            await asyncio.to_thread(self.machines.start, spec)
        except MachineError as error:
            raise TaskError(f"start failed: {error}") from error
        vm.status = vm.qmpstatus = "running"
        vm.started_at = time.time()
        return "\n".join(log)

    def _check_start(self: Any, vm: FakeVm) -> None:
        """What QEMU would find missing on the node."""
        for volume in self._needed_volumes(vm.config):
            sid = volume.partition(":")[0]
            if sid not in self.storages:
                raise TaskError(f"storage '{sid}' does not exist")
            self.ready_storage(sid, vm.node)
            found = self.volume(volume)
            if found is None or vm.node not in (found.get("nodes") or [vm.node]):
                raise TaskError(f"volume '{volume}' does not exist")
        cores = int(vm.config.get("cores", 1)) * int(vm.config.get("sockets", 1))
        most = self.node_cores(vm.node)
        if cores > most:
            raise TaskError(f"MAX {most} vcpus allowed per VM on this node")
        for network in cloudinit.networks(vm.config).values():
            bridge = network.get("bridge")
            if bridge and not self.bridge_exists(vm.node, bridge):
                raise TaskError(f"bridge '{bridge}' does not exist")
            tagged = bridge and (network.get("tag") or network.get("trunks"))
            if tagged and (refusal := self.vlan_refusal(vm.node, bridge)):
                raise TaskError(refusal)
        if cloudinit.memory_mib(vm.config) > self.node_memory_mib(vm.node):
            raise TaskError("start failed: QEMU exited with code 1")
        self._check_passthrough(vm.config)

    @staticmethod
    def _needed_volumes(config: Params) -> list[str]:
        volumes = [volume for _, volume, _ in drives_of(config) if ":" in volume]
        return volumes + list(parse_properties(config.get("cicustom", "")).values())

    def _check_passthrough(self: Any, config: Params) -> None:
        for key in (k for k in config if re.fullmatch(r"hostpci\d+", k)):
            options = parse_properties(config[key], "host")
            mapping = options.get("mapping")
            if mapping and mapping not in self.pci_mappings:
                raise TaskError(f"PCI device mapping not found for '{mapping}'")
            if "host" in options:
                raise TaskError(f"no PCI device found for '{options['host']}'")

    # --------------------------------------------------------------- stopping

    async def _power_off(self: Any, vm: FakeVm, *, force: bool) -> None:
        if lock := self.lock_of(vm):
            raise TaskError(f"VM is locked ({lock})")
        if vm.status == "running":
            await asyncio.to_thread(self.machines.stop, vm.vmid, force=force)
        vm.status = vm.qmpstatus = "stopped"
        vm.started_at = None

    async def stop_guest(self: Any, v: Params, user: str) -> str:
        self.need_quorum()
        if self.ha_state(f"vm:{v['vmid']}") not in (None, "ignored"):
            return str(await self.ha_request(f"vm:{v['vmid']}", v["node"], user, "stopped"))
        return str(
            await self._power_task(v, user, "qmstop", lambda vm: self._power_off(vm, force=True))
        )

    async def shutdown_guest(self: Any, v: Params, user: str) -> str:
        self.need_quorum()
        if self.ha_state(f"vm:{v['vmid']}") not in (None, "ignored"):
            return str(await self.ha_request(f"vm:{v['vmid']}", v["node"], user, "stopped"))
        return str(await self._power_task(v, user, "qmshutdown", lambda vm: self._shutdown(vm, v)))

    async def _shutdown(self: Any, vm: FakeVm, v: Params) -> str | None:
        if lock := self.lock_of(vm):
            raise TaskError(f"VM is locked ({lock})")
        if vm.status != "running" or self.guest_obeys(vm):
            await self._power_off(vm, force=False)
            return None
        await self.pause(int(v.get("timeout") or SHUTDOWN_SECONDS))
        if not v.get("forceStop"):
            raise TaskError("VM quit/powerdown failed - got timeout")
        await self._power_off(vm, force=True)
        return "VM still running - terminating now with SIGTERM"

    def guest_obeys(self: Any, vm: FakeVm) -> bool:
        """False while a fault lets the guest ignore ACPI requests."""
        silent = cloudinit.has_agent(vm.config) and self.faults.active("agent_silent", vmid=vm.vmid)
        return not silent and not self.faults.active("ignores_shutdown", vmid=vm.vmid)

    def _running_guest(self: Any, v: Params) -> FakeVm:
        vm: FakeVm = self.find_guest(v)
        if vm.status != "running":
            raise die(f"VM {vm.vmid} not running")
        return vm

    async def reboot_guest(self: Any, v: Params, user: str) -> str:
        self._running_guest(v)

        async def reboot(vm: FakeVm) -> None:
            if not self.guest_obeys(vm):
                raise TaskError("VM quit/powerdown failed - got timeout")
            vm.apply_pending()
            await asyncio.to_thread(self.machines.reboot, vm.vmid)
            vm.started_at = time.time()

        return str(await self._power_task(v, user, "qmreboot", reboot))

    async def reset_guest(self: Any, v: Params, user: str) -> str:
        self._running_guest(v)

        async def reset(vm: FakeVm) -> None:
            await asyncio.to_thread(self.machines.reboot, vm.vmid)

        return str(await self._power_task(v, user, "qmreset", reset))

    async def suspend_guest(self: Any, v: Params, user: str) -> str:
        self._running_guest(v)

        async def suspend(vm: FakeVm) -> None:
            vm.qmpstatus = "paused"

        return str(await self._power_task(v, user, "qmsuspend", suspend))

    async def resume_guest(self: Any, v: Params, user: str) -> str:
        self._running_guest(v)

        async def resume(vm: FakeVm) -> None:
            vm.qmpstatus = "running"

        return str(await self._power_task(v, user, "qmresume", resume))

    # ------------------------------------------------------------------ agent

    async def agent_request(self: Any, method: str, template: str, v: Params) -> Any:
        """A request below `/agent`: the index, a command by name, or one in `command`."""
        command = template.rpartition("/agent")[2].strip("/")
        if command:
            return await self.agent_call(command, v)
        if method == "POST":
            return await self.agent_call(v["command"], v)
        prefix = template + "/"
        return [{"name": p.removeprefix(prefix)} for p in SCHEMA_PATHS if p.startswith(prefix)]

    async def agent_call(self: Any, command: str, v: Params) -> Any:
        """The answer of a guest agent command."""
        vm = self.find_guest(v)
        if not cloudinit.has_agent(vm.config):
            raise die("No QEMU guest agent configured")
        if vm.status != "running":
            raise die(f"VM {vm.vmid} is not running")
        host = self.machine_status(vm)
        if host is None or not host.running or self.faults.active("agent_silent", vmid=vm.vmid):
            await self.pause(AGENT_SECONDS)
            raise PveError(500, AGENT_SILENT)
        if command == "network-get-interfaces":
            addresses = host.addresses
            if self.faults.active("agent_no_address", vmid=vm.vmid):
                addresses = ()
            mac = cloudinit.first_network(vm.config).get("mac", "")
            return {"result": cloudinit.agent_interfaces(mac, addresses)}
        vm.agent = vm.agent or {}
        return guest_agent.result(vm, command, v)
