# SPDX-License-Identifier: GPL-3.0-or-later
"""Software that nobody installs is told, and what the site installs is on its machines."""

from __future__ import annotations

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    Site,
    parse,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import table
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    plan,
    request,
    site,
    snapshot,
)

DATABASE = request(kind="app", apps=[{"family": "postgresql", "known": True}])
ROLE = {"postgresql": {"role": "geerlingguy.postgresql"}}


def test_nobody_installs_it() -> None:
    made = plan(DATABASE, snapshot(2))
    assert {machine.software for machine in made.machines} == {"postgresql"}
    said = " ".join(" ".join(table(made)).split())
    assert "PostgreSQL is not installed: " in said and "site.software.postgresql" in said


def test_a_role_of_the_site_installs_it() -> None:
    made = plan(DATABASE, snapshot(2), site(software=ROLE))
    said = " ".join(" ".join(table(made)).split())
    assert "by geerlingguy.postgresql of the site" in said and "not installed" not in said


def test_nodes_of_a_cluster_are_for_no_software() -> None:
    made = plan(request(environment="development", cluster={"addons": ["longhorn"]}), snapshot(2))
    assert {machine.software for machine in made.machines} == {None}
    assert "not installed" not in " ".join(table(made))


def test_plain_machines_need_no_word() -> None:
    wanted = request(kind="vm", machines=[{"role": "vm", "cores": 2, "memory_mib": 2048}])
    made = plan(wanted, snapshot(1))
    assert not [f for f in made.findings if f.id.startswith("software.")]
    assert made.machines[0].software is None


@pytest.mark.parametrize("entry", [{}, {"role": "a.b", "playbook": "/c.yml"}])
def test_an_entry_names_one_of_both(entry: dict[str, str]) -> None:
    with pytest.raises(ContractError, match="either a role or a playbook"):
        parse(Site, {**to_data(site()), "software": {"postgresql": entry}})
