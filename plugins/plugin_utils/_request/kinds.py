# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kind of thing is asked for, and on which platform (explicit, implied, unknown)."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.groups import (
    CLUSTER_ROLES,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import Reading

Kind = t.Literal["vm", "lxc", "cluster", "app"]
Platform = t.Literal["proxmox", "kubernetes"]
Tier = t.Literal["explicit", "implied", "unknown"]


@dataclasses.dataclass(frozen=True)
class Target:
    """Kind and platform; ``conflict`` names two that exclude each other."""

    kind: Kind | None
    platform: Platform | None
    tier: Tier
    conflict: str | None = None


def decide(reading: Reading) -> Target:
    """Return kind and platform of what was read."""
    chatting = reading.mentions("off.") and not reading.mentions("op.create")
    kind = None if chatting and not reading.sizes else _kind(reading)
    vm_said = reading.mentions("kind.vm", "kind.lxc") or bool(reading.entities.template_id)
    proxmox = reading.mentions("word.proxmox") or vm_said
    image = bool(reading.entities.image) or reading.mentions("word.image")
    helm = reading.mentions("word.helm") or bool(
        re.search(
            r"\b(?:on|to|in|into|auf|sur|dans) (?:(?:the|my|our|an?|existing|k3s|den|le) ){0,3}"
            r"(?:kubernetes|k8s|k3s)\b",
            reading.folded,
        )
    )
    if image and proxmox and not reading.mentions("kind.dockerhost"):
        return Target(kind, None, "explicit", "a container image and a Proxmox VM")
    counted = any(h.count is not None and h.role in CLUSTER_ROLES for h in reading.heads)
    mine = reading.mentions("part.app", "noun.service", "part.web") and not counted
    if image or (helm and (kind == "app" or (mine and kind == "cluster"))):
        return Target("app", "kubernetes", "explicit" if helm or image else "implied")
    if kind is None:
        return Target(None, None, "unknown")
    explicit = proxmox or reading.mentions("kind.k3s", "kind.k8s", "kind.cluster")
    return Target(kind, "proxmox", "explicit" if explicit else "implied")


def _kind(reading: Reading) -> Kind | None:
    software = [entry for _at, entry in reading.meaning.software if not entry.stack]
    container = reading.mentions("kind.lxc") and not reading.mentions("kind.dockerhost")
    if container:
        return "lxc"
    if reading.component is not None:
        return "app"
    vm = any(h.role == "vm" for h in reading.heads if not h.host and not h.driver)
    machines = reading.mentions("kind.vm", "kind.dockerhost")
    cluster_words = ("kind.cluster", "kind.k3s", "kind.k8s", "role.server", "role.worker")
    if reading.clusterish and not software:
        if machines and not reading.mentions(*cluster_words) and not reading.entities.version:
            return "vm"
        return "cluster"
    if reading.clusterish and _head_is_cluster(reading):
        return "cluster"
    return _application(reading, software, machines, vm)


def _head_is_cluster(reading: Reading) -> bool:
    """Tell whether the cluster comes before the software ("k3s cluster … for GitLab")."""
    cluster = next(
        (
            i
            for i, token in enumerate(reading.tokens)
            if token.has("kind.k3s", "kind.k8s", "role.server", "role.worker", "kind.cluster")
        ),
        None,
    )
    if cluster is None:  # "staging with cilium and cert-manager"
        extras = [at for at, _entry in reading.meaning.software]
        network = reading.meaning.cni and all(reading.tokens[at].has("addon.") for at in extras)
        return bool(reading.entities.cluster_name or network)
    main = [index for index, entry in reading.meaning.software if not entry.stack]
    if not main:
        return True
    addons = all(reading.tokens[index].has("addon.") for index in main)
    named = reading.mentions("kind.k3s", "kind.k8s", "role.worker", "role.server")
    if cluster < min(main):
        return named or addons
    upon = any(t_.word in {"on", "auf", "sur"} for t_ in reading.tokens[min(main) : cluster])
    counted = any(
        head.count is not None and head.role in ("server", "agent", "node")
        for head in reading.heads
        if not head.host and not head.driver
    )
    return upon and (addons or (counted and named))


def _application(reading: Reading, software: list[t.Any], machines: bool, vm: bool) -> Kind | None:
    families = list(dict.fromkeys(entry.family for entry in software))
    balanced = reading.mentions("addon.traefik")
    several = all(head.count is None for head in reading.heads if head.role == "vm") and bool(
        re.search(r"\b(?:machines|vms|servers|maschinen|serveurs)\b", reading.folded)
    )
    split = len(families) == 1 and software[0].kind == "app" and several
    if machines and len(families) < 2 and not balanced and not split:
        return "vm"
    stack = any(entry.stack for _at, entry in reading.meaning.software)
    fronted = balanced and {"web", "app"} & set(reading.meaning.parts)
    serves = reading.mentions("noun.service") and families and software[0].store
    if len(families) > 1 or stack or split or fronted or serves:
        return "app"
    if len(families) == 1:
        return "vm" if software[0].kind == "vm" else "app"
    if machines or (vm and not balanced):
        return "vm"
    return _nameless(reading, balanced)


def _nameless(reading: Reading, balanced: bool) -> Kind | None:
    """Return the kind when no software and no machine was named."""
    parts = list(dict.fromkeys(reading.meaning.parts))
    if parts:
        single = len(parts) == 1 and not balanced and parts[0] != "app"
        told = bool(reading.sizes) or reading.mentions("kind.server_word")
        told = told or parts == ["development"] or "server" in reading.folded
        return "vm" if single and told else "app"
    if reading.unknown is not None and (reading.mentions("op.create") or reading.drivers):
        return "app"
    if reading.mentions("noun.service") or (reading.drivers and reading.meaning.workload is None):
        return "app"
    if reading.meaning.environment or reading.meaning.workload:
        return "cluster" if not reading.mentions("kind.server_word") else "vm"
    entities = reading.entities
    said = reading.sizes or entities.template_id or entities.template_name or entities.iso
    said = said or entities.vmid or entities.target_name or entities.relative_to
    return "vm" if said or entities.os or (entities.names and reading.mentions("op.")) else None
