# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an artifact, as Galaxy would serve it, of a collection that is installed on this machine.

galaxy_artifact.py NAMESPACE.NAME FOLDER
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

KEYS = ("namespace", "name", "version", "readme", "authors", "license", "license_file")


def main(collection: str, target: str) -> None:
    """Build it from what is installed: the package `ansible` leaves out tests, so files differ."""
    found = importlib.util.find_spec(f"ansible_collections.{collection}")
    if found is None or not found.submodule_search_locations:
        raise SystemExit(f"The collection {collection} is not installed.")
    source = Path(next(iter(found.submodule_search_locations)))
    manifest = json.loads((source / "MANIFEST.json").read_text(encoding="utf-8"))
    about = manifest["collection_info"]
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "collection"
        leave = shutil.ignore_patterns("MANIFEST.json", "FILES.json", "__pycache__")
        shutil.copytree(source, copy, ignore=leave)
        galaxy = {key: about[key] for key in KEYS if about.get(key)}
        galaxy["dependencies"] = about["dependencies"]
        (copy / "galaxy.yml").write_text(yaml.safe_dump(galaxy), encoding="utf-8")
        command = ["ansible-galaxy", "collection", "build", "--force", "--output-path", target]
        subprocess.run([*command, str(copy)], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main(*sys.argv[1:])
