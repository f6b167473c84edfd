# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of Ansible as plain data."""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml

#: Keys of a play or a block that hold tasks.
PARTS = ("block", "rescue", "always", "pre_tasks", "tasks", "post_tasks")


class Loader(yaml.SafeLoader):
    """Reads tags of Ansible as nothing."""


Loader.add_multi_constructor("!", lambda *_: None)  # type: ignore[no-untyped-call]


def documents(path: Path) -> list[t.Any]:
    """Return the documents of a file."""
    return list(yaml.load_all(path.read_text(encoding="utf-8"), Loader))
