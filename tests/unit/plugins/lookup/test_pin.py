# SPDX-License-Identifier: GPL-3.0-or-later
"""The pin lookup and the pin files behind it."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.clusterwright.proxmox.plugins.lookup.pin import LookupModule
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._pins import PinError, load, pin


def run(*terms: str) -> list[t.Any]:
    """Answer ``terms`` through the lookup."""
    lookup = LookupModule()
    lookup._load_name = "clusterwright.proxmox.pin"
    return lookup.run(list(terms))


def test_default_release_is_one_of_the_releases() -> None:
    default, releases = run("k3s.default", "k3s.releases")
    assert default in releases
    assert run(f"k3s.releases.{default}") == [releases[default]]


def test_unknown_pin_names_the_known_ones() -> None:
    with pytest.raises(AnsibleLookupError, match=r"'k3s\.latest' \(known here: default,.*releases"):
        run("k3s.latest")


def test_path_below_a_value_is_refused() -> None:
    with pytest.raises(AnsibleLookupError, match="nothing is below it"):
        run("k3s.default.major")


def test_images_carry_a_digest() -> None:
    images = run("kube_vip.image", "verify.image")
    assert all(re.fullmatch(r"\S+:\S+@sha256:[0-9a-f]{64}", image) for image in images)


def test_same_key_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text("helm: {version: 1.2.3}\n")
    with pytest.raises(PinError, match=r"helm is pinned a second time in b\.yml"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("path", "value"),
    [("a.b", "c"), ("a.v1.2.3", {"x": 1}), ("a.v1.2.3.x", 1)],
)
def test_keys_with_dots_are_found(tmp_path: Path, path: str, value: t.Any) -> None:
    (tmp_path / "a.yml").write_text("a: {b: c, v1.2.3: {x: 1}}\n")
    assert pin(path, directory=tmp_path) == value
