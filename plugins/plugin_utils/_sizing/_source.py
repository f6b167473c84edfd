# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines are made from and kept on: templates, ISOs, container templates, storages, GPUs."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Snapshot
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import (
    Source,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Source as SourceWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._snapshot import (
    GuestState,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._absent import (
    check_storage,
    missing_template,
    unknown,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._hardware import (
    Frame,
    check_template,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._hosts import (
    storage_states,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._system import (
    source_of_system,
)

CONTENT = {"iso": "iso", "lxc_template": "vztmpl", "image": "import"}
TITLES = {"iso": "ISO", "lxc_template": "container template", "image": "disk image"}


@dataclass(frozen=True)
class Origin:
    """Candidates for a group's source; ``disk_gib`` is the least size of the first disk.

    ``templates`` serve machines on their own host, ``far`` those on hosts without one.
    """

    type: t.Literal["template", "iso", "lxc_template", "image"]
    templates: tuple[GuestState, ...] = ()
    far: tuple[GuestState, ...] = ()
    vmid: int | None = None
    volume_id: str | None = None
    hosts: frozenset[str] | None = None  # only these hosts see the volume
    disk_gib: float = 0.0
    further_gib: float = 0.0  # of the template's other disks

    def on(self, node: str) -> Source:
        """Return the source for a machine on this node; a template on the node itself first."""
        if self.type != "template":
            return Source(type=self.type, volume_id=self.volume_id, full_clone=True)
        chosen = self.template_on(node)
        if chosen is None:
            return Source(type="template", vmid=self.vmid)
        return Source(type="template", vmid=chosen.vmid, node=chosen.node)

    def template_on(self, node: str) -> GuestState | None:
        """Return the template for a machine on this node."""
        own = next((g for g in self.templates if g.node == node), None)
        return own or next(iter(self.far or self.templates), None)


def origin(context: Context, group: Group) -> Origin | None:
    """Return where the machines of a group come from, or None after reporting why not."""
    wish = group.wish.source if group.wish else None
    if wish is None:
        wish = source_of_system(context, group)
    if context.refused:
        return None
    if wish is None:
        wish = _site_source(context, group)
        if wish is None:
            return None
    if group.kind == "lxc" and wish.type != "lxc_template":
        context.report(
            "source.type",
            "error",
            f"machines.{group.name}.source",
            f"A container is made from a container template, not from a {wish.type}; name one.",
        )
        return None
    if wish.type == "template":
        return _template(context, group, wish)
    return _volume(context, group, wish)


def _site_source(context: Context, group: Group) -> SourceWish | None:
    site = context.site
    if group.kind == "lxc":
        if site.lxc_template is None:
            context.report(
                "site.lxc_template",
                "error",
                "site.lxc_template",
                "A container needs a container template; set lxc_template of the site.",
                "site",
            )
            return None
        return SourceWish(type="lxc_template", name=site.lxc_template)
    if site.template.vmid is None and site.template.name is None:
        context.report(
            "site.template",
            "error",
            "site.template",
            "The site names no template; set vmid or name of template.",
            "site",
        )
        return None
    return SourceWish(type="template", vmid=site.template.vmid, name=site.template.name)


def _template(context: Context, group: Group, wish: SourceWish) -> Origin | None:
    snapshot = context.snapshot
    if snapshot is None:
        if wish.vmid is None:
            context.report(
                "source.unverified",
                "warning",
                f"machines.{group.name}.source",
                f"The template {wish.name} has no id as long as there are no facts.",
                "facts",
            )
        return Origin("template", vmid=wish.vmid)
    where = _place_of_template(group)
    templates = [g for g in snapshot.guests if g.template and g.type == "qemu"]
    online = {node.name for node in snapshot.nodes if node.online}
    found = [
        g
        for g in templates
        if g.node in online
        and (g.vmid == wish.vmid if wish.vmid is not None else g.name == wish.name)
    ]
    if not found:
        missing_template(context, where, wish.vmid, wish.name or "")
        return None
    found.sort(key=lambda g: (g.node, g.vmid))
    usable = tuple(g for g in found if check_template(context, where, g))
    if not usable:
        return None
    frames = [Frame(g.hardware) for g in usable if g.hardware is not None]
    return Origin(
        "template",
        templates=usable,
        disk_gib=max(
            g.hardware.disks[0].size_gib if g.hardware is not None else g.disk_gib for g in usable
        ),
        further_gib=max((frame.further_gib for frame in frames), default=0.0),
    )


def _place_of_template(group: Group) -> str:
    said = group.wish is not None and group.wish.source is not None
    return f"machines.{group.name}.source" if said else "site.template"


def _volume(context: Context, group: Group, wish: SourceWish) -> Origin | None:
    snapshot = context.snapshot
    name = wish.name or (context.site.iso if wish.type == "iso" else None)
    if name is None:
        context.report(
            "source.name",
            "error",
            f"machines.{group.name}.source",
            f"Which {TITLES[wish.type]} is meant? Name it or set it in the site.",
        )
        return None
    if snapshot is None:
        return Origin(wish.type, volume_id=name)
    volumes = [v for v in snapshot.volumes if v.content == CONTENT[wish.type]]
    matches = sorted(
        {v.volume_id for v in volumes if name in (v.volume_id, v.volume_id.rpartition("/")[2])}
        or {v.volume_id for v in volumes if name.lower() in v.volume_id.lower()}
    )
    storage = name.partition(":")[0] if ":" in name else ""
    if not matches and storage:
        where = f"machines.{group.name}.source"
        if not check_storage(context, where, storage, CONTENT[wish.type]) and context.refused:
            return None
    if not matches:
        unknown(
            context,
            TITLES[wish.type],
            f"machines.{group.name}.source",
            name,
            [volume.volume_id for volume in volumes],
        )
        return None
    chosen = matches[-1]
    nodes = {v.node for v in volumes if v.volume_id == chosen}
    shared = any(s.shared for s in storage_states(snapshot, chosen.partition(":")[0]))
    hosts = None if None in nodes or shared else frozenset(n for n in nodes if n)
    return Origin(wish.type, volume_id=chosen, hosts=hosts)


def storage_of(context: Context, group: Group) -> str | None:
    """Return the storage of a group's disks, or None after reporting why it cannot be used."""
    storages, wish = context.site.storages, group.wish
    if wish is not None and wish.storage is not None:
        name = wish.storage
    elif group.kind == "lxc" and storages.containers:
        name = storages.containers
    elif group.fast and storages.fast:
        name = storages.fast
    else:
        name = storages.default
    if context.snapshot is None:
        return name
    snapshot = context.snapshot
    where = f"machines.{group.name}.storage"
    content = "rootdir" if group.kind == "lxc" else "images"
    states = check_storage(context, where, name, content)
    if not states:
        return None
    if group.ha and not all(state.shared for state in states):
        shared = sorted({s.storage for s in snapshot.storages if s.shared and content in s.content})
        context.report(
            "ha.storage",
            "error",
            where,
            f"High availability of {group.name} needs a shared storage, {name} is local to each"
            f" host; shared ones: {', '.join(shared) or 'none'}.",
            "facts",
        )
        return None
    return name


def check_wish_names(context: Context, snapshot: Snapshot, group: Group) -> None:
    """Report unknown node, bridge and pool names of the request."""
    wish = group.wish
    if wish is None:
        return
    where = f"machines.{group.name}"
    nodes = {node.name: node for node in snapshot.nodes}
    for name in (*wish.nodes, *wish.not_nodes):
        if name not in nodes:
            unknown(context, "node", f"{where}.nodes", name, nodes)
    for name in wish.nodes:
        if name in nodes and not nodes[name].online:
            context.report(
                "node.offline", "error", f"{where}.nodes", f"The node {name} is offline.", "facts"
            )
        elif name in nodes and context.site.nodes and name not in context.site.nodes:
            context.report(
                "node.not-allowed",
                "error",
                f"{where}.nodes",
                f"The node {name} is not one of the site's nodes: {', '.join(context.site.nodes)}.",
                "site",
            )
    bridges = {bridge.name for bridge in snapshot.bridges}
    if wish.bridge is not None and bridges and wish.bridge not in bridges:
        unknown(context, "bridge", f"{where}.bridge", wish.bridge, bridges)
    if wish.pool is not None and wish.pool not in snapshot.pools:
        unknown(context, "pool", f"{where}.pool", wish.pool, snapshot.pools)
