# SPDX-License-Identifier: GPL-3.0-or-later
"""What is no name of a deployment leads to no folder, neither to look at nor to remove."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.records import ActionModule


@pytest.mark.parametrize("name", ["../shop", "shop/..", "Shop", ".", "a" * 64, "shop\n", ""])
@pytest.mark.parametrize("state", ["proposals", "difference", "seen", "undone", "removed"])
def test_a_deployment_is_named_by_a_name(
    run_action: t.Any, tmp_path: Path, state: str, name: str
) -> None:
    there = tmp_path / "shop"
    there.mkdir()
    place = tmp_path / "deployments" / name
    refused = run_action(ActionModule, state=state, directory=str(place), deployment=name)
    assert refused["failed"] and "deployment" in refused["msg"]
    assert there.is_dir()
