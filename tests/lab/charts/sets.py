# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole catalogue in sets of add-ons that go together, with what a person would have to say."""

from __future__ import annotations

import typing as t

import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue import (
    Catalogue,
    Given,
    Resolution,
    load_catalogue,
    of_site,
    resolve,
)

from lab.charts.build import HERE

Data = dict[str, t.Any]
SITE = HERE.parents[2] / "inventory/lab/group_vars/all/site.yml"
#: What somebody could answer, by the type of the setting.
ANSWERS: Data = {
    "text": "lab",
    "hostname": "addon.lab.example",
    "email": "lab@lab.example",
    "range": "192.0.2.200-192.0.2.219",
    "integer": 1,
    "boolean": True,
    "list": [],
    "mapping": {},
    "secret": "not-a-secret-of-anybody",
}


class Set(t.NamedTuple):
    """Add-ons of one cluster, in the order of installation."""

    names: list[str]
    settings: Data
    secrets: Data
    crd_groups: list[str]  # of their definitions, which stay unless one chooses otherwise


def answered(names: t.Sequence[str], catalogue: Catalogue | None = None) -> Resolution:
    """Return what names come to on the lab, with every question answered.

    Settings are those of the lab's site where it says something.
    """
    catalogue = catalogue or load_catalogue()
    site = yaml.safe_load(SITE.read_text(encoding="utf-8"))["site"]
    said = {name: item for name, item in site["addons"].items() if name in catalogue.entries}
    # Nothing of the lab's machines is here: load balancers get their addresses.
    settings = {name: dict(found) for name, found in of_site(said)[0].items()}
    while True:
        given = Given(servers=1, agents=1, settings=settings, kubernetes_version="v1.34.3")
        found = resolve(names, given, catalogue=catalogue)
        if not found.questions:
            return found
        for question in found.questions:
            _addons, name, key = question.id.split(".", 2)
            kind = catalogue.entries[name].settings[key].type
            settings.setdefault(name, {})[key] = ANSWERS[kind]


def compatible_sets(number: int = 2, catalogue: Catalogue | None = None) -> list[Set]:
    """Return every entry of the catalogue in one of at least ``number`` sets of about one size."""
    catalogue = catalogue or load_catalogue()
    every = list(catalogue.entries)
    # Those that bring most first: what comes along need not be asked for.
    every.sort(key=lambda name: (-len(answered([name], catalogue).names), name))
    sets: list[list[str]] = [[] for _ in range(number)]
    for name in every:
        if any(name in answered(names, catalogue).names for names in sets if names):
            continue
        fits = [s for s in sets if not answered([*s, name], catalogue).refusals]
        if not fits:
            sets.append([])
            fits = [sets[-1]]
        smallest = min(fits, key=lambda s: len(answered([*s, name], catalogue).names))
        smallest.append(name)
    return [_set(answered(names, catalogue)) for names in sets if names]


def _set(found: Resolution) -> Set:
    secrets = {
        name: {
            key: ANSWERS["secret"]
            for key, setting in entry.settings.items()
            if setting.type == "secret" and setting.required and not setting.generated
        }
        for name, entry in found.chosen.items()
    }
    groups = {
        group
        for entry in found.chosen.values()
        for group in entry.crds.groups
        if entry.crds.where != "none"
    }
    return Set(
        list(found.names),
        dict(found.given.settings),
        {name: keys for name, keys in secrets.items() if keys},
        sorted(groups),
    )
