# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes between two plans of a deployment, with the words that ask for it."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Plan,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._changes import (
    Touched,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._difference import (
        Line,
    )


def differences(context: Context, plan: Plan, touched: t.Sequence[Touched]) -> t.Iterator[Finding]:
    """Yield what changes with the words that ask for it, a line for each kind of change."""
    if context.previous is None or not context.request.changes:
        return
    # Here, as the report is needed for changes only.
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report import (
        _difference,
    )

    before, after = to_data(context.previous), to_data(plan)
    if plan.machines and _built(before) == _built(after):
        asked = " and ".join(
            dict.fromkeys(f'"{c.said}"' for c in context.request.changes if c.said)
        )
        message = f"Nothing changes by {asked or 'the request'}; say it another way if it shall."
        yield Finding(id="change.none", severity="warning", field="changes", message=message)
    for line in _difference.lines(before, after):
        words = dict.fromkeys(
            order.said for order in touched if order.said and _asked_by(line, order)
        )
        said = " and ".join(f'"{text}"' for text in words)
        message = f"{line.text} ({said})" if said else line.text
        yield Finding(id="change.difference", severity="info", field="changes", message=message)


def _built(plan: dict[str, t.Any]) -> list[t.Any]:
    """Return what a plan builds, without the reasons."""
    machines = [{**machine, "why": ()} for machine in plan["machines"]]
    return [machines, *(plan.get(name) for name in ("cluster", "addons", "backups", "environment"))]


def _asked_by(line: Line, order: Touched) -> bool:
    """Tell whether a line of the difference is what an order asked for."""
    if not line.machines:
        return order.field in line.fields
    fits = order.field in (*line.fields, "whole", "scale") or not line.fields
    new = line.text.startswith("+ ") and order.field in ("count", "whole")
    return new or (fits and bool(order.machines & line.machines))
