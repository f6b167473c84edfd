# SPDX-License-Identifier: GPL-3.0-or-later
"""What the site names installs the software on its machines, and on no others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def test_a_playbook_of_the_site_runs_on_its_machines(tmp_path: Path) -> None:
    (tmp_path / "inventory/group_vars").mkdir(parents=True)
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {name: host for name in ("localhost", "db-1", "web-1")}
    (tmp_path / "inventory/hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    (tmp_path / "inventory/group_vars/software_my_db.yml").write_text("db_port: 5432\n")
    book = tmp_path / "db.yml"
    content = "{{ inventory_hostname }} {{ ansible_user }} {{ db_port }}"
    write = {
        "ansible.builtin.copy": {
            "content": content,
            "dest": f"{tmp_path}/made-{{{{ inventory_hostname }}}}",
        }
    }
    book.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [write]}]))
    machines = [{"name": "db-1", "software": "my-db"}, {"name": "web-1", "software": None}]
    ledger = str(tmp_path / "ledger.sqlite")
    begin = {"state": "started", "ledger": ledger, "deployment": "lab", "directory": str(tmp_path)}
    join = {"name": "{{ item }}", "ansible_host": "127.0.0.1", "ansible_user": "ops"}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {
            "ledger": ledger,
            "site": {"software": {"my-db": {"playbook": str(book)}, "other": {"role": "a.b"}}},
            "pipeline_said": {"directory": str(tmp_path), "deployment": "lab", "applied": None},
            "pipeline_size": {"plan": {"environment": "test", "machines": machines}},
            "terraform_applied": {"outputs": {}},
        },
        "tasks": [
            {"clusterwright.proxmox.run": begin, "register": "pipeline_run"},
            {
                "ansible.builtin.add_host": {**join, "ansible_ssh_common_args": "-o A=b"},
                "loop": ["db-1", "web-1"],
            },
            {
                "ansible.builtin.import_role": {
                    "name": "clusterwright.proxmox.pipeline",
                    "tasks_from": "software",
                }
            },
        ],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        [str(bin_folder / "ansible-playbook"), "-i", "inventory", "play.yml"],
        env={
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/collections"),
            "HOME": os.environ["HOME"],
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
        },
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in tmp_path.glob("made-*")] == ["made-db-1"], done.stdout
    assert (tmp_path / "made-db-1").read_text() == "db-1 ops 5432"
