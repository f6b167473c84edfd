# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a run that fails, seen by callbacks: a failed task cannot record itself."""

from __future__ import annotations

import typing as t

RUN_ACTION = "clusterwright.proxmox.run"
SIZE_ACTION = "clusterwright.proxmox.llm_size"


class RunEnd:
    """Follows the run that a playbook begins in the ledger and closes it after a failure.

    Several callbacks may close one run: the first does, the others find it closed.
    """

    def __init__(self) -> None:
        """Begin without a run."""
        self._run: dict[str, t.Any] = {}
        self._failure: str | None = None
        self._failed_host: str | None = None
        self._status = "FAILED"
        self._decided = "FAILED"  # how it ends when it stops after what was decided

    @property
    def begun(self) -> bool:
        """Return whether a run was begun and has not recorded its end."""
        return bool(self._run)

    def follow(self, task: t.Any, data: t.Mapping[str, t.Any]) -> None:
        """Take in a task that succeeded, with its result."""
        if task.action == SIZE_ACTION:
            self._decided = _end(data)
        if task.action != RUN_ACTION:
            return
        if task.args.get("state") == "started":
            self._run = {
                "id": data.get("workflow_id"),
                "ledger": task.args.get("ledger"),
                "directory": data.get("directory"),
            }
        elif task.args.get("state") == "finished":
            self._run = {}

    def failed(self, host: str, where: str, message: str, data: t.Mapping[str, t.Any]) -> None:
        """Take in a failure; the first one that was not rescued is the reason of the end."""
        if self._failed_host is None:
            self._failure, self._failed_host = f"{where}: {message}", host
            self._status = "REFUSED" if self._decided == "REFUSED" else _end(data)

    def goes_on(self, host: str) -> bool:
        """Tell whether this host had failed: it was rescued, or is in an ``always`` section.

        Only a later failure takes the place of the one that was known.
        """
        if host != self._failed_host:
            return False
        self._failed_host = None
        return True

    def close(self) -> str | None:
        """Record the failure; return why that was not possible, None when it was.

        The ledger must not hide the failure that is being reported.
        """
        if not self._run or self._run["id"] == "check-mode":
            return None
        from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import (
            Ledger,
            LedgerError,
        )
        from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._result import (
            write_result,
        )
        from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._rules import (
            ACTIVE,
        )

        try:
            ledger = Ledger(str(self._run["ledger"]))
            if ledger.run(self._run["id"])["status"] in ACTIVE:
                ledger.finish(self._run["id"], self._status, error=self._failure or "failed")
                write_result(ledger, self._run["id"], self._run.get("directory"))
            ledger.close()
        except (LedgerError, OSError) as error:
            return f"The run could not be closed in the ledger: {error}"
        return None


def message_of(data: t.Mapping[str, t.Any]) -> str:
    """Return why a task or an item of its loop failed."""
    return str(data.get("msg") or data.get("module_stderr") or "failed without a message")


def name_of(task: t.Any) -> str:
    """Return how a person calls a task: by its name, without the role it stands in."""
    return str(task.name or task.get_name())


def any_failed(stats: t.Any) -> bool:
    """Return whether a host failed or was not reached, by Ansible's own statistics."""
    return any(
        stats.summarize(host)["failures"] or stats.summarize(host)["unreachable"]
        for host in stats.processed
    )


def _end(data: t.Mapping[str, t.Any]) -> str:
    """Return how a run ends: a request or plan that was refused has not failed."""
    plan = data.get("plan")
    status = plan.get("status") if isinstance(plan, dict) else data.get("status")
    return "REFUSED" if status in ("ask", "refused") else "FAILED"
