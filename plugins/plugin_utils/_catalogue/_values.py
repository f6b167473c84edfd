# SPDX-License-Identifier: GPL-3.0-or-later
"""Values with placeholders: ``$(name)`` stands for what a cluster or a setting says.

A text that is one placeholder becomes the value itself, with its type; inside a longer text it
becomes text. Nothing else is evaluated.
"""

from __future__ import annotations

import re
import typing as t

_PLACEHOLDER = re.compile(r"\$\(([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*)\)")


class UnknownName(LookupError):
    """A placeholder names nothing; the message is one plain sentence."""


def names_in(value: t.Any) -> set[str]:
    """Return the names of all placeholders in plain data."""
    if isinstance(value, str):
        return set(_PLACEHOLDER.findall(value))
    if isinstance(value, dict):
        return set().union(*(names_in(k) | names_in(v) for k, v in value.items()), set())
    if isinstance(value, (list, tuple)):
        return set().union(*map(names_in, value), set())
    return set()


def fill(value: t.Any, names: t.Mapping[str, t.Any]) -> t.Any:
    """Return plain data with its placeholders filled.

    Raises:
        UnknownName: a placeholder names nothing in ``names``.
    """
    if isinstance(value, dict):
        return {fill(key, names): fill(item, names) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [fill(item, names) for item in value]
    if not isinstance(value, str):
        return value
    whole = _PLACEHOLDER.fullmatch(value)
    if whole:
        return look_up(names, whole[1])
    return _PLACEHOLDER.sub(lambda match: _text(look_up(names, match[1])), value)


def look_up(names: t.Mapping[str, t.Any], path: str) -> t.Any:
    """Return what a dotted path names.

    Raises:
        UnknownName: nothing is there.
    """
    found: t.Any = names
    for part in path.split("."):
        if not isinstance(found, t.Mapping) or part not in found:
            raise UnknownName(f"$({path}) names nothing.")
        found = found[part]
    return found


def merge(*layers: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return one mapping; in each key the last layer wins, mappings are joined, lists replaced."""
    result: dict[str, t.Any] = {}
    for layer in layers:
        for key, value in layer.items():
            old = result.get(key)
            both = isinstance(old, t.Mapping) and isinstance(value, t.Mapping)
            result[key] = merge(t.cast("t.Any", old), value) if both else value
    return result


def _text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
