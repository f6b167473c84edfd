# SPDX-License-Identifier: GPL-3.0-or-later
"""What each check is worth, why it fails most often, and the command that mends it.

A command may hold placeholders: ``kubectl`` (with the cluster's kubeconfig), ``apply`` and
``drift`` (the playbooks, worded as this run was started), and of the machine that the check is
about, else of the first server: ``user``, ``address``, ``node``, ``vmid`` and ``tool`` (qm or
pct). What is not known stands in capital letters.
"""

from __future__ import annotations

import typing as t


class Weight(t.NamedTuple):
    """Points of a check, its most likely cause, and what to do."""

    points: int
    cause: str
    mend: str


#: Score from which a result is healthy, and from which it is only degraded.
HEALTHY, DEGRADED = 90, 80
#: By the beginning of the check's name; the longest one that fits counts. No other check exists.
WEIGHTS: dict[str, Weight] = {
    "machine": Weight(
        10,
        "The machine is off, still starts, or lost its address.",
        "ssh root@{node} {tool} start {vmid}",
    ),
    "guests": Weight(
        10, "A guest was stopped, moved or removed outside of the project.", "{drift}"
    ),
    "high availability": Weight(
        8, "The HA manager does not know the guest, or has given up on it.", "{apply}"
    ),
    "backup": Weight(8, "The backup job is off or was changed.", "{apply}"),
    "api": Weight(
        30, "k3s does not run on the servers.", "ssh {user}@{address} sudo systemctl restart k3s"
    ),
    "vip": Weight(
        15,
        "Nobody holds the address, or the certificate lacks it.",
        "ssh {user}@{address} sudo systemctl restart keepalived",
    ),
    "nodes": Weight(20, "A node does not report, or is another than planned.", "{apply}"),
    "etcd": Weight(
        20, "A member of etcd is away.", "ssh {user}@{address} sudo systemctl restart k3s"
    ),
    "system pods": Weight(
        15, "A part of the system does not start.", "{kubectl} -n kube-system describe pods"
    ),
    "add-on": Weight(8, "Pods of the add-on wait for an image, a volume or room.", "{apply}"),
    "load balancers": Weight(
        8,
        "Nothing gives addresses to services, or nothing answers behind them.",
        "{kubectl} get services --all-namespaces",
    ),
    "certificates": Weight(
        10,
        "k3s was not restarted for months, or what renews a certificate fails.",
        "ssh {user}@{address} sudo systemctl restart k3s",
    ),
    "prometheus": Weight(
        5,
        "A target is down or behind a firewall.",
        "{kubectl} get servicemonitors --all-namespaces",
    ),
    "test pods": Weight(
        15,
        "Pods cannot be started.",
        "{kubectl} get events --all-namespaces --sort-by=.lastTimestamp",
    ),
    "reached from outside": Weight(
        10,
        "The network between nodes, a firewall or kube-proxy.",
        "{kubectl} -n kube-system get pods -o wide",
    ),
    "dns": Weight(
        15,
        "CoreDNS does not answer.",
        "{kubectl} -n kube-system rollout restart deployment/coredns",
    ),
    "capacity": Weight(5, "More is asked for than there is.", "{kubectl} describe nodes"),
    "leftovers": Weight(2, "Something was left behind.", "{kubectl} get pods --all-namespaces"),
    "clean-up": Weight(
        1, "Test pods were left.", "{kubectl} delete namespace -l clusterwright.io/verify"
    ),
}  # fmt: skip


def kind_of(name: str) -> str:
    """Return the kind of a check by its name.

    Raises:
        KeyError: there is no such check.
    """
    fitting = [key for key in WEIGHTS if name == key or name.startswith(f"{key} ")]
    if not fitting:
        raise KeyError(name)
    return max(fitting, key=len)


def weight_of(name: str) -> Weight:
    """Return what a check of this name is worth."""
    return WEIGHTS[kind_of(name)]
