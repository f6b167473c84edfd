# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of a deployment's directory, so that looking at it changes nothing in it."""

from __future__ import annotations

import shutil
import tempfile
import typing as t
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.process import (
    Terraform,
)


@contextmanager
def scratch(terraform: Terraform, unwritten: t.Mapping[str, str | None]) -> t.Iterator[Terraform]:
    """Yield the same Terraform in a private copy that is removed afterwards.

    ``unwritten``: files the copy has beyond the directory, by name; None leaves one out.
    """
    with tempfile.TemporaryDirectory(prefix="clusterwright-") as name:
        copy = Path(name) / "terraform"
        # Providers are hard links or symbolic links to big files: keep symbolic links.
        if terraform.directory.is_dir():
            shutil.copytree(terraform.directory, copy, symlinks=True, ignore=_lock_files)
        copy.mkdir(exist_ok=True)
        for file, text in unwritten.items():
            if text is None:
                (copy / file).unlink(missing_ok=True)
            else:
                (copy / file).write_text(text, encoding="utf-8")
        yield replace(terraform, directory=copy)


def _lock_files(_directory: str, names: list[str]) -> set[str]:
    return {name for name in names if name.endswith((".lock", ".lock.info"))}
