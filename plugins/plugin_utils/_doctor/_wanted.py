# SPDX-License-Identifier: GPL-3.0-or-later
"""The two credentials as they should be: roles, where each holds, the commands that make them."""

from __future__ import annotations

import shlex
import typing as t

Data = t.Mapping[str, t.Any]
Credential = t.Literal["reader", "writer"]
CREDENTIALS: tuple[Credential, ...] = ("reader", "writer")

POOL = "clusterwright"
#: What users of ours say of themselves; one without it is somebody else's.
MARK = "clusterwright"
AUDITOR = "PVEAuditor"
#: What looking needs, and what Proxmox VE's own role for it holds.
AUDIT = ("Datastore.Audit", "Mapping.Audit", "Pool.Audit", "SDN.Audit", "Sys.Audit", "VM.Audit")
#: Terraform's provider asks for the format of disks, which Proxmox VE tells only to who may change
#: the disks of that guest.
DISKS = ("Pool.Audit", "VM.Config.Disk")
#: What the guest agent is asked with; version 8 has no privilege of its own for it.
AGENT = {8: "VM.Monitor", 9: "VM.GuestAgent.Audit"}
#: What replication is set up with; version 8 asks for it on all storages.
REPLICATION = {8: ("Datastore.Allocate", "Datastore.Audit"), 9: ("VM.Replicate",)}


class Grant(t.NamedTuple):
    """A role on a path; without ``propagate`` it holds there and nowhere below."""

    path: str
    role: str
    privileges: tuple[str, ...]
    propagate: bool = True


def grants(credential: Credential, site: Data, snapshot: Data) -> list[Grant]:
    """Return what a credential should hold, and where.

    Args:
        credential: what it is for.
        site: site profile.
        snapshot: facts, for the version, the zone of the bridge and the VMID of the template.
    """
    found = [Grant("/", AUDITOR, AUDIT)]
    pool = f"/pool/{site.get('pool') or POOL}"
    if credential == "reader":
        return [*found, Grant(pool, "ClusterwrightDisks", DISKS)]
    major = min(max(int((snapshot.get("version") or {}).get("major") or 9), 8), 9)
    found.append(Grant(pool, "ClusterwrightGuests", (*_GUEST, AGENT[major])))
    found += [
        Grant(f"/vms/{vmid}", "ClusterwrightTemplate", ("VM.Audit", "VM.Clone"))
        for vmid in _templates(site, snapshot)
    ]
    storage = ("Datastore.AllocateSpace", "Datastore.Audit")
    found += [
        Grant(f"/storage/{name}", "ClusterwrightStorage", storage) for name in _storages(site)
    ]
    bridge = (site.get("network") or {}).get("bridge")
    if bridge:
        zones = [b["zone"] for b in snapshot.get("bridges") or () if b["name"] == bridge]
        zone = next((zone for zone in zones if zone), "localnetwork")
        path = f"/sdn/zones/{zone}/{bridge}"
        found.append(Grant(path, "ClusterwrightNetwork", ("SDN.Audit", "SDN.Use")))
    return found + _beyond(site, major, pool)


_GUEST = (
    *("VM.Allocate", "VM.Audit", "VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Cloudinit"),
    *("VM.Config.Disk", "VM.Config.HWType", "VM.Config.Memory", "VM.Config.Network"),
    *("VM.Config.Options", "VM.Migrate", "VM.PowerMgmt", "Pool.Audit"),
)


def _beyond(site: Data, major: int, pool: str) -> list[Grant]:
    """Return what high availability, backup jobs and replication need, where the site has them.

    Proxmox VE 8.4 and 9.1 ask for Sys.Console and Sys.Modify on the root of all paths and accept
    nothing smaller; without propagation they reach no host, guest or storage by themselves.
    """
    found = []
    if any(rules.get("ha") for rules in (site.get("environments") or {}).values()):
        found.append(Grant("/", "ClusterwrightAvailability", ("Sys.Console",), False))
    if site.get("backups"):
        found.append(Grant("/", "ClusterwrightBackups", ("Sys.Modify",), False))
    if site.get("replication"):
        path = pool if major >= 9 else "/storage"
        found.append(Grant(path, "ClusterwrightReplication", REPLICATION[major], major >= 9))
    return found


def _storages(site: Data) -> list[str]:
    given = site.get("storages") or {}
    return sorted(
        {given[key] for key in ("default", "fast", "cloud_init", "containers") if given.get(key)}
    )


def _templates(site: Data, snapshot: Data) -> list[int]:
    given = site.get("template") or {}
    if given.get("vmid"):
        return [int(given["vmid"])]
    guests = snapshot.get("guests") or ()
    return sorted(
        int(g["vmid"]) for g in guests if g.get("template") and g["name"] == given.get("name")
    )


def wanted(site: Data, snapshot: Data, expires: int = 0) -> dict[str, t.Any]:
    """Return both credentials as data, in the form of the module ``credentials``.

    Args:
        site: site profile; its ``credentials`` name the tokens.
        snapshot: facts.
        expires: when both end, seconds of the Unix epoch; 0: never.
    """
    accounts: list[dict[str, t.Any]] = []
    roles: dict[str, list[str]] = {}
    for credential in CREDENTIALS:
        held = grants(credential, site, snapshot)
        roles |= {g.role: sorted(g.privileges) for g in held if g.role != AUDITOR}
        given = (site.get("credentials") or {}).get(credential) or {}
        named = given.get("token_id") or f"{POOL}-{credential}@pve!provision"
        user, _mark, token = named.partition("!")
        accounts.append(
            {
                "purpose": credential,
                "user": user,
                "token": token,
                "expire": expires,
                "comment": f"{MARK} {credential} of {site.get('name') or 'default'}",
                "grants": [
                    {"path": g.path, "role": g.role, "propagate": g.propagate} for g in held
                ],
            }
        )
    return {"pool": site.get("pool") or POOL, "roles": roles, "accounts": accounts}


def commands(site: Data, snapshot: Data, expires: int = 0) -> t.Iterator[str]:
    """Yield the commands that make both credentials, for root on any node."""
    both = wanted(site, snapshot, expires)
    end = f" --expire {expires}" if expires else ""
    if both["pool"] not in (snapshot.get("pools") or ()):
        yield f"pveum pool add {shlex.quote(both['pool'])}"
    for role, privileges in both["roles"].items():
        yield f"pveum role add {role} --privs '{' '.join(privileges)}'"
    for account in both["accounts"]:
        user = shlex.quote(account["user"])
        yield f"pveum user add {user}{end} --comment {shlex.quote(account['comment'])}"
        for grant in account["grants"]:
            below = "" if grant["propagate"] else " --propagate 0"
            path = shlex.quote(grant["path"])
            yield f"pveum acl modify {path} --users {user} --roles {grant['role']}{below}"
        yield f"pveum user token add {user} {shlex.quote(account['token'])} --privsep 0"
