# SPDX-License-Identifier: GPL-3.0-or-later
"""A family as plain data with its words; the layout is checked when the family is asked for.

A run needs a few of the families and the words of all: checking all of them would cost more than
everything else of the knowledge.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import parse
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._schema import (
    Component,
    Family,
    Variant,
)


@dataclass(frozen=True)
class Entry:
    """``parts``: word to component or variant; ``own``: words of the family as a whole."""

    data: dict[str, t.Any]
    parts: dict[str, str]
    own: tuple[str, ...]
    last_resort: bool = False

    @classmethod
    def of(cls, family: Family) -> Entry:
        """Return the entry of a family that was read."""
        parts: dict[str, str] = {}
        for name, component in family.components.items():
            for word in _component_words(family, component):
                parts.setdefault(word, name)
        for name, variant in family.variants.items():
            for word in _variant_words(family, variant):
                parts.setdefault(word, name)
        own = (family.family, family.title) if family.spoken else ()
        return cls(
            data=family.model_dump(mode="json", exclude_unset=True),
            parts=parts,
            own=tuple(alias.lower() for alias in (*own, *family.aliases)),
            last_resort=family.last_resort,
        )


class Families(t.Mapping[str, Family]):
    """Families by id, each checked once, when it is first asked for."""

    def __init__(self, entries: t.Mapping[str, Entry]) -> None:
        self._entries = entries
        self._checked: dict[str, Family] = {}

    def __getitem__(self, name: str) -> Family:
        """Return a family.

        Raises:
            ContractError: what is kept of it is not of the layout.
            KeyError: there is none.
        """
        if name not in self._checked:
            self._checked[name] = parse(Family, self._entries[name].data)
        return self._checked[name]

    def __iter__(self) -> t.Iterator[str]:
        """Return the ids in alphabetical order."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return how many families there are."""
        return len(self._entries)


def _component_words(family: Family, component: Component) -> t.Iterator[str]:
    """Yield what a component is called.

    That is "mimir querier", its plural, "queriers of mimir", "grafana mimir querier" by the
    family's other names, and by its title "redis for gitlab".
    """
    names = [name.lower() for name in (family.family, family.title, *family.aliases)]
    title = component.title.lower()
    if any(title.endswith(f" of {name}") for name in names):
        yield from (title, title.replace(" of ", " for ", 1))
    for alias in map(str.lower, component.aliases):
        yield from (alias, f"{alias}s")
        part = next((alias[len(n) + 1 :] for n in names if alias.startswith(f"{n} ")), "")
        if part:
            for word in (part, f"{part}s"):
                yield from (f"{word} of {name}" for name in names)
                yield from (f"{name} {word}" for name in names)


def _variant_words(family: Family, variant: Variant) -> t.Iterator[str]:
    """Yield what a variant is called: "sentry errors-only", "errors only sentry", "… mode"."""
    for name in map(str.lower, (family.family, family.title, *family.aliases)):
        for alias in map(str.lower, variant.aliases):
            yield from (f"{name} {alias}", f"{alias} {name}", f"{name} in {alias} mode")
