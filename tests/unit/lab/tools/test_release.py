# SPDX-License-Identifier: GPL-3.0-or-later
"""The release of k3s is taken where it can be had, and never anything else."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from lab.tools import ToolError, ensure, is_there, release, toolbox
from lab.tools.build import place
from lab.tools.recipe import recipes
from lab.tools.release import Release, UnreachableError, download, kept, pinned

PROGRAM, IMAGES = b"#!/bin/sh\necho k3s\n", b"images"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("K3S_BINARY", raising=False)
    monkeypatch.delenv("LAB_K3S", raising=False)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Release, Path]]:
    """A release as its server has it, and the folder that is served."""
    folder = tmp_path / "served"
    version = "v1.34.2+k3s1"
    files = folder / version
    files.mkdir(parents=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        found = Release(version, f"http://127.0.0.1:{server.server_port}", "amd64")
        (files / found.program).write_bytes(PROGRAM)
        (files / found.images).write_bytes(IMAGES)
        (files / found.checksums).write_text(
            f"{hashlib.sha256(PROGRAM).hexdigest()}  {found.program}\n"
            f"{hashlib.sha256(IMAGES).hexdigest()}  {found.images}\n"
        )
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield found, files
        finally:
            server.shutdown()
            thread.join()


def test_it_is_downloaded_once(served: tuple[Release, Path]) -> None:
    found, files = served
    assert kept(found) is None
    had = download(found)
    assert (had.program.read_bytes(), had.images.read_bytes()) == (PROGRAM, IMAGES)
    assert os.access(had.program, os.X_OK)
    (files / found.program).unlink()
    assert download(found) == had == kept(found)


@pytest.mark.parametrize("changed", ["program", "images", "pin", "list"])
def test_anything_else_is_refused_and_nothing_stays(
    served: tuple[Release, Path], changed: str
) -> None:
    found, files = served
    if changed == "pin":
        found = replace(found, sha256="0" * 64)
    elif changed == "list":
        (files / found.checksums).write_text("<html>Log in to this network</html>\n")
    else:
        (files / getattr(found, changed)).write_bytes(b"changed")
    with pytest.raises(ToolError, match=r"it is not used|this is not the release") as caught:
        download(found)
    assert not isinstance(caught.value, UnreachableError)
    assert kept(found) is None
    assert os.listdir(found.folder.parent) == [".k3s-release.lock"]


@pytest.mark.parametrize("gone", ["checksums", "program", "images"])
def test_what_is_not_there_is_no_reason_to_stop(served: tuple[Release, Path], gone: str) -> None:
    found, files = served
    (files / getattr(found, gone)).unlink()
    with pytest.raises(UnreachableError, match=r"cannot be downloaded.*HTTP 404"):
        download(found)
    assert os.listdir(found.folder.parent) == [".k3s-release.lock"]


def test_nobody_listens(served: tuple[Release, Path]) -> None:
    found = replace(served[0], download="http://127.0.0.1:1")
    with pytest.raises(UnreachableError, match="Connection refused"):
        download(found)


def stand_in() -> Path:
    """Put a file where the built stand-in would be."""
    path = place(recipes()["k3s"])
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("wanted", ["auto", "release"])
def test_the_lab_takes_the_release(
    served: tuple[Release, Path], monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setattr(toolbox, "pinned", lambda: served[0])
    monkeypatch.setenv("LAB_K3S", wanted)
    assert not is_there("k3s")
    tools = ensure(["k3s"])
    assert tools.k3s_is_standin is False
    assert tools.k3s is not None and tools.k3s.read_bytes() == PROGRAM
    assert tools.k3s_images is not None and tools.k3s_images.read_bytes() == IMAGES
    assert tools.k3s_sha256 == hashlib.sha256(PROGRAM).hexdigest()
    assert is_there("k3s")


@pytest.mark.parametrize("wanted", ["auto", "stand-in"])
def test_a_stand_in_that_is_there_is_kept(
    served: tuple[Release, Path], monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setattr(toolbox, "pinned", lambda: served[0])
    monkeypatch.setenv("LAB_K3S", wanted)
    path = stand_in()
    assert is_there("k3s")
    tools = ensure(["k3s"])
    assert (tools.k3s, tools.k3s_is_standin, tools.k3s_images) == (path, True, None)
    assert kept(served[0]) is None


def test_without_a_way_to_it_the_stand_in_is_built(
    served: tuple[Release, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        toolbox, "pinned", lambda: replace(served[0], download="http://127.0.0.1:1")
    )
    monkeypatch.setattr(toolbox, "built", lambda recipe: stand_in())
    assert ensure(["k3s"]).k3s_is_standin is True
    assert "Connection refused). The lab's stand-in takes its place." in capsys.readouterr().err
    monkeypatch.setenv("LAB_K3S", "release")
    with pytest.raises(UnreachableError):
        ensure(["k3s"])


def test_an_unknown_wish_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_K3S", "real")
    with pytest.raises(ToolError, match="LAB_K3S is real: set it to auto, release or stand-in"):
        ensure(["k3s"])


def test_the_pinned_release_is_the_one_that_the_role_installs(tmp_path: Path) -> None:
    pins = tmp_path / "cluster.yml"
    architecture = pinned().architecture
    pins.write_text(
        "k3s:\n  default: v1+k3s1\n  download: https://example.org\n"
        f"  releases: {{v1+k3s1: {{sha256: {{{architecture}: abc}}}}}}\n"
    )
    assert release.pinned(pins) == Release("v1+k3s1", "https://example.org", architecture, "abc")
