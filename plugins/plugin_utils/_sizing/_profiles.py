# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of cluster profiles (``profiles.yml``)."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import parse
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Environment,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import read_yaml


class Profile(Model):
    """Topology and size of a cluster; ``cores`` and ``memory_mib`` are of each machine."""

    servers: int = Field(ge=1)
    agents: int = Field(ge=0)
    cores: int = Field(ge=1)
    memory_mib: int
    server_disk_gib: int
    agent_disk_gib: int
    addons: tuple[str, ...] = ()


class Profiles(Model):
    """All profiles with the source that each number of them is given."""

    source: str
    confidence: float
    workloads: dict[str, Profile]
    environments: dict[Environment, Profile]
    high_availability: Profile

    def choose(self, workload: str | None, environment: Environment) -> tuple[str, Profile]:
        """Return id and profile of the workload, else of the environment."""
        if workload is not None and workload in self.workloads:
            return workload, self.workloads[workload]
        return environment, self.environments[environment]

    def by_id(self, profile_id: str) -> Profile:
        """Return a profile by the id that ``choose`` gave."""
        if profile_id in self.workloads:
            return self.workloads[profile_id]
        return next(p for name, p in self.environments.items() if name == profile_id)


@functools.cache
def load_profiles() -> Profiles:
    """Return the profile table of the collection."""
    data: t.Any = read_yaml(Path(__file__).with_name("profiles.yml"))
    return parse(Profiles, data)
