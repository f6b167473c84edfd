# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's images consist of, read from `images.yml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

RECIPE_PATH = Path(__file__).with_name("images.yml")


@dataclass(frozen=True)
class Image:
    """One image: files of the unpacked packages, own files, and how it is started."""

    name: str
    version: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    """Files and directories, absolute, taken from the packages as they are."""
    tools: dict[str, str] = field(default_factory=dict)
    """Path in the image → attribute of the lab's tools that names the file it takes."""
    applets_of: str | None = None
    """A multi-call program of the packages; each of its names becomes a link in /bin."""
    directories: dict[str, str] = field(default_factory=dict)
    """Empty directories → octal mode."""
    links: dict[str, str] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    """Own files → text."""
    user: str = "0"
    working_dir: str = "/"

    @property
    def reference(self) -> str:
        """As a pod names it: `lab.local/pause:3.10`."""
        return f"{self.name}:{self.version}"

    @property
    def file_name(self) -> str:
        return f"{self.name.rpartition('/')[2]}.tar"

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Image:
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in document.items()
        }
        return cls(**fields)


@dataclass(frozen=True)
class ImagesRecipe:
    """All images of the lab and the packages that their files come from."""

    suite: str
    packages: tuple[str, ...]
    """Package names as apt takes them, with `=VERSION*` where a tag says the version."""
    images: tuple[Image, ...]

    @classmethod
    def load(cls, path: Path = RECIPE_PATH) -> ImagesRecipe:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls(
            suite=document["suite"],
            packages=tuple(document["packages"]),
            images=tuple(Image.from_document(image) for image in document["images"]),
        )
