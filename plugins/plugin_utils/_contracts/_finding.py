# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding: what a check has to say about a request, a plan or a run."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
)

Severity = t.Literal["info", "warning", "error"]


class Finding(Model):
    """One observation; ``error`` findings stop the way of a request, the others inform.

    ``field`` is the dotted path of what it is about (``machines.web-1.memory_mib``), ``message``
    one plain sentence with what is wrong and what to do. ``id`` names the rule
    (``capacity.memory``) and stays the same over rounds, so that lack of progress can be seen.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$", max_length=96)
    severity: Severity
    field: str = ""
    message: str
    source: str = ""


def errors(findings: t.Iterable[Finding]) -> list[Finding]:
    """Return the findings that stop the request."""
    return [finding for finding in findings if finding.severity == "error"]
