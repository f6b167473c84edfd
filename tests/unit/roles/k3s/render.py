# SPDX-License-Identifier: GPL-3.0-or-later
"""Render what the role derives from its variables, with Ansible's own Jinja."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).resolve().parents[4]
ROLE = ROOT / "roles/k3s"
ADDRESSES = {f"host-{number}": f"10.77.0.2{number}" for number in range(1, 5)}
SERVERS = ["host-1", "host-2", "host-3"]


def found(address: str, **changes: t.Any) -> dict[str, t.Any]:
    """What k3s_host_info says of a fresh host."""
    return {
        "address": address,
        "architecture": "x86_64",
        "container": False,
        "etcd_data": False,
        "files": [],
        "hostname": address,
        "interface": "ens18",
        "k3s_version": "",
        "machine_id": address,
        "missing_commands": [],
    } | changes


class Role:
    """The role's variables as one host of a cluster sees them."""

    def __init__(self, host: str = "host-1", **variables: t.Any) -> None:
        loader = DataLoader()
        loader.set_basedir(str(ROLE))
        values: dict[str, t.Any] = {}
        for part in ("defaults", "vars"):
            values |= loader.load_from_file(str(ROLE / part / "main.yml"), trusted_as_template=True)
        facts = {name: found(address) for name, address in ADDRESSES.items()}
        values |= {
            "inventory_hostname": host,
            "ansible_host": ADDRESSES[host],
            "ansible_check_mode": False,
            "ansible_search_path": [str(ROLE)],
            "playbook_dir": "/srv",
            "hostvars": {name: {"__k3s_host": fact} for name, fact in facts.items()},
            "__k3s_host": facts[host],
            "__k3s_source_stats": {"results": []},
            "__k3s_token": "0123abcd",
            "k3s_cluster_name": "demo",
            "k3s_servers": SERVERS,
            "k3s_agents": ["host-4"],
            "k3s_vip": "10.77.0.100",
        } | variables
        self._templar = Templar(loader=loader, variables=values)

    def __getitem__(self, name: str) -> t.Any:
        """Return a variable, templated."""
        return self._templar.template(trust_as_template("{{ " + name + " }}"))

    def file(self, path: str) -> str:
        """Return what the role writes to ``path``."""
        contents = {item["path"]: item["content"] for item in self["__k3s_files + __k3s_secrets"]}
        return contents[path]

    def paths(self) -> set[str]:
        """Return the files that the role writes."""
        return {item["path"] for item in self["__k3s_files + __k3s_secrets"]}
