# SPDX-License-Identifier: GPL-3.0-or-later
"""Freezes: in the ledger, and in a file beside the deployments for whoever names another ledger."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private

FILE = "freeze.json"
#: Scope of a freeze that stops every environment.
SITE = "site"
_KEYS = ("scope", "reason", "by", "at")
Row = dict[str, t.Any]


def freezes_of(
    ledger: t.Any, url: str | None, environments: t.Collection[str], folder: Path | None = None
) -> list[Row]:
    """Return the freezes that stop one of the environments, or any where none is named.

    What the ledger knows to be lifted does not hold in a file either: the ledger may be shared by
    several folders, and each has a file of its own.
    """
    found = list(ledger.freezes()) if ledger is not None else []
    over = {_key(row) for row in ledger.lifted()} if ledger is not None else set()
    for place in _places(url, folder):
        found += [row for row in in_file(place) if _key(row) not in over]
    unique = {(row["scope"], row["by"], row["reason"]): row for row in found}
    return [r for r in unique.values() if not environments or r["scope"] in (SITE, *environments)]


def in_file(folder: Path) -> list[Row]:
    """Return the freezes that the file in a folder names; a damaged one freezes everything."""
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [{key: str(row[key]) for key in _KEYS} for row in rows]
    except (ValueError, KeyError, TypeError):
        return [{"scope": SITE, "reason": f"{path} is damaged", "by": "nobody", "at": ""}]


def write_files(url: str | None, folder: Path, rows: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    """Keep the freezes that hold in the file of a folder, and in one beside the ledger if there is.

    No freezes remove the files.
    """
    kept = [{key: row[key] for key in _KEYS} for row in rows]
    for place in _places(url, folder):
        if not kept:
            (place / FILE).unlink(missing_ok=True)
        elif place == folder or (place / FILE).exists():
            write_private(place / FILE, kept)


def _places(url: str | None, folder: Path | None) -> list[Path]:
    beside = [Path(url).parent] if url and "://" not in url else []
    return list(dict.fromkeys([*([folder] if folder else []), *beside]))


def _key(row: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    return tuple(str(row[key]) for key in _KEYS)
