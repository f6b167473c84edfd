# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that a model proposes, taken over only where the rules allow it."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._proposal import (
    Proposal,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    NUMBERS,
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import amount

#: A proposal further from the rules than this factor is reported and not used.
MAX_FACTOR = 4.0
#: Confidence of a number that a model chose inside the rules' bounds.
CONFIDENCE = 0.5
MAX_REASON = 200


def apply_proposal(context: Context, groups: list[Group], proposal: Proposal) -> list[Group]:
    """Return the groups with the proposal's numbers where they pass; report those that do not."""
    for name in sorted(proposal.groups.keys() - {group.name for group in groups}):
        context.report(
            "model.unknown-group",
            "warning",
            f"machines.{_plain(name)}",
            "The model proposed numbers for machines that the request does not have; not used.",
            "model",
        )
    return [_applied(context, group, proposal) for group in groups]


def _applied(context: Context, group: Group, proposal: Proposal) -> Group:
    proposed = proposal.groups.get(group.name, {})
    reason = _plain(proposal.reasons.get(group.name, "")) or "Proposed by the model."
    for number in NUMBERS:
        value = proposed.get(number)
        own = getattr(group, number)
        if value is None or value == own:
            continue
        objection = _objection(group, number, value, own)
        if objection is not None:
            context.report(
                f"model.{objection[0]}",
                "warning",
                f"machines.{group.name}.{number}",
                f"The model proposed {amount(number, value)} for {group.name}: {objection[1]};"
                f" {amount(number, own)} is used.",
                "model",
            )
            continue
        group = replace(group, **t.cast("dict[str, t.Any]", {number: value}))
        group = group.because(number, reason, "model", CONFIDENCE)
    return group


def _objection(group: Group, number: str, value: t.Any, own: int) -> tuple[str, str] | None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        return "invalid", "that is no whole positive number"
    if number in group.explicit:
        return "explicit", "the request says otherwise"
    if not own / MAX_FACTOR <= value <= own * MAX_FACTOR:
        return "diverges", f"more than {MAX_FACTOR:g} times apart from the rules"
    if value < group.minimum.get(number, 1):
        return "minimum", "below the documented minimum"
    if group.role == "server" and number == "count":
        return "servers", "their number follows from high availability, not from load"
    return None


def _plain(text: str) -> str:
    """Return printable text of bounded length; it is shown, never evaluated."""
    return "".join(c for c in text if c.isprintable())[:MAX_REASON]
