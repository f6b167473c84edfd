# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a deployment: private, and written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
import typing as t
from pathlib import Path


def write_private(path: Path, content: t.Any) -> bool:
    """Write text, or JSON of anything else, with mode 0600; return whether it changed.

    The directory is made with mode 0700 when missing. A full disk leaves the old file.
    """
    text = content if isinstance(content, str) else json.dumps(content, indent=2) + "\n"
    if not (path.is_file() and path.read_text(encoding="utf-8") == text):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, text)
        return True
    path.chmod(0o600)
    return False


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a text in the place of what is there; the directory has to exist."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def keep_out_of_git(folder: Path) -> None:
    """Make a private folder whose files, states and keys among them, git does not take."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", encoding="utf-8")
