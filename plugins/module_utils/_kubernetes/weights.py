# SPDX-License-Identifier: GPL-3.0-or-later
"""What each check is worth, why it fails most often, and the command that mends it."""

from __future__ import annotations

import typing as t


class Weight(t.NamedTuple):
    """Points of a check, its most likely cause, and what to do."""

    points: int
    cause: str
    mend: str


#: Score from which a result is healthy, and from which it is only degraded.
HEALTHY, DEGRADED = 90, 80
OTHER = Weight(5, "Something is not as planned.", "kubectl get events --all-namespaces")
#: By the beginning of the check's name; the longest one that fits counts.
WEIGHTS: dict[str, Weight] = {
    "machine": Weight(
        10, "The machine is off, still starts, or lost its address.", "qm status VMID; ping ADDRESS"
    ),
    "api": Weight(30, "k3s does not run on the servers.", "systemctl status k3s"),
    "vip": Weight(
        15, "Nobody holds the address, or the certificate lacks it.", "journalctl -u keepalived"
    ),
    "nodes": Weight(
        20, "A node does not report, or is another than planned.", "kubectl describe nodes"
    ),
    "etcd": Weight(20, "A member of etcd is away.", "kubectl get nodes; systemctl status k3s"),
    "system pods": Weight(
        15, "A part of the system does not start.", "kubectl -n kube-system get pods"
    ),
    "add-on": Weight(
        8, "Pods of the add-on wait for an image, a volume or room.", "kubectl get pods -A"
    ),
    "prometheus": Weight(
        5, "A target is down or behind a firewall.", "kubectl -n monitoring get servicemonitors"
    ),
    "test pods": Weight(15, "Pods cannot be started.", "kubectl get events -A"),
    "reached from outside": Weight(
        10, "The network between nodes or kube-proxy.", "kubectl -n kube-system get pods -o wide"
    ),
    "dns": Weight(15, "CoreDNS does not answer.", "kubectl -n kube-system logs deployment/coredns"),
    "capacity": Weight(5, "More is asked for than there is.", "kubectl describe nodes"),
    "clean-up": Weight(1, "Test pods were left.", "kubectl get ns -l clusterwright.io/verify"),
}


def weight_of(name: str) -> Weight:
    """Return what a check of this name is worth."""
    fitting = [key for key in WEIGHTS if name == key or name.startswith(f"{key} ")]
    return WEIGHTS[max(fitting, key=len)] if fitting else OTHER
