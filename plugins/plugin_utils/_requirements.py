# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python packages of the collection, all looked for at once."""

from __future__ import annotations

import shlex
import sys
from importlib import metadata
from pathlib import Path

#: Needed by some runs only: models, PostgreSQL, clusters.
FOR_SOME = frozenset(("pydantic-ai-slim", "psycopg", "kubernetes", "jsonpatch"))
FILE = Path(__file__).resolve().parents[2] / "requirements.txt"


def missing_packages(file: Path = FILE) -> str:
    """Return one sentence about the packages of ``file`` that are missing or too old.

    Empty when every run can begin: then only what ``FOR_SOME`` runs need may be missing.
    """
    from packaging.requirements import Requirement

    lacking: dict[str, str] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        text = line.partition("#")[0].strip()
        if not text:
            continue
        wanted = Requirement(text)
        try:
            found = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            lacking[wanted.name] = wanted.name
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            lacking[wanted.name] = f"{wanted.name} (version {found}, {wanted.specifier} is needed)"
    if not lacking.keys() - FOR_SOME:
        return ""
    command = f"{sys.executable} -m pip install -r {shlex.quote(str(file))}"
    return (
        f"These Python packages are missing on the controller: {', '.join(lacking.values())}."
        f" Install them with {command}"
    )
