# SPDX-License-Identifier: GPL-3.0-or-later
"""Freezes: in the ledger, and in a file beside the deployments for whoever names another ledger."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private

FILE = "freeze.json"
SITE = "site"
Row = dict[str, t.Any]


def freezes_of(
    ledger: t.Any, url: str | None, environment: str | None, folder: Path | None = None
) -> list[Row]:
    """Return the freezes that stop an environment, each once."""
    places = [folder] if folder else []
    if url and "://" not in url:
        places.append(Path(url).parent)
    found = list(ledger.freezes(environment)) if ledger is not None else []
    for place in places:
        found += [
            row
            for row in in_file(place)
            if environment is None or row["scope"] in (SITE, environment)
        ]
    unique = {(row["scope"], row["by"], row["reason"]): row for row in found}
    return list(unique.values())


def in_file(folder: Path) -> list[Row]:
    """Return the freezes that the file in a folder names; a damaged one freezes everything."""
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [{key: str(row[key]) for key in ("scope", "reason", "by", "at")} for row in rows]
    except (ValueError, KeyError, TypeError):
        return [{"scope": SITE, "reason": f"{path} is damaged", "by": "nobody", "at": ""}]


def write_file(folder: Path, rows: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    """Keep the freezes that hold in the file; none removes it."""
    if not rows:
        (folder / FILE).unlink(missing_ok=True)
        return
    kept = [{key: row[key] for key in ("scope", "reason", "by", "at")} for row in rows]
    write_private(folder / FILE, kept)
