# SPDX-License-Identifier: GPL-3.0-or-later
"""A package index on loopback with tiny wheels, as the index will be some months after a lock."""

from __future__ import annotations

import base64
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory


@dataclass(frozen=True)
class Release:
    """One release of a made-up package: what it requires, always and by extra."""

    name: str
    version: str
    requires: tuple[str, ...] = ()
    extras: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}-py3-none-any.whl"

    def wheel(self) -> bytes:
        """The wheel, the same bytes each time."""
        info = f"{self.name}-{self.version}.dist-info"
        metadata = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}"]
        metadata += [f"Requires-Dist: {wanted}" for wanted in self.requires]
        for extra, wanted in self.extras.items():
            metadata.append(f"Provides-Extra: {extra}")
            metadata += [f'Requires-Dist: {one}; extra == "{extra}"' for one in wanted]
        files = {
            f"{self.name}.py": f"VERSION = {self.version!r}\n",
            f"{info}/METADATA": "\n".join(metadata) + "\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = [f"{name},{_digest(text.encode())},{len(text)}" for name, text in files.items()]
        files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]) + "\n"
        stream = BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, text in files.items():
                archive.writestr(zipfile.ZipInfo(name), text)
        return stream.getvalue()

    def locked(self, extras: str = "") -> str:
        """This release's lines of a lock file."""
        digest = hashlib.sha256(self.wheel()).hexdigest()
        return f"{self.name}{extras}=={self.version} \\\n    --hash=sha256:{digest}\n"


def _digest(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"


@contextmanager
def index(*releases: Release) -> Iterator[str]:
    """Serve the releases and yield the address of the index."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for release in releases:
            _add(folder, release)
        with serve(folder) as address:
            yield f"{address}/simple/"


def _add(folder: Path, release: Release) -> None:
    wheel = release.wheel()
    file = folder / "files" / release.file_name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(wheel)
    page = folder / "simple" / release.name / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    target = f"/files/{file.name}#sha256={hashlib.sha256(wheel).hexdigest()}"
    with page.open("a") as stream:
        stream.write(f'<a href="{target}">{file.name}</a>\n')


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback and yield its address."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
