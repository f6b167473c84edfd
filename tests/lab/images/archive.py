# SPDX-License-Identifier: GPL-3.0-or-later
"""Write an image as a docker archive of one layer; equal input gives equal bytes."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Layer:
    """The files of an image by their absolute path; parents of a path need not be given."""

    files: dict[str, Path] = field(default_factory=dict)
    """Path in the image → file whose bytes and mode it takes."""
    contents: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    directories: dict[str, int] = field(default_factory=dict)

    def write(self, target: Path) -> str:
        """Write the layer as a tar file and return its sha256."""
        with tarfile.open(target, "w") as tar:
            for name in sorted(self._directories()):
                tar.addfile(_info(name, tarfile.DIRTYPE, self.directories.get(name, 0o755)))
            for name, source in sorted(self.files.items()):
                info = _info(name, tarfile.REGTYPE, source.stat().st_mode & 0o7777)
                info.size = source.stat().st_size
                with source.open("rb") as data:
                    tar.addfile(info, data)
            for name, text in sorted(self.contents.items()):
                data_bytes = text.encode()
                info = _info(name, tarfile.REGTYPE, 0o644)
                info.size = len(data_bytes)
                tar.addfile(info, io.BytesIO(data_bytes))
            for name, destination in sorted(self.links.items()):
                info = _info(name, tarfile.SYMTYPE, 0o777)
                info.linkname = destination
                tar.addfile(info)
        with target.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def _directories(self) -> set[str]:
        named = {*self.files, *self.contents, *self.links, *self.directories}
        parents = {str(parent) for name in named for parent in PurePosixPath(name).parents}
        return (parents | self.directories.keys()) - {"/"}


def write_archive(
    target: Path,
    layer: Layer,
    *,
    reference: str,
    architecture: str,
    config: dict[str, object],
) -> None:
    """Write the archive that `docker load` and `ctr images import` read.

    Args:
        target: the file to write.
        layer: the image's only layer.
        reference: name with tag, as a pod will ask for it.
        architecture: "amd64" or "arm64".
        config: the image's `config` object ("Entrypoint", "Cmd", "User", "WorkingDir").
    """
    layer_path = target.with_suffix(".layer")
    digest = layer.write(layer_path)
    document = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Env": [f"PATH={PATH}"], **config},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    config_bytes = json.dumps(document, sort_keys=True).encode()
    config_name = f"{hashlib.sha256(config_bytes).hexdigest()}.json"
    layer_name = f"{digest}/layer.tar"
    manifest = [{"Config": config_name, "RepoTags": [reference], "Layers": [layer_name]}]
    with tarfile.open(target, "w") as tar:
        for name, data in (
            ("manifest.json", json.dumps(manifest).encode()),
            (config_name, config_bytes),
        ):
            info = _info(name, tarfile.REGTYPE, 0o644)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        info = _info(layer_name, tarfile.REGTYPE, 0o644)
        info.size = layer_path.stat().st_size
        with layer_path.open("rb") as stream:
            tar.addfile(info, stream)
    layer_path.unlink()


def _info(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name.lstrip("/"))
    info.type, info.mode, info.mtime = kind, mode, 0
    return info
