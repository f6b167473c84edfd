# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Proxmox VE cluster that speaks the real API over HTTPS.

`PveServer` starts one on loopback; `python -m lab.pve` does the same by hand.
"""

from __future__ import annotations

from lab.pve.clusters import Cluster, ClusterError, load_cluster
from lab.pve.server import PveServer

__all__ = ["Cluster", "ClusterError", "PveServer", "load_cluster"]
