# SPDX-License-Identifier: GPL-3.0-or-later
"""The literals of a request and the text without them."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clean import fold

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.backups import Said


@dataclasses.dataclass
class Entities:
    """What was found, by meaning, and the text without it."""

    text: str = ""
    names: list[str] = dataclasses.field(default_factory=list)
    bad_names: list[str] = dataclasses.field(default_factory=list)
    cluster_name: str | None = None
    target_name: str | None = None  # an existing machine or cluster that is to change
    version: str | None = None
    os: str | None = None
    other_systems: list[str] = dataclasses.field(default_factory=list)
    node: str | None = None
    other_nodes: list[str] = dataclasses.field(default_factory=list)  # further hosts that were said
    avoided_nodes: list[str] = dataclasses.field(default_factory=list)  # "not on pve1"
    storage: str | None = None
    bridge: str | None = None
    vlan: int | None = None
    addresses: list[str] = dataclasses.field(default_factory=list)
    gateway: str | None = None
    subnet: str | None = None  # a network that was said; plans take that of the site
    dns_servers: list[str] = dataclasses.field(default_factory=list)
    vip: str | None = None
    template_id: int | None = None
    template_name: str | None = None
    iso: str | None = None
    lxc_template: str | None = None
    vmid: int | None = None
    pool: str | None = None
    tags: tuple[str, ...] = ()
    image: str | None = None
    port: int | None = None
    relative_to: str | None = None
    backups: Said | None = None
    problems: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def blank(self, start: int, end: int, keep: str = "") -> None:
        """Replace a span by spaces (and a short mark), keeping every other position."""
        filler = (keep + " " * (end - start))[: end - start]
        self.text = self.text[:start] + filler + self.text[end:]

    @property
    def folded(self) -> str:
        """Return the remaining text, folded."""
        return fold(self.text)


def take(found: Entities, pattern: re.Pattern[str], keep: str = "") -> str | None:
    """Return the group ``value`` of the first match (original letters) and blank the match."""
    match = pattern.search(found.folded)
    if match is None:
        return None
    value = found.text[match.start("value") : match.end("value")]
    found.blank(match.start(), match.end(), keep)
    return value
