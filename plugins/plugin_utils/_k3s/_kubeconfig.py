# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubeconfig on the controller, beside whatever else the file holds."""

from __future__ import annotations

import typing as t


class KubeconfigError(ValueError):
    """The kubeconfig cannot be had or kept; the message says why."""


def combined(admin: str, old: str, *, name: str, server: str) -> str:
    """Return the text of a kubeconfig with one cluster, user and context called ``name``.

    ``admin`` is k3s's own, ``old`` what the file holds: other clusters and the current context
    stay as they are.

    Raises:
        KubeconfigError: one of them is no kubeconfig.
    """
    import yaml  # not at the top: files below plugins/ are also read where it is missing

    try:
        source, kept = yaml.safe_load(admin), yaml.safe_load(old) or {}
        cluster = dict(source["clusters"][0]["cluster"]) | {"server": server}
        user = source["users"][0]["user"]
        entries: dict[str, dict[str, t.Any]] = {
            "clusters": {"name": name, "cluster": cluster},
            "users": {"name": name, "user": user},
            "contexts": {"name": name, "context": {"cluster": name, "user": name}},
        }
        result: dict[str, t.Any] = {"apiVersion": "v1", "kind": "Config"} | dict(kept)
        for group, entry in entries.items():
            others = [item for item in result.get(group) or [] if item["name"] != name]
            result[group] = [*others, entry]
        known = {item["name"] for item in result["contexts"]}
    except (yaml.YAMLError, KeyError, IndexError, TypeError, ValueError) as error:
        raise KubeconfigError(f"A kubeconfig cannot be read: {type(error).__name__}.") from None
    if result.get("current-context") not in known:
        result["current-context"] = name
    text: str = yaml.safe_dump(result, sort_keys=False, width=4096)
    return text
