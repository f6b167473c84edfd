# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster part of a plan: version, network, virtual address and add-ons."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import (
    Addon,
    Cluster,
    Machine,
    Why,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    NAME_PATTERN,
    ClusterThing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._pins import PinError, pin
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._addons import (
    addons_of,
    catalogue_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._identity import (
    Identities,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._machines import (
    names_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._networks import (
    cluster_networks,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._topology import (
    Topology,
)

CNIS: tuple[t.Literal["flannel", "calico", "cilium"], ...] = ("flannel", "calico", "cilium")


@dataclass(frozen=True)
class ClusterSpec:
    """What a cluster shall be: as asked, or as it is (``before``) with its changes."""

    name: str | None = None
    version: str | None = None
    cni: str | None = None
    vip: str | None = None
    addons: tuple[Addon, ...] = ()
    before: Cluster | None = None


def spec_of_thing(context: Context, thing: ClusterThing, topology: Topology) -> ClusterSpec:
    """Return what was asked of a cluster, with the add-ons of its profile."""
    return ClusterSpec(
        name=thing.name,
        version=thing.version,
        cni=thing.cni,
        vip=thing.vip,
        addons=addons_of(context, thing, topology),
    )


def spec_of_plan(cluster: Cluster, addons: tuple[Addon, ...]) -> ClusterSpec:
    """Return what a cluster is, to be changed."""
    return ClusterSpec(
        name=cluster.name,
        version=cluster.version,
        cni=cluster.cni,
        vip=cluster.vip,
        addons=addons,
        before=cluster,
    )


def build_cluster(
    context: Context, spec: ClusterSpec, machines: t.Sequence[Machine], identities: Identities
) -> Cluster | None:
    """Return the cluster, or None after reporting what is wrong with it."""
    version = _version(context, spec)
    cni = _cni(context, spec)
    _check_network_stays(context, spec, machines)
    networks = cluster_networks(context, len(machines))
    name = spec.name or context.deployment
    if not re.match(NAME_PATTERN, name):
        context.report(
            "cluster.name",
            "error",
            "cluster.name",
            f"The cluster name {name!r} is not valid; use small letters, digits and dashes, at most"
            " 63.",
        )
    servers, agents = names_of(machines, "server"), names_of(machines, "agent")
    vip, provider, why = _virtual_address(context, len(servers), spec, identities)
    if version is None or cni is None or networks is None or context.refused:
        return None
    changed = {
        "version": version,
        "cni": cni,
        "servers": servers,
        "agents": agents,
        "vip": vip,
        "vip_provider": provider,
        "disabled_components": _disabled(context, spec),
        "why": why,
    }
    if spec.before is not None:
        return spec.before.model_copy(update=changed)
    return Cluster(
        name=name,
        pod_cidr=str(networks[0]),
        service_cidr=str(networks[1]),
        load_balancer_range=_share(context, spec, identities),
        **t.cast("dict[str, t.Any]", changed),
    )


def _share(context: Context, spec: ClusterSpec, identities: Identities) -> str | None:
    """Return the part of the site's load balancer range that is this cluster's."""
    whole = context.site.network.load_balancer_range
    share = identities.pool.next_share()
    if share is None and whole:
        # k3s's own load balancer takes the addresses of the nodes.
        needed = "servicelb" in _disabled(context, spec)
        context.report(
            "address.exhausted",
            "error" if needed else "warning",
            "site.network.load_balancer_range",
            f"Other clusters hold every address of {whole}, so none is left for the load balancers"
            " of this one; widen load_balancer_range.",
            "facts",
        )
    return str(share) if share else None


def _disabled(context: Context, spec: ClusterSpec) -> tuple[str, ...]:
    """Return the parts of k3s that are add-ons here, and those that add-ons stand in for."""
    catalogue = catalogue_of(context)
    chosen = [catalogue.find(addon.name) for addon in spec.addons]
    stood_in = {part for entry in chosen if entry is not None for part in entry.k3s.disable}
    return tuple(sorted({*catalogue.packaged(), *stood_in}))


def _version(context: Context, spec: ClusterSpec) -> str | None:
    if spec.before is not None and spec.version == spec.before.version:
        return spec.before.version  # what runs stays, also when no pin names it any more
    asked = spec.version or context.site.cluster.version
    try:
        default, releases = pin("k3s.default"), list(pin("k3s.releases"))
    except PinError as error:
        context.report("cluster.version", "error", "cluster.version", str(error), "pins")
        return None
    if asked is None:
        return str(default)
    number = asked.removeprefix("v")
    exact = [r for r in releases if r in (asked, f"v{number}")]
    series = [r for r in releases if re.match(rf"v{re.escape(number)}[.+]", r)]
    if exact or series:
        return (exact or sorted(series))[-1]
    context.report(
        "cluster.version",
        "error",
        "cluster.version",
        f"The k3s version {asked} is not one of the pinned ones: {', '.join(sorted(releases))}.",
        "pins",
    )
    return None


def _cni(context: Context, spec: ClusterSpec) -> t.Literal["flannel", "calico", "cilium"] | None:
    asked = spec.cni or context.site.cluster.cni
    for cni in CNIS:
        if asked == cni:
            return cni
    context.report(
        "cluster.cni",
        "error",
        "cluster.cni",
        f"The network plug-in {asked} is not supported; choose one of {', '.join(CNIS)}.",
    )
    return None


def _check_network_stays(
    context: Context, spec: ClusterSpec, machines: t.Sequence[Machine]
) -> None:
    """Refuse another network of the pods where machines of the cluster are there already."""
    before, facts = spec.before, context.snapshot
    if before is None or facts is None or spec.cni in (None, before.cni):
        return
    there = {(guest.vmid, guest.name) for guest in facts.guests}
    if any((m.vmid, m.name) in there for m in machines if m.role in ("server", "agent")):
        context.report(
            "cluster.cni",
            "error",
            "cluster.cni",
            f"The network of the pods cannot become {spec.cni}: the cluster is there with"
            f" {before.cni}, and its nodes would lose each other. Plan a new cluster with"
            f" {spec.cni} beside it (-e deployment=), and move over.",
            "K3s, network options",
        )


def _virtual_address(
    context: Context, servers: int, spec: ClusterSpec, identities: Identities
) -> tuple[str | None, t.Literal["keepalived", "kube_vip", "external", "none"], tuple[Why, ...]]:
    provider = context.site.cluster.vip
    before = spec.before or (context.placed.cluster if context.placed else None)
    if servers < 2:
        if spec.vip is not None and (before is None or spec.vip != before.vip):
            context.report(
                "cluster.vip",
                "warning",
                "cluster.vip",
                f"A virtual address ({spec.vip}) was asked for, but one server needs none;"
                " its own address is the endpoint.",
            )
        return None, "none", ()
    if provider == "none":
        context.report(
            "cluster.vip",
            "warning",
            "site.cluster.vip",
            "The site has no virtual address: clients that use a server which fails lose the"
            " cluster until they name another one.",
            "site",
        )
        return None, "none", ()
    if before is not None and before.vip is not None and spec.vip in (None, before.vip):
        return before.vip, provider, before.why
    if spec.vip is not None:
        vip, source = identities.explicit_address(spec.vip, "", vip=True), "explicit"
    else:
        vip, source = identities.pool.next_vip(), "site"
        if vip is None:
            context.report(
                "address.exhausted",
                "error",
                "site.network.vip_range",
                "No address is free for the virtual IP of the cluster; widen vip_range.",
                "facts",
            )
    reason = f"{servers} servers share one address, so that one of them may fail."
    return vip, provider, (Why(field="vip", reason=reason, source=source, confidence=1.0),)
