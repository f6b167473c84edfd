# SPDX-License-Identifier: GPL-3.0-or-later
"""High availability: managed guests and their status."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from lab.pve.ha_placement import STALE, Groups, Rules
from lab.pve.wire import Params, PveError, TaskError, die, split_list

FIELDS = ("state", "comment", "max_restart", "max_relocate", "failback", "group", "auto-rebalance")
MIGRATED = "ha groups have been migrated to rules"
RUNNING_STATES = ("started", "enabled")


class HighAvailability(Groups, Rules):
    """Mixin: `/cluster/ha/{resources,status}`; groups and rules from the bases."""

    ha_resources: dict[str, Params]

    def load_ha(self) -> None:
        self.ha_resources = {}
        self.ha_groups: dict[str, Params] = {}
        self.ha_rules: dict[str, Params] = {}
        self.ha_armed = True

    def _lab_routes_ha(self: Any) -> list[tuple[str, str, Any]]:
        top = "/cluster/ha/resources"
        status = "/cluster/ha/status"
        return [
            ("GET", "/cluster/ha", self.ha_index),
            ("GET", status, self.ha_status_index),
            ("GET", top, self.list_resources_ha),
            ("POST", top, self.create_ha_resource),
            ("GET", top + "/{sid}", self.read_ha_resource),
            ("PUT", top + "/{sid}", self.update_ha_resource),
            ("DELETE", top + "/{sid}", self.delete_ha_resource),
            ("POST", top + "/{sid}/migrate", self.move_ha_resource),
            ("POST", top + "/{sid}/relocate", self.move_ha_resource),
            ("GET", status + "/current", self.ha_status),
            ("GET", status + "/manager_status", self.ha_manager_status),
            ("POST", status + "/arm-ha", self.arm_ha),
            ("POST", status + "/disarm-ha", self.disarm_ha),
        ]

    async def ha_index(self: Any, v: Params, user: str) -> list[Params]:
        parts = ["status", "resources", "groups"]
        parts += ["rules"] if self.series != "8.4" else []
        return [{"id": part} for part in parts]

    async def ha_status_index(self: Any, v: Params, user: str) -> list[Params]:
        parts = ["current", "manager_status"]
        parts += ["disarm-ha", "arm-ha"] if self.series != "8.4" else []
        return [{"name": part} for part in parts]

    # ---------------------------------------------------------------- resources

    @staticmethod
    def _sid(given: str) -> str:
        return given if ":" in given else f"vm:{given}"

    def ha_state(self, sid: str) -> str | None:
        resource = self.ha_resources.get(sid)
        return None if resource is None else str(resource.get("state", "started"))

    def ha_view(self: Any, sid: str) -> Params:
        """The "ha" entry of a guest's status."""
        if sid not in self.ha_resources:
            return {"managed": 0}
        view: Params = {"managed": 1, "state": self.ha_state(sid)}
        return view | (
            {"group": self.ha_resources[sid].get("group")} if self.series == "8.4" else {}
        )

    def _ha_digest(self: Any) -> str:
        return str(self.digest_of(self.ha_resources))

    def _ha_resource(self, sid: str) -> Params:
        resource = self.ha_resources[sid]
        view = {"sid": sid, "type": sid.partition(":")[0], **resource}
        return {**view, "digest": self._ha_digest()}

    async def list_resources_ha(self, v: Params, user: str) -> list[Params]:
        return [
            self._ha_resource(sid)
            for sid in sorted(self.ha_resources)
            if v.get("type") in (None, sid.partition(":")[0])
        ]

    async def read_ha_resource(self, v: Params, user: str) -> Params:
        sid = self._sid(v["sid"])
        if sid not in self.ha_resources:
            raise die(f"no such resource '{sid}'")
        return self._ha_resource(sid)

    def _check_ha_guest(self: Any, sid: str, v: Params) -> None:
        kind, _, vmid = sid.partition(":")
        if kind not in ("vm", "ct"):
            raise die(f"unknown section type '{kind}'")
        if v.get("type") not in (None, kind):
            raise die("types does not match")
        guest = self.guest(int(vmid)) if vmid.isdigit() else None
        if guest is None:
            raise die(f"resource '{sid}' does not exist in cluster")
        is_container = guest.guest.startswith("lxc/")
        if self.series != "8.4" and (kind == "ct") != is_container:
            what = "container" if kind == "ct" else "virtual machine"
            raise die(f"resource '{sid}' - guest with ID {vmid} is not a {what}")

    def _check_group(self: Any, v: Params) -> None:
        group = v.get("group")
        if not group:
            return
        if self.series != "8.4":
            raise die(f"invalid parameter 'group': {MIGRATED}")
        if group not in self.ha_groups:
            raise die(f"HA group '{group}' does not exist")

    async def create_ha_resource(self: Any, v: Params, user: str) -> None:
        sid = self._sid(v["sid"])
        self._check_ha_guest(sid, v)
        self._check_group(v)
        self.need_quorum()
        if sid in self.ha_resources:
            raise die(f"create resource failed: resource ID '{sid}' already defined")
        self.ha_resources[sid] = {key: v[key] for key in FIELDS if key in v}
        self._enforce_state(sid)

    async def update_ha_resource(self: Any, v: Params, user: str) -> None:
        fail, sid = "update resources config failed: ", self._sid(v["sid"])
        self._check_group(v)
        if v.get("digest") and v["digest"] != self._ha_digest():
            raise die(fail + STALE)
        resource = self.ha_resources.get(sid)
        if resource is None:
            raise die(f"{fail}no such resource '{sid}'")
        for key in split_list(v.get("delete")):
            resource.pop(key, None)
        resource.update({key: v[key] for key in FIELDS if key in v})
        self._enforce_state(sid)

    async def delete_ha_resource(self, v: Params, user: str) -> None:
        sid = self._sid(v["sid"])
        if sid not in self.ha_resources:
            raise die(f"cannot delete service '{sid}', not HA managed!")
        self.forget_ha_resource(sid, purge=bool(v.get("purge")))

    def forget_ha_resource(self, sid: str, *, purge: bool = True) -> bool:
        """Drop a resource, and from the rules; returns whether it was managed."""
        managed = self.ha_resources.pop(sid, None) is not None
        self.drop_from_rules(sid)
        self.tell_container(sid)
        return managed

    async def move_ha_resource(self: Any, v: Params, user: str) -> Params | None:
        sid = self._sid(v["sid"])
        if sid not in self.ha_resources:
            raise die(f"no such resource '{sid}'")
        guest = self.guest(int(sid.partition(":")[2]))
        if v["node"] in self.nodes and guest is not None:
            guest.node = v["node"]
        return {"sid": sid, "requested-node": v["node"]} if self.series != "8.4" else None

    # ------------------------------------------------------------ starting guests

    async def ha_request(self: Any, sid: str, node: str, user: str, state: str) -> str:
        """The task that a power request of a managed guest is: it asks the manager."""
        vmid, verb = sid.partition(":")[2], "start" if state == "started" else "stop"

        async def body() -> str:
            self.ha_resources[sid]["state"] = state
            self._enforce_state(sid)
            return f"Requesting HA {verb} for VM {vmid}"

        return str(await self.task(node, f"ha{verb}", vmid, user, body))

    def _enforce_state(self: Any, sid: str) -> None:
        """Let the guest follow the wanted state, as the resource manager does."""
        kind, _, vmid = sid.partition(":")
        vm = self.vm(int(vmid)) if kind == "vm" else None
        if vm is None or vm.template:
            self.tell_container(sid)
            return
        state = self.ha_state(sid)
        if state in RUNNING_STATES and vm.status != "running":
            action = self._start(vm)
        elif state in ("stopped", "disabled") and vm.status == "running":
            action = self._power_off(vm, force=False)
        else:
            return
        worker = asyncio.ensure_future(self._follow(sid, action))
        self.workers.add(worker)
        worker.add_done_callback(self.workers.discard)

    async def _follow(self, sid: str, action: Any) -> None:
        try:
            await action
        except (TaskError, PveError):
            if sid in self.ha_resources:
                self.ha_resources[sid]["state"] = "error"

    # ------------------------------------------------------------------- status

    async def ha_status(self: Any, v: Params, user: str) -> list[Params]:
        nodes = sorted(self.nodes)
        master, now = nodes[0], int(time.time())
        out: list[Params] = [
            {
                "id": "quorum",
                "type": "quorum",
                "node": master,
                "quorate": int(self.quorate),
                "status": "OK" if self.quorate else "No quorum on node",
            },
            {
                "id": "master",
                "type": "master",
                "node": master,
                "timestamp": now,
                "status": f"{master} (active, {time.ctime(now)})",
            },
        ]
        if self.series != "8.4":
            armed = "armed" if self.ha_armed else "disarmed"
            status = "armed (CRM watchdog active)" if self.ha_armed else "disarmed"
            out.append({"id": "fencing", "type": "fencing", "node": master, "status": status})
            out[-1]["armed-state"] = armed
        out += [
            {"id": f"lrm:{n}", "type": "lrm", "node": n, "status": f"{n} (active)"} for n in nodes
        ]
        return out + [self._service(sid) for sid in sorted(self.ha_resources)]

    def _service(self: Any, sid: str) -> Params:
        resource, guest = self.ha_resources[sid], self.guest(int(sid.partition(":")[2]))
        state = self.ha_state(sid)
        if state in RUNNING_STATES and guest.status != "running":
            state = "queued"
        service = {
            "id": f"service:{sid}",
            "type": "service",
            "sid": sid,
            "node": guest.node,
            "state": state,
            "request_state": self.ha_state(sid),
            "status": f"{sid} ({guest.node}, {state})",
            "max_restart": resource.get("max_restart", 1),
            "max_relocate": resource.get("max_relocate", 1),
        }
        service |= {"comment": resource["comment"]} if resource.get("comment") else {}
        service |= {"group": resource["group"]} if resource.get("group") else {}
        return service | ({"failback": resource.get("failback", 1)} if self.series != "8.4" else {})

    async def ha_manager_status(self: Any, v: Params, user: str) -> Params:
        nodes = sorted(self.nodes)
        online = {n: "online" if self.is_online(n) else "unknown" for n in nodes}
        return {
            "lrm_status": {node: {"mode": "active"} for node in nodes},
            "manager_status": {
                "master_node": nodes[0],
                "node_status": online,
                "service_status": {},
                "timestamp": int(time.time()),
            },
            "quorum": {"node": nodes[0], "quorate": str(int(self.quorate))},
        }

    async def arm_ha(self, v: Params, user: str) -> None:
        self.ha_armed = True

    async def disarm_ha(self, v: Params, user: str) -> None:
        self.ha_armed = False
