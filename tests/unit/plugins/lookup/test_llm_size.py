# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup plug-in in a real run of Ansible."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    site,
    snapshot,
)

COLLECTIONS = Path("build/collections").absolute()


def evaluate(expression: str, folder: Path, **variables: t.Any) -> subprocess.CompletedProcess[str]:
    """Write the value of a Jinja expression to value.json with an ad-hoc task."""
    (folder / "vars.json").write_text(json.dumps(variables), encoding="utf-8")
    arguments = {
        "dest": str(folder / "value.json"),
        "content": f"{{{{ ({expression}) | to_json }}}}",
    }
    return subprocess.run(
        [
            *(str(Path(sys.executable).with_name("ansible")), "localhost", "-m", "copy"),
            *("-a", json.dumps(arguments), "-e", f"@{folder / 'vars.json'}"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "HOME": str(folder)},
    )


def test_each_sentence_gives_a_plan(tmp_path: Path) -> None:
    done = evaluate(
        "query('clusterwright.proxmox.llm_size', 'dev cluster', 'a vm with the usual settings',"
        " site=site, snapshot=facts)",
        tmp_path,
        site=to_data(site()),
        facts=to_data(snapshot()),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    plans = json.loads((tmp_path / "value.json").read_text(encoding="utf-8"))
    assert [plan["status"] for plan in plans] == ["ready", "ask"]
    assert len(plans[0]["machines"]) == 2


@pytest.mark.parametrize("wrong", [{"storages": {}}])
def test_a_wrong_site_is_one_sentence(wrong: dict[str, t.Any], tmp_path: Path) -> None:
    expression = "lookup('clusterwright.proxmox.llm_size', 'dev cluster', site=site)"
    done = evaluate(expression, tmp_path, site=wrong)
    assert done.returncode != 0
    assert "Site is not valid" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
