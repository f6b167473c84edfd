# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the catalogue: one file for each add-on; one of a later folder replaces an earlier one."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._schema import (
    STAGES,
    Capability,
    Entry,
    Manifests,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._values import (
    fill,
    merge,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    parse,
    require,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    KnowledgeError,
    read_yaml,
)

HERE = Path(__file__).parent
ENTRIES = HERE / "entries"


class CatalogueError(ContractError):
    """A catalogue file cannot be used; the message names the file and what is wrong in it."""


class Catalogue:
    """All add-ons by name, and what several of them provide."""

    def __init__(
        self, entries: t.Mapping[str, Entry], capabilities: t.Mapping[str, Capability]
    ) -> None:
        self.entries = dict(sorted(entries.items()))
        self.capabilities = dict(capabilities)
        self._check()

    def find(self, name: str) -> Entry | None:
        """Return the add-on of this name or alias, whatever its case and dashes; None: unknown."""
        return self._names.get(_plain(name))

    @functools.cached_property
    def _names(self) -> dict[str, Entry]:
        aliases = {
            _plain(alias): entry for entry in self.entries.values() for alias in entry.aliases
        }
        return aliases | {_plain(name): entry for name, entry in self.entries.items()}

    def providers(self, capability: str) -> list[str]:
        """Return the names of the add-ons that provide it, the default one first."""
        names = [name for name, e in self.entries.items() if capability in e.provides]
        default = self.capabilities[capability].default
        return sorted(names, key=lambda name: name != default)

    def words(self) -> dict[str, tuple[str, ...]]:
        """Return what people say for each add-on: small letters without accents."""
        return {
            name: tuple(dict.fromkeys((name, *entry.aliases, *entry.words)))
            for name, entry in self.entries.items()
        }

    def packaged(self) -> tuple[str, ...]:
        """Return the components of k3s that are add-ons here and always switched off there."""
        return tuple(
            sorted(e.k3s.packaged for e in self.entries.values() if e.k3s.packaged is not None)
        )

    def ordered(self, names: t.Iterable[str]) -> list[str]:
        """Return names in the order of installation: by stage, each after what it needs."""
        left = sorted(set(names), key=lambda n: (STAGES.index(self.entries[n].stage), n))
        done: list[str] = []

        def add(name: str, above: tuple[str, ...]) -> None:
            if name in done or name in above:
                return
            for need in self.entries[name].needs:
                wanted = [need.addon] if need.addon else self.providers(need.capability or "")
                for other in (other for other in left if other in wanted and other != name):
                    add(other, (*above, name))
            done.append(name)

        for name in left:
            add(name, ())
        return done

    def _check(self) -> None:
        """Refuse entries that name what is not there.

        Raises:
            CatalogueError: the first contradiction found.
        """
        for name, entry in self.entries.items():
            addons = [need.addon for need in entry.needs if need.addon]
            for other in (*addons, *entry.conflicts):
                if other not in self.entries:
                    raise CatalogueError(f"The add-on {name} names {other}, which is no add-on.")
            abilities = [need.capability for need in entry.needs if need.capability]
            for ability in (*entry.provides, *abilities):
                if ability not in self.capabilities:
                    raise CatalogueError(
                        f"The add-on {name} names the capability {ability}; there are"
                        f" {', '.join(sorted(self.capabilities))}."
                    )


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(" ", "-")


def read_entry(path: Path) -> Entry:
    """Return the add-on of one file.

    Raises:
        CatalogueError: not YAML, not the layout, or named otherwise than its add-on.
    """
    try:
        entry = _with_files(parse(Entry, read_yaml(path)), path.parent)
    except (ContractError, KnowledgeError) as error:
        raise CatalogueError(f"Catalogue file {path}: {error}") from None
    if entry.name != path.stem:
        raise CatalogueError(
            f"Catalogue file {path} describes {entry.name}; rename the file to {entry.name}.yml or"
            " change the name."
        )
    return entry


def _with_files(entry: Entry, folder: Path) -> Entry:
    """Return an entry with the data of the files that it names in place of their names."""
    values = entry.values
    for place, name in entry.value_files.items():
        value: t.Any = read_yaml(folder / name)
        for part in reversed(place.split(".")):
            value = {part: value}
        values = merge(values, value)
    groups: list[Manifests] = []
    for group in entry.objects:
        if group.for_each_file is None:
            groups.append(group)
            continue
        manifests: list[t.Any] = []
        for path in sorted(folder.glob(group.for_each_file)):
            item = {"name": path.stem, "text": path.read_text(encoding="utf-8")}
            manifests += [fill(m, {"item": item}) for m in group.manifests]
        groups.append(group.model_copy(update={"manifests": tuple(manifests)}))
    return entry.model_copy(update={"values": values, "objects": tuple(groups)})


@functools.lru_cache(maxsize=8)
def load_catalogue(directories: tuple[str, ...] = ()) -> Catalogue:
    """Return the collection's add-ons, then those of ``directories``; later ones win.

    Raises:
        CatalogueError: a folder is missing or a file in one is wrong.
        RuntimeError: pydantic is missing.
    """
    require()
    entries: dict[str, Entry] = {}
    for folder in (ENTRIES, *map(Path, directories)):
        if not folder.is_dir():
            raise CatalogueError(
                f"The folder of add-ons {folder} does not exist; correct catalogue_dirs of the"
                " site."
            )
        found = [read_entry(path) for path in sorted(folder.glob("*.yml"))]
        entries.update((entry.name, entry) for entry in found)
    raw = read_yaml(HERE / "capabilities.yml")
    capabilities = {name: parse(Capability, data) for name, data in raw.items()}
    return Catalogue(entries, capabilities)


def alerts() -> list[dict[str, str]]:
    """Return name, summary and mend of each of our alert rules."""
    groups = read_yaml(ENTRIES / "monitoring" / "rules.yml")["groups"]
    return [
        {"alert": rule["alert"], **rule["annotations"]}
        for group in groups
        for rule in group["rules"]
        if "alert" in rule
    ]
