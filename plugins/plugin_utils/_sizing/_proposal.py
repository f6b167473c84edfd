# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model chose among the rules' own sizes, where no document decides."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._proposal import (
    Proposal,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    NUMBERS,
    SIZES,
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import amount

#: Confidence of a size that a model chose among those of the rules.
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


def offered(groups: t.Iterable[Group]) -> dict[str, dict[str, dict[str, int]]]:
    """Return the sizes a model may choose among, by group and what they are called.

    A number that a person said or a document decides is none of them. How many machines there are
    is offered with high availability only, where nobody said it and the family knows how many.
    """
    offers: dict[str, dict[str, dict[str, int]]] = {}
    for group in groups:
        free = [n for n in SIZES if n not in group.explicit and n not in group.documented]
        sizes: dict[str, dict[str, int]] = {
            name: {str(number): numbers[number] for number in free if number in numbers}
            for name, numbers in group.options.items()
            if free
        }
        several = {name: own["count"] for name, own in group.options.items() if "count" in own}
        for name in several.keys() & sizes.keys():
            if "count" in group.explicit or group.names:
                del sizes[name]
            else:
                sizes[name]["count"] = several[name]
        own: dict[str, int] = {number: getattr(group, number) for number in [*free, "count"]}
        if any(own | chosen != own for chosen in sizes.values()):
            offers[group.name] = sizes
    return offers


def _applied(context: Context, group: Group, proposal: Proposal) -> Group:
    proposed = proposal.groups.get(group.name, {})
    reason = _plain(proposal.reasons.get(group.name, ""))
    for number in NUMBERS:
        value = proposed.get(number)
        own = getattr(group, number)
        if value is None or value == own:
            continue
        objection = _objection(group, number, value, own, reason)
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
        told = f"{reason or 'Proposed by the model.'} The rules alone: {amount(number, own)}."
        group = replace(group, **t.cast("dict[str, t.Any]", {number: value}))
        group = replace(group, spread=group.spread or group.count > 1)
        group = group.because(number, told, "model", CONFIDENCE)
        context.report(
            "model.chosen",
            "warning" if number == "count" else "info",
            f"machines.{group.name}.{number}",
            f"The model chose {amount(number, value)} for {group.name}; the rules alone make it"
            f" {amount(number, own)}.",
            "model",
        )
    return group


def _objection(
    group: Group, number: str, value: t.Any, own: int, reason: str
) -> tuple[str, str] | None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        return "invalid", "that is no whole positive number"
    if number in group.explicit:
        return "explicit", "the request says otherwise"
    known = {option[number] for option in group.options.values() if number in option}
    if number == "count" and (value not in known or not reason or group.names):
        return "count", "how many machines there are is not for a model to say"
    if number in group.documented:
        return "documented", "a document decides it"
    sizes = sorted({own, *known})
    if value not in sizes:
        listed = " or ".join(amount(number, size) for size in sizes)
        return "options", f"the rules have {listed} to choose from"
    return None


def _plain(text: str) -> str:
    """Return printable text of bounded length; it is shown, never evaluated."""
    return "".join(c for c in text if c.isprintable())[:MAX_REASON]
