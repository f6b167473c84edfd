# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VRRP router id goes with a virtual address where nobody names one."""

from __future__ import annotations


def router_id_of(address: str) -> int:
    """Return the last part of an IPv4 or IPv6 address, as a router id between 1 and 255."""
    if ":" in address:
        return max(1, int(address.rpartition(":")[2] or "1", 16) % 256)
    return max(1, int(address.rpartition(".")[2]))
