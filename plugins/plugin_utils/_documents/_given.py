# SPDX-License-Identifier: GPL-3.0-or-later
"""What documents are made from: nothing but records, and no secret among it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

Data = dict[str, t.Any]


@dataclass(frozen=True)
class Given:
    """Plan, request and facts as they were applied, and what was said where they run.

    ``addons``: title, namespace, notes and checks of each, from the catalogue. ``commands``: a
    command line for each playbook. ``files``: further documents by label. ``inventory``: groups
    and hosts as an inventory has them. ``alerts``: summary and mend of each rule, by name.
    """

    plan: Data
    request: Data
    snapshot: Data
    commands: t.Mapping[str, str]
    addons: t.Sequence[Data] = ()
    alerts: t.Sequence[Data] = ()
    inventory: Data = field(default_factory=dict)
    kubeconfig: str = ""
    stand_ins: t.Sequence[str] = ()
    simulated_reason: str = ""

    @property
    def name(self) -> str:
        """Return the name of the deployment."""
        return str(self.plan["deployment"])

    @property
    def machines(self) -> list[Data]:
        """Return the machines of the plan."""
        return list(self.plan["machines"])

    @property
    def cluster(self) -> Data:
        """Return the cluster, empty where there is none."""
        return self.plan.get("cluster") or {}

    @property
    def kubectl(self) -> str:
        """Return kubectl for this cluster."""
        return f"kubectl --kubeconfig {self.kubeconfig}"

    def address(self, machine: Data) -> str:
        """Return where a machine is reached: the inventory knows DHCP addresses."""
        hosts = self.hosts.get(machine["name"]) or {}
        nics = machine.get("nics") or []
        planned = str(nics[0]["address"]).partition("/")[0] if nics else ""
        return str(hosts.get("ansible_host") or planned)

    def user(self, machine: Data) -> str:
        """Return who logs in."""
        hosts = self.hosts.get(machine["name"]) or {}
        planned = (machine.get("cloud_init") or {}).get("user")
        return str(hosts.get("ansible_user") or planned or "root")

    @property
    def hosts(self) -> dict[str, Data]:
        """Return the variables of each host of the inventory."""
        found: dict[str, Data] = {}

        def look(group: Data) -> None:
            found.update(group.get("hosts") or {})
            for child in (group.get("children") or {}).values():
                look(child or {})

        look(self.inventory.get("all") or {})
        return found
