# SPDX-License-Identifier: GPL-3.0-or-later
"""Why something that was named cannot be used: each reason is a sentence of its own.

A name may not exist, be hidden from the credentials, be disabled, belong to a server that is down
or to a host that is offline, or be something else than what is needed.
"""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._snapshot import (
    GuestState,
    StorageState,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context

#: How many existing names a message lists.
MAX_NAMES = 12
#: Which part of the facts holds a kind of thing.
PARTS = {
    "storage": "storages",
    "template": "guests",
    "bridge": "bridges",
    "pool": "pools",
    "node": "nodes",
    "ISO": "volumes",
    "container template": "volumes",
    "disk image": "volumes",
    "PCI mapping": "pci_mappings",
}
#: Of these each host has its own, which it does not tell while it is offline.
ON_HOSTS = ("bridge", "ISO", "container template", "disk image")
#: What facts have to say without anything being hidden.
HARMLESS = frozenset({"facts.estimated", "facts.no-agent-answer", "facts.node-offline"})
CONTENT_TITLES = {
    "backup": "backups",
    "images": "disk images of VMs",
    "import": "disk images to import",
    "iso": "ISO images",
    "rootdir": "disks of containers",
    "vztmpl": "templates of containers",
}


def listed(names: t.Iterable[str]) -> str:
    """Return names for a message, not more than a person reads."""
    found = sorted(set(names))
    more = f" and {len(found) - MAX_NAMES} more" if len(found) > MAX_NAMES else ""
    return (", ".join(found[:MAX_NAMES]) or "none") + more


def offline_hosts(snapshot: Snapshot) -> list[str]:
    """Return the names of the hosts that are offline."""
    return sorted(node.name for node in snapshot.nodes if not node.online)


def unseen(snapshot: Snapshot, what: str) -> list[Finding]:
    """Return what the facts could not see of a kind of thing."""
    part = PARTS.get(what, what)
    return [
        finding
        for finding in snapshot.missing
        if finding.field.partition(".")[0] == part and finding.id not in HARMLESS
    ]


def unknown(context: Context, what: str, where: str, name: str, existing: t.Iterable[str]) -> None:
    """Report a name that is not among those that the facts show."""
    hidden = unseen(context.snapshot, what) if context.snapshot is not None else []
    away = offline_hosts(context.snapshot) if context.snapshot is not None else []
    names = listed(existing)
    if hidden:
        reasons = " ".join(dict.fromkeys(finding.message for finding in hidden))
        text = (
            f"The {what} {name} is not among those that can be seen ({names}): it does not exist,"
            f" or these credentials may not see it. {reasons}"
        )
    else:
        text = f"The {what} {name} does not exist; there is: {names}."
        if away and what in ON_HOSTS:
            text += f" What {listed(away)} has is not known: it is offline."
    named = [n for n in context.snapshot.nodes if n.address == name] if context.snapshot else []
    if what == "node" and named:
        text = f"{name} is the address of the node {named[0].name}; name it so."
    rule = f"unknown.{what.lower().replace(' ', '-')}"
    context.report(rule, "error", where, text, "facts")


def missing_template(context: Context, where: str, vmid: int | None, name: str) -> None:
    """Report a template that cannot be cloned: absent, hidden, on a dead host, or no template."""
    snapshot = context.snapshot
    if snapshot is None:
        return
    away = offline_hosts(snapshot)
    fits = [g for g in snapshot.guests if (g.vmid == vmid if vmid is not None else g.name == name)]
    if fits:
        _report_unusable_template(context, where, fits[0], away)
        return
    nameless = [g for g in snapshot.guests if not g.name and g.node in away]
    if vmid is None and nameless:
        ids = listed(f"{g.vmid} on {g.node}" for g in nameless)
        context.report(
            "source.offline",
            "error",
            where,
            f"The template {name} is on no host that is online. {', '.join(away)} is offline, and"
            f" Proxmox VE tells no names of guests there ({ids}); bring the host back, or name"
            " another template.",
            "facts",
        )
        return
    templates = [g for g in snapshot.guests if g.template and g.type == "qemu"]
    unknown(
        context,
        "template",
        where,
        str(vmid if vmid is not None else name),
        [f"{g.vmid} ({g.name})" for g in templates],
    )


def _report_unusable_template(
    context: Context, where: str, guest: GuestState, away: t.Collection[str]
) -> None:
    title = f"{guest.vmid} ({guest.name})" if guest.name else str(guest.vmid)
    if guest.node in away:
        rule, text = (
            "source.offline",
            f"The template {title} is on {guest.node}, which is offline; bring the host back, or"
            " name another template.",
        )
    elif guest.type == "lxc":
        rule, text = (
            "source.kind",
            f"{title} on {guest.node} is a container, and VMs are cloned from a VM template; name"
            " one.",
        )
    else:
        rule, text = (
            "source.not-template",
            f"The VM {title} on {guest.node} is no template; convert it to one in Proxmox VE"
            " (qm template), or name a template.",
        )
    context.report(rule, "error", where, text, "facts")


def check_storage(
    context: Context,
    where: str,
    name: str,
    content: str,
    severity: t.Literal["warning", "error"] = "error",
) -> list[StorageState]:
    """Return where a storage can be used for a kind of content; report why nowhere.

    A storage that is not there or of the wrong content is an error, one that is away at the moment
    is reported with ``severity``.
    """
    snapshot = context.snapshot
    if snapshot is None:
        return []
    states = [state for state in snapshot.storages if state.storage == name]
    if not states:
        shown = {s.storage for s in snapshot.storages if s.enabled and s.active}
        unknown(context, "storage", where, name, shown)
        return []
    # A storage that no host can reach has no content in the lists of some versions.
    told = [state for state in states if state.content]
    if content and told and not any(content in state.content for state in told):
        fitting = listed({s.storage for s in snapshot.storages if content in s.content})
        context.report(
            "storage.content",
            "error",
            where,
            f"The storage {name} does not hold {content} ({CONTENT_TITLES.get(content, content)});"
            f" these do: {fitting}.",
            "facts",
        )
        return []
    usable = [state for state in states if state.enabled and state.active]
    away = offline_hosts(snapshot)
    usable = [state for state in usable if state.node not in away]
    if not usable:
        _report_unusable_storage(context, where, states, away, severity)
    return usable


def _report_unusable_storage(
    context: Context,
    where: str,
    states: t.Sequence[StorageState],
    away: t.Collection[str],
    severity: t.Literal["warning", "error"],
) -> None:
    name = states[0].storage
    reachable = [state for state in states if state.node not in away]
    on = listed(state.node for state in reachable)
    if not reachable:
        rule = "storage.offline"
        text = (
            f"The storage {name} is on {listed(state.node for state in states)} only, which is"
            " offline; bring the host back, or name another storage."
        )
    elif not any(state.enabled for state in reachable):
        rule = "storage.disabled"
        text = f"The storage {name} is disabled on {on}; enable it, or name another one."
    else:
        rule = "storage.down"
        text = (
            f"The storage {name} is enabled on {on} but does not answer there: its server is down"
            " or it is not mounted. Bring it back, or name another one."
        )
    context.report(rule, severity, where, text, "facts")
