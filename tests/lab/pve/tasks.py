# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks: UPIDs, their status, log and list; what fails inside one is no HTTP error."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fakepve.model import lock_timeout

from lab.pve.wire import Params, PveError, Reply, TaskError, param_error, split_list

UPID = re.compile(
    r"UPID:(?P<node>[\w.-]+):(?P<pid>[0-9A-F]{8,9}):(?P<pstart>[0-9A-F]{8,9}):"
    r"(?P<start>[0-9A-F]{8}):(?P<type>[^:\s]+):(?P<id>[^:\s]*):(?P<user>[^:\s]+):"
)
# A task that ends within this time is already stopped when its UPID is answered.
SETTLE_SECONDS = 0.05
LOCK_SECONDS = 10.0
LOCK_POLL_SECONDS = 0.02
WARNING = "WARN: "
NO_LOG = "unable to open file - No such file or directory"


class Tasks:
    """Mixin: the worker side of the API."""

    tasks: dict[str, dict[str, Any]]
    tasklog: list[dict[str, Any]]

    async def task(
        self: Any,
        node: str,
        ttype: str,
        tid: Any,
        user: str,
        body: Callable[[], Awaitable[str | None]],
        *,
        vm: Any = None,
        lock: bool = True,
        log: Iterable[str] = (),
        undo: Callable[[], None] | None = None,
    ) -> str:
        """Run `body` as a worker and return its UPID; `TaskError` is its exit status.

        `body` may return more log text; lines that begin with "WARN: " end the
        task with "WARNINGS: n". With `vm` and `lock` it runs under the guest's
        configuration lock. `undo` takes back what was reserved for the task
        where a fault ends it before `body`.
        """
        upid, pid, start = self._upid(node, ttype, tid, user)
        record: dict[str, Any] = {
            "upid": upid,
            "node": node,
            "pid": pid,
            "pstart": pid * 7,
            "starttime": start,
            "type": ttype,
            "id": str(tid),
            "user": user,
            "status": "running",
            "log": list(log),
        }
        self.tasks[upid] = record
        self.tasklog.append(record)

        async def run() -> None:
            status = "OK"
            try:
                if vm is not None and lock:
                    await self.acquire(vm, upid)
                try:
                    self._fail_by_fault(node, ttype, tid, undo)
                    text = await body()
                    record["log"].extend((text or "").splitlines())
                finally:
                    if vm is not None and lock:
                        self.release(vm, upid)
            except TaskError as error:
                status = str(error)
            except PveError as error:
                status = error.message
            except Exception as error:  # the cause reaches the tests through `crashes`
                self.crashes.append(error)
                status = "internal error"
            warnings = sum(line.startswith(WARNING) for line in record["log"])
            if status == "OK" and warnings:
                status = f"WARNINGS: {warnings}"
            verdict = {"OK": "TASK OK"}.get(status, f"TASK ERROR: {status}")
            if status.startswith("WARNINGS: "):
                verdict = f"TASK {status}"
            record["log"].append(verdict)
            record.update(status="stopped", exitstatus=status, endtime=int(time.time()))

        worker = asyncio.ensure_future(run())
        self.workers.add(worker)
        worker.add_done_callback(self.workers.discard)
        await asyncio.wait({worker}, timeout=SETTLE_SECONDS)
        return upid

    def _fail_by_fault(
        self: Any, node: str, ttype: str, tid: Any, undo: Callable[[], None] | None
    ) -> None:
        """Raise what the fault "task_error" asks for; its `path` is a task type pattern."""
        where = {"node": node} | ({"vmid": int(tid)} if str(tid).isdigit() else {})
        fault = self.faults.active("task_error", path=ttype, **where)
        if fault:
            if undo:
                undo()
            raise TaskError(fault.message or "unexpected status")

    async def acquire(self: Any, vm: Any, holder: str, wait: float | None = None) -> None:
        """Take a guest's configuration lock, waiting as long as the real one does."""
        if self.faults.active("config_lock_held", vmid=vm.vmid):
            await self.pause(LOCK_SECONDS)
            raise TaskError(lock_error(vm))
        waited = 0.0
        while vm.lock_holder is not None:
            if waited >= LOCK_SECONDS:
                raise TaskError(lock_error(vm))
            await asyncio.sleep(LOCK_POLL_SECONDS)
            waited += LOCK_POLL_SECONDS
        vm.lock_holder = holder

    def lock_of(self: Any, guest: Any) -> str | None:
        """The configuration lock of a guest (backup, clone, …), or None."""
        fault = self.faults.active("guest_locked", vmid=guest.vmid)
        lock: str | None = (fault.message or "backup") if fault else guest.lock
        return lock

    def _lab_routes_tasks(self) -> list[tuple[str, str, Any]]:
        tasks = "/nodes/{node}/tasks"
        return [
            ("GET", "/cluster/tasks", self.cluster_tasks),
            ("GET", tasks, self.list_tasks),
            ("GET", tasks + "/{upid}", self.task_index),
            ("DELETE", tasks + "/{upid}", self.stop_task),
            ("GET", tasks + "/{upid}/status", self.task_status),
            ("GET", tasks + "/{upid}/log", self.task_log),
        ]

    def _find_task(self: Any, v: Params, user: str) -> dict[str, Any]:
        found = UPID.fullmatch(v["upid"])
        if not found:
            raise param_error(upid="unable to parse worker upid")
        task: dict[str, Any] | None = self.tasks.get(v["upid"])
        if task is None or found["node"] != v["node"]:
            raise param_error(upid="no such task")
        self._check_owner(v, user)
        return task

    def _check_owner(self: Any, v: Params, user: str) -> None:
        """Only an auditor sees the tasks of others."""
        found = UPID.fullmatch(v["upid"])
        owner = found["user"] if found else ""
        if user not in (owner, owner.split("!")[0]):
            self.require(user, f"/nodes/{v['node']}", "Sys.Audit")

    @staticmethod
    def _view(task: dict[str, Any], *, listing: bool) -> dict[str, Any]:
        view = {key: value for key, value in task.items() if key != "log"}
        if "!" in view["user"]:
            view["user"], _, view["tokenid"] = view["user"].partition("!")
        if not listing:
            view.pop("endtime", None)
            return view
        exit_status = view.pop("exitstatus", None)
        view.pop("status")
        if exit_status is not None:
            view["status"] = exit_status
        return view

    async def task_index(self, v: Params, user: str) -> list[dict[str, str]]:
        return [{"name": "log"}, {"name": "status"}]

    async def task_status(self, v: Params, user: str) -> dict[str, Any]:
        return self._view(self._find_task(v, user), listing=False)

    async def task_log(self, v: Params, user: str) -> Reply:
        if UPID.fullmatch(v["upid"]) and v["upid"] not in self.tasks:
            self._check_owner(v, user)
            return Reply([{"n": 1, "t": NO_LOG}], {"total": 1})
        lines = self._find_task(v, user)["log"] or ["no content"]
        start, limit = int(v.get("start", 0)), int(v.get("limit", 50))
        numbered = [{"n": n, "t": text} for n, text in enumerate(lines, 1)]
        return Reply(numbered[start : start + limit or None], {"total": len(lines)})

    async def stop_task(self, v: Params, user: str) -> None:
        self._find_task(v, user)

    def _visible(self: Any, task: dict[str, Any], user: str) -> bool:
        owner = task["user"]
        if user in (owner, owner.split("!")[0]):
            return True
        return bool(self.allowed(user, f"/nodes/{task['node']}", "Sys.Audit"))

    async def list_tasks(self: Any, v: Params, user: str) -> Reply:
        wanted = [
            task
            for task in reversed(self.tasklog)
            if task["node"] == v["node"]
            and self._visible(task, user)
            and v.get("vmid") in (None, shell_id(task["id"]))
            and v.get("typefilter") in (None, task["type"])
            and not (v.get("errors") and task.get("exitstatus") == "OK")
            and self._in_source(task, v)
        ]
        start, limit = int(v.get("start", 0)), int(v.get("limit", 50))
        views = [self._view(task, listing=True) for task in wanted[start : start + limit]]
        audit = self.allowed(user, f"/nodes/{v['node']}", "Sys.Audit")
        return Reply(views, {"total": len(wanted)} if audit or views else {})

    @staticmethod
    def _in_source(task: dict[str, Any], v: Params) -> bool:
        """True if a task is among the active, archived or all, and of the wanted outcome."""
        running = "endtime" not in task
        source = v.get("source", "archive")
        if (source == "active" and not running) or (source == "archive" and running):
            return False
        wanted = split_list(v.get("statusfilter"))
        return not wanted or outcome(task) in wanted

    async def cluster_tasks(self: Any, v: Params, user: str) -> list[dict[str, Any]]:
        return [
            {**self._view(task, listing=True), "saved": str(int("endtime" in task))}
            for task in reversed(self.tasklog)
            if self._visible(task, user)
        ][:25]


def lock_error(guest: Any) -> str:
    """What waiting in vain for a guest's lock file ends with."""
    return str(getattr(guest, "lock_error", None) or lock_timeout(guest.vmid))


def outcome(task: dict[str, Any]) -> str:
    """ok, error, warning or unknown, as the status filter of the list says."""
    status = str(task.get("exitstatus", ""))
    if status.startswith("WARNINGS"):
        return "warning"
    return {"OK": "ok", "": "unknown"}.get(status, "error")


def shell_id(text: str) -> int | str:
    """A task's id as a VMID where it is one."""
    return int(text) if text.isdigit() else text
