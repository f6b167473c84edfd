# SPDX-License-Identifier: GPL-3.0-or-later
"""What may leave the machine of Terraform's own JSON of a plan: no secret, no state."""

from __future__ import annotations

import re
import typing as t

_MASK = "(sensitive)"
#: Where each program has its providers from, unless a configuration says more.
REGISTRIES = {"Terraform": "registry.terraform.io", "OpenTofu": "registry.opentofu.org"}
_PROVIDER = re.compile(r'provider\["(?P<address>[^"]+)"\]')


def public(plan: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return ``terraform show -json PLANFILE`` for policies, in the same shape.

    Without ``prior_state``, ``variables`` and ``configuration``; a value that Terraform calls
    sensitive is replaced.
    """
    kept: dict[str, t.Any] = {
        key: plan[key] for key in ("format_version", "terraform_version") if key in plan
    }
    kept["resource_changes"] = [
        {**entry, "change": _change(entry["change"])} for entry in plan.get("resource_changes", [])
    ]
    kept["output_changes"] = {
        name: _change(change) for name, change in plan.get("output_changes", {}).items()
    }
    planned = plan.get("planned_values", {})
    kept["planned_values"] = {
        "outputs": {
            name: {**output, "value": _masked(output.get("value"), output.get("sensitive"))}
            for name, output in planned.get("outputs", {}).items()
        },
        "root_module": _module(planned.get("root_module", {})),
    }
    return kept


def _change(change: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        **change,
        **{
            when: _masked(change[when], change.get(f"{when}_sensitive"))
            for when in ("before", "after")
            if when in change
        },
    }


def _module(module: dict[str, t.Any]) -> dict[str, t.Any]:
    resources = [
        {**entry, "values": _masked(entry.get("values"), entry.get("sensitive_values"))}
        for entry in module.get("resources", [])
    ]
    return {
        **module,
        "resources": resources,
        "child_modules": [_module(child) for child in module.get("child_modules", [])],
    }


def _masked(value: t.Any, sensitive: t.Any) -> t.Any:
    """Replace secrets; ``sensitive`` has the shape of the value, with true where one is."""
    if sensitive is True:
        return _MASK
    if isinstance(value, dict) and isinstance(sensitive, dict):
        return {key: _masked(item, sensitive.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(sensitive, list):
        marks = [*sensitive, *([None] * len(value))]
        return [_masked(item, mark) for item, mark in zip(value, marks, strict=False)]
    return value


def moved_providers(state: dict[str, t.Any], program: str) -> dict[str, str]:
    """Return {address in the state: address for this program} of providers from another registry.

    Terraform and OpenTofu have a registry each; a state names that of the program that made it.

    Args:
        state: what ``state pull`` printed.
        program: first word of what ``version`` printed, ``Terraform`` or ``OpenTofu``.
    """
    own = REGISTRIES.get(program)
    found = (_PROVIDER.search(entry.get("provider", "")) for entry in state.get("resources", []))
    used = {str(match["address"]) for match in found if match}
    return {
        address: f"{own}/{address.partition('/')[2]}"
        for address in sorted(used)
        if own and address.partition("/")[0] in {*REGISTRIES.values()} - {own}
    }
