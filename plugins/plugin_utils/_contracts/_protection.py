# SPDX-License-Identifier: GPL-3.0-or-later
"""How machines are kept from loss: backup jobs of the cluster and replication between nodes."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
    field_validator,
    model_validator,
)

_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_DAYS = rf"{_DAY}(?:\.\.{_DAY})?(?:,{_DAY}(?:\.\.{_DAY})?)*"
_NUMBERS = r"(?:\*|\d{1,2}(?:\.\.\d{1,2})?)(?:/\d{1,2})?"
_LIST = rf"{_NUMBERS}(?:,{_NUMBERS})*"
_TIME = rf"{_LIST}(?::{_LIST}){{0,2}}"
_YEARS = r"(?:\*|\d{4}(?:\.\.\d{4})?)(?:/\d+)?"
_DATE = rf"(?:{_YEARS}-)?{_LIST}-{_LIST}"
_WORDS = "minutely|hourly|daily|weekly|monthly|quarterly|semiannually|semi-annually|yearly|annually"
_EVENT = re.compile(
    rf"(?:{_WORDS})|(?:{_DAYS}\s+)?(?:{_DATE}\s+)?{_TIME}|(?:{_DAYS}\s+)?{_DATE}|{_DAYS}", re.I
)


def calendar_event(text: str) -> str:
    """Return a calendar event of Proxmox VE, such as ``21:00``, ``*/30``, ``mon..fri 02:30``.

    Raises:
        ValueError: Proxmox VE would not understand it, or it names no such time.
    """
    clock = text.strip().rpartition(" ")[2]
    parts = [] if "-" in clock else clock.split(":")
    limits = [59] if len(parts) == 1 else [23, 59, 59]
    wrong = any(
        int(number) > limit
        for part, limit in zip(parts, limits, strict=False)
        for number in re.findall(r"\d+", re.sub(r"/\d+", "", part))
    )
    if wrong or not _EVENT.fullmatch(text.strip()):
        raise ValueError(
            f"{text!r} is no calendar event of Proxmox VE; write for instance 02:30,"
            " mon..fri 21:00, */30 or daily"
        )
    return text


NODE_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"


class Keep(Model):
    """How many backups of a guest stay; none of the numbers: all of them."""

    last: int | None = Field(
        default=None, ge=1, description="How many of the newest stay.", examples=[3]
    )
    hourly: int | None = Field(
        default=None, ge=1, description="Hours of which one stays each.", examples=[24]
    )
    daily: int | None = Field(
        default=None, ge=1, description="Days of which one stays each.", examples=[7]
    )
    weekly: int | None = Field(
        default=None, ge=1, description="Weeks of which one stays each.", examples=[4]
    )
    monthly: int | None = Field(
        default=None, ge=1, description="Months of which one stays each.", examples=[6]
    )
    yearly: int | None = Field(
        default=None, ge=1, description="Years of which one stays each.", examples=[1]
    )


class Backup(Model):
    """One backup job: of the deployment's own machines, of a pool, or of all guests."""

    name: str = Field(
        pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$",
        description="Name of the job.",
        examples=["nightly"],
    )
    storage: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9._-]{0,99}$",
        description="Storage with content backup, best outside of the cluster.",
        examples=["nas-backup"],
    )
    schedule: str = Field(
        description="When it runs, a calendar event of Proxmox VE.",
        examples=["02:30", "mon..fri 21:00"],
    )
    guests: t.Literal["deployment", "pool", "all"] = Field(
        default="deployment",
        description="Whose guests it covers; jobs of the site cover those of the deployment.",
        examples=["deployment"],
    )
    pool: str | None = Field(
        default=None, description="The pool, when guests is pool.", examples=["web"]
    )
    mode: t.Literal["snapshot", "suspend", "stop"] = Field(
        default="snapshot",
        description="What happens to a running guest meanwhile.",
        examples=["snapshot"],
    )
    compression: t.Literal["zstd", "gzip", "lzo", "none"] = Field(
        default="zstd", description="How backups are compressed.", examples=["zstd"]
    )
    keep: Keep = Field(
        default_factory=Keep,
        description="How many backups of a guest stay; without numbers, all.",
        examples=[{"daily": 7, "weekly": 4}],
    )
    enabled: bool = Field(default=True, description="Whether the job runs.", examples=[True])

    _calendar = field_validator("schedule")(calendar_event)

    @model_validator(mode="after")
    def _pool_is_named(self) -> Backup:
        if (self.guests == "pool") != (self.pool is not None):
            raise ValueError("a backup job of guests pool names that pool, and no other job does")
        return self


class ReplicationRule(Model):
    """How often volumes are copied to another node, and how fast at most (MB/s)."""

    schedule: str = Field(
        default="*/15",
        description="When volumes are copied, a calendar event of Proxmox VE.",
        examples=["*/15"],
    )
    rate_mb_per_second: float | None = Field(
        default=None,
        ge=1,
        description="How fast at most; without it, as fast as it goes.",
        examples=[50.0],
        json_schema_extra={"unit": "MB/s"},
    )

    _calendar = field_validator("schedule")(calendar_event)


class Replication(ReplicationRule):
    """One replication job of a machine; its volumes lie on a ZFS storage that ``target`` has."""

    target: str = Field(pattern=NODE_PATTERN)
