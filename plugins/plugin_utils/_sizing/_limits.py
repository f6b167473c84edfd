# SPDX-License-Identifier: GPL-3.0-or-later
"""What the site allows an environment: number and size of machines, money."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._environment import (
    EnvironmentRules,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Cost
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Environment,
    Number,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import amount


def rules_of(context: Context, environment: Environment | None = None) -> EnvironmentRules:
    """Return the site's rules for an environment, by default that of the request."""
    return context.site.environments.get(environment or context.environment) or EnvironmentRules()


def within_limits(context: Context, groups: list[Group]) -> list[Group]:
    """Return the groups with our own sizes cut to the site's limits; report what exceeds them."""
    machines = sum(group.count for group in groups)
    first, last = context.site.vmid_range
    if machines > last - first + 1:
        context.report(
            "vmid.exhausted",
            "error",
            "site.vmid_range",
            f"{machines} machines are more than the VMIDs from {first} to {last}; ask for fewer or"
            " widen vmid_range of the site.",
            "site",
        )
    for environment in dict.fromkeys(_environment(context, group) for group in groups):
        most = rules_of(context, environment).max_machines
        own = sum(g.count for g in groups if _environment(context, g) == environment)
        if most is not None and own > most:
            context.report(
                "limit.machines",
                "error",
                "machines",
                f"{own} machines are more than the {most} that the site allows in"
                f" {environment}; ask for fewer.",
                "site",
            )
    return [_of_allowed_size(context, group) for group in groups]


def _environment(context: Context, group: Group) -> Environment:
    return group.environment or context.environment


def _of_allowed_size(context: Context, group: Group) -> Group:
    environment = _environment(context, group)
    rules = rules_of(context, environment)
    limits = {
        "cores": rules.max_cores_per_machine,
        "memory_mib": rules.max_memory_mib_per_machine,
    }
    for number, limit in limits.items():
        if limit is not None:
            group = _limited(context, group, number, limit, environment)
    return group


def _limited(context: Context, group: Group, number: str, limit: int, environment: str) -> Group:
    value = getattr(group, number)
    if value <= limit:
        return group
    if number in group.explicit or group.minimum.get(number, 1) > limit:
        whose = "were asked for" if number in group.explicit else "are needed"
        context.report(
            f"limit.{number}",
            "error",
            f"machines.{group.name}.{number}",
            f"{amount(number, value)} {whose} for {group.name}, the site allows"
            f" {amount(number, limit)} a machine in {environment}.",
            "site",
        )
        return group
    group = replace(group, **t.cast("dict[str, t.Any]", {number: limit}))
    reason = f"The site allows at most {amount(number, limit)} a machine in {environment}."
    return group.because(number, reason, "site", 1.0)


def within_sums(context: Context, groups: list[Group]) -> list[Group]:
    """Return the groups with our own sizes cut so that all machines have no more than was said.

    Each gives of what it has above its minimum, in the same proportion.
    """
    for number, most in context.request.limits.items():
        least = sum(group.count * _least(group, number) for group in groups)
        wanted = sum(group.count * getattr(group, number) for group in groups)
        if wanted <= most:
            continue
        if least > most:
            context.report(
                f"limit.{number}",
                "error",
                f"machines.{number}",
                f"The machines need {amount(number, least)} together at least; at most"
                f" {amount(number, most)} were asked for. Ask for more, or for fewer machines.",
            )
            continue
        share = (most - least) / (wanted - least)
        groups = [_cut(group, number, share, most) for group in groups]
    return groups


def _least(group: Group, number: Number) -> int:
    own = int(getattr(group, number))
    return own if number in group.explicit else min(own, group.minimum.get(number, 1))


def _cut(group: Group, number: Number, share: float, most: float) -> Group:
    own, least = getattr(group, number), _least(group, number)
    exact = least + (own - least) * share
    step = 256 if number == "memory_mib" else 1
    value = max(least, int(exact // step) * step)
    if value == own:
        return group
    reason = (
        f"All machines together shall have at most {amount(number, most)}: {amount(number, value)}"
        f" instead of {amount(number, own)}."
    )
    return group.with_number(number, value, reason, "limit", 0.9)


def check_budget(context: Context, cost: Cost | None) -> None:
    """Report a plan that costs more than the site allows, or whose cost nobody can tell."""
    budget = rules_of(context).max_monthly_cost
    if budget is None:
        return
    if cost is None:
        context.report(
            "limit.cost",
            "warning",
            "cost",
            f"The site limits {context.environment} to {budget:g} a month but has no price table.",
            "site",
        )
    elif cost.monthly > budget:
        context.report(
            "limit.cost",
            "error",
            "cost",
            f"The plan costs {cost.monthly:.2f} {cost.currency} a month, the site allows"
            f" {budget:.2f} in {context.environment}; ask for fewer or smaller machines.",
            "site",
        )
