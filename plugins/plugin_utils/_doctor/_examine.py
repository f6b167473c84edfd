# SPDX-License-Identifier: GPL-3.0-or-later
"""What a credential lacks, and what it could do beyond what it should."""

from __future__ import annotations

import datetime
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.ends import told
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._doctor._wanted import (
    Credential,
    Data,
    grants,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._privileges import (
    COULD,
    granted,
)

#: Paths whose rights reach guests of others.
WIDE = ("/", "/vms", "/storage", "/nodes", "/pool", "/access", "/sdn")
#: What comes with a right that the site profile asks for, because there is no smaller one.
ALONG = {
    "Sys.Console": "High availability needs Sys.Console on /, and Proxmox VE accepts nothing"
    " smaller: with it this token could also have any guest started, stopped or moved by high"
    " availability.",
    "Sys.Modify": "Backup jobs need Sys.Modify on /, and Proxmox VE accepts nothing smaller: with"
    " it this token could also change the backup jobs of others and settings of the cluster.",
    "Datastore.Allocate": "Replication needs Datastore.Allocate on /storage on Proxmox VE 8: with"
    " it this token could also add storages, and change the replication of others.",
}


@dataclass(frozen=True)
class Examined:
    """Sentences: what it lacks, what it could do beyond, what comes with a right that is needed.

    ``ending`` says that it ends soon.
    """

    missing: tuple[str, ...] = ()
    excess: tuple[str, ...] = ()
    along: tuple[str, ...] = ()
    ending: tuple[str, ...] = ()


def examine(credential: Credential, site: Data, snapshot: Data) -> Examined:
    """Compare what a credential holds, by the facts that it read, with what it should.

    Args:
        credential: what it is for.
        site: site profile.
        snapshot: facts; ``privileges`` and ``credentials`` are those of the credential.
    """
    held = snapshot.get("privileges") or {}
    wanted: dict[str, set[str]] = {}
    for grant in grants(credential, site, snapshot):
        wanted.setdefault(grant.path, set()).update(grant.privileges)
    missing = [
        f"It lacks {', '.join(lacking)} on {path}."
        for path, privileges in wanted.items()
        if (lacking := sorted(privileges - granted(held, path)))
    ]
    excess = [
        f"On {path} it could {', '.join(words)}."
        for path in WIDE
        if path == "/" or path in held
        if (words := _words(granted(held, path) - wanted.get(path, set())))
    ]
    along = [text for name, text in ALONG.items() if any(name in p for p in wanted.values())]
    return Examined(tuple(missing), tuple(excess), tuple(along), tuple(_ending(snapshot)))


def _ending(snapshot: Data) -> t.Iterator[str]:
    for held in snapshot.get("credentials") or ():
        now = datetime.datetime.fromisoformat(snapshot["source"]["collected_at"])
        if text := told(held["identity"], held["ends"], now):
            yield text


def _words(privileges: t.Container[str]) -> list[str]:
    return [word for name, word in COULD if name in privileges]
