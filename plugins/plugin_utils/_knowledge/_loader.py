# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the knowledge files; a family of a later folder replaces one of the same id."""

from __future__ import annotations

import datetime
import functools
import json
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    parse,
    require,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import _cache
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._schema import (
    Component,
    Family,
    Group,
    Variant,
)

DATA = Path(__file__).parent / "data"
#: The collection's folders; a family with a document replaces one without.
FOLDERS = (DATA / "containers", DATA / "heuristic", DATA)


class KnowledgeError(ContractError):
    """A knowledge file cannot be used; the message names the file and what is wrong in it."""


class Knowledge:
    """All families by id, and the look-up of words."""

    def __init__(self, families: t.Mapping[str, Family]) -> None:
        self.families = dict(sorted(families.items()))

    def get(self, family: str) -> Family | None:
        """Return the family of this id, or None."""
        return self.families.get(family)

    def table(self, category: str) -> Family:
        """Return the last-resort table of a category (the application's when there is none)."""
        found = self.families.get(f"table-{category}") or self.families.get("table-application")
        if found is None:
            raise KnowledgeError("The knowledge holds no table-application.yml.")
        return found

    def nearest(self, words: str) -> Family | None:
        """Return the family whose name is most like unknown words, None when none is near."""
        import difflib  # used for unknown software only

        names = self.vocabulary
        found = difflib.get_close_matches(words.lower(), names, n=1, cutoff=0.75)
        return self.families[names[found[0]][0]] if found else None

    @functools.cached_property
    def vocabulary(self) -> dict[str, tuple[str, str | None]]:
        """Return ``alias -> (family, component or variant or None)``, aliases in lower case.

        The last-resort tables are left out: their words (web, database) are no names of software.
        """
        words: dict[str, tuple[str, str | None]] = {}
        named = [family for family in self.families.values() if not family.last_resort]
        for family in named:
            for name, component in family.components.items():
                for word in _component_words(family, component):
                    words.setdefault(word, (family.family, name))
            for name, variant in family.variants.items():
                for word in _variant_words(family, variant):
                    words.setdefault(word, (family.family, name))
        for family in named:
            own = (family.family, family.title) if family.spoken else ()
            for alias in (*own, *family.aliases):
                words[alias.lower()] = (family.family, None)
        return words


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


def read_yaml(path: Path) -> t.Any:
    """Return the plain data of a YAML file; a date is its text.

    Raises:
        KnowledgeError: the file cannot be read, is not YAML or holds what JSON cannot.
    """
    import yaml  # not at the top: files below plugins/ are also read where it is missing

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
        return json.loads(json.dumps(data, default=_plain, allow_nan=False))
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise KnowledgeError(f"Knowledge file {path} cannot be read: {reason}.") from None


def _plain(value: t.Any) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"{value!r} is no text, number, list or mapping")


def read_families(path: Path) -> list[Family]:
    """Return the family of one file, or the families of a file that holds a group.

    Raises:
        KnowledgeError: not YAML, not the layout, or named otherwise than what it describes.
    """
    data = read_yaml(path)
    kind = "group" if isinstance(data, dict) and "group" in data else "family"
    try:
        if kind == "group":
            group = parse(Group, data)
            name, families = group.group, group.families()
        else:
            families = [parse(Family, data)]
            name = families[0].family
    except ContractError as error:
        raise KnowledgeError(f"Knowledge file {path}: {error}") from None
    if name != path.stem:
        raise KnowledgeError(
            f"Knowledge file {path} describes the {kind} {name}; rename the file to {name}.yml or"
            f" change the {kind}."
        )
    return families


@functools.lru_cache(maxsize=8)
def load_knowledge(directories: tuple[str, ...] = ()) -> Knowledge:
    """Return the collection's families, then those of ``directories``; later ones win.

    Raises:
        KnowledgeError: a folder is missing or a file in one is wrong.
        RuntimeError: pydantic is missing.
    """
    require()
    families: dict[str, Family] = {}
    for folder in (*FOLDERS, *map(Path, directories)):
        if not folder.is_dir():
            raise KnowledgeError(
                f"Knowledge folder {folder} does not exist; correct knowledge_dirs of the site."
            )
        families.update((family.family, family) for family in _families(folder))
    return Knowledge(families)


def _families(folder: Path) -> t.Sequence[Family]:
    paths = sorted(folder.glob("*.yml"))
    try:
        digest = _cache.digest_of(paths)
    except OSError as error:
        raise KnowledgeError(f"Knowledge folder {folder} cannot be read: {error}.") from None
    kept = _cache.get(folder, digest)
    if kept is not None:
        return kept
    families = [family for path in paths for family in read_families(path)]
    _cache.put(folder, digest, families)
    return families
