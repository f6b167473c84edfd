# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API as a server itself sees it, asked with ``k3s kubectl``."""

from __future__ import annotations

import json
import typing as t

if t.TYPE_CHECKING:
    #: Run a command, return (exit code, standard output, standard error).
    Run = t.Callable[[list[str]], tuple[int, str, str]]

REMOVED = "etcd.k3s.cattle.io/removed-node-name"
REMOVE = "etcd.k3s.cattle.io/remove"
CORDONED = "clusterwright.io/cordoned"
"""Annotation of a node that was cordoned by us and not by a person."""
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


class ApiError(Exception):
    """The API did not do what was asked; the message is what it said."""


class Api:
    """``k3s kubectl`` with the administrator's kubeconfig of the server it runs on."""

    def __init__(self, run: Run, binary: str, timeout_seconds: int = 15) -> None:
        self._run, self._binary = run, binary
        self._command = ["timeout", str(timeout_seconds + 5), binary, "kubectl"]
        self._timeout = f"--request-timeout={timeout_seconds}s"

    def patient(self, timeout_seconds: int) -> Api:
        """Return the same API with another limit for each answer."""
        return Api(self._run, self._binary, timeout_seconds)

    def ask(self, *arguments: str) -> str:
        """Return what kubectl prints.

        Raises:
            ApiError: it failed; the message ends with its last line.
        """
        code, output, errors = self._run([*self._command, *arguments, self._timeout])
        if code != 0:
            lines = [line for line in (errors or output).splitlines() if line.strip()]
            raise ApiError(lines[-1].strip() if lines else f"kubectl ended with {code}")
        return output

    def nodes(self) -> list[dict[str, t.Any]]:
        """Return the nodes, each with what decides about it."""
        return [node(item) for item in json.loads(self.ask("get", "nodes", "-o", "json"))["items"]]


def node(item: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the part of a Node object that decisions need."""
    meta, status = item["metadata"], item.get("status", {})
    conditions = {one["type"]: one["status"] for one in status.get("conditions", ())}
    labels = meta.get("labels", {})
    return {
        "name": meta["name"],
        "ready": conditions.get("Ready") == "True",
        "voter": conditions.get("EtcdIsVoter", ""),
        "server": CONTROL_PLANE in labels,
        "cordoned": bool(item.get("spec", {}).get("unschedulable")),
        "cordoned_by_us": CORDONED in meta.get("annotations", {}),
        "version": status.get("nodeInfo", {}).get("kubeletVersion", ""),
        "labels": labels,
        "taints": sorted(
            f"{taint['key']}={taint.get('value', '')}:{taint['effect']}"
            for taint in item.get("spec", {}).get("taints", ())
        ),
        "removed": meta.get("annotations", {}).get(REMOVED, ""),
        "addresses": [
            one["address"]
            for one in status.get("addresses", ())
            if one["type"] in ("InternalIP", "ExternalIP")
        ],
    }
