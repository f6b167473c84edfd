# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of machines, from their tags."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._environments import (
    of_tags,
    touched,
)


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ((), "test"),
        (("web", "env-production"), "production"),
        (("env-development", "env-production"), "production"),
        (("env-elsewhere",), "test"),
        (("production",), "test"),
    ],
)
def test_of_tags(tags: tuple[str, ...], found: str) -> None:
    assert of_tags(tags, otherwise="test") == found


@pytest.mark.parametrize(
    ("machines", "found"),
    [
        ([], ["development"]),
        ([{}], ["development"]),
        ([{"tags": ["env-development"]}], ["development"]),
        (
            [{"tags": ["env-test", "env-production"]}, {"tags": ["env-test", "env-other"]}],
            ["development", "production", "test"],
        ),
    ],
)
def test_touched(machines: list[dict[str, t.Any]], found: list[str]) -> None:
    plans = [{"environment": "development", "machines": machines}]
    assert touched(plans * 2) == found
