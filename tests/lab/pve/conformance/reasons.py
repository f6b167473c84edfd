# SPDX-License-Identifier: GPL-3.0-or-later
"""Why some answers differ: what is not simulated, and what the recordings cannot tell."""

from __future__ import annotations

import re

from lab.pve.conformance.records import Record

NOT_SIMULATED = "not simulated"
UNSEEN = "depends on state that the recording does not show"
# (file, what step and path match, reason); the first that matches counts.
REASONS: tuple[tuple[str, str, str], ...] = (
    ("*", r"\[\d+/\d+\]", "which of parallel requests wins depends on timing"),
    ("*", r"/network\b|nics: ", f"changes of host networks are {NOT_SIMULATED}"),
    ("*", r"/cluster/config", f"making and joining a cluster is {NOT_SIMULATED}"),
    ("*", r"/access/(domains|openid|tfa|vncticket)", f"realms are {NOT_SIMULATED}"),
    ("*", r"bulk-action|(start|stop|suspend|migrate)all", f"bulk actions are {NOT_SIMULATED}"),
    (
        "*",
        r"file-restore|extractconfig|prunebackups|import-metadata",
        f"archives are {NOT_SIMULATED}",
    ),
    ("*", r"tunnel|vnc|spice|term", f"consoles and tunnels are {NOT_SIMULATED}"),
    ("*", r"sdn/vnets/\w+/firewall|dry-run|/bridges", f"this part of SDN is {NOT_SIMULATED}"),
    ("*", r"daemon down|proxy down", "which daemon answers a method is not distinguished"),
    ("lxc", r"create|start|clone|stop", "the recording's environment could not run containers"),
    ("lxc", r"move_volume|rrddata|pending", f"this part of containers is {NOT_SIMULATED}"),
    ("reads", r".", UNSEEN),
    ("cluster", r"/config|/dns|options", f"this part of the node's settings is {NOT_SIMULATED}"),
    ("storage_template", r"upload", "uploads are recorded without their fields"),
    ("*", r"resources|zone content", UNSEEN),
)


def reason_of(name: str, record: Record) -> str | None:
    """The known reason why an answer of this file may differ, or None."""
    text = f"{record.step} {record.path}"
    for file, pattern, reason in REASONS:
        if file in ("*", name) and re.search(pattern, text):
            return reason
    return None
