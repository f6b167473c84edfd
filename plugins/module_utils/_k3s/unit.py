# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, restart and stop k3s's unit, and wait until the node is part of its cluster."""

from __future__ import annotations

import os
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.api import Api, ApiError
from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.failures import (
    permanent,
    redact,
)

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.api import Run

POLL_SECONDS = 0.5
PATIENCE_ATTEMPTS = 2
"""How often systemd may have begun anew before a permanent reason is believed."""


class UnitError(Exception):
    """The unit does not run; the message says why in one sentence."""


@dataclass(frozen=True)
class Wanted:
    """A unit, and when it counts as started."""

    unit: str
    binary: str
    node: str
    timeout_seconds: int
    voter: bool = False
    verify_version: bool = False
    join_file: str = ""
    join_url: str = ""


def change(run: Run, wanted: Wanted, verb: str) -> None:
    """Carry out ``start`` or ``restart`` and wait.

    Raises:
        UnitError: the unit cannot start, or the node did not become what was asked in time.
    """
    _join_file(wanted)
    since = int(time.time())
    for command in (["daemon-reload"], ["enable", wanted.unit], ["reset-failed", wanted.unit]):
        code, _output, errors = run(["systemctl", *command])
        if code != 0 and command[0] == "enable":
            raise UnitError(f"{wanted.unit} cannot be enabled: {errors.strip()}")
    code, _output, errors = run(["systemctl", "--no-block", verb, wanted.unit])
    if code != 0:
        raise UnitError(f"{wanted.unit} cannot {verb}: {errors.strip()}")
    deadline = time.monotonic() + wanted.timeout_seconds
    _wait_active(run, wanted, since, deadline)
    version = own_version(run, wanted.binary) if wanted.verify_version else ""
    if wanted.voter:
        _wait_node(run, wanted, version, deadline)
    if wanted.join_url:
        os.unlink(wanted.join_file)


def stop(run: Run, unit: str) -> None:
    """Stop a unit; one that does not exist is fine.

    Raises:
        UnitError: it does not stop.
    """
    code, _output, errors = run(["systemctl", "stop", unit])
    if code not in (0, 5):
        raise UnitError(f"{unit} cannot stop: {errors.strip()}")


def properties(run: Run, unit: str) -> dict[str, str]:
    """Return what systemd says about a unit."""
    names = "ActiveState,SubState,Result,NRestarts,UnitFileState"
    output = run(["systemctl", "show", "--property", names, unit])[1]
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)


def _join_file(wanted: Wanted) -> None:
    """Name the server for the first start only; for good it is in the configuration."""
    if not wanted.join_url:
        if wanted.join_file and os.path.exists(wanted.join_file):
            os.unlink(wanted.join_file)
        return
    os.makedirs(os.path.dirname(wanted.join_file), mode=0o755, exist_ok=True)
    with open(wanted.join_file, "w", encoding="utf-8") as stream:
        stream.write(f"server: {wanted.join_url}\n")


def _wait_active(run: Run, wanted: Wanted, since: int, deadline: float) -> None:
    last = ""
    while True:
        state = properties(run, wanted.unit)
        if state.get("ActiveState") == "active":
            return
        attempts = int(state.get("NRestarts") or 0)
        if attempts >= PATIENCE_ATTEMPTS or state.get("ActiveState") == "failed":
            last = _log(run, wanted.unit, since)
            reason = permanent(last)
            if reason:
                raise UnitError(f"{wanted.unit} cannot start: {reason} It says: {_word(last)}")
        elif attempts == 0 and state.get("ActiveState") == "activating":
            reason = permanent(_log(run, wanted.unit, since))
            if reason and wanted.unit.startswith("k3s-agent"):
                raise UnitError(f"{wanted.unit} cannot join: {reason}")
        if time.monotonic() > deadline:
            last = last or _log(run, wanted.unit, since)
            raise UnitError(
                f"{wanted.unit} did not start within {wanted.timeout_seconds} s "
                f"({attempts} attempts); it says: {_word(last)}"
            )
        time.sleep(POLL_SECONDS)


def own_version(run: Run, binary: str) -> str:
    """Return what a binary calls its version.

    Raises:
        UnitError: it does not run.
    """
    code, output, errors = run([binary, "--version"])
    words = output.split()
    if code != 0 or len(words) < 3:
        raise UnitError(f"{binary} does not run: {(errors or output).strip()[-200:]}")
    return words[2]


def _wait_node(run: Run, wanted: Wanted, version: str, deadline: float) -> None:
    api, why = Api(run, wanted.binary), ""
    while True:
        try:
            found = [node for node in api.nodes() if node["name"] == wanted.node]
            why = (
                _lacks(found[0], wanted, version)
                if found
                else f"there is no node {wanted.node} yet"
            )
        except ApiError as error:
            why = str(error)
        if not why:
            return
        if time.monotonic() > deadline:
            raise UnitError(f"{wanted.unit} runs, but {why}.")
        time.sleep(POLL_SECONDS)


def _lacks(node: t.Mapping[str, t.Any], wanted: Wanted, version: str) -> str:
    if node["voter"] == "False":
        return f"{wanted.node} does not vote in etcd"
    if not node["voter"]:
        return f"nothing is known yet of {wanted.node}'s vote in etcd"
    if version and node["version"] != version:
        return f"the kubelet of {wanted.node} says {node['version']} instead of {version}"
    if version and not node["ready"]:
        return f"{wanted.node} is not Ready"
    return ""


def _log(run: Run, unit: str, since: int) -> str:
    command = ["journalctl", "--unit", unit, "--since", f"@{since}", "--lines", "200"]
    return redact(run([*command, "--no-pager", "--output", "cat"])[1])


def _word(log: str) -> str:
    lines = [line for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if "level=fatal" in line or "level=error" in line]
    return (telling or lines or ["nothing"])[-1].strip()[-400:]
