# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster holds of a deployment, by our tags, against what the records say."""

from __future__ import annotations

import typing as t

Data = t.Mapping[str, t.Any]
OWNER_TAG = "clusterwright"


def deployment_tag(deployment: str) -> str:
    """Return the tag of the guests of one deployment."""
    return f"cw-{deployment}"


def own_guests(deployment: str, snapshot: Data | None) -> list[Data]:
    """Return the guests of the facts that carry both tags of a deployment, by VMID."""
    wanted = {OWNER_TAG, deployment_tag(deployment)}
    guests = (snapshot or {}).get("guests") or ()
    found = [g for g in guests if wanted <= set(g.get("tags") or ()) and not g.get("template")]
    return sorted(found, key=lambda guest: guest["vmid"])


def deployments_of(snapshot: Data | None) -> dict[str, list[Data]]:
    """Return the guests of the facts that carry our tags, by the deployment they name."""
    found: dict[str, list[Data]] = {}
    for guest in (snapshot or {}).get("guests") or ():
        tags = set(guest.get("tags") or ())
        for tag in sorted(tags) if OWNER_TAG in tags and not guest.get("template") else ():
            if tag.startswith("cw-"):
                found.setdefault(tag.removeprefix("cw-"), []).append(guest)
    return dict(sorted(found.items()))


def seen(deployment: str, plan: Data | None, snapshot: Data | None) -> dict[str, t.Any]:
    """Compare an applied plan with the facts.

    Returns:
        ``guests``: what carries our tags; ``differences``: one sentence each; ``unknown``: guests
        with our tags that no record has; ``gone``: machines of the record that are not there.
    """
    there = own_guests(deployment, snapshot)
    everyone = {int(g["vmid"]): g for g in (snapshot or {}).get("guests") or ()}
    machines = {int(m["vmid"]): m for m in (plan or {}).get("machines") or ()}
    offline = {n["name"] for n in (snapshot or {}).get("nodes") or () if not n["online"]}
    told: list[str] = []
    gone: list[str] = []
    for vmid, machine in sorted(machines.items()):
        guest = everyone.get(vmid)
        if guest is not None:
            told += _differs(machine, guest, deployment)
        elif machine["node"] in offline:
            told.append(f"{machine['node']} is offline; {machine['name']} ({vmid}) is there.")
        else:
            gone.append(str(machine["name"]))
            told.append(f"{machine['name']} (VMID {vmid}) is not on the cluster.")
    unknown = [guest for guest in there if int(guest["vmid"]) not in machines]
    told += [
        f"{named(guest)} carries the tags of {deployment}, but no applied record has it."
        for guest in unknown
    ]
    return {
        "guests": [dict(guest) for guest in there],
        "differences": told,
        "unknown": [named(guest) for guest in unknown],
        "gone": gone,
    }


def named(guest: Data) -> str:
    """Return a guest as a sentence names it."""
    return f"{guest['name'] or '(no name yet)'} (VMID {guest['vmid']} on {guest['node']})"


def _differs(machine: Data, guest: Data, deployment: str) -> t.Iterator[str]:
    name = f"{machine['name']} (VMID {machine['vmid']})"
    if guest["name"] and guest["name"] != machine["name"]:
        yield f"VMID {machine['vmid']} is named {guest['name']}, not {machine['name']}."
    if guest["node"] != machine["node"]:
        yield f"{name} is on {guest['node']}, the record says {machine['node']}."
    cores = machine["cores"] * machine.get("sockets", 1)
    if guest.get("cpus") and guest["cpus"] != cores:
        yield f"{name} has {guest['cpus']} vCPU, the record says {cores}."
    if guest.get("memory_mib") and guest["memory_mib"] != machine["memory_mib"]:
        yield f"{name} has {guest['memory_mib']} MiB, the record says {machine['memory_mib']} MiB."
    if guest.get("status") not in ("running", "unknown"):
        yield f"{name} is {guest['status']}."
    if not {OWNER_TAG, deployment_tag(deployment)} <= set(guest.get("tags") or ()):
        yield f"{name} lacks the tags of the deployment."
