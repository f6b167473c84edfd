# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that come onto a storage: downloads and uploads. Nothing is fetched or kept."""

from __future__ import annotations

import hashlib
import re
import time
import urllib.parse
from dataclasses import dataclass
from typing import Any

from lab.pve.drives import FILE_TYPES
from lab.pve.wire import GIB, MIB, Params, TaskError, die, param_error, split_list

EXTENSIONS = {
    "iso": r".+\.(iso|img)",
    "vztmpl": r".+\.tar\.(gz|xz|zst|bz2)",
    "import": r".+\.(qcow2|raw|vmdk|ova)",
}
FOLDERS = {"iso": "template/iso", "vztmpl": "template/cache", "import": "import"}
NOT_FOUND = "download failed: exit code 8"


@dataclass(frozen=True)
class WebFile:
    """What stands behind a URL, as far as the simulation is concerned."""

    size: int = 400 * MIB
    virtual_size: int = 3 * GIB
    content: bytes = b"simulated"
    is_image: bool = True

    def checksum(self, algorithm: str) -> str:
        return hashlib.new(algorithm, self.content, usedforsecurity=False).hexdigest()


def file_format(name: str) -> str:
    """The format of a volume that its name says ("import/x.qcow2": qcow2)."""
    extension = name.rsplit(".", 1)[-1]
    if name.startswith("iso/"):
        return "iso"
    return f"t{extension}" if name.startswith("vztmpl/") else extension


class Downloads:
    """Mixin: `download-url`, `upload` and `query-url-metadata`."""

    web: dict[str, WebFile] | None = None
    """URLs that exist; None: every URL does, with the same simulated content."""

    def _lab_routes_downloads(self) -> list[tuple[str, str, Any]]:
        storage = "/nodes/{node}/storage/{storage}"
        return [
            ("POST", storage + "/download-url", self.download),
            ("POST", storage + "/upload", self.upload),
            ("GET", "/nodes/{node}/query-url-metadata", self.query_url),
        ]

    def _web_file(self: Any, url: str, *, sid: str | None = None) -> WebFile | None:
        where = {"storage": sid} if sid else {}
        if self.faults.active("download_fails", **where):
            return None
        found: WebFile | None = WebFile() if self.web is None else self.web.get(url)
        return found

    async def query_url(self, v: Params, user: str) -> Params:
        address = urllib.parse.urlsplit(v["url"])
        found = self._web_file(v["url"])
        if found is None and address.port == 1:
            text = f"Can't connect to {address.netloc} (Connection refused)"
            raise die(f"invalid server response: '500 {text}'")
        if found is None:
            raise die("invalid server response: '404 File not found'")
        name = address.path.rpartition("/")[2]
        mimetype = "application/octet-stream" if found.is_image else "text/html"
        return {"filename": name, "size": found.size, "mimetype": mimetype}

    def _file_target(self: Any, v: Params) -> tuple[dict[str, Any], str]:
        """The storage and the volume name for a file, once the storage takes it."""
        sid, kind = v["storage"], v["content"]
        store = self._check_enabled(sid, v["node"])
        if store["type"] not in FILE_TYPES:
            raise die(f"can't upload to storage type '{store['type']}', not a file based storage!")
        if kind not in split_list(store.get("content")):
            raise die(f"storage '{sid}' is not configured for content-type '{kind}'")
        return store, f"{kind}/{v['filename'].rpartition('/')[2]}"

    async def download(self: Any, v: Params, user: str) -> str:
        store, name = self._file_target(v)
        kind, filename = name.split("/", 1)
        if not re.fullmatch(EXTENSIONS[kind], filename):
            raise param_error(filename="invalid filename or wrong extension")
        path = f"{self._base_path(v['storage'])}/{FOLDERS[kind]}/{filename}"

        async def body() -> str:
            return str(self._fetch(store, name, path, v))

        start = [f"downloading {v['url']} to {path}"]
        return str(await self.task(v["node"], "download", filename, user, body, log=start))

    def _fetch(self: Any, store: dict[str, Any], name: str, path: str, v: Params) -> str:
        kept, algorithm = store["volumes"].get(name), v.get("checksum-algorithm")
        expected = v.get("checksum")
        if kept is not None and not expected:
            raise TaskError(f"refusing to override existing file '{path}'")
        if kept is not None:
            got = kept["web"].checksum(algorithm)
            if got != expected:
                raise TaskError(f"checksum mismatch: got '{got}' != expect '{expected}', aborting")
            return "OK, got correct file already, no need to download"
        found = self._web_file(v["url"], sid=v["storage"])
        address = urllib.parse.urlsplit(v["url"])
        if found is None and address.port == 1:
            raise TaskError(
                f"download failed: Connecting to {address.netloc}... failed: Connection refused."
            )
        if found is None:
            raise TaskError(NOT_FOUND)
        if expected and found.checksum(algorithm) != expected:
            got = found.checksum(algorithm)
            raise TaskError(f"checksum mismatch: got '{got}' != expect '{expected}'")
        if name.startswith("import/") and not found.is_image:
            raise TaskError(
                f"failed to verify file: qemu-img: Could not open '{path}':"
                " Image is not in qcow2 format"
            )
        store["volumes"][name] = self._file_volume(store, name, v["node"], found)
        return f"download of '{v['url']}' to '{path}' finished"

    @staticmethod
    def _file_volume(store: dict[str, Any], name: str, node: str, found: WebFile) -> Params:
        return {
            "content": name.partition("/")[0],
            "format": file_format(name),
            "size": found.size,
            "virtual_size": found.virtual_size if name.startswith("import/") else None,
            "web": found,
            "nodes": None if store.get("shared") else [node],
            "ctime": int(time.time()),
        }

    async def upload(self: Any, v: Params, user: str) -> str:
        store, name = self._file_target(v)
        kind, filename = name.split("/", 1)
        if not re.fullmatch(EXTENSIONS[kind], filename):
            raise param_error(filename="wrong file extension")

        async def body() -> str:
            found = WebFile(size=MIB)
            store["volumes"][name] = self._file_volume(store, name, v["node"], found)
            return "finished file import successfully"

        return str(await self.task(v["node"], "imgcopy", "", user, body))
