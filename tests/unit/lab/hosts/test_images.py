# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: what a container engine finds in the archive."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lab.images import Image, ImageError, ImagesRecipe, ensure_images
from lab.images.archive import Layer, write_archive
from lab.images.build import image_layer
from lab.tools import Tools
from lab.tools.recipe import pins


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Unpacked packages: a multi-call program, a directory and a link in it."""
    root = tmp_path / "packages"
    (root / "bin").mkdir(parents=True)
    program = root / "bin/multi"
    program.write_text('#!/bin/sh\n[ "$1" = --list ] && printf "ls\\nsh\\nmulti\\n"\n')
    program.chmod(0o755)
    (root / "usr/share/app/sub").mkdir(parents=True)
    (root / "usr/share/app/sub/page").write_text("hello")
    (root / "usr/share/app/index").symlink_to("sub/page")
    return root


def _archive(tmp_path: Path, layer: Layer) -> Path:
    target = tmp_path / "image.tar"
    write_archive(
        target,
        layer,
        reference="lab.local/app:1.0",
        architecture="amd64",
        config={"Entrypoint": ["/bin/multi"], "User": "65534"},
    )
    return target


@dataclass
class Found:
    """What an engine reads of an archive."""

    config: dict[str, Any]
    files: dict[str, tarfile.TarInfo]
    texts: dict[str, bytes]


def _read(archive: Path) -> Found:
    """Follow the archive as an engine does: manifest, configuration, layer; check each digest."""
    members = _members(archive.read_bytes())[1]
    [manifest] = json.loads(members.pop("manifest.json"))
    assert manifest["RepoTags"] == ["lab.local/app:1.0"]
    config_bytes = members.pop(manifest["Config"])
    assert manifest["Config"] == f"{hashlib.sha256(config_bytes).hexdigest()}.json"
    config = json.loads(config_bytes)
    [layer_name] = manifest["Layers"]
    layer_bytes = members.pop(layer_name)
    digest = hashlib.sha256(layer_bytes).hexdigest()
    assert config["rootfs"] == {"type": "layers", "diff_ids": [f"sha256:{digest}"]}
    assert not members
    infos, texts = _members(layer_bytes)
    return Found(
        config,
        {f"/{name}": info for name, info in infos.items()},
        {f"/{name}": text for name, text in texts.items()},
    )


def _members(data: bytes) -> tuple[dict[str, tarfile.TarInfo], dict[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        infos = {info.name: info for info in tar}
        opened = {name: tar.extractfile(info) for name, info in infos.items() if info.isreg()}
        return infos, {name: file.read() for name, file in opened.items() if file}


def test_an_image_of_packages(tmp_path: Path, packages: Path) -> None:
    image = Image(
        name="lab.local/app",
        version="1.0",
        entrypoint=("/bin/multi",),
        paths=("/bin/multi", "/usr/share/app"),
        applets_of="/bin/multi",
        directories={"/data": "1777"},
        links={"/var/log/app": "/dev/stdout"},
        contents={"/etc/app.conf": "key: value\n"},
    )

    found = _read(_archive(tmp_path, image_layer(image, packages)))

    files = found.files
    assert found.config["architecture"] == "amd64"
    assert found.config["config"] == {
        "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        "Entrypoint": ["/bin/multi"],
        "User": "65534",
    }
    assert files["/bin/multi"].mode == 0o755
    assert {name: info.linkname for name, info in files.items() if info.issym()} == {
        "/bin/ls": "/bin/multi",
        "/bin/sh": "/bin/multi",
        "/usr/share/app/index": "sub/page",
        "/var/log/app": "/dev/stdout",
    }
    assert {name for name, info in files.items() if info.isdir()} >= {
        "/bin",
        "/usr/share/app/sub",
        "/var/log",
    }
    assert (files["/data"].mode, files["/tmp"].mode) == (0o1777, 0o1777)
    assert found.texts["/etc/app.conf"] == b"key: value\n"
    assert {(info.uid, info.gid, info.mtime) for info in files.values()} == {(0, 0, 0)}


def test_parents_come_before_their_files(tmp_path: Path) -> None:
    layer = Layer(contents={"/a/b/c/file": "x"}, links={"/a/z": "b"})

    names = list(_read(_archive(tmp_path, layer)).files)
    for name in names:
        parent = name.rpartition("/")[0]
        assert not parent or names.index(parent) < names.index(name)


def test_equal_input_gives_equal_bytes(tmp_path: Path, packages: Path) -> None:
    image = Image(name="lab.local/app", version="1.0", entrypoint=(), paths=("/usr/share/app",))
    first = _archive(tmp_path, image_layer(image, packages)).read_bytes()
    (packages / "usr/share/app/sub/page").touch()

    assert _archive(tmp_path, image_layer(image, packages)).read_bytes() == first


def test_a_file_that_no_package_brings_is_refused(packages: Path) -> None:
    image = Image(name="lab.local/app", version="1.0", entrypoint=(), paths=("/bin/none",))

    with pytest.raises(ImageError, match="No package of the lab's images brings /bin/none"):
        image_layer(image, packages)


def test_every_image_of_the_lab_has_a_name_of_its_own() -> None:
    images = ImagesRecipe.load().images

    assert len({image.file_name for image in images}) == len(images)
    assert len({image.reference for image in images}) == len(images)
    for image in images:
        assert image.name.startswith("lab.local/")
        assert image.entrypoint or image.command


@pytest.fixture
def of_tool() -> ImagesRecipe:
    """A recipe with one image, of a tool."""
    image = Image("lab.local/app", "1.0", ("/dns",), tools={"/dns": "coredns"})
    return ImagesRecipe(suite="bookworm", packages=(), images=(image,))


def test_an_image_of_a_tool_follows_the_tool(
    tmp_path: Path, of_tool: ImagesRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = []
    for build in ("first", "second"):
        program = tmp_path / build / "coredns"
        program.parent.mkdir()
        program.write_text(build)
        program.chmod(0o755)
        tools = Tools(coredns=program)
        found.append(ensure_images(tools, of_tool))
        assert ensure_images(tools, of_tool) == found[-1]
        image = _read(found[-1] / "app.tar")
        assert image.texts["/dns"] == build.encode()
        assert image.files["/dns"].mode == 0o755
        assert image.config["config"]["Entrypoint"] == ["/dns"]
    assert found[0] != found[1]


def test_an_image_of_a_tool_that_is_not_there(
    tmp_path: Path, of_tool: ImagesRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ImageError, match=r"lab\.local/app:1\.0 needs a tool .* there: coredns\."):
        ensure_images(Tools(), of_tool)


def test_the_image_of_coredns_has_the_version_of_the_tool() -> None:
    [image] = [image for image in ImagesRecipe.load().images if "coredns" in image.tools.values()]
    assert image.version == pins()["coredns"]["version"]
