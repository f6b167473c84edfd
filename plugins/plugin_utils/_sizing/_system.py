# SPDX-License-Identifier: GPL-3.0-or-later
"""The operating system that was said, found among the templates and ISOs that exist."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Snapshot
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Source as SourceWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)

#: Names that templates and images carry instead of a system's name and release.
OTHER_NAMES = {
    "debian 11": "bullseye",
    "debian 12": "bookworm",
    "debian 13": "trixie",
    "ubuntu 20.04": "focal",
    "ubuntu 22.04": "jammy",
    "ubuntu 24.04": "noble",
    "windows": "win",
    "windows server": "win",
    "rocky linux": "rocky",
    "alma": "almalinux",
    "alma linux": "almalinux",
    "red hat enterprise linux": "rhel",
    "opensuse leap": "opensuse",
    "alpine linux": "alpine",
}
Kind = t.Literal["template", "iso", "lxc_template", "image"]


def source_of_system(context: Context, group: Group) -> SourceWish | None:
    """Return the source with the system that was said, None to keep the site's own.

    Without facts or without a word about the system there is nothing to look for. What does not
    exist is reported as an error with the names that do.
    """
    said, snapshot = (group.wish.os if group.wish else None), context.snapshot
    if said is None or snapshot is None or any(fits(name, said) for name in _own(context, group)):
        return None
    there = list(_sources(snapshot, group.kind))
    found = next((wish for name, wish in there if fits(name, said)), None)
    if found is None:
        names = ", ".join(sorted({name for name, _wish in there})) or "none"
        context.report(
            "source.os",
            "error",
            f"machines.{group.name}.os",
            f"No template or ISO of {said} is known; name one of those that exist ({names}), or"
            " add one.",
            "facts",
        )
    return found


def _own(context: Context, group: Group) -> list[str]:
    """Return what the site's own source is called: its system, its name, the guest's name."""
    site = context.site
    if group.kind == "lxc":
        return [site.lxc_template] if site.lxc_template else []
    guests = context.snapshot.guests if context.snapshot else ()
    own = [g.name for g in guests if g.template and g.vmid == site.template.vmid]
    return [name for name in (site.template.os, site.template.name, *own) if name]


def fits(name: str, said: str) -> bool:
    """Return whether the name of a template or image is that of the system and its release."""
    system, release = _split(said)
    words = _plain(name)
    for spoken in (f"{system} {release}".strip(), system):
        other = OTHER_NAMES.get(spoken)
        if other is not None and other in words and (spoken != system or _has(words, release)):
            return True
    return system.replace(" ", "") in words and _has(words, release)


def _has(words: str, release: str) -> bool:
    return not release or re.search(rf"(?<!\d){release.replace('.', '')}", words) is not None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower().rpartition("/")[2])


def _split(said: str) -> tuple[str, str]:
    match = re.fullmatch(r"(.*?)\s*(\d[\d.]*)?", said.lower().strip())
    system, release = match.groups() if match else (said.lower(), None)
    return system, release or ""


def _sources(snapshot: Snapshot, kind: str) -> t.Iterator[tuple[str, SourceWish]]:
    """Yield name and source of what a machine of this kind can be made from, templates first."""
    if kind == "vm":
        for guest in snapshot.guests:
            if guest.template and guest.type == "qemu":
                yield guest.name, SourceWish(type="template", vmid=guest.vmid)
    wanted: dict[str, Kind] = (
        {"vztmpl": "lxc_template"} if kind == "lxc" else {"import": "image", "iso": "iso"}
    )
    for content, source in wanted.items():
        for volume in snapshot.volumes:
            drivers_only = "virtio" in volume.volume_id.lower()
            if volume.content == content and not drivers_only:
                yield volume.volume_id, SourceWish(type=source, name=volume.volume_id)
