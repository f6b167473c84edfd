# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue's own entries: complete, legal for the real charts, and one entry is enough."""

from __future__ import annotations

import typing as t
from pathlib import Path

import lab
import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue import (
    CatalogueError,
    Given,
    load_catalogue,
    release_of,
    resolve,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._loader import (
    read_entry,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._values import (
    names_in,
)

KEYS = yaml.safe_load((Path(lab.__file__).parent / "charts/keys.yml").read_text())
NAMES = sorted(load_catalogue().entries)
TYPES = {bool: "bool", int: "int", float: "number", str: "string", list: "list", dict: "map"}
#: A cluster and settings with which every adaptation of every entry is used at least once.
PLACES: tuple[dict[str, t.Any], ...] = (
    {"servers": 3, "agents": 3},
    {
        "servers": 1,
        "agents": 0,
        "settings": {
            "metallb": {
                "mode": "bgp",
                "peers": [{"my_asn": 1, "peer_asn": 2, "peer_address": "192.0.2.1"}],
            },
            "longhorn": {"backup_target": "nfs://192.0.2.9:/b"},
            "headlamp": {"hostname": "h.example.org"},
            "argocd": {"hostname": "a.example.org"},
            "prometheus": {"hostname": "g.example.org", "storage_class": "fast"},
            "rancher": {
                "hostname": "r.example.org",
                "tls_source": "letsEncrypt",
                "letsencrypt_email": "a@example.org",
            },
        },
    },
)
MINIMAL = {
    "rancher": {"hostname": "r.example.org"},
    "velero": {"bucket": "b", "endpoint": "https://s3.example.org", "access_key_id": "k"},
}


def given(place: dict[str, t.Any]) -> Given:
    settings = MINIMAL | place.get("settings", {})
    return Given(
        **place
        | {
            "settings": settings,
            "load_balancer_range": "192.0.2.50-192.0.2.59",
            "server_addresses": ("192.0.2.11",),
            "node_addresses": ("192.0.2.11", "192.0.2.21"),
        }
    )


def leaves(value: t.Any, path: str = "") -> t.Iterator[tuple[str, t.Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            escaped = str(key).replace(".", "\\.")
            yield from leaves(item, f"{path}.{escaped}" if path else escaped)
    elif path:
        yield path, value


@pytest.mark.parametrize("place", PLACES, ids=("three servers", "one node"))
@pytest.mark.parametrize("name", NAMES)
def test_every_value_is_a_key_of_the_real_chart(name: str, place: dict[str, t.Any]) -> None:
    result = resolve([name], given(place))
    assert (result.refusals, result.questions) == ([], [])
    for chosen in result.entries:
        chart = chosen.entry.chart
        known = KEYS[chart.name]
        assert known["version"].removeprefix("v") == chart.version.removeprefix("v")
        release = release_of(chosen, result)
        for path, value in leaves(release["values"] | release["gitops"]["values"]):
            allowed = known["keys"][path]
            assert "any" in allowed or TYPES[type(value)] in allowed, (path, value)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_to_fill(name: str) -> None:
    result = resolve([name], given(PLACES[1]))
    for chosen in result.entries:
        release = release_of(chosen, result)
        for part in ("values", "objects", "objects_before", "checks"):
            assert names_in(release[part]) == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_is_in_no_setting(name: str) -> None:
    place = given(PLACES[0])
    secrets = {
        key: "s3cret"
        for key, setting in load_catalogue().entries[name].settings.items()
        if setting.type == "secret"
    }
    settings = {**place.settings, name: {**place.settings.get(name, {}), **secrets}}
    result = resolve([name], place.model_copy(update={"settings": settings}))
    assert "s3cret" not in str([chosen.settings for chosen in result.entries])


def test_words_lead_to_one_addon_each() -> None:
    seen: dict[str, str] = {}
    for name, words in load_catalogue().words().items():
        for word in words:
            assert word == word.lower()
            assert seen.setdefault(word, name) == name, word


MADE_UP = """
name: tide-table
title: Tide table
summary: Tells the tides.
words: [tides]
homepage: https://example.org
stage: application
chart: {name: tide-table, version: 1.0.0, repository: "https://charts.example.org"}
release: tide-table
namespace: tides
needs:
  - {capability: ingress, why: people look at it}
  - {capability: storage, why: it keeps the tides}
settings:
  harbour: {required: true, question: Which harbour?, description: Harbour.}
values: {harbour: $(settings.harbour), replicas: $(up_to_three)}
hosts: {packages: {debian: [tide-gauge]}}
k3s: {disable: [local-storage]}
cost: {once: {memory_mib: 100}, source: made up, confidence: 0.1}
"""


def test_one_entry_in_one_file_is_an_addon(tmp_path: Path) -> None:
    (tmp_path / "tide-table.yml").write_text(MADE_UP)
    catalogue = load_catalogue((str(tmp_path),))
    assert catalogue.words()["tide-table"] == ("tide-table", "tides")
    open_question = resolve(["tide-table"], catalogue=catalogue)
    assert [q.id for q in open_question.questions] == ["addons.tide-table.harbour"]
    place = Given(servers=3, agents=1, settings={"tide-table": {"harbour": "Brest"}})
    result = resolve(["tide-table"], place, catalogue=catalogue)
    assert result.names == ("traefik", "longhorn", "tide-table")
    assert "tide-gauge" in result.packages("debian")
    assert result.disabled_components == ("local-storage", "traefik")
    values = release_of(result.entries[-1], result)["values"]
    assert values == {"harbour": "Brest", "replicas": 3}
    assert result.entries[-1].once.memory_mib == 100


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("tide-table", "tidetable"), "describes tidetable; rename the file"),
        (("stage: application", "stage: sometime"), "stage: Input should be"),
        (("k3s:", "k3z:"), "k3z: Extra inputs are not permitted"),
        (("{capability: ingress", "{capability: ingres"), "capability ingres; there are"),
        (("capability: ingress", "addon: pier"), "names pier, which is no add-on"),
        (("name: tide-table\n", "name: ["), "cannot be read"),
        (("source: ", "volume_setting: harbour, source: "), "harbour, which is no integer"),
    ],
)
def test_a_wrong_entry_is_refused(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    path = tmp_path / "tide-table.yml"
    path.write_text(MADE_UP.replace(change[0], change[1], 1))
    with pytest.raises(CatalogueError, match="tide-table") as error:
        load_catalogue((str(tmp_path),))
    assert sentence in str(error.value)


def test_an_ingress_of_ones_own_serves_the_others(tmp_path: Path) -> None:
    own = MADE_UP.replace("needs:\n", "provides: [ingress]\ntells: {ingress_class: tide}\nneeds:\n")
    own = own.replace("  - {capability: ingress, why: people look at it}\n", "")
    (tmp_path / "tide-table.yml").write_text(own)
    settings = {"tide-table": {"harbour": "Brest"}, "argocd": {"hostname": "a.example.org"}}
    place = Given(servers=3, settings=settings)
    result = resolve(["tide-table", "argocd"], place, catalogue=load_catalogue((str(tmp_path),)))
    assert not result.refusals and "traefik" not in result.names
    values = {c.name: release_of(c, result)["values"] for c in result.entries}
    assert values["argocd"]["server"]["ingress"]["ingressClassName"] == "tide"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="does not exist; correct catalogue_dirs"):
        load_catalogue((str(tmp_path / "nowhere"),))


@pytest.mark.parametrize("name", NAMES)
def test_files_are_named_as_their_addons(name: str) -> None:
    entry = load_catalogue().entries[name]
    assert entry.release and (entry.cost.once.memory_mib or entry.cost.each_node.memory_mib)
    path = Path(__file__).parents[5] / f"plugins/plugin_utils/_catalogue/entries/{name}.yml"
    assert read_entry(path) == entry
