# SPDX-License-Identifier: GPL-3.0-or-later
"""What the credentials can do on Proxmox VE, beside what they should: one reads, one writes.

The reader looks at everything. The writer looks as well, and writes in the project's pool, on the
storages and bridges of the site profile, and clones its template. On a guest of somebody else it
may do nothing.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._privileges import (
    granted,
)

Data = t.Mapping[str, t.Any]
Credential = t.Literal["reader", "writer"]

POOL = "clusterwright"
#: What looking needs, and what Proxmox VE's own role for it holds.
AUDIT = ("Datastore.Audit", "Mapping.Audit", "Pool.Audit", "SDN.Audit", "Sys.Audit", "VM.Audit")
GUEST = (
    *("VM.Allocate", "VM.Audit", "VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Cloudinit"),
    *("VM.Config.Disk", "VM.Config.HWType", "VM.Config.Memory", "VM.Config.Network"),
    *("VM.Config.Options", "VM.Migrate", "VM.PowerMgmt", "Pool.Audit"),
)
#: What the guest agent is asked with; version 8 has no privilege of its own for it.
AGENT = {8: "VM.Monitor", 9: "VM.GuestAgent.Audit"}
#: Role of each part: name, then privileges; the agent's comes to those of guests.
ROLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "guests": ("ClusterwrightGuests", GUEST),
    "template": ("ClusterwrightTemplate", ("VM.Audit", "VM.Clone")),
    "storage": ("ClusterwrightStorage", ("Datastore.AllocateSpace", "Datastore.Audit")),
    "network": ("ClusterwrightNetwork", ("SDN.Audit", "SDN.Use")),
}
#: What a privilege on everything would allow, in words.
COULD: tuple[tuple[str, str], ...] = (
    ("Permissions.Modify", "give itself and others any right"),
    ("VM.Allocate", "destroy any guest"),
    ("VM.PowerMgmt", "stop any guest"),
    ("VM.Config.Disk", "take disks from any guest"),
    ("VM.Config.Network", "move any guest to another network"),
    ("VM.Config.Options", "change the settings of any guest"),
    ("VM.Snapshot.Rollback", "throw away what any guest wrote since a snapshot"),
    ("VM.Backup", "read the data of any guest"),
    ("VM.Console", "open the console of any guest"),
    ("VM.GuestAgent.Unrestricted", "run commands in any guest"),
    ("VM.Migrate", "move any guest to another host"),
    ("VM.Clone", "copy any guest"),
    ("Datastore.Allocate", "remove volumes and storages"),
    ("Datastore.AllocateSpace", "fill every storage"),
    ("Pool.Allocate", "take any guest into a pool of its own"),
    ("SDN.Allocate", "change the networks"),
    ("Sys.Modify", "change hosts, backup jobs and their network"),
    ("Sys.PowerMgmt", "switch hosts off"),
    ("Sys.Console", "open the console of the hosts, manage high availability"),
    ("User.Modify", "change users"),
)
#: Paths whose rights reach guests of others.
WIDE = ("/", "/vms", "/storage", "/nodes", "/pool", "/access", "/sdn")


@dataclass(frozen=True)
class Examined:
    """``missing`` and ``excess`` are sentences, ``commands`` make both credentials."""

    missing: tuple[str, ...]
    excess: tuple[str, ...]
    commands: tuple[str, ...]


def examine(credential: Credential, site: Data, snapshot: Data, *, expires: int = 0) -> Examined:
    """Compare what a credential holds, by the facts that it read, with what it should.

    Args:
        credential: what it is for.
        site: site profile.
        snapshot: facts; ``privileges`` are those of the credential.
        expires: end of the credentials that the commands make, seconds of the Unix epoch.
    """
    held = snapshot.get("privileges") or {}
    wanted: dict[str, tuple[str, ...]] = {"/": AUDIT}
    if credential == "writer":
        wanted |= {path: _privileges(part, snapshot) for path, part in places(site, snapshot)}
    missing = [
        f"It lacks {', '.join(lacking)} on {path}."
        for path, privileges in wanted.items()
        if (lacking := [p for p in privileges if p not in granted(held, path)])
    ]
    excess = [
        f"On {path} it could {', '.join(words)}."
        for path in WIDE
        if path == "/" or path in held
        if (words := [word for name, word in COULD if name in granted(held, path)])
    ]
    return Examined(tuple(missing), tuple(excess), tuple(commands(site, snapshot, expires)))


def places(site: Data, snapshot: Data) -> list[tuple[str, str]]:
    """Return where the writer needs something: path and the part of ``ROLES``."""
    found = [(f"/pool/{site.get('pool') or POOL}", "guests")]
    found += [(f"/vms/{vmid}", "template") for vmid in _templates(site, snapshot)]
    given = site.get("storages") or {}
    names = {
        given[key] for key in ("default", "fast", "cloud_init", "containers") if given.get(key)
    }
    found += [(f"/storage/{name}", "storage") for name in sorted(names)]
    bridge = (site.get("network") or {}).get("bridge")
    if bridge:
        zones = [b["zone"] for b in snapshot.get("bridges") or () if b["name"] == bridge]
        zone = next((zone for zone in zones if zone), "localnetwork")
        found.append((f"/sdn/zones/{zone}/{bridge}", "network"))
    return found


def commands(site: Data, snapshot: Data, expires: int = 0) -> t.Iterator[str]:
    """Yield the commands that make both credentials, for root on any node."""
    pool = site.get("pool") or POOL
    end = f" --expire {expires}" if expires else ""
    if pool not in (snapshot.get("pools") or ()):
        yield f"pveum pool add {pool}"
    for part, (role, _privileges_of) in ROLES.items():
        yield f"pveum role add {role} --privs '{' '.join(_privileges(part, snapshot))}'"
    for credential in ("reader", "writer"):
        user = f"{POOL}-{credential}@pve"
        yield f"pveum user add {user}{end}"
        yield f"pveum acl modify / --users {user} --roles PVEAuditor"
        if credential == "writer":
            for path, part in places(site, snapshot):
                yield f"pveum acl modify {path} --users {user} --roles {ROLES[part][0]}"
        yield f"pveum user token add {user} provision --privsep 0{end}"


def _privileges(part: str, snapshot: Data) -> tuple[str, ...]:
    _role, privileges = ROLES[part]
    major = int((snapshot.get("version") or {}).get("major") or max(AGENT))
    return (*privileges, AGENT[min(max(major, 8), 9)]) if part == "guests" else privileges


def _templates(site: Data, snapshot: Data) -> list[int]:
    given = site.get("template") or {}
    if given.get("vmid"):
        return [int(given["vmid"])]
    guests = snapshot.get("guests") or ()
    return sorted(
        int(g["vmid"]) for g in guests if g.get("template") and g["name"] == given.get("name")
    )
