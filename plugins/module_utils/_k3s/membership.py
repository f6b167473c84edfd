# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes and members of a running cluster: label, cordon, drain, remove, wait until Ready."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.api import (
    CORDONED,
    REMOVE,
    Api,
    ApiError,
)

POLL_SECONDS = 0.5


class NodeError(Exception):
    """A node did not become what was asked; the message says which and why."""


class Membership:
    """Acts on the nodes of one cluster through ``api``; nothing is done twice."""

    def __init__(self, api: Api, timeout_seconds: int) -> None:
        self._api = api
        self._timeout_seconds = timeout_seconds

    def _node(self, name: str) -> dict[str, t.Any] | None:
        return next((node for node in self._api.nodes() if node["name"] == name), None)

    def schedulable(self, name: str, wanted: bool) -> bool:
        """Cordon (``wanted`` false) or uncordon; return whether something changed.

        A node that somebody else cordoned stays as it is.
        """
        node = self._node(name)
        if node is None or node["cordoned"] is not wanted:
            return False
        if wanted and not node["cordoned_by_us"]:
            return False
        mark = f"{CORDONED}-" if wanted else f"{CORDONED}=true"
        self._api.ask("annotate", "node", name, mark, "--overwrite")
        self._api.ask("uncordon" if wanted else "cordon", name)
        return True

    def drain(self, name: str, check: bool = False) -> bool:
        """Move the pods of a node elsewhere, as far as their disruption budgets allow in time."""
        if self._node(name) is None:
            return False
        if not check:
            try:
                self._api.patient(self._timeout_seconds).ask(
                    *("drain", name, "--ignore-daemonsets", "--delete-emptydir-data", "--force"),
                    f"--timeout={self._timeout_seconds}s",
                )
            except ApiError as error:
                raise NodeError(
                    f"{name} was not drained within {self._timeout_seconds} s: {error}"
                ) from error
        return True

    def remove(self, name: str) -> bool:
        """Take a node, and the etcd member of a server, out of the cluster."""
        node = self._node(name)
        if node is None:
            return False
        if node["voter"] and not node["removed"]:
            self._api.ask("annotate", "node", name, f"{REMOVE}=true", "--overwrite")
            self._until(
                lambda: bool((self._node(name) or {"removed": "gone"})["removed"]),
                f"the etcd member of {name} was not removed",
            )
        self._api.ask("delete", "node", name, "--ignore-not-found", "--wait=false")
        self._until(lambda: self._node(name) is None, f"the node {name} is still registered")
        return True

    def only(self, names: list[str], check: bool) -> bool:
        """Delete all other nodes; their members are gone already."""
        others = [node["name"] for node in self._api.nodes() if node["name"] not in names]
        if others and not check:
            self._api.ask("delete", "node", *others, "--wait=false")
        return bool(others)

    def label(self, name: str, labels: list[str], taints: list[str], check: bool) -> bool:
        """Set and remove labels and taints; ``key-`` removes."""
        for kind, items in (("label", labels), ("taint", taints)):
            if items and not check:
                self._api.ask(kind, "node", name, *items, "--overwrite")
        return bool(labels or taints)

    def wait_ready(self, names: list[str], registered_only: bool, version: str = "") -> list[str]:
        """Wait until all are Ready, or only registered; return what the API says of those not.

        With ``version`` their kubelets must report it too.
        """
        deadline = time.monotonic() + self._timeout_seconds
        while True:
            try:
                found = {node["name"]: node for node in self._api.nodes()}
                lacking = [
                    f"{name}: {why}"
                    for name in names
                    if (why := _lacks(found.get(name), registered_only, version))
                ]
            except ApiError as error:
                lacking = [f"the API: {error}"]
            if not lacking or time.monotonic() > deadline:
                return lacking
            time.sleep(POLL_SECONDS)

    def _until(self, done: t.Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self._timeout_seconds
        while True:
            try:
                if done():
                    return
            except ApiError as error:
                what = f"{what.split(' (', maxsplit=1)[0]} ({error})"
            if time.monotonic() > deadline:
                raise NodeError(f"{what} within {self._timeout_seconds} s.")
            time.sleep(POLL_SECONDS)


def _lacks(node: t.Mapping[str, t.Any] | None, registered_only: bool, version: str) -> str:
    if node is None:
        return "not registered"
    if version and node["version"] != version:
        return f"its kubelet says {node['version']} instead of {version}"
    return "" if registered_only or node["ready"] else "not Ready"
