# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup jobs, backups that run now, and replication jobs."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

from lab.pve.calendar import check_calendar_event
from lab.pve.drives import drives_of
from lab.pve.wire import (
    MIB,
    Params,
    PveError,
    TaskError,
    die,
    param_error,
    parse_properties,
    shell_number,
    split_list,
)

SELECTIONS = ("all", "vmid", "pool")
STALE = "detected modified configuration - file changed by other user? Try again."
DAY_SECONDS = 86400


class Backup:
    """Mixin: `/cluster/backup`, `/nodes/{node}/vzdump`, `/cluster/replication`."""

    def load_backup_jobs(self, jobs: tuple[Params, ...]) -> None:
        self.backup_jobs: dict[str, Params] = {job["id"]: dict(job) for job in jobs}
        self.replication_jobs: dict[str, Params] = {}

    def _lab_routes_backup(self: Any) -> list[tuple[str, str, Any]]:
        jobs, replication = "/cluster/backup", "/cluster/replication"
        return [
            ("GET", jobs, self.list_backup_jobs),
            ("POST", jobs, self.create_backup_job),
            ("GET", jobs + "/{id}", self.read_backup_job),
            ("PUT", jobs + "/{id}", self.update_backup_job),
            ("DELETE", jobs + "/{id}", self.delete_backup_job),
            ("GET", "/cluster/backup-info/not-backed-up", self.not_backed_up),
            ("POST", "/nodes/{node}/vzdump", self.backup_now),
            ("GET", replication, self.list_replication),
            ("POST", replication, self.create_replication),
            ("GET", replication + "/{id}", self.read_replication),
            ("PUT", replication + "/{id}", self.update_replication),
            ("DELETE", replication + "/{id}", self.delete_replication),
            ("GET", "/nodes/{node}/replication", self.list_replication),
            ("GET", "/nodes/{node}/replication/{id}/status", self.read_replication),
        ]

    # ------------------------------------------------------------------- jobs

    def _job_view(self: Any, job: Params) -> Params:
        view = {"type": "vzdump", **job}
        view.setdefault("enabled", 1)
        if isinstance(view.get("prune-backups"), str):
            view["prune-backups"] = parse_properties(view["prune-backups"])
        if isinstance(view.get("fleecing"), str):
            given = parse_properties(view["fleecing"], "enabled")
            numbers = {key: shell_number(value) for key, value in given.items()}
            view["fleecing"] = given if self.series == "8.4" else numbers
        return view

    async def list_backup_jobs(self, v: Params, user: str) -> list[Params]:
        return [
            {**self._job_view(job), "next-run": int(time.time()) + DAY_SECONDS}
            for job in self.backup_jobs.values()
        ]

    async def read_backup_job(self, v: Params, user: str) -> Params:
        if v["id"] not in self.backup_jobs:
            raise param_error(id=f"No such job '{v['id']}'")
        return self._job_view(self.backup_jobs[v["id"]])

    def _check_selection(self: Any, job: Params) -> None:
        chosen = [key for key in SELECTIONS if job.get(key)]
        if not chosen:
            raise die("400 Parameter verification failed.\nvmid: property is missing")
        if len(chosen) > 1:
            first, second = sorted(chosen)[:2]
            raise die(
                "400 Parameter verification failed.\n"
                f"{first}: option conflicts with option '{second}'"
            )
        if job.get("pool") and job["pool"] not in self.pools:
            raise PveError(403, f"Permission check failed (pool '{job['pool']}' does not exist)")

    async def create_backup_job(self: Any, v: Params, user: str) -> None:
        job = dict(v)
        if "starttime" in job:
            days = job.pop("dow", "")
            job["schedule"] = f"{days} {job.pop('starttime')}".strip()
        if "schedule" not in job:
            raise param_error(schedule="neither 'starttime' nor 'schedule' were set")
        check_calendar_event("schedule", job["schedule"])
        name = job.setdefault("id", str(uuid.uuid4()))
        self._check_selection(job)
        if name in self.backup_jobs:
            raise die(f"Job '{name}' already exists")
        job.setdefault("enabled", 1)
        self.backup_jobs[name] = job

    async def update_backup_job(self, v: Params, user: str) -> None:
        job = self.backup_jobs.get(v["id"])
        if job is None:
            raise die("no such vzdump job")
        check_calendar_event("schedule", v.get("schedule"))
        gone = split_list(v.get("delete"))
        changes = {k: x for k, x in v.items() if k not in ("delete", "digest")}
        chosen = next((key for key in SELECTIONS if key in changes), None)
        if chosen:
            gone += [key for key in SELECTIONS if key != chosen]
        merged = {k: x for k, x in job.items() if k not in gone}
        self.backup_jobs[v["id"]] = {**merged, **changes}

    async def delete_backup_job(self, v: Params, user: str) -> None:
        if self.backup_jobs.pop(v["id"], None) is None:
            raise die(f"400 Parameter verification failed.\nid: No such job '{v['id']}'")

    def forget_backup_guest(self, vmid: int) -> None:
        """Take a purged guest out of the jobs that name it; an empty job goes."""
        for name, job in list(self.backup_jobs.items()):
            vmids = split_list(job.get("vmid"))
            if str(vmid) in vmids:
                vmids.remove(str(vmid))
                job["vmid"] = ",".join(vmids)
                if not vmids:
                    del self.backup_jobs[name]

    def _covered(self: Any, job: Params) -> set[int]:
        guests = {guest.vmid for guest in self._guests()}
        if job.get("all"):
            return guests - {int(vmid) for vmid in split_list(job.get("exclude"))}
        if job.get("pool"):
            return set(self.pools.get(job["pool"], ()))
        return {int(vmid) for vmid in split_list(job.get("vmid"))}

    async def not_backed_up(self: Any, v: Params, user: str) -> list[Params]:
        covered = set().union(*(self._covered(job) for job in self.backup_jobs.values()))
        return [
            {"vmid": guest.vmid, "name": guest.name, "type": guest.guest.partition("/")[0]}
            for guest in self._guests()
            if guest.vmid not in covered
        ]

    async def backup_now(self: Any, v: Params, user: str) -> str:
        chosen = [key for key in SELECTIONS if v.get(key)]
        if not chosen:
            raise param_error(vmid="property is missing")
        if len(chosen) > 1:
            raise param_error(all="option conflicts with option 'vmid'")
        vmids = sorted(self._covered(v))
        sid = v.get("storage", "local")

        async def body() -> str:
            if "storage" in v and "dumpdir" in v:
                raise TaskError("cannot use options 'storage' and 'dumpdir' at the same time")
            if sid not in self.storages:
                raise TaskError(
                    f"could not activate storage '{sid}': storage '{sid}' does not exist"
                    f" could not get storage information for '{sid}':"
                    f" storage '{sid}' does not exist"
                )
            missing = [vmid for vmid in vmids if self.guest(vmid) is None]
            if missing:
                raise TaskError("job errors")
            for vmid in vmids:
                self._store_backup(sid, vmid)
            return "INFO: Backup job finished successfully"

        return str(await self.task(v["node"], "vzdump", v.get("vmid", ""), user, body))

    def _store_backup(self: Any, sid: str, vmid: int) -> None:
        kind = self.guest(vmid).guest.partition("/")[0]
        stamp = time.strftime("%Y_%m_%d-%H_%M_%S")
        extension = "vma.zst" if kind == "qemu" else "tar.zst"
        self.storages[sid]["volumes"][f"backup/vzdump-{kind}-{vmid}-{stamp}.{extension}"] = {
            "content": "backup",
            "format": extension,
            "size": 100 * MIB,
            "vmid": vmid,
            "ctime": int(time.time()),
        }

    # ------------------------------------------------------------- replication

    def _replication(self, name: str, fail: str) -> Params:
        if name not in self.replication_jobs:
            raise die(f"no such {fail} '{name}'")
        return self.replication_jobs[name]

    async def list_replication(self: Any, v: Params, user: str) -> list[Params]:
        return [
            job
            for job in self.replication_jobs.values()
            if v.get("node") in (None, job["source"]) and v.get("guest") in (None, job["guest"])
        ]

    async def read_replication(self: Any, v: Params, user: str) -> Params:
        job = self._replication(v["id"], "replication job")
        return {**job, "digest": self.digest_of(self.replication_jobs)}

    async def create_replication(self: Any, v: Params, user: str) -> None:
        check_calendar_event("schedule", v.get("schedule"))
        found = re.fullmatch(r"(\d+)-(\d+)", v["id"])
        if not found:
            raise param_error(id=f"invalid format - invalid replication job id '{v['id']}'\n")
        self._may_replicate(user, v["id"])
        guest = self.guest(int(found[1]))
        if guest is None:
            raise die(f"Guest '{found[1]}' does not exist.")
        if v["target"] not in self.nodes or len(self.nodes) == 1:
            raise die(f"Target '{v['target']}' does not exist.")
        if v["target"] == guest.node:
            raise die("Source and target must not be identical")
        volumes = [volume for _, volume, _ in drives_of(guest.config, disks_only=True)]
        for volume in volumes:
            if self.storages[volume.partition(":")[0]]["type"] != "zfspool":
                raise die(f"missing replicate feature on volume '{volume}'")
        if not volumes:
            raise die("No replicatable volumes found")
        if v["id"] in self.replication_jobs:
            raise die(f"job '{v['id']}' already exists")
        self.replication_jobs[v["id"]] = {
            "schedule": "*/15",
            **v,
            "guest": int(found[1]),
            "jobnum": int(found[2]),
            "source": guest.node,
        }

    def _may_replicate(self: Any, user: str, job: str) -> None:
        """On 9 the right is one on the guest; 8 has it in the permission rule of the method."""
        if self.series != "8.4":
            self.require(user, f"/vms/{job.partition('-')[0]}", "VM.Replicate")

    async def update_replication(self: Any, v: Params, user: str) -> None:
        self._may_replicate(user, v["id"])
        if v.get("digest") and v["digest"] != self.digest_of(self.replication_jobs):
            raise die(STALE)
        check_calendar_event("schedule", v.get("schedule"))
        job = self._replication(v["id"], "job")
        for key in split_list(v.get("delete")):
            job.pop(key, None)
        job.update({k: x for k, x in v.items() if k not in ("delete", "digest")})

    async def delete_replication(self: Any, v: Params, user: str) -> None:
        self._may_replicate(user, v["id"])
        if not v.get("force"):
            self._replication(v["id"], "job")
        self.replication_jobs.pop(v["id"], None)
