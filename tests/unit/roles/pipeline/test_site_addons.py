# SPDX-License-Identifier: GPL-3.0-or-later
"""What the site says of add-ons reaches them, also of those that nobody asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def test_settings_and_values_of_the_site_stand_below_those_of_the_plan(tmp_path: Path) -> None:
    asked = {"name": "traefik", "settings": {"replicas": 2}, "values": {"b": 2}, "why": "x"}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {
            "ansible_python_interpreter": sys.executable,
            "pipeline_site": {
                "addons": {"prometheus": {"grafana": False}, "traefik": {"values": {"a": 1}}}
            },
            "pipeline_size": {"plan": {"addons": [asked]}},
        },
        "tasks": [
            {"ansible.builtin.include_vars": str(ROOT / "roles/pipeline/vars/main.yml")},
            {
                "ansible.builtin.copy": {
                    "content": "{{ [pipeline_addon_values, pipeline_addon_settings] | to_json }}",
                    "dest": str(tmp_path / "found.json"),
                }
            },
        ],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    program = Path(sys.executable).parent / "ansible-playbook"
    done = subprocess.run(
        [str(program), "-i", "localhost,", "play.yml"],
        cwd=tmp_path,
        env=os.environ | {"ANSIBLE_STDOUT_CALLBACK": "default"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    values, settings = json.loads((tmp_path / "found.json").read_text())
    assert values == {"prometheus": {}, "traefik": {"a": 1, "b": 2}}
    assert settings == {"prometheus": {"grafana": False}, "traefik": {"replicas": 2}}
