# SPDX-License-Identifier: GPL-3.0-or-later
"""How machines are kept from loss: backup jobs of the cluster and replication between nodes."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
    model_validator,
)

#: Calendar event of Proxmox VE, such as ``21:00``, ``*/30`` or ``mon..fri 02:30``.
SCHEDULE_PATTERN = r"^[A-Za-z0-9*][A-Za-z0-9*,:./~ -]{0,127}$"
NODE_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"


class Keep(Model):
    """How many backups of a guest stay; none of the numbers: all of them."""

    last: int | None = Field(default=None, ge=1)
    hourly: int | None = Field(default=None, ge=1)
    daily: int | None = Field(default=None, ge=1)
    weekly: int | None = Field(default=None, ge=1)
    monthly: int | None = Field(default=None, ge=1)
    yearly: int | None = Field(default=None, ge=1)


class Backup(Model):
    """One backup job: of the deployment's own machines, of a pool, or of all guests."""

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")
    storage: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]{0,99}$")
    schedule: str = Field(pattern=SCHEDULE_PATTERN)
    guests: t.Literal["deployment", "pool", "all"] = "deployment"
    pool: str | None = None  # guests: pool
    mode: t.Literal["snapshot", "suspend", "stop"] = "snapshot"
    compression: t.Literal["zstd", "gzip", "lzo", "none"] = "zstd"
    keep: Keep = Field(default_factory=Keep)
    enabled: bool = True

    @model_validator(mode="after")
    def _pool_is_named(self) -> Backup:
        if (self.guests == "pool") != (self.pool is not None):
            raise ValueError("a backup job of guests pool names that pool, and no other job does")
        return self


class ReplicationRule(Model):
    """How often volumes are copied to another node, and how fast at most (MB/s)."""

    schedule: str = Field(default="*/15", pattern=SCHEDULE_PATTERN)
    rate_mb_per_second: float | None = Field(default=None, ge=1)


class Replication(ReplicationRule):
    """One replication job of a machine; its volumes lie on a ZFS storage that ``target`` has."""

    target: str = Field(pattern=NODE_PATTERN)
