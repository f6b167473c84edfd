# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels and taints of nodes that are registered already."""

from __future__ import annotations

import typing as t

_DIRECTORY = "config.yaml.d/50-clusterwright-node.yaml"


def label_changes(
    node: t.Mapping[str, t.Any],
    wanted: t.Mapping[str, t.Sequence[str]],
    fact: t.Mapping[str, t.Any],
) -> dict[str, list[str]]:
    """Return ``labels`` and ``taints`` to set and to remove on a node; empty when it is right.

    Only what the role set before (its file on the host tells) is removed.
    """
    before: t.Mapping[str, t.Any] = {}
    for path, drop_in in fact.get("config_drop_ins", {}).items():
        if path.endswith(_DIRECTORY) and drop_in["mark"]:
            before = drop_in["config"]
    labels = _labels(node["labels"], wanted["node-label"], before.get("node-label") or [])
    taints = _taints(node["taints"], wanted["node-taint"], before.get("node-taint") or [])
    return {"labels": labels, "taints": taints} if labels or taints else {}


def _labels(
    now: t.Mapping[str, str], wanted: t.Sequence[str], before: t.Sequence[str]
) -> list[str]:
    pairs = dict(text.partition("=")[::2] for text in wanted)
    change = [f"{key}={value}" for key, value in pairs.items() if now.get(key) != value]
    gone = {text.partition("=")[0] for text in before} - pairs.keys()
    return change + [f"{key}-" for key in sorted(gone & now.keys())]


def _taints(now: t.Sequence[str], wanted: t.Sequence[str], before: t.Sequence[str]) -> list[str]:
    full = [_taint(text) for text in wanted]
    gone = {_taint(text) for text in before} - set(full)
    change = [text for text in full if text not in now]
    return change + [f"{_keyed(text)}-" for text in sorted(gone & set(now))]


def _taint(text: str) -> str:
    key, _colon, effect = text.rpartition(":")
    return f"{key}:{effect}" if "=" in key else f"{key}=:{effect}"


def _keyed(text: str) -> str:
    key, _colon, effect = text.rpartition(":")
    return f"{key.partition('=')[0]}:{effect}"
