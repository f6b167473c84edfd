# SPDX-License-Identifier: GPL-3.0-or-later
"""Every field of the real provider's schema that we could change is judged; others are refused."""

from __future__ import annotations

import json
import os
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform import fields
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.summary import (
    _OBSERVED,
)
from lab.tools import Tools

FILES = Path(__file__).resolve().parents[3] / "roles/terraform/files/bpg"
Schema = dict[str, t.Any]


@pytest.fixture(scope="module")
def settable(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Paths, as a summary writes them, of all that can be set in the resources of our module."""
    folder = tmp_path_factory.mktemp("schema")
    (folder / "versions.tf").write_text((FILES / "versions.tf").read_text(encoding="utf-8"))
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": str(tools.terraform_cli_config)}

    def run(*words: str) -> str:
        command = [str(tools.terraform), *words]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    run("init", "-input=false")
    (provider,) = json.loads(run("providers", "schema", "-json"))["provider_schemas"].values()
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(FILES.glob("*.tf")))
    ours = set(re.findall(r'^resource "([^"]+)"', text, re.MULTILINE))
    assert ours
    return {
        path for name in ours for path in paths(provider["resource_schemas"][name]["block"], "")
    }


def paths(block: Schema, above: str) -> t.Iterator[str]:
    """Yield the paths of the attributes of a block that a module can set."""
    for name, attribute in block.get("attributes", {}).items():
        path, kind = f"{above}{name}", attribute.get("type")
        if "nested_type" in attribute:
            yield from paths(attribute["nested_type"], f"{path}.")
        elif not attribute.get("optional") and not attribute.get("required"):
            continue
        elif isinstance(kind, list) and kind[0] == "map":
            yield f"{path}.KEY"
        elif isinstance(kind, list) and isinstance(kind[1], list) and kind[1][0] == "object":
            yield from (f"{path}.0.{below}" for below in kind[1][1])
        else:
            yield path
    for name, below in block.get("block_types", {}).items():
        listed = below.get("max_items") != 1 or name.startswith(("disk", "network", "mount"))
        yield from paths(below["block"], f"{above}{name}.{'0.' if listed else ''}")


def test_every_field_of_the_schema_is_judged(settable: set[str]) -> None:
    changed = {path for path in settable if not _OBSERVED.match(path)}
    assert len(changed) > 100 and fields.unjudged(changed) == []


def test_a_field_that_a_newer_schema_brings_is_refused(settable: set[str]) -> None:
    beside = {f"{path}x" for path in settable if not path.endswith(".KEY")} - settable
    assert fields.unjudged(beside) == sorted(beside)


def test_no_row_is_about_nothing(settable: set[str]) -> None:
    known = {re.sub(r"\.0(?=\.|$)", "", path).replace(".KEY", ".*") for path in settable}
    rows = [path for row in fields.FIELDS for path in fields.paths_of(row)]
    assert set(rows) <= known and len(rows) == len(set(rows)), "each field is judged once"
