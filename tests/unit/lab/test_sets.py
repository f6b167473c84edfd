# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario of the platform has every add-on, and the charts that it upgrades to."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue import load_catalogue
from lab.charts import build_charts, next_release
from lab.charts.sets import answered, compatible_sets

ENTRIES = load_catalogue().entries
ONE_MORE = """
name: tide-table
title: Tide table
summary: Tells the tides.
homepage: https://example.org
stage: application
chart: {name: tide-table, version: 1.0.0, repository: "https://charts.example.org"}
release: tide-table
namespace: tides
settings:
  harbour: {type: hostname, required: true, question: Which harbour?, description: Harbour.}
  key: {type: secret, required: true, description: Key.}
cost: {source: made up, confidence: 0.1}
"""


@pytest.mark.parametrize("number", [1, 2, 3])
def test_every_addon_is_in_a_set_that_can_be_installed(number: int) -> None:
    sets = compatible_sets(number)
    assert {name for found in sets for name in found.names} == set(ENTRIES)
    for found in sets:
        again = answered(found.names)
        assert (again.refusals, again.questions) == ([], [])
        assert list(again.names) == found.names


def test_a_new_entry_is_in_it_by_itself(tmp_path: Path) -> None:
    (tmp_path / "tide-table.yml").write_text(ONE_MORE)
    sets = compatible_sets(catalogue=load_catalogue((str(tmp_path),)))
    [found] = [found for found in sets if "tide-table" in found.names]
    assert found.settings["tide-table"] == {"harbour": "addon.lab.example"}
    assert set(found.secrets["tide-table"]) == {"key"}


def test_the_lab_has_a_chart_for_every_addon_and_newer_ones(tmp_path: Path) -> None:
    folders = {"now": build_charts(tmp_path / "now")}
    folders["next"] = next_release(folders["now"], tmp_path / "next")
    folders["failing"] = next_release(folders["now"], tmp_path / "failing", fails=True)
    for entry in ENTRIES.values():
        versions = {
            which: yaml.safe_load((folder / entry.chart.name / "Chart.yaml").read_text())["version"]
            for which, folder in folders.items()
        }
        assert versions["now"] == entry.chart.version
        assert len(set(versions.values())) == 3
    for template in tmp_path.glob("*/*/templates/*.yaml"):
        assert "<<" not in template.read_text(), template
