# SPDX-License-Identifier: GPL-3.0-or-later
"""The example that people copy is a site profile that can be read, and names no secret."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Site, parse

GROUP_VARS = Path(__file__).resolve().parents[2] / "inventory/example/group_vars/all"


def read(name: str) -> dict[str, object]:
    found = yaml.safe_load((GROUP_VARS / name).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def test_the_site_profile_is_valid() -> None:
    site = parse(Site, read("site.yml")["site"])
    assert site.environments["development"].auto_approve
    assert not site.environments["production"].auto_approve
    assert [job.name for job in site.backups] == ["nightly"]


def test_the_secret_comes_from_the_environment() -> None:
    connection = read("proxmox.yml")
    secrets = [name for name in connection if name.endswith(("_secret", "_password"))]
    assert secrets
    assert all("ansible.builtin.env" in str(connection[name]) for name in secrets)
