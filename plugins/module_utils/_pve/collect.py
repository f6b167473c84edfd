# SPDX-License-Identifier: GPL-3.0-or-later
"""Which calls make a Snapshot, sent by a few threads at once.

Without addresses at most ``5 + 4 · nodes`` requests are sent, however many guests there are: four
that everything else depends on, then a list ordered by use and cut at that number. What was cut,
refused or did not answer in time is a finding in ``missing``; only the first answers
(version, resources) must succeed.
"""

from __future__ import annotations

import concurrent.futures
import datetime
import time
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import (
    access,
    guest_facts,
    plan,
    snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.answers import (
    Answers,
    Data,
    GuestDetail,
    Item,
    finding,
    of_type,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import Api
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import (
    UNREACHABLE,
    ForbiddenError,
    PveError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.guest_pass import (
    read_guests,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.plan import Call
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.truth import truth

WORKERS = 12


def collect(
    api: Api,
    *,
    depth: str = "basic",
    workers: int = WORKERS,
    now: t.Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC),
) -> Data:
    """Return the Snapshot of the cluster behind ``api`` as plain data.

    ``depth`` is ``basic`` or ``addresses``. Raises ``PveError`` when the API cannot be used at all.
    """
    collected_at, started = now(), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max_workers=workers) as pool:
        answers = _first_answers(api, pool)
        _say_what_is_filtered(answers)
        calls = plan.calls(answers, complete=depth == "addresses")
        if depth == "basic":
            nodes = snapshot.online_nodes(answers.status, answers.resources)
            calls = _cut(calls, 5 + 4 * len(nodes) - api.calls, answers)
        _store_all(api, pool, calls, answers)
        _say_what_is_estimated(answers)
        if depth == "addresses":
            wanted = of_type(answers.resources, "qemu", "lxc")
            read_guests(api, pool, wanted, answers)
            _store_all(api, pool, plan.snippet_calls(answers), answers)
    return snapshot.build(
        answers,
        {
            "endpoint": api.endpoint,
            "collected_at": collected_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seconds": round(time.monotonic() - started, 3),
            "calls": api.calls,
            "depth": depth,
            "verified": True,
        },
    )


def collect_guests(
    api: Api,
    wanted: t.Callable[[Item], bool],
    *,
    addresses: bool = True,
    workers: int = WORKERS,
) -> tuple[list[Data], list[Data]]:
    """Return the guests for which ``wanted`` holds, and what is missing.

    One call, and with ``addresses`` one or two more for each of them. ``wanted`` gets an entry of
    ``/cluster/resources``.
    """
    resources = api.get("/cluster/resources") or []
    chosen = [item for item in of_type(resources, "qemu", "lxc") if wanted(item)]
    answers = Answers(version={"version": "0"}, resources=resources)
    if addresses and chosen:
        with concurrent.futures.ThreadPoolExecutor(max_workers=workers) as pool:
            read_guests(api, pool, chosen, answers)
    by_id = sorted(chosen, key=lambda item: int(item["vmid"]))
    found = [guest_facts.guest(item, answers.guests.get(int(item["vmid"]))) for item in by_id]
    return found, answers.missing


def _first_answers(api: Api, pool: concurrent.futures.Executor) -> Answers:
    """Return what the list of further calls depends on.

    The version goes alone: wrong credentials cost one failed log-in, not four.
    """
    answers = Answers(version=api.get("/version"), resources=())
    required = pool.submit(api.get, "/cluster/resources")
    optional = [
        Call("/cluster/status", "status", "quorate", instead="Until then most nodes online count."),
        Call("/access/permissions", "permissions", "privileges"),
    ]
    _store_all(api, pool, optional, answers)
    answers.resources = required.result() or ()
    return answers


def _store_all(
    api: Api,
    pool: concurrent.futures.Executor,
    calls: t.Sequence[Call],
    answers: Answers,
) -> None:
    """Send the calls and put each answer where it belongs, or a finding in its place."""
    running = [(call, pool.submit(_answer, api, call)) for call in calls]
    for call, future in running:
        answer = future.result()
        if isinstance(answer, PveError):
            answers.missing.append(failed(call, answer))
        elif answer is not None:
            _store(call, answer, answers)


def _answer(api: Api, call: Call) -> t.Any:
    try:
        return api.get(call.path, call.params)
    except PveError as error:
        return error


def _store(call: Call, data: t.Any, answers: Answers) -> None:
    if call.into == "volumes":
        answers.volumes.append((call.node, str(call.storage), data))
    elif call.into == "snippets":
        place = (str(call.node), str(call.storage))
        answers.snippets[place] = {str(item["volid"]) for item in data}
    elif call.into == "guests":
        answers.guests[int(str(call.vmid))] = GuestDetail(config=data)
    elif call.into in ("networks", "storages", "node_status"):
        getattr(answers, call.into)[call.node] = data
    elif call.into == "next_vmid":
        answers.next_vmid = int(data)
    else:
        setattr(answers, call.into, data)


def failed(call: Call, error: PveError) -> Data:
    """Return the finding for a call without answer."""
    rule = "forbidden" if isinstance(error, ForbiddenError) else "failed"
    if isinstance(error, UNREACHABLE):
        rule = "unreachable"
    message = f"{error} {call.instead}".strip()
    return finding(f"facts.{rule}", "warning", call.field, message, call.path)


def _cut(calls: list[Call], budget: int, answers: Answers) -> list[Call]:
    """Return the first ``budget`` calls; those left out that matter become findings."""
    left_out: dict[str, list[Call]] = {}
    for call in calls[max(budget, 0) :]:
        if not call.extra:
            left_out.setdefault(call.field.removesuffix(f".{call.node}"), []).append(call)
    for field, some in left_out.items():
        nodes = ", ".join(call.node for call in some if call.node)
        answers.missing.append(
            finding(
                "facts.not-read",
                "info",
                field,
                f"Not read{f' on {nodes}' if nodes else ''}, to stay within 5 + 4·N requests for N"
                " nodes; depth addresses reads it.",
                some[0].path,
            )
        )
    return calls[: max(budget, 0)]


def _say_what_is_filtered(answers: Answers) -> None:
    """Say which lists the API shortens for these credentials without telling."""
    _say_which_nodes_are_silent(answers)
    if not answers.permissions:
        if not any(item["field"] == "privileges" for item in answers.missing):
            _say_that_nothing_is_held(answers)
        return
    for field, path, *privileges in (
        ("guests", "/vms", "VM.Audit"),
        ("storages", "/storage", "Datastore.Audit", "Datastore.AllocateSpace"),
        ("pools", "/pool", "Pool.Audit"),
        ("nodes", "/nodes", "Sys.Audit"),
        ("bridges", "/sdn", "SDN.Audit", "SDN.Use", "SDN.Allocate"),
        ("pci_mappings", "/mapping", "Mapping.Audit", "Mapping.Use", "Mapping.Modify"),
    ):
        if not access.allows(answers.permissions, path, *privileges):
            answers.missing.append(
                finding(
                    "facts.filtered",
                    "info" if field in ("pools", "pci_mappings") else "warning",
                    field,
                    f"Without {' or '.join(privileges)} on {path} Proxmox VE lists only what these"
                    " credentials were given singly; the rest is invisible here.",
                )
            )


def _say_that_nothing_is_held(answers: Answers) -> None:
    answers.missing.extend(
        finding(
            "facts.filtered",
            "warning",
            field,
            "These credentials hold no privilege at all, so Proxmox VE shows them nothing: a token"
            " begins without any unless it is made with -privsep 0; give the token a role, or make"
            " it so.",
        )
        for field in ("guests", "storages", "bridges", "pools")
    )


def _say_which_nodes_are_silent(answers: Answers) -> None:
    """Say which nodes are offline or online without numbers."""
    counted = {item["node"] for item in of_type(answers.resources, "node") if item.get("maxmem")}
    for name, online in snapshot.online_nodes(answers.status, answers.resources).items():
        if not online:
            rule = "facts.node-offline"
            message = f"Node {name} is offline: it was not asked, and its guests may lack numbers."
        elif name not in counted:
            rule = "facts.node-without-numbers"
            message = (
                f"Node {name} shows no CPU and memory: these credentials lack Sys.Audit on"
                f" /nodes/{name}, or its pvestatd service does not run."
            )
        else:
            continue
        answers.missing.append(finding(rule, "warning", f"nodes.{name}", message))


def _say_what_is_estimated(answers: Answers) -> None:
    """Say which free space is total minus used although the file system may keep a reserve."""
    known = {(node, item["storage"]) for node, items in answers.storages.items() for item in items}
    names = {name for _node, name in known}
    estimated = set()
    for item in of_type(answers.resources, "storage"):
        name, node = str(item["storage"]), str(item["node"])
        exact = item.get("plugintype") in snapshot.EXACT_FREE_SPACE or (node, name) in known
        if not exact and not (truth(item.get("shared")) and name in names):
            estimated.add(name)
    answers.missing.extend(
        finding(
            "facts.estimated",
            "info",
            f"storages.{name}.available_gib",
            "The free space is total minus used on some nodes: blocks that a file system reserves"
            " are known only with depth addresses.",
        )
        for name in sorted(estimated)
    )
