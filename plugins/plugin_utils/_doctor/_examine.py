# SPDX-License-Identifier: GPL-3.0-or-later
"""What a credential lacks, and what it could do beyond what it should."""

from __future__ import annotations

import datetime
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.ends import told
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._doctor._wanted import (
    POOL,
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


#: What taking a guest over needs at least: it is read with its disks, and gets our tags.
_TAKING_OVER = ("VM.Audit", "VM.Config.Disk", "VM.Config.Options")


def not_ours_to_change(vmids: t.Container[int], site: Data, snapshot: Data) -> list[str]:
    """Return a sentence for each guest that the credential could not take over.

    Args:
        vmids: the guests.
        site: site profile, for the pool that the writer writes in.
        snapshot: facts; ``privileges`` are those of the credential.
    """
    held, pool, found = snapshot.get("privileges") or {}, site.get("pool") or POOL, []
    for guest in snapshot.get("guests") or ():
        vmid, inside = guest["vmid"], guest.get("pool")
        places = [f"/vms/{vmid}", *([f"/pool/{inside}"] if inside else [])]
        rights = set().union(*(granted(held, path) for path in places))
        lacking = sorted(set(_TAKING_OVER) - rights)
        if held and vmid in vmids and lacking:
            move = " --allow-move 1" if inside else ""
            found.append(
                f"The credential that writes lacks {', '.join(lacking)} on {guest['name']} (VMID"
                f" {vmid}): put it into the pool {pool}, as root on any node with pvesh set /pools"
                f" --poolid {pool} --vms {vmid}{move}, then run this again."
            )
    return found


def _words(privileges: t.Container[str]) -> list[str]:
    return [word for name, word in COULD if name in privileges]
