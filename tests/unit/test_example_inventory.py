# SPDX-License-Identifier: GPL-3.0-or-later
"""The example that people copy is whole and valid, and names no secret."""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Site, parse

ROOT = Path(__file__).resolve().parents[2]
GROUP_VARS = ROOT / "inventory/example/group_vars/all"
sys.path.insert(0, str(ROOT / "tests"))
from reference import site_page  # noqa: E402


def read(name: str, *, whole: bool = False) -> dict[str, t.Any]:
    """Return a file of the example; ``whole``: with the keys that it shows as comments."""
    text = (GROUP_VARS / name).read_text(encoding="utf-8")
    if whole:
        text = re.sub(r"^(\s*)# (?=[a-z_]+:(?: |$)|- |  )", r"\1", text, flags=re.MULTILINE)
    found = yaml.safe_load(text)
    assert isinstance(found, dict)
    return found


def keys(value: t.Any, prefix: str) -> t.Iterator[str]:
    """Yield the dotted keys of a profile, in the words of the page about it."""
    yield prefix
    if isinstance(value, dict):
        free = prefix in ("site.environments", "site.software")
        for name, below in value.items():
            yield from keys(below, f"{prefix}.{'NAME' if free else name}")
    elif isinstance(value, list):
        for item in value:
            yield from keys(item, f"{prefix}[]")


@pytest.mark.parametrize("whole", [False, True])
def test_the_site_profile_is_valid(whole: bool) -> None:
    site = parse(Site, read("site.yml", whole=whole)["site"])
    assert site.environments["development"].auto_approve
    assert not site.environments["production"].auto_approve
    assert len(site.backups) == whole, "a job needs a right on everything"


def test_every_key_of_the_profile_is_shown() -> None:
    documented = set(re.findall(r"^\| `(site[^`]+)`", site_page(), re.MULTILINE))
    rare = {"guests", "pool", "enabled"} | {"last", "hourly", "monthly", "yearly"}
    rarely = {key for key in documented if "backups" in key and key.rpartition(".")[2] in rare}
    assert documented - rarely - set(keys(read("site.yml", whole=True)["site"], "site")) == set()


def test_every_key_is_documented() -> None:
    for line in site_page().splitlines():
        if line.startswith("| `site"):
            _, key, kind, _unit, default, example, what, _ = re.split(r"(?<!\\) ?\|", line)
            assert all(cell.strip() for cell in (key, kind, default, example, what)), line


def test_the_secret_comes_from_the_environment() -> None:
    connection = read("proxmox.yml", whole=True)
    secrets = [name for name in connection if name.endswith(("_secret", "_password"))]
    assert secrets
    assert all("ansible.builtin.env" in str(connection[name]) for name in secrets)
