# SPDX-License-Identifier: GPL-3.0-or-later
"""Amounts that no noun names: memory or disk, by what stands beside them."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sizes import Size

#: Beside cores an amount without a word is memory up to this share, a disk beyond it.
MOST_MEMORY_MIB_PER_CORE = 64 * 1024
MOST_MEMORY_MIB = 1024**2
#: An amount without a word and without cores beside it is no memory from here on.
NEVER_MEMORY_MIB = 128 * 1024


def settle(sizes: t.Sequence[Size], others: t.Collection[str] = ()) -> None:
    """Decide amounts without a noun that stand together: memory first, then the disk.

    ``others`` are topics that are said of the same machine elsewhere.
    """
    exact = {*others, *(size.topic for size in sizes if not size.vague)}
    for size in sizes:
        if size.vague and size.topic == "memory_mib" and "memory_mib" in exact:
            size.topic, size.value = "disk_gib", size.value / 1024
    known = {size.topic for size in sizes}
    cores = max((size.value for size in sizes if size.topic == "cores"), default=0.0)
    plain = [size for size in sizes if size.topic == "bytes"]
    for size in plain:
        if len(plain) > 1 or "disk_gib" in {*known, *others}:
            most = float(MOST_MEMORY_MIB)
        else:
            most = cores * MOST_MEMORY_MIB_PER_CORE if cores >= 1 else float(NEVER_MEMORY_MIB)
        if "memory_mib" in known or size.value >= most:
            size.topic, size.value = "disk_gib", size.value / 1024
            size.before = None if size.before is None else size.before / 1024
        else:
            size.topic = "memory_mib"
        known.add(size.topic)
