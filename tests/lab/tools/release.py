# SPDX-License-Identifier: GPL-3.0-or-later
"""The real release of k3s with its images, where it can be downloaded: pinned, checked, kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import urlopen

import yaml

from lab.hosts.cache import file_lock
from lab.tools.build import cache_dir
from lab.tools.errors import ToolError
from lab.tools.mirror import mirror_platform
from lab.tools.recipe import PINS_FILE

CLUSTER_PINS = PINS_FILE.with_name("cluster.yml")
CONNECT_SECONDS = 5
"""How long a server may stay silent."""
_CHUNK = 1 << 20


class UnreachableError(ToolError):
    """Nothing wrong was served: there is no way to the release from here."""


@dataclass(frozen=True)
class Release:
    """What a release of k3s is downloaded as.

    Attributes:
        version: such as v1.34.2+k3s1.
        download: address of all releases.
        architecture: as k3s names it: amd64, arm64.
        sha256: pinned digest of the program; None takes the release's own list alone.
    """

    version: str
    download: str
    architecture: str
    sha256: str | None = None

    @property
    def program(self) -> str:
        return "k3s" if self.architecture == "amd64" else f"k3s-{self.architecture}"

    @property
    def images(self) -> str:
        return f"k3s-airgap-images-{self.architecture}.tar.zst"

    @property
    def checksums(self) -> str:
        return f"sha256sum-{self.architecture}.txt"

    @property
    def folder(self) -> Path:
        """Where it is kept; it is there whole or not at all."""
        return cache_dir() / f"k3s-release-{self.version}-{self.architecture}"

    def address(self, name: str) -> str:
        return f"{self.download}/{quote(self.version)}/{quote(name)}"


@dataclass(frozen=True)
class Had:
    """The release on this machine."""

    program: Path
    images: Path


def pinned(path: Path = CLUSTER_PINS) -> Release:
    """Return the release that the collection installs by default."""
    pins = yaml.safe_load(path.read_text(encoding="utf-8"))["k3s"]
    architecture = mirror_platform("linux").removeprefix("linux_")
    digests = (pins["releases"][pins["default"]] or {}).get("sha256") or {}
    return Release(pins["default"], pins["download"], architecture, digests.get(architecture))


def kept(release: Release) -> Had | None:
    """Return the release when it was downloaded before."""
    if not release.folder.is_dir():
        return None
    return Had(release.folder / "k3s", release.folder / release.images)


def download(release: Release, say: Callable[[str], None] = lambda _line: None) -> Had:
    """Return the release, downloading it once.

    Raises:
        UnreachableError: it cannot be had from here; nothing was left behind.
        ToolError: what was served is not the release.
    """
    with file_lock(cache_dir() / ".k3s-release.lock"):
        found = kept(release)
        if found is not None:
            return found
        _download(release, say)
    return Had(release.folder / "k3s", release.folder / release.images)


def _download(release: Release, say: Callable[[str], None]) -> None:
    digests = _digests(release)
    say(f"downloading k3s {release.version} …")
    with TemporaryDirectory(dir=cache_dir(), prefix=".k3s-release-") as scratch:
        stage = Path(scratch) / "stage"
        stage.mkdir()
        for name in (release.program, release.images):
            _fetch(release.address(name), stage / name, digests[name])
        (stage / release.program).rename(stage / "k3s")
        (stage / "k3s").chmod(0o755)
        stage.rename(release.folder)


def _digests(release: Release) -> dict[str, str]:
    """Return the release's own list, which has to agree with what is pinned."""
    address = release.address(release.checksums)
    try:
        with urlopen(address, timeout=CONNECT_SECONDS) as answer:  # noqa: S310 (pinned address)
            lines = answer.read(_CHUNK).decode("ascii", "replace").splitlines()
    except (URLError, OSError, HTTPException) as error:
        raise _unreachable(release, error) from None
    listed = {words[1]: words[0] for words in map(str.split, lines) if len(words) == 2}
    for name in (release.program, release.images):
        if name not in listed:
            raise ToolError(f"{address} does not list {name}: this is not the release of k3s.")
    if release.sha256 not in (None, listed[release.program]):
        raise ToolError(
            f"k3s {release.version} is served with sha256 {listed[release.program]}, but "
            f"{CLUSTER_PINS.name} pins {release.sha256}: it is not used."
        )
    return listed


def _fetch(address: str, target: Path, sha256: str) -> None:
    digest = hashlib.sha256()
    try:
        with urlopen(address, timeout=CONNECT_SECONDS) as answer, target.open("wb") as file:  # noqa: S310
            while chunk := answer.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
    except (URLError, OSError, HTTPException) as error:
        raise UnreachableError(f"{address} cannot be downloaded: {_reason(error)}.") from None
    if digest.hexdigest() != sha256:
        raise ToolError(
            f"{address} has sha256 {digest.hexdigest()} instead of {sha256}: it is not used."
        )


def _unreachable(release: Release, error: Exception) -> UnreachableError:
    return UnreachableError(
        f"The release k3s {release.version} cannot be downloaded here ({_reason(error)})."
    )


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"HTTP {error.code}"
    reason = getattr(error, "reason", error)
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return str(reason) or type(error).__name__


def wanted_by_environment() -> str:
    """Return auto, release or stand-in, as LAB_K3S says.

    Raises:
        ToolError: it says something else.
    """
    said = os.environ.get("LAB_K3S") or "auto"
    if said not in ("auto", "release", "stand-in"):
        raise ToolError(f"LAB_K3S is {said}: set it to auto, release or stand-in.")
    return said
