# SPDX-License-Identifier: GPL-3.0-or-later
"""Own privileges: the answer of ``/access/permissions`` made small, and questions to it."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.truth import truth

Permissions = t.Mapping[str, t.Mapping[str, int]]  # path -> privilege -> 1 when it propagates


def parent(path: str) -> str:
    """Return the path above ``path``; the root is its own parent."""
    return path.rpartition("/")[0] or "/"


def compact(permissions: Permissions) -> dict[str, list[str]]:
    """Return path → sorted privileges without the paths that only repeat their parent.

    Proxmox VE lists every guest with a copy of what it inherits (0.3 MB for 300 guests). A path
    that is not in the result has the privileges of its nearest listed parent; ``PATH/*`` is what a
    path hands down where that is less than it has.
    """
    result: dict[str, list[str]] = {}
    for path in sorted(permissions, key=lambda item: (item != "/", item.count("/"), item)):
        privileges = sorted(permissions[path])
        above = _nearest(result, path)
        repeats = (
            above is not None
            and result[above] == privileges
            and all(map(truth, permissions[above].values()))
        )
        if not repeats:
            result[path] = privileges
    for path in list(result):
        handed = sorted(name for name, down in permissions[path].items() if truth(down))
        if handed != result[path]:
            result[f"{path.rstrip('/')}/*"] = handed
    return result


def allows(permissions: Permissions, path: str, *privileges: str) -> bool:
    """Return whether one of ``privileges`` holds on everything at and below ``path``."""
    while True:
        granted = permissions.get(path)
        if granted is not None:
            return any(truth(granted.get(privilege)) for privilege in privileges)
        if path == "/":
            return False
        path = parent(path)


def _nearest(result: t.Mapping[str, t.Any], path: str) -> str | None:
    while path != "/":
        path = parent(path)
        if path in result:
            return path
    return None
