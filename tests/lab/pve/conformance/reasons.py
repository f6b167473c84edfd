# SPDX-License-Identifier: GPL-3.0-or-later
"""Why some answers differ: what is not simulated, and what the recordings cannot tell."""

from __future__ import annotations

import re

from lab.pve.conformance.records import Record

NOT_SIMULATED = "not simulated"
NOT_CALLED = "no client of this project asks for it"
WORDED = "refused as well, in other words"
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
    ("*", r"resources|zone content|content all|storages|filtered", UNSEEN),
    ("*", r"rrddata", "the recorded machine had not run long enough, or never"),
    ("*", r"task status at once|long task running", "the task ends sooner here"),
    ("*", r"statusfilter", "the recorded list holds tasks of earlier recordings"),
    ("access", r"tf (start|current)", "the recording's environment had no EFI firmware"),
    ("*", r"agent answering", "the recorded agent was a stand-in with fixed answers"),
    ("*", r"/vnets/\w+/ips|ipams/\w+/status", f"the address management of SDN is {NOT_SIMULATED}"),
    ("*", r"mac-vrf|/nodes/\w+/sdn/vnets", f"the state of networks on a node is {NOT_SIMULATED}"),
    ("*", r"schedule_now|restore|decompress", f"this operation is {NOT_SIMULATED}"),
    ("big_cluster", r"/config|/dns", UNSEEN),
    ("*", r"lxc/100/", "the recorded path names a container that is a machine"),
    ("*", r"glusterfs|vzdump/defaults|firewall/log|qemu/\d+/migrate", NOT_CALLED),
    ("*", r"users/root@pam|dangling|snapshot/|resize missing|config template", NOT_CALLED),
    ("*", r"bad (cidr|source|agent)|wrong param|not an image", WORDED),
    ("*", r"resize template|template in use|vnets/v1/subnets|source config", UNSEEN),
)


def reason_of(name: str, record: Record) -> str | None:
    """The known reason why an answer of this file may differ, or None."""
    text = f"{record.step} {record.path}"
    for file, pattern, reason in REASONS:
        if file in ("*", name) and re.search(pattern, text):
            return reason
    return None
