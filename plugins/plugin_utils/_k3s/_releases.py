# SPDX-License-Identifier: GPL-3.0-or-later
"""The binary each host wants, and how versions compare."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._pins import pin

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
        Cluster,
        Host,
    )

ASSETS = {"x86_64": "", "aarch64": "-arm64", "armv7l": "-armhf"}
LISTS = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-rc(\d+))?(?:\+k3s(\d+))?")


@dataclass(frozen=True)
class Binary:
    """A host's binary: where it comes from, and whether it is already the one that is wanted."""

    url: str
    sha256: str
    """Expected checksum; empty: the list that the release publishes says it."""
    checksum: str
    """What ``get_url`` compares: ``sha256:`` and the checksum or the address of a list."""
    wanted: bool
    installed_version: str
    src: str = ""
    """File on the controller that is copied instead of a download."""

    def arguments(self, dest: str) -> dict[str, str]:
        """Return what the task file needs to bring it to ``dest``."""
        return {"src": self.src, "url": self.url, "checksum": self.checksum, "dest": dest}


def binary_of(cluster: Cluster, host: Host, sources: t.Mapping[str, str]) -> Binary:
    """Return the binary of a host; ``sources``: {file on the controller: its sha256}."""
    options, fact = host.options, host.fact
    architecture, version = str(fact["architecture"]), str(options["version"])
    release = f"{pin('k3s.download')}/{version.replace('+', '%2B')}"
    pinned = pinned_sha256(version, architecture)
    own = sources.get(str(options["binary_src"]), "") if options["binary_src"] else ""
    sha256 = str(options["binary_sha256"] or pinned or own)
    installed = ""
    for line in fact.get("files", ()):
        if line.startswith(f"{host.binary} "):
            installed = line.split(" ")[1]
    names = str(fact.get("k3s_version", "")).split(" ")
    now = names[2] if len(names) > 2 else ""
    wanted = installed == sha256 if sha256 else now == version
    return Binary(
        url=str(options["binary_url"] or f"{release}/k3s{ASSETS.get(architecture, '')}"),
        sha256=sha256,
        checksum="sha256:"
        + (sha256 or f"{release}/sha256sum-{LISTS.get(architecture, 'amd64')}.txt"),
        wanted=bool(installed) and wanted,
        installed_version=now,
        src=str(options["binary_src"]),
    )


def pinned_sha256(version: str, architecture: str) -> str:
    """Return the pinned checksum of a release's binary for a machine type, empty when none is."""
    pinned = (pin("k3s.releases").get(version) or {}).get("sha256", {})
    return str(pinned.get(LISTS.get(architecture, ""), ""))


def binary_problems(cluster: Cluster, sources: t.Mapping[str, str]) -> list[str]:
    """Return where a file of the controller is not the pinned binary that it stands for."""
    problems = []
    for host in cluster.hosts:
        source, version = str(host.options["binary_src"]), str(host.options["version"])
        pinned = pinned_sha256(version, str(host.fact.get("architecture", "")))
        found = sources.get(source, "")
        if pinned and found not in ("", pinned) and not host.options["binary_sha256"]:
            problems.append(
                f"{host.name}: {source} is not k3s {version} for {host.fact['architecture']}: it "
                f"has the checksum {found} instead of {pinned}. Set k3s_binary_sha256 to vouch "
                "for it."
            )
    return problems


def parts(version: str) -> tuple[int, ...] | None:
    """Return a release as numbers that compare, None when it is none."""
    found = _VERSION.match(version)
    if found is None:
        return None
    major, minor, patch, candidate, build = found.groups()
    return (
        *(int(major), int(minor), int(patch)),
        int(candidate) if candidate else 10**6,
        int(build or 0),
    )


def is_newer(one: str, other: str) -> bool:
    """Return whether release ``one`` is newer than ``other``; unknown ones are not."""
    left, right = parts(one), parts(other)
    return left is not None and right is not None and left > right
