# SPDX-License-Identifier: GPL-3.0-or-later
"""What k3s says when it will never start as it is told to, and what to do about it."""

from __future__ import annotations

import re
import typing as t

#: (what its log says, what that means and what helps); the first that fits is told
PERMANENT: tuple[tuple[t.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), meaning)
    for pattern, meaning in (
        (
            r"bootstrap data already found and encrypted with different token",
            "its data belongs to a cluster with another token; give the role the token that "
            "cluster was made with.",
        ),
        (
            r"token CA hash does not match",
            "the token is of another cluster than the one that answers at its server's address.",
        ),
        (
            r"server-bootstrap: 401|not authorized|401 Unauthorized",
            "the cluster refuses the token; give the role the token the cluster was made with.",
        ),
        (
            r"duplicate node name found",
            "a member of that name is still part of etcd; remove the old one first (entry point "
            "replace).",
        ),
        (
            r"Node password rejected",
            "a node of that name is registered with another password; remove the old node first "
            "(entry point replace).",
        ),
        (
            r"critical configuration value mismatch|critical configuration mismatched",
            "a setting that all servers must share differs from that of the running servers.",
        ),
        (
            r"Incorrect Usage|flag provided but not defined",
            "the configuration holds a key that this release does not know.",
        ),
        (r"invalid egress-selector-mode", "egress-selector-mode has no such value."),
        (
            r"failed to find memory cgroup",
            "the kernel runs without the memory control group; on a Raspberry Pi add "
            "cgroup_memory=1 cgroup_enable=memory to its command line and restart it.",
        ),
        (
            r"must share the same IP version",
            "pod, service and node addresses are of different IP versions.",
        ),
        (
            r"newer than datastore and could cause a cluster outage",
            "certificates on its disk are newer than those of the cluster; the clock was wrong or "
            "files were copied.",
        ),
        (
            r"no bootstrap data found in datastore",
            "it was stopped before its first start was complete; remove the folder server/db of "
            "its data if it never served.",
        ),
        (
            r"/dev/kmsg: no such file",
            "the container it runs in has no /dev/kmsg; see the README on LXC.",
        ),
        (
            r"the server is a newer minor|etcdserver: cluster version.*cannot be downgraded",
            "its data was written by a newer release.",
        ),
    )
)
_REDACTIONS = (
    (re.compile(r"K10[0-9a-f]{64}::[^\s\"']+"), "[token]"),
    (
        re.compile(r"(?i)((?:token|password|secret|authorization)[^\s=:]*[\"']?[=:]\s*)[^\s,}]+"),
        r"\1[redacted]",
    ),
)


def permanent(log: str) -> str:
    """Return why a unit with this log cannot start however long one waits; empty when it may."""
    for pattern, meaning in PERMANENT:
        if pattern.search(log):
            return meaning
    return ""


def redact(text: str) -> str:
    """Return ``text`` without what looks like a credential."""
    for pattern, replacement in _REDACTIONS:
        text = pattern.sub(replacement, text)
    return text
