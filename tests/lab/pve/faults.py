# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault switches: each makes the cluster fail in one of the ways a real one does."""

from __future__ import annotations

import fnmatch
import threading
from dataclasses import asdict, dataclass
from typing import Any

from lab.pve.wire import PveError


class FaultError(Exception):
    """A fault was asked for that does not exist; the message is one plain sentence."""


@dataclass(frozen=True)
class Kind:
    """What a switch does; those with a status answer the requests that match."""

    text: str
    status: int | None = None
    message: str = ""
    method: str = "*"
    path: str = "*"


# One or more switches for each failure class; a status answers matching requests.
KINDS: dict[str, Kind] = {
    "bad_parameter": Kind(
        "matching requests are refused as invalid", 400, "Parameter verification failed."
    ),
    "forbidden": Kind("matching requests lack a privilege", 403, "Permission check failed"),
    "ticket_expired": Kind("every login ticket is refused", 401, "Authentication failed!"),
    "cluster_filesystem_down": Kind(
        "valid tickets and tokens are refused, as while pmxcfs restarts",
        401,
        "Authentication failed!",
    ),
    "not_implemented": Kind(
        "matching requests are unknown to this version", 501, "Method not implemented"
    ),
    "daemon_down": Kind(
        "the API daemon of the node refuses connections", 595, "Connection refused"
    ),
    "node_down": Kind("the node is offline", None),
    "proxy_timeout": Kind("the node takes 30 s and then times out", 596, "Connection timed out"),
    "unknown_node": Kind(
        "the node's name cannot be resolved",
        500,
        "hostname lookup failed - failed to get address info: Name or service not known",
    ),
    "no_quorum": Kind("reads and logins work, changes do not", None),
    "config_lock_held": Kind("another worker holds the guest's lock file", None),
    "guest_locked": Kind("the guest carries a configuration lock (backup)", None),
    "vmid_race": Kind(
        "the VMID is taken between the question and the clone or create",
        500,
        "unable to create VM: config file already exists",
        "POST",
        "/nodes/*/qemu*",
    ),
    "guest_moved": Kind("the guest is on another node than asked", None),
    "storage_offline": Kind("the storage is not online", None),
    "storage_unmounted": Kind("the storage's mount point is not mounted", None),
    "storage_lock_held": Kind("another node holds the storage's lock while copying onto it", None),
    "storage_full": Kind("copying onto the storage fails in the task", None),
    "task_warning": Kind("start tasks end with WARNINGS: 1", None),
    "task_error": Kind("matching tasks fail with the message", None),
    "start_fails": Kind("starting the guest fails in the task", None),
    "ignores_shutdown": Kind("the guest does not react to a shutdown request", None),
    "agent_silent": Kind("the guest agent does not answer", None),
    "agent_no_address": Kind("the guest agent reports no address", None),
    "digest_conflict": Kind(
        "the configuration was changed in between",
        500,
        "checksum mismatch (file change by other user?)",
        "PUT",
        "/nodes/*/config",
    ),
    "download_fails": Kind("downloads fail in the task", None),
    "stale_resources": Kind("new guests show no values in the resource list yet", None),
    "random_order": Kind("lists and keys of matching answers come in another order", None),
    "connection_closed": Kind("the connection is closed without an answer", None),
    "answer_lost": Kind("matching changes are made, and their answer never arrives", None),
    "slow": Kind("matching requests take `seconds` longer", None),
    "server_error": Kind("matching requests fail inside the server", 500, "internal error"),
}
# Answers of these statuses carry no body.
EMPTY_STATUSES = (401, 595, 596)


@dataclass
class Fault:
    """One switched-on fault; empty fields match everything.

    `path` is a shell pattern below /api2/json, `times` the number of requests
    or tasks that it still hits (None: until it is cleared).
    """

    name: str
    method: str = "*"
    path: str = "*"
    node: str | None = None
    vmid: int | None = None
    storage: str | None = None
    message: str | None = None
    status: int | None = None
    seconds: float = 0.0
    times: int | None = None

    def hits(self, **where: Any) -> bool:
        """True if every place that the fault names is the one given."""
        path = where.pop("path", None)
        return (path is None or fnmatch.fnmatch(path, self.path)) and all(
            getattr(self, key) is None or getattr(self, key) == value
            for key, value in where.items()
        )


class Faults:
    """The switches of one server; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: list[Fault] = []

    def set(self, name: str, **fields: Any) -> Fault:
        """Switch a fault on.

        Raises:
            FaultError: no fault of this name or no such field.
        """
        kind = KINDS.get(name)
        if kind is None:
            raise FaultError(f"There is no fault '{name}'; known are {', '.join(sorted(KINDS))}.")
        unknown = set(fields) - set(Fault.__dataclass_fields__)
        if unknown:
            raise FaultError(f"A fault has no field '{min(unknown)}'.")
        fault = Fault(name, **{"method": kind.method, "path": kind.path, **fields})
        with self._lock:
            self._active.append(fault)
        return fault

    def clear(self, name: str | None = None) -> None:
        """Switch off one fault, or all."""
        with self._lock:
            self._active = [f for f in self._active if name is not None and f.name != name]

    def listing(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._active]

    def active(self, name: str, **where: Any) -> Fault | None:
        """The switched-on fault of this name that hits `where`; counts as one hit."""
        with self._lock:
            for fault in self._active:
                if fault.name == name and fault.hits(**where):
                    self._count(fault)
                    return fault
        return None

    def _count(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._active.remove(fault)

    def for_request(self, method: str, path: str, values: dict[str, Any]) -> list[Fault]:
        """The request faults that hit, in the order in which they were set."""
        found = []
        with self._lock:
            for fault in list(self._active):
                kind = KINDS[fault.name]
                if kind.status is None and fault.name not in ("slow", "connection_closed"):
                    continue
                vmid = str(values.get("vmid", ""))
                place = {
                    "node": values.get("node"),
                    "storage": values.get("storage"),
                    "vmid": int(vmid) if vmid.isdigit() else None,
                }
                if (
                    fnmatch.fnmatch(method, fault.method)
                    and fnmatch.fnmatch(path, fault.path)
                    and fault.hits(**place)
                ):
                    self._count(fault)
                    found.append(fault)
        return found

    @staticmethod
    def error(fault: Fault) -> PveError:
        kind = KINDS[fault.name]
        return PveError(fault.status or kind.status or 500, fault.message or kind.message)
