# SPDX-License-Identifier: GPL-3.0-or-later
"""One chosen add-on as a role installs, checks and removes it: plain data."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._given import (
    holds,
    names_of_cluster,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._resolve import (
    Chosen,
    Resolution,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._schema import (
    Manifests,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._values import (
    fill,
    merge,
)

#: Stands for a secret where it is not known: a chart is only rendered with it, never installed.
UNKNOWN_SECRET = "not-known-yet"  # noqa: S105
Data = dict[str, t.Any]


def release_of(
    chosen: Chosen, resolution: Resolution, secrets: t.Mapping[str, str] | None = None
) -> Data:
    """Return an add-on with its values and manifests filled.

    ``secrets`` are the add-on's, by name of the setting; without them every secret is
    ``UNKNOWN_SECRET``.
    """
    entry, all_chosen = chosen.entry, resolution.chosen
    kinds = {name: s for name, s in entry.settings.items() if s.type == "secret"}
    known = {name: (secrets or {}).get(name) or UNKNOWN_SECRET for name in kinds}
    names = {
        **names_of_cluster(resolution.given, all_chosen),
        "settings": chosen.settings,
        "secrets": known,
    }
    layers = [entry.values]
    layers += [a.values for a in entry.adapt if holds(a.when, all_chosen, names)]
    own = resolution.given.values.get(chosen.name, {})
    objects = [m for m in entry.objects if holds(m.when, all_chosen, names)]
    return {
        "name": chosen.name,
        "title": entry.title,
        "why": chosen.why,
        "release": entry.release,
        "namespace": entry.namespace,
        "namespace_labels": entry.namespace_labels,
        "chart": entry.chart.model_dump(mode="json"),
        "crds": entry.crds.model_dump(mode="json"),
        "role": entry.role,
        "stage": entry.stage,
        "timeout_seconds": entry.timeout_seconds,
        "settings": chosen.settings,
        "secret_settings": {
            name: {
                "generated": s.generated,
                "required": s.required,
                "file": s.file or f"{chosen.name}.{name}.password",
                "read_back": s.read_back.model_dump() if s.read_back else None,
                "description": s.description,
            }
            for name, s in kinds.items()
        },
        "values": merge(fill(merge(*layers), names), own),
        "own_values": own,  # what a place said itself; they won
        "objects_before": _objects(objects, names, before=True),
        "objects": _objects(objects, names, before=False),
        "checks": [fill(check.model_dump(mode="json"), names) for check in entry.checks],
        "removal": entry.removal.model_dump(mode="json"),
        "gitops": {
            "server_side_apply": entry.gitops.server_side_apply,
            "values": entry.gitops.values,
            "by_role": [
                made.what for made in entry.gitops.by_role if holds(made.when, all_chosen, names)
            ],
        },
        "notes": list(entry.notes),
    }


def _objects(found: list[Manifests], names: Data, *, before: bool) -> list[Data]:
    result: list[Data] = []
    for group in (group for group in found if group.before is before):
        items: list[t.Any] = [{}]
        if group.for_each is not None:
            listed = names["settings"].get(group.for_each) or []
            items = [
                {**(item if isinstance(item, dict) else {"value": item}), "number": number}
                for number, item in enumerate(listed, 1)
            ]
        for item in items:
            result += fill(list(group.manifests), {**names, "item": item})
    return result
