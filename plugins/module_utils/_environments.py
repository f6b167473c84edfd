# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of a machine: a tag on its guest, so that it outlives every file of ours."""

from __future__ import annotations

import typing as t

Data = t.Mapping[str, t.Any]

#: In the order in which one of them stands for machines of several.
ENVIRONMENTS = ("production", "staging", "development", "test")
_PREFIX = "env-"


def tag_of(environment: str) -> str:
    """Return the tag of an environment."""
    return f"{_PREFIX}{environment}"


def is_tag(tag: str) -> bool:
    """Return whether a tag says an environment."""
    return tag.startswith(_PREFIX)


def of_tags(tags: t.Iterable[str], otherwise: str) -> str:
    """Return the environment that tags say, the strictest of several, else ``otherwise``."""
    said = set(tags)
    return next((name for name in ENVIRONMENTS if tag_of(name) in said), otherwise)


def touched(plans: t.Iterable[Data]) -> list[str]:
    """Return every environment of plans and of their machines, each once."""
    found: dict[str, None] = {}
    for plan in plans:
        found[plan["environment"]] = None
        for machine in plan["machines"]:
            tags = set(machine.get("tags") or ())
            found.update(dict.fromkeys(name for name in ENVIRONMENTS if tag_of(name) in tags))
    return list(found)
