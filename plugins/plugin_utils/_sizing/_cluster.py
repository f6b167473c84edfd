# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster part of a plan: version, network, virtual address, components and add-ons."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import (
    Addon,
    Cluster,
    Machine,
    Why,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    NAME_PATTERN,
    ClusterWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._pins import PinError, pin
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
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._wishes import (
    answered_before,
)

CNIS: tuple[t.Literal["flannel", "calico", "cilium"], ...] = ("flannel", "calico", "cilium")
#: k3s brings these itself; they are add-ons of the catalogue here, pinned and chosen.
PACKAGED = ("traefik", "metrics-server")


def build_cluster(
    context: Context, topology: Topology, machines: t.Sequence[Machine], identities: Identities
) -> Cluster | None:
    """Return the cluster, or None after reporting what is wrong with it."""
    wish = _with_earlier(context, context.request.cluster or ClusterWish())
    version = _version(context, wish)
    cni = _cni(context, wish)
    networks = cluster_networks(context, len(machines))
    name = wish.name or context.deployment
    if not re.match(NAME_PATTERN, name):
        context.report(
            "cluster.name",
            "error",
            "cluster.name",
            f"The cluster name {name!r} is not valid; use small letters, digits and dashes, at most"
            " 63.",
        )
    vip, provider, why = _virtual_address(context, topology, wish, identities)
    if version is None or cni is None or networks is None or context.refused:
        return None
    site = context.site
    balancer = site.network.load_balancer_range
    return Cluster(
        name=name,
        version=version,
        servers=names_of(machines, "server"),
        agents=names_of(machines, "agent"),
        vip=vip,
        vip_provider=provider,
        cni=cni,
        pod_cidr=str(networks[0]),
        service_cidr=str(networks[1]),
        load_balancer_range=balancer,
        disabled_components=_disabled(context, wish),
        why=why,
    )


def _with_earlier(context: Context, wish: ClusterWish) -> ClusterWish:
    """Return the wish of a change with what it does not name as the cluster has it."""
    before = context.previous.cluster if context.previous else None
    if before is None or context.request.operation == "create":
        return wish
    kept = {"cni": wish.cni or before.cni, "version": wish.version or before.version}
    return wish.model_copy(update=kept)


def _disabled(context: Context, wish: ClusterWish) -> tuple[str, ...]:
    """Return the parts of k3s that other add-ons stand in for."""
    addons = set(wish.addons)
    if context.request.operation != "create" and context.previous is not None:
        addons |= {addon.name for addon in context.previous.addons}
    metallb = "metallb" in addons - set(wish.addons_excluded)
    return (*PACKAGED, "servicelb") if metallb else PACKAGED


def _version(context: Context, wish: ClusterWish) -> str | None:
    asked = wish.version or context.site.cluster.version
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


def _cni(context: Context, wish: ClusterWish) -> t.Literal["flannel", "calico", "cilium"] | None:
    asked = wish.cni or context.site.cluster.cni
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


def _virtual_address(
    context: Context, topology: Topology, wish: ClusterWish, identities: Identities
) -> tuple[str | None, t.Literal["keepalived", "kube_vip", "external", "none"], tuple[Why, ...]]:
    provider = context.site.cluster.vip
    if topology.servers.value < 2:
        if wish.vip is not None:
            context.report(
                "cluster.vip",
                "warning",
                "cluster.vip",
                f"A virtual address ({wish.vip}) was asked for, but one server needs none;"
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
    previous = context.placed.cluster if context.placed else None
    if wish.vip is not None and not (previous is not None and previous.vip == wish.vip):
        vip = identities.explicit_address(wish.vip, "", vip=True)
        source = "explicit"
    elif previous is not None and previous.vip is not None:
        return previous.vip, provider, previous.why
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
    reason = f"{topology.servers.value} servers share one address, so that one of them may fail."
    return vip, provider, (Why(field="vip", reason=reason, source=source, confidence=1.0),)


def build_addons(context: Context, topology: Topology) -> tuple[Addon, ...]:
    """Return the add-ons: those asked for, then those of the profile, without the excluded.

    A plan that answers this request already keeps its own, as a refinement may have changed them.
    """
    refined = answered_before(context)
    if refined is not None:
        return refined.addons
    wish = context.request.cluster or ClusterWish()
    chosen: dict[str, str] = {name: "As asked." for name in wish.addons}
    if context.request.operation != "create" and context.previous is not None:
        for addon in context.previous.addons:
            chosen.setdefault(addon.name, addon.why)
    else:
        for name in topology.profile.addons:
            chosen.setdefault(name, f"Profile {topology.profile_id}.")
    if "ingress-nginx" in chosen:
        chosen = {n: why for n, why in chosen.items() if n != "traefik" or why == "As asked."}
        context.report(
            "addon.retired",
            "warning",
            "cluster.addons",
            "ingress-nginx was retired in March 2026 and gets no fixes; traefik is the default.",
            "ingress-nginx retirement notice",
        )
    excluded = set(wish.addons_excluded)
    for name in sorted(excluded & set(wish.addons)):
        context.report(
            "addon.contradiction",
            "warning",
            "cluster.addons",
            f"{name} is both asked for and declined; planned without it.",
        )
    return tuple(Addon(name=n, why=why) for n, why in chosen.items() if n not in excluded)
