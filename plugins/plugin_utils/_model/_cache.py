# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers kept by (model, prompt, snapshot); read back, they are checked like fresh ones."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private


class Cache:
    """A folder of 0600 files, one per answer; off when the folder is None."""

    def __init__(self, folder: str | None, model: str, snapshot_sha256: str) -> None:
        self.folder = Path(folder).expanduser() if folder else None
        self.model = model
        self.snapshot_sha256 = snapshot_sha256

    def get(self, prompt: str) -> str | None:
        """Return the answer that was kept for this prompt, None when there is none."""
        if self.folder is None:
            return None
        try:
            kept = json.loads(self._path(self.folder, prompt).read_text(encoding="utf-8"))
            return kept["answer"] if kept["prompt"] == prompt else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, prompt: str, answer: str) -> None:
        """Keep an answer; a folder that cannot be written is no reason to fail."""
        if self.folder is None:
            return
        kept = {"model": self.model, "prompt": prompt, "answer": answer}
        try:
            write_private(self._path(self.folder, prompt), kept)
        except OSError:
            return

    def _path(self, folder: Path, prompt: str) -> Path:
        key = json.dumps([self.model, prompt, self.snapshot_sha256])
        return folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
