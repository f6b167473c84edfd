# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack Debian's packages once and make the lab's images of them."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from lab.hosts.cache import build_once, recipe_digest
from lab.hosts.commands import run
from lab.images.archive import Layer, write_archive
from lab.images.recipe import Image, ImagesRecipe
from lab.tools import Tools

ELF_MAGIC = b"\x7fELF"
LIBRARY = re.compile(r"(?:=>)?\s(/\S+) \(0x")
ACCOUNTS = {
    "/etc/group": "root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n",
    "/etc/passwd": (
        "root:x:0:0:root:/root:/bin/sh\n"
        "www-data:x:33:33:www-data:/var/www:/bin/false\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
    ),
}


class ImageError(Exception):
    """An image names a file that no package brings; the message is one plain sentence."""


def ensure_images(tools: Tools, recipe: ImagesRecipe | None = None) -> Path:
    """Return the directory with one `<image>.tar` each, building it first where it is missing.

    Args:
        tools: the lab's tools; those that images are made of have to be there.
        recipe: what to build; default is `images.yml`.

    Raises:
        CommandError: the packages cannot be had.
        ImageError: the recipe names a file or a tool that is not there.
    """
    wanted = recipe or ImagesRecipe.load()
    packaged = replace(wanted, images=tuple(image for image in wanted.images if not image.tools))
    builders = sorted(Path(__file__).parent.glob("*.py"))
    from_packages = build_once(
        "images", recipe_digest(packaged, *builders), lambda target: _build(packaged, target)
    )
    of_tools = [(image, _tool_files(image, tools)) for image in wanted.images if image.tools]
    # A tool's path holds the digest of what it was built from.
    paths = [str(path) for _image, files in of_tools for path in files.values()]
    digest = hashlib.sha256("\0".join([recipe_digest(wanted, *builders), *paths]).encode())
    return build_once(
        "images", digest.hexdigest()[:16], lambda target: _complete(target, from_packages, of_tools)
    )


def _tool_files(image: Image, tools: Tools) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path, name in image.tools.items():
        file = getattr(tools, name, None)
        if file is None:
            raise ImageError(f"{image.reference} needs a tool that is not there: {name}.")
        found[path] = file
    return found


def _build(recipe: ImagesRecipe, target: Path) -> None:
    if not recipe.images:
        return
    packages = target / "packages"
    unpack(recipe, packages)
    for image in recipe.images:
        _write(image, image_layer(image, packages), target)
    shutil.rmtree(packages)


def _complete(target: Path, packaged: Path, of_tools: list[tuple[Image, dict[str, Path]]]) -> None:
    for archive in packaged.glob("*.tar"):
        (target / archive.name).hardlink_to(archive)
    for image, files in of_tools:
        _write(image, Layer(files=files, contents={**ACCOUNTS, **image.contents}), target)


def _write(image: Image, layer: Layer, directory: Path) -> None:
    write_archive(
        directory / image.file_name,
        layer,
        reference=image.reference,
        architecture=run(["dpkg", "--print-architecture"]).strip(),
        config={
            "Entrypoint": list(image.entrypoint),
            "Cmd": list(image.command),
            "User": image.user,
            "WorkingDir": image.working_dir,
        },
    )


def unpack(recipe: ImagesRecipe, target: Path) -> None:
    """Unpack the packages and what they depend on, without running any of their scripts."""
    run(
        [
            "mmdebstrap",
            "--mode=root",
            "--variant=extract",
            "--quiet",
            '--aptopt=Acquire::Languages "none"',
            f"--include={','.join(recipe.packages)}",
            recipe.suite,
            str(target),
        ],
        timeout_seconds=1200,
    )


def image_layer(image: Image, packages: Path) -> Layer:
    """Collect the files of an image from the unpacked packages."""
    layer = Layer(
        contents={**ACCOUNTS, **image.contents},
        links=dict(image.links),
        directories={"/tmp": 0o1777}
        | {name: int(mode, 8) for name, mode in image.directories.items()},
    )
    for path in image.paths:
        _add(layer, packages, path)
    if image.applets_of:
        for applet in run([str(packages / image.applets_of.lstrip("/")), "--list"]).split():
            layer.links.setdefault(f"/bin/{applet}", image.applets_of)
        layer.links.pop(image.applets_of)
    for program in list(layer.files.values()):
        for library in shared_libraries(program, packages):
            layer.files[library] = (packages / library.lstrip("/")).resolve()
    return layer


def _add(layer: Layer, packages: Path, name: str) -> None:
    source = packages / name.lstrip("/")
    if source.is_dir():
        layer.directories[name] = 0o755
        for path in source.rglob("*"):
            inside = f"/{path.relative_to(packages)}"
            if path.is_symlink():
                layer.links[inside] = str(path.readlink())
            elif path.is_file():
                layer.files[inside] = path
    elif source.is_file():
        layer.files[name] = source
    else:
        raise ImageError(f"No package of the lab's images brings {name}: correct images.yml.")


def shared_libraries(program: Path, packages: Path) -> list[str]:
    """The libraries a dynamic program needs, with its loader, as the packages' own loader says."""
    with program.open("rb") as stream:
        if stream.read(4) != ELF_MAGIC:
            return []
    loaders = sorted(packages.glob("lib*/ld-linux*.so.*"))
    if not loaders:
        raise ImageError("The packages of the lab's images bring no loader for programs.")
    inside = [f"/{path.relative_to(packages)}" for path in (loaders[0], program)]
    listed = subprocess.run(
        ["chroot", str(packages), inside[0], "--list", inside[1]],
        capture_output=True,
        text=True,
        check=False,
    )
    return LIBRARY.findall(listed.stdout)
