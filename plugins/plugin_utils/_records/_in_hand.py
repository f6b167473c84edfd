# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a deployment's records a run goes on from."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._conversation import (
    key_of_request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._folder import (
    Data,
    Folder,
)


@dataclass(frozen=True)
class InHand:
    """What a run begins with; every part is plain data or None.

    ``plan`` is the proposal to go on from: the newest one that was made since the last apply,
    else the applied one. ``request`` and ``snapshot`` belong to it.
    """

    request: Data | None = None
    snapshot: Data | None = None
    plan: Data | None = None
    proposal: str | None = None
    applied: Data | None = None


def in_hand(folder: Folder, text: str = "", proposal: str = "") -> InHand:
    """Return what a run of a deployment goes on from.

    Args:
        folder: of the deployment.
        text: sentence of this run; another sentence than that of the newest proposal goes on
            from what is applied.
        proposal: beginning of the id of the proposal that is wanted.

    Raises:
        RecordError: a record is damaged, or there is no such proposal.
    """
    applied = folder.applied()
    if proposal:
        return _of(folder.proposal(proposal), applied)
    newest = next(iter(folder.proposals()), None)
    if newest is None:
        return _of(applied or folder.newest(), applied)
    fresh = newest["base"] == (applied["id"] if applied else None)
    fresh = fresh and newest["at"] > folder.emptied_at()
    if applied is not None and (not fresh or _says_other(text, newest)):
        return _of(applied, applied)
    if not fresh:
        # Destroyed since: the request may be asked again, its plan is of machines that are gone.
        return InHand(request=newest["request"], applied=None)
    return _of(newest, applied)


def _says_other(text: str, record: t.Mapping[str, t.Any]) -> bool:
    said = key_of_request(record["request"])
    return bool(text.strip()) and text.split() != said.split()


def _of(record: Data | None, applied: Data | None) -> InHand:
    found = record or {}
    return InHand(
        found.get("request"), found.get("snapshot"), found.get("plan"), found.get("id"), applied
    )
