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
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._entry import (
    Entry,
    Families,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._schema import (
    Family,
    Group,
)

DATA = Path(__file__).parent / "data"
#: The collection's folders; a family with a document replaces one without.
FOLDERS = (DATA / "containers", DATA / "heuristic", DATA)

#: What makes the words and the layout of what is kept.
CODE = tuple(sorted(Path(__file__).parent.glob("_*.py")))


class KnowledgeError(ContractError):
    """A knowledge file cannot be used; the message names the file and what is wrong in it."""


class Knowledge:
    """All families by id, and the look-up of words."""

    def __init__(self, entries: t.Mapping[str, Entry]) -> None:
        self._entries = dict(sorted(entries.items()))
        self.families: t.Mapping[str, Family] = Families(self._entries)

    @functools.cached_property
    def named(self) -> frozenset[str]:
        """Return the ids of the families that are software, not last-resort tables."""
        return frozenset(name for name, entry in self._entries.items() if not entry.last_resort)

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
        named = [(name, e) for name, e in self._entries.items() if not e.last_resort]
        for name, entry in named:
            for word, part in entry.parts.items():
                words.setdefault(word, (name, part))
        for name, entry in named:
            words.update(dict.fromkeys(entry.own, (name, None)))
        return words


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
    entries: dict[str, Entry] = {}
    for folder in (*FOLDERS, *map(Path, directories)):
        if not folder.is_dir():
            raise KnowledgeError(
                f"Knowledge folder {folder} does not exist; correct knowledge_dirs of the site."
            )
        entries.update(_entries(folder))
    return Knowledge(entries)


def _entries(folder: Path) -> t.Mapping[str, Entry]:
    paths = sorted(folder.glob("*.yml"))
    try:
        digest = _cache.digest_of([*paths, *CODE])
    except OSError as error:
        raise KnowledgeError(f"Knowledge folder {folder} cannot be read: {error}.") from None
    kept = _cache.get(folder, digest)
    if kept is not None:
        return kept
    families = [family for path in paths for family in read_families(path)]
    entries = {family.family: Entry.of(family) for family in families}
    _cache.put(folder, digest, entries)
    return entries
