# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of guests: read, changed, and written only when nobody else wrote in between."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import PveError


class Writer(t.Protocol):
    """What is needed of a client; tests pass a fake."""

    def get(self, path: str, params: t.Mapping[str, str | int] | None = None) -> t.Any:
        """Return the data of the answer to a GET request."""

    def put(self, path: str, data: t.Mapping[str, str | int]) -> t.Any:
        """Return the data of the answer to a PUT request."""


def change(
    api: Writer,
    vmids: t.Iterable[int],
    *,
    add: t.Iterable[str] = (),
    remove: t.Iterable[str] = (),
    carrying: str = "",
    check: bool = False,
) -> t.Iterator[dict[str, t.Any]]:
    """Yield the receipt of each guest; before and after are alike where nothing had to change.

    A guest without the tag ``carrying`` is left as it is: its VMID may be somebody else's by now.

    Raises:
        PveError: the API refuses, a digest that is no longer true among it.
    """
    plus, minus = set(add), set(remove)
    known = {int(item["vmid"]): item for item in api.get("/cluster/resources", {"type": "vm"})}
    for vmid in vmids:
        item = known.get(vmid)
        if item is None:
            continue
        path = f"/nodes/{item['node']}/{item['type']}/{vmid}/config"
        config = api.get(path)
        before = sorted(filter(None, re.split("[;, ]", str(config.get("tags") or ""))))
        ours = not carrying or carrying in before
        after = sorted((set(before) | plus) - minus) if ours else before
        receipt = {
            "what": "tags",
            "target": f"{config.get('name') or config.get('hostname')} (VMID {vmid})",
            "before": {"tags": before},
            "after": {"tags": after},
            "outcome": "not" if check or before == after else "happened",
        }
        if not check and before != after:
            wanted: dict[str, str | int] = {"digest": str(config["digest"])}
            wanted.update({"tags": ";".join(after)} if after else {"delete": "tags"})
            try:
                api.put(path, wanted)
            except PveError:
                found = api.get(path)
                if sorted(filter(None, str(found.get("tags") or "").split(";"))) != after:
                    yield {**receipt, "outcome": "not"}
                    raise
        yield receipt
