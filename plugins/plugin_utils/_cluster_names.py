# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that a deployment gives to things of the whole cluster, as the root module makes them."""

from __future__ import annotations

import typing as t


def mark_of(deployment: str) -> str:
    """Return the comment of what is a deployment's, where Proxmox VE keeps one."""
    return f"Deployment {deployment}"


def rule_names(deployment: str, managed: t.Iterable[tuple[str, str]]) -> list[str]:
    """Return the names of HA rules and groups.

    Args:
        deployment: name of the deployment.
        managed: node and group of each machine that high availability manages.
    """
    places = {place for node, group in managed for place in (node, f"apart-{group}")}
    return [f"cw-{deployment}-{place}" for place in sorted(places)]


def job_name(deployment: str, job: str) -> str:
    """Return the id of a backup job."""
    return f"cw-{deployment}-{job}"
