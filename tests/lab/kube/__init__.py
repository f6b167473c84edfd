# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Kubernetes control plane on loopback, without root and hosts; pods are pretended.

etcd, API server, controllers and scheduler are the upstream programs of the lab's tools. Nodes are
objects, and what a kubelet, a provisioner and a load balancer would report is reported by
``pretend``: that is enough for helm to install, wait, upgrade and remove.
"""

from __future__ import annotations

from lab.kube.plane import ControlPlane
from lab.kube.pretend import Pretend

__all__ = ["ControlPlane", "Pretend"]
