# SPDX-License-Identifier: GPL-3.0-or-later
"""One concurrent pass over guests: config of each, addresses of the running ones.

A guest agent that hangs costs Proxmox VE three seconds and then an error; a node that hangs costs
our own limit. Both are said per guest, and a node that hung twice is not asked again.
"""

from __future__ import annotations

import collections
import concurrent.futures
import threading
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import guests, snapshot
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.answers import (
    Answers,
    GuestDetail,
    Item,
    finding,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import Api
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import (
    UNREACHABLE,
    ForbiddenError,
    PveError,
)

GUEST_TIMEOUT_SECONDS = 5.0
STRIKES = 2


class _Pass:
    """The state that the threads share."""

    def __init__(self, api: Api, answers: Answers) -> None:
        self.api = api
        self.answers = answers
        self.strikes: collections.Counter[str] = collections.Counter()
        self.skipped: collections.Counter[str] = collections.Counter()
        self.lock = threading.Lock()

    def say(self, rule: str, item: Item, message: str) -> None:
        """Note what is missing of a guest."""
        field = f"guests.{item['vmid']}.addresses"
        with self.lock:
            self.answers.missing.append(finding(rule, "info", field, message, _base(item)))

    def get(self, item: Item, path: str) -> t.Any:
        """Return an answer about a guest; without retries, as another guest waits."""
        node = str(item["node"])
        try:
            return self.api.get(
                _base(item) + path, timeout_seconds=GUEST_TIMEOUT_SECONDS, retries=0
            )
        except UNREACHABLE:
            with self.lock:
                self.strikes[node] += 1
            raise

    def read(self, item: Item) -> None:
        """Read one guest."""
        node, vmid = str(item["node"]), int(item["vmid"])
        if self.strikes[node] >= STRIKES:
            with self.lock:
                self.skipped[node] += 1
            return
        try:
            config = self.get(item, "/config") or {}
        except PveError as error:
            self.say(_rule(error), item, str(error))
            return
        detail = GuestDetail(config=config)
        with self.lock:
            self.answers.guests[vmid] = detail
        if item.get("status") != "running":
            return
        try:
            if item["type"] == "lxc":
                detail.interfaces = self.get(item, "/interfaces") or ()
            elif guests.agent_enabled(config):
                self._take_agent(item, detail)
        except PveError as error:
            self.say(_rule(error), item, str(error))

    def _take_agent(self, item: Item, detail: GuestDetail) -> None:
        """Keep what the guest agent reports; an agent may answer with an error of its own."""
        result = (self.get(item, "/agent/network-get-interfaces") or {}).get("result") or ()
        if isinstance(result, list):
            detail.agent = result
        elif result:
            error = result.get("error") or {}
            reason = error.get("desc") or error.get("class") or "unknown error"
            self.say(
                "facts.no-agent-answer", item, f"The guest agent does not say addresses: {reason}."
            )


def read_guests(
    api: Api,
    pool: concurrent.futures.Executor,
    wanted: t.Iterable[Item],
    answers: Answers,
) -> None:
    """Put the details of the wanted guests on online nodes into ``answers``."""
    states = snapshot.online_nodes(answers.status, answers.resources)
    work = _Pass(api, answers)
    items = _interleaved([item for item in wanted if states.get(str(item["node"]))])
    for future in [pool.submit(work.read, item) for item in items]:
        future.result()
    for node, count in sorted(work.skipped.items()):
        answers.missing.append(
            finding(
                "facts.node-slow",
                "warning",
                f"nodes.{node}",
                f"Node {node} hung {STRIKES} times: {count} of its guests were not asked for"
                " their addresses.",
            )
        )


def _interleaved(items: t.Sequence[Item]) -> list[Item]:
    """Return the guests node by node in turn, so that a slow node holds few threads."""
    seen: collections.Counter[str] = collections.Counter()
    turns = []
    for item in items:
        node = str(item["node"])
        turns.append((seen[node], node, item))
        seen[node] += 1
    return [item for _turn, _node, item in sorted(turns, key=lambda turn: turn[:2])]


def _base(item: Item) -> str:
    return f"/nodes/{item['node']}/{item['type']}/{item['vmid']}"


def _rule(error: PveError) -> str:
    if isinstance(error, ForbiddenError):
        return "facts.forbidden"
    return "facts.unreachable" if isinstance(error, UNREACHABLE) else "facts.no-agent-answer"
